// Dumps of config space in which registers hold what chance draws, so that every bit a decoder shows is seen set and clear.

import { createRandom, nextBelow } from "../../src/sim/random.ts";

const size = 4096;
/** Registers of every function here lie below. */
const drawnEnd = 0x270;
const firstExtended = 0x100;
const vendorSpecific = 0x23;
/** Vendors (of others the real tool has names), identity, class, capability pointer, header type, status, and the kinds of the ranges of a CXL device, of which the real tool knows three. */
const fixedBytes = [0, 1, 6, 9, 10, 11, 0x0e, 0x2c, 0x2d, 0x34, 0x15c, 0x15d, 0x16c, 0x16d];

/** Bytes of each function of a dump. */
export function bytesOfDump(dump: string): Uint8Array[] {
  const parts = dump.split(/^\w+:\w+\.\d.*$/m).slice(1);
  return parts.map((part) => Uint8Array.from(part.split("\n").filter((line) => /^[0-9a-f]+: /.test(line)).flatMap((line) => line.replace(/^.*: /, "").split(" ").map((digits) => Number.parseInt(digits, 16)))));
}

const row = (bytes: Uint8Array, at: number): string => `${at.toString(16).padStart(2, "0")}: ${[...bytes.subarray(at, at + 16)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ")}\n`;

/** Functions as a dump, one on each bus. */
export const dumpOf = (functions: readonly Uint8Array[]): string =>
  functions.map((bytes, bus) => `${bus.toString(16).padStart(2, "0")}:00.0 x\n${Array.from({ length: bytes.length / 16 }, (_, n) => row(bytes, n * 16)).join("")}\n`).join("");

/** What the two lists of capabilities are made of; both end in these functions. */
function keptBytes(bytes: Uint8Array): Set<number> {
  const kept = new Set(fixedBytes);
  const at = (place: number): number => bytes[place] ?? 0;
  for (let place = at(0x34); place !== 0; place = at(place + 1)) kept.add(place).add(place + 1);
  for (let place = firstExtended; place !== 0; place = (at(place + 2) >> 4) | (at(place + 3) << 4)) {
    const length = at(place) === vendorSpecific ? 10 : 4;
    for (let i = 0; i < length; i++) kept.add(place + i);
  }
  return kept;
}

/** Each function of a dump with all its registers drawn, and again with every bit of them the other way. */
export function drawnDump(dump: string, seed: number): string {
  const random = createRandom(seed);
  return dumpOf(bytesOfDump(dump).flatMap((base) => {
    const kept = keptBytes(base);
    const drawn = base.slice(0, size);
    for (let at = 4; at < drawnEnd; at++) if (!kept.has(at)) drawn[at] = nextBelow(random, 256);
    return [drawn, drawn.map((byte, at) => (at < 4 || at >= drawnEnd || kept.has(at) ? byte : byte ^ 0xff))];
  }));
}
