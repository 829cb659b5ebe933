// What can stand at the end of a line that is being typed: programs, commands of the tools and their options, paths, names of objects.

import { SystemError } from "../kernel/base/errno.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import { cxlUsage } from "./cxl-usage.ts";
import type { CommandUsage } from "./cxl-usage.ts";
import { daxctlUsage } from "./dax-usage.ts";
import { absolutePath } from "./process-files.ts";

/** What the prompt knows beside the machine. */
export interface CompletionSource {
  readonly files: FileSystem;
  readonly folder: string;
  /** Names of everything that a line can begin with. */
  readonly commands: readonly string[];
  /** References that mean something on this machine, like `mem:rp0`. */
  readonly references: readonly string[];
  /** Words that can follow the sandbox's own words. */
  readonly ownWords: (command: string, before: readonly string[]) => readonly string[];
}

export interface Completion {
  readonly candidates: string[];
  /** What is typed of the word. */
  readonly word: string;
}

/** By tool, its commands with what they take. */
const usages: ReadonlyMap<string, Readonly<Record<string, CommandUsage>>> = new Map<string, Readonly<Record<string, CommandUsage>>>([["cxl", cxlUsage], ["daxctl", daxctlUsage]]);

function namesIn(files: FileSystem, folder: string): string[] {
  try {
    return files.list(folder);
  } catch (thrown) {
    if (thrown instanceof SystemError) return [];
    throw thrown;
  }
}

function isFolder(files: FileSystem, path: string): boolean {
  try {
    files.list(path);
    return true;
  } catch (thrown) {
    if (thrown instanceof SystemError) return false;
    throw thrown;
  }
}

/** Most names of one folder that are looked at for being folders themselves. */
const mostLooked = 200;

/** Paths that begin with what is typed; folders end with a slash. */
function paths({ files, folder }: CompletionSource, word: string): string[] {
  const at = word.lastIndexOf("/") + 1;
  const typed = word.slice(0, at);
  const inside = absolutePath(folder, typed === "" ? "." : typed);
  const names = namesIn(files, inside).filter((name) => name.startsWith(word.slice(at)));
  return names.map((name) => `${typed}${name}${names.length <= mostLooked && isFolder(files, `${inside}/${name}`) ? "/" : ""}`);
}

const objects = ({ files }: CompletionSource): string[] => ["cxl", "dax"].flatMap((bus) => namesIn(files, `/sys/bus/${bus}/devices`));

/** Words of the command that is being typed: what stands behind the last operator. */
function wordsOf(line: string): { readonly before: string[]; readonly word: string } {
  const command = /[^|;&]*$/.exec(line)?.[0] ?? "";
  const words = command.split(/[ \t]+/);
  const word = words.pop() ?? "";
  return { before: words.filter((one) => one !== ""), word };
}

const taking = (candidates: readonly string[], word: string): Completion => ({ candidates: [...new Set(candidates)].filter((one) => one.startsWith(word)).toSorted(), word });

/** What can stand where the line ends. */
export function complete(source: CompletionSource, line: string): Completion {
  const { before, word } = wordsOf(line.slice(-4096));
  const reference = word.lastIndexOf("${");
  if (reference >= 0 && !word.includes("}", reference)) return taking(source.references.map((name) => `${word.slice(0, reference)}\${${name}}`), word);
  // The file of a redirection may stand right behind its sign.
  const target = /^[12]?>{1,2}|^</.exec(word)?.[0] ?? "";
  if (target !== "" && word !== target) return { candidates: paths(source, word.slice(target.length)), word: word.slice(target.length) };
  const [command, second] = before;
  if (command === undefined && !word.includes("/")) return taking(source.commands, word);
  if (word.startsWith("/") || word.startsWith("./") || word.startsWith("../") || command === undefined || /^[12]?>{1,2}$|^<$/.test(before.at(-1) ?? "")) return { candidates: paths(source, word), word };
  const own = source.ownWords(command, before.slice(1));
  if (own.length > 0) return taking(own, word);
  const usage = usages.get(command);
  if (usage !== undefined) {
    if (second === undefined) return taking(Object.keys(usage), word);
    const options = Object.hasOwn(usage, second) ? Object.keys(usage[second]?.options ?? {}) : [];
    return taking(word.startsWith("-") ? options.map((name) => `--${name}`) : objects(source), word);
  }
  return { candidates: paths(source, word), word };
}
