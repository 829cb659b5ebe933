// How trace lines print values: the forms of __print_flags, __print_symbolic and __print_hex (trace-formats of the captures).

/** Names by bit. */
export type FlagNames = Readonly<Record<number, string>>;
/** Names by value. */
export type SymbolNames = Readonly<Record<number, string>>;

/** Names of the set bits; bits without a name follow as one hexadecimal number. */
export function printFlags(value: number, delimiter: string, names: FlagNames): string {
  let left = value;
  const parts: string[] = [];
  for (const [bit, name] of Object.entries(names)) {
    const weight = 2 ** Number(bit);
    if (Math.floor(value / weight) % 2 === 0) continue;
    parts.push(name);
    left -= weight;
  }
  if (left !== 0) parts.push(`0x${left.toString(16)}`);
  return parts.join(delimiter);
}

/** A value's name, or the value in hexadecimal. */
export const printSymbol = (value: number, names: SymbolNames): string => names[value] ?? `0x${value.toString(16)}`;

/** Bytes as two digits each, with spaces between. */
export const printBytes = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");

/** A 64-bit value as the kernel's `%lld` prints it. */
export const printSigned = (value: bigint): string => BigInt.asIntN(64, value).toString();
