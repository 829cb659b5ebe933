// Options of the tools: short ones may be joined ("-RTi"), those that take a value take the rest or the next word.

export interface OptionSpec {
  /** Long name -> one-letter name ("" for none); `value` when it takes one. */
  readonly [long: string]: { readonly short: string; readonly value?: true };
}

export interface Options {
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
  readonly words: readonly string[];
}

/** A command line that the tool does not take. */
export class UsageProblem extends Error {}

function longOf(spec: OptionSpec, letter: string): string {
  const found = Object.entries(spec).find(([, option]) => option.short === letter);
  if (found === undefined) throw new UsageProblem(`unknown switch \`${letter}'`);
  return found[0];
}

/** @throws UsageProblem */
export function parseOptions(spec: OptionSpec, argv: readonly string[]): Options {
  const flags = new Set<string>();
  const values = new Map<string, string>();
  const words: string[] = [];
  const rest = [...argv];
  const take = (name: string): string => {
    const value = rest.shift();
    if (value === undefined) throw new UsageProblem(`option \`${name}' requires a value`);
    return value;
  };
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (!word.startsWith("-") || word === "-") words.push(word);
    else if (word.startsWith("--")) {
      const [name = "", joined] = word.slice(2).split("=");
      const option = spec[name];
      if (option === undefined) throw new UsageProblem(`unknown option \`${name}'`);
      if (option.value === true) values.set(name, joined ?? take(name));
      else flags.add(name);
    } else {
      for (let letters = word.slice(1); letters !== ""; ) {
        const name = longOf(spec, letters[0] ?? "");
        letters = letters.slice(1);
        if (spec[name]?.value !== true) flags.add(name);
        else {
          values.set(name, letters === "" ? take(name) : letters);
          letters = "";
        }
      }
    }
  }
  return { flags, values, words };
}

/** "256M", "1G", "4096", "0x1000" in bytes; undefined when it is none. */
export function parseToolSize(text: string): bigint | undefined {
  const match = /^(0x[0-9a-fA-F]+|\d+)([KMGTkmgt])?$/.exec(text);
  if (match === null) return undefined;
  const shift = " KMGT".indexOf((match[2] ?? " ").toUpperCase()) * 10;
  return BigInt(match[1] ?? "0") << BigInt(shift);
}
