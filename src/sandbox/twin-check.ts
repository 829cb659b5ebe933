// A twin's machine booted to ready, and its own listing held against the captured one.

import { MachineDescriptionError } from "../hardware/build.ts";
import type { ScenarioPlan } from "../scenario/plan.ts";
import { parseCapture } from "../scenario/twin/capture-json.ts";
import type { CaptureJson } from "../scenario/twin/capture-json.ts";
import type { ListingDifference } from "../scenario/twin/compare.ts";
import { compareListings } from "../scenario/twin/compare.ts";
import { openSession } from "./session.ts";

export interface TwinCheck {
  readonly differences: readonly ListingDifference[];
  /** Why the machine was not ready; null: it was. */
  readonly failure: string | null;
}

const never = (): boolean => false;

/** What a command prints at the ready of a plan; the reason where it does not come that far. */
function answersAtReady(module: WebAssembly.Module, plan: ScenarioPlan, lines: readonly string[]): readonly string[] | { readonly failure: string } {
  let said = "";
  const session = openSession(module, plan, { seed: 1, schedule: "fixed", at: { kind: "ready" }, output: { out: (text) => void (said += text), err: () => undefined } });
  if (session.arrive(never) === "missed") return { failure: session.death ?? session.run.failure ?? "the run ended before ready" };
  return lines.map((line) => {
    said = "";
    session.start(line);
    session.goOn(never);
    return said;
  });
}

/** Machines that the loader takes and hardware does not. */
function answersOrRefusal(module: WebAssembly.Module, plan: ScenarioPlan, listing: string): ReturnType<typeof answersAtReady> {
  try {
    return answersAtReady(module, plan, [listing]);
  } catch (error) {
    if (error instanceof MachineDescriptionError) return { failure: error.message };
    throw error;
  }
}

/** @param listing the command whose output was captured */
export function checkTwin(module: WebAssembly.Module, plan: ScenarioPlan, captured: CaptureJson, listing: string): TwinCheck {
  const answers = answersOrRefusal(module, plan, listing);
  if ("failure" in answers) return { differences: [], failure: answers.failure };
  return { differences: compareListings(captured, parseCapture("twin", answers[0] ?? "", listing)), failure: null };
}
