// What can go wrong with a wasm driver, and what it is told when it asks for what cannot be.

import type { ErrorName } from "./abi.ts";

const longestProblem = 4000;
const controlCharacters = /[\p{Cc}\u2028\u2029]/gu;

/** Names in a foreign module may hold anything, of any length; they reach a reader's terminal. */
const harmless = (problem: string): string => (problem.length > longestProblem ? `${problem.slice(0, longestProblem)}...` : problem).replaceAll(controlCharacters, "?");

/** A driver that cannot be loaded, or broke down: trapped, overflowed its stack, broke the interface. Names driver, export and device. */
export class WasmDriverError extends Error {
  readonly driver: string;
  /** The message without names. */
  readonly problem: string;
  /** The export that ran, "" when it was not loaded. */
  readonly hook: string;
  /** SSSS:BB:DD.F, "" when it ran for none. */
  readonly device: string;
  constructor(driver: string, what: string, hook = "", device = "") {
    const problem = harmless(what);
    super(`wasm driver ${driver}: ${hook === "" ? "" : `${hook}${device === "" ? "" : ` for ${device}`}: `}${problem}`);
    this.name = "WasmDriverError";
    this.driver = driver;
    this.problem = problem;
    this.hook = hook;
    this.device = device;
  }
}

/** An import that does nothing, since its arguments mean nothing. The driver gets the error number, the log a warning. */
export class Refusal extends Error {
  readonly errno: ErrorName;
  constructor(errno: ErrorName, problem: string) {
    super(problem);
    this.name = "Refusal";
    this.errno = errno;
  }
}
