import { describe, expect, it } from "vitest";
import { blocks } from "../registers/blocks.ts";
import { checkPlaces } from "../registers/checks.ts";
import { commands } from "../registers/commands.ts";
import { features } from "../registers/features.ts";
import { layOut } from "../registers/layout.ts";
import { behaviours, machineKeys } from "../registers/schema.ts";
import { commandEffects } from "../registers/payload-schema.ts";
import { commandPage } from "./command-reference.ts";
import { commandSource, names } from "./command-tables.ts";
import { referencePage } from "./register-reference.ts";
import { assemblySource, refuseTwice, shout } from "./register-tables.ts";

const source = assemblySource();
const constantsOf = (text: string): Map<string, number> => new Map([...text.matchAll(/^export const (\w+): u32 = (\w+);/gm)].map(([, name = "", value = ""]) => [name, Number(value)]));
const constants = constantsOf(source);
const commandConstants = constantsOf(commandSource());

/** Words of a generated table. */
function words(name: string): number[] {
  const start = source.indexOf(`export const ${name}: usize = memory.data<u32>([`);
  if (start < 0) throw new Error(`no table ${name}`);
  return [...source.slice(source.indexOf("([", start), source.indexOf("]);", start)).matchAll(/0x[0-9a-f]+/g)].map(([word]) => Number(word));
}

/** Rows of a block's conditions: dword, mask, condition, its mask or value. */
const rows = (name: string): number[][] => Array.from({ length: constants.get(`${name}_CONDITION_COUNT`) ?? 0 }, (_, row) => words(`${name}_CONDITIONS`).slice(4 * row, 4 * row + 4));
const key = (name: string): number => 0x8000_0000 + (constants.get(`KEY_${name}`) ?? -1);

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

  it("a value that is called by up to three words has a constant, not shifted; values of other fields have none", () => {
    expect(["NOT_READY", "READY", "ERROR", "DISABLED"].map((state) => constants.get(`MEMORY_DEVICE_STATUS_STATUS_MEDIA_STATUS_${state}`))).toEqual([0, 1, 2, 3]);
    expect(constants.get("MEMORY_DEVICE_STATUS_STATUS_RESET_NEEDED_CXL_RESET")).toBe(4);
    expect([...constants.keys()].filter((name) => /^HDM_DECODER_.*(GRANULARITY|WAYS)_(?!SHIFT)/.test(name))).toEqual([]);
    expect([...constants.keys()].filter((name) => name.startsWith("SECURITY_POLICY_TRUST_LEVEL_"))).toEqual(["SECURITY_POLICY_TRUST_LEVEL_SHIFT"]);
  });

  it("every key and side effect has its place as id", () => {
    for (const [id, name] of machineKeys.entries()) expect(constants.get(`KEY_${shout(name)}`)).toBe(id);
    for (const [id, name] of behaviours.entries()) expect(constants.get(`BEHAVIOUR_${shout(name)}`)).toBe(id + 1);
    expect(constants.get("KEY_COUNT")).toBe(machineKeys.length);
  });

  it.each(Object.values(blocks))("$name: eight words a dword, lists as long as their counts, and the rule word of every dword", (block) => {
    const layout = layOut(block);
    const name = shout(block.name);
    const table = words(`${name}_TABLE`);
    expect(table).toHaveLength(8 * (constants.get(`${name}_DWORDS`) ?? 0));
    for (const [list, count, size] of [["KEYS", "KEY_COUNT", 4], ["CONDITIONS", "CONDITION_COUNT", 4], ["PRESENCE", "PRESENCE_COUNT", 4], ["UNMODELLED", "UNMODELLED_COUNT", 2], ["EXTENDED", "EXTENDED_COUNT", 1], ["CAPABILITIES", "CAPABILITY_COUNT", 1]] as const) expect(words(`${name}_${list}`)).toHaveLength(size * (constants.get(`${name}_${count}`) ?? 0) + 1);
    for (const [index, dword] of layout.dwords.entries()) {
      const rule = table[8 * index + 7] ?? 0;
      expect([table[8 * index], table[8 * index + 2], rule & 0xff, (rule >>> 8) & 0xff, (rule >>> 16) & 0xf, rule >>> 24]).toEqual([dword.write, dword.reset, dword.low, dword.high, dword.widths, dword.instance]);
    }
  });

  it("the directory has a row of 16 words for every block: its tables and counts, whether it is config space, and a reserved word", () => {
    const start = source.indexOf("export const BLOCKS: usize = memory.data<u32>([");
    const lines = [...source.slice(start, source.indexOf("]);", start)).matchAll(/^ {2}(.*),$/gm)].map(([, row = ""]) => row.split(", "));
    expect(constants.get("BLOCK_ROW_WORDS")).toBe(16);
    expect(lines).toHaveLength(Object.keys(blocks).length);
    const lists = ["TABLE", "DWORDS", "KEYS", "KEY_COUNT", "CONDITIONS", "CONDITION_COUNT", "PRESENCE", "PRESENCE_COUNT", "UNMODELLED", "UNMODELLED_COUNT", "EXTENDED", "EXTENDED_COUNT", "CAPABILITIES", "CAPABILITY_COUNT"];
    for (const [index, { name, kind }] of Object.values(blocks).entries()) {
      expect(constants.get(`BLOCK_${shout(name)}`)).toBe(index);
      expect(lines[index]).toEqual([...lists.map((list) => `<u32>${shout(name)}_${list}`), kind === "config" ? "1" : "0", "0"]);
      for (const list of lists) expect(source.match(new RegExp(`^export const ${shout(name)}_${list}: (u32|usize)`, "gm"))).toHaveLength(1);
    }
  });

  it("a register has one name for all blocks of its kind, and none with a block in it", () => {
    expect([constants.get("CONFIG_PCIE_SLOT_CONTROL"), constants.get("CONFIG_AER_ROOT_ERROR_STATUS"), constants.get("COMPONENT_HDM_DECODER_PORT_CONTROL"), constants.get("COMPONENT_HDM_DECODER_DEVICE_CONTROL")]).toEqual([0x58 / 4, 0x130 / 4, 0x220 / 4, 0x220 / 4]);
    expect([constants.get("MESSAGES_MSIX_TABLE_VECTOR_CONTROL"), constants.get("MESSAGES_MSIX_TABLE_PENDING"), constants.get("MSIX_TABLE_VECTOR_CONTROL_STRIDE")]).toEqual([3, 0x200 / 4, 4]);
    for (const block of Object.values(blocks)) for (const name of Object.keys(block.placements)) expect(source).not.toContain(`export const ${shout(block.name)}_${shout(name)}_`);
  });

  it("the extended list of a config block starts at 0x100; other blocks have none", () => {
    for (const { name, kind } of Object.values(blocks)) {
      expect(words(`${shout(name)}_EXTENDED`)[0]).toBe(kind === "config" ? 0x100 / 4 : 0);
      if (kind !== "config") expect(constants.get(`${shout(name)}_EXTENDED_COUNT`)).toBe(0);
    }
  });

  it("a condition on a key is a row of dword, mask, 0x80000000 + key and the value the key exceeds; one on a field names dword and mask", () => {
    expect(rows("DEVICE_COMPONENT")).toContainEqual([0x220 / 4, 1 << 13, key("HAS_BACK_INVALIDATE"), 0]);
    expect(rows("DEVICE_COMPONENT")).toContainEqual([(0x220 + 9 * 0x20) / 4, 0x0fff_7fff, key("DECODER_COUNT"), 9]);
    expect(rows("DEVICE_COMPONENT")).toContainEqual([0x204 / 4, 1, 0x200 / 4, 1 << 10]);
    expect(rows("DEVICE_MESSAGES")).toContainEqual([0x1fc / 4, 1, key("VECTORS"), 31]);
    expect(rows("HOST_BRIDGE_COMPONENT")).toContainEqual([(0x620 + 4 + 31 * 8) / 4, 3, key("ROOT_PORT_COUNT"), 31]);
  });

  it("message numbers and areas of the BAR are those that registers show", () => {
    expect([constants.get("SLOT_MESSAGE"), constants.get("AER_MESSAGE"), constants.get("DPC_MESSAGE"), constants.get("DOE_MESSAGE")]).toEqual([0, 1, 2, 0]);
    expect([constants.get("BAR_MESSAGES_OFFSET"), constants.get("BAR_DEVICE_OFFSET")]).toEqual([0x1_0000, 0x2_0000]);
  });

  it("two declarations of one name are refused", () => {
    expect(() => refuseTwice("export const A: u32 = 1;\nexport const B: u32 = 2;\nexport const A: u32 = 3;")).toThrow(/^A: two declarations/);
    expect(refuseTwice("export const A: u32 = 1;")).toBe("export const A: u32 = 1;");
  });

  it("a structure has one place in all blocks of a kind, or nothing is generated", () => {
    const { config, moved } = { config: blocks.deviceConfig, moved: { ...blocks.rootPortConfig, placements: { pcie: { ...blocks.rootPortConfig.placements.pcie, at: 0x60 } } } };
    expect(() => checkPlaces([config, moved])).toThrow(/rootPortConfig\.pcie: lies at 96, but at 64 in deviceConfig/);
    expect(() => checkPlaces([config, { ...moved, kind: "messages" }])).not.toThrow();
  });

  it("timeout spans are those of the sheet", () => {
    const spans = [...source.slice(source.indexOf("TIMEOUT_SPANS"), source.indexOf("]);", source.indexOf("TIMEOUT_SPANS"))).matchAll(/\d+/g)].map(([word]) => Number(word)).slice(1);
    expect(spans.slice(0, 8)).toEqual([1, 1, 50_000, 100_000, 2, 1, 1_000_000, 10_000_000]);
    expect(spans.slice(-4)).toEqual([14, 8, 17_000_000_000, 64_000_000_000]);
    expect(spans).toHaveLength(32);
    expect(constants.get("TIMEOUT_SPAN_COUNT")).toBe(8);
    expect(source).toContain("export const TIMEOUT_DEFAULT_SHORTEST: u64 = 50000;\nexport const TIMEOUT_DEFAULT_LONGEST: u64 = 10000000;");
  });

  it("software never writes a bit that no field names", () => {
    for (const block of Object.values(blocks)) for (const dword of layOut(block).dwords) expect((dword.write | dword.clear | dword.once | dword.sticky | dword.reset) & ~dword.used).toBe(0);
  });
});

describe("names of payload bits and values", () => {
  it("a bit is its mask with a shift; bits have values of their own, not shifted; a field has values", () => {
    expect(constantsOf(names("F", { bits: { one: 3, someBits: [6, 4, { first: 0, last: 7 }] }, values: { notThere: 0xff } }, 1, "f").join("\n"))).toEqual(new Map([
      ["F_ONE", 8], ["F_ONE_SHIFT", 3], ["F_SOME_BITS", 0x70], ["F_SOME_BITS_SHIFT", 4], ["F_SOME_BITS_FIRST", 0], ["F_SOME_BITS_LAST", 7], ["F_NOT_THERE", 0xff],
    ]));
    expect(names("F", { bits: { top: 31, all: [31, 0] } }, 8, "f")).toContain("export const F_TOP: u32 = 0x80000000;");
    expect(names("F", { bits: { all: [31, 0] } }, 8, "f")).toContain("export const F_ALL: u32 = 0xffffffff;");
  });

  it("bits that do not fit their field or 32 bits, and values that do not fit their bits, are refused", () => {
    expect(() => names("F", { bits: { far: 8 } }, 1, "f")).toThrow(/^f\.far: has bits 8:8, but 1 bytes/);
    expect(() => names("F", { bits: { far: 32 } }, 8, "f")).toThrow(/^f\.far: has bits 32:32/);
    expect(() => names("F", { bits: { turned: [0, 1] } }, 1, "f")).toThrow(/^f\.turned: has bits 0:1/);
    expect(() => names("F", { bits: { pair: [1, 0, { four: 4 }] } }, 1, "f")).toThrow(/^f\.pair\.four: is 4, above 3/);
    expect(() => names("F", { values: { much: 256 } }, 1, "f")).toThrow(/^f\.much: is 256, above 255/);
  });

  it("names stand behind the field they belong to: commands, their items, event records, features, effects", () => {
    const has = (wanted: Readonly<Record<string, number>>): void => expect(Object.fromEntries(Object.keys(wanted).map((name) => [name, commandConstants.get(name)]))).toEqual(wanted);
    has({ OUT_GET_POISON_LIST_FLAGS: 0, OUT_GET_POISON_LIST_FLAGS_RESTART_ACKNOWLEDGED: 8, MEDIA_ERROR_ADDRESS_SOURCE: 7, MEDIA_ERROR_ADDRESS_SOURCE_INJECTED: 3 });
    has({ OUT_GET_SECURITY_STATE_STATE_LOCKED: 4, IN_SET_FEATURE_FLAGS_TRANSFER_ABORT: 4, IN_SET_FEATURE_FLAGS_SAVED_OVER_RESETS: 8, OUT_GET_SUPPORTED_FEATURES_ITEM_FLAGS_DEEPEST_RESET_SURVIVED_SHIFT: 1 });
    has({ RECORD_FLAGS_SEVERITY: 3, RECORD_FLAGS_MAINTENANCE_SUBCLASS_VALID: 0x40, RECORD_MEMORY_SPARING_VALIDITY: 0x34, RECORD_MEMORY_SPARING_VALIDITY_SUB_CHANNEL: 0x200, RECORD_MEMORY_MODULE_TYPE_TEMPERATURE: 3 });
    has({ FEATURE_PATROL_SCRUB_READABLE_LEAST: features.patrolScrub.readable.fields.least[0], FEATURE_ERROR_CHECK_SCRUB_WRITABLE_CONFIGURATION_THRESHOLD_AT4096: 5, DEVICE_LOG_COMMAND_EFFECTS: 0, DEVICE_LOG_VENDOR_DEBUG: 1 });
    for (const [name, bit] of Object.entries(commandEffects)) expect(commandConstants.get(`EFFECT_${shout(name)}`)).toBe(1 << bit);
  });

  it("the page says behind a field's meaning what its bits and values are", () => {
    expect(commands.getPoisonList.output.fields.flags[2]).toBe("Flags");
    expect(commandPage()).toContain("| output | 0x0 | 1 | flags | Flags; bit 0 more records; bit 1 list overflow; bit 2 scan in progress; bit 3 restart acknowledged |");
    expect(commandPage()).toContain("| 63:6 DPA; bits 2:0 source (0 unknown, 1 external, 2 internal, 3 injected, 7 vendor) |");
    expect(commandPage()).toContain("| lifeUsed | Per cent; 0xff not implemented |");
  });
});

describe("reference page", () => {
  it("has a row for every field with bits, access, reset, clause and condition", () => {
    const page = referencePage();
    expect(page).toContain("| 0x128 | control | 16 | memoryIsolationEnable | RW | 0x0 | 8.2.4.24.2 |");
    expect(page).toContain("writable with capability.memoryIsolation");
    expect(page).toContain("| 0x12c | status | 8 | memoryIsolation | RW1CS | 0x0 | TS5 |");
    expect(page).toContain("0x220 + 0x20n, n < decoderCount | control");
    expect(page).toContain("writable with machine key hasBackInvalidate");
    expect(page).toContain("### dpc at 0x210 (48 bytes, PCIe 7.9.14, access widths 1, 2, 4 bytes, present with machine key hasDpc)");
    expect(page).toContain("| 0x14c | control | 2 | memoryEnable | RWL | 0x0 | 8.1.3.2 (inferred) |");
    for (const line of page.split("\n").filter((text) => text.startsWith("| 0x"))) expect(line.replaceAll("\\|", "").split("|")).toHaveLength(10);
  });
});
