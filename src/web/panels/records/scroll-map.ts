// Rows of a long list under a scroll bar: browsers let no element be higher than some millions of pixels, so that the height is limited and places in it stand for rows in proportion.

/** CSS pixels. */
export const rowHeight = 20;
/** Height that every browser still takes. */
const mostHeight = 6_000_000;

export interface ScrollMap {
  /** Height of what is scrolled, CSS pixels. */
  readonly height: number;
  /** The row, with its fraction, that is at the top of the window when it is scrolled so far. */
  readonly rowAt: (top: number) => number;
  /** How far to scroll for a row to be at the top of the window. */
  readonly topOf: (row: number) => number;
}

/** @param viewport height of the window, CSS pixels */
export function scrollMap(rows: number, viewport: number): ScrollMap {
  const full = rows * rowHeight;
  const height = Math.min(full, mostHeight);
  const furthest = Math.max(0, height - viewport);
  const lastTop = Math.max(0, rows - viewport / rowHeight);
  const clamped = (value: number, most: number): number => Math.max(0, Math.min(most, value));
  // Both ends meet: scrolled to the very end, the last row is the last in the window.
  const share = furthest === 0 ? 0 : lastTop / furthest;
  return {
    height,
    rowAt: (top) => (height === full ? clamped(top, furthest) / rowHeight : clamped(top, furthest) * share),
    topOf: (row) => (height === full ? clamped(row * rowHeight, furthest) : share === 0 ? 0 : clamped(row, lastTop) / share),
  };
}
