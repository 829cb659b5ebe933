// The end of the trace, kept while a run goes on: so many records of each layer.

import type { TraceLayer, TraceRecord } from "../sim/trace.ts";
import { readRecord, recordWords, traceLayers } from "../sim/trace.ts";
import type { Hardware } from "../hardware/machine.ts";
import type { PartKind } from "../platform/register-places.ts";
import type { TraceNames } from "../scenario/trace/words.ts";
import { createTraceWords, lineOfRecord } from "../scenario/trace/words.ts";
import type { System } from "./system.ts";

/** Records kept of each layer. */
const keptRecords = 4096;

interface Ring {
  readonly words: Uint32Array;
  /** Place of each record in the whole trace. */
  readonly order: Float64Array;
  written: number;
}

export interface TraceReader {
  /** The last `count` records of some layers, oldest first. */
  last(count: number, layers: readonly TraceLayer[]): TraceRecord[];
}

/** Listens to a run's trace from now on; the run must not be asked for its trace besides. */
export function createTraceReader(hardware: Pick<Hardware, "storeTrace" | "drainTrace">): TraceReader {
  const rings = traceLayers.map((): Ring => ({ words: new Uint32Array(keptRecords * recordWords), order: new Float64Array(keptRecords), written: 0 }));
  let total = 0;
  hardware.storeTrace((words) => {
    for (let at = 0; at < words.length; at += recordWords) {
      const ring = rings[((words[at + 1] ?? 0) >>> 21) & 7];
      if (ring === undefined) continue;
      const slot = ring.written++ % keptRecords;
      ring.words.set(words.subarray(at, at + recordWords), slot * recordWords);
      ring.order[slot] = total++;
    }
  });
  return {
    last: (count, layers) => {
      hardware.drainTrace();
      const found = layers.flatMap((layer) => {
        const ring = rings[traceLayers.indexOf(layer)];
        if (ring === undefined) return [];
        const size = Math.min(ring.written, keptRecords, count);
        return Array.from({ length: size }, (_, index) => (ring.written - size + index) % keptRecords).map((slot) => ({ order: ring.order[slot] ?? 0, record: readRecord(ring.words, slot) }));
      });
      return found.toSorted((a, b) => a.order - b.order).slice(-count).map(({ record }) => record);
    },
  };
}

/** Names of the machine's parts by their numbers in records, and what they are. */
export function partNames({ entities: { bridges, ports, switches, devices } }: Pick<Hardware, "entities">): Pick<TraceNames, "parts" | "kinds"> {
  const all: readonly (readonly [id: number, name: string, kind: PartKind])[] = [
    ...[...bridges].map(([name, { id }]) => [id, name, "host bridge"] as const), ...[...ports].map(([name, { id, isRoot }]) => [id, name, isRoot ? "root port" : "downstream port"] as const),
    ...[...switches].map(([name, { id }]) => [id, name, "switch"] as const), ...[...devices].map(([name, { id }]) => [id, name, "device"] as const),
  ];
  return { parts: new Map(all.map(([id, name]) => [id, name])), kinds: new Map(all.map(([id, , kind]) => [id, kind])) };
}

/** A record as one line: virtual seconds, layer, what happened. */
export function describeRecord({ hardware, kernel }: System): (record: TraceRecord) => string {
  const words = createTraceWords({ ...partNames(hardware), strings: kernel.trace.strings });
  return (record) => lineOfRecord(record, words(record));
}
