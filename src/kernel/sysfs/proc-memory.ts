// What memory is there and what it is used for, as user space reads it: /proc/meminfo, `meminfo` of nodes, settings below /proc/sys/vm (fs/proc/meminfo.c,
// drivers/base/node.c).

import type { Kernel } from "../base/kernel.ts";
import type { PageKind } from "../mm/page-types.ts";
import { hugePage } from "../mm/page-types.ts";
import { corruptedBytes } from "../mm/poison.ts";
import type { Usage } from "../mm/usage.ts";
import { usageOf } from "../mm/usage.ts";
import type { Node } from "./node.ts";
import { file, fixed } from "./node.ts";

type Row = readonly [string, bigint];
const kibibyte = 1024n;

const sumOf = (usage: Usage, ...kinds: readonly PageKind[]): bigint => kinds.reduce((sum, kind) => sum + (usage.byKind.get(kind) ?? 0n), 0n);

/** Rows that a node has and the whole system too. The kernel's own data and what was reserved at boot are in MemTotal and used. */
const usedRows = (usage: Usage): Row[] => [
  ["Dirty", sumOf(usage, "file-dirty")],
  ["Writeback", 0n],
  ["AnonPages", sumOf(usage, "anon")],
  ["Shmem", sumOf(usage, "shmem")],
  ["PageTables", sumOf(usage, "page-table")],
  ["Slab", sumOf(usage, "slab")],
  ["AnonHugePages", usage.hugeAnonymous],
];

const cached = (usage: Usage): bigint => sumOf(usage, "file-clean", "file-dirty", "shmem");
const swapCached = (usage: Usage): bigint => sumOf(usage, "swap-clean", "swap-dirty");

/** `meminfo` of a node. */
export function nodeInformation(kernel: Kernel, node: number): string {
  const usage = usageOf(kernel, node);
  const rows: Row[] = [["MemTotal", usage.total], ["MemFree", usage.total - usage.used], ["MemUsed", usage.used], ["SwapCached", swapCached(usage)], ["FilePages", cached(usage)], ...usedRows(usage)];
  const counts: Row[] = [["HugePages_Total", usage.hugetlb2M / hugePage], ["HugePages_Free", usage.pooled2M / hugePage]];
  const name = (text: string): string => `Node ${node} ${`${text}:`.padEnd(16)}`;
  return rows.map(([text, bytes]) => `${name(text)}${String(bytes / kibibyte).padStart(8)} kB\n`).join("") + counts.map(([text, pages]) => `${name(text)}${String(pages).padStart(5)}\n`).join("");
}

/** /proc/meminfo. What can be had is what is free and what is a clean copy of something else. */
export function memoryInformation(kernel: Kernel): string {
  const usage = usageOf(kernel, null);
  const free = usage.total - usage.used;
  const rows: Row[] = [
    ["MemTotal", usage.total], ["MemFree", free], ["MemAvailable", free + sumOf(usage, "file-clean", "swap-clean")], ["Buffers", 0n], ["Cached", cached(usage)], ["SwapCached", swapCached(usage)],
    ...usedRows(usage), ["HardwareCorrupted", corruptedBytes(kernel)],
  ];
  const counts: Row[] = [["HugePages_Total", usage.hugetlb2M / hugePage], ["HugePages_Free", usage.pooled2M / hugePage], ["HugePages_Rsvd", 0n], ["HugePages_Surp", 0n]];
  const sizes: Row[] = [["Hugepagesize", hugePage], ["Hugetlb", sumOf(usage, "hugetlb")]];
  const row = ([text, bytes]: Row): string => `${`${text}:`.padEnd(16)}${String(bytes / kibibyte).padStart(8)} kB\n`;
  return rows.map(row).join("") + counts.map(([text, pages]) => `${`${text}:`.padEnd(16)}${String(pages).padStart(8)}\n`).join("") + sizes.map(row).join("");
}

/** /proc/sys/vm: what the kernel is set to (docs/settings.md). Read-only here: settings belong to the scenario. */
export function vmNode(kernel: Kernel): Node {
  const setting = (read: () => boolean): Node => file(() => `${read() ? 1 : 0}\n`);
  const { settings } = kernel;
  return fixed({
    enable_soft_offline: setting(() => settings.softOffline),
    memory_failure_early_kill: setting(() => settings.earlyKill),
    memory_failure_recovery: setting(() => settings.memoryFailureRecovery),
    ...(kernel.policy.version === "7.3" ? { panic_on_unrecoverable_memory_failure: setting(() => settings.panicOnUnrecoverable) } : {}),
    nr_hugepages: file(() => `${usageOf(kernel, null).hugetlb2M / hugePage}\n`),
  });
}
