// What `compare` finds: one cell for each file under each combination, as plain data. Bytes are texts (64-bit), counts numbers. Version 1;
// docs/compare.md tells what each fact is and how it is found.

import type { ScenarioResult, Verdict } from "./result.ts";
import type { Outcome } from "./schema.ts";

/** How memory comes back: nothing was to be done, commands, a reboot, or nothing that an administrator could type. */
export const repairs = ["nothing", "rescan", "enable", "create", "destroy", "unwind", "reclaim", "reclaim-destroy", "reclaim-unwind", "reboot", "none"] as const;
export type RepairName = (typeof repairs)[number];

export interface Capacity {
  /** What firmware describes, and what users make of the cards when nothing fails. */
  readonly promised: string;
  /** In dax devices that are alive at the end. */
  readonly served: string;
  /** Of that, what holds what is written to it. */
  readonly decoding: string;
  /** What the cards that are there can hold. */
  readonly attainable: string;
  /** Of what is served: below a region of CXL, and with hmem. */
  readonly byCxl: string;
  readonly byHmem: string;
}

export interface Innocents {
  /** Regions that no fault touched. */
  readonly regions: number;
  /** Those of them that are gone, or no longer as they are without the fault. */
  readonly lost: readonly string[];
}

export interface Repair {
  readonly by: RepairName;
  /** What the administrator types. */
  readonly lines: readonly string[];
  /** Procedures that were tried, each on a run of its own. */
  readonly tried: number;
}

export interface Evidence {
  /** Regions that a listing shows and that are not whole: members expected and arrived. */
  readonly partial: readonly { readonly region: string; readonly expected: number; readonly arrived: number }[];
  /** Lines of the log of level err and above, and of level warn. */
  readonly errors: number;
  readonly warnings: number;
  /** Explicit lines: "assembly failed". */
  readonly explicit: number;
  /** Objects without a driver that a listing shows. */
  readonly breadcrumbs: number;
}

export interface CellViolation {
  readonly invariant: number;
  readonly what: string;
  readonly allowedBy: string | null;
}

export interface RegionBandwidth {
  /** Cards by name, in order of position. */
  readonly members: readonly string[];
  readonly size: string;
  /** MB/s as the kernel's access0 gives it; null: the machine gives no figures. */
  readonly read: number | null;
}

export interface CellFacts {
  readonly outcome: Outcome;
  readonly verdict: Verdict | null;
  readonly capacity: Capacity;
  readonly innocents: Innocents;
  readonly repair: Repair;
  readonly evidence: Evidence;
  /** Distinct end states over seeded schedules. */
  readonly schedules: { readonly runs: number; readonly endStates: number };
  readonly violations: readonly CellViolation[];
  readonly guests: { readonly killed: number; readonly survived: number };
  readonly bytesLost: string;
  /** Regions where nothing is wrong. */
  readonly bandwidth: readonly RegionBandwidth[];
  /** Steps and workloads that could not be carried out, or ended otherwise than the file says. */
  readonly refused: readonly string[];
  /** Faults that did not fire. */
  readonly notFired: readonly string[];
  /** Why the run was broken off; null: it was not. */
  readonly limit: string | null;
}

export interface Cell {
  readonly file: string;
  readonly name: string;
  readonly combination: readonly { readonly path: string; readonly value: string }[];
  readonly seed: number;
  /** Policies that the file sets over a preset that varies, and those of them that made room for the preset's own. */
  readonly pinned: readonly string[];
  readonly dropped: readonly string[];
  readonly policies: ScenarioResult["policies"];
  readonly facts: CellFacts;
}

export interface Comparison {
  readonly version: 1;
  readonly tool: { readonly version: string; readonly moduleHash: string };
  readonly variations: readonly { readonly path: string; readonly values: readonly string[] }[];
  readonly schedules: number;
  readonly cells: readonly Cell[];
}

/** Exit statuses of `compare`. */
export const compareExits = { done: 0, violated: 1, usage: 2, limit: 4, error: 5, interrupted: 130 } as const;

export function compareExit(cells: readonly Cell[]): number {
  if (cells.some(({ facts }) => facts.violations.some(({ allowedBy }) => allowedBy === null))) return compareExits.violated;
  return cells.some(({ facts }) => facts.limit !== null) ? compareExits.limit : compareExits.done;
}
