// What must hold of the binary itself, and of runs in it: integers only, no mutable global, equal digests of both targets, snapshots.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { armProbe, probeEvidence, ProbeError } from "../../src/hardware/probes.ts";
import { MachineDescriptionError } from "../../src/hardware/build.ts";
import { digestsOf as digests, disturb, referenceDigests } from "../support/disturb.ts";
import { float32, float64, isFloat, memoryGrow, readCode, sections } from "../support/wasm.ts";
import { GiB, deviceOf, machineOf, openMemory, portOf, setUp } from "../support/machine.ts";

const binary = (name: string): Uint8Array => readFileSync(new URL(`../../build/${name}`, import.meta.url));
const names = ["hardware.wasm", "hardware.checked.wasm"] as const;

describe("the module", () => {
  it("[rule 5] has no mutable global and imports nothing but the trace call and the abort of the checked target", () => {
    for (const name of names) {
      const globals = sections(binary(name)).get(6);
      if (globals === undefined) continue;
      // count, then per global: type, mutability, constant expression (opcode, leb, end)
      let at = 1;
      for (let i = 0; i < (globals[0] ?? 0); i++) {
        expect([name, i, globals[at + 1]]).toEqual([name, i, 0]);
        at += 3;
        while ((globals[at++] ?? 0) >= 0x80);
        at++;
      }
    }
    const module = new WebAssembly.Module(readFileSync(new URL("../../build/hardware.wasm", import.meta.url)));
    expect(WebAssembly.Module.imports(module).map((one) => one.name)).toEqual(["traceFull"]);
  });

  it("[rule 5] has no floating-point instruction, local or signature, and grows its memory in one place", () => {
    for (const name of names) {
      const code = readCode(binary(name));
      expect(code.functions).toBeGreaterThan(50);
      expect([...code.opcodes.keys()].filter(isFloat)).toEqual([]);
      expect([...code.localTypes].filter((type) => type === float32 || type === float64)).toEqual([]);
      expect([...(sections(binary(name)).get(1) ?? [])].filter((byte) => byte === float32 || byte === float64)).toEqual([]);
      expect([name, code.opcodes.get(memoryGrow)]).toEqual([name, 1]);
    }
  });

  it("[rule 5] the reading of the binary finds a floating-point instruction where there is one", () => {
    // (func (result f32) f32.const 1) (func (drop (memory.grow (i32.const 0x43))))
    const code = readCode(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 10, 17, 2, 7, 0, 0x43, 0, 0, 0x80, 0x3f, 0x0b, 7, 0, 0x41, 0xc3, 0x00, 0x40, 0, 0x0b]));
    expect([[...code.opcodes.keys()].filter(isFloat), code.opcodes.get(memoryGrow)]).toEqual([[0x43], 1]);
  });

  it("stays under 200 KB", () => {
    expect(binary("hardware.wasm").length).toBeLessThan(200_000);
  });

  it("[rule 2] random accesses of any kind never trap, never grow memory, and leave release and checked with equal digests", () => {
    for (const seed of [1, 2, 3]) {
      const ports = [portOf("rp0"), portOf("rp1", { inFlight: 1 })];
      const release = setUp(machineOf(ports, { platformFailure: "machine-check" }), "release");
      const checked = setUp(machineOf(ports, { platformFailure: "machine-check" }), "checked");
      const size = release.hardware.exports.memory.buffer.byteLength;
      for (const bench of [release, checked]) disturb(bench, seed, 20_000);
      expect(digests(release)).toEqual(digests(checked));
      expect(release.hardware.exports.memory.buffer.byteLength).toBe(size);
    }
  });

  it("the reference runs leave equal digests in both targets, with every layer of the hardware touched", () => {
    const release = referenceDigests("release");
    expect(referenceDigests("checked")).toEqual(release);
    expect(new Set(Object.values(release).map((one) => one[0])).size).toBe(4);
  });

  it("another value in one access gives another access digest", () => {
    const [a, b] = [setUp(machineOf([portOf("rp0")])), setUp(machineOf([portOf("rp0")]))];
    a.bridge.write32(0x90, 1);
    b.bridge.write32(0x90, 2);
    expect(a.hardware.digest("access")).not.toBe(b.hardware.digest("access"));
    expect(a.hardware.digest("hardware")).toBe(b.hardware.digest("hardware"));
  });

  it("a snapshot restored repeats the same future, byte for byte", () => {
    const bench = setUp(machineOf([portOf("rp0"), portOf("rp1")], { platformFailure: "machine-check" }));
    openMemory(bench);
    disturb(bench, 5, 2000);
    const snapshot = bench.hardware.snapshot();
    disturb(bench, 6, 5000);
    const first = digests(bench);
    bench.hardware.restore(snapshot);
    disturb(bench, 6, 5000);
    expect(digests(bench)).toEqual(first);
  });

  it("[rule 14] the trace comes in order, whole, whatever the ring's size", () => {
    const run = (traceRecords: number): number[] => {
      const bench = setUp(machineOf([portOf("rp0"), portOf("rp1")], { limits: { mediaPages: 64, traceRecords, probes: 8, requesters: 64 } }));
      const words: number[] = [];
      bench.hardware.storeTrace((chunk) => words.push(...chunk));
      disturb(bench, 9, 1000);
      bench.hardware.drainTrace();
      return words;
    };
    expect(run(64)).toEqual(run(8192));
  });

  it("[rule 7] a full table stalls its requesters in order of arrival and loses nobody", () => {
    for (const inFlight of [1, 7, 64]) {
      const bench = setUp(machineOf([portOf("rp0", { inFlight })]));
      openMemory(bench);
      const start = bench.hardware.now;
      for (let i = 0; i < 64; i++) expect(bench.platform.memory.issue(i, "read", 16n * GiB + BigInt(64 * i), 0n)).toBe(true);
      expect(bench.platform.memory.isStalled(inFlight)).toBe(inFlight < 64);
      if (inFlight < 64) expect(bench.platform.memory.issue(63, "read", 16n * GiB, 0n)).toBe(false);
      bench.hardware.advanceTo(start + 300 * 64 + 10);
      const seen: [number, number][] = [];
      for (let one = bench.platform.memory.takeCompletion(); one !== undefined; one = bench.platform.memory.takeCompletion()) seen.push([one.requester, one.completedAt - start]);
      expect(seen).toEqual(Array.from({ length: 64 }, (_, i) => [i, 300 * (Math.floor(i / inFlight) + 1)]));
    }
  });

  it("probes skip, count and keep their evidence; names that do not exist are refused", () => {
    const bench = setUp(machineOf([portOf("rp0")]));
    openMemory(bench);
    armProbe(bench.hardware, 0, { match: { kind: "request", port: "rp0", direction: "write" }, action: { kind: "delayResponse", port: "rp0", by: 1000, count: 1 }, skip: 2, count: 2 });
    const times: number[] = [];
    for (let i = 0; i < 6; i++) {
      const before = bench.hardware.now;
      bench.platform.memory.store(16n * GiB, 8, BigInt(i));
      times.push(bench.hardware.now - before);
    }
    expect(times).toEqual([201, 201, 1201, 1201, 201, 201]);
    expect(probeEvidence(bench.hardware, 0)).toMatchObject({ matches: 4, fired: 2 });
    expect(() => armProbe(bench.hardware, 1, { match: { kind: "time", at: 0 }, action: { kind: "linkDown", port: "rp9" } })).toThrow(ProbeError);
    expect(() => armProbe(bench.hardware, 99, { match: { kind: "time", at: 0 }, action: { kind: "linkDown", port: "rp0" } })).toThrow(/limits\.probes/);
  });

  it("a machine that cannot be built says what is wrong and what is possible", () => {
    for (const [ports, message] of [
      [[portOf("rp0", { inFlight: 0 })], /rp0 inFlight: 0 is not an integer in 1\.\.256/],
      [[portOf("rp0", { slots: [deviceOf("d", { volatileCapacity: 1n })] })], /d volatile capacity/],
      [[portOf("rp0", { slots: [deviceOf("d", { barSize: 3n })] })], /power of two/],
      [[portOf("rp0"), portOf("rp0")], /rp0: the name is used twice/],
    ] as const) {
      expect(() => setUp(machineOf(ports))).toThrow(MachineDescriptionError);
      expect(() => setUp(machineOf(ports))).toThrow(message);
    }
  });
});
