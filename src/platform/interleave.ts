// Interleave as addresses show it: a position follows from address bits 8 to 18 (256 bytes to 16 ways of 16 KiB; CXL 3.2 8.2.4.20.7).

export const lowestInterleaveBit = 8;
export const highestInterleaveBit = 18;

/** Offsets from the start of a range that meet every root port of it: the start, and one behind each of these bits. */
export const interleaveOffsets: readonly bigint[] = [0n, ...Array.from({ length: highestInterleaveBit - lowestInterleaveBit + 1 }, (_, bit) => 1n << BigInt(lowestInterleaveBit + bit))];
