// A fault's evidence as lines: what it waited for, when it acted and what that changed, or how far it came. One wording for all reporters.

import type { FaultResult } from "../scenario/result.ts";
import { timeText } from "../scenario/time-text.ts";
import { oneLine } from "./foreign.ts";

const times = (count: number): string => (count === 1 ? "once" : `${count} times`);

/** Lines of one fault; times are virtual, since power-on. Empty where a result has no evidence. */
export function evidenceLines({ count, evidence }: FaultResult): string[] {
  if (evidence === undefined) return [];
  const { trigger, matches, acts, lastAtNs, drawnNs, missing } = evidence;
  const head = [`waits for: ${oneLine(trigger)}`, ...(drawnNs === null ? [] : [`the seed picked ${timeText(drawnNs)}`])];
  if (missing !== null) return [...head, `did not act: ${oneLine(missing)}`];
  const last = acts.length < count && lastAtNs !== null ? [`... and ${count - acts.length} more, the last at ${timeText(lastAtNs)}`] : [];
  const came = matches === count ? "" : `; what it waits for came ${times(matches)}`;
  return [...head, `acted ${times(count)}${came}`, ...acts.flatMap(({ atNs, changed }) => [`at ${timeText(atNs)}`, ...changed.map((one) => `  ${oneLine(one)}`)]), ...last];
}
