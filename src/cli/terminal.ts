// What the commands share of a terminal: colours where there is one, and a line of progress.

import { styleText } from "node:util";
import { plain } from "../report/console.ts";
import type { Style } from "../report/console.ts";

const coloured: Style = { paint: (style, text) => styleText(style, text) };
export const styleFor = (stream: NodeJS.WriteStream): Style => (stream.isTTY && process.env["NO_COLOR"] === undefined ? coloured : plain);

/** Milliseconds before progress is shown, and between two of its lines. */
const patience = 1000;
const between = 100;

export interface Progress {
  readonly show: (text: string) => void;
  readonly clear: () => void;
}

/** Progress on standard error, on a terminal only. */
export function createProgress(): Progress {
  const startedAt = performance.now();
  let shownAt = 0;
  return {
    show: (text) => {
      const now = performance.now();
      if (!process.stderr.isTTY || now - startedAt < patience || now - shownAt < between) return;
      shownAt = now;
      process.stderr.write(`\r\u001b[K${text}`);
    },
    clear: () => {
      if (shownAt > 0) process.stderr.write("\r\u001b[K");
      shownAt = 0;
    },
  };
}
