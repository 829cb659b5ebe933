// The `driver:` key of a scenario: files that bring drivers of their own, named beside the scenario. Only text is looked at here; nothing is read, nothing runs.

import { folderPathProblem } from "./folder-path.ts";
import type { PathProblem } from "./machine.ts";
import type { SourcePlace } from "./result.ts";
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
  /** The file that names it, where it is one that the scenario includes. */
  readonly namedIn?: string;
}

export const driverEndings = [".js", ".mjs", ".ts", ".wasm"] as const;

/** The ending by which a file is known to be a driver. */
export const endingOf = (file: string): (typeof driverEndings)[number] | undefined => driverEndings.find((ending) => file.endsWith(ending) && !file.endsWith(`.d${ending}`));

/** What is wrong with a path as text, or undefined. */
function problemOf(file: string): string | undefined {
  const outside = folderPathProblem(file, "driver", "./my-driver.js");
  if (outside !== undefined) return outside;
  if (endingOf(file) === undefined) return `"${file}" is no driver by its ending; it must be one of ${driverEndings.join(", ")}`;
  return undefined;
}

type DriverFile = NonNullable<ScenarioFile["driver"]>;
type OneDriver = Exclude<DriverFile, readonly unknown[]>;

const namedAt = ({ line, column, file }: SourcePlace): Pick<PlannedDriver, "line" | "column" | "namedIn"> => ({ line, column, ...(file === undefined ? {} : { namedIn: file }) });

/** Drivers of a file in their order; problems are added to the list. */
export function describeDrivers(driver: ScenarioFile["driver"], place: (path: PathProblem["path"]) => SourcePlace, problems: PathProblem[]): PlannedDriver[] {
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
    return { file, parameters: Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, String(value)])), ...namedAt(place(at)) };
  });
}

/** Where the first driver is named. */
export function firstDriver(driver: ScenarioFile["driver"]): PathProblem["path"] {
  const [path, first] = Array.isArray(driver) ? [["driver", 0], driver[0]] : [["driver"], driver];
  return typeof first === "object" ? [...path, "file"] : path;
}

/** Why a scenario that brings drivers does not run by being opened: one message, at the first of them. */
export function refusalOf(drivers: readonly PlannedDriver[]): string | undefined {
  const [first, ...more] = drivers;
  if (first === undefined) return undefined;
  const names = [first, ...more].map(({ file }) => file).join(", ");
  return `this scenario brings ${more.length === 0 ? "a driver" : "drivers"} of its own (${names}), and that is code; read it, then run it with \`cxl-sandbox run --allow-driver\` (no other command runs drivers)`;
}
