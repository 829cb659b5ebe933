// Registers by name over anything that reads and writes at offsets, built from the declarations in registers/.

import type { FieldDeclaration, RegisterDeclaration, StructureDeclaration } from "../../registers/schema.ts";

/** What carries the accesses: an ioremap handle, or one function's config space. */
export interface RegisterBus {
  read8(offset: number): number;
  read16(offset: number): number;
  read32(offset: number): number;
  read64(offset: number): bigint;
  write8(offset: number, value: number): void;
  write16(offset: number, value: number): void;
  write32(offset: number, value: number): void;
  write64(offset: number, value: bigint): void;
}

type FieldNames<R extends RegisterDeclaration> = keyof R["fields"] & string;

/** Field values as unsigned numbers; no field is wider than 32 bits. */
export type FieldValues<R extends RegisterDeclaration> = { readonly [K in FieldNames<R>]: number };

/** One register at one place. */
export interface RegisterAccess<R extends RegisterDeclaration> {
  /** One read access; every field by name. */
  read(): FieldValues<R>;
  /** One read access; one field. */
  get(field: FieldNames<R>): number;
  readRaw(): bigint;
  /** One write access; fields not named go out as 0. @throws RangeError when a value does not fit */
  write(values: Partial<FieldValues<R>>): void;
  writeRaw(value: bigint): void;
  /** One read and one write access; fields not named keep their value, but write-1-to-clear fields not named go out as 0. */
  modify(values: Partial<FieldValues<R>>): void;
  /** Instance `n` of a repeated register. @throws RangeError */
  at(n: number): RegisterAccess<R>;
}

/** Every register of a structure by name. */
export type StructureAccess<S extends StructureDeclaration> = { readonly [K in keyof S["registers"]]: RegisterAccess<S["registers"][K]> };

const highOf = (field: FieldDeclaration): number => (typeof field.bits === "number" ? field.bits : field.bits[0]);
const lowOf = (field: FieldDeclaration): number => (typeof field.bits === "number" ? field.bits : field.bits[1]);

/** Value of a field in a register's value. */
export function extract(field: FieldDeclaration, value: bigint): number {
  const bits = BigInt(highOf(field) - lowOf(field) + 1);
  return Number((value >> BigInt(lowOf(field))) & ((1n << bits) - 1n));
}

/** Fields of a register's value by name. */
export function decode<R extends RegisterDeclaration>(register: R, value: bigint): FieldValues<R> {
  return Object.fromEntries(Object.entries(register.fields).map(([name, field]) => [name, extract(field, value)])) as FieldValues<R>;
}

/** A register's value from named fields over a start value. @throws RangeError naming field, range and clause */
export function encode<R extends RegisterDeclaration>(register: R, values: Partial<FieldValues<R>>, start = 0n): bigint {
  let result = start;
  for (const [name, value] of Object.entries(values) as [string, number][]) {
    const field = register.fields[name];
    if (field === undefined) throw new RangeError(`${register.meaning} (${register.clause}) has no field "${name}"; it has ${Object.keys(register.fields).join(", ")}`);
    const limit = 2 ** (highOf(field) - lowOf(field) + 1);
    if (!Number.isInteger(value) || value < 0 || value >= limit) throw new RangeError(`${name} (${field.clause ?? register.clause}) is 0..${limit - 1}, not ${value}`);
    const mask = (BigInt(limit) - 1n) << BigInt(lowOf(field));
    result = (result & ~mask) | (BigInt(value) << BigInt(lowOf(field)));
  }
  return result;
}

function clearMask(register: RegisterDeclaration): bigint {
  let mask = 0n;
  for (const field of Object.values(register.fields)) {
    if (field.access === "RW1C" || field.access === "RW1CS") mask |= ((1n << BigInt(highOf(field) - lowOf(field) + 1)) - 1n) << BigInt(lowOf(field));
  }
  return mask;
}

function readAt(bus: RegisterBus, width: number, offset: number): bigint {
  if (width === 64) return bus.read64(offset);
  if (width === 32) return BigInt(bus.read32(offset));
  return BigInt(width === 16 ? bus.read16(offset) : bus.read8(offset));
}

function writeAt(bus: RegisterBus, width: number, offset: number, value: bigint): void {
  if (width === 64) bus.write64(offset, value);
  else if (width === 32) bus.write32(offset, Number(value));
  else if (width === 16) bus.write16(offset, Number(value));
  else bus.write8(offset, Number(value));
}

/** Access to one register of a structure that starts at `base` on the bus. */
export function registerAt<R extends RegisterDeclaration>(bus: RegisterBus, base: number, register: R, instance = 0): RegisterAccess<R> {
  const count = register.repeat?.count ?? 1;
  if (instance < 0 || instance >= count) throw new RangeError(`${register.meaning} (${register.clause}) has instances 0..${count - 1}, not ${instance}`);
  const offset = base + register.offset + instance * (register.repeat?.stride ?? 0);
  const keep = ~clearMask(register);
  const readRaw = (): bigint => readAt(bus, register.width, offset);
  const writeRaw = (value: bigint): void => writeAt(bus, register.width, offset, value);
  const fieldOf = (name: string): FieldDeclaration => {
    const field = register.fields[name];
    if (field === undefined) throw new RangeError(`${register.meaning} (${register.clause}) has no field "${name}"`);
    return field;
  };
  return {
    read: () => decode(register, readRaw()),
    get: (field) => extract(fieldOf(field), readRaw()),
    readRaw,
    write: (values) => writeRaw(encode(register, values)),
    writeRaw,
    modify: (values) => writeRaw(encode(register, values, readRaw() & keep)),
    at: (n) => registerAt(bus, base, register, n),
  };
}

/** Access to a whole structure at `base` on the bus. */
export function structureAt<S extends StructureDeclaration>(bus: RegisterBus, base: number, structure: S): StructureAccess<S> {
  return Object.fromEntries(Object.entries(structure.registers).map(([name, register]) => [name, registerAt(bus, base, register)])) as StructureAccess<S>;
}
