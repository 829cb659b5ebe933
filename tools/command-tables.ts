// The module's view of the mailbox declarations: a row for every command, payload offsets by name, features, logs and event records. Pure.

import { commands, commandNames, discoveryArguments, dynamicCapacityTail, mediaError, mediaRange, repairData, sparingData } from "../registers/commands.ts";
import { eventLogs, eventRecords, recordFields, recordLength } from "../registers/events.ts";
import { deviceLogs, features } from "../registers/features.ts";
import type { CommandDeclaration, PayloadBits, PayloadFields, PayloadLayout, PayloadNames, PayloadValueNames } from "../registers/payload-schema.ts";
import { commandEffects, returnCodes } from "../registers/payload-schema.ts";
import { deviceBlock } from "../registers/device-block.ts";
import { DeclarationError } from "../registers/checks.ts";
import { hex, refuseTwice, shout } from "./register-tables.ts";

/** Bytes of a UUID as it is stored: in text order. */
export const uuidBytes = (uuid: string): number[] => [...uuid.replaceAll("-", "").matchAll(/../g)].map(([pair]) => Number.parseInt(pair, 16));

export const effectBits = (command: CommandDeclaration): number => command.effects.reduce((bits, effect) => bits | (1 << commandEffects[effect]), 0);

const flags = { background: 1, secondary: 2, media: 4 } as const;
const anyLength = 0xffff_ffff;

/** Shortest and longest legal input. Behind a part that repeats or is any data, the command's own code checks. */
export function inputLengths({ input }: CommandDeclaration): readonly [least: number, most: number] {
  const isOpen = input.hasData === true || input.items !== undefined;
  return [input.least ?? input.length, isOpen ? anyLength : (input.most ?? input.length)];
}

function row(command: CommandDeclaration): string {
  const has = (effect: "background" | "secondaryMailbox"): boolean => command.effects.includes(effect);
  const bits = (has("background") ? flags.background : 0) | (has("secondaryMailbox") ? flags.secondary : 0) | (command.needsMedia === true ? flags.media : 0);
  return `  ${[command.opcode, ...inputLengths(command), effectBits(command) | (bits << 16) | ((command.input.items?.length ?? 0) << 24)].map(hex).join(", ")},`;
}

function offsets(prefix: string, fields: PayloadFields, place: string): string[] {
  let end = 0;
  return Object.entries(fields).toSorted(([, a], [, b]) => a[0] - b[0]).flatMap(([name, [offset, bytes, , called = {}]]) => {
    if (offset < end) throw new DeclarationError(`${place}.${name}`, `overlaps the field before it (offset ${offset}, which ends at ${end})`);
    end = offset + bytes;
    const field = `${prefix}_${shout(name)}`;
    return [`export const ${field}: u32 = ${hex(offset)};`, ...names(field, called, bytes, `${place}.${name}`)];
  });
}

/** Masks, shifts and values that a field's names stand for. @throws DeclarationError */
export function names(field: string, { bits = {}, values = {} }: PayloadNames, bytes: number, place: string): string[] {
  return [...Object.entries(bits).flatMap(([name, part]) => bitNames(`${field}_${shout(name)}`, part, bytes, `${place}.${name}`)), ...valueNames(field, values, 2 ** (8 * bytes) - 1, place)];
}

/** Like a register's field: mask over the field, and shift. */
function bitNames(name: string, part: PayloadBits, bytes: number, place: string): string[] {
  const [high, low, values = {}] = typeof part === "number" ? [part, part] : part;
  if (high < low || high >= Math.min(32, 8 * bytes)) throw new DeclarationError(place, `has bits ${high}:${low}, but ${bytes} bytes and 32 bits at most`);
  const most = 2 ** (high - low + 1) - 1;
  return [`export const ${name}: u32 = ${hex(most * 2 ** low)};`, `export const ${name}_SHIFT: u32 = ${low};`, ...valueNames(name, values, most, place)];
}

function valueNames(name: string, values: PayloadValueNames, most: number, place: string): string[] {
  return Object.entries(values).map(([value, number]) => {
    if (number > Math.min(most, 0xffff_ffff)) throw new DeclarationError(`${place}.${value}`, `is ${number}, above ${most}`);
    return `export const ${name}_${shout(value)}: u32 = ${hex(number)};`;
  });
}

function layoutNames(prefix: string, layout: PayloadLayout, place: string): string[] {
  const last = Math.max(0, ...Object.values(layout.fields).map(([offset, bytes]) => offset + bytes));
  if (last > layout.length) throw new DeclarationError(place, `has fields up to ${last}, but ${layout.length} bytes`);
  const lines = [`export const ${prefix}_BYTES: u32 = ${hex(layout.length)};`, ...offsets(prefix, layout.fields, place)];
  if (layout.items !== undefined) lines.push(`export const ${prefix}_ITEM_BYTES: u32 = ${hex(layout.items.length)};`, ...offsets(`${prefix}_ITEM`, layout.items.fields, `${place} item`));
  return lines;
}

function bytesData(name: string, values: readonly number[]): string {
  return `export const ${name}: usize = memory.data<u8>([${values.map(hex).join(", ")}]);`;
}

const little = (value: number, bytes: number): number[] => Array.from({ length: bytes }, (_, at) => Math.floor(value / 2 ** (8 * at)) % 256);

/** Readable data of a feature as it is at first. */
export function initialFeature(feature: (typeof features)[keyof typeof features]): number[] {
  const data = Array.from({ length: feature.readable.length }, () => 0);
  const readable: PayloadFields = feature.readable.fields;
  for (const [name, value] of Object.entries(feature.initial)) {
    const [offset = 0, bytes = 0] = readable[name] ?? [];
    data.splice(offset, bytes, ...little(value, bytes));
  }
  return data;
}

export const featureStride = 0x20;

function featureTables(): string[] {
  const all = Object.entries(features);
  const moves = all.flatMap(([name, feature], index) => Object.entries(feature.takes).map(([from, { field, mask }]) => {
    const writable: PayloadFields = feature.writable.fields;
    const readable: PayloadFields = feature.readable.fields;
    const source = writable[from];
    const target = readable[field];
    if (source === undefined || target === undefined || source[1] !== target[1]) throw new DeclarationError(`${name}.${from}`, `does not go with ${field} of the readable data`);
    return [index, source[0], target[0], source[1], mask];
  }));
  return [
    ...all.map(([name], index) => `export const FEATURE_${shout(name)}: u32 = ${index};`),
    ...all.flatMap(([name, feature]) => [...offsets(`FEATURE_${shout(name)}_READABLE`, feature.readable.fields, name), ...offsets(`FEATURE_${shout(name)}_WRITABLE`, feature.writable.fields, name)]),
    `export const FEATURE_COUNT: u32 = ${all.length};`,
    `export const FEATURE_STRIDE: u32 = ${featureStride};`,
    bytesData("FEATURE_IDS", all.flatMap(([, feature]) => uuidBytes(feature.uuid))),
    bytesData("FEATURE_INITIAL", all.flatMap(([, feature]) => [...initialFeature(feature), ...Array.from({ length: featureStride - feature.readable.length }, () => 0)])),
    "/** Words: readable bytes, writable bytes, version, command effects. */",
    `export const FEATURE_ROWS: usize = memory.data<u32>([${all.flatMap(([, feature]) => [feature.readable.length, feature.writable.length, feature.version, feature.effects]).map(hex).join(", ")}]);`,
    "/** What a write sets: feature, offset in the writable data, offset in the readable data, bytes, bits taken. */",
    `export const FEATURE_MOVES: usize = memory.data<u32>([${moves.flat().map(hex).join(", ")}]);`,
    `export const FEATURE_MOVE_COUNT: u32 = ${moves.length};`,
  ];
}

/** Source of assembly/generated/commands.ts. @throws DeclarationError */
export function commandSource(): string {
  const all: readonly (readonly [string, CommandDeclaration])[] = Object.entries(commands);
  for (const [index, [name, command]] of all.entries()) if (index > 0 && (all[index - 1]?.[1].opcode ?? 0) >= command.opcode) throw new DeclarationError(name, "is not in order of opcodes");
  if (all.length > 64) throw new DeclarationError("commands", `${all.length} do not fit 64 bits`);
  return refuseTwice([
    "// Generated from registers/ by tools/generate-registers.ts. Do not edit.",
    "// COMMANDS: 4 words a command: opcode, shortest and longest input, effects in 15:0 and flags above: 16 background, 17 secondary mailbox, 18 media;",
    "// 31:24 bytes of an item of the input, 0: none.",
    "// IN_ and OUT_<COMMAND>_<FIELD>: byte offsets in payloads. RECORD_<KIND>_<FIELD>: in event records. FEATURE_<NAME>_READABLE_ and _WRITABLE_<FIELD>.",
    "// <FIELD>_<BITS>: mask over the field, with _SHIFT. <FIELD>_<VALUE> and <FIELD>_<BITS>_<VALUE>: values, not shifted.",
    "",
    ...Object.entries(returnCodes).map(([name, code]) => `export const RETURN_${shout(name)}: u32 = ${hex(code)};`),
    ...Object.entries(commandEffects).map(([name, bit]) => `export const EFFECT_${shout(name)}: u32 = ${hex(1 << bit)};`),
    ...commandNames.map((name, index) => `export const COMMAND_${shout(name)}: u32 = ${index};`),
    `export const COMMAND_COUNT: u32 = ${all.length};`,
    `export const COMMANDS: usize = memory.data<u32>([\n${all.map(([, command]) => row(command)).join("\n")}\n]);`,
    `export const FLAG_BACKGROUND: u32 = ${hex(flags.background << 16)};`,
    `export const FLAG_SECONDARY: u32 = ${hex(flags.secondary << 16)};`,
    `export const FLAG_MEDIA: u32 = ${hex(flags.media << 16)};`,
    `export const SECONDARY_PAYLOAD_SHIFT: u32 = ${Math.log2(deviceBlock.secondaryPayload)};`,
    ...all.flatMap(([name, { input, output }]) => [...layoutNames(`IN_${shout(name)}`, input, `${name} input`), ...layoutNames(`OUT_${shout(name)}`, output, `${name} output`)]),
    ...layoutNames("MEDIA_ERROR", mediaError, "media error"), ...layoutNames("DISCOVERY", discoveryArguments, "discovery"), ...layoutNames("MEDIA_RANGE", mediaRange, "media range"), ...layoutNames("REPAIR", repairData, "repair"), ...layoutNames("SPARING", sparingData, "sparing"), ...layoutNames("CAPACITY_TAIL", dynamicCapacityTail, "dynamic capacity"),
    ...eventLogs.map((name, index) => `export const LOG_${shout(name)}: u32 = ${index};`),
    `export const LOG_COUNT: u32 = ${eventLogs.length};`,
    `export const RECORD_BYTES: u32 = ${hex(recordLength)};`,
    ...offsets("RECORD", recordFields, "event record"),
    ...Object.entries(eventRecords).flatMap(([name, record]) => [...offsets(`RECORD_${shout(name)}`, record.fields, name), ...Object.entries(record.validity).flatMap(([bit, at]) => bitNames(`RECORD_${shout(name)}_VALIDITY_${shout(bit)}`, at, 2, `${name}.validity.${bit}`)), bytesData(`RECORD_${shout(name)}_UUID`, uuidBytes(record.uuid))]),
    ...featureTables(),
    bytesData("LOG_IDS", Object.values(deviceLogs).flatMap(({ uuid }) => uuidBytes(uuid))),
    ...Object.keys(deviceLogs).map((name, index) => `export const DEVICE_LOG_${shout(name)}: u32 = ${index};`),
    `export const DEVICE_LOG_COUNT: u32 = ${Object.keys(deviceLogs).length};`,
    "",
  ].join("\n"));
}
