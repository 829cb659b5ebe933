// Records of the access layer in words: which register of which part, what was in it, which fields a write changes. The names are those of registers/.

import type { BlockName } from "../../../registers/blocks.ts";
import type { FieldDeclaration, RegisterDeclaration } from "../../../registers/schema.ts";
import { formatPciAddress } from "../../platform/pci-address.ts";
import type { BlockPlaces, Place, Space } from "../../platform/register-places.ts";
import { blocksOfPart, lowBit, maskOf, placesAt, placesOfBlock, spaces } from "../../platform/register-places.ts";
import type { TraceRecord } from "../../sim/trace.ts";
import { hex, many, named, partName, requester, statuses, wide } from "./names.ts";
import type { TraceNames } from "./names.ts";

/** Kinds of records in words, by number; assembly/trace/ring.ts has the numbers. */
export const accessKinds = ["", "config read", "config write", "mmio read", "mmio write", "load", "store", "request", "completion"] as const;

const judgements = ["done", "wrong width", "reserved", "unanswered"] as const;
type Judgement = (typeof judgements)[number];

/** An access to registers, taken out of its record. */
export interface RegisterAccess {
  readonly isWrite: boolean;
  readonly space: Space | undefined;
  /** Number of the part; 0xffffffff: nobody answered. */
  readonly part: number;
  /** Config space: the function's address; else null. */
  readonly address: number | null;
  /** Bytes from the start of the block; the physical address where nobody answered in memory. */
  readonly offset: number;
  readonly offsetHigh: number;
  readonly width: number;
  readonly low: number;
  readonly high: number;
  /** A write: the dword before it. */
  readonly before: number;
  readonly judgement: Judgement | undefined;
}

/** The access to a register that a record tells of; undefined: it tells of something else. */
export function registerAccessOf({ layer, kind, a, b, c, d, e, f }: TraceRecord): RegisterAccess | undefined {
  if (layer !== "access" || kind < 1 || kind > 4) return undefined;
  const judgement = judgements[(e >>> 8) & 0xff];
  const width = e & 0xff;
  if (kind <= 2) return { isWrite: kind === 2, space: "config", part: f, address: a, offset: b, offsetHigh: 0, width, low: c, high: 0, before: d, judgement };
  return { isWrite: kind === 4, space: spaces[(e >>> 16) & 0xff], part: a, address: null, offset: b, offsetHigh: judgement === "unanswered" ? f : 0, width, low: c, high: d, before: f, judgement };
}

const valueText = (field: FieldDeclaration, value: bigint): string => field.values?.[Number(value)] ?? hex(value);
const fieldText = (name: string, field: FieldDeclaration, value: bigint): string => (maskOf(field) >> BigInt(lowBit(field)) === 1n ? name : `${name}=${valueText(field, value)}`);
const inField = (field: FieldDeclaration, value: bigint): bigint => (value & maskOf(field)) >> BigInt(lowBit(field));

/** A register's value with the fields that are not zero: `0x300 (memoryIsolation, memoryIsolationLinkDown)`. */
export function fieldsIn({ fields }: RegisterDeclaration, value: number | bigint): string {
  const bits = BigInt(value);
  const set = Object.entries(fields).flatMap(([name, field]) => (inField(field, bits) === 0n ? [] : [fieldText(name, field, inField(field, bits))]));
  return set.length === 0 ? hex(bits) : `${hex(bits)} (${set.join(", ")})`;
}

export interface RegisterWords {
  /** `timeoutIsolation.status`, several where an access covers several, or the offset where no register is. */
  readonly nameAt: (part: number, space: Space | undefined, offset: number, width: number) => string;
  /** What a record of the access layer says. */
  readonly access: (record: TraceRecord) => string;
}

/** Bits of an access as they lie in a register that it touches. */
export function inRegister({ at, bytes }: Place, { offset, width, low, high }: RegisterAccess): { readonly lanes: bigint; readonly value: bigint } {
  const shift = BigInt((offset - at) * 8);
  const all = (1n << BigInt(width * 8)) - 1n;
  const own = (1n << BigInt(bytes * 8)) - 1n;
  const bits = ((BigInt(high) << 32n) | BigInt(low)) & all;
  return shift >= 0n ? { lanes: (all << shift) & own, value: (bits << shift) & own } : { lanes: (all >> -shift) & own, value: (bits >> -shift) & own };
}

/** What a register held before a write, and which of its bits are known: the record has the dword at the start of the access. */
export function beforeWrite({ at, bytes }: Place, { offset, before }: RegisterAccess): { readonly value: bigint; readonly known: bigint } {
  const shift = BigInt(((offset & ~3) - at) * 8);
  const own = (1n << BigInt(bytes * 8)) - 1n;
  const place = (bits: bigint): bigint => (shift >= 0n ? bits << shift : bits >> -shift) & own;
  return { value: place(BigInt(before)), known: place(0xffff_ffffn) };
}

function changedField(name: string, field: FieldDeclaration, lanes: bigint, value: bigint, before: { readonly value: bigint; readonly known: bigint }): string[] {
  const mask = maskOf(field);
  if ((mask & lanes) === 0n || field.access === "RO" || field.access === "ROS" || field.access === "HwInit") return [];
  const next = inField(field, value);
  if (field.access === "RW1C" || field.access === "RW1CS") return next === 0n ? [] : [`${name} cleared`];
  const was = inField(field, before.value);
  if ((mask & before.known) !== mask) return next === 0n ? [] : [fieldText(name, field, next)];
  return was === next ? [] : [`${name} ${valueText(field, was)} -> ${valueText(field, next)}`];
}

function placeText(place: Place, access: RegisterAccess): string {
  const { lanes, value } = inRegister(place, access);
  const { fields } = place.declaration;
  if (access.isWrite) {
    const before = beforeWrite(place, access);
    const changes = Object.entries(fields).flatMap(([name, field]) => changedField(name, field, lanes, value, before));
    return `${place.label}${changes.length === 0 ? "" : ` (${changes.join(", ")})`}`;
  }
  const set = Object.entries(fields).flatMap(([name, field]) => (inField(field, value) === 0n ? [] : [fieldText(name, field, inField(field, value))]));
  return `${place.label}${set.length === 0 ? "" : ` (${set.join(", ")})`}`;
}

/** Names of registers for the parts of one trace. */
export function createRegisterWords(names: TraceNames): RegisterWords {
  const blocks = new Map<BlockName, BlockPlaces>();
  const blockOf = (name: BlockName): BlockPlaces => {
    const found = blocks.get(name) ?? placesOfBlock(name);
    blocks.set(name, found);
    return found;
  };
  const known = new Map<number, readonly Place[]>();
  const placesOf = (part: number, space: Space | undefined, offset: number, width: number): readonly Place[] => {
    const kind = names.kinds.get(part);
    const block = kind === undefined || space === undefined ? undefined : blocksOfPart[kind][space];
    if (block === undefined || offset >= 1 << 24 || width < 1 || width > 8) return [];
    const key = ((offset * 16 + width) * 4 + spaces.indexOf(space as Space)) * 256 + (part & 0xff);
    const found = part > 0xff ? undefined : known.get(key);
    if (found !== undefined) return found;
    const places = placesAt(blockOf(block), offset, width);
    if (part <= 0xff && known.size < 65_536) known.set(key, places);
    return places;
  };
  const nameAt = (part: number, space: Space | undefined, offset: number, width: number): string => {
    const places = placesOf(part, space, offset, width);
    return places.length === 0 ? `${space ?? "memory"} ${hex(offset)}` : places.map(({ label }) => label).join(" + ");
  };
  const registers = (access: RegisterAccess): string => {
    const places = placesOf(access.part, access.space, access.offset, access.width);
    return places.length === 0 ? `${access.space ?? "memory"} ${hex(access.offset)}` : places.map((place) => placeText(place, access)).join(" + ");
  };
  return { nameAt, access: (record) => accessText(record, names, registers) };
}

function accessText(record: TraceRecord, names: TraceNames, registers: (access: RegisterAccess) => string): string {
  const { kind, a, b, c, d, e, f } = record;
  const name = accessKinds[kind];
  const access = registerAccessOf(record);
  if (access !== undefined && name !== undefined) return `${name} ${registerText(access, names, registers)}`;
  if (name === "load" || name === "store") return `${name} of ${many(b, "byte")} at ${wide(c, d)}: ${named(statuses, a, "status")}, ${wide(e, f)}`;
  if (name === "request") return `request by ${requester(a)}: ${b === 0 ? `read of ${wide(c, d)}${e === 0 && f === 0 ? "" : `, ${wide(e, f)}`}` : `write of ${many(b, "byte")} to ${wide(c, d)}, ${wide(e, f)}`}`;
  if (name === "completion") return `completion for ${requester(a)}: ${wide(c, d)} ${named(statuses, b, "status")}, ${wide(e, f)}`;
  return `kind ${kind} ${[a, b, c, d, e, f].map(hex).join(" ")}`;
}

function registerText(access: RegisterAccess, names: TraceNames, registers: (access: RegisterAccess) => string): string {
  const { judgement, isWrite, address, offset, offsetHigh, part, width, low, high } = access;
  const value = `${isWrite ? "<-" : "="} ${wide(low, high)}`;
  if (judgement === "unanswered" || judgement === undefined) return `${address === null ? wide(offset, offsetHigh) : `${formatPciAddress(address)} ${hex(offset)}`} ${value}: nobody answers`;
  if (judgement !== "done") return `${partName(names, part)} ${many(width, "byte")} ${registers({ ...access, low: 0, high: 0, isWrite: false })} ${value}: ${judgement}`;
  return `${partName(names, part)} ${registers(access)} ${value}${isWrite ? `, before ${hex(access.before)}` : ""}`;
}
