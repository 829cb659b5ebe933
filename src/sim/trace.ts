// The one trace: fixed 32-byte records in one order for module and kernel. This file has the record's layout and the writer for the
// layers above the hardware; the ring itself (and the digests) are behind `TraceRing`.

import { hashText } from "./hash.ts";

export const traceLayers = ["access", "hardware", "kernel", "log", "result"] as const;
export type TraceLayer = (typeof traceLayers)[number];

export const layerIndex: Readonly<Record<TraceLayer, number>> = { access: 0, hardware: 1, kernel: 2, log: 3, result: 4 };

export const recordBytes = 32;
export const recordWords = 8;

/** Kinds of the records above the hardware, per layer. Numbers are part of the digests. */
export const kernelKinds = { step: 1, state: 2, choice: 3, interrupt: 4, machineCheck: 5, task: 6, timer: 7, policy: 8, workload: 9 } as const;
export const logKinds = { line: 1 } as const;
export const resultKinds = { fault: 1, expectation: 2, metric: 3, outcome: 4, step: 5, mark: 6 } as const;

/** Where records go. Arguments are unsigned 32-bit words; the ring adds the virtual time. */
export interface TraceRing {
  write(layer: number, kind: number, a: number, b: number, c: number, d: number, e: number, f: number): void;
}

/** A record, unpacked. `a`..`f` as in the layout table of docs/decisions/0001. */
export interface TraceRecord {
  readonly time: number;
  readonly layer: TraceLayer;
  readonly kind: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly e: number;
  readonly f: number;
}

interface Interned {
  readonly id: number;
  readonly low: number;
  readonly high: number;
}

export interface TraceWriter {
  readonly ring: TraceRing;
  readonly strings: string[];
  readonly interned: Map<string, Interned>;
  /** Told of every record written here, after it is in the trace; for triggers on marks. */
  onText: ((layer: TraceLayer, kind: number, text: string, detail: string) => void) | null;
  /** Told of every step of the kernel that is met, before it goes well or fails; nothing is written of it. For triggers. */
  onStep: ((step: string, names: readonly string[]) => void) | null;
}

export function createTraceWriter(ring: TraceRing): TraceWriter {
  const writer: TraceWriter = { ring, strings: [], interned: new Map(), onText: null, onStep: null };
  intern(writer, "");
  return writer;
}

function intern(writer: TraceWriter, text: string): Interned {
  const known = writer.interned.get(text);
  if (known !== undefined) return known;
  const hash = hashText(text);
  const entry = { id: writer.strings.length, low: hash.low, high: hash.high };
  writer.strings.push(text);
  writer.interned.set(text, entry);
  return entry;
}

/**
 * Writes a record of the kernel, log or result layer.
 * @param text what happened; @param detail to what; @param e,f unsigned 32-bit numbers
 */
export function traceText(writer: TraceWriter, layer: "kernel" | "log" | "result", kind: number, text: string, detail = "", e = 0, f = 0): void {
  const first = intern(writer, text);
  const second = intern(writer, detail);
  const low = (first.low ^ Math.imul(second.low, 0x9e3779b1)) >>> 0;
  const high = (first.high ^ Math.imul(second.high, 0x85ebca77)) >>> 0;
  writer.ring.write(layerIndex[layer], kind, first.id, second.id, low, high, e >>> 0, f >>> 0);
  writer.onText?.(layer, kind, text, detail);
}

/** Unpacks record number `index` of a chunk of records. */
export function readRecord(words: Uint32Array, index: number): TraceRecord {
  const at = index * recordWords;
  const word = (i: number): number => words[at + i] ?? 0;
  const packed = word(1);
  const layer = traceLayers[(packed >>> 21) & 7];
  if (layer === undefined) throw new RangeError(`trace record ${index}: layer ${(packed >>> 21) & 7} does not exist`);
  return {
    time: (packed & 0x1fffff) * 0x1_0000_0000 + word(0),
    layer,
    kind: packed >>> 24,
    a: word(2),
    b: word(3),
    c: word(4),
    d: word(5),
    e: word(6),
    f: word(7),
  };
}
