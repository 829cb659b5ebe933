// What `verdict` finds, as plain data: facts of each run, what they cost, both sides over all seeds, and what would flip it. Bytes are texts (64-bit); times are
// virtual nanoseconds, points thousandths. Version 1; docs/verdict.md tells each field.

import type { crashDumpStates } from "../expectations/schema.ts";
import type { ExpectationResult } from "../result.ts";
import type { Outcome } from "../schema.ts";

/** Root port and the bits of its isolation status that are set. */
export interface StickyStatus {
  readonly port: string;
  readonly bits: readonly string[];
}

/**
 * What became of the dump after a panic: no crash kernel is loaded; it was written; the crash kernel met an error itself and panicked; it was written without
 * memory that is known to be isolated; the crash kernel waits for an answer that does not come.
 */
export type CrashDumpState = (typeof crashDumpStates)[number];

export interface CrashDump {
  readonly state: CrashDumpState;
  /** Where the crash kernel met the error; null: it met none. */
  readonly address: string | null;
  /** System RAM that the crash kernel read, and that it left out. */
  readonly bytesRead: string;
  readonly bytesExcluded: string;
}

/** The second boot of a scenario that ends with a reboot. */
export interface RebootResult {
  readonly kind: "warm" | "cold";
  /** What firmware found of isolation, before it cleared anything. */
  readonly found: readonly StickyStatus[];
  /** Bytes in service after the steps of the file. */
  readonly bytesServed: string;
  /** The second kernel's. */
  readonly log: readonly string[];
  readonly expectations: readonly ExpectationResult[];
}

export interface WorkloadFacts {
  readonly name: string;
  readonly kind: string;
  /** Its memory. */
  readonly bytes: string;
  /** Its first death. */
  readonly killedAtNs: number | null;
  /** Out of service within the run, all its deaths together. */
  readonly downtimeNs: number;
  /** When it was last in service again; null: it was not killed, or the run ended before. */
  readonly backAtNs: number | null;
  /** When memory for it to start again was there; null: not within the run. */
  readonly memoryAtNs: number | null;
  /** Start of it in the run, or as the file says; null: the setting's. */
  readonly restartNs: number | null;
}

/** The host after a reboot of where the run ended. */
export interface RebootFacts {
  readonly found: readonly StickyStatus[];
  readonly bytesServed: string;
  /** Lines of the second boot's log that speak of isolation. */
  readonly log: readonly string[];
}

/** One run, as far as its price goes. Times count from power-on. */
export interface ArmFacts {
  readonly outcome: Outcome;
  /** The first fault that fired. */
  readonly faultAtNs: number;
  /** The host stopped, or the run ended. */
  readonly endAtNs: number;
  readonly workloads: readonly WorkloadFacts[];
  readonly bytesAtReady: string;
  readonly bytesServed: string;
  /** With what killed processes had in host memory. */
  readonly bytesLost: string;
  /** Contents of processes in host memory that are nowhere else, when the fault came: a reboot loses them too. */
  readonly bytesInDram: string;
  /** When the last recovery ended with all capacity there was; null: it did not. */
  readonly capacityAtNs: number | null;
  /** Memory that is trained at boot: the host's own and the cards'. */
  readonly bytesTrained: string;
  readonly crashDump: CrashDump | null;
  /** Null where no reboot comes into question. */
  readonly afterReboot: RebootFacts | null;
}

/** Both sides of one seed. */
export interface SeedFacts {
  readonly seed: number;
  readonly recovery: ArmFacts;
  readonly reboot: ArmFacts;
  /** Faults that had to fire and did not, with why; a seed with some is not counted, but in a trial it says what would have become of the host. */
  readonly unfired: readonly string[];
}

/** A seed that proves nothing, and why. */
export interface UnfitSeed {
  readonly seed: number;
  readonly kind: "no fault" | "limit" | "not ready";
  readonly reason: string;
}

export interface WorkloadCost {
  readonly name: string;
  readonly kind: string;
  readonly killed: boolean;
  readonly downtimeNs: number;
}

export interface ArmCost {
  readonly outcome: Outcome;
  readonly killed: number;
  /** Sum over workloads. */
  readonly downtimeNs: number;
  readonly bytesLost: string;
  /** Capacity that gives no service when all is over. */
  readonly bytesStranded: string;
  readonly panicked: boolean;
  readonly rebooted: boolean;
  /** From the fault until every workload is up with all capacity that there was; null: never. */
  readonly fullServiceNs: number | null;
  readonly workloads: readonly WorkloadCost[];
  /** Thousandths. */
  readonly points: number;
}

export type Winner = "recovery" | "reboot";

export interface SeedVerdict {
  readonly seed: number;
  readonly winner: Winner;
  readonly recovery: ArmCost;
  readonly reboot: ArmCost;
  readonly crashDump: CrashDump | null;
  readonly command: string;
}

export interface Spread {
  /** Rounded down. */
  readonly mean: number;
  readonly least: number;
  readonly most: number;
}

/** A side over all seeds. */
export interface ArmSummary {
  readonly runs: number;
  readonly outcomes: Readonly<Partial<Record<Outcome, number>>>;
  readonly panics: number;
  readonly reboots: number;
  readonly workloads: number;
  readonly killed: Spread;
  readonly downtimeNs: Spread;
  readonly mebibytesLost: Spread;
  readonly mebibytesStranded: Spread;
  /** Over the runs that come to it; `never` counts the others. */
  readonly fullServiceNs: Spread | null;
  readonly never: number;
  readonly points: Spread;
  /** Mean downtime of each workload, in order of the file. */
  readonly perWorkload: readonly { readonly name: string; readonly kind: string; readonly killed: number; readonly downtimeNs: Spread }[];
}

export type FlipKind = "weight" | "time" | "setting" | "policy";

/** A single parameter that, changed to `flipsAt` and nothing else, makes the other side win. */
export interface Flip {
  readonly path: string;
  readonly kind: FlipKind;
  readonly current: string;
  readonly flipsAt: string;
  readonly winner: Winner;
}

/** A parameter that was run with other values. */
export interface Trial {
  readonly path: string;
  readonly current: string;
  readonly values: readonly { readonly value: string; readonly winner: Winner | "unfit" }[];
}

export interface Sensitivity {
  readonly flips: readonly Flip[];
  /** Weights and times whose whole range was looked at, by scoring again. */
  readonly scored: readonly string[];
  readonly trials: readonly Trial[];
  /** Runs of a scenario that the trials took, and were allowed. */
  readonly runs: number;
  readonly budget: number;
  /** Seeds that each trial ran. */
  readonly seeds: readonly number[];
}

/** The verdict of one file under one combination. */
export interface VerdictCell {
  readonly file: string;
  readonly name: string;
  readonly combination: readonly { readonly path: string; readonly value: string }[];
  readonly winner: Winner | null;
  /** Says "recovered" only if recovery wins and S92's three conditions hold. */
  readonly judgement: string;
  readonly recovered: boolean;
  /** Of S92's conditions, those that do not hold. */
  readonly missing: readonly string[];
  readonly recovery: ArmSummary | null;
  readonly reboot: ArmSummary | null;
  readonly worst: readonly { readonly seed: number; readonly outcome: Outcome; readonly points: number; readonly command: string }[];
  readonly crashDumps: Readonly<Partial<Record<CrashDumpState, number>>>;
  /** What firmware finds of isolation when a host is rebooted at once; from the first seed. */
  readonly found: readonly StickyStatus[];
  readonly unfit: readonly UnfitSeed[];
  readonly sensitivity: Sensitivity | null;
  readonly seeds: readonly SeedVerdict[];
}

export interface VerdictReport {
  readonly version: 1;
  readonly tool: { readonly version: string; readonly moduleHash: string };
  readonly schedule: "fixed" | "seeded";
  readonly cells: readonly VerdictCell[];
}

/** Exit statuses of `verdict`. */
export const verdictExits = { done: 0, otherwise: 1, usage: 2, invalid: 3, limit: 4, error: 5, interrupted: 130 } as const;
