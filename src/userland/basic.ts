// The small programs of every machine: echo, sleep, and what does one thing to every path (cat, readlink). Messages as coreutils'.

import type { Task } from "../sim/task.ts";
import { sleepOrSignal } from "../sim/task.ts";
import { SystemError, errnoText } from "../kernel/base/errno.ts";
import type { Output } from "./output.ts";
import type { Call } from "./programs.ts";
import { readEscape } from "./shell-words.ts";

/** `echo [-neE] WORDS`: -n without the line end, -e with escapes. */
export function echo(argv: readonly string[], output: Output): number {
  let first = 0;
  let [hasEnd, hasEscapes] = [true, false];
  for (; /^-[neE]+$/.test(argv[first] ?? ""); first++) {
    for (const letter of argv[first]?.slice(1) ?? "") {
      if (letter === "n") hasEnd = false;
      else hasEscapes = letter === "e";
    }
  }
  const text = argv.slice(first).join(" ");
  output.out(hasEscapes ? `${unescape(text)}${hasEnd ? "\n" : ""}` : `${text}${hasEnd ? "\n" : ""}`);
  return 0;
}

function unescape(text: string): string {
  const pieces: string[] = [];
  let at = 0;
  for (let next = text.indexOf("\\"); next >= 0; next = text.indexOf("\\", at)) {
    const escape = readEscape(text, next + 1);
    pieces.push(text.slice(at, next), escape.text);
    at = escape.end;
  }
  return pieces.join("") + text.slice(at);
}

/** Does the same for every path; what fails is said, and the others go on. */
export function overPaths(name: string, argv: readonly string[], output: Output, act: (path: string) => string): number {
  let exitCode = 0;
  for (const path of argv) {
    try {
      output.out(act(path));
    } catch (thrown) {
      if (!(thrown instanceof SystemError)) throw thrown;
      output.err(`${name}: ${path}: ${errnoText(thrown.errno)}\n`);
      exitCode = 1;
    }
  }
  return exitCode;
}

const second = 1_000_000_000;

/** Seconds with up to nine places, in virtual ns; undefined: no such number. */
function parseSeconds(text: string): number | undefined {
  const match = /^(\d{1,6})(?:\.(\d{1,9}))?s?$/.exec(text);
  return match === null ? undefined : Number(match[1]) * second + Number((match[2] ?? "").padEnd(9, "0"));
}

/** `sleep SECONDS`, of virtual time. */
export function* sleep({ argv, files, output }: Call): Task<number> {
  const time = argv.length === 1 ? parseSeconds(argv[0] ?? "") : undefined;
  if (time === undefined) {
    output.err(argv[0] === undefined ? "sleep: missing operand\n" : `sleep: invalid time interval '${argv.join(" ").slice(0, 80)}'\n`);
    return 1;
  }
  yield sleepOrSignal(time);
  // A signal ends the program here.
  files.exists("/");
  return 0;
}
