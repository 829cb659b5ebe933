// How much memory is used for what: the figures behind /proc/meminfo and those of nodes.

import type { Kernel } from "../base/kernel.ts";
import type { PageKind, PageRun } from "./page-types.ts";
import { hugePage } from "./page-types.ts";
import { runsIn } from "./pages.ts";
import { poisonWithin } from "./poison.ts";
import { onlineAreas } from "./zone-areas.ts";

/** Bytes. */
export interface Usage {
  readonly total: bigint;
  readonly used: bigint;
  readonly byKind: ReadonlyMap<PageKind, bigint>;
  /** Anonymous memory in huge pages. */
  readonly hugeAnonymous: bigint;
  /** Free pages of the pools of huge pages: of 2 MiB, and all. */
  readonly pooled: bigint;
  readonly hugetlb2M: bigint;
  readonly pooled2M: bigint;
}

const bytesOf = (runs: readonly PageRun[]): bigint => runs.reduce((sum, { size }) => sum + size, 0n);

/** Of a node; null: of all. Poisoned pages are used, whoever had them. */
export function usageOf(kernel: Kernel, node: number | null): Usage {
  const areas = onlineAreas(kernel).filter((area) => node === null || area.node === node);
  const runs = areas.flatMap(({ start, end }) => runsIn(kernel, start, end - start));
  const poisoned = areas.flatMap((area) => poisonWithin(kernel, area));
  const inRuns = poisoned.reduce((sum, { start, end }) => sum + bytesOf(runsIn(kernel, start, end - start)), 0n);
  const byKind = new Map<PageKind, bigint>();
  for (const { kind, size } of runs) byKind.set(kind, (byKind.get(kind) ?? 0n) + size);
  const hugetlb = runs.filter(({ kind }) => kind === "hugetlb");
  return {
    total: areas.reduce((sum, { start, end }) => sum + end - start, 0n),
    used: bytesOf(runs) + poisoned.reduce((sum, { start, end }) => sum + end - start, 0n) - inRuns,
    byKind,
    hugeAnonymous: bytesOf(runs.filter(({ kind, unit }) => kind === "anon" && unit === hugePage)),
    pooled: bytesOf(hugetlb.filter(({ pid }) => pid === 0)),
    hugetlb2M: bytesOf(hugetlb.filter(({ unit }) => unit === hugePage)),
    pooled2M: bytesOf(hugetlb.filter(({ unit, pid }) => unit === hugePage && pid === 0)),
  };
}
