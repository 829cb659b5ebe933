// Records of a trace chosen by layer, time, part and kind.

import type { TraceLayer, TraceRecord } from "../../sim/trace.ts";
import { kernelKinds, logKinds, readRecord, recordWords, resultKinds, traceLayers } from "../../sim/trace.ts";
import type { TraceFile } from "./file.ts";
import { registerAccessOf } from "./register-words.ts";
import { accessKinds, hardwareKinds } from "./words.ts";

export { traceLayers };
export type { TraceLayer };

const namesOf = (kinds: Readonly<Record<string, number>>): string[] => Object.entries(kinds).reduce<string[]>((names, [name, number]) => {
  names[number] = name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return names;
}, [""]);

/** Kinds of records by layer and number. */
export const kindsOf: Readonly<Record<TraceLayer, readonly string[]>> = { access: accessKinds, hardware: hardwareKinds, kernel: namesOf(kernelKinds), log: namesOf(logKinds), result: namesOf(resultKinds) };

/** Every name of a kind, once. */
export const kindNames: readonly string[] = [...new Set(traceLayers.flatMap((layer) => kindsOf[layer].filter((name) => name !== "")))];

/** Kind of a record in words, or its number. */
export const kindOf = ({ layer, kind }: Pick<TraceRecord, "layer" | "kind">): string => kindsOf[layer][kind] ?? String(kind);

/** The number of the part that a record speaks of; undefined: of none. */
export function partOf(record: TraceRecord): number | undefined {
  if (record.layer === "hardware") return record.a === 0xffff_ffff ? undefined : record.a;
  const access = registerAccessOf(record);
  return access === undefined || access.part === 0xffff_ffff ? undefined : access.part;
}

/** What is wanted; absent: all. */
export interface TraceFilter {
  readonly layers?: readonly TraceLayer[];
  /** Virtual ns, inclusive. */
  readonly from?: number;
  readonly to?: number;
  readonly parts?: readonly string[];
  readonly kinds?: readonly string[];
}

export interface SelectedRecord {
  /** Number in the trace, from 0. */
  readonly index: number;
  readonly record: TraceRecord;
}

/** Records that a filter lets through, in order. */
export function* selectRecords({ records, parts }: TraceFile, filter: TraceFilter): Generator<SelectedRecord> {
  const layers = new Set(filter.layers ?? traceLayers);
  const wantedParts = filter.parts === undefined ? null : new Set([...parts].flatMap(([id, name]) => (filter.parts?.includes(name) === true ? [id] : [])));
  for (let index = 0; index < records.length / recordWords; index++) {
    const record = readRecord(records, index);
    if (!layers.has(record.layer) || record.time < (filter.from ?? 0) || record.time > (filter.to ?? Infinity)) continue;
    if (filter.kinds !== undefined && !filter.kinds.includes(kindOf(record))) continue;
    if (wantedParts !== null && !wantedParts.has(partOf(record) ?? -1)) continue;
    yield { index, record };
  }
}
