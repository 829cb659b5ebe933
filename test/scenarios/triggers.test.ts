// Triggers and expectations of scenarios: each bundled one fails when its condition is wrong, and says how far it came; what cannot go together is refused.

import { describe, expect, it } from "vitest";
import { planScenario } from "../../src/scenario/plan.ts";
import type { ScenarioResult } from "../../src/scenario/result.ts";
import { evidenceLines } from "../../src/report/evidence.ts";
import { runPlan, runText } from "../support/scenarios.ts";
import { turned, turnedStep } from "../support/turned.ts";

const files = import.meta.glob<string>("../../scenarios/triggers/*.yaml", { query: "?raw", import: "default", eager: true });
const textOf = (name: string): string => files[`../../scenarios/triggers/${name}.yaml`] ?? "";

function changed(name: string, from: string, to: string): ScenarioResult {
  const text = textOf(name);
  if (!text.includes(from)) throw new Error(`${name} has no "${from}"`);
  return runText(`${name}.yaml`, text.replace(from, to)).result;
}

describe("what the files claim", () => {
  it.each(Object.entries(files))("%s: every expectation can fail", (file, text) => {
    const plan = planScenario(file, text);
    const { result } = runPlan({ ...plan, steps: plan.steps.map(turnedStep), expectations: plan.expectations.map(turned) });
    expect(result.expectations.filter(({ pass }) => pass)).toEqual([]);
    expect(result.expectations.length).toBe(runText(file, text).result.expectations.length);
  });
});

describe("a trigger whose condition is wrong", () => {
  const cases: readonly (readonly [name: string, from: string, to: string, fault: string, missing: RegExp])[] = [
    ["access-nth", "nth: 2", "nth: 200", "poison", /^it came \d+ of 200 times$/],
    ["request-delayed", "delay: 200us", "delay: 20s", "lost", /^it came 100 times, and the run ended 2 s after ready before 20 s had passed/],
    ["mark-nth", "nth: 2", "nth: 20", "cable-out", /^it came [34] of 20 times$/],
    ["log-level", "recovery: CLEARED\", level: info }, do", "recovery: CLEARD\", level: info }, do", "cable-in", /^it never came; the nearest is ".*recovery: CLEARED"$/],
    ["log-level", "level: info }, do", "level: err }, do", "cable-in", /^it never came; the nearest is /],
    ["kernel-step", "of region0", "of region7", "refused", /^it never came$/],
    ["fault-delay", "delay: 20ms", "delay: 20s", "cable-in", /^it came 1 time, and the run ended .* before 20 s had passed/],
    ["step-after-fault", "step: decoder.commit", "step: acpi.window", "no-commit", /^the kernel step was not met/],
  ];
  for (const [name, from, to, fault, missing] of cases) {
    it(`${name} with ${to}: invalid, and the evidence says how far it came`, () => {
      const result = changed(name, from, to);
      const found = result.faults.find(({ id }) => id === fault);
      expect([result.status, found?.fired, found?.evidence?.acts]).toEqual(["invalid", false, []]);
      expect(found?.evidence?.missing).toMatch(missing);
      expect(found === undefined ? [] : evidenceLines(found).at(-1)).toBe(`did not act: ${found?.evidence?.missing ?? ""}`);
    });
  }

  it("a register that is not reached: the evidence has its value", () => {
    expect(changed("register-reached", "memoryIsolation, equals: 1 }, do", "memoryTimeout, equals: 1 }, do").faults[1]).toMatchObject({ fired: false, evidence: { missing: "it never came; it is 0 now" } });
  });

  it("a register that changes less often acts less often", () => {
    const result = changed("register-changes", "times: 2", "times: 3");
    expect(result.faults[1]).toMatchObject({ count: 2 });
    expect(changed("register-changes", "times: 2", "times: 1").expectations[0]).toMatchObject({ pass: false, actual: expect.stringMatching(/^1: 1 ms after ready$/) });
  });

  it("a fault that another one does not come to act is never reached", () => {
    const result = changed("fault-within", "at: 1ms }", "mark: nobody writes this }");
    expect(result.faults.map(({ fired, evidence }) => [fired, evidence?.missing])).toEqual([[false, "it never came"], [false, "it never came"]]);
  });
});

describe("when a fault acts", () => {
  const act = (name: string, from = "", to = ""): ScenarioResult["faults"] => (from === "" ? runText("x.yaml", textOf(name)).result : changed(name, from, to)).faults;

  const timesOf = (fault: ScenarioResult["faults"][number] | undefined): number[] => fault?.evidence?.acts.map(({ atNs }) => atNs) ?? [];

  it("in several places, and more often than is kept: the later acts change no evidence of the first ones", () => {
    const poison = (start: number): string => `{ "execute": "cxl-inject-poison", "arguments": { "path": "d", "start": ${start}, "length": 64 } }`;
    const actsOf = (times: number) => runText("x.yaml", `version: 1
name: many
machine: { hostBridges: [{ rootPorts: [{ name: rp0, device: { name: d, volatile: 256MiB } }] }] }
steps: [{ advance: 100ms }]
faults: [{ id: many, when: { at: 1ms, every: 1ms, times: ${times}, from: boot }, do: { qmp: '${poison(0x1000)} ${poison(0x2000)}' } }]
`).result.faults[0];
    const sixteen = actsOf(16)?.evidence?.acts;
    expect(sixteen?.map(({ changed: { length } }) => length)).toEqual(Array.from({ length: 16 }, () => 2));
    expect(actsOf(20)).toMatchObject({ count: 20, evidence: { acts: sixteen } });
  });

  it("a series: as often as it says, so far apart", () => {
    const [loose] = act("flaps");
    const at = timesOf(loose);
    expect([loose?.count, at.slice(1).map((time, index) => time - (at[index] ?? 0))]).toEqual([5, [10_000_000, 10_000_000, 10_000_000, 10_000_000]]);
  });

  it("a series of which one act comes while the other still acts: each counts, and the link is back after the last", () => {
    const [loose] = act("flaps", "every: 10ms", "every: 500us");
    expect(loose?.count).toBe(5);
    expect(changed("flaps", "every: 10ms", "every: 500us").expectations[0]).toMatchObject({ pass: true });
  });

  it("more acts than are kept: the first sixteen, the count and the last", () => {
    const [loose] = act("flaps", "times: 5, every: 10ms", "times: 20, every: 5ms");
    expect([loose?.count, loose?.evidence?.acts.length, (loose?.evidence?.lastAtNs ?? 0) - (loose?.firstAtNs ?? 0)]).toEqual([20, 16, 19 * 5_000_000]);
    expect(loose === undefined ? "" : evidenceLines(loose).at(-1)).toMatch(/^\.\.\. and 4 more, the last at /);
  });

  it("each of several happenings, one after the other", () => {
    const at = timesOf(act("each-time")[0]);
    expect([at.length, (at[1] ?? 0) - (at[0] ?? 0), (at[2] ?? 0) - (at[1] ?? 0)]).toEqual([3, 500, 500]);
  });

  it("so long after a request, to the nanosecond", () => {
    const [late] = act("request-delayed");
    const [atOnce] = act("request-delayed", ", delay: 200us", "");
    expect((late?.firstAtNs ?? 0) - (atOnce?.firstAtNs ?? 0)).toBe(200_000);
  });

  it("so long after another fault, to the nanosecond", () => {
    const [out, back] = act("fault-delay");
    expect((back?.firstAtNs ?? 0) - (out?.firstAtNs ?? 0)).toBe(20_000_000);
  });

  it("after the second act of another fault", () => {
    const text = textOf("flaps").replace("expect:", "  - { id: after, when: { fault: loose, nth: 2 }, do: { linkUp: rp0 } }\nexpect:");
    const [loose, after] = runText("x.yaml", text).result.faults;
    expect(after?.firstAtNs).toBe(timesOf(loose)[1]);
  });

  it("after a kernel step that was made to fail", () => {
    const text = textOf("step-after-fault").replace("expect:", "  - { id: last, when: { fault: no-commit, delay: 3ms }, do: { linkDown: rp0 } }\nexpect:");
    const faults = runText("x.yaml", text).result.faults;
    expect((faults[3]?.firstAtNs ?? 0) - (faults[2]?.firstAtNs ?? 0)).toBe(3_000_000);
  });

  it("a window of no length is that moment, and nothing is picked", () => {
    const at = (when: string) => changed("at-window", "{ at: { between: [1ms, 5ms] } }", when).faults[0];
    expect(at("{ at: { between: [2ms, 2ms] } }")).toEqual(expect.objectContaining({ firstAtNs: at("{ at: 2ms }")?.firstAtNs, evidence: expect.objectContaining({ drawnNs: null }) }));
  });

  it("the moment that the seed picked is in the evidence, and it acts then", () => {
    const { readyAt, result } = (() => {
      const both = changed("at-window", "faults:", "faults:\n  - { id: start, when: { at: 0ms }, do: { neverRetrain: rp0 } }");
      return { readyAt: both.faults[0]?.firstAtNs ?? 0, result: both };
    })();
    expect((result.faults[1]?.firstAtNs ?? 0) - readyAt).toBe(result.faults[1]?.evidence?.drawnNs);
  });
});

describe("requests that are counted in closed form", () => {
  it("are as if they came one by one, also where one of them sets something off later", () => {
    for (const delay of ["1ns", "700ns", "200us", "3ms"]) {
      const text = textOf("request-delayed").replace("delay: 200us", `delay: ${delay}`);
      const [exact, aggregated] = (["exact", "aggregated"] as const).map((counting) => runText("x.yaml", text, { counting }).result);
      expect([delay, aggregated?.faults, aggregated?.outcome, aggregated?.virtualTimeNs]).toEqual([delay, exact?.faults, exact?.outcome, exact?.virtualTimeNs]);
    }
  });
});

describe("what a fault changed", () => {
  it("is told in the hardware's own words", () => {
    const [out, back] = runText("x.yaml", textOf("fault-delay")).result.faults;
    expect(out?.evidence?.acts[0]?.changed.some((one) => one.startsWith("rp0: link down"))).toBe(true);
    expect(back?.evidence?.acts[0]?.changed.some((one) => one.startsWith("rp0: link up"))).toBe(true);
  });

  it("of a register: what it was and what it became", () => {
    expect(runText("x.yaml", textOf("register-reached")).result.faults[1]?.evidence?.acts[0]?.changed[0]).toBe("rp0: timeoutIsolation.control.interruptEnable was 1, became 0");
  });

  it("of lines: which became poisoned", () => {
    expect(runText("x.yaml", textOf("access-nth")).result.faults[0]?.evidence?.acts[0]?.changed).toEqual([expect.stringMatching(/^dev0: media.* poison at 0xff00000, 2 lines$/)]);
  });

  it("of a fault that acts on what comes later: what became of it", () => {
    const text = textOf("at-window").replace("faults:", "faults:\n  - { id: deaf, when: { at: 0ms }, do: { loseInterrupt: { of: rp0, message: 3 } } }");
    expect(runText("x.yaml", text).result.faults[0]?.evidence?.acts[0]?.changed).toEqual([expect.stringMatching(/^rp0: interrupt lost.* message 3$/)]);
  });
});

describe("an expectation that does not hold", () => {
  const failed = (name: string, from: string, to: string) => changed(name, from, to).expectations.filter(({ pass }) => !pass).map(({ actual }) => actual);

  it("has its place in the file, also one of a step", () => {
    const { expectations } = changed("at-any-moment", "sys/bus/cxl/devices/mem*\", equals: 1", "sys/bus/cxl/devices/mem*\", equals: 2");
    const lines = textOf("at-any-moment").split("\n");
    const line = lines.findIndex((one) => one.includes("devices/mem*")) + 1;
    expect(expectations[0]).toMatchObject({ pass: false, actual: "1: /sys/bus/cxl/devices/mem0", place: { line } });
    const last = expectations.at(-1);
    expect(lines[(last?.place?.line ?? 0) - 1]).toMatch(/^ {2}- \{ order: /);
  });

  it("an order: what came, and what then did not", () => {
    expect(failed("at-any-moment", "\"decoder2.0 attached\", \"decoder2.0 committed\"", "\"decoder2.0 committed\", \"decoder2.0 attached\"")).toEqual([expect.stringMatching(/^"region0 created" .*, then "decoder2.0 committed" .*, then "decoder2.0 attached" came .* last, and not again after "decoder2.0 committed"$/)]);
    expect(failed("at-any-moment", "\"process vm1 started\"", "\"process vm9 started\"")).toEqual([expect.stringMatching(/"process vm9 started" never came; the nearest is "process vm1 started/)]);
  });

  it("what must not come: which line came when", () => {
    expect(failed("kernel-step", "text: \"region0 committed\"", "text: \"commit decoder 0 refused\"")).toEqual([expect.stringMatching(/^"dev0: commit decoder 0 refused.*" 1\d\d\.\d+ ms after ready$/)]);
  });

  it("what must not come after something that never comes claims nothing", () => {
    expect(failed("kernel-step", "after: \"fault refused acts\" } }", "after: \"fault refusd acts\" } }")).toEqual([expect.stringMatching(/^"fault refusd acts" never came; the nearest is "fault refused acts/)]);
  });

  it("a log line at another time: when it came", () => {
    expect(failed("log-level", "between: [100ms, 1s]", "between: [1ms, 2ms]")).toEqual([expect.stringMatching(/^0; ".*recovery: RECOVERED" came 1\d\d\.\d+ ms after ready$/)]);
  });

  it("a log line that is nearly so: the nearest", () => {
    expect(failed("log-level", "log: \"recovery: RECOVERED\"", "log: \"recovery: RECOVERT\"")).toEqual([expect.stringMatching(/^0; the nearest is ".*recovery: RECOVERED"$/)]);
  });

  it("acts of a fault: their times", () => {
    expect(failed("flaps", "acted: 5, between: [1ms, 41ms]", "acted: 4")).toEqual(["5: 1 ms after ready, 11 ms after ready, 21 ms after ready, 31 ms after ready, 41 ms after ready"]);
    expect(failed("flaps", "between: [1ms, 41ms]", "between: [1ms, 40ms]")).toHaveLength(1);
  });

  it("a file that is not there: a name that is", () => {
    expect(failed("at-any-moment", "region0/interleave_ways, equals: \"1\"", "region0/interleave_way, equals: \"1\"")).toEqual(["ENOENT; did you mean \"interleave_ways\"?"]);
  });
});

describe("what is refused, with its place", () => {
  const base = textOf("flaps");
  const problem = (text: string): string => {
    try {
      planScenario("x.yaml", text);
      return "";
    } catch (thrown) {
      return thrown instanceof Error ? thrown.message.split("\n")[0] ?? "" : "";
    }
  };
  const when = (trigger: string, action = "linkDown: rp0"): string => problem(base.replace(/ {2}- \{ id: loose.*\n/, `  - { id: loose, when: ${trigger}, do: { ${action} } }\n`));
  const cases: readonly (readonly [trigger: string, message: RegExp])[] = [
    ["{ at: { between: [5ms, 1ms] } }", /a window ends where it begins or later; write \[1ms, 5ms\]/],
    ["{ at: 1ms, times: 3 }", /a moment comes once; say how far the others are apart/],
    ["{ at: 1ms, nth: 2 }", /"nth" does not go with the keys beside it; leave one of them out/],
    ["{ at: 1ms, every: 3ms }", /say how often as well: times: 5/],
    ["{ mark: x, every: 0ms, times: 2 }", /0ns apart is once/],
    ["{ mark: x, delay: 1ms, within: 2ms }", /delay and within are two ways/],
    ["{ mark: x, delay: { between: [2ms, 1ms] } }", /a window ends where it begins/],
    ["{ access: { of: rp0, register: timeoutIsolation.control, nth: 2 }, nth: 3 }", /nth is said twice/],
    ["{ fault: { id: loose, nth: 1 }, nth: 3 }", /nth is said twice/],
    ["{ register: rp0.timeoutIsolation.status.memIsolation, equals: 1 }", /has no field "memIsolation"; did you mean "memoryIsolation"\?/],
    ["{ register: rp0.timeoutIsolation.status.memoryIsolation }", /say which state of the register: equals: 1, or changes: true/],
    ["{ register: rp0.timeoutIsolation.status.memoryIsolation, equals: 1, changes: true }", /say which state of the register/],
    ["{ request: { port: rp9 } }", /no root port "rp9" in the machine; did you mean "rp0"\?/],
    ["{ step: decoder.comit }", /no kernel step "decoder.comit"; did you mean "decoder.commit"\?/],
    ["{ fault: lose }", /no fault "lose" in the file; /],
    ["{ fault: loose }", /"loose" waits for itself; one of them needs another trigger/],
    ["{ at: 3s }", /3s is beyond the end of the run, 2s after ready; raise limits.time, or say optional: true/],
    ["{ at: { between: [1s, 3s] } }", /the window of 1s to 3s is, in part, beyond the end of the run/],
  ];
  for (const [trigger, message] of cases) {
    it(trigger, () => {
      expect(when(trigger)).toMatch(message);
      expect(when(trigger)).toMatch(/^x\.yaml:16:\d+: /);
    });
  }

  it("faults that wait for each other", () => {
    const text = base.replace(/ {2}- \{ id: loose.*\n/, "  - { id: loose, when: { fault: other }, do: { linkDown: rp0 } }\n  - { id: other, when: { fault: loose }, do: { linkUp: rp0 } }\n");
    expect(problem(text)).toMatch(/"loose" waits for itself by way of "other"/);
  });

  it("a kernel step that is to fail in a series", () => {
    expect(when("{ at: 1ms, times: 2, every: 1ms }", "kernelStep: { step: decoder.commit }")).toMatch(/how often a kernel step fails is said in the action/);
  });

  it("expectations: an unknown fault, two windows, a register without a value", () => {
    const of = (one: string): string => problem(`${base}  - ${one}\n`);
    expect(of("{ fault: lose }")).toMatch(/no fault "lose" in the file; did you mean "loose"\?/);
    expect(of("{ fault: loose, acted: 2, atLeast: 1 }")).toMatch(/acted says how often exactly/);
    expect(of("{ log: x, before: 1ms, between: [1ms, 2ms] }")).toMatch(/before and between are two ways to say when/);
    expect(of("{ mark: x, between: [3ms, 2ms] }")).toMatch(/write \[2ms, 3ms\]/);
    expect(of("{ register: rp0.pcie.linkStatus.linkActive }")).toMatch(/say what the register holds/);
  });
});
