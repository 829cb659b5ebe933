// The machines that module and reference run side by side. Times are short but not zero: the module settles after each access.

import type { MachineDescription, WindowDescription } from "../../../src/platform/description.ts";
import { GiB, MiB, bridge, device, downstream, machine, rootPort, switchCard } from "../reference/descriptions.ts";

const base = 16n * GiB;
const window = (overrides: Partial<WindowDescription> = {}): WindowDescription => ({ base, size: 4n * GiB, ways: 1, granularity: 256, targets: [0], ...overrides });
const cache = { memory: true, memoryLinkDown: true, timeout: true, timeoutRanges: 1, errCor: true, interruptMessage: 5, cache: true, cacheLinkDown: true, cacheTimeout: true, cacheTimeoutRanges: 15 } as const;

export const topologies = {
  "one port, one device": machine([bridge(0, [rootPort("rp0", 0, device("dev0", { decoders: 10, resetTime: 20_000_000, poisonOnDecodeError: true }))], { poisonOnDecodeError: true })], { windows: [window()] }),

  "two ways over two bridges": machine(
    [bridge(0, [rootPort("rp0", 3, device("dev0"))]), bridge(1, [rootPort("rp1", 3, device("dev1", { decoders: 1, interleave16: false }), { isolation: cache })], { decoders: 1, targetCount: 1 })],
    { windows: [window({ ways: 2, granularity: 512, targets: [1, 0] }), window({ base: 32n * GiB, size: GiB, targets: [1] })] },
  ),

  "four ports, mixed and persistent devices": machine(
    [
      bridge(0, [
        rootPort("rp0", 0, device("mixed", { persistentCapacity: 512n * MiB, decoders: 2, vectors: 4, link: { speed: 5, width: 4 } }), { link: { speed: 4, width: 16 } }),
        rootPort("rp1", 1, device("persistent", { volatileCapacity: 0n, persistentCapacity: 512n * MiB, interleave3612: false, interleave16: false, messages: "msi", vectors: 5 }), { isolation: null, hotplug: false, snoopFilter: { group: 2, capacity: 512 } }),
        rootPort("rp2", 8, device("kept", { preservesVolatile: true, barSize: 1n << 33n, vectors: 32, backInvalidate: true, volatileCapacity: 5n * GiB }), { backInvalidate: true, dpc: false, link: { speed: 3, width: 1 } }),
        rootPort("rp3", 255, null, { isolation: { ...cache, memoryLinkDown: false, interruptMessage: -1, errCor: false } }),
      ], { decoders: 6, targetCount: 4, poisonOnDecodeError: true }),
    ],
    { windows: [window({ size: 8n * GiB })] },
  ),

  "one switch, four devices": machine(
    [bridge(0, [rootPort("rp0", 0, switchCard("sw0", [0, 1, 2, 3].map((n) => downstream(`dsp${n}`, n * 2, device(`dev${n}`, { serial: BigInt(n), persistentCapacity: n === 3 ? 256n * MiB : 0n }))), { poisonOnDecodeError: true, backInvalidate: true }), { isolation: cache })])],
    { windows: [window()] },
  ),

  "two levels of switches, a passthrough bridge, three ways and XOR": machine(
    [
      bridge(0, [rootPort("rp0", 0, switchCard("sw0", [downstream("dsp0", 0, device("dev0")), downstream("dsp1", 1, switchCard("sw1", [downstream("leaf0", 4, device("dev1")), downstream("leaf1", 5, device("dev2", { link: { speed: 4, width: 16 } }), { dpc: false }), downstream("leaf2", 6, null)], { decoders: 10, targetCount: 4, link: { speed: 4, width: 2 } }))], { decoders: 2, targetCount: 2 }))]),
      bridge(1, [rootPort("rp1", 9, device("dev3"))], { decoders: 0 }),
      bridge(2, [rootPort("rp2", 2, switchCard("sw2", [downstream("only", 0, device("dev4"))], { decoders: 0 })), rootPort("rp3", 3, device("dev5"))], { segment: 1, busStart: 0, busEnd: 31 }),
    ],
    {
      windows: [
        window({ base: 17n * GiB, size: 3n * GiB, ways: 3, targets: [2, 0, 1] }),
        window({ base: 32n * GiB, ways: 2, targets: [1, 2], arithmetic: "xor", xorMaps: [0x2_0210_0100n] }),
        window({ base: 48n * GiB, size: 6n * GiB, ways: 6, granularity: 1024, targets: [0, 1, 2, 2, 1, 0], arithmetic: "xor", xorMaps: [0x1_0400_0400n] }),
        window({ base: 64n * GiB, targets: [0] }),
      ],
      implementation: { isolationExit: "cxl-3.2", timeoutInstant: "latest", decoderCommitTime: 5000, isolationResponseTime: 50, messageOrder: "isolation-first", switchDeadPort: "no-response" },
    },
  ),
} as const satisfies Readonly<Record<string, MachineDescription>>;

export type TopologyName = keyof typeof topologies;
export const topologyNames = Object.keys(topologies) as TopologyName[];
