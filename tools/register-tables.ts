// The module's view of the declarations: tables that rule its register images, and names for its behaviour code. Pure.

import { blocks, cacheMemoryRange } from "../registers/blocks.ts";
import { checkPlaces, checkVariants, DeclarationError, fieldBits } from "../registers/checks.ts";
import { machineKeys } from "../registers/keys.ts";
import type { BlockLayout } from "../registers/layout.ts";
import { layOut } from "../registers/layout.ts";
import { deviceBar, messageNumbers } from "../registers/constants.ts";
import { dataObjects } from "../registers/doe.ts";
import type { BlockDeclaration, StructureDeclaration } from "../registers/schema.ts";
import { behaviours } from "../registers/schema.ts";
import { timeoutSpans } from "../registers/timeout-isolation.ts";

/** SCREAMING_SNAKE of a camelCase name. */
export const shout = (name: string): string => name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase();
export const hex = (value: number): string => `0x${(value >>> 0).toString(16)}`;

function table(name: string, values: readonly number[]): string {
  const lines: string[] = [];
  for (let i = 0; i < values.length; i += 12) lines.push(`  ${values.slice(i, i + 12).map(hex).join(", ")},`);
  return `export const ${name}: usize = memory.data<u32>([\n${lines.join("\n")}\n]);`;
}

/** Marks a condition on a machine key. */
const keyCondition = 0x8000_0000;

function blockTables(layout: BlockLayout): string {
  const name = shout(layout.name);
  const rule = layout.dwords.map((d) => (d.low | (d.high << 8) | (d.widths << 16) | (d.hasConditions ? 1 << 20 : 0) | (d.unmodelled === 0 ? 0 : 1 << 21) | (d.instance << 24)) >>> 0);
  const unmodelled = layout.dwords.flatMap((d, index) => (d.unmodelled === 0 ? [] : [index, d.unmodelled]));
  return [
    `export const ${name}_DWORDS: u32 = ${layout.dwords.length};`,
    table(`${name}_TABLE`, layout.dwords.flatMap((d, i) => [d.write, d.clear, d.reset, d.locked, d.once, d.sticky, d.used, rule[i] ?? 0])),
    `export const ${name}_KEY_COUNT: u32 = ${layout.keys.length};`,
    table(`${name}_KEYS`, [...layout.keys.flatMap((k) => [machineKeys.indexOf(k.key), k.dword, k.shift, k.bits]), 0]),
    `export const ${name}_CONDITION_COUNT: u32 = ${layout.conditions.length};`,
    table(`${name}_CONDITIONS`, [...layout.conditions.flatMap((c) => [c.dword, c.mask, c.onKey === undefined ? c.onDword : keyCondition + machineKeys.indexOf(c.onKey), c.onMask]), 0]),
    `export const ${name}_PRESENCE_COUNT: u32 = ${layout.presence.length};`,
    table(`${name}_PRESENCE`, [...layout.presence.flatMap((p) => [machineKeys.indexOf(p.key), p.headerDword, p.first, p.last]), 0]),
    `export const ${name}_UNMODELLED_COUNT: u32 = ${unmodelled.length / 2};`,
    table(`${name}_UNMODELLED`, [...unmodelled, 0]),
    `export const ${name}_EXTENDED_COUNT: u32 = ${layout.extended.length};`,
    table(`${name}_EXTENDED`, [...layout.extended, 0]),
    `export const ${name}_CAPABILITY_COUNT: u32 = ${layout.capabilities.length};`,
    table(`${name}_CAPABILITIES`, [...layout.capabilities, 0]),
  ].join("\n");
}

const words = /^[A-Za-z]\w*([ -]\w+){0,2}$/;

/** Values of a field by name, not shifted; of a field whose values are all called by up to three words. */
function valueNames(field: string, values: Readonly<Record<number, string>>): string[] {
  if (!Object.values(values).every((text) => words.test(text))) return [];
  return Object.entries(values).map(([value, text]) => `export const ${field}_${text.replaceAll(/[ -]/g, "_").toUpperCase()}: u32 = ${value};`);
}

/** Masks and shifts of fields over the dword that holds them, and their values. */
function fieldNames(structure: StructureDeclaration): string[] {
  const lines: string[] = [];
  for (const [registerName, register] of Object.entries(structure.registers)) {
    if (register.repeat !== undefined) lines.push(`export const ${shout(structure.name)}_${shout(registerName)}_STRIDE: u32 = ${register.repeat.stride / 4};`);
    for (const [fieldName, field] of Object.entries(register.fields)) {
      const [high, low] = fieldBits(field);
      const start = (register.offset % 4) * 8 + low;
      if (start % 32 + (high - low) > 31) continue;
      const mask = (2 ** (high - low + 1) - 1) * 2 ** (start % 32);
      const name = `${shout(structure.name)}_${shout(registerName)}_${shout(fieldName)}`;
      lines.push(`export const ${name}: u32 = ${hex(mask)};`, `export const ${name}_SHIFT: u32 = ${start % 32};`, ...valueNames(name, field.values ?? {}));
    }
  }
  return lines;
}

/** Dword indexes of registers: one name for all blocks of a kind, because a structure lies at one place in them. */
function offsetNames(all: readonly BlockDeclaration[]): string[] {
  const names = new Map<string, number>();
  for (const block of all) {
    for (const { at, structure } of Object.values(block.placements)) {
      for (const [name, register] of Object.entries(structure.registers)) names.set(`${shout(block.kind)}_${shout(structure.name)}_${shout(name)}`, (at + register.offset) >>> 2);
    }
  }
  return [...names].map(([name, index]) => `export const ${name}: u32 = ${index};`);
}

/** Everything of a block by its number, so that the module has one code for all of them. Two words follow: 1 for a config block, and a reserved one. */
const blockWords = ["TABLE", "DWORDS", "KEYS", "KEY_COUNT", "CONDITIONS", "CONDITION_COUNT", "PRESENCE", "PRESENCE_COUNT", "UNMODELLED", "UNMODELLED_COUNT", "EXTENDED", "EXTENDED_COUNT", "CAPABILITIES", "CAPABILITY_COUNT"] as const;
const rowWords = blockWords.length + 2;

function directory(all: readonly BlockDeclaration[]): string[] {
  const rows = all.map(({ name, kind }) => `  ${[...blockWords.map((word) => `<u32>${shout(name)}_${word}`), kind === "config" ? 1 : 0, 0].join(", ")},`);
  return [
    ...all.map(({ name }, index) => `export const BLOCK_${shout(name)}: u32 = ${index};`),
    `export const BLOCK_ROW_WORDS: u32 = ${rowWords};`,
    `/** Words: ${[...blockWords, "IS_CONFIG", "RESERVED"].map((word, at) => `${at} ${word.toLowerCase()}`).join(", ")}. */`,
    `export const BLOCKS: usize = memory.data<u32>([\n${rows.join("\n")}\n]);`,
    "export function blockRow(block: u32, word: u32): u32 {\n  return load<u32>(BLOCKS + (<usize>(block * BLOCK_ROW_WORDS + word) << 2));\n}",
  ];
}

function spans(): string[] {
  const rows = timeoutSpans.values.map(({ value, range, shortest, longest }) => `  ${[value, range, shortest, longest].join(", ")},`);
  return [
    "/** Timeout values: value, range bit, shortest and longest span in ns. */",
    `export const TIMEOUT_SPANS: usize = memory.data<u64>([\n${rows.join("\n")}\n]);`,
    `export const TIMEOUT_SPAN_COUNT: u32 = ${timeoutSpans.values.length};`,
    `export const TIMEOUT_DEFAULT_SHORTEST: u64 = ${timeoutSpans.defaultSpan.shortest};`,
    `export const TIMEOUT_DEFAULT_LONGEST: u64 = ${timeoutSpans.defaultSpan.longest};`,
  ];
}

export function declaredBlocks(): readonly BlockDeclaration[] {
  return Object.values(blocks);
}

function structures(): StructureDeclaration[] {
  const all = declaredBlocks().flatMap((block) => Object.values(block.placements).map((placement) => placement.structure));
  checkVariants(all);
  checkPlaces(declaredBlocks());
  return [...new Map(all.map((structure) => [structure.name, structure])).values()];
}

/** Two declarations whose names fall together would silently give one of them the other's number. @throws DeclarationError */
export function refuseTwice(source: string): string {
  const seen = new Set<string>();
  for (const [, name = ""] of source.matchAll(/^export const (\w+)/gm)) {
    if (seen.has(name)) throw new DeclarationError(name, "two declarations have this name");
    seen.add(name);
  }
  return source;
}

/** Source of assembly/generated/registers.ts. @throws DeclarationError */
export function assemblySource(): string {
  return refuseTwice([
    "// Generated from registers/ by tools/generate-registers.ts. Do not edit.",
    "// Tables: 8 words a dword: write, write-1-clear, reset, locked, once, sticky, used, rule.",
    "// Rule: 7:0 behaviour of bits 15:0, 15:8 behaviour of bits 31:16, 19:16 legal widths in bytes, 20 has conditions, 21 has unmodelled bits,",
    "// 31:24 instance. Lists: KEYS key, dword, shift, bits; CONDITIONS dword, mask, condition dword, condition mask (or 0x80000000 + key, value that",
    "// the key exceeds); PRESENCE key, header dword, first, last dword; UNMODELLED dword, mask of fields kept without effect; EXTENDED header dwords.",
    "// <KIND>_<STRUCTURE>_<REGISTER>: dword index in blocks of the kind. <STRUCTURE>_<REGISTER>_<FIELD>: mask over the dword,",
    "// with _SHIFT; and _<VALUE>: values, not shifted.",
    "",
    ...machineKeys.map((key, id) => `export const KEY_${shout(key)}: u32 = ${id};`),
    `export const KEY_COUNT: u32 = ${machineKeys.length};`,
    ...behaviours.map((name, id) => `export const BEHAVIOUR_${shout(name)}: u32 = ${id + 1};`),
    `export const CACHE_MEMORY_OFFSET: u32 = ${hex(cacheMemoryRange.offset)};`,
    `export const CACHE_MEMORY_SIZE: u32 = ${hex(cacheMemoryRange.size)};`,
    `export const COMPONENT_BLOCK_SIZE: u32 = ${hex(cacheMemoryRange.blockSize)};`,
    `export const BAR_MESSAGES_OFFSET: u32 = ${hex(deviceBar.messages)};`,
    `export const BAR_DEVICE_OFFSET: u32 = ${hex(deviceBar.device)};`,
    ...Object.entries(messageNumbers).map(([name, number]) => `export const ${shout(name)}_MESSAGE: u32 = ${number};`),
    ...Object.entries(dataObjects).map(([name, header]) => `export const DOE_OBJECT_${shout(name)}: u32 = ${hex(header)};`),
    ...spans(),
    ...structures().flatMap(fieldNames),
    ...offsetNames(declaredBlocks()),
    ...declaredBlocks().map((block) => blockTables(layOut(block))),
    ...directory(declaredBlocks()),
    "",
  ].join("\n"));
}
