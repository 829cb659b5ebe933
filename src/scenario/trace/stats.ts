// What a trace has, counted: records by layer, kind and part, machine checks, and the registers that software touched most.

import type { TraceLayer } from "../../sim/trace.ts";
import { kernelKinds } from "../../sim/trace.ts";
import type { TraceFile } from "./file.ts";
import { createRegisterWords, registerAccessOf } from "./register-words.ts";
import type { TraceFilter } from "./select.ts";
import { kindOf, partOf, selectRecords } from "./select.ts";

export interface LayerStats {
  readonly records: number;
  readonly firstAtNs: number | null;
  readonly lastAtNs: number | null;
  readonly kinds: Readonly<Record<string, number>>;
}

export interface RegisterStats {
  readonly part: string;
  readonly register: string;
  readonly reads: number;
  readonly writes: number;
}

export interface TraceStats {
  readonly records: number;
  readonly firstAtNs: number | null;
  readonly lastAtNs: number | null;
  /** Layers that have records. */
  readonly layers: Readonly<Partial<Record<TraceLayer, LayerStats>>>;
  /** Records of hardware and accesses by the part they speak of, the most first. */
  readonly parts: Readonly<Record<string, number>>;
  /** Bursts are what one consumer met at one row of the behaviour at once. */
  readonly machineChecks: { readonly bursts: number; readonly checks: number; readonly largestBurst: number; readonly largestAtNs: number | null };
  /** The most touched first. */
  readonly registers: readonly RegisterStats[];
  /** Registers that were touched and are not listed. */
  readonly registersLeftOut: number;
}

interface Counts {
  reads: number;
  writes: number;
}

const add = <K>(counts: Map<K, number>, key: K, by = 1): void => void counts.set(key, (counts.get(key) ?? 0) + by);
const most = <K extends string>(counts: ReadonlyMap<K, number>): Record<K, number> => Object.fromEntries([...counts].toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))) as Record<K, number>;

interface Layer {
  records: number;
  readonly firstAtNs: number;
  lastAtNs: number;
  readonly kinds: Map<string, number>;
}

/** Accesses by part and register name. */
class Registers {
  readonly #trace: TraceFile;
  readonly #words: ReturnType<typeof createRegisterWords>;
  readonly #counts = new Map<string, Counts>();

  constructor(trace: TraceFile) {
    this.#trace = trace;
    this.#words = createRegisterWords(trace);
  }

  add(access: NonNullable<ReturnType<typeof registerAccessOf>>): void {
    if (access.judgement !== "done") return;
    const key = `${this.#trace.parts.get(access.part) ?? `part ${access.part}`} ${this.#words.nameAt(access.part, access.space, access.offset, access.width)}`;
    let counts = this.#counts.get(key);
    if (counts === undefined) this.#counts.set(key, counts = { reads: 0, writes: 0 });
    if (access.isWrite) counts.writes++;
    else counts.reads++;
  }

  result(listed: number): Pick<TraceStats, "registers" | "registersLeftOut"> {
    const all = [...this.#counts].toSorted(([a, x], [b, y]) => y.reads + y.writes - x.reads - x.writes || (a < b ? -1 : 1));
    const registers = all.slice(0, listed).map(([key, counts]) => {
      const at = key.indexOf(" ");
      return { part: key.slice(0, at), register: key.slice(at + 1), ...counts };
    });
    return { registers, registersLeftOut: all.length - registers.length };
  }
}

/** @param listed registers to name */
export function statsOf(trace: TraceFile, filter: TraceFilter, listed: number): TraceStats {
  const layers = new Map<TraceLayer, Layer>();
  const parts = new Map<string, number>();
  const registers = new Registers(trace);
  const checks = { bursts: 0, checks: 0, largestBurst: 0, largestAtNs: null as number | null };
  for (const { record } of selectRecords(trace, filter)) {
    const { layer: name, time, kind, e } = record;
    let layer = layers.get(name);
    if (layer === undefined) layers.set(name, layer = { records: 0, firstAtNs: time, lastAtNs: time, kinds: new Map() });
    layer.records++;
    layer.lastAtNs = time;
    add(layer.kinds, kindOf(record));
    const part = partOf(record);
    if (part !== undefined) add(parts, trace.parts.get(part) ?? `part ${part}`);
    const access = registerAccessOf(record);
    if (access !== undefined) registers.add(access);
    if (name !== "kernel" || kind !== kernelKinds.machineCheck) continue;
    checks.bursts++;
    checks.checks += e;
    if (e > checks.largestBurst) Object.assign(checks, { largestBurst: e, largestAtNs: time });
  }
  const all = [...layers.values()];
  const bounds = (of: (layer: Layer) => number, pick: (...values: number[]) => number): number | null => (all.length === 0 ? null : pick(...all.map(of)));
  return {
    records: all.reduce((sum, { records }) => sum + records, 0), firstAtNs: bounds((layer) => layer.firstAtNs, Math.min), lastAtNs: bounds((layer) => layer.lastAtNs, Math.max),
    layers: Object.fromEntries([...layers].map(([name, layer]) => [name, { ...layer, kinds: most(layer.kinds) }])), parts: most(parts), machineChecks: checks, ...registers.result(listed),
  };
}
