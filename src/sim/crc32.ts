// CRC-32 as in PNG, zip and Python's zlib: reflected polynomial 0xedb88320.

const tableOf = (): Uint32Array => Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 0 ? value >>> 1 : (value >>> 1) ^ 0xedb88320;
  return value;
});
const table: Uint32Array = tableOf();

/** Checksum of bytes; `before`: of those that come first, so that parts can be summed one after another. Unsigned 32 bits. */
export function crc32(bytes: Uint8Array, before = 0): number {
  let sum = ~before;
  for (let index = 0; index < bytes.length; index++) sum = (table[(sum ^ (bytes[index] ?? 0)) & 0xff] ?? 0) ^ (sum >>> 8);
  return ~sum >>> 0;
}
