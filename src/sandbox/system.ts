// Joins hardware, firmware and kernel into one running system, and moves it forward one step at a time. No wall time, no waiting.

import { deliverInterrupts, KernelPanic, nextTimer, runTimers } from "../kernel/base/kernel.ts";
import type { Call, Handler, Kernel } from "../kernel/base/kernel.ts";
import { createKernel } from "../kernel/base/kernel.ts";
import { noticeRoutes } from "../kernel/mm/backing.ts";
import { errorNotifyHandler } from "../kernel/mce/ghes.ts";
import { checkLockups, nextLockupCheck } from "../kernel/watchdog/processors.ts";
import { checkHungTasks, nextHungCheck } from "../kernel/watchdog/tasks.ts";
import { addPlugIns } from "../kernel/plug-in/host.ts";
import type { KernelPolicies } from "../kernel/policy.ts";
import type { KernelSettings } from "../kernel/settings.ts";
import { installFirmware } from "../firmware/firmware.ts";
import type { Firmware, FirmwareOptions, FirmwareTarget } from "../firmware/firmware.ts";
import { createHardware } from "../hardware/machine.ts";
import type { Hardware, HostState } from "../hardware/machine.ts";
import { createPlatform } from "../hardware/platform.ts";
import type { HardwarePlatform } from "../hardware/platform.ts";
import type { MachineDescription } from "../platform/description.ts";
import type { DriverModule } from "../platform/driver.ts";
import type { Platform } from "../platform/platform.ts";
import { blocks } from "../../registers/blocks.ts";
import { timeoutIsolation } from "../../registers/timeout-isolation.ts";
import { extract } from "../platform/registers.ts";
import { createRandom } from "../sim/random.ts";
import { hashText } from "../sim/hash.ts";
import type { ExploredStrategy } from "../sim/explored.ts";
import type { RecordedStrategy, Scheduler, Strategy } from "../sim/task.ts";
import { createScheduler, createTaskLedger, hasReady, nextWakeTime, runOne, wakeSleepers } from "../sim/task.ts";
import { createTraceWriter, kernelKinds, traceText } from "../sim/trace.ts";
import type { DriverParameters } from "./drivers.ts";
import { plugInsOf } from "./drivers.ts";

/** Who loads and stores beside the kernel; see src/workload. */
export interface Workloads {
  /** Virtual time of the earliest request that is to be issued, or -1. */
  nextIssue(): number;
  /** Issues what is due and takes completions. `horizon`: the next event that is not a workload's. */
  run(horizon: number): void;
}

/** Hardware and firmware: a machine before its kernel. */
export interface Host {
  readonly hardware: Hardware;
  readonly firmware: Firmware;
  readonly platform: Platform;
}

export interface SystemOptions {
  readonly machine: MachineDescription;
  readonly firmware: FirmwareOptions;
  /** A machine that is there already, made of `machine` and `firmware`; absent: it is made. */
  readonly host?: Host;
  readonly policies: KernelPolicies;
  /** Absent: as Linux has them. */
  readonly settings?: KernelSettings;
  readonly handlers: ReadonlyMap<string, Handler>;
  readonly seed: number;
  /** `seeded`: by `seed`. */
  readonly schedule: "fixed" | "seeded" | ExploredStrategy | RecordedStrategy;
  /** Called for an ACPI notify that firmware raises. */
  readonly onNotify: Call | null;
  /** Driver plug-ins, before the built-in ones, with their parameters by driver. */
  readonly drivers?: readonly DriverModule[];
  readonly driverParameters?: DriverParameters;
}

export interface System {
  readonly hardware: Hardware;
  readonly firmware: Firmware;
  readonly platform: Platform;
  readonly kernel: Kernel;
  readonly scheduler: Scheduler;
  readonly onNotify: Call | null;
  workloads: Workloads | null;
}

function strategyOf({ schedule, seed }: SystemOptions): Strategy {
  if (schedule === "seeded") return { kind: "seeded", random: createRandom(seed, hashText("schedule").low) };
  return schedule === "fixed" ? { kind: "fixed" } : schedule;
}

/** What firmware sees of hardware. */
export function firmwareTarget(hardware: Hardware, platform: HardwarePlatform): FirmwareTarget {
  return { platform, writeRam: (address, bytes) => hardware.writeRam(address, bytes), isToldOf: (name) => isPortIsolated(hardware, name) && isErrCorEnabled(hardware, name) };
}

/** Builds a machine up to power-on, with what its firmware leaves behind. */
export function createHost(module: WebAssembly.Module, machine: MachineDescription, options: FirmwareOptions): Host {
  return startHost(createHardware(module, machine), options);
}

/** A machine whose firmware starts: after power-on, or after a reset. */
export function startHost(hardware: Hardware, options: FirmwareOptions): Host {
  const parts = createPlatform(hardware);
  const firmware = installFirmware(firmwareTarget(hardware, parts), hardware.description, options);
  return { hardware, firmware, platform: { ...parts, firmware } };
}

/** Builds everything up to power-on; the kernel has not run yet. */
export function createSystem(module: WebAssembly.Module, options: SystemOptions): System {
  const { hardware, firmware, platform } = options.host ?? createHost(module, options.machine, options.firmware);
  const scheduler = createScheduler(strategyOf(options));
  const trace = createTraceWriter(hardware.ring);
  scheduler.onChoice = (name, index, among) => traceText(trace, "kernel", kernelKinds.choice, name, "", index, among);
  const kernel = createKernel({ platform, scheduler, tasks: createTaskLedger(), trace, policy: options.policies, ...(options.settings === undefined ? {} : { settings: options.settings }), handlers: options.handlers });
  addPlugIns(kernel, plugInsOf(options.policies, options.drivers, options.driverParameters));
  return { hardware, firmware, platform, kernel, scheduler, onNotify: options.onNotify, workloads: null };
}

/** A register of a root port's isolation structure, seen without the CPU's help; 0 where there is no such port. */
function peekIsolation(hardware: Hardware, name: string, register: "control" | "status"): number {
  const port = hardware.entities.ports.get(name);
  return port === undefined ? 0 : hardware.peekComponent(port.id, blocks.rootPortComponent.placements.timeoutIsolation.at + timeoutIsolation.registers[register].offset);
}

const { control, status } = timeoutIsolation.registers;

/** Status bit of a root port; false where there is no such capability. */
export const isPortIsolated = (hardware: Hardware, name: string): boolean => extract(status.fields.memoryIsolation, peekIsolation(hardware, name, "status")) === 1;

const isErrCorEnabled = (hardware: Hardware, name: string): boolean => extract(control.fields.errCorEnable, peekIsolation(hardware, name, "control")) === 1;

/** Why a system goes no further. */
export type End = { readonly kind: "panic"; readonly message: string } | { readonly kind: "host"; readonly state: HostState } | { readonly kind: "limit"; readonly what: string };

/** Outcome of one step: something happened, nothing is left that could happen before `horizon`, or the system ended. */
export type Step = { readonly kind: "progress" } | { readonly kind: "horizon" } | { readonly kind: "ended"; readonly end: End };

const progress: Step = { kind: "progress" };
const atHorizon: Step = { kind: "horizon" };

function earliest(...times: readonly number[]): number {
  let found = -1;
  for (const time of times) if (time >= 0 && (found < 0 || time < found)) found = time;
  return found;
}

function deliverNotifies(system: System): boolean {
  system.firmware.poll();
  let delivered = false;
  for (let notify = system.firmware.takeNotify(); notify !== undefined; notify = system.firmware.takeNotify()) {
    delivered = true;
    const handler = system.onNotify === null ? undefined : system.kernel.handlers.get(system.onNotify.handler);
    handler?.(system.kernel, notify.uid);
  }
  const { errors } = system.firmware;
  for (let source = errors?.takeNotify(); source !== undefined; source = errors?.takeNotify()) {
    delivered = true;
    system.kernel.handlers.get(errorNotifyHandler)?.(system.kernel, source);
  }
  return delivered;
}

function stepInside(system: System, horizon: number): Step {
  const { kernel, scheduler, hardware } = system;
  const notified = deliverNotifies(system);
  const interrupted = deliverInterrupts(kernel) > 0;
  noticeRoutes(kernel);
  runTimers(kernel);
  wakeSleepers(scheduler, hardware.now);
  checkHungTasks(kernel, hardware.now);
  checkLockups(kernel, hardware.now);
  const others = earliest(nextTimer(kernel), nextWakeTime(scheduler), nextHungCheck(kernel), nextLockupCheck(kernel), horizon);
  system.workloads?.run(hasReady(scheduler) ? hardware.now : earliest(others, hardware.nextEvent));
  if (hasReady(scheduler)) {
    runOne(scheduler, () => hardware.now);
    return progress;
  }
  if (notified || interrupted || system.platform.interrupts.pending) return progress;
  // A machine check that a workload just met may have set a timer.
  const next = earliest(others, nextTimer(kernel), hardware.nextDeadline, system.workloads?.nextIssue() ?? -1);
  if (hardware.now >= horizon) return atHorizon;
  hardware.advanceTo(next < 0 ? horizon : Math.min(next, horizon));
  return progress;
}

function endOf(system: System): End | undefined {
  const { hardware, kernel } = system;
  if (kernel.panic !== null) return { kind: "panic", message: kernel.panic.message };
  if (hardware.hostState !== "running") return { kind: "host", state: hardware.hostState };
  const limit = hardware.limitsReached[0];
  return limit === undefined ? undefined : { kind: "limit", what: limit };
}

/** Moves the system by one step, at most to virtual time `horizon`. */
export function step(system: System, horizon: number): Step {
  const before = endOf(system);
  if (before !== undefined) return { kind: "ended", end: before };
  let result: Step;
  try {
    result = stepInside(system, horizon);
  } catch (thrown) {
    if (!(thrown instanceof KernelPanic)) throw thrown;
    result = progress;
  }
  const end = endOf(system);
  return end === undefined ? result : { kind: "ended", end };
}
