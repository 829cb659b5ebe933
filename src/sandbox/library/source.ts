// From what a user gives to a checked plan: an object, a file or a text; the schema and the messages are those of scenario files.

import type { Includes } from "../../scenario/include.ts";
import { MachineValueError } from "../../scenario/load.ts";
import type { ScenarioPlan } from "../../scenario/plan.ts";
import { planScenario, planValue } from "../../scenario/plan.ts";
import { ScenarioFileError } from "../../scenario/problem.ts";
import type { MachineSource } from "./contract.ts";
import { MachineSourceError } from "./errors.ts";
import { readIncludes } from "./include-files.ts";

/** What is in the hand already, without a file to read. */
export type SyncSource = Exclude<MachineSource, URL | string>;

const unnamed = "machine";
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null && !Array.isArray(value);

/** A text that is given as such. */
const isText = (source: unknown): source is { readonly text: string; readonly file?: string; readonly includes?: Includes } => isRecord(source) && typeof source["text"] === "string" && !Object.hasOwn(source, "machine") && !Object.hasOwn(source, "hostBridges");

/** @throws MachineValueError, ScenarioFileError */
export function planOf(source: SyncSource): ScenarioPlan {
  if (isText(source)) return planScenario(source.file ?? unnamed, source.text, "allowed", source.includes);
  if (!isRecord(source)) throw new MachineValueError([{ path: [], message: `a machine is an object like { hostBridges: [{ rootPorts: [{ device: { volatile: "256MiB" } }] }] }, not ${source === null ? "null" : Array.isArray(source) ? "a list" : `a ${typeof source}`}` }]);
  const scenario = Object.hasOwn(source, "machine") ? source : { machine: source };
  return planValue(unnamed, { version: 1, name: unnamed, ...scenario });
}

const isInNode = (): boolean => typeof process !== "undefined" && typeof process.versions?.node === "string";

/** A file with what it includes. @throws ScenarioFileError an included file that cannot be read */
async function readFileText(source: URL | string): Promise<{ readonly text: string; readonly includes: Includes }> {
  const files = await import(/* @vite-ignore */ "node:fs");
  const paths = await import(/* @vite-ignore */ "node:path");
  const { fileURLToPath } = await import(/* @vite-ignore */ "node:url");
  const path = typeof source === "string" && !source.startsWith("file:") ? source : fileURLToPath(source);
  const text = files.readFileSync(path, "utf8");
  const { includes, problems } = readIncludes({ ...files, ...paths }, path, text);
  const [first] = problems;
  if (first !== undefined) throw new ScenarioFileError(first.file, problems);
  return { text, includes };
}

async function fetchText(url: URL | string): Promise<string> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`HTTP status ${response.status}`);
  return response.text();
}

/** A scenario file's text: a path or `file:` URL by the file system in Node, everything else by fetch. @throws MachineSourceError, ScenarioFileError an included file that cannot be read */
export async function readSource(source: URL | string): Promise<{ readonly text: string; readonly file: string; readonly includes?: Includes }> {
  const name = String(source);
  if (typeof source === "string" && source.includes("\n")) throw new MachineSourceError(`"${source.slice(0, 40).split("\n")[0] ?? ""}..."`, "a string is a path or a URL; give a text as { text }");
  const isFile = typeof source === "string" ? !/^https?:|^data:|^blob:/.test(source) : source.protocol === "file:";
  try {
    if (!isFile || !isInNode()) return { text: await fetchText(source), file: name };
    return { ...(await readFileText(source)), file: name };
  } catch (error) {
    if (error instanceof ScenarioFileError) throw error;
    throw new MachineSourceError(name, error instanceof Error ? error.message : String(error));
  }
}
