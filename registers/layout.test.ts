import { describe, expect, it } from "vitest";
import { blocks } from "./blocks.ts";
import { DeclarationError, layOut } from "./layout.ts";
import type { BlockDeclaration, RegisterDeclaration, StructureDeclaration } from "./schema.ts";

const structureOf = (registers: Record<string, RegisterDeclaration>, length = 16): StructureDeclaration => ({ name: "test", clause: "0", length, widths: [4], registers });
const blockOf = (structure: StructureDeclaration, at = 0): BlockDeclaration => ({ name: "block", clause: "0", kind: "component", placements: { test: { at, structure } } });
const register = (fields: RegisterDeclaration["fields"], offset = 0): RegisterDeclaration => ({ offset, width: 32, clause: "0", meaning: "", fields });

describe("block layouts", () => {
  it("every declared block lays out", () => {
    for (const block of Object.values(blocks)) expect(layOut(block).dwords.length).toBeGreaterThan(16);
  });

  it("the capability array of a root port names RAS, Link and Timeout and Isolation with their places", () => {
    const dwords = layOut(blocks.rootPortComponent).dwords;
    expect(dwords.slice(0, 4).map((dword) => dword.reset)).toEqual([0x0311_0001, 0x0802_0002, 0x0d82_0004, 0x1201_0009]);
  });

  it("[TS1] [TS5] [TS6] status bits of Timeout and Isolation are write-1-to-clear and sticky, RP Busy and reserved bits are not writable", () => {
    const status = layOut(blocks.rootPortComponent).dwords[(0x120 + 0x0c) / 4];
    expect([status?.clear, status?.sticky, status?.write]).toEqual([0x3311, 0x3311, 0]);
    expect((status?.used ?? 0) & 0xffff_8ceE).toBe(0);
  });

  it("decoder n has its registers at 0x10 + 0x20n", () => {
    const dwords = layOut(blocks.hostBridgeComponent).dwords;
    for (const n of [0, 1, 31]) {
      const control = dwords[(0x80 + 0x20 + 0x20 * n) / 4];
      expect([control?.instance, control?.locked]).toEqual([n, 0x13ff]);
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
    ];
    for (const [declaration, message] of cases) {
      const attempt = (): unknown => layOut(blockOf(structureOf({ r: declaration })));
      expect(attempt).toThrow(DeclarationError);
      expect(attempt).toThrow(message);
    }
  });

  it("placements that overlap or are not on a dword are refused", () => {
    const structure = structureOf({});
    const two: BlockDeclaration = { name: "block", clause: "0", kind: "component", placements: { a: { at: 0, structure }, b: { at: 8, structure } } };
    expect(() => layOut(two)).toThrow(/a: overlaps b/);
    expect(() => layOut(blockOf(structure, 2))).toThrow(/dword/);
  });
});
