// A register block as the peers of the module need it: contents, legal widths and absent ranges, taken from a machine by looking.

import { writeFileSync } from "node:fs";
import type { Hardware } from "../src/hardware/machine.ts";
import type { IoHandle } from "../src/platform/platform.ts";
import { readRecord } from "../src/sim/trace.ts";

export interface RegisterImage {
  readonly entity: number;
  /** Physical address that is mapped. */
  readonly base: number;
  /** Bytes mapped. */
  readonly size: number;
  readonly dwords: Uint32Array;
  /** Legal widths of each dword, one bit for each number of bytes. */
  readonly widths: Uint8Array;
  /** Dwords of structures that the machine does not have: [from, to]. */
  readonly absent: readonly (readonly [number, number])[];
  /** Where time and digest of the accesses stand, and what a read costs (virtual ns). */
  readonly now: number;
  readonly digest: readonly [number, number];
  readonly cost: number;
}

const halves = (digest: string): readonly [number, number] => [Number.parseInt(digest.slice(8), 16), Number.parseInt(digest.slice(0, 8), 16)];

/** What stands behind a mapping of one component block; every dword is read once in every width. */
export function imageBehind(hardware: Hardware, handle: IoHandle): RegisterImage {
  const size = Number(handle.size);
  const dwords = new Uint32Array(size / 4);
  const widths = new Uint8Array(size / 4);
  let entity = 0;
  hardware.storeTrace((words) => {
    for (let index = 0; index < words.length / 8; index++) {
      const record = readRecord(words, index);
      if (record.layer !== "access") continue;
      const [at, width] = [record.b >> 2, record.e & 0xff];
      if (record.e >> 8 === 0) entity = record.a;
      if (record.e >> 8 === 0) widths[at] = (widths[at] ?? 0) | width;
      if (width === 4) dwords[at] = record.c;
    }
  });
  for (let offset = 0; offset < size; offset += 4) {
    handle.read8(offset);
    handle.read16(offset);
    handle.read32(offset);
    if (offset % 8 === 0) handle.read64(offset);
  }
  hardware.storeTrace(null);
  return { entity, base: Number(handle.base), size, dwords, widths, absent: absentRanges(widths), now: hardware.now, digest: halves(hardware.digest("access")), cost: hardware.description.costs.mmioRead };
}

/** Two ranges that the judgement of every access goes over, as the module's does over those of structures with a condition. */
function absentRanges(widths: Uint8Array): readonly (readonly [number, number])[] {
  const last = widths.findLastIndex((allowed) => allowed !== 0);
  return [[last + 1, last + 1], [last + 2, widths.length - 1]];
}

/** The image as the C peer reads it: little-endian words, then dwords, then widths. */
export function writeImage(path: string, image: RegisterImage): void {
  const head = Uint32Array.of(image.entity, image.size, image.now % 0x1_0000_0000, Math.floor(image.now / 0x1_0000_0000), image.digest[0], image.digest[1], image.cost, image.absent.length, image.base % 0x1_0000_0000, Math.floor(image.base / 0x1_0000_0000), ...image.absent.flat());
  writeFileSync(path, Buffer.concat([Buffer.from(head.buffer), Buffer.from(image.dwords.buffer, 0, image.dwords.byteLength), Buffer.from(image.widths.buffer)]));
}
