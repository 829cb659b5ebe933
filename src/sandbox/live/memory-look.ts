// The page and zone map at the position: nodes, their zones with what is used of them, and all memory as runs of pages that are alike.

import { isHotplugKnown } from "../../kernel/mm/memory-state.ts";
import type { Span } from "../../scenario/explanation.ts";
import { sceneOf } from "../forensics/explain.ts";
import { rangeOf, spanOf } from "../forensics/scene.ts";
import type { Backing } from "./backing.ts";
import { backingAt, backingsOf } from "./backing.ts";
import type { LiveRun } from "./contract.ts";
import type { MemoryPiece, MemoryUse } from "./memory-runs.ts";
import { memoryPieces } from "./memory-runs.ts";

export interface MemoryQuestion {
  /** Most runs that are told; smaller neighbours are told together beyond that. */
  readonly most: number;
}

export interface MemoryRun extends Span {
  readonly node: number;
  readonly zone: string;
  readonly use: MemoryUse;
  /** Kind of page; "" where nobody has any; "several" of runs told together. */
  readonly kind: string;
  readonly owner: string;
  readonly isPoisoned: boolean;
  readonly isLost: boolean;
  readonly isGoing: boolean;
  readonly longPins: readonly string[];
  readonly shortPins: readonly string[];
  /** Dax device or region; "": DRAM. */
  readonly backing: string;
  readonly region: string;
  /** Cards of the machine behind it. */
  readonly parts: readonly string[];
  /** Runs that this one stands for; 1: itself alone. */
  readonly count: number;
}

/** Bytes, decimal. */
export interface ZoneSum {
  readonly zone: string;
  readonly total: string;
  /** Online and free of poison. */
  readonly free: string;
  readonly used: string;
  readonly poisoned: string;
  readonly lost: string;
  /** Held for long. */
  readonly pinned: string;
}

export interface NodeSum {
  readonly node: number;
  readonly zones: readonly ZoneSum[];
}

export interface MemoryLook {
  /** False: the kernel does not know its memory yet. */
  readonly isKnown: boolean;
  readonly nodes: readonly NodeSum[];
  readonly runs: readonly MemoryRun[];
  /** Runs that there are, whether told one by one or together. */
  readonly total: number;
}

const zoneOrder = ["DMA", "DMA32", "Normal", "Movable", "Device", ""];

function zoneSum(zone: string, pieces: readonly MemoryPiece[]): ZoneSum {
  const sum = (isCounted: (piece: MemoryPiece) => boolean): string => String(pieces.reduce((all, piece) => (isCounted(piece) ? all + piece.end - piece.start : all), 0n));
  const isFree = ({ use, isPoisoned }: MemoryPiece): boolean => (use === "free" || use === "idle") && !isPoisoned;
  return {
    zone, total: sum(() => true), free: sum(isFree), used: sum((piece) => !isFree(piece) && piece.use !== "offline"),
    poisoned: sum(({ isPoisoned }) => isPoisoned), lost: sum(({ isLost }) => isLost), pinned: sum(({ longPins }) => longPins.length > 0),
  };
}

function nodeSums(pieces: readonly MemoryPiece[]): NodeSum[] {
  const nodes = [...new Set(pieces.map(({ node }) => node))].toSorted((a, b) => a - b);
  return nodes.map((node) => {
    const own = pieces.filter((piece) => piece.node === node);
    const zones = [...new Set(own.map(({ zone }) => zone))].toSorted((a, b) => zoneOrder.indexOf(a) - zoneOrder.indexOf(b));
    return { node, zones: zones.map((zone) => zoneSum(zone, own.filter((piece) => piece.zone === zone))) };
  });
}

interface Counted extends MemoryPiece {
  readonly count: number;
}

const isSpecial = ({ isPoisoned, isLost, longPins, isGoing }: MemoryPiece): boolean => isPoisoned || isLost || isGoing || longPins.length > 0;

/** Two neighbours as one: what is special of either is told, the use is the larger one's. */
function together(a: Counted, b: Counted): Counted {
  const larger = b.end - b.start > a.end - a.start ? b : a;
  const both = (one: readonly string[], other: readonly string[]): string[] => [...new Set([...one, ...other])];
  return {
    ...larger, start: a.start, end: b.end, kind: a.kind === b.kind ? a.kind : larger.kind, count: a.count + b.count, isPoisoned: a.isPoisoned || b.isPoisoned, isLost: a.isLost || b.isLost,
    isGoing: a.isGoing || b.isGoing, longPins: both(a.longPins, b.longPins), shortPins: both(a.shortPins, b.shortPins),
  };
}

/** At most so many runs: neighbours of one zone that are small are told together, those that are special last. */
function bounded(pieces: readonly MemoryPiece[], most: number): Counted[] {
  let runs: Counted[] = pieces.map((piece) => ({ ...piece, count: 1 }));
  for (let unit = 0x20_0000n; runs.length > most && unit < 1n << 60n; unit *= 4n) {
    const isSparing = unit < 1n << 32n;
    const result: Counted[] = [];
    for (const run of runs) {
      const last = result.at(-1);
      const fits = last !== undefined && last.end === run.start && last.node === run.node && last.zone === run.zone && last.start / unit === (run.end - 1n) / unit;
      if (last !== undefined && fits && !(isSparing && isSpecial(last) !== isSpecial(run))) result.splice(-1, 1, together(last, run));
      else result.push(run);
    }
    runs = result;
  }
  return runs;
}

function told(run: Counted, backings: readonly Backing[]): MemoryRun {
  const { start, end, ...rest } = run;
  const backing = backingAt(backings, start);
  return { ...spanOf(rangeOf({ base: start, size: end - start })), ...rest, backing: backing?.name ?? "", region: backing?.region ?? "", parts: backing?.parts ?? [] };
}

export function memoryLook({ run }: LiveRun, { most }: MemoryQuestion): MemoryLook {
  const scene = sceneOf(run);
  if (!isHotplugKnown(scene.kernel)) return { isKnown: false, nodes: [], runs: [], total: 0 };
  const backings = backingsOf(scene);
  const pieces = memoryPieces(scene.kernel, backings);
  return { isKnown: true, nodes: nodeSums(pieces), runs: bounded(pieces, most).map((one) => told(one, backings)), total: pieces.length };
}
