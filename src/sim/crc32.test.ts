// The checksum of trace files, against its published check value and a bit by bit reading.

import { expect, it } from "vitest";
import { crc32 } from "./crc32.ts";
import { createRandom, nextBelow } from "./random.ts";

function bitByBit(bytes: Uint8Array): number {
  let sum = 0xffff_ffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum & 1) === 0 ? sum >>> 1 : (sum >>> 1) ^ 0xedb88320;
  }
  return ~sum >>> 0;
}

it("is the published CRC-32, of every length, at every offset and in parts", () => {
  expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
  const random = createRandom(1, 1);
  const bytes = Uint8Array.from({ length: 200 }, () => nextBelow(random, 256));
  for (let length = 0; length < 64; length++) {
    const part = bytes.subarray(length % 7, (length % 7) + length);
    expect(crc32(part)).toBe(bitByBit(part));
    expect(crc32(bytes.subarray(length), crc32(bytes.subarray(0, length)))).toBe(bitByBit(bytes));
  }
});
