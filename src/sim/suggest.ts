// "did you mean": the nearest known word.

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The known word nearest to `word` within a third of its length, or undefined. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const far = distance(word.toLowerCase(), candidate.toLowerCase());
    if (far < least) {
      least = far;
      best = candidate;
    }
  }
  return best;
}

/** `; did you mean "x"?` or a list of what there is. */
export function suggestion(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  if (near !== undefined) return `did you mean "${near}"?`;
  return known.length === 0 ? "there is none" : `known: ${known.slice(0, 12).join(", ")}${known.length > 12 ? ", ..." : ""}`;
}

/** Characters of a line, and lines, that are held against a text. */
const longestLine = 200;
const mostLines = 2000;

const wordsIn = (text: string): string[] => text.toLowerCase().split(/[^\p{L}\p{N}]+/u).filter((word) => word !== "");

/** The line that has most words of a text, or nearly, of several the one that differs least from it; undefined: none shares a word. */
export function nearestText(text: string, lines: Iterable<string>): string | undefined {
  const words = wordsIn(text);
  let best: { readonly line: string; readonly shared: number; readonly far: number } | undefined;
  let looked = 0;
  for (const line of lines) {
    if (looked++ === mostLines) break;
    const lower = line.toLowerCase().slice(0, longestLine);
    const known = wordsIn(lower);
    const shared = words.reduce((sum, word) => sum + (lower.includes(word) ? 2 : nearest(word, known) === undefined ? 0 : 1), 0);
    if (shared === 0 || shared < (best?.shared ?? 0)) continue;
    const far = distance(text.toLowerCase(), lower);
    if (best === undefined || shared > best.shared || far < best.far) best = { line, shared, far };
  }
  return best?.line;
}
