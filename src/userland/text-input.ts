// What the text tools share: short options, the texts of named files or of what is piped in, and their complaints as coreutils words them.

import { SystemError, errnoText } from "../kernel/base/errno.ts";
import type { Call } from "./programs.ts";

/** Options as given: letters that stand alone, and those with a value. */
export interface ShortOptions {
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
  readonly words: readonly string[];
}

/** Words that the program does not take; the message is all it says. */
export class ToolUsage extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

interface OptionLetters {
  readonly name: string;
  readonly flags: string;
  readonly values: string;
  /** Exit code for wrong words. */
  readonly exitCode: number;
}

const hint = (name: string): string => `Try '${name} --help' for more information.\n`;

/** Letters may be joined; `--` ends them. @throws ToolUsage */
export function parseShort({ name, flags, values, exitCode }: OptionLetters, argv: readonly string[]): ShortOptions {
  const found = { flags: new Set<string>(), values: new Map<string, string>(), words: [] as string[] };
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--") {
      found.words.push(...rest);
      break;
    }
    if (!word.startsWith("-") || word === "-") found.words.push(word);
    else if (word.startsWith("--")) throw new ToolUsage(`${name}: unrecognized option '${word}'\n${hint(name)}`, exitCode);
    else {
      for (let letters = word.slice(1); letters !== ""; ) {
        const letter = letters[0] ?? "";
        letters = letters.slice(1);
        if (flags.includes(letter)) found.flags.add(letter);
        else if (values.includes(letter)) {
          const value = letters === "" ? rest.shift() : letters;
          if (value === undefined) throw new ToolUsage(`${name}: option requires an argument -- '${letter}'\n${hint(name)}`, exitCode);
          found.values.set(letter, value);
          letters = "";
        } else throw new ToolUsage(`${name}: invalid option -- '${letter}'\n${hint(name)}`, exitCode);
      }
    }
  }
  return found;
}

/** Runs a program's body; wrong words end it with what they say. */
export function withUsage(call: Call, body: () => number): number {
  try {
    return body();
  } catch (thrown) {
    if (!(thrown instanceof ToolUsage)) throw thrown;
    call.output.err(thrown.message);
    return thrown.exitCode;
  }
}

export interface Text {
  /** As named; "-" for what is piped in. */
  readonly name: string;
  readonly text: string;
}

/** Texts of the named files, or what is piped in. What cannot be read is said by `complain`. */
export function readTexts(call: Call, names: readonly string[], complain: (name: string, reason: string) => string): { readonly texts: Text[]; readonly hasFailed: boolean } {
  const texts: Text[] = [];
  let hasFailed = false;
  for (const name of names.length === 0 ? ["-"] : names) {
    try {
      texts.push({ name, text: name === "-" ? call.input : call.files.read(name) });
    } catch (thrown) {
      if (!(thrown instanceof SystemError)) throw thrown;
      call.output.err(complain(name, errnoText(thrown.errno)));
      hasFailed = true;
    }
  }
  return { texts, hasFailed };
}

/** Lines without their ends; a text that ends in a line end has no line behind it. */
export function linesOf(text: string): string[] {
  if (text === "") return [];
  return (text.endsWith("\n") ? text.slice(0, -1) : text).split("\n");
}

export const joined = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");
