// Machine descriptions for the oracles' tests, with every default in one place. Nothing here loads the module.

import type { DeviceDescription, DownstreamPortDescription, HostBridgeDescription, MachineDescription, RootPortDescription, SlotDescription, SwitchDescription } from "../../../src/platform/description.ts";

export const MiB = 1n << 20n;
export const GiB = 1n << 30n;
const blockSize = 0x1_0000n;

export const device = (name: string, overrides: Partial<DeviceDescription> = {}): DeviceDescription => ({
  name, volatileCapacity: 256n * MiB, serial: 0x1122_3344_5566_7788n, barSize: 256n * 1024n, decoders: 4, readLatency: 300, writeLatency: 200, interleave3612: true, interleave16: true, mediaReadyTime: 1000, preservesVolatile: false, ...overrides,
});

export const downstream = (name: string, portNumber: number, card: SlotDescription | null, overrides: Partial<DownstreamPortDescription> = {}): DownstreamPortDescription => ({
  name, portNumber, hotplug: true, linkTrainingTime: 2000, slots: card === null ? [] : [card], present: card !== null, ...overrides,
});

export const rootPort = (name: string, portNumber: number, card: SlotDescription | null, overrides: Partial<RootPortDescription> = {}): RootPortDescription => ({
  ...downstream(name, portNumber, card), isolation: { memory: true, memoryLinkDown: true, timeout: true, timeoutRanges: 15, errCor: true, interruptMessage: 3 }, inFlight: 16, ...overrides,
});

export const switchCard = (name: string, ports: readonly DownstreamPortDescription[], overrides: Partial<SwitchDescription> = {}): SwitchDescription => ({ kind: "switch", name, serial: 0x77n, decoders: 4, targetCount: 8, latency: 100, ports, ...overrides });

/** Bridge number `index`; buses from 16 * index, in one segment. */
export const bridge = (index: number, rootPorts: readonly RootPortDescription[], overrides: Partial<HostBridgeDescription> = {}): HostBridgeDescription => ({
  name: `hb${index}`, uid: index, segment: 0, busStart: index * 16, busEnd: index * 16 + 15, componentBase: 0xfe00_0000n + BigInt(index) * blockSize, decoders: 4, targetCount: 8, rootPorts, ...overrides,
});

export const machine = (hostBridges: readonly HostBridgeDescription[], overrides: Partial<MachineDescription> = {}): MachineDescription => ({
  hostBridges,
  windows: [{ base: 16n * GiB, size: 4n * GiB, ways: 1, granularity: 256, targets: [0] }],
  ram: [{ base: 0n, size: 256n * MiB }],
  costs: { config: 1, mmioRead: 1, mmioWrite: 1, memory: 1 },
  platformFailure: "machine-check",
  watchdogTime: 10_000_000_000,
  implementation: { isolationExit: "cxl-3.2", timeoutInstant: "earliest", decoderCommitTime: 0, isolationResponseTime: 50, messageOrder: "isolation-first", switchDeadPort: "all-ones" },
  limits: { mediaPages: 4096, traceRecords: 4096, probes: 4, requesters: 4 },
  ...overrides,
});
