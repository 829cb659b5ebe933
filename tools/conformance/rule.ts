// What a rule of the explanations and findings says.

import type { CaptureKind } from "./capture.ts";
import type { Circumstance } from "./compare.ts";
import type { FunctionKind } from "./topology.ts";

/** Exactly these values, theirs and ours; a relation, which `states` puts into words; or whatever they are. */
export type Expected = "any" | readonly (readonly [theirs: number, ours: number])[] | ((theirs: number, ours: number) => boolean);
export type RuleKind = FunctionKind | "pxb-cxl" | "table";

export interface Explanation {
  readonly id: string;
  readonly captures: readonly CaptureKind[];
  /** Absent: any function that has the structure. */
  readonly kinds?: readonly RuleKind[];
  /** A structure of ours by name; one that only they have by identity. */
  readonly structure: string;
  readonly register: string;
  readonly field: string;
  /** The whole of a structure that only they have: that it is in their list, and what they read in it. */
  readonly isWhole?: true;
  readonly expect: Expected;
  readonly states?: string;
  /** Holds only where this is so. */
  readonly circumstance?: Circumstance;
  /** Known of QEMU, but not in the project's own captures. */
  readonly documentedOnly?: true;
  readonly clause: string;
  readonly reason: string;
}

export type Extra = Partial<Pick<Explanation, "states" | "circumstance" | "documentedOnly">>;
export type Row = readonly [id: string, kinds: readonly RuleKind[] | "any", field: string, expect: Expected, clause: string, reason: string, extra?: Extra];

/** Rules from rows; `field` is `structure.register.field`. */
export function rules(captures: readonly CaptureKind[], rows: readonly Row[]): Explanation[] {
  return rows.map(([id, kinds, name, expect, clause, reason, extra]) => {
    const [structure = "", register = "", field = ""] = name.split(".");
    return { id, captures, ...(kinds === "any" ? {} : { kinds }), structure, register, field, expect, clause, reason, ...extra };
  });
}
