// The Linux model under the checker: it does nothing that a sheet forbids in the bundled scenarios, or docs/strict.md would have to say what.

import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openRun } from "../../src/sandbox/run.ts";
import { createStrict } from "../../src/sandbox/strict/strict.ts";
import type { Violation } from "../../src/sandbox/library/contract.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import type { PolicyValues } from "../../src/scenario/policies.ts";
import { modules } from "../support/machine.ts";

const folders = ["isolation", "faults", "device", "layouts"];
const others = ["assembly/s16-stuck-triad.yaml", "assembly/s12-port-decoder.yaml", "ownership/s34-cards-come-and-go.yaml", "ownership/s41-allow.yaml", "trimming/s49-teardown-order.yaml", "trimming/s52-two-windows-split.yaml"];
const sample = [...folders.flatMap((folder) => readdirSync(`scenarios/${folder}`).filter((name) => name.endsWith(".yaml")).map((name) => `${folder}/${name}`)), ...others];

/** What a scenario's kernel is named for, and how many records that took. */
function violationsOf(file: string, policies: Partial<PolicyValues> = {}): { readonly violations: readonly Violation[]; readonly records: number } {
  const plan = planScenario(file, readFileSync(file, "utf8"));
  const { run, system } = openRun(modules.release, { ...plan, policies: { ...plan.policies, ...policies } }, { seed: 1, schedule: "fixed", keepTrace: false });
  const strict = createStrict(system.hardware);
  let records = 0;
  system.hardware.storeTrace((words) => {
    records += words.length / 8;
    strict.accept(words);
  });
  expect(run(() => false)).toBe("done");
  return { violations: strict.violations, records };
}

describe("the Linux model under the checker of accesses", () => {
  it.each(sample)("%s: no violation", (name) => {
    const { violations, records } = violationsOf(`scenarios/${name}`);
    expect(violations.map(({ message }) => message)).toEqual([]);
    expect(records).toBeGreaterThan(1000);
  });

  it("with notify: none it enables isolation and has nobody told, which is named", () => {
    const { violations } = violationsOf("scenarios/isolation/a-link-down.yaml", { notify: "none" });
    expect(violations.map(({ rule, part, register, field }) => [rule, part, `${register}.${field}`])).toEqual(["rp0", "rp1"].map((part) => ["notification", part, "timeoutIsolation.control.interruptEnable"]));
  });
});
