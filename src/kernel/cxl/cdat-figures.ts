// What a CDAT says of latency and bandwidth: DSMAS and DSLBIS of a device's partitions, SSLBIS of a switch's ports (CDAT 1.03). Pure.

import { read16, read64 } from "../acpi/tables.ts";
import type { Coordinates } from "../mm/access-coordinates.ts";
import { noCoordinates, normalizeFigure, withFigure } from "../mm/access-coordinates.ts";

const headerBytes = 16;
const structureHeader = 4;
const kinds = { memoryRange: 0, latencyBandwidth: 1, switchLatencyBandwidth: 5 } as const;
const switchEntryBytes = 8;
const hierarchyMask = 0xf;
/** Ports of SSLBIS: the upstream port, any port. */
const upstreamPort = 0x0100;
const anyPort = 0xffff;

/** A range of device memory with its own figures. */
export interface RangeFigures {
  readonly handle: number;
  /** DPA, bytes. */
  readonly start: bigint;
  readonly size: bigint;
  readonly coordinates: Coordinates;
}

/** Offset and length of every structure of a kind; a length that cannot be ends the walk. */
function structuresOf(table: Uint8Array, kind: number): { readonly at: number; readonly length: number }[] {
  const found: { at: number; length: number }[] = [];
  for (let at = headerBytes; at + structureHeader <= table.length; ) {
    const length = read16(table, at + 2);
    if (length < structureHeader) break;
    if (table[at] === kind) found.push({ at, length });
    at += length;
  }
  return found;
}

/** Ranges in order of their handles, which are all different; undefined: the table has no ranges, or no figures. */
export function rangeFigures(table: Uint8Array): RangeFigures[] | undefined {
  const figures = structuresOf(table, kinds.latencyBandwidth);
  const ranges = structuresOf(table, kinds.memoryRange).map(({ at }) => ({ handle: table[at + 4] ?? 0, start: read64(table, at + 8), size: read64(table, at + 16) }));
  if (ranges.length === 0 || figures.length === 0) return undefined;
  const withFigures = ranges.map((range): RangeFigures => {
    const own = figures.filter(({ at }) => table[at + 4] === range.handle && ((table[at + 5] ?? 0) & hierarchyMask) === 0);
    return { ...range, coordinates: own.reduce((sum, { at }) => withFigure(sum, table[at + 6] ?? 0, normalizeFigure(table[at + 6] ?? 0, read64(table, at + 8), read16(table, at + 16))), noCoordinates) };
  });
  return withFigures.toSorted((a, b) => a.handle - b.handle);
}

/** The downstream port of a pair: the one that is neither the upstream port nor any port, or any port. */
function downstreamOf(x: number, y: number): number {
  if (x === upstreamPort) return y;
  if (x !== anyPort) return x;
  return y === upstreamPort ? x : y;
}

/** Figures between a switch's upstream port and the downstream port with this number (cxl_switch_parse_cdat). */
export function switchFigures(table: Uint8Array, portNumber: number): Coordinates {
  let coordinates = noCoordinates;
  for (const { at, length } of structuresOf(table, kinds.switchLatencyBandwidth)) {
    const type = table[at + 4] ?? 0;
    for (let entry = at + headerBytes; entry + switchEntryBytes <= at + length; entry += switchEntryBytes) {
      const port = downstreamOf(read16(table, entry), read16(table, entry + 2));
      if (port === anyPort || port === portNumber) coordinates = withFigure(coordinates, type, normalizeFigure(type, read64(table, at + 8), read16(table, entry + 4)));
    }
  }
  return coordinates;
}
