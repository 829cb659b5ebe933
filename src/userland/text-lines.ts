// head, tail, wc, sort, uniq, cut, tr: lines of files, or of what is piped in.

import type { Call } from "./programs.ts";
import { ToolUsage, joined, linesOf, parseShort, readTexts, withUsage } from "./text-input.ts";

const ordinary = (name: string) => (path: string, reason: string): string => `${name}: ${path}: ${reason}\n`;
const opening = (name: string) => (path: string, reason: string): string => (reason === "Is a directory" ? `${name}: error reading '${path}': ${reason}\n` : `${name}: cannot open '${path}' for reading: ${reason}\n`);

const defaultCount = 10;

/** -n N, -c N, -N; `sign`: + for from there on, - for all but. */
interface Count {
  readonly unit: "lines" | "bytes";
  readonly sign: string;
  readonly count: number;
}

function parseCount(name: string, values: ReadonlyMap<string, string>): Count {
  const unit = values.has("c") ? "bytes" : "lines";
  const text = values.get(unit === "bytes" ? "c" : "n") ?? String(defaultCount);
  const match = /^([+-]?)(\d{1,9})$/.exec(text);
  if (match === null) throw new ToolUsage(`${name}: invalid number of ${unit}: '${text}'\n`, 1);
  return { unit, sign: match[1] ?? "", count: Number(match[2]) };
}

/** `-5` as the first word is `-n 5`. */
const oldStyle = (argv: readonly string[]): string[] => argv.flatMap((word, index) => (index === 0 && /^-\d+$/.test(word) ? ["-n", word.slice(1)] : [word]));

function ends(call: Call, name: "head" | "tail", take: (parts: readonly string[], count: Count) => readonly string[]): number {
  return withUsage(call, () => {
    const { flags, values, words } = parseShort({ name, flags: "qv", values: "nc", exitCode: 1 }, oldStyle(call.argv));
    const count = parseCount(name, values);
    const { texts, hasFailed } = readTexts(call, words, opening(name));
    const isTitled = (words.length > 1 || flags.has("v")) && !flags.has("q");
    for (const [index, { name: path, text }] of texts.entries()) {
      if (isTitled) call.output.out(`${index > 0 ? "\n" : ""}==> ${path === "-" ? "standard input" : path} <==\n`);
      const parts = count.unit === "bytes" ? [...text] : text.split(/(?<=\n)/);
      call.output.out(take(parts, count).join(""));
    }
    return hasFailed ? 1 : 0;
  });
}

export const head = (call: Call): number => ends(call, "head", (parts, { sign, count }) => (sign === "-" ? parts.slice(0, Math.max(0, parts.length - count)) : parts.slice(0, count)));
export const tail = (call: Call): number => ends(call, "tail", (parts, { sign, count }) => (sign === "+" ? parts.slice(Math.max(0, count - 1)) : count === 0 ? [] : parts.slice(-count)));

/** Columns are as wide as the largest number needs; what is piped in needs at least seven when there is more than one. */
export const wc = (call: Call): number =>
  withUsage(call, () => {
    const { flags, words } = parseShort({ name: "wc", flags: "lwcm", values: "", exitCode: 1 }, call.argv);
    const { texts, hasFailed } = readTexts(call, words, ordinary("wc"));
    const isShown = (letter: string): boolean => (flags.size === 0 ? letter !== "m" : flags.has(letter));
    const rows = texts.map(({ name, text }) => ({ name, counts: [["l", text.split("\n").length - 1], ["w", text.split(/\s+/).filter((word) => word !== "").length], ["m", text.length], ["c", text.length]] as const }));
    if (words.length > 1) rows.push({ name: "total", counts: (["l", "w", "m", "c"] as const).map((letter, at) => [letter, rows.reduce((sum, { counts }) => sum + (counts[at]?.[1] ?? 0), 0)] as const) as unknown as (typeof rows)[number]["counts"] });
    const numbers = rows.map(({ counts }) => counts.filter(([letter]) => isShown(letter)).map(([, count]) => count));
    const isLone = rows.length === 1 && numbers[0]?.length === 1;
    const total = Math.max(0, ...rows.map(({ counts }) => counts[3][1]));
    const width = isLone ? 0 : Math.max(String(total).length, words.length === 0 ? 7 : 0);
    for (const [index, { name }] of rows.entries()) call.output.out(`${(numbers[index] ?? []).map((count) => String(count).padStart(width)).join(" ")}${words.length === 0 ? "" : ` ${name}`}\n`);
    return hasFailed ? 1 : 0;
  });

const leadingNumber = (line: string): number => Number(/^\s*-?\d+/.exec(line)?.[0] ?? 0);
const byBytes = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Field `key` (from 1) of a line, and what follows it. */
function keyOf(line: string, key: number, separator: string | undefined): string {
  if (key <= 1) return line;
  const parts = separator === undefined ? line.split(/(?<=\S)(?=\s)/) : line.split(separator);
  return parts.slice(key - 1).join(separator ?? "");
}

export const sort = (call: Call): number =>
  withUsage(call, () => {
    const { flags, values, words } = parseShort({ name: "sort", flags: "rnuf", values: "kt", exitCode: 2 }, call.argv);
    const key = Number(/^\d+/.exec(values.get("k") ?? "1")?.[0] ?? Number.NaN);
    if (!(key > 0)) throw new ToolUsage(`sort: invalid number at field start: invalid count at start of '${values.get("k")}'\n`, 2);
    const { texts, hasFailed } = readTexts(call, words, (path, reason) => `sort: cannot read: ${path}: ${reason}\n`);
    const prepared = (line: string): string => (flags.has("f") ? keyOf(line, key, values.get("t")).toUpperCase() : keyOf(line, key, values.get("t")));
    const compare = (a: string, b: string): number => (flags.has("n") ? leadingNumber(prepared(a)) - leadingNumber(prepared(b)) : byBytes(prepared(a), prepared(b)));
    const sign = flags.has("r") ? -1 : 1;
    const lines = texts.flatMap(({ text }) => linesOf(text)).toSorted((a, b) => sign * (compare(a, b) || (flags.has("u") ? 0 : byBytes(a, b))));
    call.output.out(joined(flags.has("u") ? lines.filter((line, index) => index === 0 || compare(lines[index - 1] ?? "", line) !== 0) : lines));
    return hasFailed ? 2 : 0;
  });

export const uniq = (call: Call): number =>
  withUsage(call, () => {
    const { flags, words } = parseShort({ name: "uniq", flags: "cdui", values: "", exitCode: 1 }, call.argv);
    const { texts, hasFailed } = readTexts(call, words.slice(0, 1), ordinary("uniq"));
    const same = (line: string): string => (flags.has("i") ? line.toLowerCase() : line);
    const groups: { readonly line: string; count: number }[] = [];
    for (const line of texts.flatMap(({ text }) => linesOf(text))) {
      const last = groups.at(-1);
      if (last !== undefined && same(last.line) === same(line)) last.count++;
      else groups.push({ line, count: 1 });
    }
    const shown = groups.filter(({ count }) => !(flags.has("d") && count === 1) && !(flags.has("u") && count > 1));
    call.output.out(joined(shown.map(({ line, count }) => (flags.has("c") ? `${String(count).padStart(7)} ${line}` : line))));
    return hasFailed ? 1 : 0;
  });

/** "1,3-5,7-": whether a place, from 1, is among them. @throws ToolUsage */
function parsePlaces(text: string, what: string): (place: number) => boolean {
  const ranges = text.split(",").map((part) => {
    const match = /^(\d*)(-?)(\d*)$/.exec(part);
    const [from, to] = [Number(match?.[1] || 1), match?.[2] === "" ? Number(match[1] || 0) : Number(match?.[3] || Number.MAX_SAFE_INTEGER)];
    if (match !== null && part !== "" && part !== "-" && (from === 0 || to === 0)) throw new ToolUsage(`cut: ${what === "field" ? "fields" : "byte/character positions"} are numbered from 1\nTry 'cut --help' for more information.\n`, 1);
    if (match === null || part === "" || part === "-") throw new ToolUsage(`cut: invalid ${what} value '${part}'\nTry 'cut --help' for more information.\n`, 1);
    return { from, to };
  });
  return (place) => ranges.some(({ from, to }) => from <= place && place <= to);
}

export const cut = (call: Call): number =>
  withUsage(call, () => {
    const { flags, values, words } = parseShort({ name: "cut", flags: "s", values: "dfcb", exitCode: 1 }, call.argv);
    const places = values.get("f") ?? values.get("c") ?? values.get("b");
    if (places === undefined) throw new ToolUsage("cut: you must specify a list of bytes, characters, or fields\nTry 'cut --help' for more information.\n", 1);
    const delimiter = values.get("d") ?? "\t";
    if (delimiter.length !== 1) throw new ToolUsage("cut: the delimiter must be a single character\nTry 'cut --help' for more information.\n", 1);
    const isFields = values.has("f");
    const isWanted = parsePlaces(places, isFields ? "field" : "byte or character position");
    const { texts, hasFailed } = readTexts(call, words, ordinary("cut"));
    const mark = isFields ? delimiter : "";
    const lines = texts.flatMap(({ text }) => linesOf(text)).filter((line) => !isFields || !flags.has("s") || line.includes(delimiter));
    call.output.out(joined(lines.map((line) => (isFields && !line.includes(delimiter) ? line : line.split(mark).filter((_, index) => isWanted(index + 1)).join(mark)))));
    return hasFailed ? 1 : 0;
  });

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "\\": "\\", 0: "\0" };

/** "a-z\n": the characters of a set. */
function setOf(text: string): string[] {
  const letters = [...text.replaceAll(/\\(.)/g, (_, letter: string) => escapes[letter] ?? letter)];
  const set: string[] = [];
  for (let at = 0; at < letters.length; at++) {
    const [from, to] = [letters[at]?.charCodeAt(0) ?? 0, letters[at + 2]?.charCodeAt(0)];
    if (letters[at + 1] !== "-" || to === undefined || to < from) set.push(letters[at] ?? "");
    else {
      for (let code = from; code <= to; code++) set.push(String.fromCharCode(code));
      at += 2;
    }
  }
  return set;
}

/** `tr [-d] [-s] SET1 [SET2]`, on what is piped in. */
export const tr = (call: Call): number =>
  withUsage(call, () => {
    const { flags, words } = parseShort({ name: "tr", flags: "ds", values: "", exitCode: 1 }, call.argv);
    const [first, second] = words;
    if (first === undefined) throw new ToolUsage("tr: missing operand\nTry 'tr --help' for more information.\n", 1);
    if (second === undefined && flags.size === 0) throw new ToolUsage(`tr: missing operand after '${first}'\nTwo strings must be given when translating.\nTry 'tr --help' for more information.\n`, 1);
    const from = setOf(first);
    const to = second === undefined ? undefined : setOf(second);
    const translated = [...call.input].flatMap((letter) => {
      const at = from.lastIndexOf(letter);
      if (at < 0) return [letter];
      return flags.has("d") ? [] : [to?.[Math.min(at, to.length - 1)] ?? letter];
    });
    const squeezed = new Set(to ?? from);
    call.output.out(flags.has("s") ? translated.filter((letter, index) => !squeezed.has(letter) || translated[index - 1] !== letter).join("") : translated.join(""));
    return 0;
  });
