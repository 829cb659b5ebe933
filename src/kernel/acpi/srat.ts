// SRAT: proximity domains to nodes, and generic ports (ACPI 5.2.16). Windows that no memory entry touches get nodes of their own behind the last domain (acpi_parse_cfmws).

import type { Kernel } from "../base/kernel.ts";
import { printk } from "../base/kernel.ts";
import type { NodeRange } from "../mm/node.ts";
import { nodeRanges } from "../mm/node.ts";
import { parseCedt } from "./cedt.ts";
import { findTable, headerBytes, read32, read64 } from "./tables.ts";

export interface MemoryAffinity {
  readonly domain: number;
  readonly start: bigint;
  readonly size: bigint;
  readonly isHotPluggable: boolean;
}

/** Generic Port Affinity by ACPI handle: the domain by which HMAT names a host bridge (ACPI 6.4 5.2.16.7). It becomes no node. */
export interface GenericPort {
  readonly uid: number;
  readonly domain: number;
}

export interface Srat {
  readonly memory: readonly MemoryAffinity[];
  readonly genericPorts: readonly GenericPort[];
  /** Every domain that is named, in the order in which Linux reads them: processors, initiators, memory. */
  readonly domains: readonly number[];
}

const types = { processor: 0, memory: 1, x2apic: 2, initiator: 5, genericPort: 6 } as const;
const acpiHandle = 0;
const reservedBytes = 12;
const hotPluggableFlag = 2;
const isEnabled = (flags: number): boolean => (flags & 1) === 1;

/** Domain of an 8-bit processor entry: its bytes lie apart. */
const processorDomain = (bytes: Uint8Array, at: number): number =>
  (bytes[at + 2] ?? 0) | ((bytes[at + 9] ?? 0) << 8) | ((bytes[at + 10] ?? 0) << 16) | ((bytes[at + 11] ?? 0) << 24);

const parseMemory = (bytes: Uint8Array, at: number): MemoryAffinity => ({
  domain: read32(bytes, at + 2),
  start: read64(bytes, at + 8),
  size: read64(bytes, at + 16),
  isHotPluggable: (read32(bytes, at + 28) & hotPluggableFlag) !== 0,
});

/** Entries that are not enabled count for nothing; one without a length ends the reading. */
export function parseSrat(bytes: Uint8Array): Srat {
  const memory: MemoryAffinity[] = [];
  const processors: number[] = [];
  const initiators: number[] = [];
  const genericPorts: GenericPort[] = [];
  for (let at = headerBytes + reservedBytes; at + 2 <= bytes.length; ) {
    const length = bytes[at + 1] ?? 0;
    if (length < 2 || at + length > bytes.length) break;
    const type = bytes[at];
    if (type === types.processor && isEnabled(read32(bytes, at + 4))) processors.push(processorDomain(bytes, at));
    if (type === types.x2apic && isEnabled(read32(bytes, at + 12))) processors.push(read32(bytes, at + 4));
    if (type === types.initiator && isEnabled(read32(bytes, at + 24))) initiators.push(read32(bytes, at + 4));
    if (type === types.genericPort && isEnabled(read32(bytes, at + 24)) && bytes[at + 3] === acpiHandle) genericPorts.push({ domain: read32(bytes, at + 4), uid: read32(bytes, at + 16) });
    if (type === types.memory && isEnabled(read32(bytes, at + 28))) memory.push(parseMemory(bytes, at));
    at += length;
  }
  return { memory, genericPorts, domains: [...processors, ...initiators, ...memory.map((entry) => entry.domain)] };
}

const overlaps = (a: { readonly start: bigint; readonly size: bigint }, b: { readonly start: bigint; readonly size: bigint }): boolean => a.start < b.start + b.size && b.start < a.start + a.size;

/** Domains in order of the nodes they become. */
const domainsOf = (srat: Srat): number[] => [...new Set(srat.domains)];

/** Node ranges: nodes are numbered in order of appearance of their domains, node 0 being there in any case; windows in the order of the CEDT. */
export function numberNodes(srat: Srat, windows: readonly { readonly base: bigint; readonly size: bigint }[]): NodeRange[] {
  const domains = domainsOf(srat);
  const ranges = srat.memory.map((entry): NodeRange => ({ start: entry.start, size: entry.size, node: domains.indexOf(entry.domain) }));
  let next = Math.max(domains.length, 1);
  for (const { base, size } of windows) {
    const window = { start: base, size };
    // A window that memory entries touch is filled up with the node of the one before each gap.
    const touching = ranges.filter((range) => overlaps(range, window)).toSorted((a, b) => (a.start < b.start ? -1 : 1));
    ranges.push({ ...window, node: touching[0]?.node ?? next++ });
  }
  return ranges;
}

/** Reads nodes from the tables; once, after they are loaded. */
export function initializeNodes(kernel: Kernel): void {
  const table = findTable(kernel, "SRAT");
  const srat = table === undefined ? { memory: [], genericPorts: [], domains: [] } : parseSrat(table.bytes);
  const hex = (value: bigint): string => `0x${value.toString(16).padStart(8, "0")}`;
  for (const { domain, start, size, isHotPluggable } of srat.memory) {
    printk(kernel, "info", `ACPI: SRAT: Node ${domainsOf(srat).indexOf(domain)} PXM ${domain} [mem ${hex(start)}-${hex(start + size - 1n)}]${isHotPluggable ? " hotplug" : ""}`);
  }
  const cedt = findTable(kernel, "CEDT");
  nodeRanges(kernel).push(...numberNodes(srat, cedt === undefined ? [] : parseCedt(cedt.bytes).windows));
}
