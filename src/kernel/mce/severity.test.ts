// Every row of both tables is reached, in the order of the sheet.

import { describe, expect, it } from "vitest";
import type { AccessPath } from "./consumption.ts";
import { globalStatusOf, recordOf, statusOf } from "./error-form.ts";
import type { CheckFeatures, CheckRecord } from "./severity.ts";
import { amdRows, fullFeatures, grade, intelRows } from "./severity.ts";

const load: CheckRecord = {
  isValid: true, isEnabled: true, isUncorrected: true, isContextCorrupt: false, isOverflow: false, isSignalled: true, isActionRequired: true, hasAddress: true, hasMisc: true, code: "load",
  isPoison: false, isDeferred: false, isException: true, isInProgress: true, canReturn: true, isFaulting: true, context: "USER", isConfidential: false,
};
const noRecovery: CheckFeatures = { hasRecovery: false, hasOverflowRecovery: false };

/** Row, severity, what differs from a user's load of poison, features. */
type Case = readonly [number, string, Partial<CheckRecord>, CheckFeatures?];

const intel: readonly Case[] = [
  [1, "NO", { isValid: false, isContextCorrupt: true }],
  [1, "NO", { isEnabled: false, isContextCorrupt: true }],
  [2, "PANIC", { isContextCorrupt: true, isUncorrected: false }],
  [3, "PANIC", { isInProgress: false }],
  [4, "PANIC", { canReturn: false, isFaulting: false }],
  [5, "PANIC", { canReturn: false, context: "KERNEL" }],
  [5, "PANIC", { canReturn: false, context: "KERNEL_RECOV" }],
  [6, "KEEP", { isUncorrected: false }, noRecovery],
  [7, "AO", { isActionRequired: false, code: "scrub" }],
  [7, "AO", { isActionRequired: false, code: "write-back", isSignalled: false }],
  [8, "UCNA", { isActionRequired: false, isSignalled: false }],
  [9, "PANIC", { isSignalled: false }],
  [10, "KEEP", { isUncorrected: false, isSignalled: false, isActionRequired: false }],
  [10, "KEEP", { isSignalled: false, isOverflow: true }],
  [11, "PANIC", { isOverflow: true }],
  [11, "PANIC", { isOverflow: true, context: "KERNEL_RECOV", hasAddress: false }],
  [12, "KEEP", { isFaulting: false, context: "KERNEL" }],
  [13, "AR", { context: "KERNEL_RECOV" }],
  [14, "AR", {}],
  [14, "AR", { code: "fetch" }],
  [15, "AR", { context: "KERNEL", isConfidential: true }],
  [16, "PANIC", { context: "KERNEL" }],
  [16, "PANIC", { context: "KERNEL", code: "fetch" }],
  [16, "PANIC", { context: "KERNEL_RECOV", code: "fetch" }],
  [17, "PANIC", { code: "other" }],
  [17, "PANIC", { hasAddress: false }],
  [17, "PANIC", { hasMisc: false }],
  [18, "SOME", { isActionRequired: false }],
  [18, "SOME", { isActionRequired: false, isOverflow: true }],
  [19, "PANIC", { isOverflow: true, isSignalled: false, isActionRequired: false }, noRecovery],
  [20, "PANIC", { context: "KERNEL" }, noRecovery],
  [21, "UC", {}, noRecovery],
  [22, "SOME", { isUncorrected: false, isActionRequired: false }],
];

const amd: readonly Case[] = [
  [1, "PANIC", { isContextCorrupt: true, isDeferred: true }],
  [2, "DEFERRED", { isDeferred: true, isUncorrected: false }],
  [3, "KEEP", { isUncorrected: false, isOverflow: true }],
  [4, "PANIC", { isOverflow: true }, { hasRecovery: true, hasOverflowRecovery: false }],
  [5, "PANIC", {}, { hasRecovery: false, hasOverflowRecovery: true }],
  [6, "PANIC", { context: "KERNEL" }],
  [7, "AR", { isOverflow: true }],
  [7, "AR", { context: "KERNEL_RECOV" }],
];

describe("grading", () => {
  for (const [row, severity, changes, features = fullFeatures] of intel) {
    it(`Intel: row ${row}, ${severity}: ${JSON.stringify(changes)}${features === fullFeatures ? "" : ", features missing"}`, () => {
      expect(grade({ ...load, ...changes }, "intel", features)).toMatchObject({ row, severity });
    });
  }

  for (const [row, severity, changes, features = fullFeatures] of amd) {
    it(`AMD: row ${row}, ${severity}: ${JSON.stringify(changes)}${features === fullFeatures ? "" : ", features missing"}`, () => {
      expect(grade({ ...load, ...changes }, "amd", features)).toMatchObject({ row, severity });
    });
  }

  it("every row is reached by a case above, and rows stand in the order of the sheet", () => {
    for (const [rows, cases, processor] of [[intelRows, intel, "intel"], [amdRows, amd, "amd"]] as const) {
      expect(rows.map((row) => row.row)).toEqual(rows.map((row) => row.row).toSorted((a, b) => a - b));
      const reached = new Set(cases.map(([, , changes, features = fullFeatures]) => grade({ ...load, ...changes }, processor, features)));
      expect(rows.filter((row) => !reached.has(row))).toEqual([]);
    }
  });
});

describe("errors of accesses", () => {
  const grades = (processor: "intel" | "amd"): unknown[] =>
    (["user-load", "user-fetch", "guest-load", "copy-from-user", "copy-mc", "kernel-load", "kernel-fetch", "page-walk", "speculative", "store", "dma-read", "dma-write"] satisfies AccessPath[]).map((path) => {
      const record = recordOf(path, "poison", processor);
      return record === undefined ? null : grade(record, processor).severity;
    });

  it("[S75] by path: a user's and what has a fixup can be recovered, the kernel's own is a panic, a prefetch asks for nothing, stores and DMA tell no processor", () => {
    expect(grades("intel")).toEqual(["AR", "AR", "AR", "AR", "AR", "PANIC", "PANIC", "PANIC", "UCNA", null, null, null]);
    expect(grades("amd")).toEqual(["AR", "AR", "AR", "AR", "AR", "PANIC", "PANIC", "PANIC", "DEFERRED", null, null, null]);
  });

  it("status words have the architecture's bits", () => {
    expect(statusOf(load, "intel").toString(16)).toBe("bd80000000100134");
    expect(statusOf({ ...load, isOverflow: true, code: "fetch" }, "intel").toString(16)).toBe("fd80000000100150");
    expect(statusOf({ ...load, isUncorrected: false, isDeferred: true, isPoison: true }, "amd").toString(16)).toBe("9c00180000000134");
    expect([globalStatusOf(load, true), globalStatusOf(load, false), globalStatusOf({ ...load, isFaulting: false }, true)]).toEqual([0xfn, 7n, 5n]);
  });
});
