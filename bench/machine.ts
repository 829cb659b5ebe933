// The machine of the benchmarks: one bridge, two ports, memory open.

import { createHardware } from "../src/hardware/machine.ts";
import type { Hardware } from "../src/hardware/machine.ts";
import type { MachineDescription, RootPortDescription } from "../src/platform/description.ts";

const device = (name: string) => ({ name, volatileCapacity: 256n << 20n, serial: 1n, barSize: 262_144n, decoders: 4, readLatency: 300, writeLatency: 200, interleave3612: false, interleave16: false, mediaReadyTime: 1000, preservesVolatile: false });
const port = (name: string, portNumber: number): RootPortDescription => ({ name, portNumber, isolation: { memory: true, memoryLinkDown: true, timeout: true, timeoutRanges: 15, errCor: true, interruptMessage: 3 }, inFlight: 16, hotplug: true, linkTrainingTime: 100_000, slots: [device(`${name}-dev`)], present: true });

export const description: MachineDescription = {
  hostBridges: [{ name: "hb0", uid: 0, segment: 0, busStart: 12, busEnd: 31, componentBase: 0xfe00_0000n, decoders: 4, targetCount: 8, rootPorts: [port("rp0", 0), port("rp1", 1)] }],
  windows: [{ base: 16n << 30n, size: 4n << 30n, ways: 1, granularity: 256, targets: [0] }],
  ram: [{ base: 0n, size: 1n << 30n }],
  costs: { config: 1, mmioRead: 1, mmioWrite: 1, memory: 1 },
  platformFailure: "reset",
  watchdogTime: 10_000_000_000,
  implementation: { isolationExit: "cxl-3.2", timeoutInstant: "earliest", decoderCommitTime: 0, isolationResponseTime: 50, messageOrder: "isolation-first" },
  limits: { mediaPages: 256, traceRecords: 65_536, probes: 32, requesters: 64 },
};

export const build = (module: WebAssembly.Module): Hardware => createHardware(module, description);
