// What `explain` says, as plain data that JSON takes as it is: addresses are hexadecimal texts, bytes decimal ones (64-bit), times virtual ns since power-on.

import type { PolicyName, PolicyValues } from "./policies.ts";

export interface Span {
  readonly start: string;
  /** Inclusive. */
  readonly end: string;
  readonly bytes: string;
}

/** A line of the kernel's log, or a step of its own record of a region, that decided something. */
export interface Evidence {
  readonly atNs: number;
  /** Number of the trace record, from 0; null where the run kept no count, or the step has none of its own. */
  readonly record: number | null;
  readonly text: string;
}

export type OwnerName = "cxl" | "hmem" | "nobody";

export interface OwnerShare extends Span {
  readonly owner: OwnerName;
  /** Dax device that has it; "" for nobody. */
  readonly device: string;
}

/** Why a range is whose it is. Each reads differently. */
export type ReasonKind =
  | "outside-windows" | "no-consumer" | "left-to-cxl" | "pending" | "claimed" | "elsewhere" | "geometry" | "missing-member" | "slow-device" | "refused-check" | "driver" | "unplaced" | "undecoded" | "trimmed";

/** A policy that decided: under `otherwise` (all of them together) the range would have come to something else. */
export interface DecidingPolicies {
  readonly values: Readonly<Partial<Record<PolicyName, string>>>;
  readonly otherwise: Readonly<Partial<Record<PolicyName, string>>>;
  readonly outcome: string;
}

export interface RangeExplanation extends Span {
  /** Of all of it; `split`: more than one of them, `wasted`: nobody, because policy wants it so. */
  readonly owner: OwnerName | "split" | "wasted";
  readonly shares: readonly OwnerShare[];
  readonly reason: ReasonKind;
  /** Sentences, in order of importance. */
  readonly why: readonly string[];
  readonly policies: readonly DecidingPolicies[];
  readonly evidence: readonly Evidence[];
}

/** A part of what firmware promised, and what became of it. */
export interface CapacityPart extends Span {
  /** In use: `online` System RAM, `devdax`, `pmem`, `boot`; the others are the gap. */
  readonly state: "online" | "devdax" | "pmem" | "boot" | "offline" | "no-driver" | "alignment" | "dead-port" | "nobody";
  readonly owner: OwnerName;
  readonly device: string;
}

export interface Promise extends Span {
  readonly by: "Soft Reserved" | "firmware region";
  readonly bytesDelivered: string;
  readonly bytesGap: string;
  readonly parts: readonly CapacityPart[];
}

/** What was delivered from a moment on. */
export interface CapacityChange {
  readonly atNs: number;
  /** Log line, mark or phase that brought it about. */
  readonly event: string;
  readonly bytesDelivered: string;
  readonly bytesGap: string;
}

export interface Capacity {
  readonly promises: readonly Promise[];
  readonly bytesPromised: string;
  readonly bytesDelivered: string;
  readonly bytesGap: string;
  /** In use beyond any promise: what users made. */
  readonly bytesBeyond: string;
  readonly changes: readonly CapacityChange[];
  /** First moment from the end of boot on at which somebody who looks finds memory missing (S23); null: none was. */
  readonly firstSeen: CapacityChange | null;
  /** Since when the gap is what it is now; null: there is none. */
  readonly since: CapacityChange | null;
}

export interface Holding extends Span {
  readonly ledger: "HPA" | "DPA" | "decoder";
  readonly holder: string;
  /** "" unless a card's. */
  readonly serial: string;
  /** Held by nothing that works. */
  readonly isStuck: boolean;
  readonly user: string;
  /** What would free it, under the policies in force; "" for what is in use. */
  readonly remedy: string;
}

export interface Breadcrumb {
  readonly name: string;
  readonly what: string;
  /** Command whose output shows it; null: a violation of invariant 4. */
  readonly listing: string | null;
}

export interface MemberExplanation {
  /** Port of the machine, by name. */
  readonly port: string;
  readonly serial: string;
  /** Name of its memdev now; "" without one. */
  readonly memdev: string;
  readonly state: "joined" | "missing" | "slow" | "refused";
  readonly text: string;
}

export interface RegionExplanation extends Span {
  /** "" for one that firmware programmed and that the kernel has not. */
  readonly name: string;
  readonly madeBy: "firmware" | "user";
  readonly state: string;
  readonly driver: string;
  readonly ways: number;
  readonly arrived: number;
  readonly members: readonly MemberExplanation[];
}

export interface DaxExplanation extends Span {
  readonly name: string;
  readonly owner: OwnerName;
  readonly parent: string;
  readonly driver: string;
  readonly why: string;
}

export interface Explanation {
  readonly version: 1;
  readonly file: string;
  readonly name: string;
  readonly seed: number;
  readonly moment: string;
  readonly atNs: number;
  readonly policies: PolicyValues;
  /** When it was decided who owns what; null: not (yet). */
  readonly decidedAtNs: number | null;
  readonly decision: string;
  readonly ranges: readonly RangeExplanation[];
  readonly capacity: Capacity;
  readonly regions: readonly RegionExplanation[];
  readonly dax: readonly DaxExplanation[];
  readonly ledgers: readonly Holding[];
  readonly breadcrumbs: readonly Breadcrumb[];
  /** What an administrator can do next. */
  readonly advice: readonly string[];
}
