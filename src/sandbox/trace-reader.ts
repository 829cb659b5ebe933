// The end of the trace, kept while a run goes on: so many records of each layer, and what they say in words.

import type { TraceLayer, TraceRecord } from "../sim/trace.ts";
import { readRecord, recordWords, traceLayers } from "../sim/trace.ts";
import type { Hardware } from "../hardware/machine.ts";
import type { System } from "./system.ts";

/** Records kept of each layer. */
const keptRecords = 4096;

/** Kinds of records in words, by number; assembly/trace/ring.ts has the numbers. */
export const accessKinds = ["", "config read", "config write", "mmio read", "mmio write", "load", "store", "request", "completion"] as const;
export const hardwareKinds = [
  "", "link", "isolation", "isolation cleared", "violation", "busy", "interrupt", "interrupt lost", "commit", "reset", "timeout", "dropped", "poison", "stall", "host", "refused", "probe", "plug", "ready",
  "error message", "limit", "account", "unmodelled", "ras", "contained", "media", "register", "reserved", "command", "background", "event",
  "write back", "caches invalidated",
] as const;

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

const hex = (value: number): string => `0x${value.toString(16)}`;

/** Names of the machine's parts by their numbers in records. */
export function partNames({ entities }: Pick<Hardware, "entities">): ReadonlyMap<number, string> {
  return new Map([entities.bridges, entities.ports, entities.switches, entities.devices].flatMap((kind) => [...kind].map(([name, { id }]) => [id, name] as const)));
}

/** What a record says, in words; `strings` are those of the layers above the hardware. */
export function wordsOfRecord(parts: ReadonlyMap<number, string>, strings: readonly string[], record: TraceRecord): string {
  const { layer, kind, a, b, c, d, e, f } = record;
  if (layer === "hardware") return `${parts.get(a) ?? `part ${a}`}: ${hardwareKinds[kind] ?? `kind ${kind}`} ${[b, c, d, e, f].map(hex).join(" ")}`;
  if (layer === "access") return `${accessKinds[kind] ?? `kind ${kind}`} ${[a, b, c, d, e, f].map(hex).join(" ")}`;
  const detail = strings[b] ?? "";
  return `${strings[a] ?? ""}${detail === "" ? "" : layer === "log" ? ` (${detail})` : `: ${detail}`}`;
}

/** A record as one line: virtual seconds, layer, what happened. */
export function describeRecord({ hardware, kernel }: System): (record: TraceRecord) => string {
  const parts = partNames(hardware);
  return (record) => {
    const { time, layer } = record;
    const at = `${String(Math.floor(time / 1e9)).padStart(5)}.${String(time % 1e9).padStart(9, "0")}`;
    return `[${at}] ${layer.padEnd(8)} ${wordsOfRecord(parts, kernel.trace.strings, record)}`;
  };
}
