// All short sequences of writes to decoders and to the device DVSEC, and a third of those of four writes, module (both builds) and reference side by side.

import { describe, expect, it } from "vitest";
import { loadModule } from "../../src/hardware/module.ts";
import type { MachineDescription } from "../../src/platform/description.ts";
import type { Access, Width } from "../oracles/differential/bench.ts";
import { perform } from "../oracles/differential/bench.ts";
import type { Letter } from "../oracles/differential/exhaust.ts";
import { exhaust, oneOf } from "../oracles/differential/exhaust.ts";
import { componentHandle, decoderPlaces, offsetIn, places } from "../oracles/differential/places.ts";
import type { Differential } from "../oracles/differential/run.ts";
import { bringUp } from "../oracles/differential/run.ts";
import { GiB, MiB, bridge, device, machine, rootPort } from "../oracles/reference/descriptions.ts";

const modules = [(await loadModule("release")).module, (await loadModule("checked")).module];
const base = 16n * GiB;
const granule = 256n * MiB;
const length = 4;
/** Every sequence as a number with the letters as its digits: all that are shorter than the longest, and of those the ones whose sum of digits is a multiple of `oneOf`. */
function sequencesOf(letters: number): number {
  const shorter = Array.from({ length: length - 1 }, (_, i) => letters ** (i + 1)).reduce((sum, count) => sum + count, 0);
  const digits = (number: number): number => Array.from({ length }, (_, place) => Math.floor(number / letters ** place) % letters).reduce((sum, digit) => sum + digit, 0);
  return shorter + Array.from({ length: letters ** length }, (_, number) => digits(number)).filter((sum) => sum % oneOf === 0).length;
}

const lock = 1 << 8;
const commit = 1 << 9;
const twoWays = 1 << 4;
const reservedWays = 5 << 4;
const threeWays = 8 << 4;

const write = (place: number, at: number, value: bigint | number): Access => ({ kind: "register", isWrite: true, place, at, width: 4, value: BigInt(value) & 0xffff_ffffn });
const read = (place: number, at: number): Access => ({ kind: "register", isWrite: false, place, at, width: 4, value: 0n });
const config = (place: number, at: number, width: Width, value?: bigint | number): Access => ({ kind: "config", isWrite: value !== undefined, place, at, width, value: BigInt(value ?? 0) & 0xffff_ffffn });
const load = (at: bigint): Access => ({ kind: "memory", isWrite: false, place: 0, at, width: 8, value: 0n });
const store = (at: bigint, value: bigint): Access => ({ kind: "memory", isWrite: true, place: 0, at, width: 8, value });

const dvsec = (register: string): number => offsetIn("deviceConfig", "dvsecDevice", register);
const letter = (name: string, ...accesses: Access[]): Letter => ({ name, accesses });

const description: MachineDescription = machine([bridge(0, [rootPort("rp0", 0, device("dev0", { volatileCapacity: 1024n * MiB, persistentCapacity: 512n * MiB, resetTime: 10_000_000 })), rootPort("rp1", 1, device("dev1"))])]);
const endpoint = (differential: Differential) => differential.layout.functions.find(({ kind }) => kind === "endpoint") as Differential["layout"]["functions"][number];

/** Decoders 0 and 1 programmed one behind the other, not committed. */
function programmed(handle: number, isDevice: boolean): Access[] {
  return [0, 1].flatMap((n) => {
    const at = decoderPlaces(isDevice, n);
    const start = base + BigInt(2 * n) * granule;
    return [write(handle, at.baseHigh, start >> 32n), write(handle, at.baseLow, start), write(handle, at.sizeLow, granule), ...(isDevice ? [] : [write(handle, at.listLow, 0x0001_0100)])];
  });
}

/** Straight through the host bridge, for tests of a device. */
function openBridge(differential: Differential): Access[] {
  const handle = componentHandle(differential.layout, "hb0");
  const at = decoderPlaces(false, 0);
  return [write(handle, at.baseHigh, base >> 32n), write(handle, at.baseLow, base), write(handle, at.sizeHigh, 1), write(handle, at.sizeLow, 0), write(handle, at.control, commit)];
}

function decoderLetters(handle: number, isDevice: boolean): Letter[] {
  const one = (name: string, at: number, value: bigint | number): Letter => letter(name, write(handle, at, value));
  const [first, second] = [decoderPlaces(isDevice, 0), decoderPlaces(isDevice, 1)];
  return [
    one("commit 0", first.control, commit), one("commit and lock 0", first.control, commit | lock), one("uncommit 0", first.control, 0),
    one("move 0", first.baseLow, 3n * granule), one("grow 0", first.sizeLow, 3n * granule), one("empty 0", first.sizeLow, 0), one("two ways 0", first.control, commit | lock | twoWays),
    one(isDevice ? "skip 0" : "same target 0", first.listLow, isDevice ? granule : 0),
    one("commit 1", second.control, commit), one("commit and lock 1", second.control, commit | lock), one("uncommit 1", second.control, 0), one("move 1 down", second.baseLow, 0),
    isDevice ? one("three ways 1", second.control, commit | lock | threeWays) : one("reserved ways 1", second.control, commit | reservedWays),
  ];
}

const decoderLooks = (handle: number, isDevice: boolean): Access[] => [0, 1].flatMap((n) => Object.values(decoderPlaces(isDevice, n)).map((at) => read(handle, at)));
const memoryLooks = [0n, 256n, granule, 2n * granule + 64n, 3n * granule].flatMap((offset) => [store(base + offset, offset + 1n), load(base + offset)]);

describe("every sequence of up to three writes, and of four every third", () => {
  it.each([["port", "hb0"], ["device", "dev0"]] as const)("[C1] [C2] [C3] [C5] [C8] [C9] [C10] [C11] to two decoders of a %s", (kind, name) => {
    const differential = bringUp(modules, description);
    const isDevice = kind === "device";
    const handle = componentHandle(differential.layout, isDevice ? endpoint(differential).address : name);
    const before = [...(isDevice ? [...openBridge(differential), write(handle, places.globalControl, 2)] : []), ...programmed(handle, isDevice)];
    const letters = decoderLetters(handle, isDevice);
    const { sequences, story } = exhaust(differential, before, letters, [...decoderLooks(handle, isDevice), ...memoryLooks.slice(0, isDevice ? memoryLooks.length : 2)], length);
    expect([story, sequences]).toEqual(["", sequencesOf(letters.length)]);
  }, 600_000);

  it("to CONFIG_LOCK, ranges, Mem_Enable and HDM Decoder Enable of a device, and its resets: the lock holds until a conventional one", () => {
    const differential = bringUp(modules, description);
    const { address } = endpoint(differential);
    const handle = componentHandle(differential.layout, address);
    const root = differential.layout.functions[0]?.address ?? 0;
    const again = differential.layout.accesses.filter(({ isWrite, place }) => isWrite && place === address);
    const letters = [
      letter("lock", config(address, dvsec("lock"), 2, 1)), letter("write 0 to the lock", config(address, dvsec("lock"), 2, 0)), letter("lock as a dword", config(address, dvsec("lock"), 4, 0xffff_ffff)),
      letter("Mem_Enable", config(address, dvsec("control"), 2, 4)), letter("no Mem_Enable", config(address, dvsec("control"), 2, 0)), letter("all of control, one byte", config(address, dvsec("control"), 1, 0xff)),
      letter("range 1 here", config(address, dvsec("range1BaseLow"), 4, 0)), letter("range 1 away", config(address, dvsec("range1BaseLow"), 4, 0x4000_0000)), letter("range 2 over it", config(address, dvsec("range2BaseLow"), 4, granule)),
      letter("HDM decoders on", write(handle, places.globalControl, 2)), letter("HDM decoders off", write(handle, places.globalControl, 0)),
      letter("function level reset", config(address, places.functionControl, 2, 0x8000)), letter("CXL reset", config(address, places.deviceControl2, 2, 4)),
      letter("link down and up", config(root, places.portControl, 2, 2), config(root, places.linkControl, 2, 0x10), config(root, places.linkControl, 2, 0), ...again),
    ];
    const before = [...openBridge(differential), config(address, dvsec("range1BaseHigh"), 4, base >> 32n), config(address, dvsec("range2BaseHigh"), 4, base >> 32n), config(address, dvsec("range2BaseLow"), 4, 0xf000_0000)];
    const looks = [...["control", "control2", "status2", "lock"].map((register) => config(address, dvsec(register), 2)), ...["range1SizeLow", "range1BaseHigh", "range1BaseLow", "range2SizeLow", "range2BaseHigh", "range2BaseLow"].map((register) => config(address, dvsec(register), 4)), read(handle, places.globalControl), ...memoryLooks.slice(0, 6)];
    const { sequences, story } = exhaust(differential, before, letters, looks, length);
    expect([story, sequences]).toEqual(["", sequencesOf(letters.length)]);
  }, 600_000);
});

describe("while a commit is being checked", () => {
  it.each([["port", "hb0"], ["device", "dev0"]] as const)("[C1] [C7] no write reaches the decoder of a %s, and the result is that of what was there", (kind, name) => {
    const checkTime = 1_000_000;
    const differential = bringUp(modules, { ...description, implementation: { ...description.implementation, decoderCommitTime: checkTime } });
    const isDevice = kind === "device";
    const handle = componentHandle(differential.layout, isDevice ? endpoint(differential).address : name);
    const at = decoderPlaces(isDevice, 0);
    for (const bench of differential.benches) {
      for (const access of programmed(handle, isDevice)) perform(bench, access);
      const clean = bench.hardware.snapshot();
      const io = bench.handles[handle] as (typeof bench.handles)[number];
      for (const control of [commit, commit | lock, commit | reservedWays]) {
        for (const [register, offset] of Object.entries(at)) {
          for (const value of [0, 0xffff_ffff, commit, commit | lock | twoWays]) {
            bench.hardware.restore(clean);
            io.write32(at.control, control);
            const was = Object.values(at).map((one) => io.read32(one));
            expect([register, value, io.read32(at.control)]).toEqual([register, value, control]);
            io.write32(offset, value);
            expect([register, value, ...Object.values(at).map((one) => io.read32(one))]).toEqual([register, value, ...was]);
            bench.hardware.advanceTo(bench.hardware.now + checkTime);
            expect([register, value, io.read32(at.control)]).toEqual([register, value, control | (control === (commit | reservedWays) ? 0x800 : 0x400)]);
          }
        }
      }
    }
  });
});
