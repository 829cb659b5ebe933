// Recovery held against a reboot at once: the bundled scenarios of scenarios/verdict, S73, S74, S92, what flips a verdict, dumps, and what a reboot finds.

import { describe, expect, it } from "vitest";
import { firmwareOf, openRun } from "../../src/sandbox/run.ts";
import { rebootRun } from "../../src/sandbox/reboot.ts";
import { assessSeed } from "../../src/sandbox/verdict/facts.ts";
import { searchTrials } from "../../src/sandbox/verdict/trials.ts";
import type { VerdictRequest } from "../../src/sandbox/verdict/verdict.ts";
import { judgeScenario } from "../../src/sandbox/verdict/verdict.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import { hostSettings } from "../../src/scenario/settings.ts";
import { parseTime, timeText } from "../../src/scenario/units.ts";
import { varyScenario } from "../../src/scenario/vary.ts";
import type { SeedFacts, VerdictCell } from "../../src/scenario/verdict/report.ts";
import { costOf, winnerOf } from "../../src/scenario/verdict/cost.ts";
import { acceptanceNames } from "../../src/scenario/verdict/settings.ts";
import { judgeSeeds, priceSeeds } from "../../src/scenario/verdict/summary.ts";
import { bundledScenarios } from "../support/library.ts";
import { modules } from "../support/machine.ts";
import { runText } from "../support/scenarios.ts";

const files = bundledScenarios();
const fileOf = (name: string): string => `scenarios/verdict/${name}.yaml`;
const textOf = (name: string): string => files[fileOf(name)] ?? "";

/** The text with a value changed, as `--vary` does it. */
const varied = (name: string, path: string, value: string): string => varyScenario(fileOf(name), textOf(name), [{ path, value }], false).text;

function judge(name: string, changes: Partial<VerdictRequest> = {}): VerdictCell {
  return judgeScenario(modules.release, { file: fileOf(name), text: textOf(name), combination: [], seeds: [1, 2], schedule: "seeded", budget: 0, ...changes });
}

const known = new Map<string, VerdictCell>();
function judged(name: string): VerdictCell {
  const cell = known.get(name) ?? judge(name, name === "contained" ? {} : { seeds: [1] });
  known.set(name, cell);
  return cell;
}

function factsOf(text: string, seed = 1): SeedFacts {
  const work = assessSeed(modules.release, { file: "f.yaml", text, seed, schedule: "fixed" });
  for (;;) {
    const { done, value } = work.next();
    if (done !== true) continue;
    if ("reason" in value) throw new Error(value.reason);
    return value;
  }
}

const containedFacts = factsOf(textOf("contained"));

describe("the verdict", () => {
  it("[S73] [S86] recovery wins where each port is a region of its own: half of the VMs go on, nobody panics, and it costs less", () => {
    const { winner, recovered, judgement, recovery, reboot } = judged("contained");
    expect([winner, recovered, judgement]).toEqual(["recovery", true, "recovered"]);
    expect([recovery?.panics, recovery?.killed.mean, reboot?.killed.mean, recovery?.mebibytesLost.mean, reboot?.mebibytesLost.mean]).toEqual([0, 4, 8, 1024, 2048]);
    expect(recovery?.points.most).toBeLessThan(reboot?.points.least ?? 0);
    expect([recovery?.mebibytesStranded.most, reboot?.mebibytesStranded.most, recovery?.never, reboot?.never]).toEqual([0, 0, 0, 0]);
  });

  it("[S73] a reboot wins where a region spans all ports, a pin stays and the kernel has pages there", () => {
    const { winner, recovered, recovery, reboot } = judged("spread-and-pinned");
    expect([winner, recovered, recovery?.panics, recovery?.killed.least, reboot?.killed.least]).toEqual(["reboot", false, 1, 8, 8]);
    expect(recovery?.points.least).toBeGreaterThan(reboot?.points.most ?? 0);
  });

  it("[S74] every mitigation on but one page of the kernel is a panic, and without that page it is a recovery", () => {
    const { winner, recovery, judgement } = judged("one-kernel-page");
    expect([winner, recovery?.outcomes, judgement]).toEqual(["reboot", { panic: 1 }, "reboot: 1 of 1 runs panic"]);
    const without = textOf("one-kernel-page").replace(/^ {2}- kernelReader:.*\n/m, "");
    expect(runText("f.yaml", without).result.outcome).toBe("recovered");
  });

  it("[S92] without one of the three conditions recovery wins as before and is not called recovered", () => {
    const { verdict } = planScenario("f.yaml", textOf("contained"));
    for (const name of acceptanceNames) {
      const changed = { ...verdict, acceptance: { ...verdict.acceptance, [name]: false } };
      const { winner, recovered, missing, judgement } = judgeSeeds(priceSeeds([containedFacts], changed, String), changed);
      expect([winner, recovered, missing]).toEqual(["recovery", false, [name]]);
      expect(judgement).toContain(`acceptance.${name} is false`);
    }
  });

  it("[S92] they gate the verdict and never the outcome: the run is the same, record by record", () => {
    const [here, there] = [varied("contained", "verdict.acceptance.losesPort", "false"), textOf("contained")].map((one) => runText("f.yaml", one).result);
    expect([here?.outcome, here?.digests]).toEqual([there?.outcome, there?.digests]);
  });

  it("[S73] [S92] what is cheaper than a reboot and is no recovery is not called recovered", () => {
    const cell = judge("contained", { text: textOf("contained").replace(/^ {2}- \{ id: cable-in.*\n/m, "").replace("outcome: recovered", "outcome: reduced"), seeds: [1] });
    expect([cell.winner, cell.recovered, cell.recovery?.mebibytesStranded.mean, cell.reboot?.mebibytesStranded.mean]).toEqual(["recovery", false, 1024, 1024]);
    expect(cell.judgement).toBe("to go on costs less, but it is no recovery: reduced 1");
  });

  it("the same request gives the same verdict", () => {
    expect(judge("fast-reboot", { seeds: [1] })).toEqual(judged("fast-reboot"));
  });

  it("names the worst runs with the command that repeats each", () => {
    const { worst } = judged("contained");
    expect(worst.map(({ command }) => command)).toEqual([1, 2].map((seed) => `cxl-sandbox run scenarios/verdict/contained.yaml --seed ${seed} --schedule seeded`));
    const repeated = runText(fileOf("contained"), textOf("contained"), { seed: worst[0]?.seed ?? 0, schedule: "seeded" }).result;
    expect(repeated.outcome).toBe(worst[0]?.outcome);
  });

  it("a seed in which no fault fires proves nothing, and without any other there is no verdict", () => {
    const never = textOf("contained").replace("at: 5ms", "mark: nobody writes this");
    const { winner, unfit, recovery, judgement } = judge("contained", { text: never, seeds: [1] });
    expect([winner, recovery, judgement]).toEqual([null, null, "none: no run proves anything"]);
    expect(unfit).toEqual([{ seed: 1, kind: "no fault", reason: "no fault fired after ready" }]);
  });

  it("a seed in which one of several faults does not fire does not count either", () => {
    const half = textOf("contained").replace("faults:\n", "faults:\n  - { id: never, when: { mark: nobody writes this }, do: { linkUp: rp0 } }\n");
    const { winner, unfit } = judge("contained", { text: half, seeds: [1] });
    expect([winner, unfit]).toEqual([null, [{ seed: 1, kind: "no fault", reason: expect.stringMatching(/^fault never did not fire: it never came/) }]]);
    expect(judge("contained", { text: half.replace("do: { linkUp: rp0 }", "do: { linkUp: rp0 }, optional: true"), seeds: [1] }).unfit).toEqual([]);
  });
});

describe("System RAM", () => {
  it("[S73] [S79] counts as capacity and as contents: a reboot loses them and brings the capacity back", () => {
    const facts = factsOf(textOf("system-ram"));
    const both = String(2n << 30n);
    expect([facts.recovery.outcome, facts.reboot.bytesAtReady, facts.reboot.afterReboot?.bytesServed, facts.recovery.afterReboot?.bytesServed]).toEqual(["panic", both, both, both]);
  });
});

describe("the price of a run", () => {
  const facts = containedFacts;
  const { verdict } = planScenario("f.yaml", textOf("contained"));

  it("[S73] is the weighted sum of what it came to", () => {
    const cost = costOf(facts.recovery, "recovery", verdict);
    const down = cost.workloads.map(({ downtimeNs }) => downtimeNs);
    expect(cost.downtimeNs).toBe(down.reduce((sum, one) => sum + one, 0));
    expect(down.filter((one) => one > 0)).toHaveLength(4);
    expect(cost.points).toBe(Math.floor(cost.downtimeNs / 1e6) + 4 * 30_000 + 1000);
    expect(costOf(facts.recovery, "recovery", { ...verdict, downtimeWeight: 0, killedWeight: 7, lostWeight: 0 }).points).toBe(28_000);
  });

  it("a reboot takes every workload down for its detection, firmware, training, boot and start", () => {
    const times = { ...verdict, decisionTime: 0, firmwareTime: 1e9, trainingTime: 2e9, trainingTimePerGiB: 1e9, bootTime: 4e9, restartTime: 8e9 };
    const cost = costOf(facts.reboot, "reboot", times);
    // Host memory and both cards are trained.
    const trained = Number(BigInt(facts.reboot.bytesTrained) >> 30n);
    expect(trained).toBeGreaterThanOrEqual(3);
    expect(cost.workloads.map(({ downtimeNs }) => downtimeNs)).toEqual(Array.from({ length: 8 }, () => 15e9 + trained * 1e9));
    expect([cost.killed, cost.bytesLost, cost.fullServiceNs]).toEqual([8, String(2n << 30n), 15e9 + trained * 1e9]);
  });

  it("a panic costs what it came to so far, then the dump, then the reboot", () => {
    const panicked = factsOf(textOf("one-kernel-page"));
    const cost = (changes: object) => costOf(panicked.recovery, "recovery", { ...verdict, ...changes });
    expect(cost({}).panicked).toBe(true);
    expect(cost({ panicWeight: 301 }).points - cost({ panicWeight: 300 }).points).toBe(1000);
    expect(cost({ bootTime: verdict.bootTime + 1e9 }).downtimeNs - cost({}).downtimeNs).toBe(8e9);
    const dumped = { ...panicked.recovery, crashDump: { state: "dumped" as const, address: null, bytesRead: "0", bytesExcluded: "0" } };
    const dump = (dumpTime: number) => costOf(dumped, "recovery", { ...verdict, dumpTime }).downtimeNs;
    expect(dump(61e9) - dump(60e9)).toBe(8e9);
  });

  it("[S73] one panic in many is enough for a reboot, unless some are tolerated", () => {
    const good = { recovery: costOf(facts.recovery, "recovery", verdict), reboot: costOf(facts.reboot, "reboot", verdict) };
    const runs = [...Array.from({ length: 9 }, () => good), { ...good, recovery: { ...good.recovery, panicked: true } }];
    expect([winnerOf(runs.slice(0, 9), verdict), winnerOf(runs, verdict), winnerOf(runs, { ...verdict, panicsTolerated: 10 }), winnerOf(runs, { ...verdict, panicsTolerated: 9 })]).toEqual(["recovery", "reboot", "recovery", "reboot"]);
  });
});

/** Workloads one to four of "contained" come back within the run; one second after its first fault the other port loses its cable for good, or something else happens. */
const returning = (faults: string): string => textOf("contained").replaceAll(/(name: vm[1-4], .*) \}$/gm, "$1, restart: 100ms }").replace("expect:\n", `${faults}expect:\n`).concat("limits: { time: 3s }\n");

describe("what is counted once", () => {
  const { verdict } = planScenario("f.yaml", textOf("contained"));

  it("memory that a workload came back to is not there for another", () => {
    const { recovery } = factsOf(returning("  - { id: other-cable-out, when: { at: 1s }, do: { linkDown: rp1 } }\n"));
    expect(recovery.workloads.map(({ killedAtNs, backAtNs, memoryAtNs }) => [killedAtNs !== null, backAtNs !== null, memoryAtNs !== null])).toEqual(Array.from({ length: 8 }, (_one, index) => [true, index < 4, index < 4]));
  });

  it("between two deaths a workload serves: that is no downtime, with a reboot after it or without", () => {
    const facts = factsOf(returning("  - { id: cable-out-again, when: { at: 1s }, do: { linkDown: rp0 } }\n  - { id: cable-in-again, when: { at: 1200ms }, do: { linkUp: rp0 } }\n"));
    const [first] = facts.recovery.workloads;
    const span = (first?.backAtNs ?? 0) - (first?.killedAtNs ?? 0);
    expect(first?.downtimeNs).toBeLessThan(span - 500_000_000);
    expect(costOf(facts.recovery, "recovery", verdict).workloads[0]?.downtimeNs).toBe(first?.downtimeNs);
    const hung = { ...facts.recovery, outcome: "hang" as const };
    const whole = costOf({ ...hung, workloads: hung.workloads.map((one) => ({ ...one, downtimeNs: 0, backAtNs: null, killedAtNs: null })) }, "recovery", verdict);
    expect((costOf(hung, "recovery", verdict).workloads[0]?.downtimeNs ?? 0) - (whole.workloads[0]?.downtimeNs ?? 0)).toBe(first?.downtimeNs);
  });

  it("what a killed process had in host memory is lost with it, on either side", () => {
    const movable = textOf("system-ram").replace("use: system-ram-normal, online: online", "use: system-ram-movable, online: online_movable").replace(/^workloads:\n(?: .*\n)+/m, 'workloads:\n  - database: { name: db, size: 2112MiB, memory: "${dax:region0}", rate: 100k/s }\n');
    const { recovery, reboot } = factsOf(movable);
    const inDram = BigInt(reboot.bytesInDram);
    expect([recovery.workloads[0]?.killedAtNs !== null, inDram > 0n, recovery.bytesInDram]).toEqual([true, true, reboot.bytesInDram]);
    expect(costOf(recovery, "recovery", verdict).bytesLost).toBe(String((1n << 30n) + inDram));
    expect(costOf(reboot, "reboot", verdict).bytesLost).toBe(String((2n << 30n) + inDram));
  });
});

describe("the hardware's fate", () => {
  /** Bytes in service after the reboot of the side that is rebooted at once. */
  const servedAfter = (when: string) => factsOf(textOf("contained").replace("when: { after: CLEARED }", `when: { after: "${when}" }`)).reboot.afterReboot?.bytesServed;

  it("is the same on both sides: what waits for any state of the recovery, or for another line that it came to, comes to pass at the reset", () => {
    expect(["FENCED", "CLEARED", "recovery: FENCED", "Sending SIGBUS"].map(servedAfter)).toEqual(Array.from({ length: 4 }, () => String(2n << 30n)));
    expect(factsOf(textOf("contained").replace(/^ {2}- \{ id: cable-in.*\n/m, "")).reboot.afterReboot?.bytesServed).toBe(String(1n << 30n));
  });
});

describe("what alone would flip it", () => {
  const flips = judged("fast-reboot").sensitivity?.flips ?? [];

  it("[S73] on the edge the times of a reboot do, and a run again with the value says so; a millisecond less does not", () => {
    expect(flips.map(({ path }) => path)).toEqual(expect.arrayContaining(["verdict.bootTime", "verdict.firmwareTime"]));
    const { winner } = judged("fast-reboot");
    const seeds = judged("fast-reboot").seeds.map(({ seed }) => seed);
    const boot = flips.find(({ path }) => path === "verdict.bootTime");
    const at = parseTime(boot?.flipsAt ?? "") ?? 0;
    const winnerAt = (time: number) => judge("fast-reboot", { text: varied("fast-reboot", "verdict.bootTime", timeText(time)), seeds }).winner;
    expect([winnerAt(at), winnerAt(at - 1_000_000)]).toEqual([boot?.winner, winner]);
  });

  it("nothing that is scored again flips what is better in everything", () => {
    expect(judged("contained").sensitivity?.flips).toEqual([]);
  });

  /** Trials with results that are made up: the recovery panics where the host's settings say so. A varied text is JSON. */
  function searched(budget: number, panics: (host: { readonly kernelShare?: number; readonly overflowWindow?: string }) => boolean) {
    const search = searchTrials({ file: "f.yaml", text: textOf("contained"), schedule: "fixed", seeds: [1], winner: "recovery", settings: planScenario("f.yaml", textOf("contained")).verdict, budget });
    let step = search.next();
    while (step.done !== true) step = search.next(step.value.map(({ text }): SeedFacts => {
      const { host } = JSON.parse(text) as { readonly host?: object };
      return { ...containedFacts, recovery: panics(host ?? {}) ? { ...containedFacts.recovery, outcome: "panic" } : containedFacts.recovery };
    }));
    return step.value;
  }

  it("a number that flips it is narrowed to the value itself while runs are left, and no more runs are taken than allowed", () => {
    const flipsFor = (budget: number) => searched(budget, ({ kernelShare }) => (kernelShare ?? 2) > 7);
    const enough = flipsFor(14);
    expect([enough.flips, enough.runs]).toEqual([[{ path: "host.kernelShare", kind: "setting", current: "2", flipsAt: "8", winner: "reboot" }], 14]);
    expect(enough.trials[0]?.values.find(({ value }) => value === "7")).toEqual({ value: "7", winner: "recovery" });
    expect([flipsFor(0), flipsFor(3).runs, flipsFor(3).flips[0]?.path]).toEqual([{ flips: [], trials: [], runs: 0 }, 3, "host.kernelShare"]);
  });

  it("so is a time, by ratio", () => {
    const [flip] = searched(18, ({ overflowWindow }) => (parseTime(overflowWindow ?? "1us") ?? 0) >= 50_000).flips;
    expect(flip?.path).toBe("host.overflowWindow");
    expect(parseTime(flip?.flipsAt ?? "") ?? 0).toBeGreaterThanOrEqual(50_000);
    expect(parseTime(flip?.flipsAt ?? "") ?? 0).toBeLessThan(60_000);
  });

  it("with runs enough every setting of the host is tried", () => {
    const paths = searched(200, () => false).trials.map(({ path }) => path);
    expect(Object.keys(hostSettings).filter((name) => !paths.includes(`host.${name}`))).toEqual([]);
  });

  it("a policy is tried at every other value, also at one whose name begins like the present one", () => {
    const tried = searched(80, () => false).trials.filter(({ path }) => path === "kernel.policies.notify" || path === "kernel.policies.online");
    const planned = planScenario("f.yaml", textOf("contained")).policies;
    expect([planned.notify, planned.online]).toEqual(["interrupt", "offline"]);
    expect(tried.find(({ path }) => path.endsWith("notify"))?.values.map(({ value }) => value)).toEqual(["none", "interrupt+err-cor", "acpi-notify"]);
  });

  it("a policy that shapes the run is found by running again, within the budget, and what was tried is said", () => {
    const { sensitivity } = judge("contained", { seeds: [1], budget: 5 });
    expect(sensitivity?.flips).toEqual([{ path: "kernel.policies.isoact", kind: "policy", current: "recover", flipsAt: "none", winner: "reboot" }, { path: "kernel.policies.isoact", kind: "policy", current: "recover", flipsAt: "panic", winner: "reboot" }]);
    expect([sensitivity?.runs, sensitivity?.budget, sensitivity?.trials.map(({ path }) => path)]).toEqual([5, 5, ["host.kernelShare", "kernel.policies.isoact", "host.overflowWindow"]]);
  });
});

describe("after a panic", () => {
  const dumpOf = (text: string) => runText("f.yaml", text).result.crashDump;
  const isolated = textOf("one-kernel-page");
  const dumpWith = (host: string) => dumpOf(isolated.replace("verdict: {", `host: { ${host} }\nverdict: {`).replace("second-panic", "none"));

  it("a crash kernel that reads the isolated range takes a check itself: no dump", () => {
    const dump = dumpOf(isolated);
    expect(dump?.state).toBe("second-panic");
    expect(BigInt(dump?.address ?? "0")).toBeGreaterThan(1n << 30n);
  });

  it("one that leaves out what is known to be isolated writes it without; one that is not loaded writes none", () => {
    const excluded = dumpWith("crashSkipsIsolated: true");
    expect([excluded?.state, BigInt(excluded?.bytesExcluded ?? "0") > 0n]).toEqual(["excluded", true]);
    expect(dumpWith("crashKernel: false")?.state).toBe("none");
  });

  it("the kernel must know: where nobody handles isolation, leaving out what is known leaves out nothing", () => {
    const unaware = isolated.replace("preset: isolation-safe", "preset: isolation-safe, policies: { isoown: firmware-enable, isoact: none }").replace("verdict: {", "host: { crashSkipsIsolated: true }\nverdict: {")
      .replaceAll("forceLinkDown: true", "forceLinkDown: false").replace("when: { at: 5ms }, do: { linkDown: rp0 }", "when: { request: { port: rp0, direction: read, nth: 1000 } }, do: { dropResponse: { port: rp0 } }");
    expect(dumpOf(unaware)?.state).toBe("second-panic");
  });

  it("without System RAM below the port there is a dump", () => {
    const text = textOf("contained").replace("preset: isolation-safe", "preset: isolation-safe, policies: { isoact: panic }");
    expect(dumpOf(text)?.state).toBe("dumped");
  });

  /** One card as System RAM; its port isolates and policy panics. */
  const systemRam = (policies: string, host: string) => dumpOf(`version: 1
name: dump
machine:
  hostBridges:
    - rootPorts:
        - { name: rp0, isolation: { mem: true, forceLinkDown: true, timeoutRanges: ABCD, interrupt: 3 }, device: { volatile: 1GiB } }
firmware: { windows: [{ targets: [hb0], size: 4GiB }] }
kernel: { preset: isolation-safe, policies: { isoact: panic, ${policies} } }
host: { ${host} }
steps:
  - run: cxl create-region -d decoder0.0 -m \${mem:rp0} -w 1 -t ram
  - settle: true
faults:
  - { id: cable-out, when: { at: 5ms }, do: { linkDown: rp0 } }
`)?.state;

  it("[S79] [S80] System RAM on the port: a filtered dump meets the kernel's pages only, in a kernel zone or where memmap lies on the memory", () => {
    const movable = "use: system-ram-movable, online: online_movable";
    const normal = "use: system-ram-normal, online: online";
    expect([systemRam(movable, "kernelShare: 2"), systemRam(movable, "crashFilters: false"), systemRam(movable, "memmapOnMemory: true")]).toEqual(["dumped", "second-panic", "second-panic"]);
    expect([systemRam(normal, "kernelShare: 2"), systemRam(normal, "kernelShare: 0"), systemRam(normal, "crashSkipsIsolated: true")]).toEqual(["second-panic", "dumped", "excluded"]);
  });

  it("the reading is no part of the run: its digests are those of a run without a crash kernel, and no run without a panic has a dump", () => {
    const digests = (text: string) => runText("f.yaml", text).result.digests;
    const silent = isolated.replace(/^ {2}- \{ crashDump:.*\n/m, "");
    expect(digests(silent)).toEqual(digests(silent.replace("verdict: {", "host: { crashKernel: false }\nverdict: {")));
    expect(dumpOf(textOf("contained"))).toBeUndefined();
  });
});

describe("a scenario that ends with a reboot", () => {
  const run = (change: (text: string) => string, name = "reboot-warm") => runText("f.yaml", change(textOf(name))).result;

  it("[TS5] [S70] shows what firmware found and what is in service then, and what it expects can fail", () => {
    expect(run((text) => text).reboot).toMatchObject({ kind: "warm", found: [{ port: "rp0", bits: ["memoryIsolation", "memoryIsolationLinkDown"] }], bytesServed: String(1n << 30n) });
    expect(run((text) => text, "reboot-cold").reboot).toMatchObject({ kind: "cold", found: [], bytesServed: String(2n << 30n) });
    const failing = run((text) => text.replace("kind: warm", "kind: cold"));
    expect([failing.status, failing.expectations.filter(({ pass }) => !pass).map(({ text }) => text)]).toEqual(["fail", [
      "after the cold reboot: rp0 timeoutIsolation.status.memoryIsolation", "after the cold reboot: rp0 timeoutIsolation.status.memoryIsolationLinkDown", "after the cold reboot: metric bytesServed",
    ]]);
  });

  it("the reboot is no part of the run before it: outcome and digests are those of the scenario without one", () => {
    const [rebooted, other] = [run((text) => text), run((text) => text.replace(/^reboot:\n(?: .*\n)+/m, ""))];
    expect([rebooted.outcome, rebooted.digests, rebooted.metrics]).toEqual([other.outcome, other.digests, other.metrics]);
    expect(other.reboot).toBeUndefined();
  });

  it("what it expects is checked with the file", () => {
    expect(() => planScenario("f.yaml", textOf("reboot-warm").replace("reboot:\n  kind: warm", "reboot:\n  kind: tepid"))).toThrow(/^f\.yaml:\d+:\d+: reboot/m);
    const misnamed = textOf("reboot-warm").replaceAll("memoryIsolationLinkDown", "memoryIsolationLinkDwn");
    expect(() => planScenario("f.yaml", misnamed)).toThrow(/reboot\.expect\.1\.register: .*did you mean "memoryIsolationLinkDown"/);
  });
});

describe("what a reboot finds", () => {
  /** The scenario up to where its port is isolated, rebooted there. */
  function reboot(kind: "warm" | "cold", clearsIsolation: boolean) {
    const run = openRun(modules.release, planScenario("f.yaml", textOf("contained")), { seed: 1, schedule: "fixed", keepTrace: false });
    run.run(() => run.readyAt >= 0 && run.system.hardware.port("rp0").isIsolated);
    expect(run.system.hardware.port("rp0").isIsolated).toBe(true);
    const { found, run: again } = rebootRun(run, { kind, clearsIsolation, firmwareTime: 1_000_000_000, firmware: firmwareOf(run.plan), heard: [], run: { seed: 1, schedule: "fixed", keepTrace: false } }, openRun);
    const lines = again.system.kernel.log.filter(({ text }) => text.includes("isolation from before")).length;
    return { found, lines, served: again.facts().metrics.bytesServed, isIsolated: again.system.hardware.port("rp0").isIsolated, link: again.system.hardware.port("rp0").link };
  }
  const both = [{ port: "rp0", bits: ["memoryIsolation", "memoryIsolationLinkDown"] }];
  const all = String(2n << 30n);

  it("[TS5] after a warm one the sticky isolation status; firmware that clears it gives the memory back", () => {
    expect(reboot("warm", true)).toEqual({ found: both, lines: 0, served: all, isIsolated: false, link: "up" });
  });

  it("[TS5] [T4] a status that firmware leaves is cleared by the driver before it enables the forced link down, which would take the card away", () => {
    expect(reboot("warm", false)).toEqual({ found: both, lines: 1, served: all, isIsolated: false, link: "up" });
  });

  it("[TS5] after a cold one nothing", () => {
    expect(reboot("cold", false)).toEqual({ found: [], lines: 0, served: all, isIsolated: false, link: "up" });
  });
});
