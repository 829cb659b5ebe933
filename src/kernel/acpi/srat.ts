// NUMA nodes of physical addresses: memory affinity structures of the SRAT (ACPI 5.2.16.2), then one node for every CXL window that none of them
// covers (acpi_parse_cfmws).

import type { Kernel } from "../base/kernel.ts";
import { defineState, printk } from "../base/kernel.ts";
import { parseCedt } from "./cedt.ts";
import { findTable, headerBytes, read32, read64 } from "./tables.ts";

export interface NodeRange {
  readonly base: bigint;
  readonly size: bigint;
  readonly node: number;
}

const nodeState = defineState("acpi.nodes", () => ({ ranges: [] as NodeRange[], byDomain: new Map<number, number>() }));

const firstStructure = headerBytes + 12;
const memoryAffinity = { type: 1, length: 40 } as const;
const enabledFlag = 1;
const hotPluggableFlag = 2;

function nodeOfDomain(kernel: Kernel, domain: number): number {
  const { byDomain } = nodeState(kernel);
  const known = byDomain.get(domain);
  if (known !== undefined) return known;
  const node = byDomain.size;
  byDomain.set(domain, node);
  return node;
}

function readSrat(kernel: Kernel): void {
  const bytes = findTable(kernel, "SRAT")?.bytes ?? new Uint8Array();
  for (let at = firstStructure; at + 2 <= bytes.length; ) {
    const length = bytes[at + 1] ?? 0;
    if (length < 2 || at + length > bytes.length) return;
    if (bytes[at] === memoryAffinity.type && length >= memoryAffinity.length) addAffinity(kernel, bytes, at);
    at += length;
  }
}

function addAffinity(kernel: Kernel, bytes: Uint8Array, at: number): void {
  const flags = read32(bytes, at + 28);
  const base = read64(bytes, at + 8);
  const size = read64(bytes, at + 16);
  if ((flags & enabledFlag) === 0 || size === 0n) return;
  const domain = read32(bytes, at + 2);
  const node = nodeOfDomain(kernel, domain);
  nodeState(kernel).ranges.push({ base, size, node });
  const hex = (value: bigint): string => `0x${value.toString(16).padStart(8, "0")}`;
  printk(kernel, "info", `ACPI: SRAT: Node ${node} PXM ${domain} [mem ${hex(base)}-${hex(base + size - 1n)}]${(flags & hotPluggableFlag) === 0 ? "" : " hotplug"}`);
}

/** Reads nodes from the tables; once, after they are loaded. */
export function initializeNodes(kernel: Kernel): void {
  readSrat(kernel);
  const cedt = findTable(kernel, "CEDT");
  const { ranges, byDomain } = nodeState(kernel);
  let next = Math.max(1, byDomain.size);
  for (const { base, size } of cedt === undefined ? [] : parseCedt(cedt.bytes).windows) {
    if (targetNode(kernel, base) < 0) ranges.push({ base, size, node: next++ });
  }
}

/** Node that memory at this address will belong to (phys_to_target_node), or -1. */
export const targetNode = (kernel: Kernel, address: bigint): number => nodeState(kernel).ranges.find((range) => range.base <= address && address < range.base + range.size)?.node ?? -1;
