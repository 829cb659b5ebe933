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

/** What a register is, for messages. */
export interface RegisterAbout {
  /** Part of the machine; "" where the bus is all that is known. */
  readonly part: string;
  /** `structure.register`, with the instance of a repeated one; "" where it was reached without its structure. */
  readonly name: string;
  readonly declaration: RegisterDeclaration;
}

/** One register at one place. */
export interface RegisterAccess<R extends RegisterDeclaration> {
  readonly about: RegisterAbout;
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
/** One more than the largest value of a field. */
const limitOf = (field: FieldDeclaration): number => 2 ** (highOf(field) - lowOf(field) + 1);
const maskOf = (field: FieldDeclaration): bigint => (BigInt(limitOf(field)) - 1n) << BigInt(lowOf(field));

/** Value of a field in a register's value. A `number` is an unsigned value of at most 32 bits, which costs no bigint. */
export function extract(field: FieldDeclaration, value: bigint | number): number {
  if (typeof value === "number") return (value >>> lowOf(field)) % limitOf(field);
  return Number((value >> BigInt(lowOf(field))) & (BigInt(limitOf(field)) - 1n));
}

/** Fields of a register's value by name. */
export function decode<R extends RegisterDeclaration>(register: R, value: bigint | number): FieldValues<R> {
  const values: Record<string, number> = {};
  for (const name of Object.keys(register.fields)) values[name] = extract(fieldOf(register, name), value);
  return values as FieldValues<R>;
}

/** What has an `about`, for messages. */
type Placed = Pick<RegisterAccess<RegisterDeclaration>, "about">;

/** A register's value from named fields over a start value; `placed`: the register as it was reached. @throws RangeError naming part and register where they are known, field, range and clause */
export function encode<R extends RegisterDeclaration>(register: R, values: Partial<FieldValues<R>>, start = 0n, placed?: Placed): bigint {
  let result = start;
  for (const [name, value] of Object.entries(values) as [string, number][]) {
    const field = fieldOf(register, name, placed);
    const limit = limitOf(field);
    if (!Number.isInteger(value) || value < 0 || value >= limit) throw new RangeError(`${placeOf(placed, ".")}${name} (${field.clause ?? register.clause}) is 0..${limit - 1}, not ${value}`);
    result = (result & ~maskOf(field)) | (BigInt(value) << BigInt(lowOf(field)));
  }
  return result;
}

/** Part, structure and register with what follows them; "" where they are not known. */
function placeOf(placed: Placed | undefined, end: string): string {
  const { part, name } = placed?.about ?? { part: "", name: "" };
  return name === "" ? "" : `${part === "" ? "" : `${part} `}${name}${end}`;
}

function fieldOf(register: RegisterDeclaration, name: string, placed?: Placed): FieldDeclaration {
  const field = Object.hasOwn(register.fields, name) ? register.fields[name] : undefined;
  if (field === undefined) throw new RangeError(`${placeOf(placed, ": ")}${register.meaning} (${register.clause}) has no field "${name}"; it has ${Object.keys(register.fields).join(", ")}`);
  return field;
}

/** Bits that writing back what was read would clear. */
function clearMask(register: RegisterDeclaration): bigint {
  let mask = 0n;
  for (const field of Object.values(register.fields)) if (field.access === "RW1C" || field.access === "RW1CS") mask |= maskOf(field);
  return mask;
}

function readAt(bus: RegisterBus, width: number, offset: number): bigint | number {
  if (width === 64) return bus.read64(offset);
  if (width === 32) return bus.read32(offset);
  return width === 16 ? bus.read16(offset) : bus.read8(offset);
}

function writeAt(bus: RegisterBus, width: number, offset: number, value: bigint): void {
  if (width === 64) bus.write64(offset, value);
  else if (width === 32) bus.write32(offset, Number(value));
  else if (width === 16) bus.write16(offset, Number(value));
  else bus.write8(offset, Number(value));
}

/** The structure that a register was reached through. */
interface Owner {
  readonly part: string;
  readonly structure: string;
  readonly registers: StructureDeclaration["registers"];
}

/** Knows its place; everything else it takes from the declaration. Methods on the prototype, so that a handle is one small object. */
class Access<R extends RegisterDeclaration> implements RegisterAccess<R> {
  readonly #bus: RegisterBus;
  readonly #base: number;
  readonly #register: R;
  readonly #offset: number;
  readonly #instance: number;
  readonly #owner: Owner | null;

  constructor(bus: RegisterBus, base: number, register: R, instance: number, owner: Owner | null) {
    this.#instance = instance;
    this.#owner = owner;
    this.#bus = bus;
    this.#base = base;
    this.#register = register;
    this.#offset = base + register.offset + instance * (register.repeat?.stride ?? 0);
  }

  get about(): RegisterAbout {
    const owner = this.#owner;
    const declaration = this.#register;
    if (owner === null) return { part: "", name: "", declaration };
    const register = Object.keys(owner.registers).find((name) => owner.registers[name] === declaration) ?? "";
    return { part: owner.part, name: `${owner.structure}.${register}${declaration.repeat === undefined ? "" : `[${this.#instance}]`}`, declaration };
  }

  read(): FieldValues<R> {
    return decode(this.#register, readAt(this.#bus, this.#register.width, this.#offset));
  }

  get(field: FieldNames<R>): number {
    const declaration = fieldOf(this.#register, field, this);
    return extract(declaration, readAt(this.#bus, this.#register.width, this.#offset));
  }

  readRaw(): bigint {
    return BigInt(readAt(this.#bus, this.#register.width, this.#offset));
  }

  write(values: Partial<FieldValues<R>>): void {
    this.writeRaw(encode(this.#register, values, 0n, this));
  }

  writeRaw(value: bigint): void {
    writeAt(this.#bus, this.#register.width, this.#offset, value);
  }

  modify(values: Partial<FieldValues<R>>): void {
    encode(this.#register, values, 0n, this); // Refuses before anything reaches the bus.
    this.writeRaw(encode(this.#register, values, this.readRaw() & ~clearMask(this.#register)));
  }

  at(n: number): RegisterAccess<R> {
    checkInstance(this.#register, n, this);
    return new Access(this.#bus, this.#base, this.#register, n, this.#owner);
  }
}

function checkInstance(register: RegisterDeclaration, instance: number, placed?: Placed): void {
  const count = register.repeat?.count ?? 1;
  if (!Number.isInteger(instance) || instance < 0 || instance >= count) throw new RangeError(`${placeOf(placed, ": ")}${register.meaning} (${register.clause}) has instances 0..${count - 1}, not ${instance}`);
}

/** Access to one register of a structure that starts at `base` on the bus. @throws RangeError when there is no such instance */
export function registerAt<R extends RegisterDeclaration>(bus: RegisterBus, base: number, register: R, instance = 0): RegisterAccess<R> {
  checkInstance(register, instance);
  return new Access(bus, base, register, instance, null);
}

/** Access to a whole structure at `base` on the bus. Instance `n` of a repeated register is `register.at(n)`. `part`: whose it is, for messages. */
export function structureAt<S extends StructureDeclaration>(bus: RegisterBus, base: number, structure: S, part = ""): StructureAccess<S> {
  const registers: Record<string, RegisterAccess<RegisterDeclaration>> = {};
  const owner: Owner = { part, structure: structure.name, registers: structure.registers };
  for (const name of Object.keys(structure.registers)) {
    const register = structure.registers[name];
    if (register !== undefined) registers[name] = new Access(bus, base, register, 0, owner);
  }
  return registers as StructureAccess<S>;
}
