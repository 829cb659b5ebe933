import { describe, expect, it } from "vitest";
import { blocks } from "../../registers/blocks.ts";
import { readRecord, recordBytes } from "../../src/sim/trace.ts";
import type { TraceRecord } from "../../src/sim/trace.ts";
import { bundledScenarios, fixture } from "../support/library.ts";
import { offsetOf } from "../support/machine.ts";
import type { Finished } from "../support/scenarios.ts";
import { runText } from "../support/scenarios.ts";

const files = bundledScenarios();
const textOf = (letter: string): string => Object.entries(files).find(([name]) => name.includes(`/${letter}-`))?.[1] ?? "";

const isLong = (file: string): boolean => file.startsWith("scenarios/isolation/");

function records(trace: Uint8Array): TraceRecord[] {
  const words = new Uint32Array(trace.buffer, trace.byteOffset, trace.length / 4);
  return Array.from({ length: trace.length / recordBytes }, (_, index) => readRecord(words, index));
}

describe("bundled scenarios", () => {
  const passes = (file: string, text: string): Finished => {
    const finished = runText(file, text, { keepTrace: true });
    expect(finished.result.expectations.filter((one) => !one.pass)).toEqual([]);
    expect(finished.result.status, finished.result.reason ?? "").toBe("pass");
    expect(finished.trace.length).toBeGreaterThan(500 * recordBytes);
    return finished;
  };

  // Every tenth of the many that boot a machine and look at it. That each passes is held by `run scenarios` (test/cli/run.test.ts), and that each gives the same trace
  // wherever and however often it runs in test/browser/scenarios.browser.test.ts.
  const chosen = Object.entries(files).filter(([file], index) => isLong(file) || index % 10 === 0);

  it.each(chosen)("%s passes, and gives the same bytes in slices of any size, and the same result in the checked module", (file, text) => {
    const whole = passes(file, text);
    const sliced = runText(file, text, { keepTrace: true, pauseOneIn: 3 });
    expect(sliced.pauses).toBeGreaterThan(10);
    expect(sliced.result).toEqual(whole.result);
    expect(Buffer.compare(sliced.trace, whole.trace)).toBe(0);
    expect(runText(file, text, { variant: "checked" }).result).toEqual(whole.result);
  });

  it("the seed changes nothing under the fixed schedule, and only the order of work under the seeded one", () => {
    const text = textOf("a");
    const at = (seed: number, schedule: "fixed" | "seeded") => runText("a.yaml", text, { seed, schedule }).result;
    expect(at(2, "fixed").traceDigest).toBe(at(1, "fixed").traceDigest);
    const seeded = [1, 2, 3, 4, 5, 6].map((seed) => at(seed, "seeded"));
    for (const result of seeded) expect([result.status, result.outcome, result.metrics.killed]).toEqual(["pass", "recovered", 4]);
    expect(at(1, "seeded").traceDigest).toBe(seeded[0]?.traceDigest);
  });
});

describe("faults and evidence", () => {
  it("[rule 10] a fault that does not fire makes the run invalid", () => {
    const { result } = runText("never.yaml", fixture("never-fires.yaml"));
    expect(result).toMatchObject({ status: "invalid", faults: [{ id: "waits", fired: false, count: 0, firstAtNs: null, evidence: { matches: 0, acts: [], missing: "it never came" } }] });
  });

  it("a timed fault fires at its time after ready", () => {
    const { result } = runText("a.yaml", textOf("a"));
    const [out, back] = result.faults;
    expect(out).toMatchObject({ fired: true, count: 1 });
    expect(back?.firstAtNs ?? 0).toBeGreaterThan(out?.firstAtNs ?? 0);
  });
});

describe("re-enumeration after isolation", () => {
  it("[TR4] BARs, memory enable, HDM enable and commit are written again after link-up", () => {
    const { trace } = runText("a.yaml", textOf("a"), { keepTrace: true });
    const all = records(trace);
    const linkUp = all.findLastIndex((one) => one.layer === "hardware" && one.kind === 1 && one.b === 2);
    expect(linkUp).toBeGreaterThan(0);
    const after = all.slice(linkUp).filter((one) => one.layer === "access");
    const config = (offset: number): TraceRecord[] => after.filter((one) => one.kind === 2 && one.b === offset);
    expect(config(offsetOf("deviceConfig", "endpointHeader", "bar0")).length).toBeGreaterThan(0);
    expect(config(offsetOf("deviceConfig", "endpointHeader", "command")).some((one) => (one.c & 2) !== 0)).toBe(true);
    expect(config(offsetOf("deviceConfig", "dvsecDevice", "control")).some((one) => (one.c & 4) !== 0)).toBe(true);
    const mmio = (offset: number): TraceRecord[] => after.filter((one) => one.kind === 4 && one.b === offset);
    expect(mmio(offsetOf("deviceComponent", "hdmDecoderDevice", "globalControl")).some((one) => (one.c & 2) !== 0)).toBe(true);
    expect(mmio(offsetOf("deviceComponent", "hdmDecoderDevice", "control")).some((one) => (one.c & 0x200) !== 0)).toBe(true);
    expect(Object.keys(blocks)).toContain("deviceComponent");
  });

  it("a replacement shows its own serial, BAR and capacity, and the smaller service is reduced", () => {
    const text = `${fixture("replacement.yaml")}  - { file: /sys/bus/cxl/devices/mem0/serial, equals: "0x99" }\n  - { file: /sys/bus/cxl/devices/mem0/ram/size, equals: "0x10000000" }\n`;
    const { result } = runText("replacement.yaml", text);
    expect(result.expectations.map((one) => [one.text, one.pass ? "" : one.actual])).toEqual(result.expectations.map((one) => [one.text, ""]));
    expect(result.outcome).toBe("reduced");
  });
});

describe("[rule 7] counting in closed form equals counting one by one", () => {
  const shrink = (text: string, inFlight: number): string =>
    text
      .replaceAll("isolation: {", `inFlight: ${inFlight}, isolation: {`)
      .replaceAll("-s 256M", "-s 16M")
      .replace(/at: 5ms/g, "at: 50us")
      .replace("nth: 1000", "nth: 100")
      .replace(/\nlimits:.*/, "")
      .replace(/\nexpect:[^]*$/, "\nlimits: { time: 1ms, steps: 10000000 }\n");
  const busyIntervals = (trace: Uint8Array): [number, number, number][] => records(trace).filter((one) => one.layer === "hardware" && one.kind === 5).map((one) => [one.time, one.a, one.b]);

  // Without workloads there is nothing to count. Whole runs of all of them are in test/workload/agreement.test.ts.
  const counted = Object.entries(files).filter(([name, all]) => all.includes("\nworkloads:") && /\/(?:isolation|layouts|faults)\//.test(name));
  const sizes = [1, 7, 64];
  for (const [index, [file, text]] of counted.entries()) {
    // A link that goes down, a timeout, and a switch between, in tables of every size; the others in one.
    for (const inFlight of /\/[abh]-/.test(file) ? sizes : sizes.slice(index % 3, index % 3 + 1)) {
      it(`${file} with ${inFlight} entries`, () => {
        const small = shrink(text, inFlight);
        const exact = runText(file, small, { counting: "exact", keepTrace: true });
        const aggregated = runText(file, small, { counting: "aggregated", keepTrace: true });
        expect(aggregated.result.metrics).toEqual(exact.result.metrics);
        expect(aggregated.result.outcome).toBe(exact.result.outcome);
        expect(aggregated.result.virtualTimeNs).toBe(exact.result.virtualTimeNs);
        expect(busyIntervals(aggregated.trace)).toEqual(busyIntervals(exact.trace));
      });
    }
  }
});
