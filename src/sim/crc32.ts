// CRC-32 as in PNG, zip and Python's zlib: reflected polynomial 0xedb88320. Eight bytes at once, by eight tables.

const slices = 8;

/** Table `k` (256 words each) is what a byte comes to that `k` zero bytes follow. */
function tablesOf(): Uint32Array {
  const tables = new Uint32Array(slices * 256);
  for (let index = 0; index < 256; index++) {
    let value = index;
    for (let bit = 0; bit < 8; bit++) value = (value & 1) === 0 ? value >>> 1 : (value >>> 1) ^ 0xedb88320;
    tables[index] = value;
  }
  for (let at = 256; at < tables.length; at++) {
    const before = tables[at - 256] ?? 0;
    tables[at] = (tables[before & 0xff] ?? 0) ^ (before >>> 8);
  }
  return tables;
}
const tables: Uint32Array = tablesOf();

/** Checksum of bytes; `before`: of those that come first, so that parts can be summed one after another. Unsigned 32 bits. */
export function crc32(bytes: Uint8Array, before = 0): number {
  // A local name is what makes this fast: the engine reads no module's binding in the loop.
  const table = tables;
  let sum = ~before;
  let at = 0;
  for (const end = bytes.length - (bytes.length % slices); at < end; at += slices) {
    const low = sum ^ ((bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24));
    sum =
      (table[1792 + (low & 0xff)] as number) ^ (table[1536 + ((low >>> 8) & 0xff)] as number) ^ (table[1280 + ((low >>> 16) & 0xff)] as number) ^ (table[1024 + (low >>> 24)] as number) ^
      (table[768 + (bytes[at + 4] as number)] as number) ^ (table[512 + (bytes[at + 5] as number)] as number) ^ (table[256 + (bytes[at + 6] as number)] as number) ^ (table[bytes[at + 7] as number] as number);
  }
  for (; at < bytes.length; at++) sum = (table[(sum ^ (bytes[at] as number)) & 0xff] as number) ^ (sum >>> 8);
  return ~sum >>> 0;
}
