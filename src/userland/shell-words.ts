// From the text of a command line to words and operators, by the quoting rules of a POSIX shell. What the language has not is refused by name.

/** A piece of a word. Unquoted text can hold a pattern; `status` is `$?`; `reference` is `${mem:rp0}`. */
export type Part =
  | { readonly kind: "text"; readonly text: string; readonly isQuoted: boolean }
  | { readonly kind: "status" }
  | { readonly kind: "reference"; readonly name: string };

export type Word = readonly Part[];

export type Operator = ";" | "&&" | "||" | "|" | ">" | ">>" | "<" | "2>" | "2>>" | "2>&1" | ">&2";
export type Token = { readonly kind: "word"; readonly word: Word } | { readonly kind: "operator"; readonly text: Operator };

/** A line that the language does not have, or a name in it that leads nowhere; the message says what to write instead. */
export class ShellProblem extends Error {}

/** In order of trial: the longer before what it begins with. */
const operators: readonly (readonly [string, Operator])[] = [["2>&1", "2>&1"], ["1>&2", ">&2"], [">&2", ">&2"], ["2>>", "2>>"], ["1>>", ">>"], [">>", ">>"], ["2>", "2>"], ["1>", ">"], [">", ">"], ["<", "<"], ["&&", "&&"], ["||", "||"], ["|", "|"], [";", ";"], ["\n", ";"]];

/** Beginnings of what shells have beyond this language, with what to do instead. */
const refused: readonly (readonly [string, string])[] = [
  ["$(", "a command in a command ($(...)) is not taken; run it first and write what it prints"], ["`", "a command in a command (`...`) is not taken; run it first and write what it prints"], ["<<", "text on the line (<<) is not taken; use echo and a pipe"],
  ["<(", "a command as a file (<(...)) is not taken"], [">(", "a command as a file (>(...)) is not taken"], ["&>", "&> is not taken; write > FILE 2>&1"], [">&", "only 2>&1 and >&2 join outputs"], [">|", ">| is not taken; write >"], ["|&", "|& is not taken; write 2>&1 |"], [";;", "there is nothing between ; and ;"],
  ["&", "nothing runs in the background (&); write ; or &&"], ["(", "a shell in the shell ((...)) is not taken; write the commands one after the other"], [")", "there is no ( for this )"],
];

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", a: "\u0007", b: "\b", e: "\u001b", f: "\f", v: "\v", "\\": "\\", "'": "'", '"': '"', "?": "?" };

/** One escape behind its backslash, at `at`: what it means and where it ends. `\xHH` and octal are single bytes. */
export function readEscape(text: string, at: number): { readonly text: string; readonly end: number } {
  const number = /x([0-9a-fA-F]{1,2})|0?([0-7]{1,3})/y;
  number.lastIndex = at;
  const match = number.exec(text);
  if (match !== null) return { text: String.fromCharCode(Number.parseInt(match[1] ?? match[2] ?? "0", match[1] === undefined ? 8 : 16) & 0xff), end: number.lastIndex };
  const letter = text[at] ?? "";
  return { text: escapes[letter] ?? `\\${letter}`, end: at + 1 };
}

/** Reads one line. A text that comes to its end inside a quote is an error. */
class Reader {
  readonly tokens: Token[] = [];
  readonly #line: string;
  #at = 0;
  #parts: Part[] | null = null;

  constructor(line: string) {
    // No byte 0 is in a word, as in every shell.
    this.#line = line.replaceAll("\0", "");
  }

  read(): Token[] {
    while (this.#at < this.#line.length) this.#one();
    this.#endWord();
    return this.tokens;
  }

  #one(): void {
    const letter = this.#line[this.#at] ?? "";
    if (letter === " " || letter === "\t" || letter === "\r") {
      this.#at++;
      this.#endWord();
    } else if (letter === "#" && this.#parts === null) this.#skipComment();
    else if (letter === "'") this.#add(this.#until("'", this.#at + 1), true);
    else if (letter === '"') this.#doubleQuoted();
    else if (letter === "\\") this.#backslash();
    else if (letter === "$") this.#dollar(false);
    else if (!this.#operator()) this.#plain();
  }

  #skipComment(): void {
    const end = this.#line.indexOf("\n", this.#at);
    this.#at = end < 0 ? this.#line.length : end;
  }

  /** Text up to a quote's end, which is passed over. */
  #until(quote: string, from: number): string {
    const end = this.#line.indexOf(quote, from);
    if (end < 0) throw new ShellProblem(`a quote ${quote} without its end`);
    this.#at = end + 1;
    return this.#line.slice(from, end);
  }

  #add(text: string, isQuoted: boolean): void {
    this.#parts ??= [];
    this.#parts.push({ kind: "text", text, isQuoted });
  }

  #endWord(): void {
    if (this.#parts !== null) this.tokens.push({ kind: "word", word: this.#parts });
    this.#parts = null;
  }

  #backslash(): void {
    const next = this.#line[this.#at + 1];
    this.#at += 2;
    // A line end behind a backslash joins two lines.
    if (next !== undefined && next !== "\n") this.#add(next, true);
  }

  #doubleQuoted(): void {
    this.#add("", true);
    this.#at++;
    for (;;) {
      const stop = /["\\$`]/g;
      stop.lastIndex = this.#at;
      const match = stop.exec(this.#line);
      if (match === null) throw new ShellProblem('a quote " without its end');
      if (match.index > this.#at) this.#add(this.#line.slice(this.#at, match.index), true);
      this.#at = match.index;
      if (match[0] === '"') break;
      if (match[0] === "$") this.#dollar(true);
      else if (match[0] === "`") this.#refuse();
      else {
        const next = this.#line[this.#at + 1] ?? "";
        this.#at += 2;
        if (next !== "\n") this.#add('"\\$`'.includes(next) ? next : `\\${next}`, true);
      }
    }
    this.#at++;
  }

  #dollar(isQuoted: boolean): void {
    const rest = /\$(?:\?|\{([^}]*)\}|'|\(|[A-Za-z_][A-Za-z0-9_]*|[0-9@*#!$-])?/y;
    rest.lastIndex = this.#at;
    const found = rest.exec(this.#line)?.[0] ?? "$";
    this.#parts ??= [];
    if (found === "$?" || found === "${?}") this.#parts.push({ kind: "status" });
    else if (found.startsWith("${")) this.#parts.push({ kind: "reference", name: found.slice(2, -1) });
    else if (found === "$'" && !isQuoted) return this.#escaped();
    else if (found === "$(") this.#refuse();
    else if (found === "$" || found === "$'") {
      this.#add("$", true);
      this.#at++;
      return;
    } else throw new ShellProblem(`${found}: there are no variables; only $? and references like \${mem:rp0}`);
    this.#at += found.length;
  }

  /** `$'...'`: the text ends at a byte 0. */
  #escaped(): void {
    let text = "";
    let at = this.#at + 2;
    for (let letter = this.#line[at]; letter !== "'"; letter = this.#line[at]) {
      if (letter === undefined) throw new ShellProblem("a quote $' without its end");
      if (letter === "\\") {
        const escape = readEscape(this.#line, at + 1);
        text += escape.text;
        at = escape.end;
      } else {
        text += letter;
        at++;
      }
    }
    this.#at = at + 1;
    this.#add(text.split("\0", 1)[0] ?? "", true);
  }

  #refuse(): never {
    const found = refused.find(([beginning]) => this.#line.startsWith(beginning, this.#at));
    throw new ShellProblem(found?.[1] ?? `"${this.#line[this.#at] ?? ""}" is not taken here`);
  }

  /** An operator here; a digit before `>` belongs to it only where a word would begin. */
  #operator(): boolean {
    const letter = this.#line[this.#at] ?? "";
    const isDigit = letter === "1" || letter === "2";
    if (!"&|;<>()`\n".includes(letter) && !(isDigit && this.#parts === null && this.#line[this.#at + 1] === ">")) return false;
    const found = operators.find(([text]) => this.#line.startsWith(text, this.#at));
    const beyond = refused.find(([text]) => this.#line.startsWith(text, this.#at));
    if (found === undefined || (beyond !== undefined && beyond[0].length > found[0].length)) this.#refuse();
    this.#endWord();
    this.tokens.push({ kind: "operator", text: found[1] });
    this.#at += found[0].length;
    return true;
  }

  #plain(): void {
    const stop = /[ \t\r\n'"\\$&|;<>()`]/g;
    stop.lastIndex = this.#at + 1;
    const end = stop.exec(this.#line)?.index ?? this.#line.length;
    this.#add(this.#line.slice(this.#at, end), false);
    this.#at = end;
  }
}

/** @throws ShellProblem */
export const readTokens = (line: string): Token[] => new Reader(line).read();
