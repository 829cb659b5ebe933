// What was typed and printed, by the touches it belongs to: what is shown is what lies before the position.

import type { LiveStatus, Position } from "../../../sandbox/live/contract.ts";

/** A line with what it printed. */
export interface Spoken {
  readonly prompt: string;
  readonly line: string;
  readonly printed: string;
  /** It was refused or is no touch: nothing of it is in the run. */
  readonly isTouch: boolean;
}

export interface Transcript {
  /** Printed before the first line. */
  readonly greeting: string;
  readonly spoken: readonly Spoken[];
  /** Characters that were dropped from the beginning. */
  readonly dropped: number;
}

export const emptyTranscript: Transcript = { greeting: "", spoken: [], dropped: 0 };

/** Characters that are kept; the oldest lines go first. */
export const mostKept = 2_000_000;

const sizeOf = ({ prompt, line, printed }: Spoken): number => prompt.length + line.length + printed.length;

function bounded(transcript: Transcript, most: number): Transcript {
  let size = transcript.spoken.reduce((sum, one) => sum + sizeOf(one), 0);
  let { dropped } = transcript;
  const spoken = transcript.spoken.map((one) => {
    if (size <= most || one.printed === "") return one;
    // The line itself stays, so that lines and touches go on fitting.
    const kept = one.printed.slice(Math.min(one.printed.length, size - most));
    size -= one.printed.length - kept.length;
    dropped += one.printed.length - kept.length;
    return { ...one, printed: kept };
  });
  return { ...transcript, spoken, dropped };
}

export const withLine = (transcript: Transcript, prompt: string, line: string): Transcript => ({ ...transcript, spoken: [...transcript.spoken, { prompt, line, printed: "", isTouch: true }] });

/** Text that was printed now: of the newest line. */
export function withOutput(transcript: Transcript, text: string, most = mostKept): Transcript {
  const last = transcript.spoken.at(-1);
  if (last === undefined) return { ...transcript, greeting: transcript.greeting + text };
  return bounded({ ...transcript, spoken: [...transcript.spoken.slice(0, -1), { ...last, printed: last.printed + text }] }, most);
}

/** The newest line was not given to the run. */
export function asRefused(transcript: Transcript): Transcript {
  const last = transcript.spoken.at(-1);
  return last === undefined ? transcript : { ...transcript, spoken: [...transcript.spoken.slice(0, -1), { ...last, isTouch: false }] };
}

const isBehind = (place: Position, position: Position): boolean => place.records > position.records || (place.records === position.records && place.turns > position.turns);

/** How many lines of a status lie at or before its position, and how many there are at all. */
export function linesOf({ touches, position }: Pick<LiveStatus, "touches" | "position">): { readonly before: number; readonly all: number } {
  const lines = touches.filter(({ touch }) => touch.kind === "line");
  return { before: lines.filter((one) => !isBehind(one.position, position)).length, all: lines.length };
}

/** The first so many lines that are touches, with what was said between them. */
export function firstLines({ spoken, ...rest }: Transcript, count: number): Transcript {
  let seen = 0;
  const end = spoken.findIndex(({ isTouch }) => isTouch && ++seen > count);
  return { ...rest, spoken: end < 0 ? spoken : spoken.slice(0, end) };
}

/** As text for a screen, prompts and all. */
export const screenText = ({ greeting, spoken, dropped }: Transcript): string =>
  `${dropped > 0 ? `(${dropped} characters of earlier output are gone)\n` : ""}${greeting}${spoken.map(({ prompt, line, printed }) => `\u001b[1m${prompt}\u001b[22m${line}\n${printed}${printed === "" || printed.endsWith("\n") ? "" : "\n"}`).join("")}`;
