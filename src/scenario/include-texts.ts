// Texts of all that a scenario includes, by whoever can read the files beside it. What is missing or wrong is the loader's to say, with its place.

import type { Includes } from "./include.ts";
import { followIncludes } from "./include.ts";
import { ScenarioFileError } from "./problem.ts";

/** `beside` reads a file by its path from the scenario's folder; undefined: there is none. */
export function includeTexts(file: string, text: string, beside: (path: string) => string | undefined): Includes {
  const texts: [string, string][] = [];
  try {
    followIncludes(file, text, (path) => {
      const found = beside(path);
      if (found === undefined) return { problem: `"${path}": there is no such file` };
      texts.push([path, found]);
      return { text: found };
    });
  } catch (error) {
    if (!(error instanceof ScenarioFileError)) throw error;
  }
  return Object.fromEntries(texts);
}
