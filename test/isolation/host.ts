// A booted system with regions, dax devices and VMs, for tests that break its ports.

import type { ProbeSpec } from "../../src/hardware/probes.ts";
import { armProbe } from "../../src/hardware/probes.ts";
import type { Device } from "../../src/kernel/base/device.ts";
import { attach, busDevices, findDevice, unbind } from "../../src/kernel/base/device.ts";
import type { Kernel } from "../../src/kernel/base/kernel.ts";
import { boot as bootKernel, kernelHandlers, onNotify } from "../../src/kernel/boot.ts";
import { isMemdev, memdevOf } from "../../src/kernel/cxl/types.ts";
import { createDaxDevice, daxRegionOf, resizeDaxDevice } from "../../src/kernel/dax/region.ts";
import { daxDeviceOf } from "../../src/kernel/dax/types.ts";
import type { RegionPlan } from "../../src/kernel/isolation/regions.ts";
import { activateRegion, createFromPlan } from "../../src/kernel/isolation/regions.ts";
import { recoveries } from "../../src/kernel/isolation/state.ts";
import { fileSize } from "../../src/kernel/mm/mapping.ts";
import { isRootPort } from "../../src/kernel/pci/device.ts";
import { isLinkUp } from "../../src/kernel/pci/link.ts";
import type { KernelPolicies } from "../../src/kernel/policy.ts";
import { defaultPolicies } from "../../src/kernel/policy.ts";
import type { KernelSettings } from "../../src/kernel/settings.ts";
import { defaultSettings } from "../../src/kernel/settings.ts";
import type { MachineDescription } from "../../src/platform/description.ts";
import { runFor, runTask } from "../../src/sandbox/drive.ts";
import type { System } from "../../src/sandbox/system.ts";
import { createSystem } from "../../src/sandbox/system.ts";
import type { Task } from "../../src/sim/task.ts";
import { task } from "../../src/sim/task.ts";
import type { CountingMode } from "../../src/workload/state.ts";
import type { Workloads } from "../../src/workload/workloads.ts";
import { addVm, createWorkloads } from "../../src/workload/workloads.ts";
import { MiB, defaultIsolation, deviceOf, machineOf, modules, portOf } from "../support/machine.ts";

const policy: KernelPolicies = { ...defaultPolicies, isolationAction: "recover", memoryUse: "device-dax-only", onlineType: "offline", notification: "interrupt", recoveryOrder: "fence-first", refuseIsolated: false };
export const second = 1_000_000_000;

export interface Host {
  readonly system: System;
  readonly kernel: Kernel;
  readonly workloads: Workloads;
  readonly regions: Device[];
}

const makeRegion = task("test.region", function* (kernel: Kernel, ports: readonly Device[], size: bigint, sizes: readonly bigint[], into: Device[]): Task<void> {
  const rootDecoder = findDevice(kernel, "cxl", "decoder0.0");
  if (rootDecoder === undefined) throw new Error("no root decoder");
  const plan: RegionPlan = { name: "wanted", rootDecoder, start: 0n, size, ways: ports.length, granularity: 256, mode: "ram", uuid: "", places: ports.map((port) => port.name), dax: [], aliveBytes: 0n, kept: null };
  const made = yield* createFromPlan(kernel, plan);
  yield* activateRegion(kernel, made.region);
  into.push(made.region);
  const parent = made.region.children[0];
  const dax = parent === undefined ? undefined : daxRegionOf(kernel, parent);
  const first = dax?.devices[0];
  if (dax === undefined || first === undefined) throw new Error("no dax region");
  if (sizes.length === 0) return;
  yield* unbind(kernel, first);
  yield* resizeDaxDevice(kernel, first, 0n);
  for (const one of sizes) yield* attach(kernel, yield* createDaxDevice(kernel, dax, one, false));
});

export interface Setup {
  readonly policies?: Partial<KernelPolicies>;
  readonly settings?: Partial<KernelSettings>;
  readonly machine?: Partial<MachineDescription>;
  readonly isInterleaved?: boolean;
  readonly vms?: number;
  readonly slots?: readonly ReturnType<typeof deviceOf>[];
  readonly owner?: "os" | "firmware-enable" | "firmware-notify";
  readonly counting?: CountingMode;
  /** Device capacity and dax device size; default 256 MiB and 64 MiB. */
  readonly capacity?: bigint;
  readonly spareAt?: "rp0" | "rp1";
  readonly forcesLinkDown?: boolean;
  readonly isolation?: Partial<typeof defaultIsolation>;
  /** Sees the machine before the kernel boots. */
  readonly watch?: (system: System) => void;
}

export function boot(setup: Setup = {}): Host {
  const capacity = setup.capacity ?? 256n * MiB;
  const slots = (name: string): ReturnType<typeof deviceOf>[] => [deviceOf(`${name}-dev`, { serial: name === "rp0" ? 0xa0n : 0xa1n, volatileCapacity: capacity }), ...(name === (setup.spareAt ?? "rp0") ? (setup.slots ?? []) : [])];
  const describePort = (name: string) => portOf(name, { slots: slots(name), isolation: { ...defaultIsolation, memoryLinkDown: setup.forcesLinkDown ?? true, ...setup.isolation } });
  const machine = machineOf([describePort("rp0"), describePort("rp1")], setup.machine);
  const system = createSystem(modules.release, {
    machine, firmware: { isolationOwner: setup.owner ?? "os", restrictions: { deviceCoherent: true, hostOnlyCoherent: true, volatile: true, persistent: true, fixed: false } },
    policies: { ...policy, ...setup.policies }, settings: { ...defaultSettings, ...setup.settings }, handlers: kernelHandlers, seed: 1, schedule: "fixed", onNotify,
  });
  const { kernel } = system;
  setup.watch?.(system);
  runTask(system, "boot", bootKernel(kernel));
  const regions: Device[] = [];
  const ports = [...kernel.devices.values()].filter(isRootPort);
  const quarters = [capacity / 4n, capacity / 4n, capacity / 4n, capacity / 4n];
  if (setup.isInterleaved === true) runTask(system, "region", makeRegion(kernel, ports, capacity * 2n, quarters.map((size) => size * 2n), regions));
  else for (const port of ports) runTask(system, "region", makeRegion(kernel, [port], capacity, quarters, regions));
  const workloads = createWorkloads(kernel, setup.counting);
  system.workloads = workloads;
  const devices = busDevices(kernel, "dax").filter((device) => fileSize(daxDeviceOf(device)) > 0n);
  for (const device of devices.slice(0, setup.vms ?? devices.length)) addVm(workloads, { name: `vm-${device.name}`, device: device.name, vcpus: 1, period: 2000, reads: 7, of: 10, wrap: 65536 });
  return { system, kernel, workloads, regions };
}

export function run(host: Host, nanoseconds: number): void {
  runFor(host.system, nanoseconds);
}

export const inject = (host: Host, action: ProbeSpec["action"], after = 100_000, id = 0): boolean => armProbe(host.system.hardware, id, { match: { kind: "time", at: host.system.hardware.now + after }, action }) === undefined;
export const states = (host: Host): string[] => recoveries(host.kernel).map((recovery) => recovery.state);
export const isDead = (host: Host) => (port: Device): boolean => !isLinkUp(host.kernel, port);
export const serials = (host: Host): bigint[] => busDevices(host.kernel, "cxl").filter(isMemdev).map((device) => memdevOf(device).serial).toSorted((a, b) => (a < b ? -1 : 1));
export const log = (host: Host): string => host.kernel.log.map((line) => line.text).join("\n");

export function breakPort(host: Host, port = "rp0"): void {
  inject(host, { kind: "linkDown", port });
  inject(host, { kind: "linkUp", port }, 400_000, 1);
  run(host, 10 * second);
}
