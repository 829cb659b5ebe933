// Processes as far as the memory side sees them: a name, threads (requesters of memory requests), and how a signal ends them.

import { kernelKinds, traceText } from "../../sim/trace.ts";
import type { Kernel } from "../base/kernel.ts";
import { SystemError } from "../base/errno.ts";
import { defineState, mark } from "../base/kernel.ts";

/** `BUS_MCEERR_AR`: a machine check was consumed. `BUS_ADRERR`: the file behind the mapping is dead. */
export type SignalCode = "BUS_MCEERR_AR" | "BUS_MCEERR_AO" | "BUS_ADRERR" | "SI_KERNEL";

export interface Death {
  readonly signal: "SIGBUS" | "SIGKILL";
  readonly code: SignalCode;
  /** User offset inside the mapped file, or -1. */
  readonly offset: bigint;
  /** si_addr_lsb of a memory error: least significant bit of the address that is good. */
  readonly lsb?: number;
  /** Physical address of what was met; absent: nobody knows, or the file behind the mapping is dead. */
  readonly address?: bigint;
  /** Virtual nanoseconds. */
  readonly at: number;
}

export interface Process {
  readonly pid: number;
  readonly name: string;
  /** Requester ids of its threads. */
  readonly threads: number[];
  death: Death | null;
  /** What SIGBUS of a memory error does: the process ends, or a handler passes it on (a VMM into its guest) and the thread goes on. */
  onSigbus: "die" | "survive";
}

interface ProcessTable {
  readonly processes: Map<number, Process>;
  nextPid: number;
  nextRequester: number;
}

const processTable = defineState("processes", (): ProcessTable => ({ processes: new Map(), nextPid: 1000, nextRequester: 0 }));

/** Starts a process with `threads` threads; each gets the next free requester id. */
export function createProcess(kernel: Kernel, name: string, threads: number): Process {
  if (!Number.isInteger(threads) || threads < 0) throw new SystemError("EINVAL", `process ${name}: ${threads} threads`);
  const table = processTable(kernel);
  const process: Process = { pid: table.nextPid++, name, threads: [], death: null, onSigbus: "die" };
  for (let i = 0; i < threads; i++) process.threads.push(takeRequester(kernel));
  table.processes.set(process.pid, process);
  mark(kernel, `process ${name} started`, `pid ${process.pid}`);
  return process;
}

/** The process with this pid, dead or alive. */
export const findProcess = (kernel: Kernel, pid: number): Process | undefined => processTable(kernel).processes.get(pid);

/** Every process of that name, dead or alive, in order of their start. */
export const processesNamed = (kernel: Kernel, name: string): Process[] => [...processTable(kernel).processes.values()].filter((process) => process.name === name);

/** A requester id that belongs to no process: a kernel thread. */
export function takeRequester(kernel: Kernel): number {
  return processTable(kernel).nextRequester++;
}

export const isAlive = (process: Process): boolean => process.death === null;

/**
 * Ends a process. The threads issue nothing more; what is in flight still completes. Only the first deadly signal counts.
 * @returns whether this signal killed it
 */
export function kill(kernel: Kernel, process: Process, death: Omit<Death, "at">): boolean {
  if (process.death !== null) return false;
  process.death = { ...death, at: kernel.platform.clock.now };
  traceText(kernel.trace, "kernel", kernelKinds.state, `process ${process.name} killed`, `${death.signal} ${death.code}`, process.pid);
  return true;
}
