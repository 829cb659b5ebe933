// A kernel booted on the real module, with user space over its files.

import type { FirmwareOptions } from "../../src/firmware/firmware.ts";
import { boot, kernelHandlers, onNotify } from "../../src/kernel/boot.ts";
import type { Kernel } from "../../src/kernel/base/kernel.ts";
import type { StepFault, StepFaultSpec } from "../../src/kernel/base/steps.ts";
import { armStep } from "../../src/kernel/base/steps.ts";
import type { ModulePlan } from "../../src/kernel/base/module-plan.ts";
import type { KernelPolicies } from "../../src/kernel/policy.ts";
import { defaultPolicies } from "../../src/kernel/policy.ts";
import { createFileSystem } from "../../src/kernel/sysfs/file-system.ts";
import type { FileSystem } from "../../src/kernel/sysfs/file-system.ts";
import type { MachineDescription } from "../../src/platform/description.ts";
import type { System } from "../../src/sandbox/system.ts";
import { createSystem, step } from "../../src/sandbox/system.ts";
import { checkTasks, hasReady, isRunning, nextWakeTime, spawn } from "../../src/sim/task.ts";
import type { Task } from "../../src/sim/task.ts";
import { runCommand } from "../../src/userland/run.ts";
import type { CommandResult } from "../../src/userland/output.ts";
import { modules } from "./machine.ts";

export const safePolicies: KernelPolicies = { ...defaultPolicies, isolationAction: "recover", memoryUse: "device-dax-only", onlineType: "offline", notification: "interrupt", recoveryOrder: "fence-first", refuseIsolated: false };
const firmware: FirmwareOptions = { isolationOwner: "os", restrictions: { deviceCoherent: true, hostOnlyCoherent: true, volatile: true, persistent: false, fixed: false } };

export interface Booted {
  readonly system: System;
  readonly kernel: Kernel;
  /** Faults of kernel steps with their evidence. */
  readonly faults: readonly StepFault[];
  readonly files: FileSystem;
  /** Runs a task of the kernel to its end; what it throws is thrown. */
  readonly run: <T>(body: Task<T>) => T;
  readonly command: (line: string) => CommandResult;
  /** Lets everything that is ready or sleeping come to its end. */
  readonly settle: () => void;
  readonly read: (path: string) => string;
  readonly dmesg: () => string[];
}

const stepLimit = 200_000;

function runTask<T>(system: System, body: Task<T>): T {
  let result: { readonly value: T } | { readonly error: unknown } | undefined;
  const wrapped = function* (): Task<void> {
    try {
      result = { value: yield* body };
    } catch (error) {
      result = { error };
    }
  };
  const id = spawn(system.scheduler, "test", wrapped());
  for (let steps = 0; isRunning(system.scheduler, id); steps++) {
    if (steps > stepLimit) throw new Error("the task does not end");
    const done = step(system, system.hardware.now + 1_000_000_000);
    if (done.kind === "ended") throw new Error(`the system ended: ${JSON.stringify(done.end)}`);
  }
  if (!hasReady(system.scheduler)) checkTasks(system.kernel.tasks);
  if (result === undefined) throw new Error("the task left no result");
  if ("error" in result) throw result.error;
  return result.value;
}

function settle(system: System): void {
  for (let steps = 0; hasReady(system.scheduler) || nextWakeTime(system.scheduler) >= 0 || system.platform.interrupts.pending; steps++) {
    if (steps > stepLimit) throw new Error("the system does not settle");
    step(system, system.hardware.now + 1_000_000_000);
  }
}

export interface BootOptions {
  readonly policies?: Partial<KernelPolicies>;
  /** Races are decided by this seed; in order when absent. */
  readonly seed?: number;
  readonly restrictions?: Partial<FirmwareOptions["restrictions"]>;
  readonly firmware?: Partial<FirmwareOptions>;
  /** Faults of kernel steps, armed at power-on. */
  readonly steps?: readonly StepFaultSpec[];
  /** Everything built in when absent. */
  readonly modules?: ModulePlan;
  /** A task that runs beside the boot. */
  readonly beside?: (kernel: Kernel, files: FileSystem) => Task<void>;
  /** Hears every step of the kernel, from the start. */
  readonly onStep?: (booted: Pick<Booted, "kernel" | "files">, text: string) => void;
}

/** Powers a machine on and boots it. */
export function bootMachine(machine: MachineDescription, options: BootOptions = {}): Booted {
  const restrictions = { ...firmware.restrictions, ...options.restrictions };
  const system = createSystem(modules.release, { machine, firmware: { ...firmware, ...options.firmware, restrictions }, policies: { ...safePolicies, ...options.policies }, handlers: kernelHandlers, seed: options.seed ?? 1, schedule: options.seed === undefined ? "fixed" : "seeded", onNotify });
  const { kernel } = system;
  const faults = (options.steps ?? []).map((spec) => armStep(kernel, spec));
  const files = createFileSystem(kernel);
  const run = <T>(body: Task<T>): T => runTask(system, body);
  const { beside, onStep } = options;
  if (onStep !== undefined) kernel.trace.onText = (layer, _kind, text) => void (layer === "kernel" && onStep({ kernel, files }, text));
  if (beside !== undefined) spawn(system.scheduler, "beside boot", beside(kernel, files));
  run(boot(kernel, options.modules));
  settle(system);
  return { system, kernel, faults, files, run, command: (line) => run(runCommand(kernel, files, line)), settle: () => settle(system), read: (path) => files.read(path), dmesg: () => kernel.log.map((line) => line.text) };
}
