// What the commands' argument lists have in common: options, choices, seeds, and the one error of wrong usage. Parsing only, and quick to load: every command needs it.

import { parseArgs } from "node:util";
import type { ParseArgsConfig } from "node:util";

/** Wrong usage: one line that names what is wrong. Exit status 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(`${message}; see cxl-sandbox --help`);
    this.name = "UsageError";
  }
}

export type OptionTable = NonNullable<ParseArgsConfig["options"]>;
type Parsed<T extends OptionTable> = ReturnType<typeof parseArgs<{ args: string[]; options: T; allowPositionals: true; strict: true }>>;

/** Options and words of a command. @throws UsageError */
export function parseWords<T extends OptionTable>(args: readonly string[], options: T): Parsed<T> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true as const, strict: true as const });
  } catch (error) {
    throw new UsageError(error instanceof Error ? (error.message.split(". ")[0] ?? error.message) : String(error));
  }
}

const maximumSeed = 0xffff_ffff;
const maximumRuns = 10_000;

/** @throws UsageError */
export function oneOf<T extends string>(option: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw new UsageError(`--${option} is ${allowed.join(", ")}, not "${value}"`);
  return found;
}

/** @throws UsageError */
export function seedOf(text: string, option: string): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : -1;
  if (value < 0 || value > maximumSeed) throw new UsageError(`--${option} "${text}" is no seed: a whole number from 0 to ${maximumSeed}`);
  return value;
}

/** @throws UsageError */
export function seedsOf(seed: string | undefined, seeds: string | undefined): number[] {
  if (seed !== undefined && seeds !== undefined) throw new UsageError("--seed and --seeds exclude each other");
  if (seeds === undefined) return [seed === undefined ? 1 : seedOf(seed, "seed")];
  const [first, last, ...rest] = seeds.split("..");
  if (first === undefined || last === undefined || rest.length > 0) throw new UsageError(`--seeds "${seeds}" is no range: write A..B`);
  const from = seedOf(first, "seeds");
  const to = seedOf(last, "seeds");
  if (to < from || to - from >= maximumRuns) throw new UsageError(`--seeds ${seeds} is ${to < from ? "backwards" : `more than ${maximumRuns} seeds`}`);
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** A whole number from 0 to `most`. @throws UsageError */
export function countOf(text: string, option: string, most: number): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (value < 0 || value > most) throw new UsageError(`--${option} "${text}" is no number from 0 to ${most}`);
  return value;
}
