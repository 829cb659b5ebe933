// What a person reads after a run: one line a scenario, those that did not pass first; then what went wrong, the totals, and at the very end the command that repeats the worst.

import type { RunResult, Status } from "../scenario/result.ts";
import type { AnyResult, Finding } from "./findings.ts";
import { findingLines, findingsOf, firedLines, repeatLine, worstFirst } from "./findings.ts";
import { linesOfText, oneLine } from "./foreign.ts";
import type { Reporter } from "./reporter.ts";

export interface Style {
  paint(style: "green" | "red" | "yellow" | "dim" | "bold", text: string): string;
}

export const plain: Style = { paint: (_style, text) => text };

const titleOf = ({ file, name }: AnyResult): string => `${oneLine(file)}: ${oneLine(name)}`;

const marks: Readonly<Record<Status, readonly ["green" | "red" | "yellow", string]>> = { pass: ["green", "pass"], fail: ["red", "FAIL"], invalid: ["yellow", "INVALID"], error: ["red", "ERROR"], limit: ["yellow", "LIMIT"], driver: ["red", "DRIVER"] };

/** Virtual time with a unit that keeps three digits. */
export function formatTime(nanoseconds: number): string {
  for (const [unit, size] of [["s", 1e9], ["ms", 1e6], ["us", 1e3]] as const) {
    if (nanoseconds >= size) return `${(nanoseconds / size).toFixed(nanoseconds >= size * 100 ? 0 : nanoseconds >= size * 10 ? 1 : 2)} ${unit}`;
  }
  return `${nanoseconds} ns`;
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((cells) => (cells[column] ?? "").length)));
  return rows.map((cells) => cells.map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join("  ").trimEnd());
}

function row(result: AnyResult): string[] {
  const { metrics: m, outcome, verdict } = result;
  const told = outcome === null ? "-" : verdict === null ? outcome : `${outcome}, ${verdict}`;
  const counts = m === null ? ["-", "-", "-"] : [String(m.machineChecks), String(m.droppedWrites), `${m.killed}/${m.killed + m.survived}`];
  return [marks[result.status][1], oneLine(result.name), told, formatTime(result.virtualTimeNs), ...counts];
}

const colours: Readonly<Record<Finding["kind"], "red" | "yellow" | null>> = { reason: null, driver: "red", fault: "yellow", expectation: "red", golden: "red" };

/** One run that did not pass: what went wrong, what its faults had done, and the command that repeats it. */
function trouble(result: AnyResult, style: Style): string[] {
  const painted = (finding: Finding): string[] => {
    const colour = colours[finding.kind];
    return findingLines(finding).map((line) => `  ${colour === null ? line : style.paint(colour, line)}`);
  };
  return ["", style.paint("bold", titleOf(result)), ...findingsOf(result).flatMap(painted), ...[...firedLines(result), repeatLine(result)].map((line) => style.paint("dim", `  ${line}`))];
}

/** Drivers that ran, each once, by what is in them. */
function driverFiles(result: RunResult, style: Style): string[] {
  const files = new Set(result.scenarios.flatMap(({ drivers = [] }) => drivers.map(({ file, digest }) => `driver ${oneLine(file)}  sha256 ${digest}`)));
  return [...files].map((line) => style.paint("dim", line));
}

/** The table (standard output): what did not pass before what did. */
export function consoleTable(result: RunResult, style: Style = plain): string {
  const head = ["", "scenario", "outcome", "virtual time", "checks", "dropped", "killed"];
  const scenarios = [...worstFirst(result.scenarios), ...result.scenarios.filter(({ status }) => status === "pass")];
  const lines = table([head, ...scenarios.map(row)]);
  const painted = lines.map((line, index) => {
    const scenario = scenarios[index - 1];
    if (scenario === undefined) return style.paint("dim", line);
    const [colour, word] = marks[scenario.status];
    return style.paint(colour, word) + line.slice(word.length);
  });
  return `${[...painted, ...driverFiles(result, style)].join("\n")}\n`;
}

/** The commands of every scenario's steps with what they gave, as a terminal shows it (standard output); a line that GitHub would take for a command is marked. */
export function consoleSteps(result: RunResult, style: Style = plain): string {
  const shown = (text: string): string[] => (text === "" ? [] : linesOfText(text).map((line) => (/^\s*::|##\[/.test(line) ? `| ${line}` : line)));
  const blocks = result.scenarios.filter(({ commands }) => commands.length > 0).map((scenario) => [
    style.paint("bold", titleOf(scenario)),
    ...scenario.commands.flatMap((one) => [
      style.paint("dim", `$ ${oneLine(one.command)}`), ...shown(one.stdout), ...shown(one.stderr), ...(one.exitCode === 0 ? [] : [style.paint("yellow", `[exit status ${one.exitCode}]`)]),
    ]),
    "",
  ].join("\n"));
  return blocks.map((block) => `${block}\n`).join("");
}

/** What layout checks had to say, also of runs that pass. */
const remarks = (result: AnyResult, style: Style): string[] => result.warnings.map((text) => style.paint("yellow", `${oneLine(result.file)}: ${oneLine(text)}`));

/** How many runs ended how, on one line. */
export const totalsOf = ({ summary }: Pick<RunResult, "summary">): string => Object.entries(summary).filter(([status, count]) => count > 0 || status === "pass").map(([status, count]) => `${count} ${status}`).join(", ");

/** What went wrong, the totals, and as the last line the command that repeats the worst run (standard error). */
export function consoleVerdict(result: RunResult, style: Style = plain): string {
  const failed = worstFirst(result.scenarios);
  const repeat = failed.slice(0, 1).map(repeatLine);
  return `${[...result.scenarios.flatMap((scenario) => remarks(scenario, style)), ...failed.flatMap((scenario) => trouble(scenario, style)), "", totalsOf(result), ...repeat].join("\n")}\n`;
}

/** Results for standard output, the verdict for standard error; in a file both, without colours. */
export const consoleReporter: Reporter = {
  name: "console", summary: "a table of all runs, what went wrong, and the command that repeats the worst", needs: { details: "none", traces: "none" },
  report: ({ result }, { out, error }, target) => (target === undefined ? { stdout: consoleTable(result, out), stderr: consoleVerdict(result, error) } : { files: [{ name: target, content: `${consoleTable(result)}${consoleVerdict(result)}` }] }),
};
