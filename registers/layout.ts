// From declarations to dwords: checks a block and lays its registers out. Used by the generator and by tests; pure.

import { dvsecIdentity } from "./blocks.ts";
import type { BlockDeclaration, FieldDeclaration, MachineKey, Placement, RegisterDeclaration, StructureDeclaration } from "./schema.ts";
import { behaviours } from "./schema.ts";

export class DeclarationError extends Error {
  constructor(place: string, problem: string) {
    super(`${place}: ${problem}`);
    this.name = "DeclarationError";
  }
}

/** What the module must know of one 32-bit word. */
export interface DwordLayout {
  write: number;
  clear: number;
  reset: number;
  locked: number;
  once: number;
  sticky: number;
  used: number;
  /** Behaviour ids of the registers in bits 15:0 and 31:16; 0 none. */
  low: number;
  high: number;
  /** Bitmap of legal access widths in bytes. */
  widths: number;
  /** Instance of a repeated register, or 255. */
  instance: number;
  hasConditions: boolean;
}

export interface KeyLayout { readonly key: MachineKey; readonly dword: number; readonly shift: number; readonly bits: number }
export interface ConditionLayout { readonly dword: number; readonly mask: number; readonly onDword: number; readonly onMask: number }
export interface PresenceLayout { readonly key: MachineKey; readonly headerDword: number; readonly first: number; readonly last: number }

export interface BlockLayout {
  readonly name: string;
  readonly dwords: DwordLayout[];
  readonly keys: KeyLayout[];
  readonly conditions: ConditionLayout[];
  readonly presence: PresenceLayout[];
}

export const fieldBits = (field: FieldDeclaration): readonly [high: number, low: number] => (typeof field.bits === "number" ? [field.bits, field.bits] : [field.bits[0], field.bits[1]]);
export const instancesOf = (register: RegisterDeclaration): number => register.repeat?.count ?? 1;

/** Mask of a field over its register, as bigint (registers have up to 64 bits). */
export function fieldMask(field: FieldDeclaration): bigint {
  const [high, low] = fieldBits(field);
  return ((1n << BigInt(high - low + 1)) - 1n) << BigInt(low);
}

const emptyDword = (): DwordLayout => ({ write: 0, clear: 0, reset: 0, locked: 0, once: 0, sticky: 0, used: 0, low: 0, high: 0, widths: 0, instance: 255, hasConditions: false });

/** Bytes that the placements of a block cover, rounded up to a dword. */
export function blockSize(block: BlockDeclaration): number {
  return Math.max(...Object.values(block.placements).map((placement) => placement.at + ((placement.structure.length + 3) & ~3)));
}

/** @throws DeclarationError naming block, structure, register and field */
export function layOut(block: BlockDeclaration): BlockLayout {
  const layout: BlockLayout = { name: block.name, dwords: Array.from({ length: blockSize(block) / 4 }, emptyDword), keys: [], conditions: [], presence: [] };
  checkPlacements(block);
  for (const placement of Object.values(block.placements)) {
    for (const [name, register] of Object.entries(placement.structure.registers)) addRegister(layout, block.name, placement, name, register);
  }
  if (block.kind === "component") linkComponent(layout, block);
  else linkConfig(layout, block);
  return layout;
}

function checkPlacements(block: BlockDeclaration): void {
  const placed = Object.entries(block.placements).sort(([, a], [, b]) => a.at - b.at);
  for (const [index, [name, placement]] of placed.entries()) {
    if (placement.at % 4 !== 0) throw new DeclarationError(`${block.name}.${name}`, "is not placed on a dword");
    const next = placed[index + 1];
    if (next !== undefined && placement.at + placement.structure.length > next[1].at) throw new DeclarationError(`${block.name}.${name}`, `overlaps ${next[0]}`);
  }
}

function addRegister(layout: BlockLayout, blockName: string, placement: Placement, name: string, register: RegisterDeclaration): void {
  const structure = placement.structure;
  const place = `${blockName}.${structure.name}.${name}`;
  for (let instance = 0; instance < instancesOf(register); instance++) {
    const offset = register.offset + instance * (register.repeat?.stride ?? 0);
    if (offset + register.width / 8 > structure.length) throw new DeclarationError(place, `ends behind the structure's ${structure.length} bytes`);
    if (offset % (register.width / 8) !== 0) throw new DeclarationError(place, "is not aligned to its width");
    for (const [fieldName, field] of Object.entries(register.fields)) addField(layout, `${place}.${fieldName}`, placement, register, field, placement.at + offset);
    finishRegister(layout, structure, register, placement.at + offset, instance);
  }
}

function finishRegister(layout: BlockLayout, structure: StructureDeclaration, register: RegisterDeclaration, at: number, instance: number): void {
  const behaviour = register.onWrite === undefined ? 0 : behaviours.indexOf(register.onWrite) + 1;
  for (let byte = at; byte < at + register.width / 8; byte += 2) {
    const dword = layout.dwords[byte >>> 2];
    if (dword === undefined) continue;
    dword.widths = structure.widths.reduce((bitmap: number, width) => bitmap | width, 0);
    if (register.repeat !== undefined) dword.instance = instance;
    if (behaviour !== 0 && (byte & 2) === 0) dword.low = behaviour;
    if (behaviour !== 0 && ((byte & 2) !== 0 || register.width >= 32)) dword.high = behaviour;
  }
}

function addField(layout: BlockLayout, place: string, placement: Placement, register: RegisterDeclaration, field: FieldDeclaration, at: number): void {
  const [high, low] = fieldBits(field);
  if (low < 0 || high < low || high >= register.width) throw new DeclarationError(place, `bits ${high}:${low} do not fit a ${register.width}-bit register`);
  if (BigInt(field.reset ?? 0) > fieldMask(field) >> BigInt(low)) throw new DeclarationError(place, `reset ${field.reset} does not fit bits ${high}:${low}`);
  if ((field.access === "HwInit") !== (field.key !== undefined)) throw new DeclarationError(place, "HwInit and a machine key belong together");
  const base = at * 8;
  for (let bit = base + low; bit <= base + high; bit++) {
    const dword = layout.dwords[bit >>> 5];
    const mask = (1 << (bit & 31)) >>> 0;
    if (dword === undefined || (dword.used & mask) !== 0) throw new DeclarationError(place, `bit ${bit - base} is declared twice`);
    dword.used = (dword.used | mask) >>> 0;
    markBit(dword, field, mask, ((field.reset ?? 0) / 2 ** (bit - base - low)) & 1);
  }
  const start = base + low;
  if (field.key !== undefined) layout.keys.push({ key: field.key, dword: start >>> 5, shift: start & 31, bits: high - low + 1 });
  if (field.when !== undefined) addCondition(layout, place, placement, field.when, start, high - low + 1);
}

function markBit(dword: DwordLayout, field: FieldDeclaration, mask: number, reset: number): void {
  const access = field.access;
  if (access === "RW" || access === "RWS" || access === "RWL") dword.write = (dword.write | mask) >>> 0;
  if (access === "RWL") dword.locked = (dword.locked | mask) >>> 0;
  if (access === "RW1C" || access === "RW1CS") dword.clear = (dword.clear | mask) >>> 0;
  if (access === "RWO") dword.once = (dword.once | mask) >>> 0;
  if (access === "ROS" || access === "RWS" || access === "RW1CS") dword.sticky = (dword.sticky | mask) >>> 0;
  if (reset === 1) dword.reset = (dword.reset | mask) >>> 0;
}

function addCondition(layout: BlockLayout, place: string, placement: Placement, when: string, start: number, bits: number): void {
  const [registerName = "", fieldName = ""] = when.split(".");
  const register = placement.structure.registers[registerName];
  const field = register?.fields[fieldName];
  if (register === undefined || field === undefined) throw new DeclarationError(place, `condition "${when}" names no field of ${placement.structure.name}`);
  const [, low] = fieldBits(field);
  const on = (placement.at + register.offset) * 8 + low;
  const width = Number(fieldMask(field) >> BigInt(low));
  layout.conditions.push({ dword: start >>> 5, mask: ((2 ** bits - 1) * 2 ** (start & 31)) >>> 0, onDword: on >>> 5, onMask: (width << (on & 31)) >>> 0 });
  const dword = layout.dwords[start >>> 5];
  if (dword !== undefined) dword.hasConditions = true;
}

function setReset(layout: BlockLayout, byte: number, value: number): void {
  const dword = layout.dwords[byte >>> 2];
  if (dword !== undefined) dword.reset = (dword.reset | (value << ((byte & 3) * 8))) >>> 0;
}

function linkComponent(layout: BlockLayout, block: BlockDeclaration): void {
  const entries = Object.values(block.placements).filter((placement) => placement.structure.identity?.list === "component").sort((a, b) => a.at - b.at);
  setReset(layout, 0, 0x0011_0001 | (entries.length << 24));
  for (const [index, placement] of entries.entries()) {
    const identity = placement.structure.identity;
    if (identity?.list !== "component") continue;
    setReset(layout, 4 + 4 * index, (identity.id | (identity.version << 16) | (placement.at << 20)) >>> 0);
    if (placement.presentWith !== undefined) layout.presence.push({ key: placement.presentWith, headerDword: 1 + index, first: placement.at >>> 2, last: ((placement.at + placement.structure.length) >>> 2) - 1 });
  }
}

function linkConfig(layout: BlockLayout, block: BlockDeclaration): void {
  const ordered = Object.values(block.placements).sort((a, b) => a.at - b.at);
  const capabilities = ordered.filter((placement) => placement.structure.identity?.list === "capability");
  setReset(layout, 0x34, capabilities[0]?.at ?? 0);
  for (const [index, placement] of capabilities.entries()) setReset(layout, placement.at, (placement.structure.identity?.id ?? 0) | ((capabilities[index + 1]?.at ?? 0) << 8));
  const extended = ordered.filter((placement) => placement.structure.identity?.list === "extended" || placement.structure.identity?.list === "dvsec");
  for (const [index, placement] of extended.entries()) linkExtended(layout, placement, extended[index + 1]?.at ?? 0);
}

function linkExtended(layout: BlockLayout, placement: Placement, next: number): void {
  const identity = placement.structure.identity;
  if (identity?.list === "extended") setReset(layout, placement.at, (identity.id | (identity.version << 16) | (next << 20)) >>> 0);
  if (identity?.list !== "dvsec") return;
  setReset(layout, placement.at, (dvsecIdentity.capability | (1 << 16) | (next << 20)) >>> 0);
  setReset(layout, placement.at + 4, (dvsecIdentity.vendor | (identity.revision << 16) | (placement.structure.length << 20)) >>> 0);
  setReset(layout, placement.at + 8, identity.id);
}
