import { describe, expect, it } from "vitest";
import { blocks } from "../registers/blocks.ts";
import { checkPlaces } from "../registers/checks.ts";
import { layOut } from "../registers/layout.ts";
import { behaviours, machineKeys } from "../registers/schema.ts";
import { referencePage } from "./register-reference.ts";
import { assemblySource, shout } from "./register-tables.ts";

const source = assemblySource();
const constants = new Map([...source.matchAll(/^export const (\w+): u32 = (\w+);/gm)].map(([, name = "", value = ""]) => [name, Number(value)]));

/** Words of a generated table. */
function words(name: string): number[] {
  const start = source.indexOf(`export const ${name}: usize = memory.data<u32>([`);
  if (start < 0) throw new Error(`no table ${name}`);
  return [...source.slice(source.indexOf("([", start), source.indexOf("]);", start)).matchAll(/0x[0-9a-f]+/g)].map(([word]) => Number(word));
}

describe("generated tables", () => {
  it("names are SCREAMING_SNAKE of the declarations' camelCase", () => {
    expect(["memoryIsolationEnable", "is64Bit", "range1SizeLow", "flit68AndVh"].map(shout)).toEqual(["MEMORY_ISOLATION_ENABLE", "IS64_BIT", "RANGE1_SIZE_LOW", "FLIT68_AND_VH"]);
  });

  it("a field's constant is its mask over the dword, a register's its dword in the block", () => {
    expect(constants.get("TIMEOUT_ISOLATION_CONTROL_MEMORY_ISOLATION_ENABLE")).toBe(1 << 16);
    expect(constants.get("TIMEOUT_ISOLATION_CONTROL_MEMORY_ISOLATION_ENABLE_SHIFT")).toBe(16);
    expect(constants.get("COMPONENT_TIMEOUT_ISOLATION_CONTROL")).toBe((0x120 + 8) / 4);
    expect(constants.get("PCIE_LINK_STATUS_LINK_ACTIVE")).toBe((1 << 29) >>> 0);
    expect(constants.get("HDM_DECODER_PORT_CONTROL_STRIDE")).toBe(0x20 / 4);
  });

  it("every key and side effect has its place as id", () => {
    for (const [id, key] of machineKeys.entries()) expect(constants.get(`KEY_${shout(key)}`)).toBe(id);
    for (const [id, name] of behaviours.entries()) expect(constants.get(`BEHAVIOUR_${shout(name)}`)).toBe(id + 1);
    expect(constants.get("KEY_COUNT")).toBe(machineKeys.length);
  });

  it.each(Object.values(blocks))("$name: eight words a dword, lists as long as their counts, and the rule word of every dword", (block) => {
    const layout = layOut(block);
    const name = shout(block.name);
    const table = words(`${name}_TABLE`);
    expect(table).toHaveLength(8 * (constants.get(`${name}_DWORDS`) ?? 0));
    for (const [list, count, size] of [["KEYS", "KEY_COUNT", 4], ["CONDITIONS", "CONDITION_COUNT", 4], ["PRESENCE", "PRESENCE_COUNT", 4], ["UNMODELLED", "UNMODELLED_COUNT", 2], ["EXTENDED", "EXTENDED_COUNT", 1]] as const) expect(words(`${name}_${list}`)).toHaveLength(size * (constants.get(`${name}_${count}`) ?? 0) + 1);
    for (const [index, dword] of layout.dwords.entries()) {
      const rule = table[8 * index + 7] ?? 0;
      expect([table[8 * index], table[8 * index + 2], rule & 0xff, (rule >>> 8) & 0xff, (rule >>> 16) & 0xf, rule >>> 24]).toEqual([dword.write, dword.reset, dword.low, dword.high, dword.widths, dword.instance]);
    }
  });

  it("the directory gives every block its tables by number", () => {
    for (const [index, { name }] of Object.values(blocks).entries()) {
      expect(constants.get(`BLOCK_${shout(name)}`)).toBe(index);
      expect(source).toContain(`    case ${index}:\n      switch (word) {\n        case 0: return <u32>${shout(name)}_TABLE;`);
    }
  });

  it("a structure has one place in all blocks of a kind, or nothing is generated", () => {
    const { config, moved } = { config: blocks.deviceConfig, moved: { ...blocks.rootPortConfig, placements: { pcie: { ...blocks.rootPortConfig.placements.pcie, at: 0x60 } } } };
    expect(() => checkPlaces([config, moved])).toThrow(/rootPortConfig\.pcie: lies at 96, but at 64 in deviceConfig/);
  });

  it("timeout spans are those of the sheet", () => {
    const spans = [...source.slice(source.indexOf("TIMEOUT_SPANS"), source.indexOf("]);", source.indexOf("TIMEOUT_SPANS"))).matchAll(/\d+/g)].map(([word]) => Number(word)).slice(1);
    expect(spans.slice(0, 8)).toEqual([1, 1, 50_000, 100_000, 2, 1, 1_000_000, 10_000_000]);
    expect(spans).toHaveLength(32);
  });

  it("software never writes a bit that no field names", () => {
    for (const block of Object.values(blocks)) for (const dword of layOut(block).dwords) expect((dword.write | dword.clear | dword.once | dword.sticky | dword.reset) & ~dword.used).toBe(0);
  });
});

describe("reference page", () => {
  it("has a row for every field with bits, access, reset, clause and condition", () => {
    const page = referencePage();
    expect(page).toContain("| 0x128 | control | 16 | memoryIsolationEnable | RW | 0x0 | 8.2.4.24.2 |");
    expect(page).toContain("writable with capability.memoryIsolation");
    expect(page).toContain("| 0x12c | status | 8 | memoryIsolation | RW1CS | 0x0 | TS5 |");
    expect(page).toContain("0x220 + 0x20n, n < decoderCount | control");
    for (const line of page.split("\n").filter((text) => text.startsWith("| 0x"))) expect(line.replaceAll("\\|", "").split("|")).toHaveLength(10);
  });
});
