// Requests in flight, virtual time, and what becomes of the host.

import { describe, expect, it } from "vitest";
import { armProbe } from "../../src/hardware/probes.ts";
import type { Completion } from "../../src/platform/platform.ts";
import { createRandom, nextBelow } from "../../src/sim/random.ts";
import type { Bench } from "../support/machine.ts";
import { GiB, deviceOf, machineOf, offsetOf, openMemory, portOf, programDecoder, setUp } from "../support/machine.ts";

const base = 16n * GiB;
const isolationControl = offsetOf("rootPortComponent", "timeoutIsolation", "control");
const isolationStatus = offsetOf("rootPortComponent", "timeoutIsolation", "status");
const decoderControl = (n: number): number => offsetOf("hostBridgeComponent", "hdmDecoderPort", "control", n);
const choices = { isolationExit: "cxl-3.2", timeoutInstant: "earliest", decoderCommitTime: 0, isolationResponseTime: 50, messageOrder: "isolation-first" } as const;

function one(overrides: Parameters<typeof portOf>[1] = {}, machine: Parameters<typeof machineOf>[1] = {}): Bench {
  const bench = setUp(machineOf([portOf("rp0", overrides)], machine));
  openMemory(bench);
  return bench;
}

function completions(bench: Bench): Completion[] {
  const taken: Completion[] = [];
  for (let next = bench.platform.memory.takeCompletion(); next !== undefined; next = bench.platform.memory.takeCompletion()) taken.push(next);
  return taken;
}

const wait = (bench: Bench, time: number): void => bench.hardware.advanceTo(bench.hardware.now + time);
const cut = (bench: Bench, after: number, id = 0): number => armProbe(bench.hardware, id, { match: { kind: "time", at: bench.hardware.now + after }, action: { kind: "linkDown", port: "rp0" } });
const dropNext = (bench: Bench, id = 1): number => armProbe(bench.hardware, id, { match: { kind: "request", port: "rp0", direction: "any" }, action: { kind: "dropResponse", port: "rp0", count: 1 } });

describe("the in-flight table", () => {
  it("[rule 7] answers come by deadline, then by issue, with every latency mixed, as a list sorted the slow way says", () => {
    for (const inFlight of [1, 2, 7, 64, 256]) {
      const bench = one({ inFlight, slots: [deviceOf("d", { readLatency: 300, writeLatency: 70 })] }, { limits: { mediaPages: 64, traceRecords: 4096, probes: 4, requesters: 512 } });
      const random = createRandom(inFlight);
      const free: number[] = [];
      const expected: { requester: number; completedAt: number; issue: number }[] = [];
      const open: number[] = [];
      for (let i = 0; i < 400; i++) {
        const kind = nextBelow(random, 2) === 0 ? "read" : "write";
        const now = bench.hardware.now;
        // Entries that are free at `now`, else the one that frees first, in order of arrival.
        while (open.length > 0 && (open[0] ?? 0) <= now) open.shift();
        const start = open.length < inFlight ? now : (open.shift() ?? now);
        const end = start + (kind === "read" ? 300 : 70);
        open.push(end);
        open.sort((a, b) => a - b);
        expected.push({ requester: i, completedAt: end, issue: i });
        expect(bench.platform.memory.issue(i, kind, base + BigInt(64 * i), 1n)).toBe(true);
        free.push(bench.hardware.port("rp0").inFlight);
        wait(bench, nextBelow(random, 3) * 20);
      }
      wait(bench, 400_000);
      expected.sort((a, b) => a.completedAt - b.completedAt || a.issue - b.issue);
      expect(completions(bench).map(({ requester, completedAt }) => [requester, completedAt])).toEqual(expected.map(({ requester, completedAt }) => [requester, completedAt]));
      expect(Math.max(...free)).toBeLessThanOrEqual(inFlight);
      expect(bench.hardware.port("rp0")).toMatchObject({ inFlight: 0, isStalled: false });
    }
  });

  it("a waiting load takes an entry like any other request, and stalls behind a full table", () => {
    const bench = one({ inFlight: 2 });
    const start = bench.hardware.now;
    for (let i = 0; i < 3; i++) bench.platform.memory.issue(i, "read", base, 0n);
    expect(bench.hardware.port("rp0")).toMatchObject({ inFlight: 2, isStalled: true });
    bench.platform.memory.load(base, 8);
    expect(bench.hardware.now).toBe(start + 600 + 1);
    expect(completions(bench).map(({ requester }) => requester)).toEqual([0, 1, 2]);
  });

  it("a requester has one stalled request at most; a requester beyond the limit is refused by name", () => {
    const bench = one({ inFlight: 1 });
    expect([0, 1, 1].map((requester) => bench.platform.memory.issue(requester, "read", base, 0n))).toEqual([true, true, false]);
    expect([bench.platform.memory.isStalled(0), bench.platform.memory.isStalled(1)]).toEqual([false, true]);
    expect(() => bench.platform.memory.issue(64, "read", base, 0n)).toThrow(/requester 64 is not in 0\.\.63/);
  });

  it("requests to DRAM or to nowhere end at once", () => {
    const bench = one();
    for (const [requester, kind, address] of [[0, "write", 4096n], [1, "read", 4096n], [2, "read", base + 3n * GiB], [3, "write", 60n * GiB]] as const) bench.platform.memory.issue(requester, kind, address, 7n);
    expect(completions(bench).map(({ status, completedAt, issuedAt }) => [status, completedAt - issuedAt])).toEqual([["ok", 0], ["ok", 0], ["ones", 0], ["dropped", 0]]);
  });

  it("a completion queue that nobody empties sets the limit and loses nothing that was queued before", () => {
    const bench = setUp(machineOf([portOf("rp0")], { limits: { mediaPages: 1, traceRecords: 64, probes: 1, requesters: 1 } }));
    for (let i = 0; i < 200; i++) bench.platform.memory.issue(0, "read", 0n, 0n);
    expect([bench.hardware.limitsReached, completions(bench).length]).toEqual([["completion queue"], 16 + 2 + 64]);
  });

  it("what a route says is what a request meets", () => {
    const bench = one({ inFlight: 9, slots: [deviceOf("d", { readLatency: 123, writeLatency: 45 })] });
    expect(bench.platform.memory.route(base)).toEqual({ table: 0, capacity: 9, readLatency: 123, writeLatency: 45 });
    const before = bench.hardware.now;
    bench.platform.memory.load(base, 8);
    expect(bench.hardware.now - before).toBe(124);
  });
});

describe("virtual time", () => {
  it("every access costs its time from the table; peeks cost none and leave no trace", () => {
    const bench = setUp(machineOf([portOf("rp0")], { costs: { config: 3, mmioRead: 5, mmioWrite: 7, memory: 11 } }));
    const cost = (work: () => unknown): number => {
      const before = bench.hardware.now;
      work();
      return bench.hardware.now - before;
    };
    const digest = bench.hardware.digest("access");
    expect([cost(() => bench.hardware.peekComponent(0, 0)), cost(() => bench.hardware.readRam(0n, 9)), cost(() => bench.hardware.port("rp0"))]).toEqual([0, 0, 0]);
    expect(bench.hardware.digest("access")).toBe(digest);
    expect([cost(() => bench.platform.config.read8(bench.portAddress(0), 0)), cost(() => bench.bridge.read32(0)), cost(() => bench.bridge.write32(0, 0)), cost(() => bench.platform.memory.load(0n, 1))]).toEqual([3, 5, 7, 11]);
  });

  it("spending moves the clock by any time, running what is due on the way", () => {
    const bench = one();
    const start = bench.hardware.now;
    bench.platform.memory.issue(0, "read", base, 0n);
    bench.platform.spend(20_000_000_000);
    expect([bench.hardware.now - start, completions(bench)[0]?.completedAt]).toEqual([20_000_000_000, start + 300]);
  });

  it("the next deadline is that of the earliest thing, and none when nothing is due", () => {
    const bench = setUp(machineOf([portOf("rp0", { slots: [deviceOf("d", { mediaReadyTime: 5000 })] })]));
    expect(bench.hardware.nextDeadline).toBe(5000);
    bench.hardware.advanceTo(5000);
    expect([bench.hardware.nextDeadline, bench.hardware.nextEvent]).toEqual([-1, -1]);
    openMemory(bench);
    const { now } = bench.hardware;
    bench.platform.memory.issue(0, "read", base, 0n);
    expect([bench.hardware.nextDeadline, bench.hardware.nextEvent]).toEqual([now + 300, -1]);
    armProbe(bench.hardware, 0, { match: { kind: "time", at: now + 200 }, action: { kind: "linkDown", port: "rp0" } });
    expect([bench.hardware.nextDeadline, bench.hardware.nextEvent]).toEqual([now + 200, now + 200]);
  });

  it("[C1] [C7] a commit takes the time asked for, each decoder its own, and writes meanwhile change nothing", () => {
    const bench = setUp(machineOf([portOf("rp0")], { implementation: { ...choices, decoderCommitTime: 1_000_000 } }));
    expect(programDecoder(bench.bridge, "hostBridgeComponent", 0, { base, size: GiB }) & 0xc00).toBe(0);
    const first = bench.hardware.now;
    bench.bridge.write32(offsetOf("hostBridgeComponent", "hdmDecoderPort", "sizeLow"), 0xf000_0000);
    bench.bridge.write32(decoderControl(0), 0);
    wait(bench, 900_000);
    programDecoder(bench.bridge, "hostBridgeComponent", 1, { base: base + GiB, size: GiB, lock: true });
    const peek = (n: number): number => bench.hardware.peekComponent(0, decoderControl(n)) & 0xe00;
    bench.hardware.advanceTo(first + 1_000_000);
    expect([peek(0), peek(1), bench.bridge.read32(offsetOf("hostBridgeComponent", "hdmDecoderPort", "sizeLow"))]).toEqual([0x600, 0x200, 0x4000_0000]);
    wait(bench, 1_000_000);
    expect(peek(1)).toBe(0x600);
  });

  it("[C1] a device reset ends a commit under way without a result", () => {
    const bench = setUp(machineOf([portOf("rp0")], { implementation: { ...choices, decoderCommitTime: 1_000_000 } }));
    const device = bench.devices[0];
    if (device === undefined) throw new Error("no device");
    programDecoder(device, "deviceComponent", 0, { base, size: GiB });
    cut(bench, 10);
    wait(bench, 2_000_000);
    expect(bench.hardware.peekComponent(2, offsetOf("deviceComponent", "hdmDecoderDevice", "control"))).toBe(0);
  });
});

describe("the host", () => {
  it("[T9] the watchdog bites only while a request really waits: one that isolation answered since does not count", () => {
    const bench = one({}, { watchdogTime: 1_000_000 });
    bench.ports[0]?.write32(isolationControl, 1 << 16);
    dropNext(bench);
    bench.platform.memory.issue(0, "read", base, 0n);
    cut(bench, 1000);
    wait(bench, 5_000_000);
    expect([completions(bench)[0]?.status, bench.hardware.hostState, bench.hardware.nextDeadline]).toEqual(["poison", "running", -1]);
  });

  it("[T9] of several lost requests the oldest that still waits sets the time", () => {
    const bench = one({}, { watchdogTime: 1_000_000 });
    for (let i = 0; i < 3; i++) {
      dropNext(bench);
      bench.platform.memory.issue(i, "read", base, 0n);
      wait(bench, 1000);
    }
    const { now } = bench.hardware;
    wait(bench, 5_000_000);
    expect([bench.hardware.hostState, bench.hardware.hostStateAt]).toEqual(["hung", now - 3000 + 1_000_000]);
  });

  it("[T9] a timeout that does not isolate is the platform's to answer", () => {
    for (const [platformFailure, state, statuses] of [["reset", "reset", []], ["hang-until-watchdog", "hung", []], ["machine-check", "running", ["fatal", "dropped"]]] as const) {
      const bench = one({}, { platformFailure, watchdogTime: 1_000_000 });
      bench.ports[0]?.write32(isolationControl, 1 << 4);
      for (const [requester, kind] of [[0, "read"], [1, "write"]] as const) {
        dropNext(bench);
        bench.platform.memory.issue(requester, kind, base, 0n);
      }
      wait(bench, 2_000_000);
      expect([platformFailure, bench.hardware.hostState, completions(bench).map(({ status }) => status), (bench.hardware.peekComponent(1, isolationStatus) & 0x101)]).toEqual([platformFailure, state, statuses, 1]);
    }
  });

  it("[T1] a request that meets a link still down, isolation enabled and status cleared, isolates again", () => {
    const bench = one();
    bench.ports[0]?.write32(isolationControl, (1 << 16) | (1 << 26));
    cut(bench, 10);
    wait(bench, 1000);
    expect(bench.platform.interrupts.take()).toBeDefined();
    bench.ports[0]?.write32(isolationStatus, 0x300);
    expect([bench.hardware.port("rp0").isIsolated, bench.platform.memory.load(base, 8).status, bench.hardware.port("rp0").isIsolated, bench.platform.interrupts.take()?.data, bench.hardware.hostState]).toEqual([false, "poison", true, 0x43, "running"]);
  });

  it("[TS5] a port stays isolated for its traffic though isolation is switched off meanwhile, also when the link then goes down", () => {
    const bench = one({}, { implementation: { ...choices, isolationResponseTime: 100_000 } });
    bench.ports[0]?.write32(isolationControl, (1 << 16) | (1 << 4));
    dropNext(bench);
    bench.platform.memory.issue(0, "read", base, 0n);
    wait(bench, 60_000);
    bench.platform.memory.issue(1, "read", base, 0n);
    bench.ports[0]?.write32(isolationControl, 0);
    cut(bench, 10);
    wait(bench, 400_000);
    expect([completions(bench).map(({ status }) => status), bench.hardware.hostState]).toEqual([["poison", "poison"], "running"]);
  });

  it("in a dead host every access ends, time still passes, and nothing happens by itself any more", () => {
    const bench = one({ inFlight: 2 });
    bench.platform.memory.issue(0, "read", base, 0n);
    cut(bench, 10);
    wait(bench, 20);
    expect([bench.hardware.hostState, bench.hardware.hostStateAt]).toEqual(["reset", bench.hardware.now - 10]);
    for (let i = 0; i < 5; i++) expect([bench.platform.memory.load(base, 8).status, bench.platform.memory.store(base, 8, 1n), bench.platform.memory.issue(1, "read", base, 0n)]).toEqual(["never", "never", false]);
    const { now } = bench.hardware;
    bench.bridge.read32(0);
    bench.hardware.advanceTo(now + 1000);
    expect([bench.hardware.now, bench.platform.memory.load(0n, 8).status]).toEqual([now + 1000, "ok"]);
  });

  it("two machines in one process do not notice each other", () => {
    const run = (other: boolean): string => {
      const [a, b] = [one(), one()];
      for (let i = 0; i < 50; i++) {
        a.platform.memory.store(base + BigInt(i * 64), 8, BigInt(i));
        if (other) b.platform.memory.store(base + BigInt(i * 4096), 4, 5n);
      }
      return a.hardware.digest("access");
    };
    expect(run(true)).toBe(run(false));
  });
});
