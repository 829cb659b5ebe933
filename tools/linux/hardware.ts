// What a case needs of the hardware below the guest: QEMU's own cards, or devices that are served from here.

import type { SocketOf } from "./qemu.ts";
import { RigProblem } from "./problem.ts";

/** Registers by name, as hexadecimal text. */
export type RegisterValues = Readonly<Record<string, string>>;

/** How often a fault of the case acted. */
export interface FaultCount {
  readonly id: string;
  readonly count: number;
}

export interface CaseHardware {
  /** As results say it. */
  readonly name: string;
  readonly socketOf: SocketOf;
  /** Does an action of a scenario's faults, as it is written, at once. @throws RigProblem this hardware cannot */
  inject(action: unknown): void;
  /** The scenario's, then the injected ones. */
  faults(): readonly FaultCount[];
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
  inject: () => {
    throw new RigProblem(`QEMU's own cards cannot be made to fail; leave --own-cards out`);
  },
  faults: () => [],
  registers: () => null,
  trace: () => null,
  close: () => Promise.resolve(),
};
