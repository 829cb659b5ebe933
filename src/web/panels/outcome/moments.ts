// What of a result is looked at first, and where it leads.

import type { OutcomeLook, OutcomeMoment } from "../../../sandbox/live/outcome-look.ts";
import type { ExpectationResult, FaultResult, ScenarioResult, SourcePlace } from "../../../scenario/result.ts";
import type { PageStore } from "../../store/contract.ts";

/** An expectation or a fault that went wrong, or why the run proves nothing. */
export interface Trouble {
  readonly what: string;
  /** What was expected and what came; "": there is nothing to compare. */
  readonly expected: string;
  readonly actual: string;
  readonly place: SourcePlace | null;
  /** The record that decided it. */
  readonly moment: OutcomeMoment | null;
}

/** A moment without a record: a time is all that is known. */
const atTime = (atNs: number | null, text: string): OutcomeMoment | null => (atNs === null ? null : { record: -1, atNs, text });

const ofExpectation = ({ text, expected, actual, place }: ExpectationResult, moments: OutcomeLook["expectations"][number] | undefined): Trouble => ({ what: text, expected, actual, place: place ?? null, moment: moments?.decided ?? moments?.judged ?? null });

const ofFault = ({ id, place, evidence }: FaultResult): Trouble => ({ what: `fault ${id} did not act, so the run proves nothing${evidence?.missing == null ? "" : `: ${evidence.missing}`}`, expected: "", actual: "", place: place ?? null, moment: null });

/** What went wrong, worst first; empty after a pass. */
export function troublesOf(result: ScenarioResult, look: OutcomeLook | null): readonly Trouble[] {
  const failed = result.expectations.flatMap((one, index) => (one.pass ? [] : [ofExpectation(one, look?.expectations[index])]));
  const silent = result.faults.filter(({ fired }) => !fired).map(ofFault);
  const { driver, reason, status } = result;
  const end = look?.end ?? null;
  const why: Trouble[] = driver !== undefined
    ? [{ what: `driver ${driver.driver}: ${driver.ending} in ${driver.hook}: ${driver.message}`, expected: "", actual: "", place: null, moment: atTime(driver.atNs, "the driver ends the run") }]
    : status !== "pass" && reason !== null && silent.length === 0 ? [{ what: reason, expected: "", actual: "", place: null, moment: end }] : [];
  return status === "invalid" ? [...silent, ...why, ...failed] : [...why, ...failed, ...silent];
}

/** Takes the run and all panels to a moment. */
export function goTo(store: PageStore, { record, atNs }: OutcomeMoment): void {
  if (record >= 0) {
    store.record.value = record;
    void store.go({ kind: "record", index: record });
  } else void store.go({ kind: "time", atNs });
}

/** Puts the editor's cursor at a place of the edited text; another file's place it does not have. */
export function showLine(store: PageStore, { line, column }: SourcePlace): void {
  store.show("editor");
  store.place.value = { line, column };
}
