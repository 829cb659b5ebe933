// From what a user gives to a checked plan: an object, a file or a text; the schema and the messages are those of scenario files.

import { MachineValueError } from "../../scenario/load.ts";
import type { ScenarioPlan } from "../../scenario/plan.ts";
import { planScenario, planValue } from "../../scenario/plan.ts";
import type { MachineSource } from "./contract.ts";
import { MachineSourceError } from "./errors.ts";

/** What is in the hand already, without a file to read. */
export type SyncSource = Exclude<MachineSource, URL | string>;

const unnamed = "machine";
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null && !Array.isArray(value);

/** A text that is given as such. */
const isText = (source: unknown): source is { readonly text: string; readonly file?: string } => isRecord(source) && typeof source["text"] === "string" && !Object.hasOwn(source, "machine") && !Object.hasOwn(source, "hostBridges");

/** @throws MachineValueError, ScenarioFileError */
export function planOf(source: SyncSource): ScenarioPlan {
  if (isText(source)) return planScenario(source.file ?? unnamed, source.text, "allowed");
  if (!isRecord(source)) throw new MachineValueError([{ path: [], message: `a machine is an object like { hostBridges: [{ rootPorts: [{ device: { volatile: "256MiB" } }] }] }, not ${source === null ? "null" : Array.isArray(source) ? "a list" : `a ${typeof source}`}` }]);
  const scenario = Object.hasOwn(source, "machine") ? source : { machine: source };
  return planValue(unnamed, { version: 1, name: unnamed, ...scenario });
}

const isInNode = (): boolean => typeof process !== "undefined" && typeof process.versions?.node === "string";

async function readFileText(path: URL | string): Promise<string> {
  const { readFile } = await import(/* @vite-ignore */ "node:fs/promises");
  return readFile(path, "utf8");
}

async function fetchText(url: URL | string): Promise<string> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`HTTP status ${response.status}`);
  return response.text();
}

/** A scenario file's text: a path or `file:` URL by the file system in Node, everything else by fetch. @throws MachineSourceError */
export async function readSource(source: URL | string): Promise<{ readonly text: string; readonly file: string }> {
  const name = String(source);
  if (typeof source === "string" && source.includes("\n")) throw new MachineSourceError(`"${source.slice(0, 40).split("\n")[0] ?? ""}..."`, "a string is a path or a URL; give a text as { text }");
  const isFile = typeof source === "string" ? !/^https?:|^data:|^blob:/.test(source) : source.protocol === "file:";
  try {
    const text = isFile && isInNode() ? await readFileText(typeof source === "string" && source.startsWith("file:") ? new URL(source) : source) : await fetchText(source);
    return { text, file: name };
  } catch (error) {
    throw new MachineSourceError(name, error instanceof Error ? error.message : String(error));
  }
}
