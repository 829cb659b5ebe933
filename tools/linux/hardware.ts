// What a case needs of the hardware below the guest: QEMU's own cards, or devices that are served from here.

import type { FaultResult } from "../../src/scenario/result.ts";
import type { SocketOf } from "./qemu.ts";
import { RigProblem } from "./problem.ts";

/** Registers by name, as hexadecimal text. */
export type RegisterValues = Readonly<Record<string, string>>;

/** Evidence of a case's faults. */
export interface FaultEvidence {
  readonly haveAllFired: boolean;
  readonly each: readonly FaultResult[];
}

export interface CaseHardware {
  /** As results say it. */
  readonly name: string;
  readonly socketOf: SocketOf;
  /** Does what a step of the case (numbers from 1) injects, at once. @throws RigProblem this hardware cannot */
  inject(step: number): void;
  /** Null: the case has no faults. */
  faults(): FaultEvidence | null;
  /** HDM decoders of every device; null: this hardware cannot be looked into. */
  registers(): RegisterValues | null;
  /** The trace so far as a file's bytes; null: there is none. */
  trace(): Uint8Array | null;
  close(): Promise<void>;
}

/** QEMU's own type-3 cards: nothing can be made to fail. */
export const ownCards: CaseHardware = {
  name: "own cards",
  socketOf: () => null,
  inject: (step) => {
    throw new RigProblem(`step ${step}: QEMU's own cards cannot be made to fail; leave --own-cards out`);
  },
  faults: () => null,
  registers: () => null,
  trace: () => null,
  close: () => Promise.resolve(),
};
