// Bundled scenarios for the page, as modules that Vite makes: `virtual:library` has what is listed and searched, `virtual:library-texts` the texts, `virtual:scenario-schema` the
// schema by which the editor completes. Each is fetched when it is first wanted.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { includeTexts } from "../../scenario/include-texts.ts";
import { entryOf } from "./library-entry.ts";
import type { LibraryEntry, LibraryIndex, LibraryText, LibraryTheme } from "./library-entry.ts";

const repository = fileURLToPath(new URL("../../../", import.meta.url));

/** Texts by path below `scenarios/`, parts included. */
function filesBelow(folder: string): ReadonlyMap<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => name.replaceAll("\\", "/")).filter((name) => /\.ya?ml$/.test(name)).toSorted();
  return new Map(names.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

/** What the README says of each folder, without its links. */
export function themesOf(readme: string): readonly LibraryTheme[] {
  return [...readme.matchAll(/^\| `scenarios\/([\w-]+)` \| ([^|]*) \| (.*) \|$/gm)].map(([, folder = "", , about = ""]) => ({ folder, about: about.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll(/[`*]/g, "") }));
}

const scenariosOf = (files: ReadonlyMap<string, string>): (readonly [string, string])[] => [...files].filter(([name]) => !/\.inc\.ya?ml$/.test(name));

/** What is listed of the tree's scenarios. */
export function readIndex(root: string = repository): LibraryIndex {
  const entries = scenariosOf(filesBelow(join(root, "scenarios"))).map(([name, text]): LibraryEntry => entryOf(name, text));
  return { themes: themesOf(readFileSync(join(root, "README.md"), "utf8")), entries };
}

/** Their texts, by path below `scenarios/`, each with what it includes. */
export function readTexts(root: string = repository): Readonly<Record<string, LibraryText>> {
  const files = filesBelow(join(root, "scenarios"));
  const texts = scenariosOf(files).map(([name, text]): readonly [string, LibraryText] => {
    const folder = name.slice(0, name.lastIndexOf("/") + 1);
    // Most include nothing, and need not be read as YAML for that.
    return [name, { text, includes: text.includes("include") ? includeTexts(name, text, (path) => files.get(`${folder}${path}`)) : {} }];
  });
  return Object.fromEntries(texts);
}

const ids = { index: "virtual:library", texts: "virtual:library-texts", schema: "virtual:scenario-schema" } as const;

/** A module of one value; as text that is parsed, which browsers do faster than they read code. */
const moduleOf = (value: unknown): string => `export default JSON.parse(${JSON.stringify(JSON.stringify(value))});`;

/** For vite.config.ts, and vitest.config.ts where the page's code is tested. */
export function library(): Plugin {
  return {
    name: "library",
    resolveId: (id) => (Object.values(ids).some((own) => own === id) ? `\0${id}` : null),
    load: (id) => {
      if (id === `\0${ids.index}`) return moduleOf(readIndex());
      if (id === `\0${ids.schema}`) return moduleOf(JSON.parse(readFileSync(join(repository, "scenarios/scenario-1.schema.json"), "utf8")));
      return id === `\0${ids.texts}` ? moduleOf(readTexts()) : null;
    },
  };
}
