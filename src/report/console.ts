// What a person reads after a run: one line a scenario, then what went wrong and the command that repeats it.

import type { DriverFailure, RunResult, Status } from "../scenario/result.ts";

type AnyResult = RunResult["scenarios"][number];

export interface Style {
  paint(style: "green" | "red" | "yellow" | "dim" | "bold", text: string): string;
}

export const plain: Style = { paint: (_style, text) => text };

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
  return [marks[result.status][1], result.name, told, formatTime(result.virtualTimeNs), ...counts];
}

const controlCharacters = /(?!\n)[\p{Cc}\u2028\u2029]/gu;

/** Text of a driver's: it does nothing to the terminal, and further lines of it cannot be taken for lines of the report. */
const foreign = (text: string): string => text.replaceAll(controlCharacters, "?").replaceAll("\n", "\n      ");

/** Who did what, where, when: what a driver's author needs before he opens the trace. */
function driverLines({ ending, driver, hook, device, atNs, services, lastLog, message }: DriverFailure): string[] {
  const who = driver === "" ? "between two hooks" : `in ${driver}, ${hook}${device === "" ? "" : ` of ${device}`}`;
  const counted = services === undefined ? "" : `, after ${services} ${services === 1 ? "service" : "services"}`;
  return [`driver ${ending}: ${foreign(message)}`, `  ${who}, at ${formatTime(atNs)} of virtual time${counted}`, ...(lastLog === undefined || lastLog === null ? [] : [`  it logged last: ${foreign(lastLog)}`])];
}

function trouble(result: AnyResult, style: Style): string[] {
  if (result.status === "pass") return [];
  const lines = ["", style.paint("bold", `${result.file}: ${result.name}`)];
  if (result.driver !== undefined) for (const line of driverLines(result.driver)) lines.push(style.paint("red", `  ${line}`));
  else if (result.reason !== null) lines.push(`  ${result.reason}`);
  for (const fault of result.faults) if (!fault.fired) lines.push(style.paint("yellow", `  fault ${fault.id} did not fire`));
  for (const one of result.expectations) if (!one.pass) lines.push(style.paint("red", `  ${one.text}: expected ${one.expected}, got ${one.actual}`));
  return [...lines, style.paint("dim", `  ${result.reproduce}`)];
}

/** Drivers that ran, each once, by what is in them. */
function driverFiles(result: RunResult, style: Style): string[] {
  const files = new Set(result.scenarios.flatMap(({ drivers = [] }) => drivers.map(({ file, digest }) => `driver ${file}  sha256 ${digest}`)));
  return [...files].map((line) => style.paint("dim", line));
}

/** The table (standard output). */
export function consoleTable(result: RunResult, style: Style = plain): string {
  const head = ["", "scenario", "outcome", "virtual time", "checks", "dropped", "killed"];
  const lines = table([head, ...result.scenarios.map(row)]);
  const painted = lines.map((line, index) => {
    const scenario = result.scenarios[index - 1];
    if (scenario === undefined) return style.paint("dim", line);
    const [colour, word] = marks[scenario.status];
    return style.paint(colour, word) + line.slice(word.length);
  });
  return `${[...painted, ...driverFiles(result, style)].join("\n")}\n`;
}

/** The commands of every scenario's steps with what they gave, as a terminal shows it (standard output). */
export function consoleSteps(result: RunResult, style: Style = plain): string {
  const shown = (text: string): string[] => (text === "" ? [] : text.replace(/\n$/, "").split("\n"));
  const blocks = result.scenarios.filter(({ commands }) => commands.length > 0).map(({ file, name, commands }) => [
    style.paint("bold", `${file}: ${name}`),
    ...commands.flatMap((one) => [
      style.paint("dim", `$ ${one.command}`), ...shown(one.stdout), ...shown(one.stderr), ...(one.exitCode === 0 ? [] : [style.paint("yellow", `[exit status ${one.exitCode}]`)]),
    ]),
    "",
  ].join("\n"));
  return blocks.map((block) => `${block}\n`).join("");
}

/** What layout checks had to say, also of runs that pass. */
const remarks = (result: AnyResult, style: Style): string[] => result.warnings.map((text) => style.paint("yellow", `${result.file}: ${text}`));

/** What went wrong and the totals (standard error). */
export function consoleVerdict(result: RunResult, style: Style = plain): string {
  const totals = (Object.entries(result.summary) as [Status, number][]).filter(([status, count]) => count > 0 || status === "pass").map(([status, count]) => `${count} ${status}`);
  return `${[...result.scenarios.flatMap((scenario) => [...remarks(scenario, style), ...trouble(scenario, style)]), "", totals.join(", ")].join("\n")}\n`;
}
