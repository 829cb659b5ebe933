// What setpci is asked to do: groups of filters with the operations on what they select.

import type { Filter } from "./filter.ts";
import { FilterProblem, parseId, parseSlot } from "./filter.ts";
import { namedRegisters } from "./register-names.ts";

export interface Value {
  readonly value: number;
  readonly mask: number;
}

export interface Operation {
  /** As named by the tool. */
  readonly name: string;
  /** From the start of config space, or of the capability. */
  readonly place: number;
  readonly width: number;
  readonly headers: readonly number[];
  readonly capability: { readonly id: number; readonly isExtended: boolean } | undefined;
  /** Which of several capabilities with the id. */
  readonly instance: number;
  /** Empty: read. */
  readonly values: readonly Value[];
}

export interface Group {
  readonly filter: Filter;
  readonly operations: readonly Operation[];
}

export interface Request {
  readonly isVerbose: boolean;
  readonly isForced: boolean;
  readonly isDemonstration: boolean;
  readonly groups: readonly Group[];
  readonly warnings: readonly string[];
}

/** Words that are no request, in the tool's words. */
export class UsageError extends Error {}

const spaceSize = 0x1000;
const widths: Readonly<Record<string, 1 | 2 | 4>> = { B: 1, W: 2, L: 4 };

/** A hexadecimal number of 32 bits, or undefined. */
function parseHex(text: string): number | undefined {
  const digits = text.replace(/^0x/i, "");
  if (!/^[0-9a-f]+$/i.test(digits)) return undefined;
  const value = Number.parseInt(digits, 16);
  return value > 0xffff_ffff ? undefined : value;
}

/** @throws UsageError */
function parseValue(text: string, width: number): Value {
  const [first = "", second] = text.split(":");
  const value = parseHex(first);
  const full = 2 ** (8 * width) - 1;
  if (value === undefined) throw new UsageError(`Invalid value "${first}"`);
  if (value > full) throw new UsageError(`Value "${first}" is out of range`);
  const mask = second === undefined ? full : parseHex(second);
  if (mask === undefined) throw new UsageError(`Invalid mask "${second}"`);
  if (mask > full) throw new UsageError(`Mask "${second}" is out of range`);
  return { value, mask };
}

type Base = Pick<Operation, "name" | "place" | "headers" | "capability"> & { readonly width: number };

/** @throws UsageError */
function parseBase(text: string): Base {
  const address = parseHex(text);
  if (address !== undefined && !/^0x/i.test(text)) return { name: text, place: address, width: 0, headers: [], capability: undefined };
  const named = namedRegisters.find(({ name }) => name === text.toUpperCase());
  if (named !== undefined) return { name: named.name, place: named.place, width: named.width, headers: named.headers, capability: named.capability };
  const numbered = /^(e?)cap([0-9a-f]+)$/i.exec(text);
  const id = numbered === null ? undefined : parseHex(numbered[2] ?? "");
  const isExtended = numbered?.[1] !== "";
  if (id === undefined || id >= (isExtended ? 0x1000 : 0x100)) throw new UsageError(`Unknown register "${text}"`);
  return { name: text, place: 0, width: 0, headers: [], capability: { id, isExtended } };
}

/** `text` without what follows the last `mark`, and that; undefined: there is none. */
function cut(text: string, mark: string): readonly [string, string | undefined] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + mark.length)];
}

/** BASE[+OFFSET][.WIDTH][@NUMBER][=VALUES] @throws UsageError */
function parseOperation(word: string): Operation {
  const [target, values] = cut(word, "=");
  const [sized, number] = cut(target, "@");
  const [offsetted, widthLetter] = cut(sized, ".");
  const [baseText, offsetText] = cut(offsetted, "+");
  const chosenWidth = widthLetter === undefined ? 0 : widths[widthLetter.toUpperCase()];
  if (chosenWidth === undefined) throw new UsageError(`Invalid width "${widthLetter}"`);
  const base = parseBase(baseText);
  const width = chosenWidth === 0 ? base.width : chosenWidth;
  if (width === 0) throw new UsageError("Missing width");
  const offset = offsetText === undefined ? 0 : parseHex(offsetText);
  if (offset === undefined) throw new UsageError(`Invalid offset "${offsetText}"`);
  const instance = number === undefined ? 0 : parseHex(number);
  if (instance === undefined) throw new UsageError(`Invalid number "${number}"`);
  const place = base.place + offset;
  if (place % width !== 0) throw new UsageError(`Unaligned register address ${place.toString(16).padStart(2, "0")}`);
  if (place + width > spaceSize) throw new UsageError(`Register number ${place.toString(16).padStart(2, "0")} out of range`);
  if (values === "") throw new UsageError("Missing value");
  return { ...base, place, width, instance, values: (values?.split(",") ?? []).map((text) => parseValue(text, width)) };
}

/** @throws UsageError */
function parseFilter(letter: string, text: string): Filter {
  try {
    return letter === "s" ? parseSlot(text) : parseId(text);
  } catch (thrown) {
    if (thrown instanceof FilterProblem) throw new UsageError(`Unable to parse filter -${letter} ${thrown.message}`);
    throw thrown;
  }
}

interface Building {
  filter: Filter;
  readonly letters: Set<string>;
  readonly operations: Operation[];
}

/** Takes a filter option and its value. @throws UsageError */
function takeFilter(word: string, rest: string[], groups: Building[], warnings: string[]): void {
  const letter = word[1] ?? "";
  if (letter !== "s" && letter !== "d") throw new UsageError(`Invalid option -${letter}`);
  const joined = word.slice(2).replace(/^=/, "");
  const value = joined === "" ? rest.shift() : joined;
  if (value === undefined) throw new UsageError(`Option -${letter} requires an argument`);
  let group = groups.at(-1);
  if (group === undefined || group.operations.length > 0) groups.push((group = { filter: {}, letters: new Set(), operations: [] }));
  if (group.letters.has(letter)) warnings.push(`Multiple -${letter} options are given, only the last one has effect.\n`);
  group.letters.add(letter);
  group.filter = { ...group.filter, ...parseFilter(letter, value) };
}

/** @throws UsageError */
export function parseRequest(argv: readonly string[]): Request {
  const rest = [...argv];
  const general = new Set<string>();
  while (rest[0] !== undefined && /^-[fvDr]+$/.test(rest[0])) for (const letter of (rest.shift() ?? "").slice(1)) general.add(letter);
  const groups: Building[] = [];
  const warnings: string[] = [];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const group = groups.at(-1);
    if (word.startsWith("-")) takeFilter(word, rest, groups, warnings);
    else if (group === undefined) throw new UsageError("Filter specification expected");
    else group.operations.push(parseOperation(word));
  }
  if (groups.length === 0) throw new UsageError("No operation specified");
  return { isVerbose: general.has("v"), isForced: general.has("f"), isDemonstration: general.has("D"), groups, warnings };
}
