// ACPI tables as a BIOS leaves them in memory: XSDT, CEDT (CHBS, CFMWS; CXL 3.2 9.18.1), SRAT and HMAT (ACPI 6.4 5.2.16, 5.2.27). Little endian, packed.

import type { AccessFigures } from "../platform/platform.ts";

/** Bytes under construction; grows by appending. */
interface Builder {
  readonly bytes: number[];
}

function put(builder: Builder, value: bigint | number, size: number): void {
  let left = BigInt(value);
  for (let i = 0; i < size; i++) {
    builder.bytes.push(Number(left & 0xffn));
    left >>= 8n;
  }
}

function putText(builder: Builder, text: string, size: number): void {
  for (let i = 0; i < size; i++) builder.bytes.push(i < text.length ? text.charCodeAt(i) : 0);
}

/** Wraps a body in the 36-byte ACPI header and makes the bytes sum to zero. */
function finishTable(signature: string, revision: number, body: readonly number[]): Uint8Array {
  const header: Builder = { bytes: [] };
  putText(header, signature, 4);
  put(header, 36 + body.length, 4);
  put(header, revision, 1);
  put(header, 0, 1);
  putText(header, "CXLSBX", 6);
  putText(header, "SANDBOX ", 8);
  put(header, 1, 4);
  putText(header, "CXSB", 4);
  put(header, 1, 4);
  const table = Uint8Array.from([...header.bytes, ...body]);
  table[9] = (256 - (table.reduce((sum, byte) => sum + byte, 0) & 0xff)) & 0xff;
  return table;
}

export interface HostBridgeStructure {
  readonly uid: number;
  /** CHBCR. */
  readonly componentBase: bigint;
}

/** Bits of the CFMWS window restrictions, in order from bit 0. */
export interface WindowRestrictions {
  readonly deviceCoherent: boolean;
  readonly hostOnlyCoherent: boolean;
  readonly volatile: boolean;
  readonly persistent: boolean;
  readonly fixed: boolean;
}

/** Restrictions as the 16 bits of a CFMWS. */
export const restrictionBits = (r: WindowRestrictions): number => [r.deviceCoherent, r.hostOnlyCoherent, r.volatile, r.persistent, r.fixed].reduce((sum, bit, index) => sum | (bit ? 1 << index : 0), 0);


export interface WindowStructure {
  readonly base: bigint;
  readonly size: bigint;
  /** 1, 2, 4, 8, 16, 3, 6 or 12. */
  readonly ways: number;
  /** Bytes, 256..16384. */
  readonly granularity: number;
  readonly restrictions: number;
  readonly qosClass: number;
  /** XOR arithmetic: a bitmap for each way bit; absent: modulo. */
  readonly xorMaps?: readonly bigint[];
  /** UID of the host bridge at each interleave position. */
  readonly targets: readonly number[];
}

const encodedWays: Readonly<Record<number, number>> = { 1: 0, 2: 1, 4: 2, 8: 3, 16: 4, 3: 8, 6: 9, 12: 10 };

function encodeWays(ways: number): number {
  const code = encodedWays[ways];
  if (code === undefined) throw new RangeError(`a window of ${ways} ways cannot be encoded (9.18.1.3): use 1, 2, 3, 4, 6, 8, 12 or 16`);
  return code;
}

function encodeGranularity(granularity: number): number {
  const code = Math.log2(granularity) - 8;
  if (!Number.isInteger(code) || code < 0 || code > 6) throw new RangeError(`a window granularity of ${granularity} bytes cannot be encoded: use a power of two, 256..16384`);
  return code;
}

function putHostBridge(builder: Builder, bridge: HostBridgeStructure): void {
  put(builder, 0, 1);
  put(builder, 0, 1);
  put(builder, 32, 2);
  put(builder, bridge.uid, 4);
  put(builder, 1, 4);
  put(builder, 0, 4);
  put(builder, bridge.componentBase, 8);
  put(builder, 0x1_0000, 8);
}

function putWindow(builder: Builder, window: WindowStructure): void {
  put(builder, 1, 1);
  put(builder, 0, 1);
  put(builder, 36 + 4 * window.ways, 2);
  put(builder, 0, 4);
  put(builder, window.base, 8);
  put(builder, window.size, 8);
  put(builder, encodeWays(window.ways), 1);
  put(builder, window.xorMaps === undefined ? 0 : 1, 1);
  put(builder, 0, 2);
  put(builder, encodeGranularity(window.granularity), 4);
  put(builder, window.restrictions, 2);
  put(builder, window.qosClass, 2);
  for (const uid of window.targets) put(builder, uid, 4);
}

/** CXIMS of a granularity: the longest list of bitmaps that a XOR window of it has (cedt sheet 1.3). */
function putInterleaveMath(builder: Builder, granularity: number, maps: readonly bigint[]): void {
  put(builder, 2, 1);
  put(builder, 0, 1);
  put(builder, 8 + 8 * maps.length, 2);
  put(builder, 0, 2);
  put(builder, encodeGranularity(granularity), 1);
  put(builder, maps.length, 1);
  for (const map of maps) put(builder, map, 8);
}

/** CXL Early Discovery Table. */
export function buildCedt(bridges: readonly HostBridgeStructure[], windows: readonly WindowStructure[]): Uint8Array {
  const body: Builder = { bytes: [] };
  for (const bridge of bridges) putHostBridge(body, bridge);
  for (const window of windows) putWindow(body, window);
  const maps = new Map<number, readonly bigint[]>();
  for (const { granularity, xorMaps } of windows) if (xorMaps !== undefined && xorMaps.length > (maps.get(granularity)?.length ?? 0)) maps.set(granularity, xorMaps);
  for (const [granularity, list] of maps) putInterleaveMath(body, granularity, list);
  return finishTable("CEDT", 1, body.bytes);
}

export interface MemoryAffinity {
  readonly base: bigint;
  readonly size: bigint;
  readonly proximityDomain: number;
  readonly isHotPluggable: boolean;
}

/** A host bridge as a place of the memory topology: its domain, and the way to it from the processors. */
export interface GenericPort {
  readonly uid: number;
  readonly proximityDomain: number;
  readonly figures: AccessFigures;
}

/** Generic Port Affinity (type 6) by ACPI device handle: HID and UID. */
function putGenericPort(builder: Builder, port: GenericPort): void {
  put(builder, 6, 1);
  put(builder, 32, 1);
  put(builder, 0, 1);
  put(builder, 0, 1);
  put(builder, port.proximityDomain, 4);
  putText(builder, "ACPI0016", 8);
  put(builder, port.uid, 4);
  put(builder, 0, 4);
  put(builder, 1, 4);
  put(builder, 0, 4);
}

/** System Resource Affinity Table with memory affinity (type 1) and generic port affinity structures (type 6). */
export function buildSrat(ranges: readonly MemoryAffinity[], ports: readonly GenericPort[] = []): Uint8Array {
  const body: Builder = { bytes: [] };
  put(body, 1, 4);
  put(body, 0, 8);
  for (const range of ranges) {
    put(body, 1, 1);
    put(body, 40, 1);
    put(body, range.proximityDomain, 4);
    put(body, 0, 2);
    put(body, range.base, 8);
    put(body, range.size, 8);
    put(body, 0, 4);
    put(body, 1 | (range.isHotPluggable ? 2 : 0), 4);
    put(body, 0, 8);
  }
  for (const port of ports) putGenericPort(body, port);
  return finishTable("SRAT", 3, body.bytes);
}

const largestEntry = 0xfffe;
/** Data types of HMAT with the figure and its unit: 1000 ps, 1 MB/s. */
const localities = [[1, "readLatency", 1000n], [2, "writeLatency", 1000n], [4, "readBandwidth", 1n], [5, "writeBandwidth", 1n]] as const;

/** System Locality Latency and Bandwidth Information of memory: one figure from one initiator to every port. A unit ten, a hundred ... times as large where 16 bits do not hold a figure. */
function putLocality(builder: Builder, type: number, unit: bigint, initiator: number, ports: readonly GenericPort[], figures: readonly number[]): void {
  let factor = 1;
  while (figures.some((figure) => Math.round(figure / factor) > largestEntry)) factor *= 10;
  put(builder, 1, 2);
  put(builder, 0, 2);
  put(builder, 32 + 4 + 6 * ports.length, 4);
  put(builder, 0, 1);
  put(builder, type, 1);
  put(builder, 0, 2);
  put(builder, 1, 4);
  put(builder, ports.length, 4);
  put(builder, 0, 4);
  put(builder, unit * BigInt(factor), 8);
  put(builder, initiator, 4);
  for (const port of ports) put(builder, port.proximityDomain, 4);
  for (const figure of figures) put(builder, Math.round(figure / factor), 2);
}

/** Heterogeneous Memory Attribute Table, revision 2: read and write latency and bandwidth from the processors' domain to every generic port. */
export function buildHmat(initiator: number, ports: readonly GenericPort[]): Uint8Array {
  const body: Builder = { bytes: [] };
  put(body, 0, 4);
  for (const [type, name, unit] of localities) putLocality(body, type, unit, initiator, ports, ports.map(({ figures }) => figures[name]));
  return finishTable("HMAT", 2, body.bytes);
}

/** Hardware Error Source Table around its sources. */
export const buildHest = (body: Uint8Array): Uint8Array => finishTable("HEST", 1, [...body]);

/** Extended System Description Table: physical addresses of the others. */
export function buildXsdt(addresses: readonly bigint[]): Uint8Array {
  const body: Builder = { bytes: [] };
  for (const address of addresses) put(body, address, 8);
  return finishTable("XSDT", 1, body.bytes);
}

/** Lays tables out one behind the other, 64-byte aligned, from `base`; the XSDT comes first. */
export function placeTables(base: bigint, tables: readonly Uint8Array[]): { readonly address: bigint; readonly bytes: Uint8Array }[] {
  const align = (address: bigint): bigint => (address + 63n) & ~63n;
  let next = align(base + BigInt(36 + 8 * tables.length));
  const placed = tables.map((bytes) => {
    const address = next;
    next = align(address + BigInt(bytes.length));
    return { address, bytes };
  });
  return [{ address: base, bytes: buildXsdt(placed.map((table) => table.address)) }, ...placed];
}
