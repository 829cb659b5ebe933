// Captures of our own machines, and twins held against what they were made from: all in one process.

import { findTable } from "../../src/kernel/acpi/tables.ts";
import { openSession } from "../../src/sandbox/session.ts";
import { checkTwin } from "../../src/sandbox/twin-check.ts";
import type { ScenarioPlan } from "../../src/scenario/plan.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import { readCxlCapture } from "../../src/scenario/twin/cxl-capture.ts";
import type { ImportOptions, ImportedTwin } from "../../src/scenario/twin/import-twin.ts";
import { importTwin } from "../../src/scenario/twin/import-twin.ts";
import type { ListingDifference } from "../../src/scenario/twin/compare.ts";
import type { CaptureFiles } from "../../src/scenario/twin/sources.ts";
import { modules } from "./machine.ts";

const never = (): boolean => false;

/** What a running host of ours shows at ready: every capture that import takes. Undefined: it does not come that far. */
export function captureOf(file: string, text: string, listing = "cxl list -vvv"): Required<CaptureFiles> | undefined {
  let said = "";
  const session = openSession(modules.release, planScenario(file, text), { seed: 1, schedule: "fixed", at: { kind: "ready" }, output: { out: (words) => void (said += words), err: () => undefined } });
  if (session.arrive(never) === "missed") return undefined;
  const run = (line: string): string => {
    said = "";
    session.start(line);
    session.goOn(never);
    return said;
  };
  return {
    cxlList: { file: "cxl.json", text: run(listing) }, iomem: { file: "iomem.txt", text: run("cat /proc/iomem") }, lspci: { file: "lspci.txt", text: run("lspci -xxxx") },
    cedt: { file: "cedt.bin", bytes: findTable(session.run.system.kernel, "CEDT")?.bytes ?? new Uint8Array() },
  };
}

export interface HeldTwin {
  readonly twin: ImportedTwin;
  readonly plan: ScenarioPlan;
  readonly differences: readonly ListingDifference[];
  /** Why the twin does not come to ready; null: it does. */
  readonly failure: string | null;
}

/** The twin of captures, booted, its listing held against the captured one. */
export function holdTwin(files: CaptureFiles, options: ImportOptions = {}): HeldTwin {
  const twin = importTwin(files, options);
  const plan = planScenario("twin.yaml", twin.text);
  const { json, listing } = readCxlCapture(files.cxlList.file, files.cxlList.text);
  return { twin, plan, ...checkTwin(modules.release, plan, json, listing) };
}
