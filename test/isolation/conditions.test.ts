// Recovery under hard conditions: every scenario of scenarios/recovery keeps its outcome under other orders of work, and each run keeps the invariants of
// error-recovery 9.4.

import { describe, expect, it } from "vitest";
import type { Device } from "../../src/kernel/base/device.ts";
import type { Kernel } from "../../src/kernel/base/kernel.ts";
import { isRegion, regionOf } from "../../src/kernel/cxl/types.ts";
import { daxRangesOf } from "../../src/kernel/isolation/dax-plan.ts";
import { affectedRegions } from "../../src/kernel/isolation/regions.ts";
import { recoveries } from "../../src/kernel/isolation/state.ts";
import { openRun } from "../../src/sandbox/run.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import type { ScenarioPlan } from "../../src/scenario/plan.ts";
import type { ScenarioResult } from "../../src/scenario/result.ts";
import { readRecord, recordWords } from "../../src/sim/trace.ts";
import { bundledScenarios } from "../support/library.ts";
import { modules } from "../support/machine.ts";

const files = Object.entries(bundledScenarios()).filter(([file]) => file.startsWith("scenarios/recovery/"));
const seeds = [1, 2];
/** Kind of a CXL.mem request of a workload in the access layer. */
const requestKind = 7;

interface Span {
  readonly start: bigint;
  readonly end: bigint;
}

/** One recovery as its marks tell it. */
interface Story {
  readonly port: string;
  readonly states: string[];
  /** Names of the regions below the port when it began. */
  readonly regions: readonly string[];
  readonly spans: readonly Span[];
  /** Virtual times from when no user reaches the regions until somebody may again, or -1. */
  fencedAt: number;
  openAt: number;
}

interface Seen {
  readonly plan: ScenarioPlan;
  readonly result: ScenarioResult;
  readonly kernel: Kernel;
  readonly stories: readonly Story[];
  /** Times and addresses of requests that workloads sent. */
  readonly requests: readonly { readonly time: number; readonly address: bigint }[];
  readonly killed: readonly string[];
}

const spansOf = (kernel: Kernel, region: Device): Span[] => {
  const resource = isRegion(region) ? regionOf(region).resource : null;
  return resource === null ? daxRangesOf(kernel, region).map(({ start, size }) => ({ start, end: start + size - 1n })) : [resource];
};

function watch(kernel: Kernel, stories: Story[], text: string): void {
  const [port = "", state = ""] = text.split(" ");
  // Hot-plug may have removed what was lost below a switch before the root port isolated.
  if (state === "NOTIFIED" || text.endsWith(" slot emptied")) {
    const device = [...kernel.devices.values()].find(({ name }) => name === port);
    const regions = device === undefined ? [] : affectedRegions(kernel, device);
    stories.push({ port, states: [], regions: regions.map(({ name }) => name), spans: regions.flatMap((region) => spansOf(kernel, region)), fencedAt: -1, openAt: -1 });
  }
  const story = stories.findLast((one) => one.port === port);
  if (story === undefined || !/^[A-Z_-]+$/.test(state)) return;
  story.states.push(state);
  if (state === "FENCED") story.fencedAt = kernel.platform.clock.now;
  if (state === "ENUMERATED") story.openAt = kernel.platform.clock.now;
}

/** One run; only the first seed's requests are kept, which cost most. */
function see(file: string, text: string, seed: number): Seen {
  const plan = planScenario(file, text);
  const run = openRun(modules.release, plan, { seed, schedule: "seeded", keepTrace: seed === seeds[0] });
  const stories: Story[] = [];
  const requests: { time: number; address: bigint }[] = [];
  const { kernel } = run.system;
  run.listeners.add((said) => watch(kernel, stories, said));
  const take = (): void => {
    for (const bytes of run.takeTrace()) {
      const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
      for (let index = 0; index < words.length / recordWords; index++) {
        const record = readRecord(words, index);
        if (record.layer === "access" && record.kind === requestKind) requests.push({ time: record.time, address: (BigInt(record.d) << 32n) | BigInt(record.c) });
      }
    }
  };
  while (run.run(() => false) === "paused") take();
  take();
  const killed = run.workloads.state.workloads.filter(({ killedAt }) => killedAt !== null).map(({ spec }) => spec.name);
  return { plan, result: run.result(), kernel, stories, requests, killed };
}

const before = (states: readonly string[], first: string, second: string): boolean => !states.includes(second) || (states.includes(first) && states.indexOf(first) < states.indexOf(second));

/** What a run did against the invariants 1, 3, 4 and 7, in words. */
function broken({ plan, result, kernel, stories, requests, killed }: Seen): string[] {
  const problems: string[] = [];
  for (const { port, states, spans, fencedAt, openAt } of stories) {
    const until = openAt < 0 ? Number.MAX_SAFE_INTEGER : openAt;
    const late = fencedAt < 0 ? undefined : requests.find(({ time, address }) => time > fencedAt && time < until && spans.some(({ start, end }) => start <= address && address <= end));
    if (late !== undefined) problems.push(`1: ${port} fenced at ${fencedAt}, and a request for 0x${late.address.toString(16)} at ${late.time}`);
    if (!before(states, "LINK_DOWN", "CLEARED")) problems.push(`3: ${port} cleared before its link was down: ${states.join(" ")}`);
    if (!before(states, "LINK_DOWN", "ENUMERATED")) problems.push(`3: ${port} enumerated before its link was down: ${states.join(" ")}`);
  }
  const affected = new Set(stories.flatMap(({ regions }) => regions));
  for (const file of plan.workloads) {
    if (!("vm" in file) || !killed.includes(file.vm.name)) continue;
    const region = /dax:(region\d+)/.exec(file.vm.memory)?.[1];
    if (region !== undefined && !affected.has(region)) problems.push(`4: ${file.vm.name} was killed, and nothing of ${region} was below an isolated port`);
  }
  for (const { port, state, systemRamBefore } of recoveries(kernel)) if (systemRamBefore > 0n && state === "RECOVERED") problems.push(`7: ${port} recovered with ${systemRamBefore} bytes of System RAM below it`);
  if (result.outcome === "recovered" && recoveries(kernel).some(({ systemRamBefore }) => systemRamBefore > 0n)) problems.push("6: recovered, and System RAM was online");
  return problems;
}

describe("recovery under hard conditions", () => {
  it.each(files)("[S70] [S71] %s: the same outcome in every order of work, and no invariant broken", (file, text) => {
    for (const seed of seeds) {
      const seen = see(file, text, seed);
      expect([seed, seen.result.status, seen.result.reason, seen.result.expectations.filter(({ pass }) => !pass), broken(seen)]).toEqual([seed, "pass", null, [], []]);
    }
  });

  it("the invariants can fail: a recovery told without its link, and a killed guest of another region", () => {
    const [file = "", text = ""] = files.find(([name]) => name.endsWith("/second-port.yaml")) ?? [];
    const seen = see(file, text, 1);
    const stories = seen.stories.map((story) => ({ ...story, regions: [], states: story.states.filter((state) => state !== "LINK_DOWN"), fencedAt: 0, openAt: -1 }));
    expect([...new Set(broken({ ...seen, stories }).map((problem) => problem[0]))].toSorted()).toEqual(["1", "3", "4"]);
  });
});
