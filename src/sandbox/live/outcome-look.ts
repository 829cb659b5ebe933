// Where in the trace an outcome came about: the record by which an expectation was judged, the one that decided it, first acts of faults, deaths of workloads.

import { splitField } from "../../scenario/faults/trigger.ts";
import type { ExpectationFile } from "../../scenario/plan.ts";
import type { ScenarioResult } from "../../scenario/result.ts";
import { createTraceWords, hardwareKinds } from "../../scenario/trace/words.ts";
import type { TraceRecord } from "../../sim/trace.ts";
import { kernelKinds, readRecord, recordWords, resultKinds, traceLayers } from "../../sim/trace.ts";
import { accessesLook } from "./accesses-look.ts";
import type { LiveRun } from "./contract.ts";

/** A record that one can go to. */
export interface OutcomeMoment {
  readonly record: number;
  readonly atNs: number;
  /** The record in words. */
  readonly text: string;
}

export interface OutcomeLook {
  /** One for each expectation of the result, in their order. */
  readonly expectations: readonly { readonly judged: OutcomeMoment | null; readonly decided: OutcomeMoment | null }[];
  /** First acts of the result's faults, in their order; null: it did not act, or left no record of its own. */
  readonly faults: readonly (OutcomeMoment | null)[];
  /** First deaths of the result's workloads, in their order. */
  readonly deaths: readonly (OutcomeMoment | null)[];
  /** What ended the host; null: nothing did. */
  readonly end: OutcomeMoment | null;
}

type Live = Pick<LiveRun, "atHardware" | "run" | "status" | "trace">;

/** Records that are copied out of the trace at a time. */
const chunk = 1 << 14;
const accessLayer = traceLayers.indexOf("access");
const recoveryEnds = /(?:^|\s)(RECOVERED-REDUCED|RECOVERED|BLOCKED|STRANDED|REBOOT_CHOSEN)$/;

/** Records by what they tell, as numbers. */
interface Told {
  readonly expectations: number[];
  /** Last record of each end of a recovery, by its name. */
  readonly recoveries: Map<string, number>;
  readonly deaths: Map<string, number>;
  /** First act of each probe. */
  readonly probes: Map<number, number>;
  machineCheck: number;
  dropped: number;
  isolated: number;
  ended: number;
  /** First and last record that holds each text that was asked for. */
  readonly texts: Map<string, { first: number; last: number }>;
}

/** Texts of log lines, marks and hardware records that expectations ask for. */
function textsOf(expectation: ExpectationFile): readonly string[] {
  if ("log" in expectation) return [expectation.log];
  if ("mark" in expectation) return [expectation.mark];
  if ("hardware" in expectation) return [expectation.hardware];
  if ("order" in expectation) return expectation.order;
  if ("never" in expectation) return [typeof expectation.never === "string" ? expectation.never : expectation.never.text];
  return [];
}

function note(told: Told, record: TraceRecord, number: number, strings: readonly string[]): void {
  const { layer, kind, a, b } = record;
  const text = strings[a] ?? "";
  const first = (known: number): number => (known < 0 ? number : known);
  if (layer === "result" && kind === resultKinds.expectation) told.expectations.push(number);
  else if (layer === "log" && text.includes("Kernel panic")) told.ended = first(told.ended);
  else if (layer === "kernel") {
    const end = recoveryEnds.exec(text)?.[1];
    if (end !== undefined) told.recoveries.set(end, number);
    if (kind === kernelKinds.machineCheck) told.machineCheck = first(told.machineCheck);
    const name = kind === kernelKinds.state ? /^process (.*) killed$/.exec(text)?.[1] : undefined;
    if (name !== undefined && !told.deaths.has(name)) told.deaths.set(name, number);
  } else if (layer === "hardware") {
    const what = hardwareKinds[kind];
    if (what === "dropped") told.dropped = first(told.dropped);
    if (what === "isolation") told.isolated = first(told.isolated);
    if (what === "host" && b !== 0) told.ended = first(told.ended);
    if (what === "probe" && !told.probes.has(b)) told.probes.set(b, number);
  }
}

function scan({ trace }: Live, wanted: readonly string[], words: (record: TraceRecord) => string): Told {
  const told: Told = { expectations: [], recoveries: new Map(), deaths: new Map(), probes: new Map(), machineCheck: -1, dropped: -1, isolated: -1, ended: -1, texts: new Map() };
  for (let from = 0; from < trace.length; from += chunk) {
    const some = trace.words(from, chunk);
    for (let index = 0; index * recordWords < some.length; index++) {
      if ((((some[index * recordWords + 1] ?? 0) >>> 21) & 7) === accessLayer) continue;
      const record = readRecord(some, index);
      note(told, record, from + index, trace.strings);
      if (wanted.length === 0 || record.layer === "result") continue;
      const text = words(record);
      for (const one of wanted) if (text.includes(one)) told.texts.set(one, { first: told.texts.get(one)?.first ?? from + index, last: from + index });
    }
  }
  return told;
}

/** What was found in a trace, for as long as its result is there: nothing but the time that it takes anew at each look. */
const scanned = new WeakMap<ScenarioResult, { readonly length: number; readonly told: Told }>();

function toldOf(live: Live, result: ScenarioResult, words: (record: TraceRecord) => string): Told {
  const known = scanned.get(result);
  if (known?.length === live.trace.length) return known.told;
  const told = scan(live, [...new Set(live.run.plan.expectations.flatMap(textsOf))], words);
  scanned.set(result, { length: live.trace.length, told });
  return told;
}

const first = (...numbers: readonly (number | undefined)[]): number => numbers.find((one) => one !== undefined && one >= 0) ?? -1;

/** What made the outcome, as docs/outcomes.md has it. */
function decidedOutcome({ ended, recoveries, isolated, machineCheck, dropped, deaths }: Told, outcome: ScenarioResult["outcome"]): number {
  if (outcome === "panic" || outcome === "reset" || outcome === "hang") return ended;
  if (outcome === "rebooted") return first(recoveries.get("REBOOT_CHOSEN"));
  if (outcome === "wedged") return first(recoveries.get("BLOCKED"));
  if (outcome === "stranded") return first(recoveries.get("STRANDED"), isolated);
  if (outcome === "reduced") return first(recoveries.get("RECOVERED-REDUCED"), isolated, recoveries.get("RECOVERED"));
  if (outcome === "recovered") return first(recoveries.get("RECOVERED"), machineCheck, dropped, [...deaths.values()][0]);
  return -1;
}

const metricMoments: Readonly<Record<string, (told: Told) => number>> = {
  machineChecks: ({ machineCheck }) => machineCheck,
  droppedWrites: ({ dropped }) => dropped,
  killed: ({ deaths }) => first([...deaths.values()][0]),
  survived: ({ deaths }) => first([...deaths.values()][0]),
  bytesLost: ({ ended, isolated, recoveries }) => first(ended, recoveries.get("STRANDED"), isolated),
  bytesServed: ({ ended, recoveries, isolated }) => first(ended, recoveries.get("RECOVERED-REDUCED"), recoveries.get("RECOVERED"), isolated),
};

function registerMoment(live: Live, register: Extract<ExpectationFile, { register: unknown }>["register"]): number {
  const { of, field } = typeof register === "string" ? splitField(register) : register;
  const name = field.split(".").slice(0, 2).join(".");
  return first(accessesLook(live, { of, register: name, most: 1, withoutReads: true }).rows.at(-1)?.record);
}

function decided(live: Live, told: Told, expectation: ExpectationFile, outcome: ScenarioResult["outcome"]): number {
  if ("outcome" in expectation) return decidedOutcome(told, outcome);
  if ("metric" in expectation) return metricMoments[expectation.metric]?.(told) ?? -1;
  if ("workload" in expectation) return first(told.deaths.get(expectation.workload));
  if ("crashDump" in expectation) return told.ended;
  if ("fault" in expectation) return faultMoment(live, told, live.run.plan.faults.findIndex(({ id }) => id === expectation.fault));
  if ("register" in expectation) return registerMoment(live, expectation.register);
  if ("never" in expectation) return first(...textsOf(expectation).map((text) => told.texts.get(text)?.first));
  return Math.max(-1, ...textsOf(expectation).map((text) => told.texts.get(text)?.last ?? -1));
}

/** The first act among a fault's probes. */
function faultMoment({ run }: Live, { probes }: Told, index: number): number {
  const from = run.faults.firstProbes[index];
  const until = run.faults.firstProbes[index + 1] ?? Number.MAX_SAFE_INTEGER;
  if (from === undefined) return -1;
  const acts = [...probes].filter(([probe]) => probe >= from && probe < until).map(([, record]) => record);
  return acts.length === 0 ? -1 : Math.min(...acts);
}

const nothing: OutcomeLook = { expectations: [], faults: [], deaths: [], end: null };

/** Empty while the run has no result: it has not come to its end, or was touched. */
export function outcomeLook(live: Live, _question: Readonly<Record<string, never>>): OutcomeLook {
  const { result } = live.status;
  if (result === null) return nothing;
  const { plan } = live.run;
  const words = createTraceWords(live.trace);
  const told = toldOf(live, result, words);
  const moment = (number: number): OutcomeMoment | null => {
    if (number < 0) return null;
    const record = readRecord(live.trace.words(number, 1), 0);
    return { record: number, atNs: record.time, text: words(record) };
  };
  // The result has those of steps first, then those of the end, then those of a second boot, which this trace knows nothing of.
  const ofSteps = Math.max(0, told.expectations.length - plan.expectations.length);
  return {
    expectations: result.expectations.map((_, index) => {
      const judged = moment(told.expectations[index] ?? -1);
      const atEnd = plan.expectations[index - ofSteps];
      return { judged, decided: index < ofSteps ? judged : atEnd === undefined || judged === null ? null : moment(decided(live, told, atEnd, result.outcome)) };
    }),
    faults: result.faults.map(({ id }) => moment(faultMoment(live, told, plan.faults.findIndex((fault) => fault.id === id)))),
    deaths: result.workloads.map(({ name }) => moment(first(told.deaths.get(name)))),
    end: moment(told.ended),
  };
}
