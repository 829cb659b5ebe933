// Facts of a cell on small scenarios, held against what the rule of each fact says about the machine, and against runs that do what the cell says one can do.

import { describe, expect, it } from "vitest";
import type { CellFacts } from "../../src/scenario/comparison.ts";
import { compareExit } from "../../src/scenario/comparison.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import { openRun } from "../../src/sandbox/run.ts";
import { decodingBytes } from "../../src/sandbox/score/memory.ts";
import { healthy, touchedBy } from "../../src/sandbox/score/twin.ts";
import { unionSize } from "../../src/sandbox/score/score.ts";
import { scorePreset, scoreText } from "../support/cells.ts";
import { bundledScenarios } from "../support/library.ts";
import { modules } from "../support/machine.ts";
import { runText } from "../support/scenarios.ts";

const MiB = 1n << 20n;
const mib = (text: string): bigint => BigInt(text) / MiB;
const faults = (name: string): string => `scenarios/faults/${name}.yaml`;
const capacity = ({ capacity: { promised, served, decoding, attainable } }: CellFacts): readonly bigint[] => [promised, served, decoding, attainable].map(mib);

// Two cards of 256 MiB in a region, one of them missing; a card of 512 MiB in a region of its own on another host bridge.
const missing = faults("missing-member");

describe("capacity", () => {
  it("[S7] [S10] failover serves what was promised, and the device over the broken interleave does not keep what is written", () => {
    const cell = scorePreset(missing, "linux-7.2");
    expect(capacity(cell)).toEqual([512n + 512n, 512n + 512n, 512n, 512n + 256n]);
    expect([cell.capacity.byCxl, cell.capacity.byHmem].map(mib)).toEqual([512n, 512n]);
  });

  it("[S23] without failover the failed region's memory is missing", () => {
    expect(capacity(scorePreset(missing, "maintainer-F0"))).toEqual([1024n, 512n, 512n, 768n]);
  });

  it("[S11] a region that only the kernel refuses keeps what is written, as plain dax", () => {
    expect(capacity(scorePreset(faults("misread-once"), "linux-7.2"))).toEqual([1024n, 1024n, 1024n, 1024n]);
  });

  it("[S4] [S19] over decoders that were reset nothing is kept", () => {
    expect(capacity(scorePreset(faults("misread-once"), "ROADMAP-B"))).toEqual([1024n, 1024n, 512n, 1024n]);
  });

  it("a host bridge that sends addresses to the wrong cards is noticed although every access is answered", () => {
    expect(capacity(scorePreset(faults("wrong-granularity"), "linux-7.2"))).toEqual([1024n, 1024n, 512n, 1024n]);
  });

  it("memory that is online as System RAM is served like a device", () => {
    const text = (bundledScenarios()["scenarios/assembly/whole.yaml"] ?? "").replace("online: online_movable", "online: online_movable, use: system-ram-movable");
    expect(capacity(scoreText(text))).toEqual([512n, 512n, 512n, 512n]);
  });

  it("ranges that overlap count once", () => {
    expect(unionSize([{ start: 10n, end: 20n }, { start: 0n, end: 5n }, { start: 15n, end: 30n }, { start: 16n, end: 17n }])).toBe(25n);
    expect(unionSize([])).toBe(0n);
  });

  it("asking whether memory keeps what is written changes nothing", () => {
    const run = openRun(modules.release, planScenario("whole.yaml", bundledScenarios()["scenarios/assembly/whole.yaml"] ?? ""), { seed: 1, schedule: "fixed", keepTrace: false });
    while (run.run(() => false) !== "done") continue;
    const before = [run.system.hardware.now, run.system.hardware.digest("hardware"), run.system.hardware.digest("access")];
    expect(decodingBytes(run.system)).toBe(512n * MiB);
    expect([run.system.hardware.now, run.system.hardware.digest("hardware"), run.system.hardware.digest("access")]).toEqual(before);
  });
});

describe("innocents (S33)", () => {
  it("[S33] the region of the other bridge is one, the failed one is none; by range it stays, globally it goes", () => {
    expect(scorePreset(missing, "linux-7.2").innocents).toEqual({ regions: 1, lost: [] });
    expect(scorePreset(missing, "series-v5").innocents).toEqual({ regions: 1, lost: ["region of dev2"] });
  });

  it("[S33] [S55] of four regions one fails and three are innocent", () => {
    expect(scorePreset(faults("probe-fails"), "maintainer-F3").innocents).toEqual({ regions: 3, lost: ["region of dev0+dev1", "region of dev4+dev5", "region of dev6+dev7"] });
  });

  it("a host that is gone takes every innocent with it", () => {
    const { outcome, innocents } = scorePreset(faults("link-down"), "linux-7.2");
    expect([outcome, innocents]).toEqual(["reset", { regions: 1, lost: ["region of dev1"] }]);
  });

  it("a step of the kernel that may fail for anybody leaves nobody innocent", () => {
    const text = (bundledScenarios()[faults("probe-fails")] ?? "").replace(', of: "0000:10:00.0"', "");
    expect(scoreText(text).innocents).toEqual({ regions: 0, lost: [] });
  });

  it("with nothing wrong there is the card, its media in time, and Soft Reserved made for its regions", () => {
    const plan = healthy(planScenario("m.yaml", bundledScenarios()[missing] ?? ""));
    expect(plan.machine.hostBridges[0]?.rootPorts.map(({ present }) => present)).toEqual([true, true]);
    const slow = healthy(planScenario("s.yaml", bundledScenarios()[faults("slow-card")] ?? ""));
    expect(slow.machine.hostBridges[0]?.rootPorts.flatMap(({ slots }) => slots.map((slot) => ("mediaReadyTime" in slot ? slot.mediaReadyTime : 0)))).toEqual([10_000, 10_000]);
    const boundary = planScenario("b.yaml", bundledScenarios()[faults("boundary-mismatch")] ?? "");
    expect(touchedBy(boundary).spans.map(({ start, end }) => end - start)).toEqual([1024n * MiB]);
    expect(healthy(boundary).firmware.softReserved.map(({ size }) => size / MiB).toSorted()).toEqual([512n, 512n]);
  });
});

describe("repair (S24)", () => {
  it("[S13] [S17] [S24] with full unwind: commit, each member's slot and memory, the region, then the card that is there", () => {
    const { repair } = scorePreset(missing, "maintainer-F0");
    expect([repair.by, repair.lines.length]).toEqual(["unwind", 1 + 2 * 1 + 1 + 1]);
    expect(repair.lines.at(-1)).toMatch(/^cxl create-region -d decoder0\.0 -m -t ram -w 1 -g 256 -s 256M mem\d$/);
  });

  it("the lines of a repair, as steps of the file, bring the memory back", () => {
    const { repair, capacity: { attainable } } = scorePreset(missing, "maintainer-F0");
    const text = (bundledScenarios()[missing] ?? "").replace("kernel: {", "kernel: { preset: maintainer-F0,").replace(/^expect:[^]*/m, `steps:\n${repair.lines.map((line) => `  - run: ${JSON.stringify(line)}\n`).join("")}expect: [{ metric: bytesServed, equals: "${attainable}" }]\n`);
    const { result } = runText("repaired.yaml", text);
    expect([result.status, result.reason, result.metrics.bytesServed]).toEqual(["pass", null, attainable]);
  });

  it("[S15] without a way to unwind there is none, and a reboot brings no card back", () => {
    const { repair } = scorePreset(missing, "linux-6.x-old");
    expect([repair.by, repair.lines, repair.tried > 0]).toEqual(["none", [], true]);
  });

  it("a failure that is over after a reboot is repaired by one, where nothing that is typed helps", () => {
    expect(scorePreset(faults("misread-once"), "linux-6.x-old").repair).toMatchObject({ by: "reboot", lines: [] });
    expect(scorePreset(faults("link-down"), "linux-7.2").repair).toEqual({ by: "reboot", lines: [], tried: 0 });
  });

  it("where all is there, nothing is to be done and nothing is tried", () => {
    expect(scorePreset(faults("misread-once"), "linux-7.2").repair).toEqual({ by: "nothing", lines: [], tried: 0 });
  });

  it("[S17] a whole region behind the failed one on the same bridge stands in the way of taking it apart", () => {
    expect(scorePreset(faults("same-bridge"), "maintainer-F0").repair.by).toBe("none");
  });
});

describe("evidence, orders, invariants, steps", () => {
  it("[S20] [S22] a region that is left shows members expected and arrived; an explicit log has a line", () => {
    expect(scorePreset(missing, "maintainer-F0").evidence).toMatchObject({ partial: [{ expected: 2, arrived: 1 }], explicit: 0, errors: 0, warnings: 0 });
    expect(scorePreset(missing, "author-F0").evidence).toMatchObject({ partial: [], explicit: 1, errors: 1 });
  });

  it("[S37] orders that end alike have one end state; where the order says who meets the failure there are several", () => {
    expect(scorePreset(missing, "linux-7.2", 4).schedules).toEqual({ runs: 4, endStates: 1 });
    expect(scorePreset(missing, "linux-7.2").schedules).toEqual({ runs: 0, endStates: 0 });
    const { schedules } = scoreText((bundledScenarios()[faults("probe-fails")] ?? "").replace(', of: "0000:10:00.0"', ""), 8);
    expect([schedules.runs, schedules.endStates > 1]).toEqual([8, true]);
  });

  it("[S62] Soft Reserved that no driver takes is nobody's, and that is said", () => {
    expect(scoreText(bundledScenarios()["scenarios/trimming/s62-no-consumer.yaml"] ?? "").violations.map(({ invariant, allowedBy }) => [invariant, allowedBy])).toEqual([[2, "no dax_hmem in this kernel (S62)"]]);
  });

  it("[S58] memory that is nobody's names the policy that allows it; where all of it is taken nothing is broken", () => {
    expect(scorePreset(missing, "linux-7.2").violations).toEqual([]);
    expect(scorePreset(missing, "maintainer-F0").violations.map(({ invariant, allowedBy }) => [invariant, allowedBy])).toEqual([[2, "failover: off"]]);
    expect(scorePreset(missing, "maintainer-F3").violations.map(({ invariant, allowedBy }) => [invariant, allowedBy])).toEqual([[3, "blast: global"]]);
  });

  it("[S27] two owners of one address, where nothing excludes them", () => {
    const { violations } = scoreText(bundledScenarios()["scenarios/ownership/s27-none.yaml"] ?? "");
    expect(violations.filter(({ invariant }) => invariant === 1).map(({ allowedBy }) => allowedBy)).toEqual(["excl: none"]);
  });

  it("a violation that nothing allows is exit status 1, a limit is 4", () => {
    const facts = scorePreset(missing, "linux-7.2");
    const cell = (more: Partial<CellFacts>) => ({ facts: { ...facts, ...more } }) as Parameters<typeof compareExit>[0][number];
    expect(compareExit([cell({}), cell({ violations: [{ invariant: 2, what: "w", allowedBy: "failover: off" }] })])).toBe(0);
    expect(compareExit([cell({ limit: "steps" }), cell({ violations: [{ invariant: 2, what: "w", allowedBy: null }] })])).toBe(1);
    expect(compareExit([cell({}), cell({ limit: "steps" })])).toBe(4);
  });

  it("[S45] steps that go otherwise than the file says are noted and the run goes on to its end", () => {
    const { refused, capacity: { served }, limit } = scorePreset(faults("hot-replace"), "linux-6.x-old");
    expect(refused.map((text) => /^step (\d)/.exec(text)?.[1])).toEqual(["1", "6"]);
    expect([mib(served), limit]).toEqual([256n, null]);
    expect(scorePreset(faults("hot-replace"), "linux-7.2").refused).toEqual([]);
  });

  it("references that lead nowhere and workloads that cannot start are noted too", () => {
    const text = "version: 1\nname: x\nmachine: { hostBridges: [{ rootPorts: [{ name: rp0, device: { volatile: 256MiB } }] }] }\nsteps: [{ run: 'cat ${mem:rp0}' }, { run: 'ls ${dax:region0}' }, { until: never said, within: 1ms }]\nworkloads: [{ vm: { name: v, memory: '${dax:region0}' } }]\n";
    expect(scoreText(text).refused.map((one) => one.split(":")[0])).toEqual(['step 1 "cat mem0" ended 1, not 0', "step 2", "step 3", "workload 1 (v)"]);
    expect(runText("x.yaml", text).result.status).toBe("fail");
  });

  it("the same input gives the same facts", () => {
    expect(scorePreset(missing, "ROADMAP-B", 2)).toEqual(scorePreset(missing, "ROADMAP-B", 2));
  });
});

describe("the price of containment (S78)", () => {
  it("[S78] contained, each region has one card's bandwidth and one guest of four dies; spread, all cards' and all die", () => {
    const contained = scorePreset("scenarios/layouts/contained.yaml", "isolation-safe");
    const spread = scorePreset("scenarios/layouts/spread.yaml", "isolation-safe");
    // Cards of 28 GB/s, two below each bridge of 40 GB/s.
    expect(contained.bandwidth.map(({ members, read }) => [members, read])).toEqual([0, 1, 2, 3].map((card) => [[`dev${card}`], 28_000]));
    expect(spread.bandwidth.map(({ members, read }) => [members, read])).toEqual([[["dev0", "dev2", "dev1", "dev3"], 2 * 40_000]]);
    expect([contained.guests, spread.guests]).toEqual([{ killed: 1, survived: 3 }, { killed: 4, survived: 0 }]);
  });

  it("a machine that gives no figures has none", () => {
    expect(scorePreset(missing, "linux-7.2").bandwidth.map(({ read }) => read)).toEqual([null, null]);
  });
});
