// What is listed and searched of a bundled scenario.

import { parse } from "yaml";

export interface LibraryEntry {
  /** Below `scenarios/`: `isolation/a-link-down.yaml`. */
  readonly path: string;
  readonly title: string;
  /** Its description, or what its first comment says; "" for neither. */
  readonly about: string;
  /** What fails, by the names of actions. */
  readonly faults: readonly string[];
  /** The outcome that it expects; "" for none. */
  readonly outcome: string;
}

/** A folder, and what it is about. */
export interface LibraryTheme {
  readonly folder: string;
  readonly about: string;
}

export interface LibraryIndex {
  readonly themes: readonly LibraryTheme[];
  readonly entries: readonly LibraryEntry[];
}

export interface LibraryText {
  readonly text: string;
  readonly includes: Readonly<Record<string, string>>;
}

const recordOf = (value: unknown): Readonly<Record<string, unknown>> => (typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {});
const listOf = (value: unknown): readonly Readonly<Record<string, unknown>>[] => (Array.isArray(value) ? value.map(recordOf) : []);
const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** The first comment of a text that is not for tools. */
const firstComment = (text: string): string => (/(?:^(?!# ?(?:yaml-language-server|lint-allow))#.*\n)+/m.exec(text)?.[0] ?? "").replaceAll(/^# ?/gm, "").trim().replaceAll("\n", " ");

export function entryOf(path: string, text: string): LibraryEntry {
  const value = recordOf(parse(text, { logLevel: "silent" }));
  const actions = [...listOf(value["faults"]).map((fault) => fault["do"]), ...listOf(value["steps"]).map((step) => step["inject"])];
  const faults = [...new Set(actions.flatMap((action) => Object.keys(recordOf(action))))];
  const outcome = listOf(value["expect"]).map((one) => textOf(one["outcome"])).find((one) => one !== "") ?? "";
  return { path, title: textOf(value["name"]) || path, about: textOf(value["description"]) || firstComment(text), faults, outcome };
}
