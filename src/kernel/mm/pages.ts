// Pages of System RAM as runs: allocation by zone lists and NUMA policy, freeing, what is at an address (dax-memory 6, S79, S80). Lowest address first.

import type { Kernel } from "../base/kernel.ts";
import { SystemError } from "../base/errno.ts";
import { defineState } from "../base/kernel.ts";
import { wake } from "../../sim/task.ts";
import type { NewRun } from "./boot-memory.ts";
import { bootRuns } from "./boot-memory.ts";
import type { Zone } from "./memory-state.ts";
import { memoryNodes } from "./memory-state.ts";
import { pagesChannel, referencesIn } from "./page-reference.ts";
import type { AllocationRequest, PageAt, PageKind, PageRun } from "./page-types.ts";
import { basePage, gigaPage, kernelPageKinds } from "./page-types.ts";
import { isPoisoned, withoutPoison } from "./poison.ts";
import type { Extent } from "./run-list.ts";
import { cutOut, gapsWithin, insertRun, nextGap, runAt, runsWithin } from "./run-list.ts";
import type { ZoneArea } from "./zone-areas.ts";
import { blockAt, zoneAreas, zoneAt } from "./zone-areas.ts";

interface PageState {
  /** In order of address. */
  readonly runs: PageRun[];
  nextId: number;
  /** Rises whenever a run comes, goes or moves. */
  generation: number;
}

/** Made when it is first looked at: as boot leaves it. */
const holder = defineState("mm.pages", (): { state: PageState | null } => ({ state: null }));

function pages(kernel: Kernel): PageState {
  const held = holder(kernel);
  if (held.state !== null) return held.state;
  const state: PageState = { runs: [], nextId: 1, generation: 0 };
  held.state = state;
  for (const run of bootRuns(kernel)) addTo(state, run);
  return state;
}

/** Adds what of a run nothing else covers. */
function addTo(state: PageState, run: NewRun): PageRun[] {
  const added = gapsWithin(state.runs, { start: run.start, end: run.start + run.size }).map(({ start, end }): PageRun => ({ ...run, id: state.nextId++, start, size: end - start }));
  for (const one of added) insertRun(state.runs, one);
  state.generation++;
  return added;
}

/** Whether pages of this kind and size of folio move: they may live in ZONE_MOVABLE. A 1 GiB folio moves, but is not given there (htlb_alloc_mask). */
export const isMovable = (kind: PageKind): boolean => !kernelPageKinds.includes(kind);

/** Pages that a long-term pin is about to hold stay out of ZONE_MOVABLE. */
export interface PlacementRequest extends AllocationRequest {
  readonly isForPin?: boolean;
}

/** Zones that an allocation may come from, best first. */
function zonesFor({ kind, isForPin }: PlacementRequest, unit: bigint): readonly Zone[] {
  const kernelZones = ["Normal", "DMA32", "DMA"] as const;
  return isMovable(kind) && unit < gigaPage && isForPin !== true ? ["Movable", ...kernelZones] : kernelZones;
}

/** The node itself, then the others with memory; they are equally far. */
export const zonelistOf = (kernel: Kernel, node: number): number[] => [node, ...memoryNodes(kernel).filter((other) => other !== node)];

/** Nodes in the order in which they are tried. */
function nodesFor(kernel: Kernel, { nodes, isBound }: AllocationRequest): readonly number[] {
  if (nodes === undefined || nodes.length === 0) return zonelistOf(kernel, 0);
  return isBound === true ? nodes : [...new Set([...nodes, ...zonelistOf(kernel, nodes[0] ?? 0)])];
}

function areasFor(kernel: Kernel, request: PlacementRequest, unit: bigint): ZoneArea[] {
  const areas = zoneAreas(kernel);
  const zones = zonesFor(request, unit);
  return nodesFor(kernel, request).flatMap((node) => zones.flatMap((zone) => areas.filter((area) => area.node === node && area.zone === zone)));
}

/** What of a gap holds whole folios that are good, cut to them. */
function foliosOf(kernel: Kernel, gap: Extent, unit: bigint): Extent[] {
  const free = withoutPoison(kernel, [gap]);
  return free.map(({ start, end }) => ({ start: ((start + unit - 1n) / unit) * unit, end: (end / unit) * unit })).filter(({ start, end }) => start < end);
}

/** Takes up to `size` bytes in folios of `unit`. Returns what it got. */
function take(kernel: Kernel, request: PlacementRequest, size: bigint, unit: bigint): PageRun[] {
  const state = pages(kernel);
  const { kind, pid, owner } = request;
  const taken: PageRun[] = [];
  let left = size;
  for (const area of areasFor(kernel, request, unit)) {
    for (let gap = nextGap(state.runs, area); left > 0n && gap !== undefined; gap = nextGap(state.runs, { start: gap.end, end: area.end })) {
      for (const { start, end } of foliosOf(kernel, gap, unit)) {
        const bytes = end - start < left ? end - start : left;
        if (bytes > 0n) taken.push(...addTo(state, { start, size: bytes, kind, pid, owner, unit }));
        left -= bytes;
      }
    }
  }
  return taken;
}

const sizeOf = (runs: readonly PageRun[]): bigint => runs.reduce((sum, { size }) => sum + size, 0n);

/** Takes as much of the size as there is, whole folios first; transparent huge pages fall back to base pages. */
export function takePages(kernel: Kernel, request: PlacementRequest): PageRun[] {
  const unit = request.unit ?? basePage;
  const taken = take(kernel, request, request.size, unit);
  const left = request.size - sizeOf(taken);
  return left > 0n && unit > basePage && request.kind !== "hugetlb" ? [...taken, ...take(kernel, request, left, basePage)] : taken;
}

/**
 * Allocates `size` bytes, a multiple of `unit` (4 KiB when absent). Transparent huge pages fall back to base pages, hugetlb does not.
 * @throws SystemError EINVAL not whole folios; ENOMEM the zones that the kind and the nodes allow have not so much free; nothing is taken then
 */
export function allocatePages(kernel: Kernel, request: AllocationRequest): readonly PageRun[] {
  const unit = request.unit ?? basePage;
  if (request.size <= 0n || request.size % unit !== 0n) throw new SystemError("EINVAL", `${request.owner}: ${request.size} bytes are not whole pages of ${unit}`);
  const taken = takePages(kernel, request);
  if (sizeOf(taken) === request.size) return taken;
  freePages(kernel, taken);
  throw new SystemError("ENOMEM", `${request.owner}: ${request.size} bytes of ${request.kind} pages, ${request.size - sizeOf(taken)} too many`);
}

function freeWhere(kernel: Kernel, isFreed: (run: PageRun) => boolean): void {
  const state = pages(kernel);
  const left = state.runs.filter((run) => !isFreed(run));
  if (left.length === state.runs.length) return;
  state.runs.splice(0, state.runs.length, ...left);
  state.generation++;
  wake(kernel.scheduler, pagesChannel);
}

/** Frees runs as they were allocated, wherever their parts are by now. Poisoned pages of them are never used again. */
export function freePages(kernel: Kernel, runs: readonly PageRun[]): void {
  const ids = new Set(runs.map(({ id }) => id));
  freeWhere(kernel, ({ id }) => ids.has(id));
}

/** A process is gone: so are its pages. */
export const freeProcessPages = (kernel: Kernel, pid: number): void => freeWhere(kernel, (run) => run.pid === pid && pid !== 0);

/** Takes pages of [start, start + size) out of their runs: dropped from a cache, unmapped. Returns what lay there. */
export function discardPages(kernel: Kernel, start: bigint, size: bigint): PageRun[] {
  const state = pages(kernel);
  const taken = cutOut(state.runs, start, size);
  if (taken.length === 0) return taken;
  state.generation++;
  wake(kernel.scheduler, pagesChannel);
  return taken;
}

/** Pages at given places, where nothing else lies: the kernel's own of a block. */
export const placePages = (kernel: Kernel, run: NewRun): PageRun[] => addTo(pages(kernel), run);

/** The first `size` bytes of a part of a run go to other places, which were taken for it; it stays the same run. */
export function movePages(kernel: Kernel, part: PageRun, size: bigint, to: readonly PageRun[]): void {
  const state = pages(kernel);
  cutOut(state.runs, part.start, size);
  for (const target of to) {
    cutOut(state.runs, target.start, target.size);
    insertRun(state.runs, { ...part, start: target.start, size: target.size, unit: target.unit });
  }
  state.generation++;
  wake(kernel.scheduler, pagesChannel);
}

/** A number that changes whenever pages come, go or move: who has looked at runs looks again. */
export const pageGeneration = (kernel: Kernel): number => pages(kernel).generation;

/** Runs of a process, by address. Poisoned pages that it had are among them. */
export const runsOfProcess = (kernel: Kernel, pid: number): readonly PageRun[] => pages(kernel).runs.filter((run) => run.pid === pid);

/** Where the parts of some runs lie by now, by address. */
export function partsOfRuns(kernel: Kernel, runs: readonly PageRun[]): readonly PageRun[] {
  const ids = new Set(runs.map(({ id }) => id));
  return pages(kernel).runs.filter(({ id }) => ids.has(id));
}

/** Runs of an owner, by address. */
export const runsOfOwner = (kernel: Kernel, owner: string): readonly PageRun[] => pages(kernel).runs.filter((run) => run.owner === owner);

/** Runs of [start, start + size), cut to it, by address. */
export const runsIn = (kernel: Kernel, start: bigint, size: bigint): readonly PageRun[] => runsWithin(pages(kernel).runs, start, size);

/** What is at a physical address. */
export function pageAt(kernel: Kernel, address: bigint): PageAt {
  const block = blockAt(kernel, address);
  if (block === undefined) return { is: "outside" };
  const zone = block.isOnline ? zoneAt(kernel, block, address) : null;
  if (block.isOnline && zone === null) return { is: "outside" };
  const run = runAt(pages(kernel).runs, address);
  const page = (address / basePage) * basePage;
  if (run !== undefined) return { is: "page", run, zone, isPinned: referencesIn(kernel, page, basePage).length > 0, isPoisoned: isPoisoned(kernel, address) };
  return block.isOnline ? { is: "free", zone } : { is: "offline", block: block.id };
}
