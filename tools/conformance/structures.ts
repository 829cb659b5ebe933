// Where the structures of a function lie, found by walking its lists, and how a place of one machine is named in another: by identity and offset.

import { blocks } from "../../registers/blocks.ts";
import type { BlockName } from "../../registers/blocks.ts";
import { fieldMask, instancesOf } from "../../registers/checks.ts";
import type { StructureDeclaration } from "../../registers/schema.ts";
import type { FunctionKind } from "./qemu-machine.ts";

/** Dwords of a register block by byte offset; undefined where nothing was read. */
export type Reader = (offset: number) => number | undefined;

/** A structure found: its identity, `cap 0x10`, `ext 0x1`, `dvsec 7`, `component 5`, `header`. */
export interface Found {
  readonly identity: string;
  readonly at: number;
  /** Bytes; up to the next structure when the list does not say. */
  readonly length: number;
}

const hex = (value: number): string => `0x${value.toString(16)}`;
const firstExtended = 0x100;
const configBytes = 4096;
const mostStructures = 64;

function bounded(found: readonly { readonly identity: string; readonly at: number; readonly length?: number }[], end: (at: number) => number): Found[] {
  const starts = found.map((one) => one.at);
  return found.map(({ identity, at, length }) => ({ identity, at, length: Math.min(length ?? Number.POSITIVE_INFINITY, Math.min(end(at), ...starts.filter((start) => start > at)) - at) }));
}

/** Structures of a config space. */
export function walkConfig(read: Reader): Found[] {
  const found: { identity: string; at: number; length?: number }[] = [{ identity: "header", at: 0, length: 0x40 }];
  let at = (read(0x34) ?? 0) & 0xfc;
  for (let steps = 0; at >= 0x40 && steps < mostStructures; steps++) {
    const header = read(at) ?? 0;
    found.push({ identity: `cap ${hex(header & 0xff)}`, at });
    at = (header >>> 8) & 0xfc;
  }
  at = firstExtended;
  for (let steps = 0; at >= firstExtended && steps < mostStructures; steps++) {
    const header = read(at) ?? 0;
    if ((header & 0xffff) === 0) break;
    const isDvsec = (header & 0xffff) === 0x23;
    const length = (read(at + 4) ?? 0) >>> 20;
    if (isDvsec) found.push({ identity: `dvsec ${(read(at + 8) ?? 0) & 0xffff}`, at, ...(length === 0 ? {} : { length }) });
    else found.push({ identity: `ext ${hex(header & 0xffff)}`, at });
    at = (header >>> 20) & 0xffc;
  }
  return bounded(found, (start) => (start < firstExtended ? firstExtended : configBytes));
}

/** Structures of a CXL.cache/mem range. */
export function walkComponent(read: Reader): Found[] {
  const count = (read(0) ?? 0) >>> 24;
  const found: { identity: string; at: number; length?: number }[] = [{ identity: "component header", at: 0, length: 4 + 4 * count }];
  for (let entry = 1; entry <= count; entry++) {
    const header = read(entry * 4) ?? 0;
    if ((header & 0xffff) !== 0) found.push({ identity: `component ${hex(header & 0xffff)}`, at: header >>> 20 });
  }
  return bounded(found, () => configBytes);
}

export const structureAt = (structures: readonly Found[], offset: number): Found | undefined => structures.find((one) => offset >= one.at && offset < one.at + one.length);

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
export function declaredStructures(kind: FunctionKind, space: "config" | "component"): ReadonlyMap<string, Declared> {
  const name = space === "config" ? configBlocks[kind] : componentBlocks[kind];
  if (name === undefined) return new Map();
  const placements = Object.values(blocks[name].placements) as readonly Declared[];
  return new Map(placements.map((placed) => [identityOf(placed.structure), placed]));
}

/** Of those, the ones that a machine has: what it lists. */
export function presentStructures(declared: ReadonlyMap<string, Declared>, listed: readonly Found[]): ReadonlyMap<string, Declared> {
  const identities = new Set(listed.map((one) => one.identity));
  return new Map([...declared].filter(([identity]) => identities.has(identity)));
}

export interface FieldPart {
  readonly register: string;
  readonly field: string;
  /** Bits of the dword. */
  readonly mask: number;
}

/** Declared fields that have bits of the dword at `offset` of a structure; what is left over are reserved bits. */
export function fieldsOf(structure: StructureDeclaration, offset: number): FieldPart[] {
  const parts: FieldPart[] = [];
  for (const [register, declared] of Object.entries(structure.registers)) {
    for (let instance = 0; instance < instancesOf(declared); instance++) {
      const start = declared.offset + instance * (declared.repeat?.stride ?? 0);
      if (start + declared.width / 8 <= offset || start >= offset + 4) continue;
      for (const [field, bits] of Object.entries(declared.fields)) {
        const wide = start >= offset ? fieldMask(bits) << BigInt((start - offset) * 8) : fieldMask(bits) >> BigInt((offset - start) * 8);
        const mask = Number(wide & 0xffff_ffffn);
        if (mask !== 0) parts.push({ register: instancesOf(declared) > 1 ? register : register, field, mask });
      }
    }
  }
  return parts;
}
