// Ports whose link somebody takes down and brings up himself (pci_hp_ignore_link_change): hot-plug, containment and error recovery keep their hands off.

import type { Device } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { defineState } from "../base/kernel.ts";

/** Holders by the port's id, and ids of ports whose lost link is a driver's. */
const holds = defineState("pci.holds", () => ({ holders: new Map<number, number>(), claims: new Set<number>(), judge: null as ((kernel: Kernel, port: Device) => boolean) | null }));

export const isHeld = (kernel: Kernel, port: Device): boolean => (holds(kernel).holders.get(port.id) ?? 0) > 0;

/** Takes hold of a port, or lets go of it; several may hold it. Returns whether anybody does now. */
export function hold(kernel: Kernel, port: Device, isTaken: boolean): boolean {
  const { holders } = holds(kernel);
  const count = (holders.get(port.id) ?? 0) + (isTaken ? 1 : -1);
  if (count > 0) holders.set(port.id, count);
  else holders.delete(port.id);
  return count > 0;
}

/**
 * A driver deals with the loss of a port's link from now on, or no more: what is below is not removed for it, and not recovered (error-recovery 9, row 8:
 * hot-plug waits; INFERRED). Cards that come to an empty slot are still enumerated.
 */
export function claimLink(kernel: Kernel, port: Device, isTaken: boolean): void {
  if (isTaken) holds(kernel).claims.add(port.id);
  else holds(kernel).claims.delete(port.id);
}

/** Who knows of a port that is isolated: its lost link is the business of whoever armed isolation, firmware as well (INFERRED). */
export function judgeLinks(kernel: Kernel, judge: (kernel: Kernel, port: Device) => boolean): void {
  holds(kernel).judge = judge;
}

export const isClaimed = (kernel: Kernel, port: Device): boolean => isHeld(kernel, port) || holds(kernel).claims.has(port.id) || (holds(kernel).judge?.(kernel, port) ?? false);
