// Where two runs part, as lines: the one wording of goldens, replays and comparisons of traces.

import type { Divergence } from "../scenario/trace/divergence.ts";
import { timeText } from "../scenario/time-text.ts";
import { oneLine } from "./foreign.ts";

/** Which record, and when. */
export const placeOfDivergence = ({ layer, index, atNs }: Divergence): string => `${layer} record ${index}${atNs === null ? "" : ` at ${timeText(atNs)}`}`;

/** Characters of a record that are shown. */
const longest = 240;

const shown = (text: string): string => (text.length > longest ? `${oneLine(text.slice(0, longest))}...` : oneLine(text));
const quoted = (text: string | null): string => (text === null ? "nothing more" : `"${shown(text)}"`);

/** One line: what was expected there, and what came. */
export const divergenceLine = (divergence: Divergence): string => `${placeOfDivergence(divergence)}: expected ${quoted(divergence.expected)}, got ${quoted(divergence.actual)}`;

/** What both have before it, what was expected, and what came. */
export function divergenceLines({ before, expected, expectedAfter, actual, actualAfter }: Divergence): string[] {
  const side = (mark: string, first: string | null, after: readonly string[]): string[] => (first === null ? [`${mark} (nothing more)`] : [first, ...after].map((text) => `${mark} ${shown(text)}`));
  return [...before.map((text) => `  ${shown(text)}`), ...side("-", expected, expectedAfter), ...side("+", actual, actualAfter)];
}
