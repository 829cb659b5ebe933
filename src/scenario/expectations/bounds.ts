// Bounds of a value that an expectation gives: equal to, at least, at most; none of them: at least 1.

export interface Bounds {
  readonly equals?: number | string | boolean | undefined;
  readonly atLeast?: number | undefined;
  readonly atMost?: number | undefined;
}

export function describeBounds(bounds: Bounds): string {
  const parts = [bounds.equals === undefined ? "" : `${bounds.equals}`, bounds.atLeast === undefined ? "" : `at least ${bounds.atLeast}`, bounds.atMost === undefined ? "" : `at most ${bounds.atMost}`];
  return parts.filter((part) => part !== "").join(", ") || "at least 1";
}

const isWhole = (value: string): boolean => /^-?\d+$/.test(value);

export function within(value: string, bounds: Bounds): boolean {
  if (bounds.equals !== undefined && value !== String(bounds.equals)) return false;
  if (bounds.equals !== undefined && bounds.atLeast === undefined && bounds.atMost === undefined) return true;
  if (!isWhole(value)) return false;
  if (bounds.atLeast !== undefined && BigInt(value) < BigInt(bounds.atLeast)) return false;
  if (bounds.atMost !== undefined && BigInt(value) > BigInt(bounds.atMost)) return false;
  return bounds.equals !== undefined || bounds.atLeast !== undefined || bounds.atMost !== undefined || BigInt(value) > 0n;
}
