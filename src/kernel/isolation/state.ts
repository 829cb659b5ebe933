// Recoveries from isolation: which ran, and what they came to. Plain data, read by the report.

import type { RecoveryState } from "../../platform/driver.ts";
import type { Kernel } from "../base/kernel.ts";
import { defineState } from "../base/kernel.ts";

export interface Recovery {
  /** PCI name of the root port. */
  readonly port: string;
  state: RecoveryState;
  /** Virtual nanoseconds; `endedAt` is -1 while it runs. */
  readonly startedAt: number;
  endedAt: number;
  /** Bytes of dax devices that were alive on regions below the port, and are again. */
  bytesBefore: bigint;
  bytesAfter: bigint;
  /** What was in service below the port when it began, as the kernel counts: dax devices that were alive and System RAM that was online. */
  readonly bytesForfeited: bigint;
  /** System RAM below the port that was online when it began: whoever counts on it has lost it, whatever comes back (S84). */
  readonly systemRamBefore: bigint;
  /** What it waits for: owners of pins. Empty: it does not wait. */
  blockedOn: string;
}

export const recoveryState = defineState("isolation", () => ({ recoveries: [] as Recovery[] }));

/** Every recovery so far, oldest first. */
export const recoveries = (kernel: Kernel): readonly Recovery[] => recoveryState(kernel).recoveries;

/** A recovery that waits at this moment for something without limit. */
export const isRecoveryBlocked = (kernel: Kernel): boolean => recoveries(kernel).some((recovery) => recovery.endedAt < 0 && recovery.blockedOn !== "");

export const isRebootChosen = (kernel: Kernel): boolean => recoveries(kernel).some((recovery) => recovery.state === "REBOOT_CHOSEN");
