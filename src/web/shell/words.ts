// Times, counts and states as the page says them.

import type { LiveStatus } from "../../sandbox/live/contract.ts";

const units: readonly (readonly [string, number])[] = [["s", 1e9], ["ms", 1e6], ["µs", 1e3]];

/** Virtual ns with up to three places: "12.3 ms", "-4 µs". */
export function timeWords(ns: number): string {
  const found = units.find(([, size]) => Math.abs(ns) >= size);
  if (found === undefined) return `${ns} ns`;
  const [unit, size] = found;
  return `${Number((ns / size).toFixed(3))} ${unit}`;
}

/** 12345 as "12 345", with thin spaces that do not break. */
export const countWords = (count: number): string => String(count).replaceAll(/\B(?=(\d{3})+$)/g, "\u202f");

/** A time counted from ready; where that is not known, from power-on. @param readyAtNs -1: not known */
export const afterWords = (atNs: number, readyAtNs: number): string => (readyAtNs < 0 ? `${timeWords(atNs)} after power-on` : `${timeWords(atNs - readyAtNs)} after ready`);

/** Where the run stands. */
export const placeWords = ({ position, readyAtNs }: LiveStatus): string => afterWords(position.atNs, readyAtNs);

/** The run is over at the position. Inside its last step, the kernel is shown as it is when that is over, and the run is not. */
export const isOver = ({ phase, position, reached }: LiveStatus): boolean => phase === "done" && position.records >= reached.records;

/** The state of the run, said when it changes: nothing in it moves while the run does. */
export function stateWords(status: LiveStatus | null, death: string | null): string {
  if (death !== null) return "the worker has ended";
  if (status === null) return "no run";
  if (status.isMoving) return "running";
  if (isOver(status)) return status.result === null ? "ended" : `ended: ${status.result.outcome}`;
  if (status.position.records === 0) return "at power-on";
  return `paused at ${timeWords(status.readyAtNs < 0 ? status.position.atNs : status.position.atNs - status.readyAtNs)}`;
}
