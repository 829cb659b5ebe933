// What travels between a machine's mirror and the worker that has it: one request, one reply. Flat lists, since cloning many small objects is dear.

import type { MachineInterrupt } from "../src/sandbox/library/contract.ts";

/** One step from a thing to what is called: a member, or a call on the way (`["rootPort", "rp0"]`). */
export type Step = string | readonly [string, ...unknown[]];

/** What the worker does itself, beyond calling the member that a way leads to. */
export const verbs = ["ioremap", "unmap", "inject", "unfired", "snapshot", "release", "restore", "fork", "dispose", "openTrace", "takeTrace", "attachKernel", "log", "listen", "advance", "runUntil"] as const;
export type Verb = (typeof verbs)[number];

/** A way is sent once; calls name it by its number, in order of sending. */
export type Way = { readonly verb: Verb } | { readonly steps: readonly Step[] };

export interface Request {
  /** Ways not sent before. */
  readonly ways: readonly Way[];
  /** Per call: number of the thing, number of the way, how many arguments, the arguments. */
  readonly words: readonly unknown[];
  /** Calls of each unit. A unit is one call, or a batch, which its first error ends. */
  readonly units: readonly number[];
}

export interface Reply {
  /** How many units have ended since the last reply. */
  readonly ended: number;
  /** The results of their calls, one after the other; none of units that failed. */
  readonly values: readonly unknown[];
  /** Units that failed, by number in the request, in order. */
  readonly failures: readonly (readonly [number, WireError])[];
  /** Messages delivered since the last reply, each with the number of its machine. */
  readonly interrupts: readonly (readonly [number, MachineInterrupt])[];
  /** True: a slice is over and units are left; `resume` goes on. */
  readonly isPaused: boolean;
}

/** Something that stays in the worker, by its number, with what is worth knowing outside. */
export interface Kept {
  readonly kept: number;
}

export interface WireError {
  readonly name: string;
  readonly message: string;
  /** Its own plain values: an error number, a place in a file. */
  readonly facts: Readonly<Record<string, unknown>>;
}

const isPlain = (value: unknown): boolean => value === null || ["string", "number", "bigint", "boolean"].includes(typeof value);

export function packError(thrown: unknown): WireError {
  if (!(thrown instanceof Error)) return { name: "Error", message: String(thrown), facts: {} };
  const facts = Object.fromEntries(Object.entries(thrown).filter(([key, value]) => key !== "name" && key !== "message" && key !== "stack" && isPlain(value)));
  return { name: thrown.name, message: thrown.message, facts };
}

const standard: Readonly<Record<string, new (message: string) => Error>> = { RangeError, TypeError, SyntaxError };

/** The error as it was thrown, as far as it can be: name, message and plain values; the class only of JavaScript's own. */
export function unpackError({ name, message, facts }: WireError): Error {
  const error = new (standard[name] ?? Error)(message);
  if (error.name !== name) Object.defineProperty(error, "name", { value: name, configurable: true, writable: true });
  return Object.assign(error, facts);
}
