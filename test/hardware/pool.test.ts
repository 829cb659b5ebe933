// Forks from a pool of instances: what a fork is at its start, what becomes of it, and what stays with the instance.

import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Hardware } from "../../src/hardware/machine.ts";
import { createPlatform } from "../../src/hardware/platform.ts";
import { HardwarePool } from "../../src/hardware/pool.ts";
import { armProbe } from "../../src/hardware/probes.ts";
import type { MachineDescription } from "../../src/platform/description.ts";
import { digestsOf, disturb } from "../support/disturb.ts";
import type { Bench } from "../support/machine.ts";
import { GiB, deviceOf, machineOf, openMemory, portOf, setUp } from "../support/machine.ts";

const description = machineOf([portOf("rp0"), portOf("rp1", { inFlight: 1 })], { platformFailure: "machine-check" });

/** All that a machine is: state and used media pages. */
function imageOf({ bytes, words, map, exports }: Hardware): Buffer {
  const mediaBase = words[map.mediaBase] ?? 0;
  return Buffer.concat([bytes.subarray(exports.rootAddress(), words[map.stateEnd]), bytes.subarray(mediaBase, mediaBase + (words[map.mediaUsed] ?? 0) * 4096)]);
}

/** Byte where two images part; -1: nowhere. */
const difference = (a: Buffer, b: Buffer): number => (a.equals(b) ? -1 : a.findIndex((byte, index) => byte !== b[index]));

/** The same ranges of another machine, mapped there. */
function benchOver(bench: Bench, hardware: Hardware): Bench {
  const platform = createPlatform(hardware);
  const again = ({ base, size }: Bench["bridge"]): Bench["bridge"] => platform.ioremap(base, size);
  return { ...bench, hardware, platform, bridge: again(bench.bridge), ports: bench.ports.map(again), devices: bench.devices.map(again) };
}

function opened(machine: MachineDescription = description): Bench {
  const bench = setUp(machine);
  openMemory(bench);
  return bench;
}

const runs = fc.record({ before: fc.nat(), after: fc.nat(), inOld: fc.nat(), count: fc.integer({ min: 0, max: 600 }) });

describe("a fork of hardware", () => {
  it("[rule 5] is its origin byte for byte, has its digests and deadline, and the same future, whatever its instance was before", () => {
    const origin = opened();
    const pool = new HardwarePool(origin.hardware);
    fc.assert(
      fc.property(runs, ({ before, after, inOld, count }) => {
        const bench = benchOver(origin, pool.fork(origin.hardware));
        disturb(bench, before, count);
        const fork = pool.fork(bench.hardware);
        expect(difference(imageOf(fork), imageOf(bench.hardware))).toBe(-1);
        expect([fork.now, fork.nextDeadline, fork.nextEvent, fork.hostState, digestsOf({ ...bench, hardware: fork })]).toEqual([bench.hardware.now, bench.hardware.nextDeadline, bench.hardware.nextEvent, bench.hardware.hostState, digestsOf(bench)]);
        const forked = benchOver(bench, fork);
        disturb(bench, after, count);
        disturb(forked, after, count);
        expect(digestsOf(forked)).toEqual(digestsOf(bench));
        expect(difference(imageOf(fork), imageOf(bench.hardware))).toBe(-1);
        disturb(forked, inOld, count);
        pool.release(fork);
        pool.release(bench.hardware);
      }),
      { numRuns: 60, seed: 20_307 },
    );
    expect(pool.idle).toBe(2);
  });

  it("leaves its origin alone, and is left alone by it", () => {
    const bench = opened();
    const pool = new HardwarePool(bench.hardware);
    const fork = pool.fork(bench.hardware);
    const image = imageOf(bench.hardware);
    disturb(benchOver(bench, fork), 3, 2000);
    expect(difference(imageOf(bench.hardware), image)).toBe(-1);
    const other = imageOf(fork);
    disturb(bench, 4, 2000);
    expect(difference(imageOf(fork), other)).toBe(-1);
  });

  it("has its origin's armed faults, requests under way, poison and contents of memory", () => {
    const bench = opened(machineOf([portOf("rp0", { slots: [deviceOf("card")] }), portOf("rp1")]));
    bench.platform.memory.store(16n * GiB, 8, 0x1234_5678_9abc_def0n);
    armProbe(bench.hardware, 0, { match: { kind: "time", at: bench.hardware.now + 50_000 }, action: { kind: "poison", device: "card", dpa: 0n, length: 64 }, skip: 0 });
    bench.platform.memory.issue(1, "read", 16n * GiB, 0n);
    const fork = new HardwarePool(bench.hardware).fork(bench.hardware);
    const { memory } = createPlatform(fork);
    expect(memory.load(16n * GiB, 8)).toEqual({ status: "ok", value: 0x1234_5678_9abc_def0n });
    expect(memory.takeCompletion()).toMatchObject({ requester: 1, status: "ok" });
    fork.advanceTo(fork.now + 60_000);
    expect(memory.load(16n * GiB, 8).status).toBe("poison");
    expect(bench.platform.memory.load(16n * GiB, 8).status).toBe("ok");
  });

  it("hands its records to nobody, while its origin's go on to whom they went", () => {
    const bench = opened(machineOf([portOf("rp0")], { limits: { mediaPages: 64, traceRecords: 64, probes: 8, requesters: 64 } }));
    const seen = { origin: 0, fork: 0 };
    bench.hardware.storeTrace((words) => void (seen.origin += words.length / 8));
    const pool = new HardwarePool(bench.hardware);
    for (let i = 0; i < 5; i++) bench.bridge.read32(0);
    const fork = pool.fork(bench.hardware);
    expect(seen).toEqual({ origin: 5, fork: 0 });
    const handle = createPlatform(fork).ioremap(bench.bridge.base, bench.bridge.size);
    for (let i = 0; i < 200; i++) handle.read32(0);
    fork.storeTrace((words) => void (seen.fork += words.length / 8));
    for (let i = 0; i < 200; i++) handle.read32(0);
    for (let i = 0; i < 200; i++) bench.bridge.read32(0);
    pool.release(fork);
    bench.hardware.drainTrace();
    expect(seen).toEqual({ origin: 205, fork: 200 });
  });
});

describe("the pool of instances", () => {
  it("gives an instance that came back to the next fork, and keeps no handles of before", () => {
    const bench = opened();
    const pool = new HardwarePool(bench.hardware);
    const first = pool.fork(bench.hardware);
    const { ioremap } = createPlatform(first);
    for (let i = 0; i < first.entities.handles; i++) ioremap(bench.bridge.base, bench.bridge.size);
    expect(() => ioremap(bench.bridge.base, bench.bridge.size)).toThrow("register handles are in use");
    pool.release(first);
    const second = pool.fork(bench.hardware);
    expect(second).toBe(first);
    expect(pool.idle).toBe(0);
    expect(createPlatform(second).ioremap(bench.bridge.base, bench.bridge.size).read32(0)).toBe(bench.bridge.read32(0));
  });

  it("refuses machines of another description, and an instance that it has already", () => {
    const bench = opened();
    const pool = new HardwarePool(bench.hardware);
    const other = opened({ ...description }).hardware;
    expect(() => pool.fork(other)).toThrow("the pool is for machines of another module or description");
    expect(() => pool.release(other)).toThrow("the pool is for machines of another module or description");
    expect(() => other.copyFrom(bench.hardware)).toThrow("the same module and description");
    pool.release(bench.hardware);
    expect(() => pool.release(bench.hardware)).toThrow("in the pool already");
  });

  it("keeps some instances and lets the others go", () => {
    const bench = opened();
    const pool = new HardwarePool(bench.hardware);
    const forks = Array.from({ length: 40 }, () => pool.fork(bench.hardware));
    for (const fork of forks) pool.release(fork);
    expect(pool.idle).toBe(32);
  });
});

/** Makes machines until there is no room, where the process may reserve 40 GB of addresses. */
const untilFull = `
  const { loadModule } = await import("./dist/src/hardware/module.js");
  const { createHardware } = await import("./dist/src/hardware/machine.js");
  const { module } = await loadModule();
  const machine = JSON.parse(process.argv[1], (key, value) => (typeof value === "string" && value.startsWith("n:") ? BigInt(value.slice(2)) : value));
  const all = [];
  try {
    while (all.length < 1000) all.push(createHardware(module, machine));
  } catch (error) {
    console.log(error.name, error.cause.name, all.length);
  }`;

describe("an engine without room for another instance", () => {
  it("is named as such, with the remedy", () => {
    const machine = JSON.stringify(description, (_, value: unknown) => (typeof value === "bigint" ? `n:${value}` : value));
    const printed = execFileSync("sh", ["-c", 'ulimit -v 40000000 && exec "$0" --input-type=module -e "$1" "$2"', process.execPath, untilFull, machine], { encoding: "utf8" });
    expect(printed).toMatch(/^OutOfInstancesError RangeError \d+\n$/);
  });
});

describe("a snapshot restored", () => {
  it("leaves mapped what was mapped since, and what was unmapped since unmapped", () => {
    const bench = opened();
    const expected = bench.bridge.read32(0);
    const early = bench.platform.ioremap(bench.bridge.base, bench.bridge.size);
    const snapshot = bench.hardware.snapshot();
    const late = bench.platform.ioremap(bench.bridge.base, bench.bridge.size);
    early.unmap();
    bench.hardware.restore(snapshot);
    expect([early.read32(0), late.read32(0)]).toEqual([0xffff_ffff, expected]);
  });

  it("looks up anew what a handle reaches", () => {
    const bench = opened();
    const [port] = bench.ports;
    const expected = port?.read32(0);
    const snapshot = bench.hardware.snapshot();
    bench.platform.config.write16(bench.portAddress(0), 4, 0);
    expect(port?.read32(0)).toBe(0xffff_ffff);
    bench.hardware.restore(snapshot);
    bench.platform.config.write16(bench.portAddress(0), 4, 6);
    expect(port?.read32(0)).toBe(expected);
  });

  it("loses no record written before, and goes on handing them out", () => {
    const bench = opened(machineOf([portOf("rp0")], { limits: { mediaPages: 64, traceRecords: 64, probes: 8, requesters: 64 } }));
    const snapshot = bench.hardware.snapshot();
    let seen = 0;
    bench.hardware.storeTrace((words) => void (seen += words.length / 8));
    for (let i = 0; i < 5; i++) bench.bridge.read32(0);
    bench.hardware.restore(snapshot);
    expect(seen).toBe(5);
    for (let i = 0; i < 200; i++) bench.bridge.read32(0);
    bench.hardware.drainTrace();
    expect(seen).toBe(205);
  });
});
