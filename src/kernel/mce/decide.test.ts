import { describe, expect, it } from "vitest";
import type { MemoryStatus } from "../../platform/platform.ts";
import { decide } from "./decide.ts";
import type { CheckContext } from "./severity.ts";

const contexts: readonly CheckContext[] = ["USER", "KERNEL_RECOV", "KERNEL"];
const statuses: readonly MemoryStatus[] = ["ok", "poison", "dropped", "ones", "fatal", "never"];

describe("machine checks of completions", () => {
  it("[S75] a poisoned load is recoverable in user context and in copy_mc paths, and a panic in plain kernel context", () => {
    expect(contexts.map((context) => decide({ kind: "read", status: "poison", context })?.severity)).toEqual(["AR", "AR", "PANIC"]);
    expect(contexts.map((context) => decide({ kind: "read", status: "poison", context })?.row)).toEqual([14, 13, 16]);
  });

  it("[S69] a store never raises a machine check", () => {
    for (const status of statuses) for (const context of contexts) expect(decide({ kind: "write", status, context })).toBeUndefined();
  });

  it("[T7] an uncontained failure corrupts processor context and panics whoever loads", () => {
    for (const context of contexts) expect(decide({ kind: "read", status: "fatal", context })).toMatchObject({ row: 2, severity: "PANIC" });
  });

  it("[TB6] all ones, data, dropped and no answer raise nothing", () => {
    for (const status of ["ok", "ones", "dropped", "never"] as const) for (const context of contexts) expect(decide({ kind: "read", status, context })).toBeUndefined();
  });
});
