// A 64-bit content hash of text as two unsigned words. For digests and interning, not for secrets.

export interface Hash64 {
  readonly low: number;
  readonly high: number;
}

function finish(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** Hash of the UTF-16 code units of `text`. */
export function hashText(text: string): Hash64 {
  let low = 0x811c9dc5;
  let high = 0x9747b28c ^ text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul((high << 5) ^ (high >>> 27) ^ unit, 0x85ebca6b);
  }
  return { low: finish(low), high: finish(high ^ low) };
}
