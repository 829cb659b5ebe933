// `cxl-sandbox/vitest`: matchers for Vitest. Importing it adds them: `expect(register).toHaveFields({ memoryIsolation: 0 })`,
// `expect(machine).toBeWithoutViolations()`, `expect(machine).toHaveFired()`.

import { expect } from "vitest";
import type { FieldMatch } from "./fields.ts";
import { toHaveFields } from "./fields.ts";
import { toBeWithoutViolations, toHaveFired } from "./machine.ts";

export type { FieldMatch, FieldRegister } from "./fields.ts";
export type { FaultEvidence, FaultSource, ViolationSource } from "./machine.ts";

interface SandboxMatchers {
  /**
   * Reads a register once (`machine.rootPort("rp0").registers.timeoutIsolation.status`) and compares the fields named. A failure says part, register,
   * field, what was found and expected, clause and meaning.
   */
  toHaveFields(fields: FieldMatch): void;
  /** Nothing was done that a sheet forbids (docs/strict.md). The machine must be made with `strict: true`. */
  toBeWithoutViolations(): void;
  /** Every fault injected into the machine acted (or this one did): a test whose fault did not happen has tested nothing. */
  toHaveFired(): void;
}

declare module "vitest" {
  // The type parameter is Vitest's.
  // oxlint-disable-next-line no-unused-vars, no-explicit-any
  interface Matchers<T = any> extends SandboxMatchers {}
}

expect.extend({ toHaveFields, toBeWithoutViolations, toHaveFired });
