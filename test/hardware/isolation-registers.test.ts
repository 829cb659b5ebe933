// Timeout & Isolation register by register, and what isolation covers and what it leaves alone.

import { describe, expect, it } from "vitest";
import { armProbe } from "../../src/hardware/probes.ts";
import type { IsolationDescription } from "../../src/platform/description.ts";
import type { Bench } from "../support/machine.ts";
import { GiB, defaultIsolation, machineOf, offsetOf, openMemory, portOf, programDecoder, setUp } from "../support/machine.ts";

const base = 16n * GiB;
const at = (register: string): number => offsetOf("rootPortComponent", "timeoutIsolation", register);
const deviceGlobal = offsetOf("deviceComponent", "hdmDecoderDevice", "globalControl");
const choices = { isolationExit: "cxl-3.2", timeoutInstant: "earliest", decoderCommitTime: 0, isolationResponseTime: 50, messageOrder: "isolation-first" } as const;

const read = (bench: Bench, register: string, index = 0): number => bench.ports[index]?.read32(at(register)) ?? 0;
const write = (bench: Bench, register: string, value: number, index = 0): void => bench.ports[index]?.write32(at(register), value);
const wait = (bench: Bench, time: number): void => bench.hardware.advanceTo(bench.hardware.now + time);

function machine(isolation: Partial<IsolationDescription> = {}, overrides: Parameters<typeof machineOf>[1] = {}): Bench {
  const bench = setUp(machineOf([portOf("rp0", { isolation: { ...defaultIsolation, ...isolation } }), portOf("rp1")], overrides));
  openMemory(bench);
  return bench;
}

function cut(bench: Bench, id = 0, port = "rp0"): void {
  armProbe(bench.hardware, id, { match: { kind: "time", at: bench.hardware.now + 1 }, action: { kind: "linkDown", port } });
  wait(bench, 10);
}

function loseOne(bench: Bench, id = 0): void {
  armProbe(bench.hardware, id, { match: { kind: "request", port: "rp0", direction: "any" }, action: { kind: "dropResponse", port: "rp0", count: 1 } });
  bench.platform.memory.issue(0, "read", base, 0n);
}

describe("registers", () => {
  it("the capability shows what the machine declares, CXL.cache bits and reserved bits 0, and ignores writes", () => {
    for (const [isolation, expected] of [
      [{}, 0x0603_001f],
      [{ timeoutRanges: 6, memoryLinkDown: false, errCor: false }, 0x0401_0016],
      [{ timeout: false, timeoutRanges: 0, memory: false, memoryLinkDown: false, errCor: false, interruptMessage: -1 }, 0],
    ] as const) {
      const bench = machine(isolation);
      write(bench, "capability", 0xffff_ffff);
      expect(read(bench, "capability") & 0x07ff_ffff).toBe(expected);
      expect(bench.ports[0]?.read32(at("capability") + 4)).toBe(0);
    }
  });

  it("[TS2] [TS3] [TS4] [TS7] [TS8] [TS9] [TS11] reserved and CXL.cache bits of control and status read 0 whatever is written", () => {
    const bench = machine();
    write(bench, "control", 0xffff_ffff);
    write(bench, "status", 0xffff_ffff);
    expect([read(bench, "control"), read(bench, "status")]).toEqual([0x0603_001f, 0]);
    loseOne(bench);
    wait(bench, 100_000_000_000);
    expect(read(bench, "status")).toBe(0x101);
  });

  it("status bits are cleared one by one by writing 1, and only those", () => {
    const bench = machine();
    write(bench, "control", (1 << 16) | (1 << 4));
    loseOne(bench);
    wait(bench, 100_000);
    write(bench, "status", 0);
    expect(read(bench, "status")).toBe(0x101);
    write(bench, "status", 1);
    expect(read(bench, "status")).toBe(0x100);
    write(bench, "status", 0x100);
    cut(bench, 1);
    expect(read(bench, "status") & 0x301).toBe(0x300);
    write(bench, "status", 0x200);
    expect(read(bench, "status") & 0x301).toBe(0x100);
  });

  it("the instant inside a span is the earliest, the middle or the latest, for every legal value", () => {
    const spans: readonly (readonly [number, number, number])[] = [[0, 50e3, 10e6], [1, 50e3, 100e3], [2, 1e6, 10e6], [5, 16e6, 55e6], [6, 65e6, 210e6], [9, 260e6, 900e6], [10, 1e9, 3.5e9], [13, 4e9, 13e9], [14, 17e9, 64e9]];
    for (const [value, shortest, longest] of spans) {
      for (const [timeoutInstant, expected] of [["earliest", shortest], ["middle", (shortest + longest) / 2], ["latest", longest]] as const) {
        const bench = machine({}, { implementation: { ...choices, timeoutInstant }, watchdogTime: 100e9 });
        write(bench, "control", (1 << 16) | (1 << 4) | value);
        wait(bench, 2000);
        const issued = bench.hardware.now;
        loseOne(bench);
        expect([value, bench.hardware.nextDeadline - issued]).toEqual([value, expected]);
      }
    }
  });

  it("[T2] an answer that comes before the timeout is no timeout; one that would come at its instant counts as in time", () => {
    for (const [delay, status] of [[49_699, 0], [49_700, 0], [49_701, 0x101]] as const) {
      const bench = machine();
      write(bench, "control", (1 << 16) | (1 << 4));
      armProbe(bench.hardware, 0, { match: { kind: "request", port: "rp0", direction: "read" }, action: { kind: "delayResponse", port: "rp0", by: delay, count: 1 } });
      bench.platform.memory.issue(0, "read", base, 0n);
      wait(bench, 200_000);
      expect([delay, read(bench, "status")]).toEqual([delay, status]);
    }
  });
});

describe("while isolated", () => {
  it("[TB4] everything below the port is covered: every region with a leg there fails there, and only there", () => {
    const bench = setUp(machineOf([portOf("rp0"), portOf("rp1")]));
    programDecoder(bench.bridge, "hostBridgeComponent", 0, { base, size: GiB / 2n, ways: 1, targets: 0x0100n });
    for (const device of bench.devices) {
      device.write32(deviceGlobal, 2);
      programDecoder(device, "deviceComponent", 0, { base, size: GiB / 2n, ways: 1 });
    }
    for (const index of [0, 1]) write(bench, "control", 1 << 16, index);
    cut(bench);
    expect([0n, 256n, 512n, 768n].map((offset) => [bench.platform.memory.load(base + offset, 8).status, bench.platform.memory.store(base + offset, 8, 1n)])).toEqual([["poison", "dropped"], ["ok", "ok"], ["poison", "dropped"], ["ok", "ok"]]);
  });

  it("[TB5] CXL.io goes on while the link is up, and is dead when it is down", () => {
    const bench = machine();
    write(bench, "control", (1 << 16) | (1 << 4));
    loseOne(bench);
    wait(bench, 100_000);
    expect([bench.hardware.port("rp0"), bench.platform.config.read16(bench.deviceAddress(0), 0), (bench.devices[0]?.read32(0) ?? 0) & 0xffff]).toMatchObject([{ link: "up", isIsolated: true }, 0x1e98, 1]);
    cut(bench, 1);
    expect([bench.platform.config.read16(bench.deviceAddress(0), 0), bench.devices[0]?.read32(0)]).toEqual([0xffff, 0xffff_ffff]);
  });

  it("[TB7] a later request is answered after the isolation response time, also behind a full table", () => {
    const bench = setUp(machineOf([portOf("rp0", { inFlight: 1 })]));
    openMemory(bench);
    write(bench, "control", 1 << 16);
    cut(bench);
    const start = bench.hardware.now;
    for (let i = 0; i < 3; i++) bench.platform.memory.issue(i, i === 1 ? "write" : "read", base, 0n);
    wait(bench, 1000);
    const taken = [0, 1, 2].map(() => bench.platform.memory.takeCompletion());
    expect(taken.map((one) => [one?.requester, one?.status, (one?.completedAt ?? 0) - start])).toEqual([[0, "poison", 50], [1, "dropped", 100], [2, "poison", 150]]);
  });

  it("[TB3] writes pending at the trigger or issued while isolated never land, though the link stays up", () => {
    const bench = machine();
    write(bench, "control", (1 << 16) | (1 << 4));
    bench.platform.memory.store(base + 4096n, 8, 1n);
    loseOne(bench);
    wait(bench, 49_900);
    bench.platform.memory.issue(1, "write", base + 4096n, 2n);
    wait(bench, 100_000);
    bench.platform.memory.store(base + 4096n, 8, 3n);
    bench.platform.memory.issue(2, "write", base + 4096n, 4n);
    wait(bench, 1000);
    write(bench, "status", 0x101);
    expect(bench.platform.memory.load(base + 4096n, 8)).toEqual({ status: "ok", value: 1n });
  });

  it("[T4] the link is held as long as status[8] is 1 and follows control[17] meanwhile", () => {
    const bench = machine();
    write(bench, "control", (1 << 16) | (1 << 4));
    loseOne(bench);
    wait(bench, 100_000);
    expect(bench.hardware.port("rp0").link).toBe("up");
    write(bench, "control", (1 << 16) | (1 << 17));
    expect(bench.hardware.port("rp0")).toMatchObject({ link: "down", heldBy: ["isolation"] });
    write(bench, "control", 1 << 16);
    wait(bench, 100_000);
    expect([bench.hardware.port("rp0").link, read(bench, "status") & 0x300]).toEqual(["up", 0x100]);
  });

  it("[T1] a second cause while isolated changes nothing: no message, no other status", () => {
    const bench = machine();
    write(bench, "control", (1 << 16) | (1 << 4) | (1 << 26));
    loseOne(bench);
    wait(bench, 100_000);
    expect(bench.platform.interrupts.take()?.data).toBe(0x43);
    cut(bench, 1);
    expect([read(bench, "status"), bench.platform.interrupts.take()]).toEqual([0x101, undefined]);
  });

  it("[T5] every entry into isolation sends its own message", () => {
    const bench = machine();
    write(bench, "control", (1 << 16) | (1 << 4) | (1 << 26));
    for (const id of [0, 1]) {
      loseOne(bench, id);
      wait(bench, 100_000);
      expect(bench.platform.interrupts.take()?.data).toBe(0x43);
      write(bench, "status", 0x101);
    }
  });
});

describe("leaving isolation", () => {
  it("[TR3] [TR4] [TR5] memory of the port answers again only after link up and reprogramming; decoders above kept theirs", () => {
    const bench = machine();
    write(bench, "control", 1 << 16);
    cut(bench);
    write(bench, "status", 0x300);
    armProbe(bench.hardware, 1, { match: { kind: "time", at: bench.hardware.now + 1 }, action: { kind: "linkUp", port: "rp0" } });
    wait(bench, 200_000);
    expect([bench.platform.memory.load(base, 8).status, bench.platform.memory.store(base, 8, 1n)]).toEqual(["ones", "dropped"]);
    bench.platform.config.write32(bench.deviceAddress(0), 0x10, 0x0010_0000);
    bench.platform.config.write32(bench.deviceAddress(0), 0x14, 8);
    bench.platform.config.write16(bench.deviceAddress(0), 4, 2);
    bench.platform.config.write16(bench.deviceAddress(0), offsetOf("deviceConfig", "dvsecDevice", "control"), 4);
    bench.devices[0]?.write32(deviceGlobal, 2);
    const device = bench.devices[0];
    if (device === undefined) throw new Error("no device");
    programDecoder(device, "deviceComponent", 0, { base, size: 256n << 20n });
    expect([bench.platform.memory.store(base, 8, 1n), bench.platform.memory.load(base, 8)]).toEqual(["ok", { status: "ok", value: 1n }]);
  });

  it("[TR1] [TS10] clearing while RP Busy is ignored, and counts as a violation in the hardware trace", () => {
    const bench = machine({}, { implementation: { ...choices, isolationResponseTime: 10_000 } });
    write(bench, "control", 1 << 16);
    for (let i = 0; i < 3; i++) bench.platform.memory.issue(i, "read", base, 0n);
    cut(bench);
    const violations: number[] = [];
    bench.hardware.storeTrace((words) => {
      for (let word = 0; word < words.length; word += 8) if (((words[word + 1] ?? 0) >>> 21) % 8 === 1 && (words[word + 1] ?? 0) >>> 24 === 4) violations.push(words[word + 3] ?? 0);
    });
    write(bench, "status", 0x100);
    expect(read(bench, "status")).toBe(0x4300);
    wait(bench, 40_000);
    write(bench, "status", 0x100);
    bench.hardware.drainTrace();
    expect([read(bench, "status"), violations]).toEqual([0x200, [2]]);
  });

  it("[S70] seed-strict lets go once the link has been down since the trigger", () => {
    const bench = machine({}, { implementation: { ...choices, isolationExit: "seed-strict" } });
    write(bench, "control", (1 << 16) | (1 << 4));
    loseOne(bench);
    wait(bench, 100_000);
    write(bench, "status", 0x100);
    expect(read(bench, "status") & 0x100).toBe(0x100);
    cut(bench, 1);
    write(bench, "status", 0x100);
    expect(read(bench, "status") & 0x100).toBe(0);
  });

  it("switching isolation with requests in flight is traced as a violation and still takes effect", () => {
    const bench = machine();
    bench.platform.memory.issue(0, "read", base, 0n);
    const before = bench.hardware.digest("hardware");
    write(bench, "control", 1 << 16);
    expect([read(bench, "control"), bench.hardware.digest("hardware") === before]).toEqual([1 << 16, false]);
  });
});
