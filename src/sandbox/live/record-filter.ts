// Records chosen by layer, part, kind, time and text: by numbers first, in words only where a text is looked for. The same choice as `trace cat` makes.

import { kindsOf } from "../../scenario/trace/select.ts";
import type { TraceLayer } from "../../sim/trace.ts";
import { layerIndex, readRecord, recordWords, traceLayers } from "../../sim/trace.ts";
import { classified } from "./columns-look.ts";
import type { Traced } from "./columns-look.ts";

/** What is wanted; absent: all. */
export interface RecordFilter {
  readonly layers?: readonly TraceLayer[];
  /** Names of parts of the machine. */
  readonly parts?: readonly string[];
  /** Names of kinds, as `trace stats` has them. */
  readonly kinds?: readonly string[];
  /** Virtual ns since power-on, inclusive. */
  readonly fromNs?: number;
  readonly toNs?: number;
  /** Stands in the words of the record, in capitals or not. */
  readonly text?: string;
}

const nobody = 0xffff_ffff;
const mostKinds = 256;

/** Number of the part that a record speaks of; 0xffffffff: of none. As `partOf` of select.ts, from the words. */
function partAt(words: Uint32Array, place: number): number {
  const packed = words[place + 1] ?? 0;
  const layer = (packed >>> 21) & 7;
  if (layer === layerIndex.hardware) return words[place + 2] ?? nobody;
  const kind = packed >>> 24;
  if (layer !== layerIndex.access || kind < 1 || kind > 4) return nobody;
  return words[place + (kind <= 2 ? 7 : 2)] ?? nobody;
}

/** First place of `times` (which never fall) whose time is not before `at`, below `length`. */
export function firstAt(times: Float64Array, length: number, at: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Numbers of the first record in a time, and of the first behind it. */
export function stretchOf(live: Traced, { fromNs = 0, toNs = Infinity }: RecordFilter): readonly [from: number, until: number] {
  if (fromNs <= 0 && toNs === Infinity) return [0, live.trace.length];
  const { columns: { times }, length } = classified(live, Infinity);
  return [firstAt(times, length, fromNs), toNs === Infinity ? length : firstAt(times, length, toNs + 1)];
}

/** Layers and kinds that a filter lets through: place `layer << 8 | kind`. */
function kindTable({ layers, kinds }: RecordFilter): Uint8Array {
  const wanted = kinds === undefined ? null : new Set(kinds);
  const table = new Uint8Array(traceLayers.length * mostKinds);
  for (const [layer, name] of traceLayers.entries()) {
    if (layers !== undefined && !layers.includes(name)) continue;
    for (let kind = 0; kind < mostKinds; kind++) if (wanted === null || wanted.has(kindsOf[name][kind] ?? String(kind))) table[layer * mostKinds + kind] = 1;
  }
  return table;
}

export interface RecordTest {
  /** Whether the filter lets record `index` of whole records through; its time is not looked at. */
  readonly fits: (words: Uint32Array, index: number) => boolean;
  /** Records that were put into words so far: what costs. */
  readonly worded: () => number;
}

export function testOf(live: Traced, filter: RecordFilter): RecordTest {
  const { trace } = live;
  const table = kindTable(filter);
  const parts = filter.parts === undefined ? null : new Set([...trace.parts].flatMap(([id, name]) => (filter.parts?.includes(name) === true ? [id] : [])));
  const text = (filter.text ?? "").toLowerCase();
  const { say } = classified(live, 0).classes;
  let worded = 0;
  const fits = (words: Uint32Array, index: number): boolean => {
    const place = index * recordWords;
    const packed = words[place + 1] ?? 0;
    if (table[((packed >>> 21) & 7) * mostKinds + (packed >>> 24)] !== 1) return false;
    if (parts !== null && !parts.has(partAt(words, place))) return false;
    if (text === "") return true;
    worded++;
    return say(readRecord(words, index)).toLowerCase().includes(text);
  };
  return { fits, worded: () => worded };
}
