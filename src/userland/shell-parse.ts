// From words and operators to what is to be done: pipelines joined by ; && ||, each of commands with their redirections.

import type { Operator, Token, Word } from "./shell-words.ts";
import { ShellProblem, readTokens } from "./shell-words.ts";

export type Redirection =
  | { readonly kind: "output" | "error"; readonly path: Word; readonly isAppended: boolean }
  | { readonly kind: "input"; readonly path: Word }
  | { readonly kind: "errorToOutput" | "outputToError" };

export interface SimpleCommand {
  readonly words: readonly Word[];
  /** In order of the line: `> FILE 2>&1` and `2>&1 > FILE` differ. */
  readonly redirections: readonly Redirection[];
}

export interface Pipeline {
  /** When it runs: always, or by the exit code of what ran before it. */
  readonly when: "always" | "success" | "failure";
  readonly commands: readonly SimpleCommand[];
}

const kinds = { ">": "output", ">>": "output", "2>": "error", "2>>": "error", "<": "input" } as const;
const keywords = ["if", "then", "else", "fi", "for", "while", "until", "do", "done", "case", "esac", "function", "{", "}", "!", "[[", "select", "time"];

const textOf = (word: Word): string | undefined => (word.every((part) => part.kind === "text" && !part.isQuoted) ? word.map((part) => (part.kind === "text" ? part.text : "")).join("") : undefined);

/** What shells have at the beginning of a command and this language has not. */
function checkFirst(word: Word): void {
  const text = textOf(word);
  if (text !== undefined && keywords.includes(text)) throw new ShellProblem(`${text}: there are no loops, conditions or functions; commands are joined by ; && || and |`);
  const first = word[0];
  const assigned = first?.kind === "text" && !first.isQuoted ? /^([A-Za-z_][A-Za-z0-9_]*)=/.exec(first.text)?.[1] : undefined;
  if (assigned !== undefined) throw new ShellProblem(`${assigned}=: there are no variables; write the value where it is used`);
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): Pipeline[] {
    const pipelines: Pipeline[] = [];
    let when: Pipeline["when"] = "always";
    while (this.#at < this.#tokens.length) {
      if (when === "always" && this.#take(";")) continue;
      pipelines.push({ when, commands: this.#pipeline() });
      if (this.#take("&&")) when = "success";
      else if (this.#take("||")) when = "failure";
      else {
        this.#take(";");
        when = "always";
      }
    }
    if (when !== "always") throw new ShellProblem(`${when === "success" ? "&&" : "||"} needs a command behind it`);
    return pipelines;
  }

  #take(operator: Operator): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== "operator" || token.text !== operator) return false;
    this.#at++;
    return true;
  }

  #pipeline(): SimpleCommand[] {
    const commands = [this.#command()];
    while (this.#take("|")) commands.push(this.#command());
    return commands;
  }

  #command(): SimpleCommand {
    const words: Word[] = [];
    const redirections: Redirection[] = [];
    for (let token = this.#tokens[this.#at]; token !== undefined; token = this.#tokens[this.#at]) {
      if (token.kind === "word") {
        if (words.length === 0) checkFirst(token.word);
        words.push(token.word);
        this.#at++;
        continue;
      }
      const redirection = this.#redirection(token.text);
      if (redirection === undefined) break;
      redirections.push(redirection);
    }
    if (words.length > 0 || redirections.length > 0) return { words, redirections };
    const token = this.#tokens[this.#at];
    throw new ShellProblem(token?.kind === "operator" ? `nothing to run before ${token.text}` : "nothing to run behind |");
  }

  #redirection(operator: Operator): Redirection | undefined {
    if (operator === "2>&1" || operator === ">&2") {
      this.#at++;
      return { kind: operator === "2>&1" ? "errorToOutput" : "outputToError" };
    }
    if (!(operator in kinds)) return undefined;
    const next = this.#tokens[this.#at + 1];
    if (next?.kind !== "word") throw new ShellProblem(`${operator} needs a file behind it`);
    this.#at += 2;
    const kind = kinds[operator as keyof typeof kinds];
    return kind === "input" ? { kind, path: next.word } : { kind, path: next.word, isAppended: operator.endsWith(">>") };
  }
}

/** @throws ShellProblem */
export const parseLine = (line: string): Pipeline[] => new Parser(readTokens(line)).parse();
