// Seeded random numbers: xorshift128, 32-bit integers only, so that every engine gives the same sequence.

export interface RandomState {
  /** Four words of state, never all zero. Plain data: copying it copies the sequence. */
  readonly words: Uint32Array;
}

function scramble(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** @param seed unsigned 32-bit; @param stream a name's hash, so that independent users do not share one sequence */
export function createRandom(seed: number, stream = 0): RandomState {
  const words = new Uint32Array(4);
  for (let i = 0; i < 4; i++) words[i] = scramble((seed + Math.imul(i + 1, 0x9e3779b9)) ^ Math.imul(stream, 0x27d4eb2f)) | 1;
  return { words };
}

/** Next unsigned 32-bit integer. */
export function nextUint32(random: RandomState): number {
  const w = random.words;
  let t = w[3] ?? 0;
  const s = w[0] ?? 0;
  w[3] = w[2] ?? 0;
  w[2] = w[1] ?? 0;
  w[1] = s;
  t ^= t << 11;
  t ^= t >>> 8;
  t = (t ^ s ^ (s >>> 19)) >>> 0;
  w[0] = t;
  return t;
}

/** Uniform integer in 0..limit-1; `limit` 1..2^32. Rejection keeps it free of bias. */
export function nextBelow(random: RandomState, limit: number): number {
  const bound = Math.floor(0x1_0000_0000 / limit) * limit;
  for (;;) {
    const value = nextUint32(random);
    if (value < bound) return value % limit;
  }
}
