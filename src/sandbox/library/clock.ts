// Time of a machine without a kernel: from one thing that happens to the next, with messages handed out where they arrive.

import type { Hardware } from "../../hardware/machine.ts";
import type { RunUntilOptions } from "./contract.ts";
import { RunUntilError } from "./errors.ts";

/** What moves, and who hears. */
export interface Moved {
  readonly hardware: Hardware;
  readonly pending: boolean;
  deliver(): number;
}

const defaultLimit = 10_000_000_000;

/** A span of virtual time. @throws RangeError */
export function checkSpan(what: string, nanoseconds: number): number {
  if (!Number.isSafeInteger(nanoseconds) || nanoseconds < 0) throw new RangeError(`${what}: ${nanoseconds} is no whole number of nanoseconds from 0 to 2^53-1`);
  return nanoseconds;
}

/** One thing that happens, at most up to `end`. In a reset or hung host nothing happens any more, but time passes. */
function moveOn({ hardware, deliver }: Moved, end: number): void {
  const next = hardware.hostState === "running" ? hardware.nextDeadline : -1;
  hardware.advanceTo(next < 0 ? end : Math.max(hardware.now, Math.min(next, end)));
  deliver();
}

export function advance(moved: Moved, nanoseconds: number): void {
  const end = moved.hardware.now + checkSpan("advance", nanoseconds);
  moved.deliver();
  do moveOn(moved, end);
  while (moved.hardware.now < end);
}

/** What a machine is about, for a message. */
export function describeState({ hardware, pending }: Pick<Moved, "hardware" | "pending">): string {
  const next = hardware.nextDeadline;
  const ports = [...hardware.entities.ports.keys()].map((name) => ({ name, ...hardware.port(name) }));
  const isolated = ports.filter((port) => port.isIsolated).map((port) => port.name);
  const down = ports.filter((port) => port.link !== "up" && port.device !== null).map((port) => `${port.name} (${port.link})`);
  const list = (names: readonly string[]): string => (names.length === 0 ? "none" : names.join(", "));
  return `at ${hardware.now} ns: next deadline ${next < 0 ? "none" : `at ${next} ns`}, interrupts ${pending ? "pending" : "none"}, isolated ports ${list(isolated)}, links not up ${list(down)}${hardware.hostState === "running" ? "" : `, host ${hardware.hostState}`}`;
}

/** @throws RunUntilError */
export function runUntil(moved: Moved, condition: () => boolean, options: RunUntilOptions = {}): number {
  const { hardware } = moved;
  const start = hardware.now;
  const end = start + checkSpan("runUntil: limit", options.limit ?? defaultLimit);
  moved.deliver();
  while (!condition()) {
    if (hardware.now >= end) throw new RunUntilError(options.what ?? "the condition", hardware.now - start, describeState(moved));
    moveOn(moved, end);
  }
  return hardware.now;
}
