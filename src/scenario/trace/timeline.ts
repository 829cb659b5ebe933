// Records of a trace as a time line: what happened where, in words, and what lasted from when to when. Records come in order; memory is bounded.

import { kernelKinds, resultKinds } from "../../sim/trace.ts";
import type { TraceLayer, TraceRecord } from "../../sim/trace.ts";
import { lastStates, meaningOf, recoveryStep } from "./timeline-words.ts";
import type { EventKind } from "./timeline-words.ts";
import type { TraceNames } from "./words.ts";
import { createTraceWords, hardwareKinds } from "./words.ts";

export type { EventKind } from "./timeline-words.ts";

/** Something that happened, or a burst of the same. */
export interface TimelineEvent {
  /** Virtual ns since power-on. */
  readonly atNs: number;
  /** Of the last one of a burst; else `atNs`. */
  readonly untilNs: number;
  readonly layer: TraceLayer;
  /** A part of the machine, "machine checks", "recovery 0000:0c:00.0", "kernel", "log", "steps" or "scenario". */
  readonly lane: string;
  readonly kind: EventKind;
  readonly text: string;
  /** How many of them. */
  readonly count: number;
}

/** Something that lasted. */
export interface TimelineSpan {
  readonly lane: string;
  readonly kind: "link down" | "training" | "isolated" | "recovery" | "background" | "boot" | "step";
  readonly fromNs: number;
  /** The end of the run where it lasted until then. */
  readonly untilNs: number;
  readonly text: string;
}

export interface Timeline {
  readonly timeline: readonly TimelineEvent[];
  /** Events that were left out because there were too many: old ones of log and mailbox first. */
  readonly timelineLeftOut: number;
  readonly spans: readonly TimelineSpan[];
}

/** What records refer to by number. */
export interface TimelineNames extends TraceNames {
  /** What a probe's action does, with the id of its fault; undefined: nobody knows. */
  readonly faultOf: (probe: number) => string | undefined;
}

/** What an event says. */
interface Said {
  readonly kind: EventKind;
  readonly text: string;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type OpenEvent = Mutable<TimelineEvent>;
type OpenSpan = Mutable<TimelineSpan>;

/** Kinds that go first where there are too many events. */
const lesser: ReadonlySet<EventKind> = new Set<EventKind>(["log", "mailbox", "interrupt", "memory", "kernel"]);
const usualSpans = 1000;

export class TimelineBuilder {
  readonly #names: TimelineNames;
  readonly #words: (record: TraceRecord) => string;
  readonly #limit: number;
  readonly #mostSpans: number;
  #events: OpenEvent[] = [];
  /** The last event of each lane, for bursts. */
  readonly #last = new Map<string, OpenEvent>();
  readonly #spans: OpenSpan[] = [];
  /** Spans under way, by lane and kind. */
  readonly #open = new Map<string, OpenSpan>();
  #leftOut = 0;
  #stepFrom = 0;

  /** @param limit events that are kept; @param mostSpans spans: further ones are not */
  constructor(names: TimelineNames, limit: number, mostSpans = usualSpans) {
    this.#names = names;
    this.#words = createTraceWords(names);
    this.#limit = limit;
    this.#mostSpans = mostSpans;
    this.#begin("scenario", "boot", 0, "boot");
  }

  add(record: TraceRecord): void {
    if (record.layer === "hardware") this.#addHardware(record);
    else if (record.layer === "kernel") this.#addKernel(record);
    else if (record.layer === "log") this.#note(record, "log", { kind: "log", text: this.#textOf(record) });
    else if (record.layer === "result") this.#addResult(record);
  }

  /** The time line of a run that ended at `end` (virtual ns). */
  finish(end: number): Timeline {
    for (const key of this.#open.keys()) this.#close(key, end);
    this.#shorten(this.#limit);
    return { timeline: this.#events, timelineLeftOut: this.#leftOut, spans: this.#spans.toSorted((a, b) => a.fromNs - b.fromNs) };
  }

  #textOf({ a }: TraceRecord): string {
    return this.#names.strings[a] ?? "";
  }

  #detailOf({ b }: TraceRecord): string {
    return this.#names.strings[b] ?? "";
  }

  #partOf(id: number): string {
    return this.#names.parts.get(id) ?? "machine";
  }

  #note({ time, layer }: TraceRecord, lane: string, { kind, text }: Said, count = 1): void {
    const last = this.#last.get(lane);
    if (last !== undefined && last.kind === kind && last.text === text && kind !== "log") {
      last.untilNs = time;
      last.count += count;
      return;
    }
    const event: OpenEvent = { atNs: time, untilNs: time, layer, lane, kind, text, count };
    this.#last.set(lane, event);
    this.#events.push(event);
    if (this.#events.length >= 2 * this.#limit) this.#shorten(this.#limit);
  }

  /** Leaves out the oldest, lesser kinds first. */
  #shorten(limit: number): void {
    let excess = this.#events.length - limit;
    if (excess <= 0) return;
    this.#leftOut += excess;
    const left = this.#events.filter(({ kind }) => !(excess > 0 && lesser.has(kind) && excess-- > 0));
    this.#events = left.slice(Math.max(0, left.length - limit));
  }

  #begin(lane: string, kind: TimelineSpan["kind"], from: number, text: string): void {
    const key = `${kind} ${lane}`;
    this.#close(key, from);
    if (this.#spans.length + this.#open.size < this.#mostSpans) this.#open.set(key, { lane, kind, fromNs: from, untilNs: from, text });
  }

  #close(key: string, until: number): void {
    const span = this.#open.get(key);
    if (span === undefined) return;
    this.#open.delete(key);
    this.#spans.push({ ...span, untilNs: until });
  }

  #addHardware(record: TraceRecord): void {
    const meaning = meaningOf(record.kind);
    if (meaning === undefined) return;
    const lane = this.#partOf(record.a);
    const name = hardwareKinds[record.kind];
    const words = this.#words(record);
    const own = words.startsWith(`${lane}: `) ? words.slice(lane.length + 2) : words;
    const text = meaning.burst ?? (name === "probe" ? this.#names.faultOf(record.b) : undefined) ?? own;
    this.#note(record, lane, { kind: meaning.kind, text });
    this.#follow(record, lane, text);
  }

  /** What lasts: links that are not up, isolation, background commands. */
  #follow({ kind, b, c, f, time }: TraceRecord, lane: string, text: string): void {
    const name = hardwareKinds[kind];
    if (name === "link") {
      for (const one of ["link down", "training"]) this.#close(`${one} ${lane}`, time);
      if (b < 2) this.#begin(lane, b === 0 ? "link down" : "training", time, text);
    } else if (name === "isolation" && b < 2) this.#begin(lane, "isolated", time, text);
    else if (name === "isolation cleared" && c === 0) this.#close(`isolated ${lane}`, time);
    else if (name === "background" && f === 0) this.#begin(lane, "background", time, text);
    else if (name === "background") this.#close(`background ${lane}`, time);
  }

  #addKernel(record: TraceRecord): void {
    const { kind, time, e } = record;
    const text = this.#textOf(record);
    const detail = this.#detailOf(record);
    if (kind === kernelKinds.machineCheck) this.#note(record, "machine checks", { kind: "machine check", text: `${text}: ${detail}` }, e);
    else if (kind === kernelKinds.interrupt) this.#note(record, "kernel", { kind: "interrupt", text: `interrupt: ${text}` });
    else if (kind === kernelKinds.state && text.startsWith("process ")) this.#note(record, "kernel", { kind: "kernel", text: `${text}: ${detail}` });
    if (kind !== kernelKinds.step) return;
    if (text === "booted") this.#endBoot(time);
    const [, port = "", state = ""] = recoveryStep.exec(text) ?? [];
    const lane = port === "" ? "kernel" : `recovery ${port}`;
    if (port !== "") this.#enter(lane, state, time);
    this.#note(record, lane, { kind: port === "" ? "kernel" : "recovery", text: `${port === "" ? text : state}${detail === "" ? "" : `: ${detail}`}` });
  }

  /** A recovery's state lasts until the next one. */
  #enter(lane: string, state: string, time: number): void {
    if (lastStates.has(state)) this.#close(`recovery ${lane}`, time);
    else this.#begin(lane, "recovery", time, state);
  }

  #endBoot(time: number): void {
    this.#close("boot scenario", time);
    this.#stepFrom = time;
  }

  #addResult(record: TraceRecord): void {
    const { kind, e } = record;
    const text = this.#textOf(record);
    const detail = this.#detailOf(record);
    if (kind === resultKinds.mark) this.#note(record, "scenario", { kind: "mark", text });
    else if (kind === resultKinds.expectation) this.#note(record, "scenario", { kind: "expectation", text: `${text}: ${detail}` });
    else if (kind === resultKinds.step) this.#addCommand(record, text, e);
  }

  /** The record of a command comes when it has ended; it began when the one before had, or the kernel was up. */
  #addCommand(record: TraceRecord, text: string, exitCode: number): void {
    if (this.#spans.length < this.#mostSpans) this.#spans.push({ lane: "steps", kind: "step", fromNs: Math.min(this.#stepFrom, record.time), untilNs: record.time, text });
    this.#stepFrom = record.time;
    this.#note(record, "steps", { kind: "command", text: `${text}${exitCode === 0 ? "" : ` (exit status ${exitCode})`}` });
  }
}
