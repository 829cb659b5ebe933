import { describe, expect, it } from "vitest";
import { blocks } from "./blocks.ts";
import { checkVariants, DeclarationError } from "./checks.ts";
import { layOut } from "./layout.ts";
import type { BlockDeclaration, RegisterDeclaration, StructureDeclaration } from "./schema.ts";

const structureOf = (registers: Record<string, RegisterDeclaration>, length = 16): StructureDeclaration => ({ name: "test", clause: "0", length, widths: [4], registers });
const blockOf = (structure: StructureDeclaration, at = 0): BlockDeclaration => ({ name: "block", clause: "0", kind: "component", placements: { test: { at, structure } } });
const register = (fields: RegisterDeclaration["fields"], offset = 0): RegisterDeclaration => ({ offset, width: 32, clause: "0", meaning: "", fields });

const wide = (fields: RegisterDeclaration["fields"]): BlockDeclaration => blockOf({ ...structureOf({ r: { ...register(fields), width: 64 } }), widths: [8] });
const placed = (at: number, over: Partial<StructureDeclaration>, kind: BlockDeclaration["kind"] = "config", presentWith?: "isolation"): BlockDeclaration => ({
  name: "block", clause: "0", kind, placements: { test: { at, structure: { ...structureOf({}), ...over }, ...(presentWith === undefined ? {} : { presentWith }) } },
});

/** Optional structures: key, first and last byte address of a dword. */
const absences = (block: BlockDeclaration): (readonly [string, number, number])[] => layOut(block).presence.map(({ key, first, last }) => [key, first * 4, last * 4] as const);

describe("block layouts", () => {
  it("every declared block lays out", () => {
    for (const block of Object.values(blocks)) expect(layOut(block).dwords.length).toBeGreaterThan(16);
  });

  it("the capability array of a root port names RAS, Link and Timeout and Isolation with their places", () => {
    const dwords = layOut(blocks.rootPortComponent).dwords;
    expect(dwords.slice(0, 4).map((dword) => dword.reset)).toEqual([0x0611_0001, 0x0802_0002, 0x0d82_0004, 0x1201_0009]);
  });

  it("[TS1] [TS5] [TS6] status bits of Timeout and Isolation are write-1-to-clear and sticky, RP Busy and reserved bits are not writable", () => {
    const status = layOut(blocks.rootPortComponent).dwords[(0x120 + 0x0c) / 4];
    expect([status?.clear, status?.sticky, status?.write]).toEqual([0x3311, 0x3311, 0]);
    expect((status?.used ?? 0) & 0xffff_8ceE).toBe(0);
  });

  it("decoder n has its registers at 0x10 + 0x20n", () => {
    const dwords = layOut(blocks.hostBridgeComponent).dwords;
    for (const n of [0, 1, 31]) {
      const control = dwords[(0x200 + 0x20 + 0x20 * n) / 4];
      expect([control?.instance, control?.locked]).toEqual([n, 0x33ff]);
    }
  });

  it("a bit declared twice, bits that do not fit, a reset that does not fit and an unknown condition are refused with their place", () => {
    const cases: readonly (readonly [RegisterDeclaration, RegExp])[] = [
      [register({ a: { bits: 3, access: "RW", meaning: "" }, b: { bits: [4, 2], access: "RO", meaning: "" } }), /test\.r\.b: bit 3 is declared twice/],
      [register({ a: { bits: [32, 0], access: "RW", meaning: "" } }), /bits 32:0 do not fit/],
      [register({ a: { bits: [1, 0], access: "RW", reset: 4, meaning: "" } }), /reset 4 does not fit/],
      [register({ a: { bits: 0, access: "RW", when: "other.field", meaning: "" } }), /names no field/],
      [register({ a: { bits: 0, access: "HwInit", meaning: "" } }), /machine key/],
      [register({}, 16), /ends behind/],
      [register({}, 2), /not aligned/],
      [{ ...register({}), width: 16 }, /2 bytes is no legal width/],
      [{ ...register({}), width: 64 }, /8 bytes is no legal width/],
      [{ ...register({}), repeat: { count: 3, stride: 8 } }, /ends behind/],
      [{ ...register({}), repeat: { count: 3, stride: 2 } }, /not aligned/],
      [{ ...register({}), repeat: { count: 2, stride: 0 } }, /overlaps r\[0\] at byte 0/],
      [register({ a: { bits: 0, access: "HwInit", key: "colour" as never, meaning: "" } }), /"colour" is not known/],
      [{ ...register({}), onWrite: "explode" as never }, /"explode" is not known/],
      [register({ a: { bits: 0, access: "RW", when: "r.b", reset: 1, meaning: "" }, b: { bits: 1, access: "RO", meaning: "" } }), /resets to 0/],
      [register({ a: { bits: 0, access: "RO", readsZero: true, meaning: "" } }), /reads 0 is RW/],
      [register({ a: { bits: 0, access: "RW", whenKey: "colour" as never, meaning: "" } }), /test\.r\.a: machine key "colour" is not known/],
      [{ ...register({}), repeat: { count: 2, stride: 4, implementedBy: "colour" as never } }, /test\.r: machine key "colour" is not known/],
      [register({ a: { bits: [1, 0], access: "RW", meaning: "", values: { 4: "four" } } }), /value 4 does not fit/],
    ];
    for (const [declaration, message] of cases) {
      const attempt = (): unknown => layOut(blockOf(structureOf({ r: declaration })));
      expect(attempt).toThrow(DeclarationError);
      expect(attempt).toThrow(message);
    }
  });

  it("registers of one structure that share bytes, or 16 bits with different side effects, are refused", () => {
    expect(() => layOut(blockOf(structureOf({ wide: register({}), narrow: register({}) })))).toThrow(/narrow: overlaps wide at byte 0/);
    const structure: StructureDeclaration = { ...structureOf({}), widths: [1, 2, 4] };
    const pair = { low: { ...register({}), width: 8, onWrite: "command" }, high: { ...register({}, 1), width: 8, onWrite: "bar" } } as const;
    expect(() => layOut(blockOf({ ...structure, registers: pair }))).toThrow(/"command" and "bar" share 16 bits/);
  });

  it("a field of more than 32 bits, or a condition across two dwords, is refused", () => {
    expect(() => layOut(wide({ a: { bits: [32, 0], access: "RW", meaning: "" } }))).toThrow(/more than 32/);
    expect(() => layOut(wide({ a: { bits: [33, 30], access: "RW", when: "r.b", meaning: "" }, b: { bits: 0, access: "RO", meaning: "" } }))).toThrow(/two dwords/);
    expect(() => layOut(wide({ a: { bits: [33, 30], access: "HwInit", key: "portNumber", meaning: "" } }))).toThrow(/two dwords/);
    expect(() => layOut(wide({ a: { bits: [33, 30], access: "RW", whenKey: "hasDpc", meaning: "" } }))).toThrow(/condition "hasDpc" reaches across two dwords/);
  });

  it("a structure of the wrong list, behind the end of a block or absent where it must not be is refused", () => {
    const extended = { identity: { list: "extended", id: 1, version: 1 } } as const;
    expect(() => layOut(placed(0x100, extended, "component"))).toThrow(/no place in a component block/);
    expect(() => layOut(placed(0x100, extended, "messages"))).toThrow(/extended list has no place in a messages block/);
    expect(() => layOut(placed(0, { identity: { list: "component", id: 2, version: 1 } }, "messages"))).toThrow(/component list has no place in a messages block/);
    expect(() => layOut(placed(0x40, { identity: { list: "component", id: 2, version: 1 } }, "config"))).toThrow(/component list has no place in a config block/);
    expect(() => layOut(placed(0x140, extended, "config", "colour" as never))).toThrow(/machine key "colour" is not known/);
    expect(() => layOut(placed(0x40, extended))).toThrow(/at 256 or above/);
    expect(() => layOut(placed(0x140, extended))).toThrow(/starts at 256/);
    expect(() => layOut(placed(0x100, { identity: { list: "capability", id: 1 } }))).toThrow(/below 256/);
    expect(() => layOut(placed(0xff8, {}))).toThrow(/does not fit the block/);
    expect(() => layOut(placed(4, { widths: [8] }, "component"))).toThrow(/multiple of its widest access/);
    expect(() => layOut(placed(0, {}, "config", "isolation"))).toThrow(/in no list/);
    expect(() => layOut(placed(0x40, { identity: { list: "capability", id: 1 } }, "config", "isolation"))).toThrow(/first of the capability list, which is always there/);
    expect(() => layOut(placed(0x100, extended, "config", "isolation"))).toThrow(/first of the extended list/);
  });

  it("a key's condition may stand over a field that resets to 1; a condition on a field may not", () => {
    const field = { bits: [5, 4], access: "RW", reset: 1, meaning: "" } as const;
    const layout = layOut({ ...blockOf(structureOf({ r: register({ a: { ...field, whenKey: "hasDpc" } }) })), kind: "messages" });
    expect(layout.conditions).toEqual([{ dword: 0, mask: 0x30, onDword: 0, onMask: 0, onKey: "hasDpc" }]);
    expect([layout.dwords[0]?.reset, layout.dwords[0]?.hasConditions]).toEqual([0x10, true]);
  });

  it("instance n of a repeated register is there while the key is above n: all its bits in every dword, none of a neighbour's", () => {
    const fields = { low: { bits: [3, 0], access: "RW", reset: 1, meaning: "" }, high: { bits: [7, 7], access: "RO", meaning: "" } } as const;
    const neighbours: StructureDeclaration = {
      ...structureOf({}), widths: [1, 2, 4],
      registers: { before: { ...register(fields), width: 16 }, r: { ...register(fields, 2), width: 16, repeat: { count: 2, stride: 4, implementedBy: "vectors" } }, after: { ...register(fields, 4), width: 16 } },
    };
    const layout = layOut({ ...blockOf(neighbours), kind: "messages" });
    expect(layout.conditions).toEqual([0, 1].map((n) => ({ dword: n, mask: 0x8f_0000, onDword: 0, onMask: n, onKey: "vectors" })));
    const wideFields = { low: { bits: [31, 0], access: "RW", meaning: "" }, high: { bits: [39, 32], access: "RW", meaning: "" } } as const;
    const both = layOut({ ...blockOf({ ...structureOf({ r: { ...register(wideFields), width: 64, repeat: { count: 2, stride: 8, implementedBy: "vectors" } } }), widths: [8] }), kind: "messages" });
    expect(both.conditions.map(({ dword, mask, onMask }) => [dword, mask, onMask])).toEqual([[0, 0xffff_ffff, 0], [1, 0xff, 0], [2, 0xffff_ffff, 1], [3, 0xff, 1]]);
    expect(both.dwords.every(({ hasConditions }) => hasConditions)).toBe(true);
  });

  it("a structure of the capability list or the extended list may be absent anywhere but at its start", () => {
    expect(absences(blocks.deviceConfig)).toEqual([["hasMsi", 0x80, 0x8c], ["hasMsix", 0x90, 0x98], ["hasPersistent", 0x220, 0x22c], ["logicalDevices", 0x230, 0x23c]]);
    expect(absences(blocks.rootPortConfig)).toEqual([["hasDpc", 0x210, 0x23c], ["hasSerialNumber", 0x240, 0x248]]);
    expect(absences(blocks.downstreamPortConfig)).toEqual([["hasDpc", 0x210, 0x23c]]);
  });

  it("a list whose structure has no header field to fill is refused", () => {
    expect(() => layOut(blockOf(structureOf({})))).toThrow(/needs header.arraySize/);
  });

  it("variants of a structure agree in registers and bits", () => {
    const one = structureOf({ r: register({ a: { bits: 1, access: "RW", meaning: "" } }) });
    expect(() => checkVariants([one, structureOf({ r: register({ a: { bits: 1, access: "RO", meaning: "" } }) })])).not.toThrow();
    expect(() => checkVariants([one, structureOf({ r: register({ a: { bits: 2, access: "RW", meaning: "" } }) })])).toThrow(/test: variants/);
  });

  it("placements that overlap or are not on a dword are refused", () => {
    const structure = structureOf({});
    const two: BlockDeclaration = { name: "block", clause: "0", kind: "component", placements: { a: { at: 0, structure }, b: { at: 8, structure } } };
    expect(() => layOut(two)).toThrow(/a: overlaps b/);
    expect(() => layOut(blockOf(structure, 2))).toThrow(/dword/);
  });
});
