// Bundled scenarios that have workloads, from boot to their end in both modes: the same outcome, deaths, cause of panic, machine checks and dropped writes.

import { describe, expect, it } from "vitest";
import { planScenario } from "../../src/scenario/plan.ts";
import type { ScenarioPlan } from "../../src/scenario/plan.ts";
import type { ScenarioResult } from "../../src/scenario/result.ts";
import { memoryFailure } from "../../src/kernel/mce/memory-failure.ts";
import { runsOfOwner } from "../../src/kernel/mm/pages.ts";
import { openRun } from "../../src/sandbox/run.ts";
import type { CountingMode } from "../../src/workload/state.ts";
import { bundledScenarios } from "../support/library.ts";
import { modules } from "../support/machine.ts";

/** Folders in which what touches memory differs from file to file; elsewhere it is mostly the same guest or database, and every second file stands for its neighbour. */
const isTelling = (file: string): boolean => /^scenarios\/(?:workloads|machine-checks|isolation|layouts|faults|device)\//.test(file);
const scenarios = Object.entries(bundledScenarios()).filter(([, text]) => text.includes("\nworkloads:")).filter(([file], index) => isTelling(file) || index % 2 === 0);

/** Cards of at most 1 GiB, guests that touch their memory rarely, waits of seconds instead of hours: one by one is then a matter of milliseconds. */
function scaled(text: string): string {
  return text
    .replaceAll(/volatile: (?:[2-9]|\d\d+)GiB/g, "volatile: 1GiB")
    .replaceAll(/rate: (?:\d+M|\d\d\dk)\/s/g, "rate: 20k/s")
    .replaceAll(/at: \d+s\b/g, "at: 300ms")
    .replace(/^limits:.*$/m, "limits: { time: 1s, steps: 10000000 }");
}

interface Seen extends Pick<ScenarioResult, "outcome" | "metrics" | "workloads" | "virtualTimeNs"> {
  readonly panic: string | null;
}

function seen(plan: ScenarioPlan, counting: CountingMode): Seen {
  const run = openRun(modules.release, plan, { seed: 1, schedule: "fixed", keepTrace: false, counting });
  run.run(() => false);
  const { outcome, metrics, workloads, virtualTimeNs } = run.result();
  return { outcome, metrics, workloads, virtualTimeNs, panic: run.system.kernel.panic?.message ?? null };
}

/** A database that nothing disturbs, one page of which somebody else takes out of use as soon as it runs. */
function lostPage(counting: CountingMode): { readonly seen: unknown; readonly log: readonly string[] } {
  const text = bundledScenarios()["scenarios/workloads/database-movable.yaml"] ?? "";
  const plan = planScenario("f.yaml", scaled(text.replace(/^faults:\n(?: .*\n)+/m, "")), "allowed");
  const run = openRun(modules.release, plan, { seed: 1, schedule: "fixed", keepTrace: false, counting });
  run.run(() => run.readyAt >= 0);
  const { kernel } = run.system;
  const [pages] = runsOfOwner(kernel, "db");
  // Not one that is touched before anything is counted.
  expect(memoryFailure(kernel, { address: (pages?.start ?? 0n) + 3n * 4096n, current: null, isActionRequired: false, mustKill: false })).toBe(0);
  run.run(() => false);
  const { workloads, metrics } = run.result();
  return { seen: { workloads, metrics }, log: kernel.log.map((line) => line.text) };
}

describe("[rule 7] counting in closed form gives what one by one gives, from boot to the end", () => {
  it.each(scenarios)("%s", (file, text) => {
    const plan = planScenario(file, scaled(text), "allowed");
    expect(seen(plan, "aggregated")).toEqual(seen(plan, "exact"));
  });

  it("a page that is known to be lost, met by a process that nobody has told: killed at its touch, with Linux's line", () => {
    const [aggregated, exact] = [lostPage("aggregated"), lostPage("exact")];
    expect(aggregated.seen).toEqual(exact.seen);
    expect(aggregated.seen).toMatchObject({ workloads: [{ name: "db", killed: true }], metrics: { machineChecks: 0 } });
    expect(aggregated.log).toContainEqual(expect.stringMatching(/^MCE: Killing db:\d+ due to hardware memory corruption fault at [0-9a-f]+$/));
  });
});
