// Expectations turned round, to show that what a file claims can fail.

import type { ExpectationFile, StepFile } from "../../src/scenario/plan.ts";

const never = "no such text anywhere";

/** The same question with an answer that no system gives. */
export function turned(one: ExpectationFile): ExpectationFile {
  if ("outcome" in one) return { outcome: one.outcome === "wedged" ? "panic" : "wedged" };
  if ("verdict" in one) return { verdict: one.verdict === "none" ? "needs-remediation" : "none" };
  if ("crashDump" in one) return { crashDump: one.crashDump === "none" ? "dumped" : "none" };
  if ("absent" in one) return { absent: "/proc/iomem" };
  if ("iomem" in one) return { iomem: { contains: never } };
  if ("file" in one) return { file: one.file, equals: never };
  if ("cxl" in one) return { cxl: { list: one.cxl.list, path: one.cxl.path, equals: never } };
  if ("daxctl" in one) return { daxctl: { list: one.daxctl.list, path: one.daxctl.path, equals: never } };
  if ("register" in one) return { register: one.register, equals: (one.equals ?? 0xffff_ffff) + 1 };
  if ("order" in one) return { order: [...one.order, never] };
  // Every line has the empty text.
  if ("never" in one) return { never: { ...(typeof one.never === "string" ? {} : one.never), text: "" } };
  if ("mark" in one) return { mark: one.mark, equals: never };
  if ("hardware" in one) return { hardware: one.hardware, equals: never };
  if ("files" in one) return { files: one.files, equals: never };
  if ("fault" in one) return { fault: one.fault, acted: 1_000_000 };
  if ("metric" in one) return { metric: one.metric, equals: never };
  if ("log" in one) return { log: one.log, ...(one.level === undefined ? {} : { level: one.level }), equals: never };
  if ("workload" in one) return { workload: one.workload, field: one.field, equals: never };
  return { warning: one.warning, equals: never };
}

/** A step whose expectations, and texts of what a command prints, are turned. */
export function turnedStep(step: StepFile): StepFile {
  if ("expect" in step) return { expect: step.expect.map((one) => turned(one) as (typeof step.expect)[number]) };
  if (!("run" in step)) return step;
  return { ...step, ...(step.stdout === undefined ? {} : { stdout: never }), ...(step.stderr === undefined ? {} : { stderr: never }) };
}
