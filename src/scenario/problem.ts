// What is wrong with a scenario file, where, and how it is shown: the line that editors look for first, then the source with a caret.

/** Something that is wrong at a place, both from 1. */
export interface Problem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** Where it is another file than the scenario itself. */
  readonly file?: string;
  /** Text of the line; absent: not known. */
  readonly source?: string;
}

export type PlacedProblem = Required<Problem>;

const headOf = ({ file, line, column, message }: PlacedProblem): string => `${file}:${line}:${column}: ${message}`;

/** A file that is no good scenario: one problem a line, with place and remedy. */
export class ScenarioFileError extends Error {
  readonly file: string;
  readonly problems: readonly PlacedProblem[];
  constructor(file: string, problems: readonly Problem[]) {
    const placed = problems.map((problem): PlacedProblem => ({ file, source: "", ...problem }));
    super(placed.map(headOf).join("\n"));
    this.name = "ScenarioFileError";
    this.file = file;
    this.problems = placed;
  }
}

/** Colours of a terminal, or none. */
export interface Paint {
  paint(style: "red" | "dim", text: string): string;
}

const colourless: Paint = { paint: (_style, text) => text };

/** Columns of source that are shown, and how many of them before the caret at least where there are. */
const widest = 120;
const ahead = 60;

const combining = /\p{Mn}|\p{Me}|\p{Cf}/u;
const harmful = /(?!\t)[\p{Cc}\u2028\u2029]/gu;

/** The line with a caret below it; none where the line is not known. */
function excerpt({ line, column, source }: PlacedProblem, style: Paint): string[] {
  if (source.trim() === "") return [];
  const start = source.length <= widest ? 0 : Math.max(0, Math.min(column - 1 - ahead, source.length - widest));
  const shown = source.slice(start, start + widest).replaceAll(harmful, "?");
  const before = Array.from(shown.slice(0, Math.max(0, column - 1 - start))).filter((letter) => !combining.test(letter)).map((letter) => (letter === "\t" ? letter : " "));
  const number = String(line);
  const bar = style.paint("dim", "|");
  return [`  ${style.paint("dim", number)} ${bar} ${shown}`, `  ${" ".repeat(number.length)} ${bar} ${before.join("")}${style.paint("red", "^")}`];
}

/** A problem for people: `file:line:column: message`, then its line with a caret. No line break at the end. */
export const formatProblem = (problem: PlacedProblem, style: Paint = colourless): string => [headOf(problem), ...excerpt(problem, style)].join("\n");

/** All problems of a file, as `formatProblem` shows them. */
export const formatProblems = (error: ScenarioFileError, style: Paint = colourless): string => error.problems.map((problem) => formatProblem(problem, style)).join("\n");
