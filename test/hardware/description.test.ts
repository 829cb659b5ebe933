// Machines that cannot be built: one line that says what, what was found and what is possible.

import { describe, expect, it } from "vitest";
import { MachineDescriptionError } from "../../src/hardware/build.ts";
import { createHardware } from "../../src/hardware/machine.ts";
import type { DeviceDescription, HostBridgeDescription, MachineDescription, RootPortDescription } from "../../src/platform/description.ts";
import { GiB, defaultIsolation, deviceOf, machineOf, modules, portOf } from "../support/machine.ts";

const good = machineOf([portOf("rp0")]);
const window = good.windows[0]!;
const bridge = good.hostBridges[0]!;
const build = (machine: MachineDescription) => createHardware(modules.release, machine);

const withBridge = (changed: Partial<HostBridgeDescription>): MachineDescription => ({ ...good, hostBridges: [{ ...bridge, ...changed }] });
const withPort = (changed: Partial<RootPortDescription>): MachineDescription => machineOf([portOf("rp0", changed)]);
const withDevice = (changed: Partial<DeviceDescription>): MachineDescription => withPort({ slots: [deviceOf("d", changed)] });
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
  [{ ...good, limits: { ...good.limits, mediaPages: 0 } }, /limits\.mediaPages: 0 is not an integer in 1\.\.262144 pages of 4 KiB/],
  [{ ...good, limits: { ...good.limits, requesters: 5000 } }, /limits\.requesters: 5000/],
];

describe("a machine that cannot be built", () => {
  for (const [machine, message] of refusals) {
    it(`is refused: ${message.source.replaceAll("\\", "")}`, () => {
      expect(() => build(machine)).toThrow(MachineDescriptionError);
      expect(() => build(machine)).toThrow(message);
    });
  }

  it("the largest one can: 8 host bridges, 64 root ports, two cards each, in one module", () => {
    const bridges = Array.from({ length: 8 }, (_, b) => ({ ...bridge, name: `hb${b}`, uid: b, segment: b, componentBase: 0xfe00_0000n + BigInt(b) * 0x1_0000n, decoders: 32, rootPorts: Array.from({ length: 8 }, (__, p) => portOf(`rp${b}-${p}`, { portNumber: p, inFlight: 256, slots: [deviceOf(`d${b}-${p}`, { decoders: 10 }), deviceOf(`e${b}-${p}`, { decoders: 10 })] })) }));
    for (const variant of ["release", "checked"] as const) {
      const hardware = createHardware(modules[variant], { ...good, hostBridges: bridges, windows: [{ ...window, ways: 8, targets: [0, 1, 2, 3, 4, 5, 6, 7] }], limits: { mediaPages: 1024, traceRecords: 65_536, probes: 1024, requesters: 4096 } });
      hardware.advanceTo(10_000);
      expect([hardware.now, hardware.port("rp7-7").link, hardware.entities.devices.size]).toEqual([10_000, "up", 128]);
    }
  });
});
