// Files that a scenario includes, read from its folder and below: links that lead out of it, files too large and files that cannot be read are refused.

import type * as Files from "node:fs";
import type * as Paths from "node:path";
import type { IncludeReader, Includes } from "../../scenario/include.ts";
import { followIncludes } from "../../scenario/include.ts";
import type { PlacedProblem } from "../../scenario/problem.ts";
import { ScenarioFileError } from "../../scenario/problem.ts";
import { maximumLength } from "../../scenario/yaml-text.ts";

/** What Node has of files and paths; a browser has none, and loads none of it. */
export type FileHost = Pick<typeof Files, "readFileSync" | "realpathSync" | "statSync"> & Pick<typeof Paths, "dirname" | "join" | "sep">;

/** Bytes of a character in UTF-8, at most. */
const mostBytes = 4;

const reasons: Readonly<Record<string, string>> = { ENOENT: "there is no such file", ENOTDIR: "there is no such file", EACCES: "it cannot be read: no permission", ELOOP: "its links lead in a circle" };

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return reasons[code] ?? `it cannot be read (${code === "" ? String(error) : code})`;
}

/** Reads files of one scenario; what was read is added to `texts`. */
function readerOf({ dirname, join, readFileSync, realpathSync, sep, statSync }: FileHost, scenario: string, texts: Record<string, string>): IncludeReader {
  return (path) => {
    try {
      const folder = realpathSync(dirname(scenario));
      const file = realpathSync(join(folder, path));
      if (!file.startsWith(folder.endsWith(sep) ? folder : folder + sep)) return { problem: `"${path}" is a link that leads out of the scenario's folder; put the file itself there` };
      const facts = statSync(file);
      if (!facts.isFile()) return { problem: `"${path}" is no file` };
      if (facts.size > maximumLength * mostBytes) return { problem: `"${path}" has ${facts.size} bytes, a scenario has at most ${maximumLength} characters; is this the right file?` };
      const text = readFileSync(file, "utf8");
      texts[path] = text;
      return { text };
    } catch (error) {
      return { problem: `"${path}": ${reasonOf(error)}` };
    }
  };
}

/** Texts of all that a scenario includes, by their paths from its folder, and what stands against reading some. What is wrong inside them is the loader's to say. */
export function readIncludes(host: FileHost, scenario: string, text: string): { readonly includes: Includes; readonly problems: readonly PlacedProblem[] } {
  const includes: Record<string, string> = Object.create(null) as Record<string, string>;
  const read = readerOf(host, scenario, includes);
  let isUnread = false;
  try {
    followIncludes(scenario, text, (path) => {
      const found = read(path);
      isUnread ||= "problem" in found;
      return found;
    });
  } catch (error) {
    if (!(error instanceof ScenarioFileError)) throw error;
    if (isUnread) return { includes: { ...includes }, problems: error.problems };
  }
  return { includes: { ...includes }, problems: [] };
}
