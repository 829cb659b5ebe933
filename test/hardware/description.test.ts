// Machines that cannot be built: one line that says what, what was found and what is possible.

import { describe, expect, it } from "vitest";
import { MachineDescriptionError } from "../../src/hardware/build.ts";
import { createHardware } from "../../src/hardware/machine.ts";
import type { DeviceDescription, DownstreamPortDescription, HostBridgeDescription, IsolationDescription, MachineDescription, RootPortDescription, SwitchDescription, WindowDescription } from "../../src/platform/description.ts";
import { busesBelow, portsBelow } from "../../src/platform/description.ts";
import { GiB, MiB, defaultIsolation, deviceOf, machineOf, modules, portOf } from "../support/machine.ts";
import { downstreamOf, switchOf } from "../support/topology.ts";

const good = machineOf([portOf("rp0")]);
const window = good.windows[0]!;
const bridge = good.hostBridges[0]!;
const build = (machine: MachineDescription) => createHardware(modules.release, machine);

const withBridge = (changed: Partial<HostBridgeDescription>): MachineDescription => ({ ...good, hostBridges: [{ ...bridge, ...changed }] });
const withPort = (changed: Partial<RootPortDescription>): MachineDescription => machineOf([portOf("rp0", changed)]);
const withDevice = (changed: Partial<DeviceDescription>): MachineDescription => withPort({ slots: [deviceOf("d", changed)] });
const withIsolation = (changed: Partial<IsolationDescription>): MachineDescription => withPort({ isolation: { ...defaultIsolation, ...changed } });
const withSwitch = (changed: Partial<SwitchDescription> = {}, ports: readonly DownstreamPortDescription[] = [downstreamOf("dsp0", 0), downstreamOf("dsp1", 1)]): MachineDescription => withPort({ slots: [switchOf("sw", ports, changed)] });
const withWindow = (...changed: readonly Partial<WindowDescription>[]): MachineDescription => ({ ...good, windows: changed.map((one, index) => ({ ...window, base: window.base + BigInt(index) * 4n * GiB, ...one })) });
const targetsOf = (ways: number): Pick<WindowDescription, "ways" | "targets"> => ({ ways, targets: Array.from({ length: ways }, () => 0) });
/** `depth` switches below each other, a device at the end. */
const chainOf = (depth: number): SwitchDescription => switchOf(`sw${depth}`, [downstreamOf(`dsp${depth}`, 0, [depth === 1 ? deviceOf("leaf") : chainOf(depth - 1)])]);
const bridgesOf = (count: number): HostBridgeDescription[] => Array.from({ length: count }, (_, b) => ({ ...bridge, name: `hb${b}`, uid: b, segment: b, componentBase: 0xfe00_0000n + BigInt(b) * 0x1_0000n, rootPorts: [portOf(`rp${b}`)] }));
const withChoice = (changed: object): MachineDescription => ({ ...good, implementation: { ...good.implementation, ...changed } });

const refusals: readonly (readonly [MachineDescription, RegExp])[] = [
  [{ ...good, hostBridges: [] }, /host bridges: 0 is not an integer in 1\.\.16/],
  [withBridge({ rootPorts: [] }), /hb0 ports: 0/],
  [withBridge({ busEnd: 12 }), /hb0 buses: 12\.\.12 are 1, but the bridge, its 1 root ports and what is declared below them need 2/],
  [withBridge({ busEnd: 3 }), /hb0 busEnd: 3 is not an integer in 12\.\.255/],
  [withBridge({ decoders: 3 }), /hb0 decoders: 3 cannot be encoded/],
  [withBridge({ targetCount: 5 }), /hb0 target count: 5 is not one of 1, 2, 4, 8/],
  [withBridge({ componentBase: 0xfe00_1000n }), /hb0 component registers: 0xfe001000 is no multiple of 64 KiB/],
  [withBridge({ componentBase: 0n }), /component registers: 0x0 lies inside ram 0|ram 0: 0x0 lies inside hb0/],
  [withBridge({ rootPorts: [portOf("a", { portNumber: 1 }), portOf("b", { portNumber: 1 })] }), /b portNumber: 1 is that of a too/],
  [{ ...good, hostBridges: [bridge, { ...bridge, name: "hb1", componentBase: 0xfe01_0000n, rootPorts: [portOf("rp9")] }] }, /hb1 buses: 12\.\.31 overlap 12\.\.31 of hb0 in segment 0/],
  [withPort({ name: "hb0" }), /hb0: the name is used twice/],
  [withPort({ inFlight: 257 }), /rp0 inFlight: 257 is not an integer in 1\.\.256 entries/],
  [withPort({ linkTrainingTime: -1 }), /rp0 linkTrainingTime: -1/],
  [withPort({ isolation: { ...defaultIsolation, timeoutRanges: 4 } }), /rp0 timeout ranges: bitmap 4 is not legal/],
  [withPort({ isolation: { ...defaultIsolation, memory: false } }), /forced link down needs CXL\.mem isolation/],
  [withPort({ isolation: { ...defaultIsolation, interruptMessage: 32 } }), /rp0 isolation message: 32/],
  [withDevice({ volatileCapacity: 1n }), /d volatile capacity: 1 bytes/],
  [withDevice({ barSize: 65_536n }), /d BAR size: 65536 bytes is not a power of two of at least 256 KiB/],
  [withDevice({ decoders: 12 }), /d decoders: 12 is not 1, 2, 4, 6, 8 or 10/],
  [withDevice({ serial: -1n }), /d serial: -1 does not fit 64 bits/],
  [withDevice({ readLatency: 2 ** 32 }), /d readLatency: 4294967296/],
  [withDevice({ mediaReadyTime: 0.5 }), /d mediaReadyTime: 0\.5/],
  [withDevice({ mailbox: { payloadSize: 1 << 17 } }), /d mailbox\.payloadSize: 131072 bytes end at 262720 of BAR 0, which has 262144; give the device a barSize of 524288/],
  [withDevice({ mailbox: { commands: ["explode" as never] } }), /d mailbox\.commands\[0\]: there is no command "explode"/],
  [withDevice({ mailbox: { commandTime: -1 } }), /d mailbox\.commandTime: -1 is not in 0\.\./],
  [{ ...good, windows: [window, { ...window, base: window.base + GiB }] }, /window 1: 0x440000000 lies inside window 0, which ends at 0x500000000/],
  [{ ...good, windows: [{ ...window, base: 0n }] }, /lies inside/],
  [{ ...good, windows: [{ ...window, ways: 5, targets: [0, 0, 0, 0, 0] }] }, /window 0 ways: 5 is not one of 1, 2, 3, 4, 6, 8, 12, 16/],
  [{ ...good, windows: [{ ...window, ways: 2 }] }, /window 0: 1 targets for 2 ways/],
  [{ ...good, windows: [{ ...window, granularity: 300 }] }, /window 0 granularity: 300/],
  [{ ...good, windows: [{ ...window, targets: [1] }] }, /window 0 target 0: 1 is not an integer in 0\.\.0/],
  [{ ...good, windows: [{ ...window, size: 1n << 52n }] }, /is not a range below 2\^52/],
  [{ ...good, ram: [{ base: 1n, size: 4096n }] }, /ram 0: base and size are multiples of 4 KiB/],
  [{ ...good, costs: { ...good.costs, mmioRead: -1 } }, /costs\.mmioRead: -1 is not an integer in 0\.\.4294967295 ns/],
  [{ ...good, platformFailure: "explode" as never }, /platformFailure: explode is not one of reset, hang-until-watchdog, machine-check/],
  [{ ...good, watchdogTime: 0 }, /watchdogTime: 0/],
  [withChoice({ timeoutInstant: "soon" }), /timeoutInstant: soon is not one of earliest, middle, latest/],
  [withChoice({ isolationExit: "never" }), /isolationExit: never/],
  [withChoice({ messageOrder: "random" }), /messageOrder: random/],
  [withChoice({ isolationResponseTime: -5 }), /isolationResponseTime: -5/],
  [withChoice({ clearWhileBusy: "hangs" }), /clearWhileBusy: hangs is not one of ignored, ends/],
  [withChoice({ switchDeadPort: "silence" }), /switchDeadPort: silence is not one of no-response, all-ones/],
  [{ ...good, limits: { ...good.limits, mediaPages: 0 } }, /limits\.mediaPages: 0 is not an integer in 1\.\.262144 pages of 4 KiB/],
  [{ ...good, limits: { ...good.limits, requesters: 5000 } }, /limits\.requesters: 5000/],
  [{ ...good, hostBridges: bridgesOf(17) }, /host bridges: 17 is not an integer in 1\.\.16/],
  [{ ...good, hostBridges: bridgesOf(2).map((one) => ({ ...one, uid: 7 })) }, /hb1 uid: 7 is that of hb0 too/],
  [withBridge({ uid: -1 }), /hb0 uid: -1/],
  [withBridge({ segment: 0x1_0000 }), /hb0 segment: 65536/],
  [withBridge({ rootPorts: Array.from({ length: 33 }, (_, p) => portOf(`rp${p}`, { portNumber: p })), busStart: 0, busEnd: 255 }), /hb0 ports: 33 is not an integer in 1\.\.32/],
  [withBridge({ decoders: 0, rootPorts: [portOf("a"), portOf("b", { portNumber: 1 })] }), /hb0 decoders: 0 lets everything pass to one port, but there are 2/],
  [withPort({ slots: Array.from({ length: 17 }, (_, n) => deviceOf(`d${n}`)) }), /rp0 cards: 17 is not an integer in 0\.\.16/],
  [withPort({ snoopFilter: { group: 0x1_0000, capacity: 1 } }), /rp0 snoopFilter\.group: 65536/],
  [withPort({ snoopFilter: { group: 0, capacity: -1 } }), /rp0 snoopFilter\.capacity: -1 is not an integer in 0\.\.4294967295 units of 64 KiB/],
  [withIsolation({ cacheTimeoutRanges: 5 }), /rp0 cache timeout ranges: bitmap 5 is not legal/],
  [withIsolation({ cacheLinkDown: true }), /rp0 isolation: forced link down of CXL\.cache needs CXL\.cache isolation/],
  [withDevice({ volatileCapacity: 0n }), /d capacity: the device has none; give it volatile or persistent capacity/],
  [withDevice({ persistentCapacity: 128n * MiB }), /d persistent capacity: 134217728 bytes is not a multiple of 256 MiB/],
  [withDevice({ persistentCapacity: -256n * MiB }), /d persistent capacity: -268435456 bytes/],
  [withDevice({ volatileCapacity: 1n << 52n, persistentCapacity: 256n * MiB }), /d capacity: the device has/],
  [withDevice({ labelArea: 1n << 32n }), /d label area: 4294967296 bytes does not fit 32 bits/],
  [withDevice({ barSize: 3n * 131_072n }), /d BAR size: 393216 bytes is not a power of two/],
  [withDevice({ bandwidth: 0 }), /d bandwidth: 0 is not an integer in 1\.\.4294967295 MB\/s/],
  [withDevice({ vectors: 33 }), /d vectors: 33 is not an integer in 1\.\.32/],
  [withDevice({ vectors: 0 }), /d vectors: 0/],
  [withDevice({ resetTime: 100_000_000_001 }), /d resetTime: 100000000001 is not an integer in 0\.\.100000000000 ns/],
  [withSwitch({}, []), /sw ports: 0 is not an integer in 1\.\.32/],
  [withBridge({ busStart: 0, busEnd: 255, rootPorts: [portOf("rp0", { slots: [switchOf("sw", Array.from({ length: 33 }, (_, p) => downstreamOf(`p${p}`, p)))] })] }), /sw ports: 33 is not an integer in 1\.\.32/],
  [withSwitch({}, [downstreamOf("a", 3), downstreamOf("b", 3)]), /b portNumber: 3 is that of a too/],
  [withSwitch({}, [downstreamOf("a", 256)]), /a portNumber: 256 is not an integer in 0\.\.255/],
  [withSwitch({ decoders: 0 }), /sw decoders: 0 lets everything pass to one port, but there are 2/],
  [withSwitch({ decoders: 7 }), /sw decoders: 7 cannot be encoded/],
  [withSwitch({ targetCount: 3 }), /sw target count: 3 is not one of 1, 2, 4, 8/],
  [withSwitch({ latency: -1 }), /sw latency: -1/],
  [withSwitch({ bandwidth: 0 }), /sw bandwidth: 0/],
  [withSwitch({ serial: 1n << 64n }), /sw serial: 18446744073709551616 does not fit 64 bits/],
  [withSwitch({}, [downstreamOf("dsp0", 0, [deviceOf("rp0")])]), /rp0: the name is used twice/],
  [withSwitch({}, [downstreamOf("dsp0", 0, [deviceOf("x", { vectors: 99 })])]), /x vectors: 99/],
  [withPort({ slots: [chainOf(5)] }), /sw1: is switch number 5 on the way down; 4 are possible/],
  [withPort({ slots: [deviceOf("d"), switchOf("sw", Array.from({ length: 20 }, (_, p) => downstreamOf(`p${p}`, p)))] }), /hb0 buses: 12\.\.31 are 20, but the bridge, its 1 root ports and what is declared below them need 23/],
  [withWindow({ arithmetic: "both" as never }), /window 0 arithmetic: both is not one of modulo, xor/],
  [withWindow({ xorMaps: [0x100n] }), /window 0 maps: only XOR arithmetic has bitmaps/],
  [withWindow({ arithmetic: "xor", xorMaps: [0x100n] }), /window 0 maps: 1 bitmaps, but 1 ways need 0/],
  [withWindow({ ...targetsOf(4), arithmetic: "xor", xorMaps: [0x100n] }), /window 0 maps: 1 bitmaps, but 4 ways need 2/],
  [withWindow({ ...targetsOf(3), arithmetic: "xor", xorMaps: [0x100n] }), /window 0 maps: 1 bitmaps, but 3 ways need 0/],
  [withWindow({ ...targetsOf(12), arithmetic: "xor", xorMaps: [0x100n] }), /window 0 maps: 1 bitmaps, but 12 ways need 2/],
  [withWindow({ ...targetsOf(2), arithmetic: "xor", xorMaps: [0n] }), /window 0 maps: 0x0 is not a bitmap of address bits 51:0/],
  [withWindow({ ...targetsOf(2), arithmetic: "xor", xorMaps: [1n << 52n] }), /window 0 maps: 0x10000000000000 is not a bitmap/],
  [withWindow({ ...targetsOf(2), arithmetic: "xor", xorMaps: [0x100n] }, { ...targetsOf(2), arithmetic: "xor", xorMaps: [0x200n] }), /window 1 maps: differ from those of another XOR window of granularity 256/],
  [withWindow({ restrictions: 0x40 }), /window 0 restrictions: 64 is not an integer in 0\.\.63/],
  [withPort({ link: { speed: 6, width: 8 } }), /rp0 link speed: 6 is not one of 3, 4, 5/],
  [withDevice({ link: { speed: 5, width: 12 } }), /d link width: 12 is not one of 1, 2, 4, 8, 16/],
  [withSwitch({ link: { speed: 2, width: 1 } }), /sw link speed: 2/],
  [withBridge({ performance: { readLatency: 0, writeLatency: 1, readBandwidth: 1, writeBandwidth: 1 } }), /hb0 performance\.readLatency: 0 is not an integer in 1\.\.4294967 ns/],
  [withBridge({ performance: { readLatency: 1, writeLatency: 1, readBandwidth: 1, writeBandwidth: 2 ** 32 } }), /hb0 performance\.writeBandwidth: 4294967296/],
  [withWindow({ qtg: 0x1_0000 }), /window 0 qtg: 65536/],
];

describe("a machine that cannot be built", () => {
  for (const [machine, message] of refusals) {
    it(`is refused: ${message.source.replaceAll("\\", "")}`, () => {
      expect(() => build(machine)).toThrow(MachineDescriptionError);
      expect(() => build(machine)).toThrow(message);
    });
  }

  it("what lies at the edge of every limit can be built", () => {
    const edges: readonly MachineDescription[] = [
      { ...good, hostBridges: bridgesOf(16) },
      withPort({ slots: [chainOf(4)] }),
      withDevice({ volatileCapacity: 0n, persistentCapacity: 256n * MiB, labelArea: 0xffff_ffffn, vectors: 32, resetTime: 100_000_000_000, bandwidth: 1 }),
      withDevice({ vectors: 1, resetTime: 0, barSize: 1n << 40n }),
      withSwitch({ decoders: 0 }, [downstreamOf("dsp0", 255)]),
      withBridge({ decoders: 0 }),
      withBridge({ busEnd: 13 }),
      withIsolation({ cache: true, cacheLinkDown: true, cacheTimeout: true, cacheTimeoutRanges: 15 }),
      withWindow({ ...targetsOf(3), arithmetic: "xor" }, { arithmetic: "xor", xorMaps: [] }, { ...targetsOf(6), arithmetic: "xor", xorMaps: [0x100n] }, { ...targetsOf(12), arithmetic: "xor", xorMaps: [0x100n, 0x200n] }, { ...targetsOf(2), granularity: 512, arithmetic: "xor", xorMaps: [0x400n] }),
      withWindow({ restrictions: 0x3f, qtg: 0xffff }),
    ];
    for (const machine of edges) expect(() => build(machine)).not.toThrow();
  });

  it("buses: one for each port, one for the inside of each switch, and of alternates the largest counts", () => {
    const two = switchOf("two", [downstreamOf("a", 0), downstreamOf("b", 1)]);
    const nested = switchOf("nested", [downstreamOf("c", 0, [two, deviceOf("spare")]), downstreamOf("d", 1)]);
    expect([portOf("p"), portOf("p", { slots: [] }), portOf("p", { slots: [two] }), portOf("p", { slots: [deviceOf("x"), two] }), portOf("p", { slots: [two, nested] })].map(busesBelow)).toEqual([1, 1, 4, 4, 7]);
    expect(portsBelow([portOf("p", { slots: [two, nested] })]).map((port) => port.name)).toEqual(["p", "a", "b", "c", "a", "b", "d"]);
    const exact = (busEnd: number): MachineDescription => withBridge({ busEnd, rootPorts: [portOf("p", { slots: [nested] })] });
    expect(() => build(exact(12 + 7))).not.toThrow();
    expect(() => build(exact(12 + 6))).toThrow(/hb0 buses: 12\.\.18 are 7, but the bridge, its 1 root ports and what is declared below them need 8/);
  });

  it("the largest one can: 8 host bridges, 64 root ports, two cards each, in one module", () => {
    const bridges = Array.from({ length: 8 }, (_, b) => ({ ...bridge, name: `hb${b}`, uid: b, segment: b, componentBase: 0xfe00_0000n + BigInt(b) * 0x1_0000n, decoders: 32, rootPorts: Array.from({ length: 8 }, (__, p) => portOf(`rp${b}-${p}`, { portNumber: p, inFlight: 256, slots: [deviceOf(`d${b}-${p}`, { decoders: 10 }), deviceOf(`e${b}-${p}`, { decoders: 10 })] })) }));
    for (const variant of ["release", "checked"] as const) {
      const hardware = createHardware(modules[variant], { ...good, hostBridges: bridges, windows: [{ ...window, ways: 8, targets: [0, 1, 2, 3, 4, 5, 6, 7] }], limits: { mediaPages: 1024, traceRecords: 65_536, probes: 1024, requesters: 4096 } });
      hardware.advanceTo(10_000);
      expect([hardware.now, hardware.port("rp7-7").link, hardware.entities.devices.size]).toEqual([10_000, "up", 128]);
    }
  });
});
