// What a declaration must not say. Every refusal names block, structure, register and field. Pure.

import { machineKeys } from "./keys.ts";
import type { BlockDeclaration, FieldDeclaration, Placement, RegisterDeclaration, StructureDeclaration } from "./schema.ts";
import { behaviours } from "./schema.ts";

export class DeclarationError extends Error {
  constructor(place: string, problem: string) {
    super(`${place}: ${problem}`);
    this.name = "DeclarationError";
  }
}

export const fieldBits = (field: FieldDeclaration): readonly [high: number, low: number] => (typeof field.bits === "number" ? [field.bits, field.bits] : [field.bits[0], field.bits[1]]);
export const instancesOf = (register: RegisterDeclaration): number => register.repeat?.count ?? 1;

/** Mask of a field over its register, as bigint (registers have up to 64 bits). */
export function fieldMask(field: FieldDeclaration): bigint {
  const [high, low] = fieldBits(field);
  return ((1n << BigInt(high - low + 1)) - 1n) << BigInt(low);
}

/** Bytes of a register block. Config space and the CXL.cache/mem range both have 4 KiB (PCIe 7.2.2, CXL 8.2.3). */
const blockLimit = 0x1000;
const firstExtended = 0x100;

function refuse(place: string, problem: string): never {
  throw new DeclarationError(place, problem);
}

/** @throws DeclarationError */
export function checkBlock(block: BlockDeclaration): void {
  for (const [name, placement] of Object.entries(block.placements)) {
    checkPlacement(`${block.name}.${name}`, block, placement);
    checkStructure(`${block.name}.${placement.structure.name}`, placement.structure);
  }
  checkOrder(block);
  checkFirstCapability(block);
}

/** Software finds the first capability by a pointer that does not change. */
function checkFirstCapability(block: BlockDeclaration): void {
  const [first] = Object.entries(block.placements).filter(([, { structure }]) => structure.identity?.list === "capability").toSorted(([, a], [, b]) => a.at - b.at);
  if (first !== undefined && first[1].presentWith !== undefined) refuse(`${block.name}.${first[0]}`, "is the first of the capability list, which is always there");
}

function checkPlacement(place: string, block: BlockDeclaration, placement: Placement): void {
  const { at, structure, presentWith } = placement;
  const list = structure.identity?.list;
  if (at % 4 !== 0) refuse(place, "is not placed on a dword");
  if (at % Math.max(...structure.widths) !== 0) refuse(place, `is not placed on a multiple of its widest access, ${Math.max(...structure.widths)} bytes`);
  if (at < 0 || at + structure.length > blockLimit) refuse(place, `does not fit the block's ${blockLimit} bytes`);
  if (presentWith !== undefined && !machineKeys.includes(presentWith)) refuse(place, `machine key "${presentWith}" is not known`);
  if (presentWith !== undefined && list !== "component" && at === firstExtended) refuse(place, "is the first of the extended list, which is always there");
  if (list === undefined) {
    if (presentWith !== undefined) refuse(place, "is in no list, so software cannot see that it is absent");
    return;
  }
  if (block.kind === "messages" || block.kind === "device" || (list === "component") !== (block.kind === "component")) refuse(place, `a structure of the ${list} list has no place in a ${block.kind} block`);
  if (list === "capability" && at >= firstExtended) refuse(place, `a capability lies below ${firstExtended}`);
  if ((list === "extended" || list === "dvsec") && at < firstExtended) refuse(place, `an extended capability lies at ${firstExtended} or above`);
}

function checkOrder(block: BlockDeclaration): void {
  const placed = Object.entries(block.placements).toSorted(([, a], [, b]) => a.at - b.at);
  for (const [index, [name, placement]] of placed.entries()) {
    const next = placed[index + 1];
    if (next !== undefined && placement.at + placement.structure.length > next[1].at) refuse(`${block.name}.${name}`, `overlaps ${next[0]}`);
  }
  const extended = placed.filter(([, { at }]) => at >= firstExtended);
  if (block.kind === "config" && extended[0] !== undefined && extended[0][1].at !== firstExtended) refuse(`${block.name}.${extended[0][0]}`, `the extended list starts at ${firstExtended}`);
}

function checkStructure(place: string, structure: StructureDeclaration): void {
  const owners: (string | undefined)[] = Array.from({ length: structure.length });
  const halves: (string | undefined)[] = [];
  for (const [name, register] of Object.entries(structure.registers)) {
    checkRegister(`${place}.${name}`, structure, register);
    for (let instance = 0; instance < instancesOf(register); instance++) claim(place, name, register, instance, owners, halves);
  }
}

/** Gives the bytes of one instance to its register, and the 16-bit halves to its side effect: the module keeps one for each half. */
function claim(place: string, name: string, register: RegisterDeclaration, instance: number, owners: (string | undefined)[], halves: (string | undefined)[]): void {
  const from = register.offset + instance * (register.repeat?.stride ?? 0);
  for (let byte = from; byte < from + register.width / 8; byte++) {
    const owner = owners[byte];
    if (owner !== undefined) refuse(`${place}.${name}`, `overlaps ${owner} at byte ${byte}`);
    owners[byte] = instancesOf(register) > 1 ? `${name}[${instance}]` : name;
    const other = halves[byte >> 1];
    if (register.onWrite === undefined) continue;
    if (other !== undefined && other !== register.onWrite) refuse(`${place}.${name}`, `side effects "${other}" and "${register.onWrite}" share 16 bits`);
    halves[byte >> 1] = register.onWrite;
  }
}

function checkRegister(place: string, structure: StructureDeclaration, register: RegisterDeclaration): void {
  const bytes = register.width / 8;
  const last = register.offset + (instancesOf(register) - 1) * (register.repeat?.stride ?? 0);
  if (register.offset < 0 || last + bytes > structure.length) refuse(place, `ends behind the structure's ${structure.length} bytes`);
  if (register.offset % bytes !== 0 || (register.repeat?.stride ?? 0) % bytes !== 0) refuse(place, "is not aligned to its width");
  if ((register.repeat?.stride ?? 0) % 4 !== 0) refuse(place, "repeats in steps that are no dwords");
  if (!structure.widths.some((width) => width === bytes)) refuse(place, `cannot be accessed as a whole: ${bytes} bytes is no legal width here`);
  if (register.onWrite !== undefined && !behaviours.includes(register.onWrite)) refuse(place, `side effect "${register.onWrite}" is not known`);
  checkKeyCondition(place, register.repeat?.implementedBy, 0, 0);
  const named: boolean[] = [];
  for (const [name, field] of Object.entries(register.fields)) {
    checkField(`${place}.${name}`, structure, register, field);
    const [high, low] = fieldBits(field);
    for (let bit = low; bit <= high; bit++) {
      if (named[bit] === true) refuse(`${place}.${name}`, `bit ${bit} is declared twice`);
      named[bit] = true;
    }
  }
}

function checkField(place: string, structure: StructureDeclaration, register: RegisterDeclaration, field: FieldDeclaration): void {
  const [high, low] = fieldBits(field);
  const limit = 2 ** (high - low + 1);
  if (low < 0 || high < low || high >= register.width) refuse(place, `bits ${high}:${low} do not fit a ${register.width}-bit register`);
  if (high - low >= 32) refuse(place, `bits ${high}:${low} are more than 32`);
  const reset = field.reset ?? 0;
  if (!Number.isInteger(reset) || reset < 0 || reset >= limit) refuse(place, `reset ${reset} does not fit bits ${high}:${low}`);
  for (const value of Object.keys(field.values ?? {})) if (Number(value) >= limit) refuse(place, `value ${value} does not fit bits ${high}:${low}`);
  if ((field.access === "HwInit") !== (field.key !== undefined)) refuse(place, "HwInit and a machine key belong together");
  if (field.key !== undefined && !machineKeys.includes(field.key)) refuse(place, `machine key "${field.key}" is not known`);
  if (field.key !== undefined && low >> 5 !== high >> 5) refuse(place, "shows a machine key across two dwords");
  if (field.readsZero === true && (field.access !== "RW" || reset !== 0)) refuse(place, "a field that reads 0 is RW and resets to 0");
  checkKeyCondition(place, field.whenKey, low, high);
  if (field.when === undefined) return;
  if (reset !== 0) refuse(place, `reads 0 without "${field.when}", so it resets to 0`);
  const on = conditionField(structure, field.when);
  if (on === undefined) refuse(place, `condition "${field.when}" names no field of ${structure.name}`);
  if (low >> 5 !== high >> 5 || fieldBits(on.field)[0] >> 5 !== fieldBits(on.field)[1] >> 5) refuse(place, `condition "${field.when}" reaches across two dwords`);
  if (on.register.repeat !== undefined) refuse(place, `condition "${field.when}" is repeated`);
}

function checkKeyCondition(place: string, key: string | undefined, low: number, high: number): void {
  if (key === undefined) return;
  if (!machineKeys.some((known) => known === key)) refuse(place, `machine key "${key}" is not known`);
  if (low >> 5 !== high >> 5) refuse(place, `condition "${key}" reaches across two dwords`);
}

/** The field that a condition `register.field` names. */
export function conditionField(structure: StructureDeclaration, when: string): { readonly register: RegisterDeclaration; readonly field: FieldDeclaration } | undefined {
  const [registerName = "", fieldName = ""] = when.split(".");
  const register = structure.registers[registerName];
  const field = register?.fields[fieldName];
  return register === undefined || field === undefined ? undefined : { register, field };
}

/** A structure of one name lies at one place in all blocks of one kind. @throws DeclarationError */
export function checkPlaces(blocks: readonly BlockDeclaration[]): void {
  const places = new Map<string, { readonly at: number; readonly block: string }>();
  for (const block of blocks) {
    for (const { at, structure } of Object.values(block.placements)) {
      const key = `${block.kind} ${structure.name}`;
      const before = places.get(key);
      if (before !== undefined && before.at !== at) refuse(`${block.name}.${structure.name}`, `lies at ${at}, but at ${before.at} in ${before.block}`);
      places.set(key, { at, block: block.name });
    }
  }
}

/** Structures of one name must agree in registers and bits, so that one set of names serves them. @throws DeclarationError */
export function checkVariants(structures: readonly StructureDeclaration[]): void {
  const shapes = new Map<string, string>();
  for (const structure of structures) {
    const shape = JSON.stringify(Object.entries(structure.registers).map(([name, { offset, width, repeat, fields }]) => [name, offset, width, repeat, Object.entries(fields).map(([field, { bits }]) => [field, bits])]));
    if ((shapes.get(structure.name) ?? shape) !== shape) refuse(structure.name, "variants of a structure differ in registers or bits");
    shapes.set(structure.name, shape);
  }
}
