// Captures of single registers: config space after reset, component blocks after reset, component blocks written with ones and zeros.

import { cacheMemoryRange } from "../../registers/constants.ts";
import type { Bench, BenchFunction } from "./bench.ts";
import type { Capture, CaptureKind, JsonObject } from "./capture.ts";
import { numberOf, textOf } from "./capture.ts";
import type { Difference, Place, Tally } from "./compare.ts";
import { count, dwordDifferences } from "./compare.ts";
import type { FunctionKind } from "./qemu-machine.ts";
import type { Declared, Found, Reader } from "./structures.ts";
import { declaredStructures, presentStructures, structureAt, walkComponent, walkConfig } from "./structures.ts";

/** The machine of a topology; a case of a data path brings its own window. */
export type Context = (topology: string, entry?: JsonObject) => Bench;

/** Fields that say where things lie: lists are compared as lists, and placement is each machine's own. */
const placementFields = new Set(["header.next", "capabilitiesPointer.value", "entry.id", "entry.version", "entry.pointer", "header.arraySize"]);

const isPlacement = (difference: Difference): boolean => placementFields.has(`${difference.register}.${difference.field}`);

function absent(place: Omit<Place, "register" | "field" | "structure">, structure: string, theirs: number, ours: number): Difference {
  return { ...place, structure, register: "", field: "", theirs, ours };
}

interface Layout {
  readonly theirs: readonly Found[];
  readonly declared: ReadonlyMap<string, Declared>;
}

/** Identities of two lists: what only one of them has. */
function compareLists(tally: Tally, place: Omit<Place, "register" | "field" | "structure">, theirs: readonly Found[], ours: readonly Found[]): void {
  const left = new Set(theirs.map((one) => one.identity));
  const right = new Set(ours.map((one) => one.identity));
  const only = [...left].filter((identity) => !right.has(identity)).map((identity) => absent(place, identity, 1, 0));
  const added = [...right].filter((identity) => !left.has(identity)).map((identity): Difference => ({ ...place, structure: identity, register: "only here", field: "", theirs: 0, ours: 1 }));
  count(tally, [...only, ...added]);
}

/** A place of theirs in our declarations: the structure and our offset of its dword. */
function translate(layout: Layout, offset: number): { readonly identity: string; readonly declared: Declared | undefined; readonly inside: number } {
  const found = structureAt(layout.theirs, offset);
  if (found === undefined) return { identity: "no structure", declared: undefined, inside: 0 };
  const declared = layout.declared.get(found.identity);
  const inside = offset - found.at;
  return { identity: found.identity, declared: declared !== undefined && inside < ((declared.structure.length + 3) & ~3) ? declared : undefined, inside };
}

function groups(entries: readonly JsonObject[]): Map<string, JsonObject[]> {
  const found = new Map<string, JsonObject[]>();
  for (const entry of entries) {
    const key = `${textOf(entry["topo"]) || "main"}|${textOf(entry["fn"])}`;
    found.set(key, [...(found.get(key) ?? []), entry]);
  }
  return found;
}

const readerOf = (values: ReadonlyMap<number, number>): Reader => (offset) => values.get(offset);

export function compareConfig(capture: Capture, context: Context, tally: Tally): void {
  for (const [key, entries] of groups(capture.entries)) {
    const [topology = "main", name = ""] = key.split("|");
    const target = context(topology).functions.get(name);
    const base = { capture: capture.kind, function: name };
    if (target === undefined) {
      for (const entry of entries) count(tally, [absent({ ...base, kind: "pxb-cxl", text: textOf(entry["off"]) }, "function", numberOf(entry["val"]), 0)]);
      continue;
    }
    compareFunction(entries, context(topology), target, base, tally);
  }
}

function compareFunction(entries: readonly JsonObject[], bench: Bench, target: BenchFunction, base: { readonly capture: CaptureKind; readonly function: string }, tally: Tally): void {
  const values = new Map(entries.filter((entry) => numberOf(entry["w"]) === 4).map((entry) => [numberOf(entry["off"]), numberOf(entry["val"])]));
  const ours: Reader = (offset) => bench.untouched(target.name, offset);
  const listed = walkConfig(ours);
  const layout: Layout = { theirs: walkConfig(readerOf(values)), declared: presentStructures(declaredStructures(target.kind, "config"), listed) };
  const place = { ...base, kind: target.kind };
  compareLists(tally, { ...place, text: "lists" }, layout.theirs, listed);
  for (const entry of entries) {
    const offset = numberOf(entry["off"]);
    const theirs = numberOf(entry["val"]);
    const text = textOf(entry["off"]);
    const { identity, declared, inside } = translate(layout, offset & ~3);
    if (declared === undefined) count(tally, theirs === 0 ? [] : [absent({ ...place, text }, identity, theirs, 0)]);
    else count(tally, compareDword({ ...place, text }, declared, inside, theirs, ours(declared.at + inside) ?? 0, numberOf(entry["w"]), offset));
  }
}

/** A value of 1, 2 or 4 bytes at `offset`, against the dword of ours that holds it. */
function compareDword(place: Omit<Place, "register" | "field" | "structure">, declared: Declared, inside: number, theirs: number, ours: number, width: number, offset: number): Difference[] {
  const shift = (offset & 3) * 8;
  const lanes = width >= 4 ? 0xffff_ffff : ((2 ** (8 * width) - 1) << shift) >>> 0;
  return dwordDifferences(place, declared, inside, (theirs << shift) >>> 0, ours, lanes).filter((difference) => !isPlacement(difference));
}

const cm = cacheMemoryRange.offset;

/** The structures of a component block as entries at or above 0x1000 show them. */
function componentLayout(entries: readonly JsonObject[], kind: FunctionKind, listed: readonly Found[]): Layout {
  const values = new Map<number, number>();
  for (const entry of entries) {
    const offset = numberOf(entry["off"]) - cm;
    const value = numberOf(entry["op"] === "mask" ? entry["reset"] : entry["val"]);
    if (offset >= 0 && !values.has(offset) && !Number.isNaN(value)) values.set(offset, value);
  }
  return { theirs: walkComponent(readerOf(values)), declared: presentStructures(declaredStructures(kind, "component"), listed) };
}

export function compareComponent(capture: Capture, context: Context, tally: Tally): void {
  for (const [key, entries] of groups(capture.entries)) {
    const [topology = "main", name = ""] = key.split("|");
    const bench = context(topology);
    const target = bench.functions.get(name);
    if (target === undefined) {
      for (const entry of entries) count(tally, [absent({ capture: capture.kind, kind: "pxb-cxl", function: name, text: textOf(entry["off"]) }, "function", 1, 0)]);
      continue;
    }
    const listed = walkComponent((offset) => target.block.read32(cm + offset));
    const layout = componentLayout(entries, target.kind, listed);
    const place = { capture: capture.kind, kind: target.kind, function: topology === "main" ? name : `${name} (${topology})` };
    compareLists(tally, { ...place, text: "capability array" }, layout.theirs, listed);
    for (const entry of entries) {
      if (entry["op"] === "ones-range") compareRange(entry, target, place, tally);
      else if (entry["op"] === "mask") compareMask(entry, target, layout, place, tally);
      else compareRead(entry, target, layout, place, tally);
    }
  }
}

type FunctionPlace = Omit<Place, "register" | "field" | "structure" | "text">;

function compareRead(entry: JsonObject, target: BenchFunction, layout: Layout, place: FunctionPlace, tally: Tally): void {
  const offset = numberOf(entry["off"]);
  const width = numberOf(entry["w"]);
  const text = `${textOf(entry["off"])} ${textOf(entry["note"])}`;
  if (width === 8) return compareWide(entry, target, layout, { ...place, text }, tally);
  const theirs = numberOf(entry["val"]);
  const { identity, declared, inside } = translate(layout, (offset & ~3) - cm);
  if (declared === undefined) return count(tally, theirs === 0 ? [] : [absent({ ...place, text }, identity, theirs, 0)]);
  const at = cm + declared.at + inside;
  const isWideStructure = !declared.structure.widths.some((legal) => legal === 4);
  const ours = isWideStructure ? Number((target.block.read64(at & ~7) >> BigInt((at & 4) * 8)) & 0xffff_ffffn) : target.block.read32(at);
  count(tally, compareDword({ ...place, text }, declared, inside, theirs, ours, width, offset));
}

/** 8-byte reads: both halves. */
function compareWide(entry: JsonObject, target: BenchFunction, layout: Layout, place: Omit<Place, "register" | "field" | "structure">, tally: Tally): void {
  const offset = numberOf(entry["off"]);
  const theirs = BigInt(textOf(entry["val"]) || "0");
  const { identity, declared, inside } = translate(layout, (offset & ~7) - cm);
  const ours = declared === undefined ? 0n : target.block.read64(cm + declared.at + inside);
  if (declared === undefined) return count(tally, theirs === 0n ? [] : [absent(place, identity, 1, 0)]);
  const half = (value: bigint, high: boolean): number => Number((high ? value >> 32n : value) & 0xffff_ffffn);
  count(tally, [false, true].flatMap((high) => dwordDifferences(place, declared, inside + (high ? 4 : 0), half(theirs, high), half(ours, high))));
}

/** Reset value, then what is read after ones, zeros and the first value again. */
function compareMask(entry: JsonObject, target: BenchFunction, layout: Layout, place: FunctionPlace, tally: Tally): void {
  const offset = numberOf(entry["off"]);
  const text = `${textOf(entry["off"])} ${textOf(entry["note"])} mask`;
  const { identity, declared, inside } = translate(layout, offset - cm);
  const wanted = ["reset", "ones", "zeros", "restored"].map((key) => numberOf(entry[key]));
  if (declared === undefined) return count(tally, wanted.every((value) => value === 0) ? [] : [absent({ ...place, text }, identity, wanted[1] ?? 0, 0)]);
  const at = cm + declared.at + inside;
  const first = target.block.read32(at);
  const seen = [first];
  for (const value of [0xffff_ffff, 0, first]) {
    target.block.write32(at, value);
    seen.push(target.block.read32(at));
  }
  const steps = ["reset", "ones", "zeros", "restored"];
  count(tally, wanted.flatMap((theirs, step) => compareDword({ ...place, text: `${text}, ${steps[step]}` }, declared, inside, theirs, seen[step] ?? 0, 4, 0)));
}

/** A stretch outside the CXL.cache/mem range written with ones: how many dwords read non-zero. */
function compareRange(entry: JsonObject, target: BenchFunction, place: FunctionPlace, tally: Tally): void {
  let found = 0;
  for (let offset = numberOf(entry["off"]); offset < numberOf(entry["end"]); offset += 4) {
    target.block.write32(offset, 0xffff_ffff);
    if (target.block.read32(offset) !== 0) found++;
  }
  const theirs = numberOf(entry["nonzero_count"]);
  count(tally, found === theirs ? [] : [absent({ ...place, text: `${textOf(entry["off"])}..${textOf(entry["end"])}` }, "outside the CXL.cache/mem range", theirs, found)]);
}
