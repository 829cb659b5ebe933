// A verdict as a person reads it: both sides in two columns, which wins, whether "recovered" may be said, the worst runs, and what would flip it.

import type { ArmSummary, Flip, Sensitivity, Spread, StickyStatus, Trial, VerdictCell, VerdictReport } from "../scenario/verdict/report.ts";
import type { Style } from "./console.ts";
import { formatTime, plain } from "./console.ts";

const spreadText = ({ mean, least, most }: Spread, text: (value: number) => string): string => (least === most ? text(mean) : `${text(mean)} (${text(least)} to ${text(most)})`);

/** Thousandths with three digits. */
const pointsText = (points: number): string => `${Math.trunc(points / 1000)}.${String(Math.abs(points % 1000)).padStart(3, "0")}`;

const mebibytes = (value: number): string => (value % 1024 === 0 ? `${value / 1024} GiB` : `${value} MiB`);

function serviceText({ fullServiceNs, never, runs }: ArmSummary): string {
  const lost = never === 0 ? "" : `never${never === runs ? "" : ` in ${never} of ${runs}`}`;
  return [...(fullServiceNs === null ? [] : [spreadText(fullServiceNs, formatTime)]), ...(lost === "" ? [] : [lost])].join("; ");
}

const rows: readonly (readonly [string, (side: ArmSummary) => string])[] = [
  ["outcome", ({ outcomes }) => Object.entries(outcomes).map(([outcome, count]) => `${outcome} ${count}`).join(", ")],
  ["panics", ({ panics, runs }) => `${panics} of ${runs}`],
  ["killed", ({ killed, workloads }) => `${spreadText(killed, String)} of ${workloads}`],
  ["downtime, all workloads", ({ downtimeNs }) => spreadText(downtimeNs, formatTime)],
  ["contents lost", ({ mebibytesLost }) => spreadText(mebibytesLost, mebibytes)],
  ["capacity stranded", ({ mebibytesStranded }) => spreadText(mebibytesStranded, mebibytes)],
  ["time to full service", serviceText],
];

type PerWorkload = ArmSummary["perWorkload"][number];

function fateText({ killed, downtimeNs }: PerWorkload, runs: number): string {
  return killed === 0 ? "lives" : `killed${killed === runs ? "" : ` in ${killed} of ${runs}`}, down ${formatTime(downtimeNs.mean)}`;
}

/** A row for workloads in a row that fare alike: "vm1 .. vm4". */
function workloadRows(recovery: ArmSummary, reboot: ArmSummary): string[][] {
  const groups: { first: string; last: string; left: string; right: string }[] = [];
  for (const [index, one] of recovery.perWorkload.entries()) {
    const other = reboot.perWorkload[index];
    const row = { first: one.name, last: one.name, left: fateText(one, recovery.runs), right: other === undefined ? "" : fateText(other, reboot.runs) };
    const before = groups.at(-1);
    if (before !== undefined && before.left === row.left && before.right === row.right) before.last = row.last;
    else groups.push(row);
  }
  return groups.map(({ first, last, left, right }) => [`  ${first === last ? first : `${first} .. ${last}`}`, left, right]);
}

/** Both sides, a row for each thing that counts: its name and a text for each side. Rows of workloads begin with two blanks. */
export function verdictRows({ recovery, reboot }: Pick<VerdictCell, "recovery" | "reboot">): (readonly string[])[] {
  if (recovery === null || reboot === null) return [];
  return [...rows.map(([name, text]) => [name, text(recovery), text(reboot)]), ...workloadRows(recovery, reboot), ["points", spreadText(recovery.points, pointsText), spreadText(reboot.points, pointsText)]];
}

/** Which side wins, and by how much. */
export function winnerText({ winner, recovery, reboot }: VerdictCell): string {
  const balance = (reboot?.points.mean ?? 0) - (recovery?.points.mean ?? 0);
  return `${winner === "recovery" ? "recovery" : "a reboot at once"} wins${(winner === "recovery") === balance > 0 && balance !== 0 ? ` by ${pointsText(Math.abs(balance))} points` : ""}`;
}

function sidesOf(cell: VerdictCell): string[] {
  const lines = [["", "recovery", "reboot at once"], ...verdictRows(cell)];
  const widths = [0, 1].map((column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  return lines.map(([name = "", left = "", right = ""]) => `  ${name.padEnd(widths[0] ?? 0)}  ${left.padEnd(widths[1] ?? 0)}  ${right}`.trimEnd());
}

/** What alone would make the other side win. */
export const flipText = ({ path, current, flipsAt, winner }: Flip): string => `${path} at ${flipsAt} instead of ${current}: ${winner === "reboot" ? "a reboot" : "recovery"} wins`;

const trialText = ({ path, values }: Trial): string => `${path} ${values.map(({ value, winner }) => (winner === "unfit" ? `${value} (does not fit)` : value)).join(" ")}`;

function sensitivityLines({ flips, scored, trials, runs, seeds }: Sensitivity, style: Style): string[] {
  const head = flips.length === 0 ? "no single parameter flips it, of those that were looked at" : "what alone would flip it";
  const tried = trials.length === 0 ? [] : [`  run again (${runs} runs, seed${seeds.length === 1 ? "" : "s"} ${seeds.join(", ")}): ${trials.map(trialText).join("; ")}`];
  return [style.paint("bold", head), ...flips.map((flip) => `  ${flipText(flip)}`), style.paint("dim", `  priced again: ${scored.length} weights and times of verdict:`), ...tried.map((line) => style.paint("dim", line))];
}

const foundText = (found: readonly StickyStatus[]): string[] => (found.length === 0 ? [] : [`at reboot firmware finds ${found.map(({ port, bits }) => `${port}: ${bits.join(", ")}`).join("; ")}`]);

function dumpText({ crashDumps }: VerdictCell): string[] {
  const states = Object.entries(crashDumps);
  return states.length === 0 ? [] : [`crash dump after a panic: ${states.map(([state, count]) => `${state} ${count}`).join(", ")}`];
}

function cellLines(cell: VerdictCell, style: Style): string[] {
  const { recovery, reboot, winner } = cell;
  const title = [style.paint("bold", `${cell.file}: ${cell.name}`), ...cell.combination.map(({ path, value }) => `  with ${path} = ${value}`)];
  const unfit = cell.unfit.map(({ seed, reason }) => style.paint("yellow", `seed ${seed} proves nothing: ${reason}`));
  if (recovery === null || reboot === null) return [...title, ...unfit, style.paint("red", `verdict: ${cell.judgement}`), ""];
  return [
    ...title, `${recovery.runs} ${recovery.runs === 1 ? "seed" : "seeds"}; mean (least to most)`, ...sidesOf(cell), ...unfit,
    style.paint(winner === "recovery" ? "green" : "red", winnerText(cell)), style.paint(cell.recovered ? "green" : "yellow", `verdict: ${cell.judgement}`),
    ...dumpText(cell), ...foundText(cell.found), style.paint("bold", "worst runs of recovery"),
    ...cell.worst.map(({ seed, outcome, points, command }) => `  seed ${seed}: ${outcome}, ${pointsText(points)} points: ${command}`),
    ...(cell.sensitivity === null ? [] : sensitivityLines(cell.sensitivity, style)), "",
  ];
}

/** For a terminal (standard output). */
export const verdictConsole = ({ cells }: Pick<VerdictReport, "cells">, style: Style = plain): string => cells.flatMap((cell) => cellLines(cell, style)).join("\n").concat("\n");
