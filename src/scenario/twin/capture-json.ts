// JSON as tools print it: whole numbers of any length, numbers in hex, sizes for people. Bounded; a wrong value is a message with its path.

import { CaptureFileError } from "./findings.ts";

export type CaptureJson = string | number | boolean | null | readonly CaptureJson[] | CaptureObject;
export type CaptureObject = { readonly [key: string]: CaptureJson };

/** Characters of a capture. */
export const longestCapture = 4 << 20;

export const isObject = (value: CaptureJson | undefined): value is CaptureObject => typeof value === "object" && value !== null && !Array.isArray(value);
export const isList = (value: CaptureJson | undefined): value is readonly CaptureJson[] => Array.isArray(value);

/** Texts stay, and whole numbers that a number of JavaScript may not hold become texts. */
const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const keepWhole = (text: string): string => text.replace(tokens, (token) => (/^-?\d{16,}$/.test(token) ? `"${token}"` : token));

/** Where the parser stopped, as line and column; "" where it does not say. */
function placeOf(text: string, error: unknown): string {
  const at = /position (\d+)/.exec(error instanceof Error ? error.message : "")?.[1];
  if (at === undefined) return "";
  const before = text.slice(0, Number(at)).split("\n");
  return `line ${before.length}, column ${(before.at(-1) ?? "").length + 1}`;
}

function parse(text: string): CaptureJson | undefined {
  try {
    return JSON.parse(keepWhole(text)) as CaptureJson;
  } catch {
    return undefined;
  }
}

/** What is left of a listing after messages of the tool before it (`2>&1`). */
function behindMessages(text: string): CaptureJson | undefined {
  const start = /^[[{]/m.exec(text)?.index ?? 0;
  return start === 0 ? undefined : parse(text.slice(start));
}

/** @throws CaptureFileError */
export function parseCapture(file: string, text: string, command: string): CaptureJson {
  if (text.length > longestCapture) throw new CaptureFileError(file, "", `has ${text.length} characters, a listing has at most ${longestCapture}; is this the right file?`);
  if (text.trim() === "") throw new CaptureFileError(file, "", `is empty; take it anew with: ${command}`);
  try {
    return JSON.parse(keepWhole(text)) as CaptureJson;
  } catch (error) {
    const rest = behindMessages(text);
    if (rest !== undefined) return rest;
    const isCut = /^\s*[[{]/.test(text);
    throw new CaptureFileError(file, placeOf(text, error), `${isCut ? "the JSON is broken or cut off" : "is no JSON"}; take it anew with: ${command}`);
  }
}

const units: Readonly<Record<string, bigint>> = { KiB: 1n << 10n, MiB: 1n << 20n, GiB: 1n << 30n, TiB: 1n << 40n };
const limit = 1n << 64n;

/** "256.00 MiB (268.44 MB)": two decimals of the unit. */
function humanSize(text: string): bigint | undefined {
  const match = /^(\d{1,12})(?:\.(\d{1,2}))? (KiB|MiB|GiB|TiB)\b/.exec(text);
  if (match === null) return undefined;
  const hundredths = BigInt(match[1] ?? "0") * 100n + BigInt((match[2] ?? "0").padEnd(2, "0"));
  return (hundredths * (units[match[3] ?? ""] ?? 1n)) / 100n;
}

/** A whole number: as it is, in hex, or a size for people; undefined when it is none. */
export function wholeNumber(value: CaptureJson | undefined): bigint | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : undefined;
  if (typeof value !== "string" || value.length > 64) return undefined;
  const text = value.trim();
  const found = /^(0x[0-9a-fA-F]+|\d+)$/.test(text) ? BigInt(text) : humanSize(text);
  return found !== undefined && found < limit ? found : undefined;
}

/** Sizes with two decimals are no exact numbers. */
export const isRounded = (value: CaptureJson | undefined): boolean => typeof value === "string" && humanSize(value) !== undefined;

const shown = (value: CaptureJson): string => JSON.stringify(value).slice(0, 60);

/** Reads the keys of one object; knows where it is. */
export class ObjectReader {
  readonly value: CaptureObject;
  readonly path: string;
  readonly #file: string;

  constructor(file: string, path: string, value: CaptureObject) {
    this.#file = file;
    this.path = path;
    this.value = value;
  }

  #own(key: string): CaptureJson | undefined {
    return Object.hasOwn(this.value, key) ? this.value[key] : undefined;
  }

  #wrong(key: string, value: CaptureJson, what: string): never {
    throw new CaptureFileError(this.#file, `${this.path}.${key}`, `${shown(value)} is no ${what}; is this the output of cxl list?`);
  }

  has(key: string): boolean {
    return this.#own(key) !== undefined;
  }

  text(key: string): string | undefined {
    const value = this.#own(key);
    if (value === undefined || value === null) return undefined;
    return typeof value === "string" ? value : this.#wrong(key, value, "text");
  }

  flag(key: string): boolean | undefined {
    const value = this.#own(key);
    if (value === undefined || value === null) return undefined;
    return typeof value === "boolean" ? value : this.#wrong(key, value, "truth value");
  }

  /** Unsigned, at most 64 bits. */
  whole(key: string): bigint | undefined {
    const value = this.#own(key);
    if (value === undefined || value === null) return undefined;
    return wholeNumber(value) ?? this.#wrong(key, value, "whole number of 64 bits");
  }

  /** At most `most`. */
  small(key: string, most: number): number | undefined {
    const value = this.whole(key);
    if (value === undefined) return undefined;
    return value <= BigInt(most) ? Number(value) : this.#wrong(key, this.#own(key) ?? null, `number up to ${most}`);
  }

  /** A signed number of 32 bits; undefined where there is none. */
  signed(key: string): number | undefined {
    const value = this.#own(key);
    if (typeof value !== "number" || !Number.isInteger(value) || Math.abs(value) > 0x7fff_ffff) return wholeNumber(value) === undefined ? undefined : this.small(key, 0xffff_ffff);
    return value;
  }

  object(key: string): ObjectReader | undefined {
    const value = this.#own(key);
    if (value === undefined || value === null) return undefined;
    return isObject(value) ? new ObjectReader(this.#file, `${this.path}.${key}`, value) : this.#wrong(key, value, "object");
  }

  /** The objects of a list; none where there is no such key. */
  objects(key: string): ObjectReader[] {
    const value = this.#own(key);
    if (value === undefined || value === null) return [];
    if (!isList(value)) return this.#wrong(key, value, "list");
    return value.map((item, index) => (isObject(item) ? new ObjectReader(this.#file, `${this.path}.${key}[${index}]`, item) : this.#wrong(`${key}[${index}]`, item, "object")));
  }
}
