// A booted system with drivers of the test's own, for tests of the plug-in interface.

import type { ProbeAction } from "../../src/hardware/probes.ts";
import { armProbe } from "../../src/hardware/probes.ts";
import { boot as bootKernel, kernelHandlers, onNotify } from "../../src/kernel/boot.ts";
import type { Kernel } from "../../src/kernel/base/kernel.ts";
import type { KernelPolicies } from "../../src/kernel/policy.ts";
import { defaultPolicies } from "../../src/kernel/policy.ts";
import { createFileSystem } from "../../src/kernel/sysfs/file-system.ts";
import type { FileSystem } from "../../src/kernel/sysfs/file-system.ts";
import type { MachineDescription } from "../../src/platform/description.ts";
import type { DeviceHooks, DriverDevice, DriverModule, DriverServices } from "../../src/platform/driver.ts";
import type { DriverParameters } from "../../src/sandbox/drivers.ts";
import { runFor, runTask, settle } from "../../src/sandbox/drive.ts";
import type { System } from "../../src/sandbox/system.ts";
import { createSystem } from "../../src/sandbox/system.ts";
import { runCommand } from "../../src/userland/run.ts";
import { machineOf, modules, portOf } from "../support/machine.ts";

export const second = 1_000_000_000;

export interface Host {
  readonly system: System;
  readonly kernel: Kernel;
  readonly files: FileSystem;
  readonly log: () => string[];
  /** Runs a command line to its end; standard output and error. */
  readonly command: (line: string) => string;
  /** Something happens to the hardware in a moment. */
  readonly act: (action: ProbeAction) => void;
  readonly run: (nanoseconds: number) => void;
}

export interface Setup {
  readonly machine?: MachineDescription;
  readonly policies?: Partial<KernelPolicies>;
  readonly parameters?: DriverParameters;
  readonly memoryErrors?: boolean;
}

export function bootWith(drivers: readonly DriverModule[], setup: Setup = {}): Host {
  const system = createSystem(modules.release, {
    machine: setup.machine ?? machineOf([portOf("rp0"), portOf("rp1")]), firmware: { isolationOwner: "os", restrictions: { deviceCoherent: true, hostOnlyCoherent: true, volatile: true, persistent: true, fixed: false } },
    policies: { ...defaultPolicies, memoryUse: "device-dax-only", onlineType: "offline", ...setup.policies }, handlers: kernelHandlers, seed: 1, schedule: "fixed", onNotify, drivers, driverParameters: setup.parameters ?? {},
  });
  const { kernel, hardware } = system;
  const files = createFileSystem(kernel);
  runTask(system, "boot", bootKernel(kernel));
  settle(system);
  let probes = 0;
  return {
    system, kernel, files,
    log: () => kernel.log.map((line) => line.text),
    command: (line) => {
      const { stdout, stderr } = runTask(system, "command", runCommand(kernel, files, line));
      return stdout + stderr;
    },
    act: (action) => void armProbe(hardware, probes++ % 32, { match: { kind: "time", at: hardware.now + 100_000 }, action }),
    run: (nanoseconds) => runFor(system, nanoseconds),
  };
}

/** A driver of root ports (or of what `over` matches) whose probe is the test's. */
export function driverOf(probe: (device: DriverDevice, kernel: DriverServices) => ReturnType<ReturnType<DriverModule["start"]>["probe"]>, over: Partial<DriverModule> = {}): DriverModule {
  return { name: "demo", match: { kind: "root-port" }, start: (kernel) => ({ probe: (device) => probe(device, kernel) }), ...over };
}

/** The same with hooks that do nothing but what is given. */
export const hooking = (hooks: (device: DriverDevice, kernel: DriverServices) => DeviceHooks, over: Partial<DriverModule> = {}): DriverModule => driverOf(hooks, over);

/** Memory devices by class. */
export const memoryDevices: Partial<DriverModule> = { match: { class: 0x05_0210 } };
