// grep: lines that match a basic or (-E) extended expression, in files, in what is piped in, or (-r) in every file below folders. Matching takes time
// in proportion to the text whatever the expression (RE2), so that none stops the machine; references back to a group are refused.

import { RE2JS } from "re2js";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import { kindOf } from "./folders.ts";
import type { Call } from "./programs.ts";
import type { ShortOptions, Text } from "./text-input.ts";
import { ToolUsage, linesOf, parseShort, readTexts, withUsage } from "./text-input.ts";

const exits = { found: 0, none: 1, trouble: 2 } as const;
const usage = "Usage: grep [OPTION]... PATTERNS [FILE]...\nTry 'grep --help' for more information.\n";
/** Characters that are special bare in extended expressions, and with a backslash in basic ones. */
const swapped = "(){}|+?";
const classes: Readonly<Record<string, string>> = { alnum: "0-9A-Za-z", alpha: "A-Za-z", blank: " \\t", digit: "0-9", lower: "a-z", punct: "!-\\/:-@\\[-`{-~", space: "\\s", upper: "A-Z", xdigit: "0-9A-Fa-f" };

/** Bracket expression at `at`: its text as RE2 has it, and where it ends. */
function bracket(pattern: string, at: number): readonly [string, number] {
  let end = at + 1;
  if (pattern[end] === "^") end++;
  if (pattern[end] === "]") end++;
  while (end < pattern.length && pattern[end] !== "]") end = pattern.startsWith("[:", end) ? pattern.indexOf(":]", end) + 2 || pattern.length : end + 1;
  if (end >= pattern.length) throw new ToolUsage("grep: Unmatched [, [^, [:, [., or [=\n", exits.trouble);
  const isNot = pattern[at + 1] === "^";
  const parts = pattern.slice(at + (isNot ? 2 : 1), end).split(/\[:(\w+):\]/);
  const inner = parts.map((part, index) => (index % 2 === 1 ? (classes[part] ?? "") : part.replaceAll(/[\\[\]]/g, "\\$&"))).join("");
  return [`[${isNot ? "^" : ""}${inner}]`, end + 1];
}

/** The expression as RE2 has it. @throws ToolUsage */
function translate(pattern: string, isExtended: boolean): string {
  let result = "";
  for (let at = 0; at < pattern.length; ) {
    const letter = pattern[at] ?? "";
    if (letter === "[") {
      const [text, end] = bracket(pattern, at);
      result += text;
      at = end;
    } else if (letter === "\\") {
      const next = pattern[at + 1];
      if (next === undefined) throw new ToolUsage("grep: Trailing backslash\n", exits.trouble);
      if (next >= "1" && next <= "9") throw new ToolUsage(`grep: \\${next}: references back to a group are not supported\n`, exits.trouble);
      result += swapped.includes(next) ? (isExtended ? `\\${next}` : next) : next === "<" || next === ">" ? "\\b" : `\\${next}`;
      at += 2;
    } else {
      const isStart = result === "" || result.endsWith("(") || result.endsWith("|");
      result += (swapped.includes(letter) && !isExtended) || (letter === "*" && isStart) ? `\\${letter}` : letter;
      at++;
    }
  }
  return result;
}

/** @throws ToolUsage an expression that is none */
function compile(pattern: string, flags: ReadonlySet<string>): RE2JS {
  const source = pattern.split("\n").map((one) => (flags.has("F") ? one.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&") : translate(one, flags.has("E")))).join("|");
  const whole = flags.has("x") ? `^(?:${source})$` : flags.has("w") ? `\\b(?:${source})\\b` : source;
  try {
    return RE2JS.compile(whole, RE2JS.LONGEST_MATCH | (flags.has("i") ? RE2JS.CASE_INSENSITIVE : 0));
  } catch {
    throw new ToolUsage("grep: Invalid regular expression\n", exits.trouble);
  }
}

/** Files below a folder that can be read as text, in order of their names; links are not followed. */
function filesBelow(files: FileSystem, folder: string): string[] {
  return files.list(folder).flatMap((name) => {
    const path = `${folder === "/" ? "" : folder}/${name}`;
    const kind = kindOf(files, path);
    return kind === "directory" ? filesBelow(files, path) : kind === "file" ? [path] : [];
  });
}

const named = (call: Call, { flags, words }: ShortOptions): string[] => words.slice(1).flatMap((name) => (flags.has("r") && kindOf(call.files, name) === "directory" ? filesBelow(call.files, name) : [name]));

interface Search {
  readonly expression: RE2JS;
  readonly flags: ReadonlySet<string>;
  /** Lines begin with the name of their file. */
  readonly showsNames: boolean;
}

const shownName = (name: string): string => (name === "-" ? "(standard input)" : name);

interface Found {
  readonly count: number;
  readonly output: string;
  /** What is said beside the output. */
  readonly remark?: string;
}

/** Parts of a line that match, from the left, each as long as it can be. */
function partsOf(expression: RE2JS, line: string): string[] {
  const parts: string[] = [];
  const matcher = expression.matcher(line);
  while (matcher.find()) parts.push(matcher.group() ?? "");
  return parts.filter((part) => part !== "");
}

/** Lines of what is no text are not shown, unless asked for (-a). */
function searchText({ expression, flags, showsNames }: Search, { name, text }: Text): Found {
  const isWanted = (line: string): boolean => expression.matcher(line).find() !== flags.has("v");
  const matching = linesOf(text).map((line, index) => ({ line, number: index + 1 })).filter(({ line }) => isWanted(line));
  const label = showsNames ? `${shownName(name)}:` : "";
  if (flags.has("q")) return { count: matching.length, output: "" };
  if (flags.has("c")) return { count: matching.length, output: `${label}${matching.length}\n` };
  if (flags.has("l")) return { count: matching.length, output: matching.length > 0 ? `${shownName(name)}\n` : "" };
  if (matching.length > 0 && text.includes("\0") && !flags.has("a")) return { count: matching.length, output: "", remark: `grep: ${shownName(name)}: binary file matches\n` };
  const shown = matching.flatMap(({ line, number }) => {
    const prefix = `${label}${flags.has("n") ? `${number}:` : ""}`;
    const parts = flags.has("o") ? (flags.has("v") ? [] : partsOf(expression, line)) : [line];
    return parts.map((part) => `${prefix}${part}\n`);
  });
  return { count: matching.length, output: shown.join("") };
}

/** Exit codes: 0 lines were found, 1 none, 2 trouble. */
export const grep = (call: Call): number =>
  withUsage(call, () => {
    const options = parseShort({ name: "grep", flags: "ivcnEFoqrlHhswxa", values: "e", exitCode: exits.trouble }, call.argv);
    const given = options.values.get("e");
    const words = given === undefined ? options.words : [given, ...options.words];
    const [pattern] = words;
    if (pattern === undefined) throw new ToolUsage(usage, exits.trouble);
    const names = named(call, { ...options, words });
    const isMany = names.length > 1 || options.flags.has("r");
    const search: Search = { expression: compile(pattern, options.flags), flags: options.flags, showsNames: options.flags.has("H") || (isMany && !options.flags.has("h")) };
    const { texts, hasFailed } = readTexts(call, names, (name, reason) => (options.flags.has("s") || options.flags.has("r") ? "" : `grep: ${name}: ${reason}\n`));
    let count = 0;
    for (const text of texts) {
      const found = searchText(search, text);
      count += found.count;
      call.output.out(found.output);
      if (found.remark !== undefined) call.output.err(found.remark);
    }
    if (hasFailed && !options.flags.has("r") && !(options.flags.has("q") && count > 0)) return exits.trouble;
    return count > 0 ? exits.found : exits.none;
  });
