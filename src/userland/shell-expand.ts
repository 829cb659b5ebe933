// Words become what programs get: `$?` and references replaced, patterns (* ? [...]) replaced by the paths that fit them.

import { SystemError } from "../kernel/base/errno.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Letter } from "./glob.ts";
import { fits, isPattern } from "./glob.ts";
import type { Part, Word } from "./shell-words.ts";
import { ShellProblem } from "./shell-words.ts";

export interface Expansion {
  readonly files: FileSystem;
  readonly status: number;
  /** What a reference like `mem:rp0` means now. @throws ShellProblem */
  readonly resolve: (reference: string) => string;
}

/** Names looked at for one pattern; more is a pattern that goes round in links. */
const mostNames = 50_000;
/** Letters of one step of a path; a longer one fits no name. */
const longestStep = 4096;

function partText(part: Part, expansion: Expansion): string {
  if (part.kind === "text") return part.text;
  return part.kind === "status" ? String(expansion.status) : expansion.resolve(part.name);
}

export const expandToText = (word: Word, expansion: Expansion): string => word.map((part) => partText(part, expansion)).join("");

function namesIn(files: FileSystem, folder: string): string[] {
  try {
    return files.list(folder === "" ? "." : folder);
  } catch (thrown) {
    if (thrown instanceof SystemError) return [];
    throw thrown;
  }
}

/** Paths that fit, in order of name; none: the word stays as it is. */
function expandPattern(files: FileSystem, letters: readonly Letter[]): string[] {
  const steps: Letter[][] = [[]];
  for (const one of letters) {
    if (one.letter === "/") steps.push([]);
    else steps.at(-1)?.push(one);
  }
  if (steps.some((step) => step.length > longestStep)) return [];
  let looked = 0;
  let found: string[] = [""];
  for (const [index, step] of steps.entries()) {
    const slash = index === 0 ? "" : "/";
    const text = step.map(({ letter }) => letter).join("");
    if (!step.some(isPattern)) {
      found = found.map((path) => `${path}${slash}${text}`);
      if (index > 0 && text !== "") found = found.filter((path) => files.exists(path));
      continue;
    }
    found = found.flatMap((path) => {
      const names = namesIn(files, `${path}${slash}`);
      looked += names.length;
      if (looked > mostNames) throw new ShellProblem(`${letters.map(({ letter }) => letter).join("").slice(0, 80)}: more than ${mostNames} names to look at; name more of the path`);
      return names.filter((name) => fits(step, name)).map((name) => `${path}${slash}${name}`);
    });
  }
  return found;
}

/** The arguments that a word becomes. @throws ShellProblem */
export function expandWord(word: Word, expansion: Expansion): string[] {
  if (!word.some((part) => part.kind === "text" && !part.isQuoted && /[*?[]/.test(part.text))) return [expandToText(word, expansion)];
  const letters = word.flatMap((part) => {
    const isQuoted = part.kind !== "text" || part.isQuoted;
    return Array.from(partText(part, expansion), (letter): Letter => ({ letter, isQuoted }));
  });
  const found = expandPattern(expansion.files, letters);
  return found.length > 0 ? found : [expandToText(word, expansion)];
}
