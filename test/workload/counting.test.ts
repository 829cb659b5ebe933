// One access per step and counting in closed form, on the real module: the same machine checks, dropped writes, kills and busy intervals.

import { describe, expect, it } from "vitest";
import type { ProbeAction } from "../../src/hardware/probes.ts";
import { armProbe } from "../../src/hardware/probes.ts";
import type { Kernel } from "../../src/kernel/base/kernel.ts";
import { runTimers } from "../../src/kernel/base/kernel.ts";
import { killDaxDevice } from "../../src/kernel/dax/device-dax.ts";
import { daxDeviceNamed } from "../../src/kernel/dax/attributes.ts";
import { readRecord } from "../../src/sim/trace.ts";
import type { CountingMode } from "../../src/workload/state.ts";
import type { VmSpec } from "../../src/workload/specs.ts";
import type { Workloads } from "../../src/workload/workloads.ts";
import { addVm, createWorkloads } from "../../src/workload/workloads.ts";
import type { Bench } from "../support/machine.ts";
import { GiB, MiB, machineOf, offsetOf, openMemory, portOf, setUp } from "../support/machine.ts";
import { kernelOver } from "./dax-bench.ts";

const size = 256n * MiB;
const busyKind = 5;

interface Case {
  readonly inFlight: number;
  readonly outstanding: number;
  readonly period: number;
  readonly reads: number;
  readonly of: number;
  readonly fault: ProbeAction["kind"];
  readonly faultAt: number;
  /** Instant at which the first port's device is revoked, or -1. */
  readonly killAt: number;
}

interface Result {
  readonly metrics: object;
  readonly busy: readonly string[];
  readonly deaths: readonly string[];
  readonly skipped: number;
}

function actionOf(fault: ProbeAction["kind"]): ProbeAction {
  if (fault === "dropResponse") return { kind: fault, port: "rp0", count: 2 };
  if (fault === "delayResponse") return { kind: fault, port: "rp0", by: 7_000, count: 3 };
  return { kind: "linkDown", port: "rp0" };
}

const earliest = (times: readonly number[]): number => Math.min(...times.filter((time) => time >= 0));

function runUntil(bench: Bench, kernel: Kernel, workloads: Workloads, end: number): void {
  const { hardware } = bench;
  for (;;) {
    runTimers(kernel);
    workloads.run(earliest([hardware.nextEvent, end]));
    if (hardware.now >= end) return;
    hardware.advanceTo(earliest([hardware.nextDeadline, workloads.nextIssue(), end]));
  }
}

function simulate(test: Case, mode: CountingMode): Result {
  const bench = setUp(machineOf([portOf("rp0", { inFlight: test.inFlight }), portOf("rp1", { inFlight: test.inFlight })]));
  openMemory(bench, 0, 16n * GiB, size, 0);
  openMemory(bench, 1, 16n * GiB + size, size, 1);
  const control = offsetOf("rootPortComponent", "timeoutIsolation", "control");
  for (const port of bench.ports) port.write32(control, (1 << 16) | (1 << 4) | 1);
  const kernel = kernelOver(bench);
  const busy: string[] = [];
  bench.hardware.storeTrace((words) => {
    for (let i = 0; i < words.length / 8; i++) {
      const record = readRecord(words, i);
      if (record.layer === "hardware" && record.kind === busyKind) busy.push(`${record.time}: ${record.a} ${record.b}`);
    }
  });
  const workloads = createWorkloads(kernel, mode);
  const spec = (name: string, device: string, phase: number): VmSpec => ({ name, device, vcpus: 2, period: test.period, reads: test.reads, of: test.of, wrap: 65536, outstanding: test.outstanding, delay: phase });
  const start = bench.hardware.now;
  const processes = [addVm(workloads, spec("vm0", "dax0.0", 0)), addVm(workloads, spec("vm1", "dax0.0", 137)), addVm(workloads, spec("vm2", "dax1.0", 61))];
  armProbe(bench.hardware, 0, { match: { kind: "time", at: start + test.faultAt }, action: actionOf(test.fault) });
  if (test.killAt >= 0) {
    runUntil(bench, kernel, workloads, start + test.killAt);
    killDaxDevice(kernel, daxDeviceNamed(kernel, "dax0.0"));
  }
  runUntil(bench, kernel, workloads, start + 2_000_000);
  bench.hardware.drainTrace();
  const { skipped, ...metrics } = workloads.metrics();
  return { metrics, busy, deaths: processes.map((process) => `${process.name} ${process.death?.code ?? "alive"} ${process.death === null ? "" : process.death.at - start}`), skipped };
}

const base: Case = { inFlight: 64, outstanding: 8, period: 500, reads: 7, of: 10, fault: "linkDown", faultAt: 1_000_003, killAt: -1 };
const cases: readonly (readonly [string, Case])[] = [
  ["link down, 64 entries", base],
  ["link down, 7 entries", { ...base, inFlight: 7 }],
  ["link down, 1 entry: requesters stall", { ...base, inFlight: 1 }],
  ["link down, writes only: nobody notices, writes are dropped", { ...base, reads: 0 }],
  ["link down, reads only", { ...base, reads: 10 }],
  ["writes only, revoked later", { ...base, reads: 0, killAt: 1_500_000 }],
  ["a period longer than the latency", { ...base, period: 3_000 }],
  ["a period shorter than the latency, several in flight", { ...base, period: 70 }],
  ["more requests than entries: saturated", { ...base, period: 50, inFlight: 7 }],
  ["two responses dropped, timeout isolates", { ...base, fault: "dropResponse" }],
  ["three responses delayed", { ...base, fault: "delayResponse" }],
];

describe("counting modes", () => {
  it.each(cases)("[rule 7] aggregated equals one by one: %s", (_name, test) => {
    const exact = simulate(test, "exact");
    const aggregated = simulate(test, "aggregated");
    expect(exact.skipped).toBe(0);
    expect({ ...aggregated, skipped: 0 }).toEqual(exact);
  });

  it("[rule 7] most of a quiet run is counted, not issued", () => {
    const aggregated = simulate(base, "aggregated");
    expect(aggregated.skipped).toBeGreaterThan(0.9 * (aggregated.metrics as { issued: number }).issued);
  });

  it("[S86] processes on the isolated port die at their first load, the others live; with writes only nobody dies", () => {
    expect(simulate(base, "aggregated").deaths.map((death) => death.split(" ")[1])).toEqual(["BUS_MCEERR_AR", "BUS_MCEERR_AR", "alive"]);
    expect(simulate({ ...base, reads: 0 }, "aggregated").deaths.map((death) => death.split(" ")[1])).toEqual(["alive", "alive", "alive"]);
  });

  it("[S87] after revocation a touch ends in SIGBUS without a machine check", () => {
    const revoked = simulate({ ...base, reads: 0, killAt: 1_500_000 }, "aggregated");
    expect(revoked.deaths.map((death) => death.split(" ")[1])).toEqual(["BUS_ADRERR", "BUS_ADRERR", "alive"]);
    expect(revoked.metrics).toMatchObject({ machineChecks: 0, killed: 2, survived: 1 });
  });
});
