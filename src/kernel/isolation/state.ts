// State of the isolation service: which root ports it watches, which recoveries ran. Plain data, read by the report.

import type { Device } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { defineState } from "../base/kernel.ts";
import type { RegionPlan } from "./regions.ts";

/** Steps of a recovery in order (error-recovery 9), then the ways it can end or wait. */
export type RecoveryStep =
  | "NOTIFIED" | "FENCED" | "EVACUATED" | "UNBOUND" | "REMOVED" | "LINK_DOWN" | "CLEARED" | "LINK_UP" | "ENUMERATED" | "RECREATED"
  | "RECOVERED" | "RECOVERED-REDUCED" | "BLOCKED" | "STRANDED" | "REBOOT_CHOSEN";

export interface Recovery {
  /** PCI name of the root port. */
  readonly port: string;
  state: RecoveryStep;
  /** Virtual nanoseconds; `endedAt` is -1 while it runs. */
  readonly startedAt: number;
  endedAt: number;
  /** Bytes of dax devices that were alive on regions below the port, and are again. */
  bytesBefore: bigint;
  bytesAfter: bigint;
  /** What it waits for: owners of pins. Empty: it does not wait. */
  blockedOn: string;
}

/** A root port with the capability. `isArmed`: the service enabled isolation; otherwise firmware owns the enable bit. */
export interface WatchedPort {
  readonly port: Device;
  readonly isArmed: boolean;
  /** Known to be isolated: region creation below it is refused, a second notification is not a second recovery. */
  isIsolated: boolean;
}

interface IsolationState {
  readonly watched: Map<number, WatchedPort>;
  /** Ports waiting for the worker, by device id. */
  readonly queue: number[];
  readonly recoveries: Recovery[];
  /** Regions that a recovery could not make again, since a member below another port was gone; the next recovery tries. */
  readonly unrestored: RegionPlan[];
  isWorkerRunning: boolean;
}

export const isolationState = defineState("isolation", (): IsolationState => ({ watched: new Map(), queue: [], recoveries: [], unrestored: [], isWorkerRunning: false }));

/** Every recovery so far, oldest first. */
export const recoveries = (kernel: Kernel): readonly Recovery[] => isolationState(kernel).recoveries;

/** A recovery that waits at this moment for something without limit. */
export const isRecoveryBlocked = (kernel: Kernel): boolean => recoveries(kernel).some((recovery) => recovery.endedAt < 0 && recovery.blockedOn !== "");

export const isRebootChosen = (kernel: Kernel): boolean => recoveries(kernel).some((recovery) => recovery.state === "REBOOT_CHOSEN");

/** Whether the kernel knows this root port to be isolated. */
export const isKnownIsolated = (kernel: Kernel, port: Device): boolean => isolationState(kernel).watched.get(port.id)?.isIsolated === true;
