// Storms: threads that survive their machine checks go on, processors are held back, and counting whole turns in closed form gives what one by one gives.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { armProbe } from "../../src/hardware/probes.ts";
import { KernelPanic } from "../../src/kernel/base/kernel.ts";
import type { KernelSettings } from "../../src/kernel/settings.ts";
import type { CountingMode } from "../../src/workload/state.ts";
import type { OnSigbus } from "../../src/workload/specs.ts";
import type { Workloads } from "../../src/workload/workloads.ts";
import { addVm } from "../../src/workload/workloads.ts";
import { offsetOf } from "../support/machine.ts";
import { breakPort, daxBench, runBench } from "./dax-bench.ts";
import type { DaxBench } from "./dax-bench.ts";

interface Guest {
  readonly device: "dax0.0" | "dax1.0";
  readonly vcpus: number;
  readonly period: number;
  readonly reads: number;
  readonly outstanding: number;
  readonly delay: number;
  readonly onSigbus: OnSigbus;
}

interface Storm {
  readonly guests: readonly Guest[];
  readonly settings: Partial<KernelSettings>;
  /** Virtual ns after the start, of the failure and of the end. */
  readonly faultAt: number;
  readonly end: number;
}

interface Seen {
  readonly metrics: object;
  readonly outcomes: object;
  readonly panic: string | null;
}

function addGuests(workloads: Workloads, guests: readonly Guest[]): void {
  for (const [number, guest] of guests.entries()) addVm(workloads, { name: `vm${number}`, ...guest, of: 10, wrap: 65536 });
}

function simulate({ guests, settings, faultAt, end }: Storm, mode: CountingMode): { readonly seen: Seen; readonly skipped: number; readonly bench: DaxBench } {
  const bench = daxBench(mode, settings);
  addGuests(bench.workloads, guests);
  breakPort(bench, "rp0", faultAt);
  try {
    runBench(bench, end);
  } catch (thrown) {
    if (!(thrown instanceof KernelPanic)) throw thrown;
  }
  const { skipped, issued, completed, ...metrics } = bench.workloads.metrics();
  const panic = bench.kernel.panic?.message ?? null;
  // Who is calm is counted up to the next thing that is known to happen; that a panic comes before is not known.
  const way = panic === null ? { issued, completed } : {};
  return { seen: { metrics: { ...metrics, ...way }, outcomes: bench.workloads.outcomes(), panic }, skipped, bench };
}

const guest: Guest = { device: "dax0.0", vcpus: 1, period: 1_000, reads: 7, outstanding: 1, delay: 0, onSigbus: "survive" };
const settings: Partial<KernelSettings> = { cpus: 16, threadsPerCore: 1, checkTime: 10_000, memoryFailureTime: 5_000, rendezvousTime: 2_000 };
const storm: Storm = { guests: [guest, { ...guest, delay: 130 }, { ...guest, delay: 270 }], settings, faultAt: 100_000, end: 20_000_000 };

const checksOf = ({ seen }: { readonly seen: Seen }): number => (seen.metrics as { readonly machineChecks: number }).machineChecks;

/** Requests until the port fails: what is counted beyond them was counted in the storm. */
const requestsBefore = ({ guests, faultAt }: Storm): number => guests.reduce((sum, { vcpus, period }) => sum + (vcpus * faultAt) / period, 0);

const cases: readonly (readonly [string, Storm])[] = [
  ["three guests on one port", storm],
  ["one guest", { ...storm, guests: [guest] }],
  ["several loads under way", { ...storm, guests: storm.guests.map((one) => ({ ...one, outstanding: 8 })) }],
  ["two threads on each processor", { ...storm, settings: { ...settings, cpus: 2 }, guests: [guest, { ...guest, vcpus: 3, delay: 20 }] }],
  ["threads that take longer than the handler", { ...storm, guests: [{ ...guest, period: 40_000 }, { ...guest, period: 70_000, delay: 500 }] }],
  ["others die, and others do not notice", { ...storm, guests: [...storm.guests, { ...guest, onSigbus: "die", delay: 40 }, { ...guest, device: "dax1.0", vcpus: 2 }] }],
  ["every processor takes every check", { ...storm, settings: { ...settings, checkDelivery: "broadcast" }, guests: [...storm.guests, { ...guest, device: "dax1.0", period: 5_000 }] }],
  ["writes only: dropped, no check", { ...storm, guests: [{ ...guest, reads: 0 }] }],
];

describe("a storm in closed form", () => {
  it.each(cases)("[rule 7] counts what one by one counts: %s", (_name, test) => {
    const exact = simulate(test, "exact");
    const aggregated = simulate(test, "aggregated");
    expect(exact.skipped).toBe(0);
    expect(aggregated.seen).toEqual(exact.seen);
    expect(aggregated.skipped).toBeGreaterThan(requestsBefore(test));
  });

  it("[rule 7] small random systems: both ways give the same checks, drops, deaths, panic", () => {
    const anyGuest = fc.record({
      device: fc.constantFrom("dax0.0" as const, "dax1.0" as const), vcpus: fc.integer({ min: 1, max: 3 }), period: fc.constantFrom(700, 1_000, 3_000, 20_000), reads: fc.constantFrom(0, 3, 7, 10),
      outstanding: fc.constantFrom(1, 2, 8), delay: fc.integer({ min: 0, max: 2_000 }), onSigbus: fc.constantFrom("survive" as const, "die" as const),
    });
    const anySettings = fc.record({
      cpus: fc.constantFrom(2, 4, 16), threadsPerCore: fc.constantFrom(1, 2), processor: fc.constantFrom("intel" as const, "amd" as const), checkDelivery: fc.constantFrom("local" as const, "broadcast" as const),
      checkTime: fc.constantFrom(2_000, 10_000), memoryFailureTime: fc.constantFrom(0, 3_000, 5_000), rendezvousTime: fc.constant(2_000), overflowWindow: fc.constantFrom(0, 1_000),
    });
    fc.assert(fc.property(fc.array(anyGuest, { minLength: 1, maxLength: 5 }), anySettings, fc.integer({ min: 20_000, max: 90_000 }), (guests, random, faultAt) => {
      const test: Storm = { guests, settings: random, faultAt, end: 1_500_000 };
      expect(simulate(test, "aggregated").seen).toEqual(simulate(test, "exact").seen);
    }), { numRuns: 25, seed: 8 });
  });
});

describe("what checks cost", () => {
  it("[S71] a processor in the handler executes nothing else: checks are as many as the handler's time allows", () => {
    const alone = simulate({ ...storm, guests: [{ ...guest, reads: 10 }] }, "aggregated");
    expect(checksOf(alone)).toBe(1 + Math.floor((storm.end - storm.faultAt) / (10_000 + 5_000 + alone.bench.bench.hardware.description.implementation.isolationResponseTime)));
  });

  it("[S71] one lock for all: twice the processors give no more checks than the lock lets through", () => {
    const [few, many] = [3, 12].map((count) => checksOf(simulate({ ...storm, guests: Array.from({ length: count }, (_, number) => ({ ...guest, reads: 10, delay: number * 70 })) }, "aggregated")));
    expect(few).toBeGreaterThan(0.95 * (many ?? 0) * (3 * 5_000) / 15_100);
    expect(many).toBeLessThanOrEqual((storm.end - storm.faultAt) / 5_000 + 12);
  });

  it("broadcast: guests on memory that is well make less way, too", () => {
    const way = (delivery: KernelSettings["checkDelivery"]): number => {
      const { bench } = simulate({ ...storm, guests: [guest, { ...guest, device: "dax1.0" }], settings: { ...settings, checkDelivery: delivery } }, "aggregated");
      return bench.workloads.state.streams.find((stream) => stream.workload.spec.name === "vm1")?.index ?? 0;
    };
    expect(way("local")).toBe(storm.end / guest.period + 1);
    expect(way("broadcast")).toBeLessThan(way("local") * 0.95);
  });

  it("broadcast: a processor that has waited a second for a load comes to no rendezvous, and that is a panic", () => {
    const panicOf = (faultAt: number, checkDelivery: KernelSettings["checkDelivery"], mode: CountingMode): string | null => {
      const bench = daxBench(mode, { ...settings, checkDelivery });
      // 17 s to 64 s: the load that gets no answer is waited for.
      bench.bench.ports[0]?.write32(offsetOf("rootPortComponent", "timeoutIsolation", "control"), (1 << 16) | (1 << 4) | 0xe);
      addGuests(bench.workloads, [{ ...guest, period: 1_000_000, reads: 10 }, { ...guest, device: "dax1.0", period: 1_000_000, reads: 10 }]);
      armProbe(bench.bench.hardware, 1, { match: { kind: "time", at: bench.start + 50_000 }, action: { kind: "dropResponse", port: "rp0", count: 1 } });
      breakPort(bench, "rp1", faultAt);
      try {
        runBench(bench, faultAt + 10_000_000);
      } catch (thrown) {
        if (!(thrown instanceof KernelPanic)) throw thrown;
      }
      return bench.kernel.panic?.message ?? null;
    };
    for (const mode of ["exact", "aggregated"] as const) {
      expect(panicOf(1_100_000_000, "broadcast", mode)).toBe("Timeout: Not all CPUs entered broadcast exception handler");
      expect(panicOf(900_000_000, "broadcast", mode)).toBeNull();
      expect(panicOf(1_100_000_000, "local", mode)).toBeNull();
    }
  });

  it("a guest that handles SIGBUS lives on and is told of every error; one that does not is dead at the first", () => {
    const { seen } = simulate({ ...storm, guests: [guest, { ...guest, onSigbus: "die", delay: 500 }] }, "aggregated");
    const [survivor, dead] = seen.outcomes as readonly { readonly killed: boolean; readonly signals: number; readonly downtimeNs: number }[];
    expect(survivor).toMatchObject({ killed: false, downtimeNs: 0 });
    expect(survivor?.signals).toBe(checksOf({ seen }) - 1);
    expect(dead).toMatchObject({ killed: true, signals: 0 });
  });
});
