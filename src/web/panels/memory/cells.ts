// The map of a zone as cells of equal size: what stands in each, the special before the ordinary.

import type { MemoryRun } from "../../../sandbox/live/memory-look.ts";

/** What a cell shows, the gravest first. */
export const cellKinds = ["lost", "poisoned", "pinned", "going", "kernel", "used", "device", "offline", "idle", "free"] as const;
export type CellKind = (typeof cellKinds)[number];

export const kindWords: Readonly<Record<CellKind, string>> = {
  lost: "lost: loads do not answer", poisoned: "poisoned", pinned: "held for long", going: "going offline", kernel: "the kernel's own", used: "used by processes and files", device: "in use as a device", offline: "offline", idle: "nobody uses it", free: "free",
};

export function kindOf({ use, isLost, isPoisoned, isGoing, longPins }: Pick<MemoryRun, "use" | "isLost" | "isPoisoned" | "isGoing" | "longPins">): CellKind {
  if (isLost) return "lost";
  if (isPoisoned) return "poisoned";
  if (longPins.length > 0) return "pinned";
  return isGoing ? "going" : use;
}

export interface Cell {
  readonly kind: CellKind;
  /** Number of the run in the list that most tells what it shows. */
  readonly run: number;
}

/** Runs that lie side by side in one zone of one node. */
export interface ZoneRuns {
  readonly node: number;
  readonly zone: string;
  readonly bytes: bigint;
  readonly runs: readonly MemoryRun[];
}

/** The zones of a map, in order of node and of address. */
export function zonesOf(runs: readonly MemoryRun[]): ZoneRuns[] {
  const zones = new Map<string, MemoryRun[]>();
  for (const run of runs) {
    const key = `${run.node} ${run.zone}`;
    const own = zones.get(key);
    if (own === undefined) zones.set(key, [run]);
    else own.push(run);
  }
  return [...zones.values()].map((own) => ({ node: own[0]?.node ?? 0, zone: own[0]?.zone ?? "", bytes: own.reduce((sum, { bytes }) => sum + BigInt(bytes), 0n), runs: own })).toSorted((a, b) => a.node - b.node);
}

/** So many cells over a zone; each shows the gravest of what lies in it, of ordinary uses the largest. */
export function cellsOf({ runs, bytes }: ZoneRuns, count: number): Cell[] {
  const size = bytes / BigInt(count) > 0n ? bytes / BigInt(count) : 1n;
  const firstOrdinary = cellKinds.indexOf("kernel");
  const cells: Cell[] = [];
  let at = 0;
  /** Where that run begins, in bytes of the zone. */
  let before = 0n;
  for (let start = 0n; start < bytes && cells.length < count; start += size) {
    const end = cells.length === count - 1 ? bytes : start + size;
    const shares = new Map<CellKind, { bytes: bigint; run: number; largest: bigint }>();
    for (let run = runs[at]; run !== undefined && before < end; run = runs[at]) {
      const stop = before + BigInt(run.bytes);
      const share = (stop < end ? stop : end) - (before > start ? before : start);
      const kind = kindOf(run);
      const known = shares.get(kind) ?? { bytes: 0n, run: at, largest: 0n };
      shares.set(kind, { bytes: known.bytes + share, run: share > known.largest ? at : known.run, largest: share > known.largest ? share : known.largest });
      if (stop > end) break;
      before = stop;
      at++;
    }
    const [kind, { run }] = [...shares].toSorted(([a, one], [b, other]) => {
      const [first, second] = [cellKinds.indexOf(a), cellKinds.indexOf(b)];
      return first < firstOrdinary || second < firstOrdinary ? first - second : Number(other.bytes - one.bytes);
    })[0] ?? ["free" as const, { run: 0 }];
    cells.push({ kind, run });
  }
  return cells;
}
