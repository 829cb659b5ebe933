// Signals of memory failure (machine-check 5.5): who meets a page gets SIGBUS with its address and the size of what was lost.

import type { Kernel } from "../base/kernel.ts";
import { printkBounded } from "../base/ratelimit.ts";
import { dropMappings, sendSigbus } from "../mm/mapping.ts";
import type { Process } from "../mm/process.ts";
import { kill } from "../mm/process.ts";

/** Offset inside the mapped file that a signal has when there is none. */
export const noOffset = -1n;
const pageShift = 12n;

/** A page's frame number as the log has it. */
export const frameOf = (address: bigint): string => `0x${(address >> pageShift).toString(16)}`;

/** si_addr_lsb: least significant bit of the address that is good, of a mapping of `bytes`. */
export const lsbOf = (bytes: bigint): number => bytes.toString(2).length - 1;

export interface Target {
  readonly process: Process;
  /** It consumed the error, and its action is required: SIGBUS AR that cannot be blocked. Otherwise AO. */
  readonly isConsumer: boolean;
  /** User offset inside the mapped file, or `noOffset`. */
  readonly offset: bigint;
  /** Bytes of the leaf that maps the page. */
  readonly leaf: bigint;
}

/** SIGBUS to who has the page mapped, with the line that tells of it. */
export function signalUser(kernel: Kernel, address: bigint, target: Target): void {
  const { process, isConsumer, offset, leaf } = target;
  printkBounded(kernel, "err", "Memory failure", `Memory failure: ${frameOf(address)}: Sending SIGBUS to ${process.name}:${process.pid} due to hardware memory corruption`);
  sendSigbus(kernel, process, isConsumer ? "BUS_MCEERR_AR" : "BUS_MCEERR_AO", offset, { lsb: lsbOf(leaf), address });
}

/** SIGKILL to who may go on using a page that could not be taken from him. */
export function killUser(kernel: Kernel, address: bigint, process: Process): void {
  printkBounded(kernel, "err", "Memory failure", `Memory failure: ${frameOf(address)}: forcibly killing ${process.name}:${process.pid} because of failure to unmap corrupted page`);
  if (kill(kernel, process, { signal: "SIGKILL", code: "SI_KERNEL", offset: noOffset, address })) dropMappings(kernel, process);
}

/** SIGBUS without an address: nobody knows where. */
export const killNow = (kernel: Kernel, process: Process): void => void sendSigbus(kernel, process, "SI_KERNEL", noOffset);

/**
 * A touch of a page that is known to be lost, by a process that was not told yet: no machine check, its page table says so (late kill). The page of a clean file
 * never comes to this: it is read again. Returns whether this signal killed it.
 */
export function touchLost(kernel: Kernel, process: Process, address: bigint, leaf: bigint): boolean {
  printkBounded(kernel, "err", "Memory failure", `MCE: Killing ${process.name}:${process.pid} due to hardware memory corruption fault at ${address.toString(16)}`);
  return sendSigbus(kernel, process, "BUS_MCEERR_AR", noOffset, { lsb: lsbOf(leaf), address });
}
