// The processors' cache in front of CXL memory (machine.cache): what hits, what is written back, and what isolation does to either.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Completion, MemoryStatus, RequestOrigin } from "../../src/platform/platform.ts";
import { createPlatform } from "../../src/hardware/platform.ts";
import { Hardware } from "../../src/hardware/machine.ts";
import { armProbe } from "../../src/hardware/probes.ts";
import { hardwareKinds } from "../../src/scenario/trace/words.ts";
import { readRecord, recordWords } from "../../src/sim/trace.ts";
import type { Bench } from "../support/machine.ts";
import { GiB, MiB, machineOf, offsetOf, openMemory, portOf, setUp } from "../support/machine.ts";

const base = 16n * GiB;
const latency = 7;
const line = 64n;
/** Four sets of two ways: lines 256 bytes apart share a set. */
const small = { size: 512n, ways: 2, latency };
const stride = 256n;
const control = offsetOf("rootPortComponent", "timeoutIsolation", "control");
const status = offsetOf("rootPortComponent", "timeoutIsolation", "status");
const isolationEnable = 1 << 16;
const timeoutEnable = 1 << 4;

function ready(overrides: Parameters<typeof machineOf>[1] = {}, enabled = isolationEnable, ports = [portOf("rp0", { linkTrainingTime: 1000 })]): Bench {
  const bench = setUp(machineOf(ports, { cache: small, ...overrides }), "checked");
  openMemory(bench);
  bench.ports[0]?.write32(control, enabled);
  return bench;
}

const media = ({ hardware }: Bench, dpa: bigint): number => hardware.exports.peekMedia(0, Number(dpa), 0) >>> 0;

function cut(bench: Bench): void {
  armProbe(bench.hardware, 0, { match: { kind: "time", at: bench.hardware.now + 1 }, action: { kind: "linkDown", port: "rp0" } });
  bench.hardware.advanceTo(bench.hardware.now + 1);
}

/** One request, waited for. */
function ask({ hardware, platform: { memory } }: Bench, kind: "read" | "write", address: bigint, value = 0n, origin: RequestOrigin = "processor"): Completion {
  memory.issue(0, kind, address, value, origin);
  hardware.advanceTo(hardware.now + 2000);
  const completion = memory.takeCompletion();
  if (completion === undefined) throw new Error("no answer");
  return completion;
}

const took = ({ issuedAt, completedAt }: Completion): number => completedAt - issuedAt;
const load = ({ platform: { memory } }: Bench, address: bigint): { readonly status: MemoryStatus; readonly value: bigint } => memory.load(address, 8);

describe("the processors' cache", () => {
  it("answers a second load of a line after its own latency, without a request at the port", () => {
    const bench = ready();
    expect(took(ask(bench, "read", base))).toBe(300);
    expect(took(ask(bench, "read", base + 8n))).toBe(latency);
    expect(took(ask(bench, "read", base + line))).toBe(300);
  });

  it("keeps a store until its line is evicted, whole and with the bytes around it", () => {
    const bench = ready();
    bench.platform.memory.store(base + 8n, 4, 0x11223344n);
    bench.platform.memory.store(base + 32n, 8, 0x55n);
    expect([media(bench, 8n), media(bench, 32n)]).toEqual([0, 0]);
    expect(load(bench, base + 8n)).toEqual({ status: "ok", value: 0x11223344n });
    for (const way of [1n, 2n]) ask(bench, "read", base + way * stride);
    bench.hardware.advanceTo(bench.hardware.now + 1000);
    expect([media(bench, 8n), media(bench, 32n), media(bench, 40n)]).toEqual([0x11223344, 0x55, 0]);
  });

  it("evicts what was used longest ago", () => {
    const bench = ready();
    for (const way of [0n, 1n, 0n, 2n]) ask(bench, "read", base + way * stride);
    expect(took(ask(bench, "read", base))).toBe(latency);
    expect(took(ask(bench, "read", base + stride))).toBe(300);
  });

  it("takes a write of a whole line without reading it", () => {
    const bench = ready();
    expect(took(ask(bench, "write", base, 9n))).toBe(latency);
    expect(media(bench, 0n)).toBe(0);
    expect(load(bench, base + 56n).value).toBe(9n);
  });

  it("[TB1] clean lines hit after isolation, the others are poison", () => {
    const bench = ready();
    ask(bench, "write", base, 5n);
    bench.platform.invalidateCaches(base, MiB);
    expect(load(bench, base)).toEqual({ status: "ok", value: 5n });
    cut(bench);
    expect(load(bench, base)).toEqual({ status: "ok", value: 5n });
    expect(load(bench, base + line).status).toBe("poison");
  });

  it("[TB2] dirty lines that are evicted in isolation are lost, silently", () => {
    const bench = ready();
    const before = bench.hardware.digest("hardware");
    ask(bench, "write", base, 5n);
    expect(bench.hardware.digest("hardware")).toBe(before);
    cut(bench);
    expect([0n, 1n, 2n].map((way) => ask(bench, "write", base + way * stride, 6n).status)).toEqual(["ok", "ok", "ok"]);
    bench.hardware.advanceTo(bench.hardware.now + 1000);
    expect(media(bench, 0n)).not.toBe(5);
    expect(load(bench, base).status).toBe("poison");
  });

  it("[TB2] a store to a line that cannot be read takes nothing and raises nothing", () => {
    const bench = ready();
    cut(bench);
    expect(bench.platform.memory.store(base, 8, 1n)).toBe("dropped");
    expect(load(bench, base).status).toBe("poison");
  });

  it("[TB3] stale lines show old data after the memory behind them was reset, until caches are invalidated", () => {
    const bench = ready();
    bench.platform.memory.store(base, 8, 5n);
    cut(bench);
    armProbe(bench.hardware, 1, { match: { kind: "time", at: bench.hardware.now + 1 }, action: { kind: "linkUp", port: "rp0" } });
    bench.ports[0]?.write32(status, 1 << 8);
    bench.hardware.advanceTo(bench.hardware.now + 10_000);
    expect(bench.hardware.viewOf(base)).toEqual({ isCached: true, value: 5n });
    expect(bench.platform.invalidateCaches(base, MiB)).toBe(true);
    expect(bench.hardware.viewOf(base)?.value).not.toBe(5n);
  });

  it("where the platform cannot invalidate, lines stay", () => {
    const choices = machineOf([]).implementation;
    const bench = ready({ implementation: { ...choices, cacheInvalidation: false } });
    bench.platform.memory.store(base, 8, 5n);
    expect(bench.platform.invalidateCaches(base, MiB)).toBe(false);
    expect(bench.hardware.viewOf(base)).toEqual({ isCached: true, value: 5n });
    expect(media(bench, 0n)).toBe(0);
  });

  it("invalidation writes back, also with a full table and more dirty lines than entries", () => {
    const bench = ready({ cache: { size: 65_536n, ways: 4, latency } }, 0, [portOf("rp0", { inFlight: 2 })]);
    for (let i = 0n; i < 300n; i++) bench.platform.memory.store(base + i * line, 8, i + 1n);
    bench.platform.invalidateCaches(base, 150n * line);
    expect([0n, 149n].map((i) => media(bench, i * line))).toEqual([1, 150]);
    expect(media(bench, 150n * line)).toBe(0);
    expect(bench.hardware.viewOf(base + 150n * line)?.isCached).toBe(true);
    expect(bench.hardware.viewOf(base)?.isCached).toBe(false);
  });

  it("[T2] a write-back is a request of the port: one that is not answered times out and isolates it", () => {
    const bench = ready({}, isolationEnable | timeoutEnable);
    bench.platform.memory.store(base, 8, 5n);
    armProbe(bench.hardware, 0, { match: { kind: "request", port: "rp0", direction: "write" }, action: { kind: "dropResponse", port: "rp0", count: 1 } });
    for (const way of [1n, 2n]) ask(bench, "read", base + way * stride);
    bench.hardware.advanceTo(bench.hardware.now + 100_000);
    expect((bench.ports[0]?.read32(status) ?? 0) & 0x101).toBe(0x101);
    expect(media(bench, 0n)).toBe(0);
  });

  it("DMA leaves no line, takes a dirty one from the cache, and a write of it drops the line", () => {
    const bench = ready();
    expect([0, 1].map(() => took(ask(bench, "read", base, 0n, "device")))).toEqual([300, 300]);
    bench.platform.memory.store(base, 8, 5n);
    expect(took(ask(bench, "read", base, 0n, "device"))).toBe(latency);
    expect(took(ask(bench, "write", base, 6n, "device"))).toBe(200);
    expect([media(bench, 0n), Number(load(bench, base).value)]).toEqual([6, 6]);
  });

  it("poison is not kept: a line that is poisoned in the media is asked for each time", () => {
    const bench = ready();
    armProbe(bench.hardware, 0, { match: { kind: "time", at: bench.hardware.now }, action: { kind: "poison", device: "rp0-dev", dpa: 0n, length: 64 } });
    bench.hardware.advanceTo(bench.hardware.now + 1);
    expect([load(bench, base).status, load(bench, base).status]).toEqual(["poison", "poison"]);
    ask(bench, "write", base, 3n);
    bench.platform.invalidateCaches(base, MiB);
    expect(load(bench, base)).toEqual({ status: "ok", value: 3n });
  });

  it("host DRAM is not cached: a device writes beside it", () => {
    const bench = ready();
    bench.platform.memory.store(0x1000n, 8, 1n);
    expect(bench.hardware.viewOf(0x1000n)).toBeNull();
    expect(bench.platform.memory.load(0x1000n, 8).value).toBe(1n);
  });

  it("no request may be counted in closed form while there is a cache", () => {
    expect(ready().platform.memory.countsRequests).toBe(true);
    expect(setUp(machineOf([portOf("rp0")])).platform.memory.countsRequests).toBe(false);
  });

  it("changes no value that a load gets, and leaves the same memory behind once it is written back", () => {
    const [cached, plain] = [ready({}, 0), setUp(machineOf([portOf("rp0")]), "checked")];
    openMemory(plain);
    const width = fc.constantFrom(1 as const, 2 as const, 4 as const, 8 as const);
    const access = fc.record({ at: fc.integer({ min: 0, max: 4090 }), width, value: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), kind: fc.constantFrom("load", "store", "line", "dma") });
    fc.assert(fc.property(fc.array(access, { maxLength: 60 }), (accesses) => {
      for (const { at, width: bytes, value, kind } of accesses) {
        const address = base + BigInt(at);
        const results = [cached, plain].map((bench) => {
          if (kind === "load") return bench.platform.memory.load(address, bytes);
          if (kind === "store") return bench.platform.memory.store(address, bytes, value);
          return ask(bench, "write", address - (address % line), value, kind === "dma" ? "device" : "processor").status;
        });
        expect(results[0]).toEqual(results[1]);
      }
      cached.platform.invalidateCaches(base, MiB);
      for (let at = 0n; at < 4160n; at += 8n) expect(cached.hardware.viewOf(base + at)?.value).toBe(plain.hardware.viewOf(base + at)?.value);
    }), { numRuns: 40, seed: 1 });
  });

  it("is part of a snapshot and of a fork", () => {
    const bench = ready();
    bench.platform.memory.store(base, 8, 5n);
    const snapshot = bench.hardware.snapshot();
    bench.platform.invalidateCaches(base, MiB);
    bench.hardware.restore(snapshot);
    expect(bench.hardware.viewOf(base)).toEqual({ isCached: true, value: 5n });
    const fork = new Hardware(bench.hardware.module, bench.hardware.description);
    fork.copyFrom(bench.hardware);
    createPlatform(fork).invalidateCaches(base, MiB);
    expect(fork.viewOf(base)).toEqual({ isCached: false, value: 5n });
    expect(bench.hardware.viewOf(base)?.isCached).toBe(true);
  });

  it("says what it wrote back and how it ended", () => {
    const bench = ready();
    const said: string[] = [];
    bench.hardware.storeTrace((words) => {
      for (let i = 0; i < words.length / recordWords; i++) {
        const { layer, kind, b, d } = readRecord(words, i);
        if (layer === "hardware" && (hardwareKinds[kind] ?? "").includes("back")) said.push(`${hardwareKinds[kind]} ${b} ${d}`);
        if (layer === "hardware" && (hardwareKinds[kind] ?? "").startsWith("caches")) said.push(`${hardwareKinds[kind]} ${b}`);
      }
    });
    bench.platform.memory.store(base, 8, 5n);
    bench.platform.invalidateCaches(base, MiB);
    bench.platform.memory.store(base, 8, 6n);
    cut(bench);
    bench.platform.invalidateCaches(base, MiB);
    bench.hardware.drainTrace();
    expect(said).toEqual(["write back 0 4", "caches invalidated 1", "write back 2 4", "caches invalidated 1"]);
  });

  it("a cache that cannot be built is refused with what is possible", () => {
    expect(() => setUp(machineOf([portOf("rp0")], { cache: { size: 1000n, ways: 2, latency } }))).toThrow("power of two of sets");
    expect(() => setUp(machineOf([portOf("rp0")], { cache: { size: 512n, ways: 0, latency } }))).toThrow("cache.ways");
  });
});
