// Many lines to standard output: in large pieces, no faster than the reader takes them.

import { once } from "node:events";

const piece = 1 << 16;

/** Writes every line with its end; a reader that goes away ends the process quietly (src/cli/main.ts). */
export async function writeLines(lines: Iterable<string>): Promise<void> {
  let text = "";
  const flush = async (): Promise<void> => {
    const isTaken = process.stdout.write(text);
    text = "";
    if (!isTaken) await once(process.stdout, "drain");
  };
  for (const line of lines) {
    text += `${line}\n`;
    if (text.length >= piece) await flush();
  }
  if (text !== "") await flush();
}
