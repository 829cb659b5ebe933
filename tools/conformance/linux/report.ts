// What the cases came to, as text: a line for each moment, then differences of one kind together.

import type { CaseResult } from "./compare.ts";
import type { LinuxDifference, MomentResult } from "./moment.ts";
import { linuxRules } from "./rules.ts";

const counts = ({ entries, equal, explained, different }: MomentResult): string => `${entries} entries: ${equal} equal, ${explained} explained, ${different.length} different`;

/** One value for all cards, so that the same thing on each of them is one line. */
const kindOf = (text: string | undefined): string => (text === undefined ? "nothing" : text.replaceAll(/<[^>]+>/g, "<>").replaceAll(/>\.\d+/g, ">.N"));

interface Group {
  readonly place: string;
  readonly theirs: string;
  readonly ours: string;
  readonly all: LinuxDifference[];
}

function groupsOf({ moments }: CaseResult): Group[] {
  const groups = new Map<string, Group>();
  for (const difference of moments.flatMap(({ different }) => different)) {
    const [place, theirs, ours] = [kindOf(difference.place), kindOf(difference.theirs), kindOf(difference.ours)];
    const key = [place, theirs, ours].join("\0");
    const group = groups.get(key) ?? { place, theirs, ours, all: [] };
    groups.set(key, group);
    group.all.push(difference);
  }
  return [...groups.values()];
}

const momentsOf = (all: readonly LinuxDifference[]): string => {
  const names = [...new Set(all.map(({ moment }) => moment))];
  return names.length > 3 ? `${names[0] ?? ""} and ${names.length - 1} more` : names.join(", ");
};

/** For machines: everything, in order. */
export const linuxJson = (results: readonly CaseResult[]): object[] => results.map((result) => ({ ...result, used: Object.fromEntries(result.used) }));

export const differencesOf = (results: readonly CaseResult[]): number => results.reduce((sum, { moments }) => sum + moments.reduce((inner, { different }) => inner + different.length, 0), 0);

function totalOf(results: readonly CaseResult[]): string {
  const sum = (key: "entries" | "equal" | "explained"): number => results.reduce((all, { moments }) => all + moments.reduce((inner, one) => inner + one[key], 0), 0);
  return `${sum("entries")} entries: ${sum("equal")} equal, ${sum("explained")} explained, ${differencesOf(results)} different`;
}

export function linuxSummary(results: readonly CaseResult[], isVerbose: boolean): string {
  const lines = results.flatMap((result) => {
    const groups = groupsOf(result).map(({ place, theirs, ours, all }) => `  ${String(all.length).padStart(4)}  ${place}: theirs ${theirs}, ours ${ours} (${momentsOf(all)})`);
    const single = result.moments.flatMap(({ different }) => different.map(({ moment, place, theirs, ours }) => `  ${moment} | ${place}: theirs ${theirs ?? "nothing"}, ours ${ours ?? "nothing"}`));
    return [
      result.name, ...result.moments.map((moment) => `  ${moment.name}: ${counts(moment)}`), ...result.notes.map((note) => `  To know: ${note}`),
      ...[...result.used].map(([id, times]) => `  ${String(times).padStart(4)}  explained: ${id}${isVerbose ? `: ${linuxRules.find((rule) => rule.id === id)?.reason ?? ""}` : ""}`),
      ...(isVerbose ? single : groups),
    ];
  });
  const totals = results.length > 1 ? results.map((result) => `${result.name.padEnd(Math.max(...results.map(({ name }) => name.length)))}  ${totalOf([result])}`) : [];
  return [...lines, ...totals, `total  ${totalOf(results)}`].join("\n");
}
