// `cxl-sandbox/vitest`: scenario files as tests, and matchers. Importing it adds the matchers: `expect(register).toHaveFields({ memoryIsolation: 0 })`,
// `expect(machine).toBeWithoutViolations()`, `expect(machine).toHaveFired()`, `expect(run).toHaveOutcome("recovered")`.

import { expect } from "vitest";
import type { Outcome } from "../scenario/schema.ts";
import type { FieldMatch } from "./fields.ts";
import { toHaveFields } from "./fields.ts";
import { toBeWithoutViolations, toHaveFired } from "./machine.ts";
import { toHaveOutcome, toPass } from "./results.ts";
import type { FinishedRun } from "../../workers/slices.ts";
import type { MatchTraceOptions } from "./traces.ts";
import { toMatchTrace } from "./traces.ts";

export type { FieldMatch, FieldRegister } from "./fields.ts";
export type { FaultEvidence, FaultSource, ViolationSource } from "./machine.ts";
export type { ResultSource } from "./results.ts";
export type { GlobbedTexts } from "./scenario-sources.ts";
export { describeScenarios } from "./scenarios.ts";
export type { DescribeScenariosOptions } from "./scenarios.ts";
export type { MatchTraceOptions } from "./traces.ts";

interface SandboxMatchers {
  /**
   * Reads a register once (`machine.rootPort("rp0").registers.timeoutIsolation.status`) and compares the fields named. A failure says part, register,
   * field, what was found and expected, clause and meaning.
   */
  toHaveFields(fields: FieldMatch): void;
  /** Nothing was done that a sheet forbids (docs/strict.md). The machine must be made with `strict: true`. */
  toBeWithoutViolations(): void;
  /**
   * Every fault injected into the machine acted (or this one did): a test whose fault did not happen has tested nothing. Of what `runScenario` gives: every fault of
   * the scenario, or that of this id.
   */
  toHaveFired(id?: string): void;
  /** What `runScenario` gives passed: every fault acted, every expectation held. A failure has the command that repeats the run. */
  toPass(): void;
  /** What became of the host of a scenario (docs/outcomes.md). */
  toHaveOutcome(outcome: Outcome): void;
  /**
   * What `runScenario` gives with `keepTrace: true` has the records of a golden or trace file (by its path from the test file), of the bytes of a trace, or of
   * another run. A failure says where they part, in words.
   */
  toMatchTrace(expected: string | URL | Uint8Array | FinishedRun, options?: MatchTraceOptions): void;
}

declare module "vitest" {
  // The type parameter is Vitest's.
  // oxlint-disable-next-line no-unused-vars, no-explicit-any
  interface Matchers<T = any> extends SandboxMatchers {}
}

expect.extend({ toHaveFields, toBeWithoutViolations, toHaveFired, toPass, toHaveOutcome, toMatchTrace });
