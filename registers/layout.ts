// From declarations to dwords: checks a block and lays its registers out. Used by the generator and by tests; pure.

import { dvsecIdentity } from "./constants.ts";
import { checkBlock, conditionField, DeclarationError, fieldBits, fieldMask, instancesOf } from "./checks.ts";
import type { BlockDeclaration, FieldDeclaration, MachineKey, Placement, RegisterDeclaration, StructureDeclaration } from "./schema.ts";
import { behaviours } from "./schema.ts";

/** What the module must know of one 32-bit word. */
export interface DwordLayout {
  write: number;
  clear: number;
  reset: number;
  locked: number;
  once: number;
  sticky: number;
  used: number;
  /** Bits of fields that are kept without effect. */
  unmodelled: number;
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
/** `mask` of `dword` is writable while `onMask` of `onDword` is not 0, or while the machine key `onKey` is above `onMask`. */
export interface ConditionLayout { readonly dword: number; readonly mask: number; readonly onDword: number; readonly onMask: number; readonly onKey?: MachineKey }
export interface PresenceLayout { readonly key: MachineKey; readonly headerDword: number; readonly first: number; readonly last: number }

export interface BlockLayout {
  readonly name: string;
  readonly dwords: DwordLayout[];
  readonly keys: KeyLayout[];
  readonly conditions: ConditionLayout[];
  readonly presence: PresenceLayout[];
  /** Header dwords of the extended list, in order of place. */
  readonly extended: number[];
  /** Likewise of the capability list, where one of them may be absent; else empty. */
  readonly capabilities: number[];
}

const emptyDword = (): DwordLayout => ({ write: 0, clear: 0, reset: 0, locked: 0, once: 0, sticky: 0, used: 0, unmodelled: 0, low: 0, high: 0, widths: 0, instance: 255, hasConditions: false });

/** Bytes that the placements of a block cover, rounded up to a dword. */
export function blockSize(block: BlockDeclaration): number {
  return Math.max(...Object.values(block.placements).map((placement) => placement.at + ((placement.structure.length + 3) & ~3)));
}

/** @throws DeclarationError naming block, structure, register and field */
export function layOut(block: BlockDeclaration): BlockLayout {
  checkBlock(block);
  const layout: BlockLayout = { name: block.name, dwords: Array.from({ length: blockSize(block) / 4 }, emptyDword), keys: [], conditions: [], presence: [], extended: [], capabilities: [] };
  for (const placement of Object.values(block.placements)) {
    for (const register of Object.values(placement.structure.registers)) addRegister(layout, placement, register);
  }
  if (block.kind === "component") linkComponent(layout, block);
  else if (block.kind === "config") linkConfig(layout, block);
  return layout;
}

function addRegister(layout: BlockLayout, placement: Placement, register: RegisterDeclaration): void {
  for (let instance = 0; instance < instancesOf(register); instance++) {
    const at = placement.at + register.offset + instance * (register.repeat?.stride ?? 0);
    for (const field of Object.values(register.fields)) addField(layout, placement, field, at);
    finishRegister(layout, placement.structure, register, at, instance);
    if (register.repeat?.implementedBy !== undefined) limitInstance(layout, register, at, instance, register.repeat.implementedBy);
  }
}

/** An instance that is not implemented is reserved: all its bits, and none of a neighbour's in the same dword. */
function limitInstance(layout: BlockLayout, register: RegisterDeclaration, at: number, instance: number, onKey: MachineKey): void {
  const named = Object.values(register.fields).reduce((mask, field) => mask | fieldMask(field), 0n) << BigInt((at & 3) * 8);
  for (let index = at >>> 2; index < (at + register.width / 8) / 4; index++) {
    const dword = layout.dwords[index];
    const mask = Number(BigInt.asUintN(32, named >> BigInt((index - (at >>> 2)) * 32)));
    if (dword === undefined || mask === 0) continue;
    dword.hasConditions = true;
    layout.conditions.push({ dword: index, mask, onDword: 0, onMask: instance, onKey });
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

function addField(layout: BlockLayout, placement: Placement, field: FieldDeclaration, at: number): void {
  const [high, low] = fieldBits(field);
  const start = at * 8 + low;
  for (let bit = start; bit <= start + high - low; bit++) {
    const dword = layout.dwords[bit >>> 5];
    if (dword !== undefined) markBit(dword, field, (1 << (bit & 31)) >>> 0, Math.floor((field.reset ?? 0) / 2 ** (bit - start)) % 2);
  }
  if (field.key !== undefined) layout.keys.push({ key: field.key, dword: start >>> 5, shift: start & 31, bits: high - low + 1 });
  if (field.when !== undefined) addCondition(layout, placement, field.when, start, high - low + 1);
  if (field.whenKey !== undefined) addKeyCondition(layout, field.whenKey, start, high - low + 1);
}

function markBit(dword: DwordLayout, field: FieldDeclaration, mask: number, reset: number): void {
  const access = field.readsZero === true ? "RO" : field.access;
  dword.used = (dword.used | mask) >>> 0;
  if (field.unmodelled === true) dword.unmodelled = (dword.unmodelled | mask) >>> 0;
  if (access === "RW" || access === "RWS" || access === "RWL") dword.write = (dword.write | mask) >>> 0;
  if (access === "RWL") dword.locked = (dword.locked | mask) >>> 0;
  if (access === "RW1C" || access === "RW1CS") dword.clear = (dword.clear | mask) >>> 0;
  if (access === "RWO") dword.once = (dword.once | mask) >>> 0;
  if (access === "ROS" || access === "RWS" || access === "RW1CS") dword.sticky = (dword.sticky | mask) >>> 0;
  if (reset === 1) dword.reset = (dword.reset | mask) >>> 0;
}

function addCondition(layout: BlockLayout, placement: Placement, when: string, start: number, bits: number): void {
  const named = conditionField(placement.structure, when);
  if (named === undefined) return;
  const [, low] = fieldBits(named.field);
  const on = (placement.at + named.register.offset) * 8 + low;
  const width = Number(fieldMask(named.field) >> BigInt(low));
  layout.conditions.push({ dword: start >>> 5, mask: ((2 ** bits - 1) * 2 ** (start & 31)) >>> 0, onDword: on >>> 5, onMask: (width << (on & 31)) >>> 0 });
  const dword = layout.dwords[start >>> 5];
  if (dword !== undefined) dword.hasConditions = true;
}

function addKeyCondition(layout: BlockLayout, onKey: MachineKey, start: number, bits: number): void {
  layout.conditions.push({ dword: start >>> 5, mask: ((2 ** bits - 1) * 2 ** (start & 31)) >>> 0, onDword: 0, onMask: 0, onKey });
  const dword = layout.dwords[start >>> 5];
  if (dword !== undefined) dword.hasConditions = true;
}

/** Puts a value that follows from the layout (a pointer, an id) into the reset value of a header field. */
function fill(layout: BlockLayout, placement: Placement, registerName: string, fieldName: string, value: number, instance = 0): void {
  const register = placement.structure.registers[registerName];
  const field = register?.fields[fieldName];
  const place = `${layout.name}.${placement.structure.name}`;
  if (register === undefined || field === undefined || instance >= instancesOf(register)) throw new DeclarationError(place, `needs ${registerName}.${fieldName}${instance > 0 ? ` number ${instance}` : ""} for its list`);
  const [, low] = fieldBits(field);
  if (BigInt(value) > fieldMask(field) >> BigInt(low)) throw new DeclarationError(place, `${value} does not fit ${registerName}.${fieldName}`);
  const start = (placement.at + register.offset + instance * (register.repeat?.stride ?? 0)) * 8 + low;
  const dword = layout.dwords[start >>> 5];
  if (dword !== undefined) dword.reset = (dword.reset | (value << (start & 31))) >>> 0;
}

const inOrder = (block: BlockDeclaration, ...lists: readonly string[]): Placement[] =>
  Object.values(block.placements).filter((placement) => lists.includes(placement.structure.identity?.list ?? "")).toSorted((a, b) => a.at - b.at);

/** Capability header array (8.2.4.1): one entry for each structure, in order of place. */
function linkComponent(layout: BlockLayout, block: BlockDeclaration): void {
  const array = Object.values(block.placements).find((placement) => placement.at === 0);
  if (array === undefined) throw new DeclarationError(block.name, "has no capability header array at 0");
  const listed = inOrder(block, "component");
  fill(layout, array, "header", "arraySize", listed.length);
  for (const [index, placement] of listed.entries()) {
    const identity = placement.structure.identity;
    if (identity?.list !== "component") continue;
    fill(layout, array, "entry", "id", identity.id, index);
    fill(layout, array, "entry", "version", identity.version, index);
    fill(layout, array, "entry", "pointer", placement.at, index);
    const entry = array.structure.registers["entry"];
    addPresence(layout, placement, (array.at + (entry?.offset ?? 0) + index * (entry?.repeat?.stride ?? 0)) >>> 2);
  }
}

function addPresence(layout: BlockLayout, placement: Placement, headerDword: number): void {
  if (placement.presentWith === undefined) return;
  layout.presence.push({ key: placement.presentWith, headerDword, first: placement.at >>> 2, last: ((placement.at + placement.structure.length + 3) >>> 2) - 1 });
}

/** Capability list (PCIe 7.5.1.1.11) and extended capability list (7.6.3), in order of place. */
function linkConfig(layout: BlockLayout, block: BlockDeclaration): void {
  const header = Object.values(block.placements).find((placement) => placement.at === 0);
  if (header === undefined) throw new DeclarationError(block.name, "has no header at 0");
  const capabilities = inOrder(block, "capability");
  fill(layout, header, "capabilitiesPointer", "value", capabilities[0]?.at ?? 0);
  for (const [index, placement] of capabilities.entries()) {
    fill(layout, placement, "header", "id", placement.structure.identity?.id ?? 0);
    fill(layout, placement, "header", "next", capabilities[index + 1]?.at ?? 0);
    addPresence(layout, placement, placement.at >>> 2);
    if (capabilities.some(({ presentWith }) => presentWith !== undefined)) layout.capabilities.push(placement.at >>> 2);
  }
  const extended = inOrder(block, "extended", "dvsec");
  for (const [index, placement] of extended.entries()) {
    linkExtended(layout, placement, extended[index + 1]?.at ?? 0);
    layout.extended.push(placement.at >>> 2);
    addPresence(layout, placement, placement.at >>> 2);
  }
}

function linkExtended(layout: BlockLayout, placement: Placement, next: number): void {
  const identity = placement.structure.identity;
  fill(layout, placement, "header", "next", next);
  if (identity?.list === "extended") {
    fill(layout, placement, "header", "id", identity.id);
    fill(layout, placement, "header", "version", identity.version);
  }
  if (identity?.list !== "dvsec") return;
  fill(layout, placement, "header", "id", dvsecIdentity.capability);
  fill(layout, placement, "header", "version", dvsecIdentity.capabilityVersion);
  fill(layout, placement, "header1", "vendor", dvsecIdentity.vendor);
  fill(layout, placement, "header1", "revision", identity.revision);
  fill(layout, placement, "header1", "length", placement.structure.length);
  fill(layout, placement, "header2", "id", identity.id);
}
