// Two ports with isolation on, a dax device over each, and workloads on a kernel that does nothing else: small enough to count one by one.

import type { ProbeAction } from "../../src/hardware/probes.ts";
import { armProbe } from "../../src/hardware/probes.ts";
import { addDevice, attach, registerDriver } from "../../src/kernel/base/device.ts";
import type { Kernel } from "../../src/kernel/base/kernel.ts";
import { createKernel, runTimers } from "../../src/kernel/base/kernel.ts";
import { kernelHandlers } from "../../src/kernel/boot.ts";
import { cxlDaxRegionDriver, registerDaxDrivers } from "../../src/kernel/dax/cxl.ts";
import type { KernelPolicies } from "../../src/kernel/policy.ts";
import { defaultPolicies } from "../../src/kernel/policy.ts";
import type { KernelSettings } from "../../src/kernel/settings.ts";
import { defaultSettings } from "../../src/kernel/settings.ts";
import { createScheduler, createTaskLedger, hasReady, runOne, spawn } from "../../src/sim/task.ts";
import { createTraceWriter } from "../../src/sim/trace.ts";
import type { CountingMode } from "../../src/workload/state.ts";
import type { Workloads } from "../../src/workload/workloads.ts";
import { createWorkloads } from "../../src/workload/workloads.ts";
import type { Bench } from "../support/machine.ts";
import { GiB, MiB, machineOf, offsetOf, openMemory, portOf, setUp } from "../support/machine.ts";

const policy: KernelPolicies = { ...defaultPolicies, isolationAction: "none", memoryUse: "device-dax-only", onlineType: "offline", notification: "interrupt", recoveryOrder: "fence-first", refuseIsolated: false };
const size = 256n * MiB;
const isolationOn = (1 << 16) | (1 << 4) | 1;

export interface DaxBench {
  readonly bench: Bench;
  readonly kernel: Kernel;
  readonly workloads: Workloads;
  /** Virtual ns at which workloads begin. */
  readonly start: number;
}

export function settleTasks(kernel: Kernel): void {
  while (hasReady(kernel.scheduler)) runOne(kernel.scheduler, () => kernel.platform.clock.now);
}

function createDaxRegion(kernel: Kernel, index: number): void {
  const type = { name: "cxl_dax_region", attributes: [] };
  const device = addDevice(kernel, { name: `dax_region${index}`, bus: "cxl", type, parent: null, data: { range: { start: 16n * GiB + BigInt(index) * size, size }, id: index, targetNode: 1 } });
  spawn(kernel.scheduler, device.name, attach(kernel, device));
  settleTasks(kernel);
}

export function kernelOver(bench: Bench, settings: Partial<KernelSettings> = {}): Kernel {
  const firmware = { xsdt: 0n, hostBridges: [], osc: () => ({ isolationControl: false, isolationNotification: false }), takeNotify: () => undefined };
  const kernel = createKernel({
    platform: { ...bench.platform, firmware }, scheduler: createScheduler({ kind: "fixed" }), tasks: createTaskLedger(), trace: createTraceWriter(bench.hardware.ring), policy, handlers: kernelHandlers,
    settings: { ...defaultSettings, ...settings },
  });
  registerDaxDrivers(kernel);
  registerDriver(kernel, cxlDaxRegionDriver);
  for (const index of [0, 1]) createDaxRegion(kernel, index);
  return kernel;
}

export function daxBench(mode: CountingMode, settings: Partial<KernelSettings> = {}): DaxBench {
  const bench = setUp(machineOf([portOf("rp0"), portOf("rp1")]));
  openMemory(bench, 0, 16n * GiB, size, 0);
  openMemory(bench, 1, 16n * GiB + size, size, 1);
  const control = offsetOf("rootPortComponent", "timeoutIsolation", "control");
  for (const port of bench.ports) port.write32(control, isolationOn);
  const kernel = kernelOver(bench, settings);
  return { bench, kernel, workloads: createWorkloads(kernel, mode), start: bench.hardware.now };
}

/** Breaks the link of a port `at` ns after the start. */
export function breakPort({ bench, start }: DaxBench, port: string, at: number): void {
  const action: ProbeAction = { kind: "linkDown", port };
  armProbe(bench.hardware, 0, { match: { kind: "time", at: start + at }, action });
}

const earliest = (times: readonly number[]): number => Math.min(...times.filter((time) => time >= 0));

/** Runs to `end` ns after the start. @throws KernelPanic */
export function runBench({ bench: { hardware }, kernel, workloads, start }: DaxBench, end: number): void {
  for (;;) {
    runTimers(kernel);
    settleTasks(kernel);
    const timer = kernel.timers[0]?.at ?? -1;
    workloads.run(earliest([hardware.nextEvent, timer, start + end]));
    if (hardware.now >= start + end) return;
    hardware.advanceTo(earliest([hardware.nextDeadline, workloads.nextIssue(), kernel.timers[0]?.at ?? -1, start + end]));
  }
}
