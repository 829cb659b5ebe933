// The claims of the seeds that a scorecard can judge, as rules over its cells.

import type { CellFacts } from "../scenario/comparison.ts";
import { presetNames } from "../scenario/policies.ts";
import type { Case, Judged, Rule } from "./statements.ts";

const bytes = (text: string): bigint => BigInt(text);
const mib = (text: string): string => `${bytes(text) >> 20n} MiB`;
/** Capacities of two cells side by side. */
const against = (what: keyof CellFacts["capacity"], [a, b]: readonly CellFacts[]): string => `${mib(a?.capacity[what] ?? "0")} against ${mib(b?.capacity[what] ?? "0")}`;
const isTyped = ({ repair }: CellFacts): boolean => repair.lines.length > 0 || repair.by === "nothing";
const repairOf = ({ repair }: CellFacts): string => (repair.lines.length > 0 ? `${repair.lines.length} line${repair.lines.length === 1 ? "" : "s"} (${repair.by})` : repair.by);
/** Nothing that firmware promised is missing: no leftover to argue about. */
const isWhole = ({ capacity }: CellFacts): boolean => bytes(capacity.served) >= bytes(capacity.promised);
const isEnded = ({ outcome }: CellFacts): boolean => ["panic", "reset", "hang", "rebooted"].includes(outcome);

/** Region of firmware that did not come together, as the preset that leaves everything where it is shows it. */
const hasFailed = (all: Case): boolean => all.cells.get("maintainer-F0")?.verdict === "needs-remediation";
const lost = ({ innocents }: CellFacts): string => `${innocents.lost.length} of ${innocents.regions} regions lost`;
const breaks = (cell: CellFacts, invariant: number): readonly string[] => cell.violations.filter((one) => one.invariant === invariant).map(({ allowedBy }) => allowedBy ?? "nothing allows it");

type Judge = (cells: readonly [CellFacts, CellFacts], all: Case) => Judged | null;
type JudgeOne = (cell: CellFacts, all: Case) => Judged | null;

const pair = (of: readonly [string, string], judge: Judge): Pick<Rule, "of" | "judge"> => ({ of, judge: ([a, b], all) => (a === undefined || b === undefined ? null : judge([a, b], all)) });
const single = (of: string, judge: JudgeOne): Pick<Rule, "of" | "judge"> => ({ of: [of], judge: ([cell], all) => (cell === undefined ? null : judge(cell, all)) });

/** Where a region of firmware failed to come together. */
const whereFailed = (judge: Judge): Judge => (cells, all) => (hasFailed(all) ? judge(cells, all) : null);
const whereOneFailed = (judge: JudgeOne): JudgeOne => (cell, all) => (hasFailed(all) ? judge(cell, all) : null);

const failover: readonly Rule[] = [
  {
    ids: ["S7", "S8"], position: "author of F0", section: "presets", claim: "with failover (linux-7.2) users have the capacity that firmware promised although a region failed",
    ...single("linux-7.2", whereOneFailed(({ capacity }) => ({ holds: bytes(capacity.served) >= bytes(capacity.promised), numbers: `${mib(capacity.served)} of ${mib(capacity.promised)}` }))),
  },
  {
    ids: ["S23", "S57"], position: "both", section: "presets", claim: "without failover (maintainer-F0) the first symptom is missing capacity",
    ...single("maintainer-F0", whereOneFailed(({ capacity }) => ({ holds: bytes(capacity.served) < bytes(capacity.promised), numbers: `${mib(capacity.served)} of ${mib(capacity.promised)}` }))),
  },
  {
    ids: ["S10", "S11"], position: "maintainer on F0", section: "presets", claim: "what failover (linux-7.2) hands out over a failed region is no memory to rely on",
    ...single("linux-7.2", whereOneFailed(({ capacity }) => (bytes(capacity.byHmem) === 0n ? null : { holds: bytes(capacity.decoding) < bytes(capacity.served), numbers: `${mib(capacity.decoding)} of ${mib(capacity.served)} keep what is written` }))),
  },
];

const repairs: readonly Rule[] = [
  {
    ids: ["S13", "S15"], position: "author of F0", section: "presets", claim: "left alone with no way to unwind (linux-6.x-old) nothing that is typed brings the memory back",
    ...single("linux-6.x-old", whereOneFailed((cell) => ({ holds: !isTyped(cell), numbers: repairOf(cell) }))),
  },
  {
    ids: ["S13", "S17"], position: "maintainer on F0", section: "presets", claim: "left alone with full unwind (maintainer-F0) an administrator brings back what the cards can hold, as with a RAID",
    ...single("maintainer-F0", whereOneFailed((cell) => ({ holds: isTyped(cell), numbers: repairOf(cell) }))),
  },
  {
    ids: ["S17", "S24"], position: "author of F0", section: "presets", claim: "with failover and unwinding of slots alone (linux-7.2) nothing that is typed brings it back either",
    ...single("linux-7.2", whereOneFailed((cell) => (cell.repair.by === "nothing" ? null : { holds: !isTyped(cell), numbers: repairOf(cell) }))),
  },
];

const roadmaps: readonly Rule[] = [
  {
    ids: ["S19"], position: "roadmap B", section: "presets", claim: "B serves more than A before anybody does anything",
    ...pair(["ROADMAP-B", "ROADMAP-A"], whereFailed((cells) => ({ holds: bytes(cells[0].capacity.served) > bytes(cells[1].capacity.served), numbers: against("served", cells) }))),
  },
  {
    ids: ["S19"], position: "roadmap B", section: "presets", claim: "what B serves more can be used",
    ...pair(["ROADMAP-B", "ROADMAP-A"], whereFailed((cells) => ({ holds: bytes(cells[0].capacity.decoding) > bytes(cells[1].capacity.decoding), numbers: `${against("decoding", cells)} keep what is written` }))),
  },
  {
    ids: ["S19", "S24"], position: "roadmap B", section: "presets", claim: "B takes fewer lines of an administrator than A",
    ...pair(["ROADMAP-B", "ROADMAP-A"], whereFailed(([b, a]) => (!isTyped(a) && !isTyped(b) ? null : { holds: isTyped(b) && (!isTyped(a) || b.repair.lines.length < a.repair.lines.length), numbers: `${repairOf(b)} against ${repairOf(a)}` }))),
  },
  {
    ids: ["S3", "S19", "S20"], position: "roadmap A", section: "presets", claim: "A leaves a region to look at, with members expected and arrived, and B does not",
    ...pair(["ROADMAP-A", "ROADMAP-B"], whereFailed(([a, b]) => ({ holds: a.evidence.partial.length > 0 && b.evidence.partial.length === 0, numbers: `${a.evidence.partial.map(({ arrived, expected }) => `${arrived}/${expected}`).join(" ") || "none"} against ${b.evidence.partial.map(({ arrived, expected }) => `${arrived}/${expected}`).join(" ") || "none"}` }))),
  },
];

const evidence: readonly Rule[] = [
  {
    ids: ["S22"], position: "author of F0", section: "presets", claim: "an explicit log (author-F0) has a line for the failure where a quiet one (linux-7.2) has none",
    ...pair(["author-F0", "linux-7.2"], whereFailed(([author, today]) => ({ holds: author.evidence.explicit > 0 && today.evidence.explicit === 0, numbers: `${author.evidence.explicit} against ${today.evidence.explicit}` }))),
  },
  {
    ids: ["S20", "S22"], position: "maintainer on F0", section: "presets", claim: "without the log (maintainer-F0) a listing shows how many members came",
    ...single("maintainer-F0", whereOneFailed(({ evidence: { partial } }) => ({ holds: partial.length > 0, numbers: partial.map(({ arrived, expected }) => `${arrived} of ${expected}`).join(", ") || "nothing" }))),
  },
  {
    ids: ["S22"], position: "author of F0", section: "presets", claim: "of a missing member the quiet log (linux-7.2) says nothing at all",
    ...single("linux-7.2", whereOneFailed(({ evidence: { partial, errors, warnings } }) => (partial.some(({ arrived, expected }) => arrived < expected) ? { holds: errors + warnings === 0, numbers: `${errors} errors, ${warnings} warnings` } : null))),
  },
];

/** Presets whose failures reach everybody, by their own word. */
const globals = ["maintainer-F3", "series-v5"] as const;

const reach: readonly Rule[] = [
  ...globals.map((preset): Rule => ({
    ids: preset === "series-v5" ? ["S33", "S36", "S55"] : ["S33", "S48", "S55"], position: "maintainer on F1, author of F3", section: "presets", claim: `a failure takes regions of innocent devices along (${preset})`,
    ...single(preset, (cell) => (cell.innocents.regions === 0 || isEnded(cell) || cell.verdict === null ? null : { holds: cell.innocents.lost.length > 0, numbers: lost(cell) })),
  })),
  {
    ids: ["S33", "S56"], position: "maintainer on F1 and F3", section: "presets", claim: "one decision for each range (linux-7.2) takes nothing from innocent devices",
    ...single("linux-7.2", (cell) => (cell.innocents.regions === 0 || isEnded(cell) ? null : { holds: cell.innocents.lost.length === 0, numbers: lost(cell) })),
  },
  ...globals.map((preset): Rule => ({
    ids: preset === "series-v5" ? ["S36"] : ["S48", "S55"], position: "maintainer on F1 and F3", section: "presets", claim: `taking everything down (${preset}) serves more than one decision for each range (linux-7.2)`,
    ...pair([preset, "linux-7.2"], (cells) => (isEnded(cells[0]) ? null : { holds: bytes(cells[0].capacity.served) > bytes(cells[1].capacity.served), numbers: against("served", cells) })),
  })),
];

const ranges: readonly Rule[] = [
  ...presetNames.map((preset): Rule => ({
    ids: ["S58"], position: "maintainer on F3", section: "presets", claim: `every byte of Soft Reserved ends in a dax device (${preset})`,
    ...single(preset, (cell) => (isEnded(cell) ? null : { holds: breaks(cell, 2).length === 0, numbers: [...new Set(breaks(cell, 2))].join(", ") || "all" })),
  })),
  {
    ids: ["S53", "S54"], position: "author of F2 and F3", section: "presets", claim: "trimming with leftovers to dax (author-F3) serves more than handing the whole range to hmem (linux-7.2)",
    ...pair(["author-F3", "linux-7.2"], (cells, all) => (hasFailed(all) || cells.some(isEnded) || cells.every(isWhole) ? null : { holds: bytes(cells[0].capacity.served) > bytes(cells[1].capacity.served), numbers: against("served", cells) })),
  },
  {
    ids: ["S46", "S65"], position: "maintainer on F3", section: "presets", claim: "trimming when a region is made (author-F3) loses the range when the region then fails",
    ...single("author-F3", whereOneFailed(({ capacity }) => ({ holds: bytes(capacity.served) < bytes(capacity.promised), numbers: `${mib(capacity.served)} of ${mib(capacity.promised)}` }))),
  },
];

const orders: readonly Rule[] = presetNames.map((preset): Rule => ({
  ids: ["S37"], position: "maintainer on F1", section: "presets", claim: `every order of probes that was tried comes to the same end (${preset})`,
  ...single(preset, ({ schedules }) => (schedules.runs < 2 ? null : { holds: schedules.endStates === 1, numbers: `${schedules.endStates} end states of ${schedules.runs} orders` })),
}));

const decision: readonly Rule[] = [
  {
    ids: ["S61"], position: "maintainer on F3", section: "decision", claim: "a fixed delay gives to hmem what the barrier gives to CXL",
    ...pair(["delay(10s)", "barrier"], (cells) => ({ holds: bytes(cells[0].capacity.byCxl) < bytes(cells[1].capacity.byCxl), numbers: `${against("byCxl", cells)} with CXL` })),
  },
  {
    ids: ["S59", "S60"], position: "maintainer on F3", section: "decision", claim: "waiting for what is in flight (naive-wait) gives to hmem what the barrier gives to CXL",
    ...pair(["naive-wait", "barrier"], (cells) => ({ holds: bytes(cells[0].capacity.byCxl) < bytes(cells[1].capacity.byCxl), numbers: `${against("byCxl", cells)} with CXL` })),
  },
];

const publication: readonly Rule[] = (["never", "late"] as const).map((hidden): Rule => ({
  ids: ["S39", "S45"], position: "author of F2 and F3", section: "publication", claim: `Soft Reserved that stays in /proc/iomem (always) keeps a new card from the addresses of the old one; where it does not (${hidden}) the card has them`,
  ...pair(["always", hidden], (cells) => ({ holds: cells[0].refused.length > 0 && cells[1].refused.length === 0 && bytes(cells[0].capacity.served) < bytes(cells[1].capacity.served), numbers: `${against("served", cells)} served, ${cells[0].refused.length} steps refused against ${cells[1].refused.length}` })),
}));

const isolation: readonly Rule[] = [
  {
    ids: ["S68", "S73"], position: "author of F4", section: "presets", claim: "isolation handled (isolation-safe) spares the reboot that linux-7.2 ends in",
    ...pair(["isolation-safe", "linux-7.2"], ([safe, today]) => (isEnded(today) ? { holds: !isEnded(safe), numbers: `${safe.outcome} against ${today.outcome}` } : null)),
  },
  {
    ids: ["S77", "S86"], position: "maintainer on F4", section: "presets", claim: "where a port isolates (isolation-safe) guests elsewhere live on",
    ...pair(["isolation-safe", "linux-7.2"], ([safe, today]) => (isEnded(today) ? { holds: safe.guests.survived > 0 && !isEnded(safe), numbers: `${safe.guests.killed} killed, ${safe.guests.survived} live` } : null)),
  },
];

const readOf = ({ bandwidth }: CellFacts): number | null => {
  const figures = bandwidth.flatMap(({ read }) => (read === null ? [] : [read]));
  return figures.length === 0 ? null : Math.min(...figures);
};
const share = ({ guests }: CellFacts): string => `${guests.killed} of ${guests.killed + guests.survived} guests`;

const layouts: readonly Rule[] = [
  {
    ids: ["S78"], position: "maintainer on F4", section: "layouts", claim: "a region over all ports (spread) gives its user more bandwidth than a region of one port (contained)",
    ...pair(["spread", "contained"], ([spread, contained]) => {
      const [wide, narrow] = [readOf(spread), readOf(contained)];
      return wide === null || narrow === null ? null : { holds: wide > narrow, numbers: `${wide} MB/s against ${narrow} MB/s` };
    }),
  },
  {
    ids: ["S77", "S78"], position: "maintainer on F4", section: "layouts", claim: "a region over all ports (spread) loses more than regions of one port each (contained) when one port fails",
    ...pair(["spread", "contained"], ([spread, contained]) => ({ holds: bytes(spread.bytesLost) > bytes(contained.bytesLost) && spread.guests.survived < contained.guests.survived, numbers: `${mib(spread.bytesLost)} and ${share(spread)} against ${mib(contained.bytesLost)} and ${share(contained)}` })),
  },
  {
    ids: ["S78", "S86"], position: "maintainer on F4", section: "layouts", claim: "a guest for each dax device (vm-per-dax) loses no larger share of guests than a guest for each region (contained)",
    ...pair(["vm-per-dax", "contained"], ([many, few]) => ({ holds: many.guests.killed * (few.guests.killed + few.guests.survived) <= few.guests.killed * (many.guests.killed + many.guests.survived), numbers: `${share(many)} against ${share(few)}` })),
  },
];

export const statementRules: readonly Rule[] = [...failover, ...repairs, ...roadmaps, ...evidence, ...reach, ...ranges, ...orders, ...decision, ...publication, ...isolation, ...layouts];
