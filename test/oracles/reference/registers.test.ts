// The reading of declarations, alone: a made-up structure with every access kind, and the rules of locks and lists on declared ones.

import { describe, expect, it } from "vitest";
import { blocks } from "../../../registers/blocks.ts";
import type { BlockDeclaration, FieldDeclaration, StructureDeclaration } from "../../../registers/schema.ts";
import type { Keys } from "./registers.ts";
import { RegisterFile } from "./registers.ts";

const field = (bits: FieldDeclaration["bits"], access: FieldDeclaration["access"], more: Partial<FieldDeclaration> = {}): FieldDeclaration => ({ bits, access, meaning: "", ...more });

const every: StructureDeclaration = {
  name: "every", clause: "", length: 0x40, widths: [1, 2, 4],
  registers: {
    plain: { offset: 0, width: 32, clause: "", meaning: "", fields: { ro: field([3, 0], "RO", { reset: 5 }), rw: field([11, 4], "RW", { reset: 0x21 }), rws: field([15, 12], "RWS", { reset: 1 }), w1c: field([19, 16], "RW1C", { reset: 0xf }), w1cs: field([23, 20], "RW1CS", { reset: 0xf }), once: field(24, "RWO"), shown: field([30, 28], "HwInit", { key: "vectors" }) } },
    conditional: { offset: 4, width: 16, clause: "", meaning: "", onWrite: "command", fields: { ifField: field([3, 0], "RW", { when: "plain.rw" }), ifKey: field([7, 4], "RW", { whenKey: "hasDpc" }), order: field([15, 12], "RW", { readsZero: true }) } },
    many: { offset: 8, width: 32, clause: "", meaning: "", repeat: { count: 4, stride: 8, implementedBy: "decoderCount" }, fields: { value: field([31, 0], "RW") } },
  },
};
const block: BlockDeclaration = { name: "made up", clause: "", kind: "config", placements: { every: { at: 0x20, structure: every }, absent: { at: 0x80, structure: { ...every, name: "absent" }, presentWith: "isolation" } } };
const fileOf = (keys: Keys = { vectors: 6, decoderCount: 2 }): RegisterFile => new RegisterFile(block, keys);

describe("access kinds", () => {
  it("after power-on every field has its reset value or key, the rest is 0", () => {
    expect(fileOf().read(0x20, 4)).toBe(0x60ff_1215n);
  });

  it("a write of ones changes RW and RWS, clears RW1C and RW1CS, sets RWO once, and leaves RO, HwInit and reserved bits", () => {
    const file = fileOf();
    file.write(0x20, 4, 0xffff_ffffn);
    expect(file.read(0x20, 4)).toBe(0x6100_fff5n);
    file.write(0x20, 4, 0n);
    expect(file.read(0x20, 4)).toBe(0x6100_0005n);
  });

  it("only the bytes of the access are written", () => {
    const file = fileOf();
    file.write(0x21, 1, 0xffn);
    expect(file.read(0x20, 4)).toBe(0x60ff_ff15n);
    file.write(0x22, 2, 0x0030n);
    expect(file.read(0x20, 4)).toBe(0x60cf_ff15n);
  });

  it("wrong widths, unaligned accesses and offsets behind the block read 0 and write nothing", () => {
    const file = fileOf();
    for (const [offset, width] of [[0x20, 8], [0x21, 2], [0x22, 4], [0x1000, 4], [0xffc, 8]] as const) {
      expect(file.write(offset, width, 0xffff_ffffn)).toEqual([]);
      expect([offset, width, file.read(offset, width)]).toEqual([offset, width, 0n]);
    }
    expect(file.read(0x20, 4)).toBe(0x60ff_1215n);
  });

  it("a hot reset spares sticky fields, a cold one does not", () => {
    const file = fileOf();
    file.write(0x20, 4, 0x0011_a000n);
    file.reset("hot");
    expect(file.read(0x20, 4)).toBe(0x60ef_a215n);
    file.reset("cold");
    expect(file.read(0x20, 4)).toBe(0x60ff_1215n);
  });

  it("conditions on fields hold at the time of the write, those on keys for good", () => {
    const file = fileOf();
    file.write(0x24, 2, 0x00ffn);
    expect(file.read(0x24, 2)).toBe(0x000fn);
    file.write(0x20, 4, 0n);
    file.write(0x24, 2, 0x0000n);
    expect(file.read(0x24, 2)).toBe(0x000fn);
    const withKey = fileOf({ hasDpc: 1 });
    withKey.write(0x24, 2, 0x00ffn);
    expect(withKey.read(0x24, 2)).toBe(0x00ffn);
  });

  it("command bits read 0 and are told to whoever handles the side effect, with the value before", () => {
    const file = fileOf();
    file.write(0x24, 1, 3n);
    expect(file.write(0x24, 2, 0xa005n)).toEqual([{ behaviour: "command", structure: "every", register: "conditional", instance: 0, before: 3, commands: 0xa000 }]);
    expect(file.read(0x24, 2)).toBe(5n);
    expect(file.write(0x20, 4, 1n)).toEqual([]);
  });

  it("instances behind the implemented ones and absent structures read 0 and take nothing", () => {
    const file = fileOf();
    for (const at of [0x28, 0x30, 0x38, 0x40, 0x80, 0x88]) file.write(at, 4, 0x1234n);
    expect([0x28, 0x30, 0x38, 0x40, 0x80, 0x88].map((at) => file.read(at, 4))).toEqual([0x1234n, 0x1234n, 0n, 0n, 0n, 0n]);
    expect([file.has("absent"), fileOf({ isolation: 1 }).has("absent")]).toEqual([false, true]);
  });
});

const decoderFile = (): RegisterFile => new RegisterFile(blocks.hostBridgeComponent, { decoderCount: 4, hasDecoders: 1 });

describe("locks", () => {
  it("[C9] locked decoder keeps its base, size, targets and control; its neighbour does not", () => {
    const file = decoderFile();
    const control = (n: number): number => file.offsetOf("hdmDecoderPort", "control", n);
    file.write(control(1), 4, 0x300n);
    file.field("hdmDecoderPort", "control", "committed").set(1, 1);
    for (const register of ["baseLow", "baseHigh", "sizeLow", "sizeHigh", "control", "targetListLow", "targetListHigh"]) {
      for (const n of [1, 2]) file.write(file.offsetOf("hdmDecoderPort", register, n), 4, register === "control" ? 0n : 0xf000_0001n);
      const mask = register.endsWith("Low") && register !== "targetListLow" ? 0xf000_0000n : 0xf000_0001n;
      expect([register, file.read(file.offsetOf("hdmDecoderPort", register, 1), 4), file.read(file.offsetOf("hdmDecoderPort", register, 2), 4)]).toEqual([register, register === "control" ? 0x700n : 0n, register === "control" ? 0n : mask]);
    }
    file.reset("hot");
    file.write(file.offsetOf("hdmDecoderPort", "baseHigh", 1), 4, 7n);
    expect(file.read(file.offsetOf("hdmDecoderPort", "baseHigh", 1), 4)).toBe(7n);
  });

  it("[C7] a decoder whose commit has no result yet takes no write; [C8] one with an error does", () => {
    const file = decoderFile();
    const base = file.offsetOf("hdmDecoderPort", "baseHigh");
    file.write(file.offsetOf("hdmDecoderPort", "control"), 4, 0x200n);
    file.write(base, 4, 5n);
    expect(file.read(base, 4)).toBe(0n);
    file.field("hdmDecoderPort", "control", "errorNotCommitted").set(1);
    file.write(base, 4, 5n);
    expect(file.read(base, 4)).toBe(5n);
  });

  it("CONFIG_LOCK makes the RWL fields of the device DVSEC read only, and cannot be taken back", () => {
    const file = new RegisterFile(blocks.deviceConfig, {});
    const at = (register: string): number => file.offsetOf("dvsecDevice", register);
    file.write(at("control"), 2, 4n);
    file.write(at("lock"), 2, 1n);
    for (const register of ["control", "lock", "range1BaseLow", "range2BaseHigh"]) file.write(at(register), register.startsWith("range") ? 4 : 2, 0n);
    file.write(at("range1BaseHigh"), 4, 9n);
    file.write(at("control2"), 2, 8n);
    expect([file.read(at("control"), 2), file.read(at("lock"), 2), file.read(at("range1BaseHigh"), 4), file.read(at("control2"), 2)]).toEqual([6n, 1n, 0n, 8n]);
  });
});

/** Ids along the extended list, DVSEC ids from 0x1000. */
function extended(file: RegisterFile): number[] {
  const ids: number[] = [];
  for (let at = 0x100; at !== 0; at = file.word(at) >>> 20) ids.push((file.word(at) & 0xffff) === 0x23 ? 0x1000 + (file.word(at + 8) & 0xffff) : file.word(at) & 0xffff);
  return ids;
}

describe("capability lists", () => {
  it("the extended list runs through what is present, in order of place, and ends", () => {
    expect(extended(new RegisterFile(blocks.deviceConfig, { hasPersistent: 1 }))).toEqual([1, 0x1000, 0x1007, 0x1008, 0x1005, 3, 0x2e]);
    expect(extended(new RegisterFile(blocks.deviceConfig, {}))).toEqual([1, 0x1000, 0x1007, 0x1008, 3, 0x2e]);
    expect(extended(new RegisterFile(blocks.rootPortConfig, {}))).toEqual([1, 0x1003, 0x1007, 0x1008, 0x1004]);
  });

  it("DVSEC headers carry vendor, revision, length and id", () => {
    const file = new RegisterFile(blocks.deviceConfig, {});
    const at = file.offsetOf("dvsecDevice", "header");
    expect([file.word(at) & 0xf_ffff, file.word(at + 4), file.word(at + 8) & 0xffff]).toEqual([0x1_0023, 0x03c3_1e98, 0]);
  });

  it("the component array has an entry for each structure, NULL for one that is absent", () => {
    const file = new RegisterFile(blocks.rootPortComponent, { isolation: 1 });
    const entries = Array.from({ length: file.word(0) >>> 24 }, (_, i) => file.word(4 + 4 * i));
    expect(entries.map((entry) => [entry & 0xffff, entry >>> 20]).filter(([id]) => id !== 0)).toEqual([[2, 0x80], [4, 0xd8], [9, 0x120]]);
    expect(entries.length).toBeGreaterThan(3);
  });
});
