// Pages of System RAM as the memory management model has them: runs, not pages, so that hundreds of GiB cost as much as their owners (dax-memory 6, machine-check 5.2).

import type { Zone } from "./memory-state.ts";

/** `memmap`: struct pages that lie on the memory they describe. `reserved`: since boot, never moves. */
export type PageKind = "anon" | "file-clean" | "file-dirty" | "shmem" | "swap-clean" | "swap-dirty" | "hugetlb" | "slab" | "page-table" | "kernel-data" | "memmap" | "reserved";

/** The kernel's own: a load from one is in kernel context, and it never moves. */
export const kernelPageKinds: readonly PageKind[] = ["slab", "page-table", "kernel-data", "memmap", "reserved"];

/** Bytes of the smallest page, and of the folios that page tables have levels for. */
export const basePage = 0x1000n;
export const hugePage = 0x20_0000n;
export const gigaPage = 0x4000_0000n;

/** A run of neighbouring pages of one kind and owner. What no run covers of an online block is free. */
export interface PageRun {
  /** Of the run as it was allocated: its parts keep it when they are cut or move. */
  readonly id: number;
  /** Physical address, a multiple of `unit`. */
  readonly start: bigint;
  /** Bytes, a multiple of `unit`. */
  readonly size: bigint;
  readonly kind: PageKind;
  /** Process; 0: the kernel's. */
  readonly pid: number;
  /** Of the process, file or cache, as reports name it. */
  readonly owner: string;
  /** Bytes of a folio: 4 KiB, 2 MiB or 1 GiB. */
  readonly unit: bigint;
}

/** What an allocation asks for. Movable kinds go to ZONE_MOVABLE first, the kernel's to kernel zones only. */
export interface AllocationRequest {
  readonly kind: PageKind;
  readonly size: bigint;
  readonly pid: number;
  readonly owner: string;
  readonly unit?: bigint;
  /** Nodes in order of preference; absent: by the zone lists of node 0. */
  readonly nodes?: readonly number[];
  /** Only these nodes (MPOL_BIND). */
  readonly isBound?: boolean;
}

/** What is at a physical address. */
export type PageAt =
  | { readonly is: "outside" }
  | { readonly is: "offline"; readonly block: number }
  | { readonly is: "free"; readonly zone: Zone | null }
  | { readonly is: "page"; readonly run: PageRun; readonly zone: Zone | null; readonly isPinned: boolean; readonly isPoisoned: boolean };
