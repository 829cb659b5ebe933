// Buffers of an answer that travel without being copied: those that a typed array has for itself.

/** How deep answers are looked through. */
const deepest = 6;

/** Buffers below plain data that are nobody else's. */
export function buffersIn(value: unknown, depth = 0, found = new Set<ArrayBuffer>()): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer && value.byteLength === value.buffer.byteLength && value.byteLength > 0) found.add(value.buffer);
  } else if (depth < deepest && typeof value === "object" && value !== null) {
    // Rows are alike: where the first has no buffer, none has.
    const inner = Array.isArray(value) ? (value.length > 64 && buffersIn(value[0], depth + 1).length === 0 ? [] : value) : Object.values(value);
    for (const one of inner) buffersIn(one, depth + 1, found);
  }
  return [...found];
}
