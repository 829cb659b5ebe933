// Which of some files a scenario includes, and under which paths: files that were dropped on the page have names, and no folders.

import type { Includes } from "../../scenario/include.ts";
import { includeTexts } from "../../scenario/include-texts.ts";

export interface IncludesQuestion {
  readonly file: string;
  readonly text: string;
  /** Texts by name. */
  readonly files: Readonly<Record<string, string>>;
}

/** Texts of what the scenario includes, by path from its folder; a file goes by its whole path, or by its name alone. */
// eslint-disable-next-line require-yield
export function* includesService(_module: WebAssembly.Module, { file, text, files }: IncludesQuestion): Generator<undefined, Includes, undefined> {
  const own = (name: string): string | undefined => (Object.hasOwn(files, name) ? files[name] : undefined);
  return includeTexts(file, text, (path) => own(path) ?? own(path.split("/").at(-1) ?? ""));
}
