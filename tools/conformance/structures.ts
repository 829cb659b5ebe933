// Where the structures of a function lie, found by walking its lists, and how a place of one machine is named in another: by identity and register.

import { blocks } from "../../registers/blocks.ts";
import type { BlockName } from "../../registers/blocks.ts";
import { fieldMask, instancesOf } from "../../registers/checks.ts";
import { dvsecIdentity } from "../../registers/constants.ts";
import { msi } from "../../registers/pci.ts";
import type { RegisterDeclaration, StructureDeclaration } from "../../registers/schema.ts";
import { declaredInDevice, walkDevice } from "./device-layout.ts";
import type { FunctionKind } from "./topology.ts";
import { undeclared } from "./undeclared.ts";

/** Dwords of a register block by byte offset; undefined where nothing was read. */
export type Reader = (offset: number) => number | undefined;

/** A structure found: its identity, `cap 0x10`, `ext 0x1`, `dvsec 7`, `component 0x5`, `header`; a second one of an identity ends in ` #2`. */
export interface Found {
  readonly identity: string;
  /** Of a component structure, as its list gives it; 0 elsewhere (a config structure's version is a field of its header). */
  readonly version: number;
  readonly at: number;
  /** Bytes that belong to it. */
  readonly length: number;
}

const hex = (value: number): string => `0x${value.toString(16)}`;
const firstExtended = 0x100;
const configBytes = 4096;
const mostStructures = 64;
const dword = 4;

/** Bytes of structures whose lists do not say, by the specifications (PCIe 7.5 to 7.9, CXL 8.2.4). */
const lengths: Readonly<Record<string, number>> = {
  "cap 0x1": 0x08, "cap 0x5": 0x18, "cap 0xd": 0x08, "cap 0x10": 0x3c, "cap 0x11": 0x0c, "ext 0x1": 0x48, "ext 0x3": 0x0c, "ext 0xd": 0x08, "ext 0x1d": 0x40, "ext 0x2e": 0x18,
  "component 0x2": 0x58, "component 0x3": 0x04, "component 0x4": 0x38, "component 0x5": 0x10 + 32 * 0x20, "component 0x6": 0x04 + 32 * 8, "component 0x7": 0x24, "component 0x8": 0x08, "component 0x9": 0x10,
  "component 0xa": 0x04, "component 0xb": 0x0c, "component 0xc": 0x0c, "component 0xd": 0x10 + 16 * 2, "component 0xe": 0x0c, "component 0xf": 0x10 + 32 * 0x20, "component 0x10": 0x08,
};

type Listed = Omit<Found, "length"> & { readonly length?: number };

/** Names repeated identities, and cuts every structure off where the next begins. */
function bounded(listed: readonly Listed[], end: (at: number) => number): Found[] {
  const seen = new Map<string, number>();
  const starts = listed.map((one) => one.at);
  return listed.map(({ identity, version, at, length }) => {
    const times = (seen.get(identity) ?? 0) + 1;
    seen.set(identity, times);
    const most = Math.min(length ?? lengths[identity] ?? Number.POSITIVE_INFINITY, Math.min(end(at), ...starts.filter((start) => start > at)) - at);
    return { identity: times > 1 ? `${identity} #${times}` : identity, version, at, length: most };
  });
}

/** Structures of a config space. */
export function walkConfig(read: Reader): Found[] {
  const found: Listed[] = [{ identity: "header", version: 0, at: 0, length: 0x40 }];
  let at = (read(0x34) ?? 0) & 0xfc;
  for (let steps = 0; at >= 0x40 && steps < mostStructures; steps++) {
    const header = read(at) ?? 0;
    if ((header & 0xff) === 0 || header === 0xffff_ffff) break;
    found.push({ identity: `cap ${hex(header & 0xff)}`, version: 0, at });
    at = (header >>> 8) & 0xfc;
  }
  at = firstExtended;
  for (let steps = 0; at >= firstExtended && steps < mostStructures; steps++) {
    const header = read(at) ?? 0;
    if ((header & 0xffff) === 0 || header === 0xffff_ffff) break;
    if ((header & 0xffff) === dvsecIdentity.capability) found.push(dvsecAt(read, at));
    else found.push({ identity: `ext ${hex(header & 0xffff)}`, version: 0, at });
    at = (header >>> 20) & 0xffc;
  }
  return bounded(found, (start) => (start < firstExtended ? firstExtended : configBytes));
}

/** A DVSEC; those of other vendors are named with the vendor. */
function dvsecAt(read: Reader, at: number): Listed {
  const header1 = read(at + 4) ?? 0;
  const id = (read(at + 8) ?? 0) & 0xffff;
  const vendor = header1 & 0xffff;
  const length = header1 >>> 20;
  return { identity: vendor === dvsecIdentity.vendor ? `dvsec ${id}` : `dvsec ${hex(vendor)}:${id}`, version: 0, at, ...(length === 0 ? {} : { length }) };
}

/** Structures of a CXL.cache/mem range; entries with id 0 are none. */
export function walkComponent(read: Reader): Found[] {
  const header = read(0) ?? 0;
  const count = header === 0xffff_ffff ? 0 : header >>> 24;
  const found: Listed[] = [{ identity: "component header", version: (header >>> 16) & 0xf, at: 0, length: 4 + 4 * count }];
  for (let entry = 1; entry <= count; entry++) {
    const value = read(entry * 4) ?? 0;
    if ((value & 0xffff) !== 0) found.push({ identity: `component ${hex(value & 0xffff)}`, version: (value >>> 16) & 0xf, at: value >>> 20 });
  }
  return bounded(found, () => configBytes);
}

const configBlocks: Readonly<Record<FunctionKind, BlockName | undefined>> = { hb: undefined, rp: "rootPortConfig", usp: "upstreamPortConfig", dsp: "downstreamPortConfig", type3: "deviceConfig" };
const componentBlocks: Readonly<Record<FunctionKind, BlockName>> = { hb: "hostBridgeComponent", rp: "rootPortComponent", usp: "upstreamPortComponent", dsp: "downstreamPortComponent", type3: "deviceComponent" };

function identityOf(structure: StructureDeclaration): string {
  const { identity } = structure;
  if (identity === undefined) return structure.name === "componentHeader" ? "component header" : "header";
  if (identity.list === "component") return `component ${hex(identity.id)}`;
  if (identity.list === "dvsec") return `dvsec ${identity.id}`;
  return `${identity.list === "capability" ? "cap" : "ext"} ${hex(identity.id)}`;
}

export interface Declared {
  readonly at: number;
  readonly structure: StructureDeclaration;
}

/** Our declarations of a kind of function, by identity. */
function declaredStructures(kind: FunctionKind, space: "config" | "component"): ReadonlyMap<string, Declared> {
  const name = space === "config" ? configBlocks[kind] : componentBlocks[kind];
  if (name === undefined) return new Map();
  const placements = Object.values(blocks[name].placements) as readonly Declared[];
  return new Map(placements.map((placed) => [identityOf(placed.structure), placed]));
}

/** Their structures beside ours. */
export interface Layout {
  readonly theirs: readonly Found[];
  readonly ours: readonly Found[];
  /** Declarations of the structures that our function has. */
  readonly declared: ReadonlyMap<string, Declared>;
  /** Their dwords, for structures whose registers move with a flag. */
  readonly read: Reader;
  /** Every dword of their lists was there to be read. */
  readonly isWhole: boolean;
}

/** Register spaces of a function, each with lists of its own. */
export type Space = "config" | "component" | "device";
const walks: Readonly<Record<Space, (read: Reader) => Found[]>> = { config: walkConfig, component: walkComponent, device: walkDevice };

export function layoutOf(kind: FunctionKind, space: Space, theirs: Reader, ours: Reader): Layout {
  const walk = walks[space];
  const listed = walk(ours);
  const identities = new Set(listed.map((one) => one.identity));
  let isWhole = true;
  const walked = walk((offset) => {
    const value = theirs(offset);
    isWhole &&= value !== undefined;
    return value;
  });
  return { theirs: walked, ours: listed, declared: space === "device" ? declaredInDevice(listed) : new Map([...declaredStructures(kind, space)].filter(([identity]) => identities.has(identity))), read: theirs, isWhole };
}

/** A place of theirs: in a structure that we have too (`declared`, `inside` are ours), or in one that is theirs alone. */
export interface Translated {
  readonly identity: string;
  readonly declared: Declared | undefined;
  /** Bytes from the start of our structure; of theirs if it has no counterpart. */
  readonly inside: number;
}

const is64Bit = 0x0080_0000;
/** MSI registers by their layout (PCIe 7.7.1): mask and pending bits have no counterpart here, data moves with the 64-bit address. */
function insideMsi(control: number, inside: number): number | undefined {
  if (inside < msi.registers.addressHigh.offset) return inside;
  const data = (control & is64Bit) === 0 ? msi.registers.addressHigh.offset : msi.registers.data.offset;
  if (inside < data) return inside;
  return inside < data + 2 ? msi.registers.data.offset + inside - data : undefined;
}

export function translate(layout: Layout, offset: number): Translated {
  const found = layout.theirs.find((one) => offset >= one.at && offset < one.at + one.length);
  if (found === undefined) return { identity: "no structure", declared: undefined, inside: offset };
  const declared = layout.declared.get(found.identity);
  const theirs = offset - found.at;
  const inside = declared?.structure.name === "msi" ? insideMsi(layout.read(found.at) ?? 0, theirs) : theirs;
  if (declared === undefined) return { identity: found.identity, declared, inside: theirs };
  if (inside === undefined) return { identity: `${declared.structure.name} mask and pending bits`, declared: undefined, inside: theirs };
  return inside < wholeDwords(declared.structure.length) ? { identity: found.identity, declared, inside } : { identity: `${found.identity} beyond its registers`, declared: undefined, inside: theirs };
}

const wholeDwords = (length: number): number => (length + dword - 1) & ~(dword - 1);

/** Dwords that both machines have, as offsets of theirs. */
export function sharedDwords(layout: Layout): number[] {
  return layout.theirs.flatMap((found) => {
    const declared = layout.declared.get(found.identity);
    const length = declared === undefined || declared.structure.name === "msi" ? 0 : Math.min(found.length, wholeDwords(declared.structure.length));
    return Array.from({ length: length / dword }, (_, index) => found.at + index * dword);
  });
}

export interface FieldPart {
  readonly register: string;
  readonly field: string;
  /** Bits of the dword. */
  readonly mask: number;
}

type Bits = number | readonly [number, number];

/** Bits of a field in the dword at `offset` when its register begins at `start`. */
function maskIn(bits: Bits, start: number, offset: number): number {
  const [high, low] = typeof bits === "number" ? [bits, bits] : bits;
  const wide = fieldMask({ bits: [high, low], access: "RO", meaning: "" });
  const moved = start >= offset ? wide << BigInt((start - offset) * 8) : wide >> BigInt((offset - start) * 8);
  return Number(moved & 0xffff_ffffn);
}

/** Registers, declared or named in `undeclared.ts`, with the fields that have bits of the dword at `offset` of a structure. */
export function fieldsOf(structure: StructureDeclaration, offset: number): FieldPart[] {
  const parts: FieldPart[] = [];
  const add = (register: string, start: number, width: number, fields: readonly (readonly [string, Bits])[]): void => {
    if (start + width / 8 <= offset || start >= offset + dword) return;
    for (const [field, bits] of fields) {
      const mask = maskIn(bits, start, offset);
      if (mask !== 0) parts.push({ register, field, mask });
    }
  };
  for (const [register, declared] of Object.entries(structure.registers) as readonly (readonly [string, RegisterDeclaration])[]) {
    const fields = Object.entries(declared.fields).map(([field, { bits }]) => [field, bits] as const);
    for (let instance = 0; instance < instancesOf(declared); instance++) add(register, declared.offset + instance * (declared.repeat?.stride ?? 0), declared.width, fields);
  }
  for (const [register, { offset: start, width, fields }] of Object.entries(undeclared[structure.name] ?? {})) add(register, start, width, Object.entries(fields));
  return parts;
}
