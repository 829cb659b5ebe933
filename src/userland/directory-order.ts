// The order of names in a folder of the kernel's: by a hash (kernfs). The tools read folders in it and add what they find in front of what they have.

const mask64 = (1n << 64n) - 1n;

/** Number by which kernfs orders names inside a directory. */
function directoryHash(name: string): bigint {
  let sum = 0n;
  for (const letter of name) {
    const code = BigInt(letter.codePointAt(0) ?? 0);
    sum = ((sum + (code << 4n) + (code >> 4n)) * 11n) & mask64;
  }
  return (((sum * 0x61c8_8646_80b5_83ebn) & mask64) >> 32n) & 0x7fff_ffffn;
}

/** Names as the kernel lists them. */
export const inDirectoryOrder = (names: readonly string[]): string[] => names.map((name) => ({ name, hash: directoryHash(name) })).toSorted((a, b) => (a.hash < b.hash ? -1 : 1)).map((entry) => entry.name);

/** Names as a tool lists them that adds each in front: dports of a port, dax devices of a region. */
export const inToolOrder = (names: readonly string[]): string[] => inDirectoryOrder(names).toReversed();
