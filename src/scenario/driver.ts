// The `driver:` key of a scenario: files that bring drivers of their own, named beside the scenario. Only text is looked at here; nothing is read, nothing runs.

import type { Problem } from "./load.ts";
import type { PathProblem } from "./machine.ts";
import type { ScenarioFile } from "./schema.ts";

/** A driver that a scenario names. */
export interface PlannedDriver {
  /** As written: a path below the scenario's folder. */
  readonly file: string;
  /** What the driver sees as `kernel.parameters`. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Where the scenario names it. */
  readonly line: number;
  readonly column: number;
}

export const driverEndings = [".js", ".mjs", ".ts", ".wasm"] as const;

/** The ending by which a file is known to be a driver. */
export const endingOf = (file: string): (typeof driverEndings)[number] | undefined => driverEndings.find((ending) => file.endsWith(ending) && !file.endsWith(`.d${ending}`));

/** What is wrong with a path as text, or undefined. */
function problemOf(file: string): string | undefined {
  if (file.includes("\0")) return "a path has no zero bytes";
  if (file.startsWith("/") || /^[A-Za-z]:/.test(file) || /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(file)) return `"${file}" is absolute; a driver stands in the scenario's folder or below it and is named from there, like ./my-driver.js`;
  if (file.includes("\\")) return `"${file}" has a backslash; write / between folders`;
  if (file.split("/").includes("..")) return `"${file}" leads out of the scenario's folder; put the driver beside the scenario or in a folder below it`;
  if (endingOf(file) === undefined) return `"${file}" is no driver by its ending; it must be one of ${driverEndings.join(", ")}`;
  return undefined;
}

type DriverFile = NonNullable<ScenarioFile["driver"]>;
type OneDriver = Exclude<DriverFile, readonly unknown[]>;

/** Drivers of a file in their order; problems are added to the list. */
export function describeDrivers(driver: ScenarioFile["driver"], place: (path: PathProblem["path"]) => { readonly line: number; readonly column: number }, problems: PathProblem[]): PlannedDriver[] {
  if (driver === undefined) return [];
  const isList = Array.isArray(driver);
  const all: readonly OneDriver[] = isList ? driver : [driver];
  const seen = new Set<string>();
  return all.map((one, index) => {
    const path = isList ? ["driver", index] : ["driver"];
    const { file, parameters } = typeof one === "string" ? { file: one, parameters: {} } : { file: one.file, parameters: one.parameters ?? {} };
    const at = typeof one === "string" ? path : [...path, "file"];
    const message = problemOf(file);
    if (message !== undefined) problems.push({ path: at, message });
    else if (seen.has(file)) problems.push({ path: at, message: `"${file}" is named twice` });
    seen.add(file);
    return { file, parameters: Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, String(value)])), ...place(at) };
  });
}

/** Why a scenario that brings drivers does not run by being opened: one message, at the first of them. */
export function refusalOf(drivers: readonly PlannedDriver[]): Problem | undefined {
  const [first, ...more] = drivers;
  if (first === undefined) return undefined;
  const names = [first, ...more].map(({ file }) => file).join(", ");
  return { line: first.line, column: first.column, message: `driver: this scenario brings ${more.length === 0 ? "a driver" : "drivers"} of its own (${names}), and that is code; read it, then run it with \`cxl-sandbox run --allow-driver\` (no other command runs drivers)` };
}
