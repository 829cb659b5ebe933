// ls, find and tree: what is in folders. Links are shown, not followed.

import { SystemError, errnoText } from "../kernel/base/errno.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Letter } from "./glob.ts";
import { fits, lettersOf } from "./glob.ts";
import type { Call } from "./programs.ts";
import { ToolUsage, parseShort, withUsage } from "./text-input.ts";

export type Kind = "directory" | "link" | "file";

function answers(ask: () => unknown): boolean {
  try {
    ask();
    return true;
  } catch (thrown) {
    if (thrown instanceof SystemError) return false;
    throw thrown;
  }
}

/** What a path is, its last link not followed; undefined: nothing. */
export function kindOf(files: FileSystem, path: string): Kind | undefined {
  try {
    return files.status(path).kind;
  } catch (thrown) {
    if (thrown instanceof SystemError) return undefined;
    throw thrown;
  }
}

/** Where one stands, as far as that is known. */
const here = (files: FileSystem): string => (files.exists(".") ? "." : "/");

const below = (folder: string, name: string): string => `${folder.endsWith("/") ? folder.slice(0, -1) : folder}/${name}`;

/** Files have a page, as in sysfs; nothing here knows the time of day. */
const longLooks: Readonly<Record<Kind, string>> = { directory: "drwxr-xr-x 2 root root    0 Jan  1 00:00", link: "lrwxrwxrwx 1 root root    0 Jan  1 00:00", file: "-rw-r--r-- 1 root root 4096 Jan  1 00:00" };

function entryLine(files: FileSystem, path: string, name: string, isLong: boolean): string {
  if (!isLong) return `${name}\n`;
  const kind = kindOf(files, path) ?? "file";
  return `${longLooks[kind]} ${name}${kind === "link" ? ` -> ${files.readlink(path)}` : ""}\n`;
}

function listFolder(call: Call, folder: string, flags: ReadonlySet<string>): string {
  const names = [...(flags.has("a") ? [".", ".."] : []), ...call.files.list(folder)];
  const own = (flags.has("l") ? "total 0\n" : "") + names.map((name) => entryLine(call.files, below(folder, name), name, flags.has("l"))).join("");
  if (!flags.has("R")) return own;
  const inner = call.files.list(folder).map((name) => below(folder, name)).filter((path) => kindOf(call.files, path) === "directory");
  return own + inner.map((path) => `\n${path}:\n${listFolder(call, path, flags)}`).join("");
}

/** A link to a folder is listed as the folder, unless -l or -d ask for itself. */
const isListed = (files: FileSystem, path: string, flags: ReadonlySet<string>): boolean => !flags.has("d") && !(flags.has("l") && !path.endsWith("/") && kindOf(files, path) === "link") && answers(() => files.list(path));

/** `ls [-l -a -d -1 -R] [PATH...]` */
export const ls = (call: Call): number =>
  withUsage(call, () => {
    const { flags, words } = parseShort({ name: "ls", flags: "ladR1", values: "", exitCode: 2 }, call.argv);
    const paths = words.length === 0 ? [here(call.files)] : words;
    const missing = paths.filter((path) => kindOf(call.files, path) === undefined);
    for (const path of missing) call.output.err(`ls: cannot access '${path}': ${errnoText("ENOENT")}\n`);
    const there = paths.filter((path) => !missing.includes(path));
    const folders = there.filter((path) => isListed(call.files, path, flags));
    const others = there.filter((path) => !folders.includes(path));
    call.output.out(others.map((path) => entryLine(call.files, path, path, flags.has("l"))).join(""));
    const isTitled = there.length > 1 || missing.length > 0 || flags.has("R");
    for (const [index, folder] of folders.entries()) call.output.out(`${index > 0 || others.length > 0 ? "\n" : ""}${isTitled ? `${folder}:\n` : ""}${listFolder(call, folder, flags)}`);
    return missing.length > 0 ? 2 : 0;
  });

interface Wanted {
  readonly name: readonly Letter[] | undefined;
  readonly kind: Kind | undefined;
  readonly deepest: number;
}

const kindLetters: Readonly<Record<string, Kind>> = { f: "file", d: "directory", l: "link" };

function parseTests(words: readonly string[]): Wanted {
  let wanted: Wanted = { name: undefined, kind: undefined, deepest: Number.MAX_SAFE_INTEGER };
  for (let at = 0; at < words.length; at += 2) {
    const [test = "", value] = words.slice(at);
    if (!["-name", "-type", "-maxdepth"].includes(test)) throw new ToolUsage(`find: unknown predicate \`${test}'\n`, 1);
    if (value === undefined) throw new ToolUsage(`find: missing argument to \`${test}'\n`, 1);
    if (test === "-name") wanted = { ...wanted, name: lettersOf(value) };
    else if (test === "-type") {
      const kind = kindLetters[value];
      if (kind === undefined) throw new ToolUsage(`find: Unknown argument to -type: ${value}\n`, 1);
      wanted = { ...wanted, kind };
    } else {
      if (!/^\d{1,9}$/.test(value)) throw new ToolUsage(`find: Expected a positive decimal integer argument to -maxdepth, but got '${value}'\n`, 1);
      wanted = { ...wanted, deepest: Number(value) };
    }
  }
  return wanted;
}

function findBelow(files: FileSystem, path: string, wanted: Wanted, depth: number): string {
  const kind = kindOf(files, path);
  const name = path.split("/").filter((part) => part !== "").at(-1) ?? "/";
  const isFound = (wanted.kind === undefined || wanted.kind === kind) && (wanted.name === undefined || fits(wanted.name, name));
  const inner = kind === "directory" && depth < wanted.deepest ? files.list(path).map((child) => findBelow(files, below(path, child), wanted, depth + 1)).join("") : "";
  return (isFound ? `${path}\n` : "") + inner;
}

/** `find PATH... [-name GLOB] [-type f|d|l] [-maxdepth N]` */
export const find = (call: Call): number =>
  withUsage(call, () => {
    const first = call.argv.findIndex((word) => word.startsWith("-"));
    const paths = first < 0 ? call.argv : call.argv.slice(0, first);
    const wanted = parseTests(first < 0 ? [] : call.argv.slice(first));
    let exitCode = 0;
    for (const path of paths.length === 0 ? [here(call.files)] : paths) {
      if (kindOf(call.files, path) === undefined) {
        call.output.err(`find: '${path}': ${errnoText("ENOENT")}\n`);
        exitCode = 1;
      } else call.output.out(findBelow(call.files, path, wanted, 0));
    }
    return exitCode;
  });

interface Counts {
  folders: number;
  files: number;
}

function branches(files: FileSystem, folder: string, indent: string, counts: Counts): string {
  const names = files.list(folder);
  return names.map((name, index) => {
    const path = below(folder, name);
    const kind = kindOf(files, path);
    const isLast = index === names.length - 1;
    if (kind === "directory" || (kind === "link" && answers(() => files.list(path)))) counts.folders++;
    else counts.files++;
    const inner = kind === "directory" ? branches(files, path, `${indent}${isLast ? "    " : "|   "}`, counts) : "";
    return `${indent}${isLast ? "`-- " : "|-- "}${name}${kind === "link" ? ` -> ${files.readlink(path)}` : ""}\n${inner}`;
  }).join("");
}

/** `tree [PATH...]` in plain characters. */
export const tree = (call: Call): number =>
  withUsage(call, () => {
    const { words } = parseShort({ name: "tree", flags: "", values: "", exitCode: 1 }, call.argv);
    const counts: Counts = { folders: 0, files: 0 };
    let exitCode = 0;
    for (const path of words.length === 0 ? [here(call.files)] : words) {
      const isFolder = answers(() => call.files.list(path));
      call.output.out(`${path}${isFolder ? "" : "  [error opening dir]"}\n${isFolder ? branches(call.files, path, "", counts) : ""}`);
      if (!isFolder) exitCode = 2;
    }
    const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;
    call.output.out(`\n${counted(counts.folders, "directory", "directories")}, ${counted(counts.files, "file", "files")}\n`);
    return exitCode;
  });
