// One value of theirs against one of ours: equal, explained field by field, or not.

import type { CaptureKind } from "./capture.ts";
import type { Explanation } from "./explanations.ts";
import { explanations } from "./explanations.ts";
import type { FunctionKind } from "./qemu-machine.ts";
import type { Declared } from "./structures.ts";
import { fieldsOf } from "./structures.ts";

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

export interface Difference extends Place {
  readonly theirs: number;
  readonly ours: number;
}

export interface Tally {
  entries: number;
  equal: number;
  explained: number;
  notModelled: number;
  readonly unexplained: Difference[];
  /** Fields explained, by explanation. */
  readonly used: Map<string, number>;
}

export const newTally = (): Tally => ({ entries: 0, equal: 0, explained: 0, notModelled: 0, unexplained: [], used: new Map() });

const matches = (explanation: Explanation, difference: Difference): boolean =>
  explanation.captures.includes(difference.capture) &&
  (explanation.kinds === undefined || explanation.kinds.includes(difference.kind)) &&
  explanation.structure === difference.structure &&
  (explanation.register === undefined ? difference.register === "" : explanation.register === difference.register) &&
  (explanation.fields === undefined || explanation.fields.includes(difference.field)) &&
  (explanation.holds === undefined || explanation.holds(difference.theirs, difference.ours));

/** Counts an entry whose differences are these: none is equal, all explained is explained. */
export function count(tally: Tally, differences: readonly Difference[]): void {
  tally.entries++;
  if (differences.length === 0) {
    tally.equal++;
    return;
  }
  const open: Difference[] = [];
  for (const difference of differences) {
    const found = explanations.find((explanation) => matches(explanation, difference));
    if (found === undefined) open.push(difference);
    else tally.used.set(found.id, (tally.used.get(found.id) ?? 0) + 1);
  }
  if (open.length === 0) tally.explained++;
  else tally.unexplained.push(...open);
}

const shiftOf = (mask: number): number => 31 - Math.clz32(mask & -mask);

/** Fields in which two dwords at `offset` of a structure differ. `lanes`: bits that were looked at. */
export function dwordDifferences(place: Omit<Place, "register" | "field" | "structure">, declared: Declared, offset: number, theirs: number, ours: number, lanes = 0xffff_ffff): Difference[] {
  const diff = ((theirs ^ ours) & lanes) >>> 0;
  if (diff === 0) return [];
  const found: Difference[] = [];
  let rest = diff;
  for (const { register, field, mask } of fieldsOf(declared.structure, offset)) {
    if ((mask & diff) === 0) continue;
    const value = (dword: number): number => ((dword & mask) >>> 0) >>> shiftOf(mask);
    found.push({ ...place, structure: declared.structure.name, register, field, theirs: value(theirs), ours: value(ours) });
    rest = (rest & ~mask) >>> 0;
  }
  if (rest !== 0) found.push({ ...place, structure: declared.structure.name, register: `+0x${offset.toString(16)}`, field: "reserved", theirs: (theirs & rest) >>> 0, ours: (ours & rest) >>> 0 });
  return found;
}
