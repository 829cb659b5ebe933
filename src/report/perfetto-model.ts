// What a trace shows in Perfetto: processes with tracks, and on them slices, instants and counters. Plain data, without a byte of the format.

import type { FaultResult, RunResult } from "../scenario/result.ts";
import { TimelineBuilder } from "../scenario/trace/timeline.ts";
import type { Timeline } from "../scenario/trace/timeline.ts";
import type { TraceFile } from "../scenario/trace/file.ts";
import { accessKinds, hardwareKinds } from "../scenario/trace/words.ts";
import { kernelKinds, readRecord, recordWords } from "../sim/trace.ts";
import type { TraceRecord } from "../sim/trace.ts";

export interface ShownTrack {
  readonly process: ProcessName;
  readonly name: string;
  /** Only of counters. */
  readonly unit?: "count" | "bytes";
}

export type ProcessName = "scenario" | "machine" | "kernel" | "workloads";

interface At {
  readonly track: ShownTrack;
  /** Virtual ns. */
  readonly atNs: number;
}

export type ShownEvent =
  | At & { readonly kind: "begin" | "instant"; readonly category: string; readonly name: string; readonly count: number }
  | At & { readonly kind: "end" }
  | At & { readonly kind: "counter"; readonly value: number };

/** Events and spans of one trace. */
const mostEvents = 1_000_000;
const mostSpans = 100_000;
/** Machine checks are counted over so many virtual ns. */
const rateWindow = 1_000_000;
const lineBytes = 64;
const answered = 0;

/** Tracks by process and name, one object each. */
class Tracks {
  readonly #tracks = new Map<string, ShownTrack>();
  of(process: ProcessName, name: string, unit?: ShownTrack["unit"]): ShownTrack {
    const key = `${process} ${name}`;
    const known = this.#tracks.get(key);
    if (known !== undefined) return known;
    const made: ShownTrack = { process, name, ...(unit === undefined ? {} : { unit }) };
    this.#tracks.set(key, made);
    return made;
  }
}

/** The process that a lane of the time line belongs to. */
function processOf(lane: string, parts: ReadonlySet<string>): ProcessName {
  if (parts.has(lane) || lane === "machine") return "machine";
  return lane === "scenario" || lane === "steps" ? "scenario" : "kernel";
}

/** Lanes whose instants have a track by a name of their own; those of the others stand beside the lane's slices. */
const ownTracks: Readonly<Record<string, string>> = { kernel: "marks", log: "log", machine: "machine" };

function timelineEvents(tracks: Tracks, { timeline, spans }: Timeline, parts: ReadonlySet<string>): ShownEvent[] {
  const slices = spans.flatMap(({ lane, kind, fromNs, untilNs, text }): ShownEvent[] => {
    const track = tracks.of(processOf(lane, parts), parts.has(lane) ? `${lane} ${kind}` : lane);
    return [{ kind: "begin", track, atNs: fromNs, category: kind, name: text, count: 1 }, { kind: "end", track, atNs: untilNs }];
  });
  // Machine checks are shown with who met them.
  const instants = timeline.filter(({ lane }) => lane !== "machine checks").map(({ lane, kind, atNs, text, count }): ShownEvent => ({ kind: "instant", track: tracks.of(processOf(lane, parts), ownTracks[lane] ?? (parts.has(lane) ? lane : `${lane} events`)), atNs, category: kind, name: text, count }));
  return [...slices, ...instants];
}

/** Looks at records that the time line does not show one by one. */
class Counters {
  readonly events: ShownEvent[] = [];
  readonly #tracks: Tracks;
  readonly #strings: readonly string[];
  readonly #started = new Map<string, number>();
  #inFlight = 0;
  #bytes = 0;
  #checks = 0;
  #windowFrom = 0;

  constructor(tracks: Tracks, strings: readonly string[]) {
    this.#tracks = tracks;
    this.#strings = strings;
  }

  #count(track: ShownTrack, atNs: number, value: number): void {
    const last = this.events.at(-1);
    if (last?.kind === "counter" && last.track === track && last.atNs === atNs) this.events.pop();
    this.events.push({ kind: "counter", track, atNs, value });
  }

  add(record: TraceRecord): void {
    const { layer, kind, time } = record;
    if (time >= this.#windowFrom + rateWindow) this.#endWindow();
    if (layer === "access") this.#addAccess(record, accessKinds[kind]);
    else if (layer === "hardware" && hardwareKinds[kind] === "account") this.#addBytes(time, record.b + record.c - record.e);
    else if (layer === "kernel") this.#addKernel(record);
  }

  #addAccess({ time, b }: TraceRecord, kind: (typeof accessKinds)[number] | undefined): void {
    if (kind !== "request" && kind !== "completion") return;
    this.#inFlight = Math.max(0, this.#inFlight + (kind === "request" ? 1 : -1));
    this.#count(this.#tracks.of("workloads", "requests in flight", "count"), time, this.#inFlight);
    if (kind === "completion" && b === answered) this.#addBytes(time, 1);
  }

  #addBytes(atNs: number, lines: number): void {
    this.#bytes += lines * lineBytes;
    this.#count(this.#tracks.of("workloads", "bytes answered", "bytes"), atNs, this.#bytes);
  }

  #addKernel({ kind, time, a, b, e, f }: TraceRecord): void {
    const text = this.#strings[a] ?? "";
    const [, name = "", what = ""] = /^process (.+) (started|killed)$/.exec(text) ?? [];
    const detail = this.#strings[b] ?? "";
    if (kind === kernelKinds.choice) this.events.push({ kind: "instant", track: this.#tracks.of("kernel", `task ${text}`), atNs: time, category: "choice", name: `${text} goes on, ${e + 1} of ${f}`, count: 1 });
    else if (kind === kernelKinds.machineCheck) this.#addChecks(time, e, text, detail);
    else if (kind === kernelKinds.step && what === "started") this.#start(name, time);
    else if (kind === kernelKinds.state && what === "killed") this.#stop(name, time);
  }

  #addChecks(atNs: number, count: number, consumer: string, detail: string): void {
    if (this.#checks === 0) this.#windowFrom = atNs - (atNs % rateWindow);
    this.#checks += count;
    this.events.push({ kind: "instant", track: this.#tracks.of("workloads", `${consumer} machine checks`), atNs, category: "machine check", name: `machine check: ${detail}`, count });
  }

  /** The rate of the window that is over, and 0 behind it. */
  #endWindow(): void {
    if (this.#checks === 0) return;
    const track = this.#tracks.of("kernel", "machine checks per ms", "count");
    this.#count(track, this.#windowFrom, this.#checks);
    this.#count(track, this.#windowFrom + rateWindow, 0);
    this.#checks = 0;
  }

  #start(name: string, atNs: number): void {
    this.#stop(name, atNs);
    this.#started.set(name, atNs);
    this.events.push({ kind: "begin", track: this.#tracks.of("workloads", name), atNs, category: "process", name, count: 1 });
  }

  #stop(name: string, atNs: number): void {
    if (this.#started.delete(name)) this.events.push({ kind: "end", track: this.#tracks.of("workloads", name), atNs });
  }

  finish(end: number): void {
    this.#endWindow();
    for (const name of this.#started.keys()) this.#stop(name, end);
  }
}

/** Each act that the result tells of; where it tells of none, the first one. */
function faultEvents(track: ShownTrack, { id, firstAtNs, count, evidence }: FaultResult): ShownEvent[] {
  const shown = (atNs: number, times: number): ShownEvent => ({ kind: "instant", track, atNs, category: "fault", name: `fault ${id}`, count: times });
  if (evidence !== undefined && evidence.acts.length > 0) return evidence.acts.map(({ atNs }) => shown(atNs, 1));
  return firstAtNs === null ? [] : [shown(firstAtNs, count)];
}

/** Everything that is shown of a trace, in order of time; of one moment, as it happened. */
export function shownEvents(file: Pick<TraceFile, "parts" | "kinds" | "strings" | "records">, result: RunResult["scenarios"][number]): ShownEvent[] {
  const { strings, records, parts, kinds } = file;
  const tracks = new Tracks();
  const counters = new Counters(tracks, strings);
  const timeline = new TimelineBuilder({ parts, kinds, strings, faultOf: () => undefined }, mostEvents, mostSpans);
  let end = 0;
  for (let index = 0; index * recordWords < records.length; index++) {
    const record = readRecord(records, index);
    timeline.add(record);
    counters.add(record);
    end = record.time;
  }
  counters.finish(end);
  const faults = result.faults.flatMap((fault) => faultEvents(tracks.of("scenario", "faults"), fault));
  return [...timelineEvents(tracks, timeline.finish(end), new Set(parts.values())), ...counters.events, ...faults].toSorted((a, b) => a.atNs - b.atNs);
}
