// The fault table: every kind of match, skip and count, every action, and the evidence.

import { describe, expect, it } from "vitest";
import type { ProbeMatch } from "../../src/hardware/probes.ts";
import { armProbe, bitsBefore, disarmProbe, probeEvidence, ProbeError } from "../../src/hardware/probes.ts";
import type { Completion } from "../../src/platform/platform.ts";
import type { Bench } from "../support/machine.ts";
import { GiB, deviceOf, machineOf, offsetOf, openMemory, portOf, programDecoder, setUp } from "../support/machine.ts";

const base = 16n * GiB;
const isolationControl = offsetOf("rootPortComponent", "timeoutIsolation", "control");
const isolationStatus = offsetOf("rootPortComponent", "timeoutIsolation", "status");
const hit = { kind: "neverRetrain", port: "rp0" } as const;

function two(overrides: Parameters<typeof portOf>[1] = {}, machine: Parameters<typeof machineOf>[1] = {}): Bench {
  const bench = setUp(machineOf([portOf("rp0", overrides), portOf("rp1", overrides)], machine));
  openMemory(bench);
  return bench;
}

function completions(bench: Bench): Completion[] {
  const taken: Completion[] = [];
  for (let one = bench.platform.memory.takeCompletion(); one !== undefined; one = bench.platform.memory.takeCompletion()) taken.push(one);
  return taken;
}

const matchesOf = (bench: Bench, match: ProbeMatch, work: () => void): number => {
  armProbe(bench.hardware, 9, { match, action: hit, count: 0 });
  work();
  const { matches } = probeEvidence(bench.hardware, 9);
  disarmProbe(bench.hardware, 9);
  return matches;
};

describe("a point in time", () => {
  it("fires exactly then, also in the middle of a waiting load, before what else is due", () => {
    const bench = two();
    bench.ports[0]?.write32(isolationControl, 1 << 16);
    const start = bench.hardware.now;
    armProbe(bench.hardware, 0, { match: { kind: "time", at: start + 120 }, action: { kind: "linkDown", port: "rp0" } });
    expect(bench.platform.memory.load(base, 8).status).toBe("poison");
    expect([probeEvidence(bench.hardware, 0), bench.hardware.now]).toEqual([{ matches: 1, fired: 1, firstAt: start + 120, lastAt: start + 120 }, start + 120 + 50 + 1]);
  });

  it("that is now or past fires before the next access looks at anything", () => {
    const bench = two();
    armProbe(bench.hardware, 0, { match: { kind: "time", at: bench.hardware.now - 5 }, action: { kind: "linkDown", port: "rp0" } });
    const now = bench.hardware.now;
    expect([bench.platform.config.read32(bench.deviceAddress(0), 0), probeEvidence(bench.hardware, 0).firstAt]).toEqual([0xffff_ffff, now]);
  });

  it("comes once: a skip is refused", () => {
    expect(() => armProbe(two().hardware, 0, { match: { kind: "time", at: 1 }, action: hit, skip: 1 })).toThrow(/skip must be 0/);
  });
});

describe("an access to a register", () => {
  const control = { kind: "access", entity: "hb0", space: "component", from: 0xa0, to: 0xa3 } as const;

  it("matches by entity, block, range of bytes and direction, and acts before the access", () => {
    const bench = two();
    const work = (): void => {
      bench.bridge.read32(0xa0);
      bench.bridge.write32(0xa0, 0);
      bench.bridge.read32(0x9c);
      bench.bridge.read32(0xa4);
      bench.ports[0]?.read32(0xa0);
    };
    expect([matchesOf(bench, { ...control, direction: "any" }, work), matchesOf(bench, { ...control, direction: "read" }, work), matchesOf(bench, { ...control, direction: "write" }, work), matchesOf(bench, { ...control, from: 0x9d, to: 0xa4, direction: "read" }, work)]).toEqual([2, 1, 1, 3]);
    armProbe(bench.hardware, 0, { match: { kind: "access", entity: "rp0-dev", space: "config", from: 0, to: 1, direction: "read" }, action: { kind: "linkDown", port: "rp0" } });
    expect(bench.platform.config.read16(bench.deviceAddress(0), 0)).toBe(0xffff);
    armProbe(bench.hardware, 1, { match: { kind: "access", entity: "rp1-dev", space: "component", from: 0, to: 3, direction: "read" }, action: { kind: "linkDown", port: "rp1" } });
    expect(bench.devices[1]?.read32(0)).toBe(0xffff_ffff);
  });

  it("matches a narrow config access anywhere in the range, and a write by masked value", () => {
    const bench = two();
    const line = { kind: "access", entity: "rp0", space: "config", from: 0x3c, to: 0x3f, direction: "write" } as const;
    const work = (): void => {
      bench.platform.config.write8(bench.portAddress(0), 0x3c, 0x12);
      bench.platform.config.write16(bench.portAddress(0), 0x3e, 0x2);
      bench.platform.config.write32(bench.portAddress(0), 0x3c, 0x34);
      bench.platform.config.write8(bench.portAddress(0), 0x3b, 0x12);
    };
    expect([matchesOf(bench, line, work), matchesOf(bench, { ...line, from: 0x3d, to: 0x3d }, work), matchesOf(bench, { ...line, mask: 0x30, value: 0x10 }, work)]).toEqual([3, 1, 1]);
  });

  it("skips, acts its count and is spent; count 0 has no end; disarmed it sees nothing", () => {
    const bench = two();
    armProbe(bench.hardware, 0, { match: { ...control, direction: "read" }, action: hit, skip: 3, count: 2 });
    const times: number[] = [];
    for (let i = 0; i < 8; i++) {
      times.push(bench.hardware.now);
      bench.bridge.read32(0xa0);
    }
    expect(probeEvidence(bench.hardware, 0)).toEqual({ matches: 5, fired: 2, firstAt: times[3], lastAt: times[4] });
    armProbe(bench.hardware, 0, { match: { ...control, direction: "read" }, action: hit, count: 0 });
    for (let i = 0; i < 8; i++) bench.bridge.read32(0xa0);
    disarmProbe(bench.hardware, 0);
    bench.bridge.read32(0xa0);
    expect(probeEvidence(bench.hardware, 0)).toMatchObject({ matches: 8, fired: 8 });
  });
});

describe("a CXL.mem request", () => {
  it("matches by root port, kind and range of addresses; RAM and unrouted addresses are none", () => {
    const bench = two();
    openMemory(bench, 1, base + GiB, 256n << 20n, 1);
    const work = (): void => {
      bench.platform.memory.load(base, 8);
      bench.platform.memory.store(base + 64n, 8, 1n);
      bench.platform.memory.load(base + GiB, 8);
      bench.platform.memory.issue(0, "write", base + GiB, 1n);
      bench.platform.memory.load(0n, 8);
      bench.platform.memory.load(base + 3n * GiB, 8);
    };
    const count = (match: Partial<Extract<ProbeMatch, { kind: "request" }>>): number => matchesOf(bench, { kind: "request", direction: "any", ...match }, work);
    expect([count({}), count({ port: "rp0" }), count({ port: "rp1", direction: "write" }), count({ from: base + 64n, to: base + GiB - 1n }), count({ from: base + GiB }), count({ to: base })]).toEqual([4, 2, 1, 1, 2, 1]);
    expect(() => count({ from: 2n, to: 1n })).toThrow(ProbeError);
  });

  it("the request that matched is the one that loses its answer, also when it stalls behind others", () => {
    const bench = two({ inFlight: 1 }, { platformFailure: "machine-check" });
    bench.ports[0]?.write32(isolationControl, 1 << 4);
    armProbe(bench.hardware, 0, { match: { kind: "request", port: "rp0", direction: "any" }, action: { kind: "dropResponse", port: "rp0", count: 1 }, skip: 2 });
    for (let i = 0; i < 4; i++) bench.platform.memory.issue(i, "read", base + BigInt(64 * i), 0n);
    bench.hardware.advanceTo(bench.hardware.now + 200_000);
    expect(completions(bench).map(({ requester, status }) => [requester, status])).toEqual([[0, "ok"], [1, "ok"], [2, "fatal"], [3, "ok"]]);
  });

  it("delays add to the latency of as many responses as asked for, each by its own time", () => {
    const bench = two();
    for (const [id, skip, by] of [[0, 0, 1000], [1, 1, 5000]] as const) armProbe(bench.hardware, id, { match: { kind: "request", port: "rp0", direction: "read" }, action: { kind: "delayResponse", port: "rp0", by, count: 1 }, skip });
    const latencies = [0, 1, 2].map(() => {
      const before = bench.hardware.now;
      bench.platform.memory.load(base, 8);
      return bench.hardware.now - before - 1;
    });
    expect(latencies).toEqual([1300, 5300, 300]);
  });

  it("while a probe watches requests, or responses are still to be dropped, none may be counted in closed form", () => {
    const bench = two();
    const { memory } = bench.platform;
    expect(memory.countsRequests).toBe(false);
    armProbe(bench.hardware, 0, { match: { kind: "request", direction: "any" }, action: hit });
    expect(memory.countsRequests).toBe(true);
    memory.load(base, 8);
    expect(memory.countsRequests).toBe(false);
    const generation = memory.routeGeneration;
    armProbe(bench.hardware, 1, { match: { kind: "time", at: bench.hardware.now + 1 }, action: { kind: "delayResponse", port: "rp0", by: 10, count: 2 } });
    bench.hardware.advanceTo(bench.hardware.now + 1);
    expect([memory.countsRequests, memory.routeGeneration > generation]).toEqual([true, true]);
    memory.load(base, 8);
    expect(memory.countsRequests).toBe(true);
    memory.load(base, 8);
    expect(memory.countsRequests).toBe(false);
  });
});

describe("a register value reached", () => {
  it("by software's write: an edge, once per rise, whoever wrote it", () => {
    const bench = two();
    const committed = { kind: "register", entity: "hb0", space: "component", offset: offsetOf("hostBridgeComponent", "hdmDecoderPort", "control", 2), mask: 0x400, value: 0x400 } as const;
    const work = (): void => {
      for (let i = 0; i < 3; i++) {
        programDecoder(bench.bridge, "hostBridgeComponent", 2, { base: base + 2n * GiB, size: GiB });
        bench.bridge.read32(0xa0);
        bench.bridge.write32(committed.offset, 0);
      }
    };
    expect(matchesOf(bench, committed, work)).toBe(3);
    programDecoder(bench.bridge, "hostBridgeComponent", 2, { base: base + 2n * GiB, size: GiB });
    expect(matchesOf(bench, committed, () => bench.bridge.read32(0))).toBe(1);
  });

  it("without a value: every change of the bits, and nothing else", () => {
    const bench = two();
    const place = { kind: "register", entity: "hb0", space: "component", offset: offsetOf("hostBridgeComponent", "hdmDecoderPort", "sizeHigh"), mask: 0xff } as const;
    const work = (): void => {
      for (const value of [0, 0, 5, 5, 0x105, 7, 0, 0]) bench.bridge.write32(place.offset, value);
    };
    expect(matchesOf(bench, place, work)).toBe(3);
  });

  it.each([["every change", {}, [7, 7, 7, 8]], ["one value", { value: 5 }, [0, 5]]] as const)("%s: what it came to while an act is put off is no match afterwards, the next one is", (_name, match, [meanwhile, ...after]) => {
    const bench = two();
    const offset = offsetOf("hostBridgeComponent", "hdmDecoderPort", "sizeHigh");
    armProbe(bench.hardware, 0, { match: { kind: "register", entity: "hb0", space: "component", offset, mask: 0xff, ...match }, action: hit, count: 0, delay: 1000 });
    const write = (value: number): void => bench.bridge.write32(offset, value);
    const matches = (): number => probeEvidence(bench.hardware, 0).matches;
    write(5);
    write(meanwhile);
    bench.hardware.advanceTo(bench.hardware.now + 2000);
    expect([matches(), probeEvidence(bench.hardware, 0).fired]).toEqual([1, 1]);
    for (const value of after.slice(0, -1)) write(value);
    expect(matches()).toBe(1);
    write(after.at(-1) ?? 0);
    expect(matches()).toBe(2);
  });

  it("by time alone: media that becomes ready, a commit that ends, a link that comes up", () => {
    const bench = setUp(machineOf([portOf("rp0", { slots: [deviceOf("d", { mediaReadyTime: 1_000_000 })] })], { implementation: { isolationExit: "cxl-3.2", timeoutInstant: "earliest", decoderCommitTime: 5000, isolationResponseTime: 50, messageOrder: "isolation-first" } }));
    armProbe(bench.hardware, 0, { match: { kind: "register", entity: "d", space: "config", offset: offsetOf("deviceConfig", "dvsecDevice", "range1SizeLow"), mask: 2, value: 2 }, action: hit });
    armProbe(bench.hardware, 1, { match: { kind: "register", entity: "hb0", space: "component", offset: offsetOf("hostBridgeComponent", "hdmDecoderPort", "control"), mask: 0x400, value: 0x400 }, action: hit });
    programDecoder(bench.bridge, "hostBridgeComponent", 0, { base, size: GiB });
    const written = bench.hardware.now - 2;
    bench.hardware.advanceTo(2_000_000);
    expect([probeEvidence(bench.hardware, 0).firstAt, probeEvidence(bench.hardware, 1).firstAt]).toEqual([1_000_000, written + 5000]);
  });

  it("by another probe's action, at the same instant, in a bounded chain", () => {
    const bench = two();
    for (const index of [0, 1]) bench.ports[index]?.write32(isolationControl, 1 << 16);
    armProbe(bench.hardware, 0, { match: { kind: "time", at: bench.hardware.now + 10 }, action: { kind: "linkDown", port: "rp0" } });
    armProbe(bench.hardware, 1, { match: { kind: "register", entity: "rp0", space: "component", offset: isolationStatus, mask: 0x100, value: 0x100 }, action: { kind: "linkDown", port: "rp1" } });
    const at = bench.hardware.now + 10;
    bench.hardware.advanceTo(at);
    expect([probeEvidence(bench.hardware, 1).firstAt, (bench.ports[1]?.read32(isolationStatus) ?? 0) & 0x100]).toEqual([at, 0x100]);
  });
});

describe("actions", () => {
  it("messages are lost by number, each probe its own, or whichever comes next", () => {
    const lose = (messages: readonly (number | undefined)[]): number[] => {
      const bench = two();
      bench.ports[0]?.write32(isolationControl, (1 << 16) | (1 << 26));
      bench.platform.config.write16(bench.portAddress(0), offsetOf("rootPortConfig", "pcie", "slotControl"), (1 << 5) | (1 << 12));
      const start = bench.hardware.now;
      for (const [id, message] of messages.entries()) armProbe(bench.hardware, id, { match: { kind: "time", at: start + 1 + id }, action: { kind: "loseInterrupt", function: "rp0", count: 1, ...(message === undefined ? {} : { message }) } });
      armProbe(bench.hardware, 9, { match: { kind: "time", at: start + 10 }, action: { kind: "linkDown", port: "rp0" } });
      bench.hardware.advanceTo(start + 20);
      const data: number[] = [];
      for (let message = bench.platform.interrupts.take(); message !== undefined; message = bench.platform.interrupts.take()) data.push(message.data - 0x40);
      return data;
    };
    expect([lose([]), lose([0]), lose([3]), lose([0, 3]), lose([undefined]), lose([undefined, undefined]), lose([7])]).toEqual([[3, 0], [3], [0], [], [0], [], [3, 0]]);
  });

  it("what does not exist is refused by name: entities, ports, devices of another port, slots of the table", () => {
    const { hardware } = two();
    const time = { kind: "time", at: 1 } as const;
    expect(() => armProbe(hardware, 0, { match: { kind: "access", entity: "hb7", space: "component", from: 0, to: 3, direction: "any" }, action: hit })).toThrow(/no part "hb7"; it has hb0, rp0, rp1/);
    expect(() => armProbe(hardware, 0, { match: time, action: { kind: "linkDown", port: "hb0" } })).toThrow(/no port "hb0"/);
    expect(() => armProbe(hardware, 0, { match: time, action: { kind: "plug", port: "rp0", device: "rp1-dev" } })).toThrow(/"rp1-dev" is no device or switch declared below rp0/);
    expect(() => armProbe(hardware, 32, { match: time, action: hit })).toThrow(/limits\.probes \(32\)/);
    armProbe(hardware, 0, { match: time, action: hit });
    expect(() => armProbe(hardware, 0, { match: time, action: hit })).toThrow(/armed already/);
  });
});

describe("a probe that acts later", () => {
  const reading: ProbeMatch = { kind: "access", entity: "rp0", space: "config", from: 0, to: 3, direction: "read" };
  const read = (bench: Bench): number => bench.platform.config.read32(bench.portAddress(0), 0);

  it("acts its delay after the match, to the nanosecond, and counts no match on the way", () => {
    const bench = two();
    armProbe(bench.hardware, 0, { match: reading, action: { kind: "linkDown", port: "rp0" }, skip: 1, delay: 5000 });
    read(bench);
    const before = bench.hardware.now;
    read(bench);
    read(bench);
    expect(probeEvidence(bench.hardware, 0)).toMatchObject({ matches: 2, fired: 0 });
    bench.hardware.advanceTo(before + 20_000);
    expect(probeEvidence(bench.hardware, 0)).toMatchObject({ matches: 2, fired: 1, firstAt: before + 5000 });
  });

  it("is in use while it waits: it is not armed again, and can be taken back", () => {
    const bench = two();
    armProbe(bench.hardware, 0, { match: reading, action: { kind: "linkDown", port: "rp0" }, delay: 5000 });
    read(bench);
    expect(() => armProbe(bench.hardware, 0, { match: reading, action: hit })).toThrow(ProbeError);
    disarmProbe(bench.hardware, 0);
    bench.hardware.advanceTo(bench.hardware.now + 20_000);
    expect(probeEvidence(bench.hardware, 0)).toMatchObject({ matches: 1, fired: 0 });
  });

  it("follows another one: after each act, after the n-th, and never one that has had no effect yet", () => {
    const bench = two();
    armProbe(bench.hardware, 2, { match: reading, action: hit, count: 3 });
    armProbe(bench.hardware, 0, { match: { kind: "probe", id: 2 }, action: hit, count: 0 });
    armProbe(bench.hardware, 1, { match: { kind: "probe", id: 2 }, action: hit, skip: 1, delay: 700 });
    armProbe(bench.hardware, 3, { match: { kind: "time", at: 0 }, action: { kind: "mailboxFault", device: "rp0-dev", fault: "never-ends", count: 1 } });
    armProbe(bench.hardware, 4, { match: { kind: "probe", id: 3 }, action: hit });
    for (let i = 0; i < 5; i++) read(bench);
    bench.hardware.advanceTo(bench.hardware.now + 10_000);
    const [each, second, followed, waiting] = [0, 1, 2, 4].map((id) => probeEvidence(bench.hardware, id));
    expect([each?.fired, followed?.fired, second?.fired, waiting?.matches]).toEqual([3, 3, 1, 0]);
    expect((second?.firstAt ?? 0) - 700).toBeGreaterThan(followed?.firstAt ?? 0);
  });

  it("tells what the bits held before it changed them", () => {
    const bench = two();
    bench.ports[0]?.write32(isolationControl, 1 << 16);
    armProbe(bench.hardware, 0, { match: { kind: "time", at: 0 }, action: { kind: "corruptRegister", at: { entity: "rp0", space: "component", offset: isolationControl, mask: 0x3_0000 }, value: 0x2_0000 } });
    read(bench);
    expect(bitsBefore(bench.hardware, 0)).toBe(0x1_0000);
  });
});
