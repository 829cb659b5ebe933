// Records of the trace in words, by their numbers or chosen by a filter, for lists and for what is said of a place on the time line.

import { kindOf, kindsOf, partOf } from "../../scenario/trace/select.ts";
import type { TraceLayer } from "../../sim/trace.ts";
import { layerIndex, readRecord } from "../../sim/trace.ts";
import { classified } from "./columns-look.ts";
import type { Traced } from "./columns-look.ts";
import { findLook } from "./find-look.ts";
import type { RecordFilter } from "./record-filter.ts";

/** Certain records by their numbers, or those of a filter from one on. At most 2000 lines are given. */
export type RecordsQuestion = { readonly indices: ArrayLike<number> } | { readonly filter: RecordFilter; readonly from: number; readonly most: number };

export interface RecordLine {
  /** Number in the trace, from 0. */
  readonly index: number;
  /** Virtual ns since power-on. */
  readonly atNs: number;
  readonly layer: TraceLayer;
  readonly kind: string;
  /** Name of the part of the machine that it speaks of. */
  readonly part: string | null;
  readonly text: string;
}

export interface Records {
  readonly generation: number;
  readonly lines: readonly RecordLine[];
  /** Records that the trace has. */
  readonly known: number;
  /** Of a filter: where to go on; null: there are no more so far. */
  readonly next: number | null;
}

const mostLines = 2000;
const allKinds: readonly number[] = Array.from({ length: 256 }, (_, kind) => kind);

function linesOf(live: Traced, indices: ArrayLike<number>): RecordLine[] {
  const { trace } = live;
  const { say } = classified(live, 0).classes;
  const known = trace.length;
  return Array.from({ length: Math.min(indices.length, mostLines) }, (_, place) => indices[place] ?? -1).filter((index) => Number.isInteger(index) && index >= 0 && index < known).map((index) => {
    const record = readRecord(trace.words(index, 1), 0);
    return { index, atNs: record.time, layer: record.layer, kind: kindOf(record), part: trace.parts.get(partOf(record) ?? -1) ?? null, text: say(record) };
  });
}

export function recordsLook(live: Traced, question: RecordsQuestion): Records {
  const { trace, status: { generation } } = live;
  if ("indices" in question) return { generation, lines: linesOf(live, question.indices), known: trace.length, next: null };
  const { indices, next, known } = findLook(live, { ...question, most: Math.min(question.most, mostLines), direction: "forward" });
  return { generation, lines: linesOf(live, indices), known, next };
}

/** What records can be chosen by: layers with the kinds that occur in them, and parts. */
export interface RecordChoices {
  readonly kinds: Readonly<Record<TraceLayer, readonly string[]>>;
  readonly parts: readonly string[];
}

export function recordChoicesLook(live: Traced, _question: Readonly<Record<string, never>>): RecordChoices {
  const { classes: { seen } } = classified(live, Infinity);
  const kindsIn = (layer: TraceLayer): string[] => allKinds.filter((kind) => seen[(layerIndex[layer] << 8) | kind] === 1).map((kind) => kindsOf[layer][kind] ?? String(kind));
  return { kinds: { access: kindsIn("access"), hardware: kindsIn("hardware"), kernel: kindsIn("kernel"), log: kindsIn("log"), result: kindsIn("result") }, parts: [...live.trace.parts.values()] };
}
