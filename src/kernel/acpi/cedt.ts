// CEDT contents: host bridges (CHBS), fixed memory windows (CFMWS) and XOR bitmaps (CXIMS), with Linux's checks (CXL 9.18.1, drivers/cxl/acpi.c).

import { headerBytes, read16, read32, read64 } from "./tables.ts";

export interface HostBridgeStructure {
  readonly uid: number;
  /** 0: CXL 1.1 (restricted), 1: CXL 2.0 and later. */
  readonly version: number;
  readonly base: bigint;
  readonly length: bigint;
}

export interface WindowStructure {
  readonly base: bigint;
  readonly size: bigint;
  readonly ways: number;
  /** Bytes. */
  readonly granularity: number;
  readonly isXor: boolean;
  /** Bitmaps of the CXIMS of the window's granularity, one per way bit; absent: modulo, or there is none with enough of them. */
  readonly xorMaps?: readonly bigint[];
  readonly restrictions: { readonly type2: boolean; readonly type3: boolean; readonly ram: boolean; readonly pmem: boolean; readonly isFixed: boolean; readonly backInvalidate: boolean };
  readonly qosClass: number;
  /** Host bridge UID per interleave position. */
  readonly targets: readonly number[];
}

/** A window that Linux does not take. */
export interface RejectedWindow {
  readonly base: bigint;
  readonly size: bigint;
  readonly reason: string;
}

export interface Cedt {
  readonly hostBridges: readonly HostBridgeStructure[];
  readonly windows: readonly WindowStructure[];
  readonly rejected: readonly RejectedWindow[];
  /** A structure whose length cannot be: what follows is not read. */
  readonly isTruncated: boolean;
}

const structureTypes = { hostBridge: 0, window: 1, interleaveMath: 2 } as const;
const hostBridgeBytes = 32;
const windowBytes = 36;
const granule = 256n << 20n;
const waysByCode: Readonly<Record<number, number>> = { 0: 1, 1: 2, 2: 4, 3: 8, 4: 16, 8: 3, 9: 6, 10: 12 };
const largestGranularityCode = 6;

function parseHostBridge(bytes: Uint8Array, at: number): HostBridgeStructure {
  return { uid: read32(bytes, at + 4), version: read32(bytes, at + 8), base: read64(bytes, at + 16), length: read64(bytes, at + 24) };
}

/** Why Linux refuses the window, or undefined (cxl_acpi_cfmws_verify). */
function refusal(bytes: Uint8Array, at: number, length: number): string | undefined {
  const arithmetic = bytes[at + 25] ?? 0;
  if (arithmetic > 1) return `CFMWS Unknown Interleave Arithmetic: ${arithmetic}`;
  if (read64(bytes, at + 8) % granule !== 0n) return "CFMWS Base HPA not 256MB aligned";
  if (read64(bytes, at + 16) % granule !== 0n) return "CFMWS Window Size not 256MB aligned";
  const code = bytes[at + 24] ?? 0;
  const ways = waysByCode[code];
  if (ways === undefined) return `CFMWS Interleave Ways (${code}) invalid`;
  if (length < windowBytes + 4 * ways) return `CFMWS length ${length} less than expected ${windowBytes + 4 * ways}`;
  if (read32(bytes, at + 28) > largestGranularityCode) return `CFMWS Interleave Granularity (${read32(bytes, at + 28)}) invalid`;
  return undefined;
}

function parseWindow(bytes: Uint8Array, at: number): WindowStructure {
  const ways = waysByCode[bytes[at + 24] ?? 0] ?? 1;
  const bits = read16(bytes, at + 32);
  const has = (bit: number): boolean => ((bits >> bit) & 1) === 1;
  return {
    base: read64(bytes, at + 8),
    size: read64(bytes, at + 16),
    ways,
    // A window of one way advertises the smallest granularity, so that every region fits (region-assembly 3).
    granularity: ways === 1 ? 256 : 256 << read32(bytes, at + 28),
    isXor: bytes[at + 25] === 1,
    restrictions: { type2: has(0), type3: has(1), ram: has(2), pmem: has(3), isFixed: has(4), backInvalidate: has(5) },
    qosClass: read16(bytes, at + 34),
    targets: Array.from({ length: ways }, (_, position) => read32(bytes, at + windowBytes + 4 * position)),
  };
}

/** Bitmaps by granularity. */
function parseInterleaveMath(bytes: Uint8Array, at: number, length: number, found: Map<number, readonly bigint[]>): void {
  const count = bytes[at + 7] ?? 0;
  if (length < 8 + 8 * count) return;
  found.set(256 << (bytes[at + 6] ?? 0), Array.from({ length: count }, (_, index) => read64(bytes, at + 8 + 8 * index)));
}

/** Way bits that XOR arithmetic finds: of 3, 6 and 12 ways the part that is a power of two. */
const wayBits = (ways: number): number => Math.log2(ways % 3 === 0 ? ways / 3 : ways);

function withMaps(window: WindowStructure, maps: ReadonlyMap<number, readonly bigint[]>): WindowStructure {
  const needed = wayBits(window.ways);
  const found = maps.get(window.granularity);
  if (!window.isXor || needed === 0) return window;
  return found === undefined || found.length < needed ? window : { ...window, xorMaps: found.slice(0, needed) };
}

/** Parses a whole CEDT, header included. Unknown structures are skipped. */
export function parseCedt(bytes: Uint8Array): Cedt {
  const hostBridges: HostBridgeStructure[] = [];
  const windows: WindowStructure[] = [];
  const rejected: RejectedWindow[] = [];
  const maps = new Map<number, readonly bigint[]>();
  const result = (isTruncated: boolean): Cedt => ({ hostBridges, windows: windows.map((window) => withMaps(window, maps)), rejected, isTruncated });
  let at = headerBytes;
  while (at + 4 <= bytes.length) {
    const type = bytes[at] ?? 0;
    const length = read16(bytes, at + 2);
    if (length < 4 || at + length > bytes.length) return result(true);
    if (type === structureTypes.hostBridge && length >= hostBridgeBytes) hostBridges.push(parseHostBridge(bytes, at));
    if (type === structureTypes.interleaveMath) parseInterleaveMath(bytes, at, length, maps);
    if (type === structureTypes.window) {
      const reason = length < windowBytes ? `CFMWS length ${length} less than expected ${windowBytes}` : refusal(bytes, at, length);
      if (reason === undefined) windows.push(parseWindow(bytes, at));
      else rejected.push({ base: length < 24 ? 0n : read64(bytes, at + 8), size: length < 24 ? 0n : read64(bytes, at + 16), reason });
    }
    at += length;
  }
  return result(false);
}
