// Shared mappings of device files and their reverse map: a file knows every mapping of itself, so that access can be revoked (S85, S87).
// Only leaves of the file's alignment are installed, at the first touch (dax-memory 4.2).

import type { Kernel } from "../base/kernel.ts";
import { SystemError } from "../base/errno.ts";
import { defineState, mark } from "../base/kernel.ts";
import type { Death, Process, SignalCode } from "./process.ts";
import { forgetPoison, poisonPage } from "./poison.ts";
import { isAlive, kill } from "./process.ts";

/** A piece of a file: `size` bytes at physical `start`, seen at `fileOffset`. */
export interface FileRange {
  readonly start: bigint;
  readonly size: bigint;
  readonly fileOffset: bigint;
}

/** What a mapping needs of the file behind it. Plain data; a dax device's record is one. */
export interface MappableFile {
  readonly name: string;
  /** Size of a leaf in bytes: 4 KiB, 2 MiB or 1 GiB. */
  readonly align: bigint;
  readonly ranges: readonly FileRange[];
  /** False: mmap fails with ENXIO and a fault gives SIGBUS. */
  readonly isAlive: boolean;
  /** Its pages are a file system's: no long-term pins. */
  readonly isFileSystem?: boolean;
}

export interface Mapping {
  readonly id: number;
  readonly process: Process;
  readonly file: MappableFile;
  /** Bytes from the start of the file; multiples of its alignment. */
  readonly offset: bigint;
  readonly length: bigint;
  /** Leaves (by number inside the file) that are installed now. */
  readonly leaves: Set<bigint>;
}

interface MappingTable {
  readonly mappings: Map<number, Mapping>;
  /** Leaves that were touched since the file came alive: what the reverse map of poison handling knows. */
  readonly recorded: Map<string, Set<bigint>>;
  nextId: number;
}

const mappingTable = defineState("mappings", (): MappingTable => ({ mappings: new Map(), recorded: new Map(), nextId: 1 }));

export const fileSize = (file: MappableFile): bigint => file.ranges.reduce((sum, range) => sum + range.size, 0n);

/** Every mapping of a file: the reverse map. */
export function mappingsOf(kernel: Kernel, file: MappableFile): Mapping[] {
  return [...mappingTable(kernel).mappings.values()].filter((mapping) => mapping.file === file);
}

export interface MapRequest {
  readonly offset: bigint;
  readonly length: bigint;
  readonly isShared: boolean;
}

/**
 * mmap of a device file by a process.
 * @throws SystemError ENXIO not alive; EINVAL private, misaligned or empty; ENOMEM by a dead process
 */
export function mapFile(kernel: Kernel, process: Process, file: MappableFile, request: MapRequest): Mapping {
  if (!isAlive(process)) throw new SystemError("ENOMEM", `mmap ${file.name}: process ${process.name} is dead`);
  if (!file.isAlive) throw new SystemError("ENXIO", `mmap ${file.name}: the device is not alive`);
  if (!request.isShared) throw new SystemError("EINVAL", `mmap ${file.name}: private mapping of a dax device`);
  if (request.length <= 0n || request.offset % file.align !== 0n || request.length % file.align !== 0n) {
    throw new SystemError("EINVAL", `mmap ${file.name}: offset ${request.offset} and length ${request.length} must be multiples of ${file.align}`);
  }
  const table = mappingTable(kernel);
  const mapping: Mapping = { id: table.nextId++, process, file, offset: request.offset, length: request.length, leaves: new Set() };
  table.mappings.set(mapping.id, mapping);
  mark(kernel, `${file.name} mapped`, process.name);
  return mapping;
}

/** munmap of a whole mapping. */
export function unmapFile(kernel: Kernel, mapping: Mapping): void {
  mappingTable(kernel).mappings.delete(mapping.id);
}

function physicalAddress(file: MappableFile, offset: bigint): bigint | undefined {
  for (const range of file.ranges) {
    if (offset >= range.fileOffset && offset - range.fileOffset < range.size) return range.start + (offset - range.fileOffset);
  }
  return undefined;
}

/** File offset of a physical address, or undefined: not in this file. */
export function fileOffsetOf(file: MappableFile, address: bigint): bigint | undefined {
  const range = file.ranges.find((candidate) => address >= candidate.start && address - candidate.start < candidate.size);
  return range === undefined ? undefined : range.fileOffset + (address - range.start);
}

function recordedLeaves(kernel: Kernel, file: MappableFile): Set<bigint> {
  const table = mappingTable(kernel);
  let leaves = table.recorded.get(file.name);
  if (leaves === undefined) table.recorded.set(file.name, (leaves = new Set()));
  return leaves;
}

/** Whether the page of this file offset was ever faulted in, so that poison handling finds its users (machine-check 5.3). */
export const isRecorded = (kernel: Kernel, file: MappableFile, offset: bigint): boolean => recordedLeaves(kernel, file).has(offset / file.align);

/** Forgets what was touched and poisoned: the pages of the file are made anew (driver bound again). */
export function forgetRecorded(kernel: Kernel, file: MappableFile): void {
  mappingTable(kernel).recorded.delete(file.name);
  for (const { start, size } of file.ranges) forgetPoison(kernel, start, size);
}

/** Marks the (head) page of this file offset poisoned, until the device's pages are made anew. */
export function markPoisoned(kernel: Kernel, file: MappableFile, offset: bigint): void {
  const head = physicalAddress(file, offset - (offset % file.align));
  if (head !== undefined) poisonPage(kernel, head);
}

/**
 * Physical address that a touch of `offset` (bytes from the start of the mapping) reaches, installing the leaf on the way.
 * Undefined: the touch ends in SIGBUS (dead file, outside mapping or file). A dead file's leaves are gone already, so no fenced
 * mapping ever reaches the hardware (error-recovery 9.4 invariant 1).
 */
export function translate(kernel: Kernel, mapping: Mapping, offset: bigint): bigint | undefined {
  if (offset < 0n || offset >= mapping.length) return undefined;
  const file = mapping.file;
  const inFile = mapping.offset + offset;
  const leaf = inFile / file.align;
  if (!mapping.leaves.has(leaf)) {
    if (!file.isAlive || physicalAddress(file, inFile) === undefined) return undefined;
    mapping.leaves.add(leaf);
    recordedLeaves(kernel, file).add(leaf);
  }
  return physicalAddress(file, inFile);
}

/** Takes one leaf away from every mapping of the file. Returns the processes that had it installed. */
export function unmapLeaf(kernel: Kernel, file: MappableFile, offset: bigint): Process[] {
  const leaf = offset / file.align;
  return mappingsOf(kernel, file).filter((mapping) => mapping.leaves.delete(leaf)).map((mapping) => mapping.process);
}

/** Takes every leaf of the file away from every mapping (4.3 step 3). Returns how many leaves were installed. */
export function unmapAll(kernel: Kernel, file: MappableFile): number {
  let removed = 0;
  for (const mapping of mappingsOf(kernel, file)) {
    removed += mapping.leaves.size;
    mapping.leaves.clear();
  }
  return removed;
}

/** A process is gone: so are its mappings. */
export function dropMappings(kernel: Kernel, process: Process): void {
  for (const mapping of mappingTable(kernel).mappings.values()) {
    if (mapping.process === process) unmapFile(kernel, mapping);
  }
}

/** Codes that a handler can do something about: it is told which page. */
const memoryErrors: readonly SignalCode[] = ["BUS_MCEERR_AR", "BUS_MCEERR_AO"];

/** Ends a process by SIGBUS, unless it handles memory errors and this is one; its mappings go with it. `of`: what is known of a memory error. Returns whether this signal killed it. */
export function sendSigbus(kernel: Kernel, process: Process, code: SignalCode, offset: bigint, of: Pick<Death, "lsb" | "address"> = {}): boolean {
  if (process.onSigbus === "survive" && memoryErrors.includes(code)) return false;
  const isFirst = kill(kernel, process, { signal: "SIGBUS", code, offset, ...of });
  if (isFirst) dropMappings(kernel, process);
  return isFirst;
}
