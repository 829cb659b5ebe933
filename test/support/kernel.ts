// A kernel booted on the real module, with user space over its files.

import type { FirmwareOptions } from "../../src/firmware/firmware.ts";
import { boot, kernelHandlers, onNotify } from "../../src/kernel/boot.ts";
import type { Kernel } from "../../src/kernel/base/kernel.ts";
import type { StepFault, StepFaultSpec } from "../../src/kernel/base/steps.ts";
import { armStep } from "../../src/kernel/base/steps.ts";
import type { ModulePlan } from "../../src/kernel/base/module-plan.ts";
import type { KernelPolicies } from "../../src/kernel/policy.ts";
import { defaultPolicies } from "../../src/kernel/policy.ts";
import type { KernelSettings } from "../../src/kernel/settings.ts";
import { defaultSettings } from "../../src/kernel/settings.ts";
import { createFileSystem } from "../../src/kernel/sysfs/file-system.ts";
import type { FileSystem } from "../../src/kernel/sysfs/file-system.ts";
import type { MachineDescription } from "../../src/platform/description.ts";
import { runTask, settle } from "../../src/sandbox/drive.ts";
import type { System } from "../../src/sandbox/system.ts";
import { createSystem } from "../../src/sandbox/system.ts";
import { spawn } from "../../src/sim/task.ts";
import type { ExploredStrategy } from "../../src/sim/explored.ts";
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

export interface BootOptions {
  readonly policies?: Partial<KernelPolicies>;
  readonly settings?: Partial<KernelSettings>;
  /** Races are decided by this seed; in order when absent. */
  readonly seed?: number;
  /** Races are decided by an exploration. */
  readonly strategy?: ExploredStrategy;
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
  const system = createSystem(modules.release, { machine, firmware: { ...firmware, ...options.firmware, restrictions }, policies: { ...safePolicies, ...options.policies }, settings: { ...defaultSettings, ...options.settings }, handlers: kernelHandlers, seed: options.seed ?? 1, schedule: options.strategy ?? (options.seed === undefined ? "fixed" : "seeded"), onNotify });
  const { kernel } = system;
  const faults = (options.steps ?? []).map((spec) => armStep(kernel, spec));
  const files = createFileSystem(kernel);
  const run = <T>(body: Task<T>): T => runTask(system, "test", body);
  const { beside, onStep } = options;
  if (onStep !== undefined) kernel.trace.onText = (layer, _kind, text) => void (layer === "kernel" && onStep({ kernel, files }, text));
  if (beside !== undefined) spawn(system.scheduler, "beside boot", beside(kernel, files));
  run(boot(kernel, options.modules));
  settle(system);
  return { system, kernel, faults, files, run, command: (line) => run(runCommand(kernel, files, line)), settle: () => settle(system), read: (path) => files.read(path), dmesg: () => kernel.log.map((line) => line.text) };
}
