// Accesses of any place and length, done as the naturally aligned ones that a device knows: 1, 2, 4 and in BARs 8 bytes, from low to high.

import type { BarWidth, ConfigWidth, ServedFunction } from "./contract.ts";

/** Index of the region that is config space (VFIO_PCI_CONFIG_REGION_INDEX); 0..5 are the BARs, 6 the ROM, 8 VGA. */
export const configRegion = 7;
export const regionCount = 9;

/** Bytes of a region, 0 where the function has none. @param index 0..8 */
export function regionSize(served: ServedFunction, index: number): number {
  return index === configRegion ? served.configSize : (served.bars.find((bar) => bar.index === index)?.size ?? 0);
}

/** The widest aligned access at `offset` that is no longer than `rest`; 8 only where `widest` says so. */
function widthAt(offset: number, rest: number, widest: 4 | 8): BarWidth {
  if (widest === 8 && (offset & 7) === 0 && rest >= 8) return 8;
  if ((offset & 3) === 0 && rest >= 4) return 4;
  return (offset & 1) === 0 && rest >= 2 ? 2 : 1;
}

function readConfig(served: ServedFunction, offset: number, width: ConfigWidth, into: DataView, at: number): void {
  const value = served.readConfig(offset, width);
  if (width === 4) into.setUint32(at, value, true);
  else if (width === 2) into.setUint16(at, value, true);
  else into.setUint8(at, value);
}

function readBar(served: ServedFunction, bar: number, offset: number, width: BarWidth, into: DataView, at: number): void {
  const value = served.readBar(bar, offset, width);
  if (width === 8) into.setBigUint64(at, value, true);
  else if (width === 4) into.setUint32(at, Number(value), true);
  else if (width === 2) into.setUint16(at, Number(value), true);
  else into.setUint8(at, Number(value));
}

/** Reads `into.byteLength` bytes at `offset` of a region; they lie within it. */
export function readRegion(served: ServedFunction, region: number, offset: number, into: DataView): void {
  const isConfig = region === configRegion;
  for (let at = 0; at < into.byteLength; ) {
    const width = widthAt(offset + at, into.byteLength - at, isConfig ? 4 : 8);
    if (isConfig) readConfig(served, offset + at, width as ConfigWidth, into, at);
    else readBar(served, region, offset + at, width, into, at);
    at += width;
  }
}

const valueAt = (from: DataView, at: number, width: ConfigWidth): number => (width === 4 ? from.getUint32(at, true) : width === 2 ? from.getUint16(at, true) : from.getUint8(at));

/** Writes the bytes of `from` at `offset` of a region; they lie within it. */
export function writeRegion(served: ServedFunction, region: number, offset: number, from: DataView): void {
  const isConfig = region === configRegion;
  for (let at = 0; at < from.byteLength; ) {
    const width = widthAt(offset + at, from.byteLength - at, isConfig ? 4 : 8);
    if (isConfig) served.writeConfig(offset + at, width as ConfigWidth, valueAt(from, at, width as ConfigWidth));
    else served.writeBar(region, offset + at, width, width === 8 ? from.getBigUint64(at, true) : BigInt(valueAt(from, at, width)));
    at += width;
  }
}
