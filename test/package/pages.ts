// What a page of the documentation shows: files by the name in their first line, and commands with what they print.

import { readFileSync } from "node:fs";

const root = new URL("../../", import.meta.url);
const fence = /^```(\w*)\n([\s\S]*?)^```$/gm;
const naming = /^(?:\/\/|<!--|\/\*) ([\w.-]+\.\w+)(?: -->| \*\/)?\n/;

interface Page {
  /** Text of every block. */
  readonly blocks: readonly string[];
  /** The file that a block shows, as it is pasted. @throws Error the page does not show it */
  file(name: string): string;
  /** What follows `$ command` in a block of its own. @throws Error the page does not show it */
  output(command: string): string;
}

export function readPage(path: string): Page {
  const blocks = [...readFileSync(new URL(path, root), "utf8").matchAll(fence)].map((match) => match[2] ?? "");
  const show = (what: string, found: string | undefined): string => {
    if (found === undefined) throw new Error(`${path} does not show ${what}`);
    return found;
  };
  return {
    blocks,
    file: (name) => show(name, blocks.find((block) => block.match(naming)?.[1] === name)),
    output: (command) => show(`the output of ${command}`, blocks.find((block) => block.startsWith(`$ ${command}\n`))?.slice(command.length + 3)),
  };
}
