// Words become what programs get: `$?` and references replaced, patterns (* ? [...]) replaced by the paths that fit them.

import { SystemError } from "../kernel/base/errno.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Part, Word } from "./shell-words.ts";
import { ShellProblem } from "./shell-words.ts";

export interface Expansion {
  readonly files: FileSystem;
  readonly status: number;
  /** What a reference like `mem:rp0` means now. @throws ShellProblem */
  readonly resolve: (reference: string) => string;
}

/** Letters of a word; a quoted one stands for itself, also where it would be a pattern. */
interface Letter {
  readonly letter: string;
  readonly isQuoted: boolean;
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

const isPattern = ({ letter, isQuoted }: Letter): boolean => !isQuoted && (letter === "*" || letter === "?" || letter === "[");

/** Where a set that begins at `at` ends, or -1: then the bracket stands for itself. */
function endOfSet(pattern: readonly Letter[], at: number): number {
  const first = pattern[at + 1]?.letter === "!" || pattern[at + 1]?.letter === "^" ? at + 3 : at + 2;
  for (let end = first; end < pattern.length; end++) if (pattern[end]?.letter === "]" && pattern[end]?.isQuoted === false) return end;
  return -1;
}

function isInSet(pattern: readonly Letter[], at: number, end: number, letter: string): boolean {
  const isNegated = pattern[at + 1]?.letter === "!" || pattern[at + 1]?.letter === "^";
  let isFound = false;
  for (let i = at + (isNegated ? 2 : 1); i < end; i++) {
    const low = pattern[i]?.letter ?? "";
    const isRange = pattern[i + 1]?.letter === "-" && i + 2 < end;
    const high = isRange ? (pattern[i + 2]?.letter ?? "") : low;
    if (low <= letter && letter <= high) isFound = true;
    if (isRange) i += 2;
  }
  return isFound !== isNegated;
}

/** How many letters of the pattern fit one letter here; 0: it does not fit. */
function fitOne(pattern: readonly Letter[], at: number, letter: string): number {
  const one = pattern[at];
  if (one === undefined) return 0;
  if (!one.isQuoted && one.letter === "?") return 1;
  if (!one.isQuoted && one.letter === "[") {
    const end = endOfSet(pattern, at);
    if (end >= 0) return isInSet(pattern, at, end, letter) ? end - at + 1 : 0;
  }
  return one.letter === letter ? 1 : 0;
}

/** Whether a name fits a pattern; only the last star is ever tried again, so that it takes at most length times length. */
function fits(pattern: readonly Letter[], name: string): boolean {
  let at = 0;
  let star = -1;
  let retry = 0;
  for (let i = 0; i < name.length; ) {
    const taken = fitOne(pattern, at, name[i] ?? "");
    if (pattern[at]?.letter === "*" && pattern[at]?.isQuoted === false) {
      star = at++;
      retry = i;
    } else if (taken > 0) {
      at += taken;
      i++;
    } else if (star >= 0) {
      at = star + 1;
      i = ++retry;
    } else return false;
  }
  while (pattern[at]?.letter === "*" && pattern[at]?.isQuoted === false) at++;
  return at === pattern.length;
}

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
