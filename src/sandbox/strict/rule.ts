// What a rule of the checker is: data that says where it looks, and a judgement without side effects.

import type { Part, Registers } from "./parts.ts";
import type { Place, Space } from "../../platform/register-places.ts";

export type Judgement = "done" | "wrong width" | "reserved" | "unanswered";

/** One access to config space or to registers in memory. */
export interface Access {
  /** Virtual ns. */
  readonly time: number;
  readonly isWrite: boolean;
  /** Null: nobody answered. */
  readonly part: Part | null;
  readonly space: Space | null;
  /** Bytes from the start of the block. */
  readonly offset: number;
  readonly width: number;
  readonly low: number;
  readonly high: number;
  readonly judgement: Judgement;
  /** Physical address of registers in memory that did not answer. */
  readonly address: bigint | null;
}

/** One register of an access, with values as they lie in the register. */
export interface Touch {
  readonly access: Access;
  readonly part: Part;
  readonly registers: Registers;
  readonly place: Place;
  /** Bits that the access covers. */
  readonly lanes: bigint;
  /** What was written or read there, under `lanes`. */
  readonly value: bigint;
  /** What the register held. */
  readonly before: bigint;
  /** A write: what software asks the register to hold. */
  readonly next: bigint;
}

/** A record of the hardware layer; arguments as assembly/trace/ring.ts says. */
export interface HardwareEvent {
  readonly time: number;
  readonly kind: string;
  readonly part: Part;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly e: number;
  readonly f: number;
}

/** What a rule may ask beside what it watches. */
export interface Known {
  readonly parts: ReadonlyMap<number, Part>;
  /** Registers of the last write, which hardware records that follow it speak of. */
  readonly lastWrite: readonly Touch[];
}

export interface Finding {
  readonly part: Part;
  /** `structure.register`, with the instance of a repeated one. */
  readonly register: string;
  readonly field: string | null;
  /** Of the register or field; absent: the rule's. */
  readonly clause?: string;
  /** What was done, as a clause of a sentence. */
  readonly did: string;
}

export type Watch =
  /** Every access of config space and registers in memory. */
  | { readonly on: "access"; readonly judge: (access: Access, known: Known) => Finding | undefined }
  /** Answered writes of registers: of those named (`structure.register`), or of all. */
  | { readonly on: "write"; readonly of?: readonly string[]; readonly judge: (touch: Touch, known: Known) => Finding | undefined }
  | { readonly on: "event"; readonly of: readonly string[]; readonly judge: (event: HardwareEvent, known: Known) => Finding | undefined }
  /** A part owes a read of its isolation status, and the time is over. */
  | { readonly on: "overdue"; readonly judge: (part: Part) => Finding };

export interface Rule {
  /** Id of a sheet's rule (docs/rules.md), or a word. */
  readonly id: string;
  /** What a driver must do or leave, in a few words; docs/strict.md has it. */
  readonly title: string;
  readonly clause: string;
  /** What the rule asks, as a whole clause of a sentence. */
  readonly asks: string;
  /** What to do. */
  readonly remedy: string;
  /** The reading is ours: no sheet says it like this. */
  readonly isInferred?: true;
  readonly watches: readonly Watch[];
}

/** `8.2.4.24.3` of CXL as it is cited; other books say their name. */
export const cite = (clause: string): string => (/^\d/.test(clause) ? `CXL ${clause}` : clause);

export const hex = (value: bigint | number): string => `0x${value.toString(16)}`;
