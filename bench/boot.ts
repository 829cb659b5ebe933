// From power-on to a system at rest: a two-way machine until its region has a driver, and large trees of switches, with how their time grows.

import { boot, kernelHandlers, onNotify } from "../src/kernel/boot.ts";
import { busDevices, findDevice, unbind } from "../src/kernel/base/device.ts";
import type { Kernel } from "../src/kernel/base/kernel.ts";
import { isMemdev } from "../src/kernel/cxl/types.ts";
import { defaultPolicies } from "../src/kernel/policy.ts";
import { createFileSystem } from "../src/kernel/sysfs/file-system.ts";
import type { DeviceDescription, DownstreamPortDescription, MachineDescription, RootPortDescription, SwitchDescription } from "../src/platform/description.ts";
import type { FirmwareSetup } from "../src/platform/firmware-setup.ts";
import { noSetup } from "../src/platform/firmware-setup.ts";
import { runTask, settle } from "../src/sandbox/drive.ts";
import type { System } from "../src/sandbox/system.ts";
import { createSystem } from "../src/sandbox/system.ts";
import { runCommand } from "../src/userland/run.ts";
import type { Measured } from "./main.ts";

const MiB = 1n << 20n;
const GiB = 1n << 30n;
const windowBase = 64n * GiB;

const device = (name: string, serial: number): DeviceDescription => ({ name, volatileCapacity: 256n * MiB, labelArea: MiB, serial: BigInt(serial), barSize: 262_144n, decoders: 4, readLatency: 300, writeLatency: 200, interleave3612: true, interleave16: true, mediaReadyTime: 1000, preservesVolatile: false });
const common = { hotplug: true, linkTrainingTime: 100_000, present: true };
const rootPort = (name: string, portNumber: number, card: DeviceDescription | SwitchDescription): RootPortDescription => ({ ...common, name, portNumber, isolation: { memory: true, memoryLinkDown: true, timeout: true, timeoutRanges: 15, errCor: true, interruptMessage: 3 }, inFlight: 16, slots: [card] });

const base = {
  ram: [{ base: 0n, size: GiB }], costs: { config: 1, mmioRead: 1, mmioWrite: 1, memory: 1 }, platformFailure: "reset", watchdogTime: 10_000_000_000,
  implementation: { isolationExit: "cxl-3.2", timeoutInstant: "earliest", decoderCommitTime: 0, isolationResponseTime: 50, messageOrder: "isolation-first" },
  limits: { mediaPages: 256, traceRecords: 65_536, probes: 32, requesters: 64 },
} as const;

const bridge = (index: number, rootPorts: readonly RootPortDescription[]) => ({ name: `hb${index}`, uid: index, segment: index, busStart: 0, busEnd: 255, componentBase: 0xfe00_0000n + BigInt(index) * 0x1_0000n, decoders: 32, targetCount: 8, rootPorts });
const windowOf = (index: number, size: bigint) => ({ base: windowBase + BigInt(index) * size, size, ways: 1, granularity: 256, targets: [index] });

const twoWay: MachineDescription = { ...base, hostBridges: [bridge(0, [0, 1].map((n) => rootPort(`rp${n}`, n, device(`mem${n}`, n + 1))))], windows: [windowOf(0, 4n * GiB)] };
const committed: FirmwareSetup = { ...noSetup, regions: [{ window: 0, base: windowBase, size: 512n * MiB, granularity: 256, targets: ["mem0", "mem1"], isLocked: false }], softReserved: [{ base: windowBase, size: 512n * MiB }] };

const below = 8;
const portsOfBridge = 8;

/** Host bridges with eight ports each, a switch of eight devices in every port; a segment and a window per bridge. */
function large(bridges: number): MachineDescription {
  const switchOf = (name: string, serial: number): SwitchDescription => ({
    kind: "switch", name, serial: BigInt(serial), decoders: 10, targetCount: 8, latency: 50,
    ports: Array.from({ length: below }, (_, n): DownstreamPortDescription => ({ ...common, name: `${name}-${n}`, portNumber: n, slots: [device(`${name}-${n}-dev`, serial * below + n + 1)] })),
  });
  return {
    ...base,
    hostBridges: Array.from({ length: bridges }, (_, b) => bridge(b, Array.from({ length: portsOfBridge }, (__, r) => rootPort(`rp${b}-${r}`, r, switchOf(`sw${b}-${r}`, b * portsOfBridge + r + 1))))),
    windows: Array.from({ length: bridges }, (_, b) => windowOf(b, 32n * GiB)),
  };
}

function start(module: WebAssembly.Module, machine: MachineDescription, setup: FirmwareSetup = noSetup): System {
  const restrictions = { deviceCoherent: true, hostOnlyCoherent: true, volatile: true, persistent: true, fixed: false };
  const system = createSystem(module, { machine, firmware: { isolationOwner: "os", restrictions, setup }, policies: defaultPolicies, handlers: kernelHandlers, seed: 1, schedule: "fixed", onNotify });
  runTask(system, "boot", boot(system.kernel));
  settle(system);
  return system;
}

function expectRegion(kernel: Kernel): void {
  if (findDevice(kernel, "cxl", "region0")?.driver?.name !== "cxl_region") throw new Error("region0 has no driver: what is measured here did not happen");
}

function createRegion(module: WebAssembly.Module): void {
  const system = start(module, twoWay);
  const done = runTask(system, "command", runCommand(system.kernel, createFileSystem(system.kernel), "cxl create-region -d decoder0.0 -w 2 -t ram -m mem0 mem1"));
  if (done.exitCode !== 0) throw new Error(done.stderr);
  settle(system);
  expectRegion(system.kernel);
}

function bootLarge(module: WebAssembly.Module, bridges: number): void {
  const { kernel } = start(module, large(bridges));
  const bound = busDevices(kernel, "cxl").filter((one) => isMemdev(one) && one.driver !== null).length;
  if (bound !== bridges * portsOfBridge * below) throw new Error(`${bound} memory devices have a driver, not ${bridges * portsOfBridge * below}`);
}

/** A machine of 64 devices for each host bridge, booted. */
export const startLarge = (module: WebAssembly.Module, bridges: number): System => start(module, large(bridges));

function takeRootAway(system: System | undefined): void {
  const root = system === undefined ? undefined : findDevice(system.kernel, "platform", "ACPI0017:00");
  if (system === undefined || root === undefined) throw new Error("no root to take away");
  runTask(system, "unbind", unbind(system.kernel, root));
  settle(system);
  if (busDevices(system.kernel, "cxl").some((one) => !isMemdev(one))) throw new Error("something is left");
}

/** What an administrator does on a large machine: everything listed, one memory device listed, the root driver taken away. */
function useLarge(module: WebAssembly.Module, bridges: number): Measured[] {
  const devices = bridges * portsOfBridge * below;
  const listed = start(module, large(bridges));
  const files = createFileSystem(listed.kernel);
  const list = (line: string): void => void runTask(listed, "command", runCommand(listed.kernel, files, line));
  const others = Array.from({ length: 4 }, () => start(module, large(bridges)));
  return [
    measuredAs(`cxl list -BDMPERT of ${devices} devices`, timesOf(() => list("cxl list -BDMPERT"), 3)),
    measuredAs(`cxl list -Dm mem7 of ${devices} devices`, timesOf(() => list("cxl list -Dm mem7"), 3)),
    measuredAs(`cxl_acpi unbound over ${devices} devices`, timesOf(() => takeRootAway(others.pop()), 3)),
  ];
}

interface Times {
  readonly cold: number;
  readonly warm: number;
  readonly best: number;
}

/** Milliseconds of the first run, and the median and the least of those after it: on a busy machine the least says more. */
function timesOf(work: () => void, rounds: number): Times {
  const times = Array.from({ length: rounds + 1 }, () => {
    const before = process.hrtime.bigint();
    work();
    return Number(process.hrtime.bigint() - before) / 1e6;
  });
  const [cold = 0, ...later] = times;
  const ordered = later.toSorted((a, b) => a - b);
  return { cold, warm: ordered[Math.floor(rounds / 2)] ?? 0, best: ordered[0] ?? 0 };
}

const measuredAs = (name: string, { cold, warm, best }: Times, note = ""): Measured => ({ name, perSecond: 1000 / warm, note: `${warm.toFixed(1)} ms each, least ${best.toFixed(1)}; ${cold.toFixed(1)} ms the first time${note}` });

/** To be measured before anything else: the first run is a cold one. */
export function measureBoot(module: WebAssembly.Module): Measured[] {
  const small = [
    measuredAs("boot to region, 2-way, committed by firmware", timesOf(() => expectRegion(start(module, twoWay, committed).kernel), 101)),
    measuredAs("boot to region, 2-way, cxl create-region", timesOf(() => createRegion(module), 101)),
  ];
  const counts = [1, 2, 4, 8].map((bridges) => ({ devices: bridges * portsOfBridge * below, times: timesOf(() => bootLarge(module, bridges), 5) }));
  const [least] = counts;
  const perDevice = ({ devices, times }: (typeof counts)[number]): number => times.best / devices;
  return [...small, ...counts.map((one) => measuredAs(`boot of ${one.devices} devices below switches`, one.times, least === undefined ? "" : `; per device ${(perDevice(one) / perDevice(least)).toFixed(2)} times that of ${least.devices}`)), ...useLarge(module, 8)];
}
