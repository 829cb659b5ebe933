// The `expect:` part of a scenario file: what may be claimed of a run at its end, and of the system between two steps.

import { z } from "zod";
import { parsePath } from "../json-path.ts";
import { count, measure, measureText, time } from "../values.ts";

export const outcomes = ["panic", "reset", "hang", "rebooted", "wedged", "stranded", "reduced", "recovered", "unaffected"] as const;
export const verdicts = ["needs-remediation", "none"] as const;

/** What becomes of the dump after a panic (src/scenario/verdict/report.ts). */
export const crashDumpStates = ["none", "dumped", "second-panic", "excluded", "hung"] as const;

/** What a workload's result can be asked for (src/scenario/result.ts). */
export const workloadFields = ["killed", "killedAtNs", "downtimeNs", "backAtNs", "bytes", "bytesLost", "errors", "signals"] as const;

/** Of the kernel's log, as in dmesg. */
export const levels = ["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"] as const;

const bounds = { equals: z.union([z.int(), z.string()]).optional(), atLeast: z.int().optional(), atMost: z.int().optional() };

/** Of figures in bytes or nanoseconds: with a unit too. */
const figures = { equals: z.union([z.int(), measureText]).optional(), atLeast: measure.optional(), atMost: measure.optional() };

/** A time in which it counts, from ready unless it says boot; both ends belong to it. */
const window = { before: time.optional(), between: z.tuple([time, time]).optional(), from: z.enum(["boot", "ready"]).optional() };

/** One text, or several that are all meant. */
export const texts = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);

const jsonPath = z.string().superRefine((path, context) => {
  const parsed = parsePath(path);
  if (typeof parsed === "string") context.addIssue({ code: "custom", message: parsed });
});

const listing = z.strictObject({
  list: z.string(),
  path: jsonPath,
  equals: z.union([z.int(), z.string(), z.boolean()]).optional(),
  contains: z.string().min(1).optional(),
  atLeast: z.int().optional(),
  atMost: z.int().optional(),
  absent: z.literal(true).optional(),
}).refine(({ equals, contains, atLeast, atMost, absent }) => [equals, contains, atLeast ?? atMost, absent].filter((one) => one !== undefined).length === 1, "say one of equals, contains, atLeast with atMost, or absent: true");

/** Lines as a block of text or one by one; leading spaces count. */
const lines = z.union([z.string(), z.array(z.string()), z.strictObject({ contains: texts }), z.strictObject({ lacks: texts })]);

const path = z.string().startsWith("/");

/** What can be asked of the system at any moment. */
const momentary = [
  z.strictObject({ metric: z.enum(["machineChecks", "droppedWrites", "killed", "survived", "bytesLost", "bytesServed"]), ...figures }),
  z.strictObject({ log: z.string().min(1), level: z.enum(levels).optional(), ...bounds, ...window }),
  z.strictObject({ mark: z.string().min(1), ...bounds, ...window }),
  z.strictObject({ hardware: z.string().min(1), ...bounds, ...window }),
  z.strictObject({ order: z.array(z.string().min(1)).min(2).max(20) }),
  z.strictObject({ never: z.union([z.string().min(1), z.strictObject({ text: z.string().min(1), after: z.string().min(1).optional(), before: z.string().min(1).optional() })]) }),
  z.strictObject({ fault: z.string(), acted: count.optional(), atLeast: z.int().optional(), atMost: z.int().optional(), ...window }),
  z.strictObject({ file: path, equals: z.string().optional(), contains: z.string().min(1).optional() }).refine(({ equals, contains }) => (equals === undefined) !== (contains === undefined), "say equals: or contains:"),
  z.strictObject({ files: path, ...bounds }),
  z.strictObject({ absent: path }),
  z.strictObject({ iomem: lines }),
  z.strictObject({ cxl: listing }),
  z.strictObject({ daxctl: listing }),
  z.strictObject({ register: z.union([z.string(), z.strictObject({ of: z.string(), field: z.string() })]), equals: count.optional(), atLeast: count.optional(), atMost: count.optional() }),
] as const;

export const momentaryExpectation = z.union(momentary);

/** The end has an outcome, a verdict, the report's warnings and, after a panic, what became of the dump besides. */
export const expectation = z.union([
  z.strictObject({ outcome: z.enum(outcomes) }),
  z.strictObject({ verdict: z.enum(verdicts) }),
  z.strictObject({ crashDump: z.enum(crashDumpStates) }),
  z.strictObject({ warning: z.string().min(1), ...bounds }),
  z.strictObject({ workload: z.string().min(1), field: z.enum(workloadFields), ...figures, equals: z.union([z.int(), measureText, z.boolean()]).optional() }),
  ...momentary,
]);
