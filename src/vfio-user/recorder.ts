// What a served machine wrote, kept as a trace file: its records, and what came to it from outside.

import type { Hardware } from "../hardware/machine.ts";
import { partNames } from "../sandbox/trace-reader.ts";
import type { OutsideAct } from "../scenario/trace/header.ts";
import type { TraceFile, TraceOrigin } from "../scenario/trace/file.ts";
import { hashText } from "../sim/hash.ts";
import { recordWords, traceLayers } from "../sim/trace.ts";
import type { TraceLayer } from "../sim/trace.ts";
import type { OutsidePlace } from "./served-faults.ts";

/** Records that are kept at most, unless the caller says: 256 MiB. */
const mostKept = 1 << 23;
/** Acts that are kept at most. */
const mostActs = 1 << 20;

/** What a trace is made from, and how long it may become. */
export interface RecorderOptions {
  readonly origin: TraceOrigin;
  readonly file: string;
  readonly seed: number;
  /** Records; a trace that is full ends there. */
  readonly most?: number;
}

/** Digests as the hardware takes them, of every layer and of all. */
export function digestsOf(hardware: Hardware): Pick<TraceFile["header"], "digests" | "traceDigest"> {
  const digests = Object.fromEntries(traceLayers.map((layer) => [layer, hardware.digest(layer)])) as Record<TraceLayer, string>;
  const all = hashText(traceLayers.map((layer) => digests[layer]).join(":"));
  const hex = (word: number): string => word.toString(16).padStart(8, "0");
  return { digests, traceDigest: hex(all.high) + hex(all.low) };
}

/** Takes the records of a machine from its first on. */
export class Recorder {
  readonly #options: RecorderOptions | null;
  readonly #chunks: Uint32Array[] = [];
  readonly #acts: OutsideAct[] = [];
  #hardware: Hardware | null = null;
  #records = 0;
  #built = 0;
  /** The trace as it was when it became full. */
  #full: TraceFile | null = null;

  /** Null: records are counted, and not kept. */
  constructor(options: RecorderOptions | null) {
    this.#options = options;
  }

  /** Before the first record is written. */
  listen(hardware: Hardware): void {
    this.#hardware = hardware;
    if (this.#options !== null) hardware.storeTrace((words) => this.#take(words));
  }

  #take(words: Uint32Array): void {
    if (this.#full !== null) return;
    this.#records += words.length / recordWords;
    this.#chunks.push(words.slice());
  }

  /** Everything up to here was the making of the machine. */
  built(): void {
    this.#built = this.now().records;
  }

  /** Now, between two accesses. */
  now(): OutsidePlace {
    this.#hardware?.drainTrace();
    return { atNs: this.#hardware?.now ?? 0, records: this.#records };
  }

  act(kind: OutsideAct["kind"], at: OutsidePlace, about: Pick<OutsideAct, "device" | "fault"> = {}): void {
    if (this.#options === null || this.#full !== null) return;
    this.#acts.push({ kind, ...at, ...about });
  }

  /** Between two accesses: a trace that has become too long ends here. */
  checkLength(): void {
    if (this.#options === null || this.#full !== null) return;
    if (this.#records >= (this.#options.most ?? mostKept) || this.#acts.length >= mostActs) this.#full = this.file();
  }

  /** The trace so far; null: none is kept. */
  file(): TraceFile | null {
    const hardware = this.#hardware;
    if (this.#full !== null || this.#options === null || hardware === null) return this.#full;
    const end = this.now();
    const { origin, file, seed } = this.#options;
    const records = new Uint32Array(this.#records * recordWords);
    let at = 0;
    for (const chunk of this.#chunks) {
      records.set(chunk, at);
      at += chunk.length;
    }
    const served = { built: this.#built, acts: [...this.#acts, { kind: "end", ...end } as const] };
    const header = { format: 1, tool: origin.tool, file, scenario: origin.scenario, includes: origin.includes, seed, schedule: "fixed", choices: [], defects: [], drivers: [], served, ...digestsOf(hardware) } as const;
    return { header, ...partNames(hardware), strings: [""], records };
  }

  /** Between two accesses: how many records and acts are kept; it grows with all that a file of now has and one of before had not. */
  get length(): number {
    return this.#options === null ? 0 : this.now().records + this.#acts.length;
  }

  /** Whether records are lost because the trace is full. */
  get isFull(): boolean {
    return this.#full !== null;
  }
}
