// The grammar of a command line: quoting, operators, what is refused and how.

import { describe, expect, it } from "vitest";
import { parseLine } from "./shell-parse.ts";
import { ShellProblem, readTokens } from "./shell-words.ts";
import type { Token } from "./shell-words.ts";

const shown = (token: Token): string => (token.kind === "operator" ? `<${token.text}>` : token.word.map((part) => (part.kind === "text" ? part.text : part.kind === "status" ? "{status}" : `{${part.name}}`)).join(""));
const words = (line: string): string[] => readTokens(line).map(shown);

const problem = (line: string): string => {
  try {
    parseLine(line);
  } catch (thrown) {
    if (thrown instanceof ShellProblem) return thrown.message;
    throw thrown;
  }
  return "";
};

describe("words of a line", () => {
  it("blanks divide, quotes and backslashes keep; what is joined is one word", () => {
    expect(words(`a  b\tc 'd e' "f g" h\\ i j'k'"l"m`)).toEqual(["a", "b", "c", "d e", "f g", "h i", "jklm"]);
    expect(words(`'' "" a`)).toEqual(["", "", "a"]);
    expect(words(`"a\\"b\\\\c\\d" 'a\\b'`)).toEqual(['a"b\\c\\d', "a\\b"]);
  });

  it("a # begins a comment where a word would begin, and nowhere else", () => {
    expect(words("a b#c # d 'e")).toEqual(["a", "b#c"]);
    expect(words("a # b\nc")).toEqual(["a", "<;>", "c"]);
  });

  it("$'...' has escapes and ends at a byte 0; no byte 0 is in a word", () => {
    expect(words(`$'a\\tb\\x41\\101\\'c'`)).toEqual(["a\tbAA'c"]);
    expect(words(`$'a\\x00b'c`)).toEqual(["ac"]);
    expect(words("a\0b")).toEqual(["ab"]);
  });

  it("operators need no blanks; a digit belongs to one only where a word would begin", () => {
    expect(words("a|b&&c||d;e>f>>g<h 2>i 2>&1")).toEqual(["a", "<|>", "b", "<&&>", "c", "<||>", "d", "<;>", "e", "<>>", "f", "<>>>", "g", "<<>", "h", "<2>>", "i", "<2>&1>"]);
    expect(words("echo a2>b 2 >c")).toEqual(["echo", "a2", "<>>", "b", "2", "<>>", "c"]);
    expect(words("echo '|' \\> \";\"")).toEqual(["echo", "|", ">", ";"]);
  });

  it("$? and references are parts of words, also in double quotes; not in single ones", () => {
    expect(words(`a$?b "\${mem:rp0}" '$?' \${dax:region0[1]}/size`)).toEqual(["a{status}b", "{mem:rp0}", "$?", "{dax:region0[1]}/size"]);
    expect(words("a$ $ 5$")).toEqual(["a$", "$", "5$"]);
  });
});

describe("what the language has not", () => {
  it("is refused by name, with what to write instead", () => {
    for (const [line, said] of [
      ["echo $(pwd)", "a command in a command"], ["echo `pwd`", "a command in a command"], ['echo "`pwd`"', "a command in a command"], ["cat << end", "text on the line"], ["sleep 1 &", "nothing runs in the background"],
      ["(echo a)", "a shell in the shell"], ["echo )", "there is no ( for this )"], ["if true", "there are no loops"], ["for i", "there are no loops"], ["{ echo a", "there are no loops"], ["! true", "there are no loops"],
      ["A=1 echo", "there are no variables"], ["echo $HOME", "$HOME: there are no variables"], ["echo $1", "$1: there are no variables"], ["a &> b", "write > FILE 2>&1"], ["a >&3", "only 2>&1 and >&2"],
      ["echo 'a", "a quote ' without its end"], ['echo "a', 'a quote " without its end'], ["echo $'a", "a quote $' without its end"], ["a |", "nothing to run behind |"], ["| a", "nothing to run before |"], ["a && ", "&& needs a command"],
      ["a ;; b", "nothing between ; and ;"], ["echo >", "> needs a file"], ["a && && b", "nothing to run before &&"],
    ] as const) expect([line, problem(line)]).toEqual([line, expect.stringContaining(said)]);
  });

  it("the same words quoted are words", () => {
    for (const line of ["'if' a", "echo if", "echo A=1", "echo '&' '(' ')'", "echo {a} !", "a; b;", "# only a comment", "", " ; ".trim().replace(";", "")]) expect([line, problem(line)]).toEqual([line, ""]);
  });
});
