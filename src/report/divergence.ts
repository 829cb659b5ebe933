// Where two runs part, as lines: the one wording of goldens, replays and comparisons of traces.

import type { Divergence } from "../scenario/divergence.ts";
import { timeText } from "../scenario/time-text.ts";
import { oneLine } from "./foreign.ts";

/** Which record, and when. */
export const placeOfDivergence = ({ layer, index, atNs }: Divergence): string => `${layer} record ${index}${atNs === null ? "" : ` at ${timeText(atNs)}`}`;

const quoted = (text: string | null): string => (text === null ? "nothing more" : `"${oneLine(text)}"`);

/** One line: what was expected there, and what came. */
export const divergenceLine = (divergence: Divergence): string => `${placeOfDivergence(divergence)}: expected ${quoted(divergence.expected)}, got ${quoted(divergence.actual)}`;

/** What both have before it, what was expected, and what came. */
export function divergenceLines({ before, expected, expectedAfter, actual, actualAfter }: Divergence): string[] {
  const side = (mark: string, first: string | null, after: readonly string[]): string[] => (first === null ? [`${mark} (nothing more)`] : [first, ...after].map((text) => `${mark} ${oneLine(text)}`));
  return [...before.map((text) => `  ${oneLine(text)}`), ...side("-", expected, expectedAfter), ...side("+", actual, actualAfter)];
}
