// The twin test as text: a line for each case, below it what differs and what is explained.

import type { Difference, TwinResult } from "./compare.ts";

const line = ({ place, real, ours }: Difference): string => `    ${place}: real ${real ?? "nothing"}, ours ${ours ?? "nothing"}`;

/** One case: its counts, what differs, and the explanations that were used. */
export function twinReport(result: TwinResult, isVerbose: boolean): string {
  const { entries, equal, explained, different, debugLines } = result;
  const count = [...explained.values()].reduce((sum, all) => sum + all.length, 0);
  return [
    `${result.case.padEnd(28)} ${entries} entries: ${equal} equal, ${count} explained, ${different.length} different (${debugLines} debug lines of the real kernel are not written by ours)`,
    ...different.map(line),
    ...[...explained].flatMap(([{ id, reason }, all]) => [`    explained ${all.length} times: ${id}${isVerbose ? `: ${reason}` : ""}`, ...(isVerbose ? all.map((one) => `  ${line(one)}`) : [])]),
  ].join("\n");
}
