// A thousand devices under switches: memory of the module, PCI enumeration by the kernel, and what one access costs beside a small machine.

import { createPlatform } from "../src/hardware/platform.ts";
import type { Hardware } from "../src/hardware/machine.ts";
import { createHardware } from "../src/hardware/machine.ts";
import { kernelHandlers } from "../src/kernel/boot.ts";
import { initializeAcpi } from "../src/kernel/acpi/acpi.ts";
import type { Kernel } from "../src/kernel/base/kernel.ts";
import { enumerateHostBridge } from "../src/kernel/pci/enumerate.ts";
import { isPciDevice, pciFunctionOf } from "../src/kernel/pci/device.ts";
import type { Device } from "../src/kernel/base/device.ts";
import { pciAddress } from "../src/platform/pci-address.ts";
import type { DownstreamPortDescription, MachineDescription, SwitchDescription } from "../src/platform/description.ts";
import { runTask } from "../src/sandbox/drive.ts";
import { createSystem } from "../src/sandbox/system.ts";
import { task } from "../src/sim/task.ts";
import type { Task } from "../src/sim/task.ts";
import { linuxPolicies } from "./policies.ts";
import { description } from "./machine.ts";
import type { Measured } from "./main.ts";
import { median } from "./main.ts";

const [bridges, rootPorts, downstreamPorts] = [5, 7, 30];

const device = (name: string) => ({ name, volatileCapacity: 4n << 30n, labelArea: 1n << 20n, serial: 1n, barSize: 262_144n, decoders: 10, readLatency: 300, writeLatency: 200, interleave3612: true, interleave16: true, mediaReadyTime: 1000, preservesVolatile: false });
const common = { hotplug: true, linkTrainingTime: 100_000, present: true };
const downstream = (name: string, portNumber: number): DownstreamPortDescription => ({ ...common, name, portNumber, slots: [device(`${name}-dev`)] });
const switchOf = (name: string): SwitchDescription => ({ kind: "switch", name, serial: 2n, decoders: 10, targetCount: 8, latency: 50, ports: Array.from({ length: downstreamPorts }, (_, number) => downstream(`${name}-${number}`, number)) });

const large: MachineDescription = {
  ...description,
  hostBridges: Array.from({ length: bridges }, (_, b) => ({
    name: `hb${b}`, uid: b, segment: b, busStart: 0, busEnd: 255, componentBase: 0xfe00_0000n + BigInt(b) * 0x1_0000n, decoders: 32, targetCount: 8,
    rootPorts: Array.from({ length: rootPorts }, (__, r) => ({ ...common, name: `rp${b}-${r}`, portNumber: r, isolation: null, inFlight: 64, slots: [switchOf(`sw${b}-${r}`)] })),
  })),
  limits: { mediaPages: 2048, traceRecords: 65_536, probes: 256, requesters: 256 },
};

const functionsBelow = (above: Device): number => above.children.filter(isPciDevice).reduce((sum, child) => sum + 1 + functionsBelow(child), 0);
const endpointsBelow = (above: Device): number => above.children.filter(isPciDevice).reduce((sum, child) => sum + (pciFunctionOf(child).bridge === null ? 1 : 0) + endpointsBelow(child), 0);

function enumerate(module: WebAssembly.Module): { readonly seconds: number; readonly functions: number; readonly endpoints: number; readonly hardware: Hardware } {
  const firmware = { isolationOwner: "os", restrictions: { deviceCoherent: true, hostOnlyCoherent: true, volatile: true, persistent: false, fixed: false } } as const;
  const system = createSystem(module, { machine: large, firmware, policies: linuxPolicies, handlers: kernelHandlers, seed: 1, schedule: "fixed", onNotify: { handler: "", argument: 0 } });
  const found: Device[] = [];
  const work = task("bench.enumerate", function* (kernel: Kernel): Task<void> {
    initializeAcpi(kernel);
    for (const bridge of system.platform.firmware.hostBridges) found.push(yield* enumerateHostBridge(kernel, bridge));
  });
  const start = process.hrtime.bigint();
  runTask(system, "bench", work(system.kernel));
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const sum = (count: (above: Device) => number): number => found.reduce((total, bridge) => total + count(bridge), 0);
  return { seconds, functions: sum(functionsBelow), endpoints: sum(endpointsBelow), hardware: system.hardware };
}

const accesses = 400_000;

/** Config reads of the last function of a machine as it stands. */
function configReads(name: string, hardware: Hardware, address: number): Measured {
  const { config } = createPlatform(hardware);
  if (config.read32(address, 0) === 0xffff_ffff) throw new Error(`${name}: nothing at ${address.toString(16)}`);
  return median(name, accesses, () => {
    for (let i = 0; i < accesses; i++) config.read32(address, 0);
  });
}

export function measureScale(module: WebAssembly.Module): Measured[] {
  const { seconds, functions, endpoints, hardware } = enumerate(module);
  const small = createHardware(module, { ...large, hostBridges: [{ ...(large.hostBridges[0] as (typeof large.hostBridges)[0]), rootPorts: [{ ...(large.hostBridges[0] as (typeof large.hostBridges)[0]).rootPorts[0] as (typeof large.hostBridges)[0]["rootPorts"][0], slots: [{ ...switchOf("one"), ports: [downstream("one-0", 0)] }] }] }] });
  const { config } = createPlatform(small);
  for (const [bus, number, secondary, subordinate] of [[0, 0, 1, 3], [1, 0, 2, 3], [2, 0, 3, 3]] as const) config.write32(pciAddress(0, bus, number, 0), 0x18, (subordinate << 16) | (secondary << 8) | bus);
  const few = configReads("config read below a switch, 1 device", small, pciAddress(0, 3, 0, 0));
  const many = configReads(`config read below a switch, ${endpoints} devices`, hardware, pciAddress(4, 3, 0, 0));
  const megabytes = hardware.bytes.length / 2 ** 20;
  return [
    { name: `PCI enumeration of ${functions} functions, ${endpoints} devices`, perSecond: 1 / seconds, note: `${(seconds * 1000).toFixed(0)} ms; module memory ${megabytes.toFixed(1)} MiB, of it media ${(large.limits.mediaPages / 256).toFixed(0)} MiB` },
    few, { ...many, note: `cost ratio ${(few.perSecond / many.perSecond).toFixed(2)}` },
  ];
}
