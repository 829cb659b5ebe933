// Options of the tools: short ones may be joined ("-RTi"), those that take a value take the rest or the next word, long ones may be cut short where
// no other begins alike. Texts of wrong use, and the list of options that follows them, as cxl and daxctl 85 print them.

interface OptionForm {
  /** One letter, "" for none. */
  readonly short: string;
  /** It takes a value. */
  readonly value?: true;
  /** The value is a decimal or hexadecimal number. */
  readonly isNumber?: true;
  /** What the value is, in the list of options. */
  readonly argument?: string;
  readonly meaning?: string;
}

/** By long name. */
export type OptionSpec = Readonly<Record<string, OptionForm>>;

export interface Options {
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
  readonly words: readonly string[];
}

/** A command line that the tool does not take. */
export class UsageProblem extends Error {
  /** The one option that it is about, where the list is to show only that; "": none. */
  readonly option: string | undefined;
  constructor(message: string, option?: string) {
    super(message);
    this.option = option;
  }
}

const takesValue = (form: OptionForm | undefined): boolean => form?.value === true || form?.isNumber === true;

function longOf(spec: OptionSpec, letter: string): string {
  const found = Object.entries(spec).find(([, option]) => option.short === letter);
  if (found === undefined) throw new UsageProblem(`unknown switch \`${letter}'`);
  return found[0];
}

/** The option that a word names, whole or cut short; `word` with its value is what a complaint shows. */
function nameOf(spec: OptionSpec, name: string, word: string): string {
  if (Object.hasOwn(spec, name)) return name;
  const [first, second] = Object.keys(spec).filter((long) => name !== "" && long.startsWith(name));
  if (first === undefined) throw new UsageProblem(`unknown option \`${word}'`);
  if (second !== undefined) throw new UsageProblem(`Ambiguous option: ${word} (could be --${first} or --${second})`, "");
  return first;
}

const isNumeric = (text: string): boolean => /^-?(0x[0-9a-fA-F]+|\d+)$/.test(text);

/** @throws UsageProblem */
export function parseOptions(spec: OptionSpec, argv: readonly string[]): Options {
  const flags = new Set<string>();
  const values = new Map<string, string>();
  const words: string[] = [];
  const rest = [...argv];
  const setValue = (name: string, shown: string, given: string | undefined): void => {
    const value = given ?? rest.shift();
    if (value === undefined) throw new UsageProblem(`${shown} requires a value`, name);
    if (spec[name]?.isNumber === true && !isNumeric(value)) throw new UsageProblem(`${shown} expects a numerical value`, name);
    values.set(name, value);
  };
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (!word.startsWith("-") || word === "-") words.push(word);
    else if (word.startsWith("--")) {
      const at = word.indexOf("=");
      const name = nameOf(spec, word.slice(2, at < 0 ? undefined : at), word.slice(2));
      if (takesValue(spec[name])) setValue(name, `option \`${name}'`, at < 0 ? undefined : word.slice(at + 1));
      else if (at < 0) flags.add(name);
      else throw new UsageProblem(`option \`${name}' takes no value`, name);
    } else {
      for (let letters = word.slice(1); letters !== ""; ) {
        const letter = letters[0] ?? "";
        const name = longOf(spec, letter);
        letters = letters.slice(1);
        if (takesValue(spec[name])) {
          setValue(name, `switch \`${letter}'`, letters === "" ? undefined : letters);
          letters = "";
        } else flags.add(name);
      }
    }
  }
  return { flags, values, words };
}

const meaningColumn = 26;

/** One option of the list: letter, name, what its value is, and its meaning on the same line where there is room. */
function describeOption([long, form]: readonly [string, OptionForm]): string {
  const letter = form.short === "" ? "        " : `    -${form.short}, `;
  const head = `${letter}--${long}${takesValue(form) ? ` <${form.argument ?? (form.isNumber === true ? "n" : "value")}>` : ""}`;
  const room = head.length < meaningColumn - 1 ? head.padEnd(meaningColumn) : `${head}\n${"".padEnd(meaningColumn)}`;
  return `${room}${form.meaning ?? ""}\n`;
}

/** How a command is called, with its options, or only the one that a complaint is about ("": none). */
export const usageText = (usage: string, spec: OptionSpec, only?: string): string => {
  const shown = Object.entries(spec).filter(([long]) => only === undefined || long === only);
  return `\n usage: ${usage}\n\n${shown.map(describeOption).join("")}${only === undefined ? "\n" : ""}`;
};

/** "256M", "1G", "4096", "0x1000" in bytes; undefined when it is none. */
export function parseToolSize(text: string): bigint | undefined {
  const match = /^(0x[0-9a-fA-F]+|\d+)([KMGTkmgt])?$/.exec(text);
  if (match === null) return undefined;
  const shift = " KMGT".indexOf((match[2] ?? " ").toUpperCase()) * 10;
  return BigInt(match[1] ?? "0") << BigInt(shift);
}
