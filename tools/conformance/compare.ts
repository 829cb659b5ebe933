// One value of theirs against one of ours: equal, explained field by field, a known finding, or neither.

import type { CaptureKind } from "./capture.ts";
import type { CommandCircumstance } from "./command-circumstances.ts";
import type { Explanation } from "./explanations.ts";
import { explanations } from "./explanations.ts";
import type { Finding } from "./findings.ts";
import { findings } from "./findings.ts";
import type { Declared } from "./structures.ts";
import { fieldsOf } from "./structures.ts";
import type { FunctionKind } from "./topology.ts";

/** Where a value stands. `register` and `field` are of our declarations; a structure that we do not have has neither. */
export interface Place {
  readonly capture: CaptureKind;
  readonly kind: FunctionKind | "pxb-cxl" | "table";
  readonly function: string;
  readonly structure: string;
  readonly register: string;
  readonly field: string;
  /** As the capture names it. */
  readonly text: string;
}

/** What holds where a difference was seen, beyond its values. */
export type Circumstance =
  /** The decoder here is locked. */
  | "locked"
  /** What was programmed breaks a commit rule that QEMU does not check. */
  | "commit refused"
  /** The access goes over the end of a way. */
  | "over a way"
  /** An access of 8 bytes. */
  | "wide"
  /** An access of 1 or 2 bytes. */
  | "narrow"
  /** No background operation has run since reset. */
  | "no background operation yet"
  /** The command register was not written whole. */
  | "command written in parts"
  | CommandCircumstance;

export interface Difference extends Place {
  readonly theirs: number;
  readonly ours: number;
  readonly circumstances?: readonly Circumstance[];
  /** A declared field close by, where the bits belong to none. */
  readonly nearest?: string;
}

/** A place without the names of what stands there. */
export type Pointed = Omit<Place, "register" | "field" | "structure">;

export interface Verdict {
  readonly open: readonly (Difference & { readonly finding?: string })[];
  readonly used: readonly string[];
}

export interface Tally {
  /** In the file. */
  entries: number;
  equal: number;
  explained: number;
  /** Entries with at least one difference that is not explained. */
  unexplained: number;
  notModelled: number;
  /** Writes that were repeated: they have nothing to compare. */
  repeated: number;
  /** Lists that were compared beside the entries, and dwords that the capture left out as zero. */
  lists: number;
  zeros: number;
  readonly open: (Difference & { readonly finding?: string })[];
  /** Fields explained, by explanation. */
  readonly used: Map<string, number>;
  /** What was done to our machine that the capture does not have, each said once. */
  readonly notes: Set<string>;
}

export const newTally = (): Tally => ({ entries: 0, equal: 0, explained: 0, unexplained: 0, notModelled: 0, repeated: 0, lists: 0, zeros: 0, open: [], used: new Map(), notes: new Set() });

function matches(rule: Explanation | Finding, difference: Difference): boolean {
  if (!rule.captures.includes(difference.capture) || rule.structure !== difference.structure) return false;
  if (rule.isWhole === true ? difference.field !== "" : rule.register !== difference.register || rule.field !== difference.field) return false;
  if (rule.kinds !== undefined && !rule.kinds.includes(difference.kind)) return false;
  if (rule.circumstance !== undefined && difference.circumstances?.includes(rule.circumstance) !== true) return false;
  return rule.expect === "any" || (typeof rule.expect === "function" ? rule.expect(difference.theirs, difference.ours) : rule.expect.some(([theirs, ours]) => theirs === difference.theirs && ours === difference.ours));
}

export function judge(differences: readonly Difference[]): Verdict {
  const open: (Difference & { finding?: string })[] = [];
  const used: string[] = [];
  for (const difference of differences) {
    const explanation = explanations.find((rule) => matches(rule, difference));
    if (explanation !== undefined) {
      used.push(explanation.id);
      continue;
    }
    const finding = findings.find((rule) => matches(rule, difference));
    open.push(finding === undefined ? difference : { ...difference, finding: finding.id });
  }
  return { open, used };
}

/** Counts something compared whose differences are these: none is equal, all explained is explained. `times`: entries that they belong to. */
export function count(tally: Tally, differences: readonly Difference[], times = 1): void {
  if (differences.length === 0) {
    tally.equal += times;
    return;
  }
  const { open, used } = judge(differences);
  for (const id of used) tally.used.set(id, (tally.used.get(id) ?? 0) + 1);
  if (open.length === 0) tally.explained += times;
  else {
    tally.unexplained += times;
    tally.open.push(...open);
  }
}

/** A structure, register or place that only they have. */
export const theirsAlone = (place: Pointed, structure: string, register: string, theirs: number): Difference => ({ ...place, structure, register, field: "", theirs, ours: 0 });

const shiftOf = (mask: number): number => 31 - Math.clz32(mask & -mask);
const distance = (mask: number, bits: number): number => Math.abs(shiftOf(mask) - shiftOf(bits));

/** Fields in which two dwords at `offset` of a structure differ. `lanes`: bits that were looked at. */
export function dwordDifferences(place: Pointed, declared: Declared, offset: number, theirs: number, ours: number, lanes = 0xffff_ffff, circumstances: readonly Circumstance[] = []): Difference[] {
  const diff = ((theirs ^ ours) & lanes) >>> 0;
  if (diff === 0) return [];
  const named = { ...place, structure: declared.structure.name, ...(circumstances.length === 0 ? {} : { circumstances }) };
  const found: Difference[] = [];
  let rest = diff;
  const fields = fieldsOf(declared.structure, offset);
  for (const { register, field, mask } of fields) {
    if ((mask & diff) === 0) continue;
    const value = (dword: number): number => ((dword & mask) >>> 0) >>> shiftOf(mask);
    found.push({ ...named, register, field, theirs: value(theirs), ours: value(ours) });
    rest = (rest & ~mask) >>> 0;
  }
  if (rest === 0) return found;
  const nearest = fields.toSorted((a, b) => distance(a.mask, rest) - distance(b.mask, rest))[0];
  found.push({ ...named, register: `+0x${offset.toString(16)}`, field: "reserved", theirs: (theirs & rest) >>> 0, ours: (ours & rest) >>> 0, ...(nearest === undefined ? {} : { nearest: `${nearest.register}.${nearest.field}` }) });
  return found;
}

/** Fields that say where things lie: lists are compared as lists, and placement is each machine's own. */
const placementFields = new Set(["header.next", "capabilitiesPointer.value", "entry.id", "entry.version", "entry.pointer", "header.arraySize", "header.offset"]);

/** Differences of a value of 1, 2, 4 or 8 bytes at a byte of a structure. */
export function valueDifferences(place: Pointed, declared: Declared, inside: number, width: number, theirs: bigint, ours: bigint, circumstances: readonly Circumstance[] = []): Difference[] {
  const all = width === 8 ? [...circumstances, "wide" as const] : circumstances;
  const found: Difference[] = [];
  for (let at = inside & ~3; at < inside + width; at += 4) {
    const shift = BigInt((inside - at) * 8);
    const part = (value: bigint): number => Number((shift >= 0n ? value << shift : value >> -shift) & 0xffff_ffffn);
    found.push(...dwordDifferences(place, declared, at, part(theirs), part(ours), part((1n << BigInt(width * 8)) - 1n), all));
  }
  return found.filter((difference) => !placementFields.has(`${difference.register}.${difference.field}`));
}
