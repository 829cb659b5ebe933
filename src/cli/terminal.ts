// What the commands share of a terminal: colours where there is one, and a line of progress.

import { plain } from "../report/console.ts";
import type { Style } from "../report/console.ts";

/** Numbers that begin and end a style (ECMA-48, SGR). */
const codes: Readonly<Record<Parameters<Style["paint"]>[0], readonly [on: number, off: number]>> = { green: [32, 39], red: [31, 39], yellow: [33, 39], dim: [2, 22], bold: [1, 22] };
const coloured: Style = { paint: (style, text) => `\u001b[${codes[style][0]}m${text}\u001b[${codes[style][1]}m` };

type Environment = Readonly<Record<string, string | undefined>>;
const isSaid = (value: string | undefined): value is string => value !== undefined && value !== "";
const isDumb = (environment: Environment): boolean => environment["TERM"] === "dumb";

/** Whether a stream gets colours: NO_COLOR forbids them, FORCE_COLOR asks for them (0 and false forbid), and otherwise a terminal has them that is not dumb. */
function hasColours(stream: Pick<NodeJS.WriteStream, "isTTY">, environment: Environment): boolean {
  const { NO_COLOR: no, FORCE_COLOR: force } = environment;
  if (isSaid(no)) return false;
  if (isSaid(force)) return !["0", "false"].includes(force);
  return stream.isTTY && !isDumb(environment);
}

export const styleFor = (stream: Pick<NodeJS.WriteStream, "isTTY">, environment: Environment = process.env): Style => (hasColours(stream, environment) ? coloured : plain);

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
      if (!process.stderr.isTTY || isDumb(process.env) || now - startedAt < patience || now - shownAt < between) return;
      shownAt = now;
      process.stderr.write(`\r\u001b[K${text}`);
    },
    clear: () => {
      if (shownAt > 0) process.stderr.write("\r\u001b[K");
      shownAt = 0;
    },
  };
}
