// What a case needs of the hardware below the guest: QEMU's own cards, or devices that are served from here.

import type { ActionFile } from "../../src/scenario/plan.ts";
import type { SocketOf } from "./qemu.ts";
import { RigProblem } from "./problem.ts";

/** A register of a device as the model has it, read without an access. */
export type RegisterValues = Readonly<Record<string, string>>;

export interface CaseHardware {
  readonly socketOf: SocketOf;
  /** One action of a scenario's faults, at once. @throws RigProblem */
  inject(action: ActionFile): Promise<void>;
  /** HDM decoders of every device: `dev0.decoder0.base` and so on; null: this hardware cannot be looked into. */
  registers(): RegisterValues | null;
  /** The trace so far as a file's bytes; null: there is none. */
  trace(): Uint8Array | null;
  close(): Promise<void>;
}

/** QEMU's own type-3 cards: nothing can be made to fail. */
export const ownCards: CaseHardware = {
  socketOf: () => null,
  inject: (action) => Promise.reject(new RigProblem(`QEMU's own cards cannot do ${Object.keys(action)[0] ?? "that"}; leave --own-cards out`)),
  registers: () => null,
  trace: () => null,
  close: () => Promise.resolve(),
};
