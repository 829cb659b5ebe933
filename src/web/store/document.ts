// What is in the editor, as a run is made from it.

import type { LiveInput } from "../../sandbox/live/contract.ts";
import type { Finding } from "../../scenario/lint.ts";
import type { PlacedProblem } from "../../scenario/problem.ts";
import type { Document } from "./contract.ts";

export const emptyDocument: Document = { file: "scenario.yaml", text: "", includes: {}, seed: 1, schedule: "fixed" };

/** Bytes of a trace that the page takes (docs/decisions/0010). */
export const largestTrace = 512 * 2 ** 20;

/** First bytes of a trace file (docs/trace.md). */
const traceMagic: readonly number[] = [0x89, 0x43, 0x58, 0x54, 0x0d, 0x0a, 0x1a, 0x0a];

export const magicLength = traceMagic.length;
export const isTrace = (bytes: Uint8Array): boolean => traceMagic.every((byte, index) => bytes[index] === byte);

const isSameTexts = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean => {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
};

/** A run made from the document would be a run of this input. */
export const isSameRun = (document: Document, input: LiveInput): boolean =>
  document.text === input.text && document.seed === input.seed && document.schedule === input.schedule && isSameTexts(document.includes, input.includes);

/** The very same run of the same file, choices and all. */
export const isSameInput = (one: LiveInput, other: LiveInput): boolean => one.file === other.file && isSameRun(one, other) && one.choices === other.choices && one.defects === other.defects;

/** Input of a run of the document. `recorded`: what a trace was made from; its choices and defects hold as long as the document is the trace's own. */
export function inputOf(document: Document, recorded: LiveInput | null): LiveInput {
  const { file, text, includes, seed, schedule } = document;
  return recorded !== null && isSameRun(document, recorded) ? recorded : { file, text, includes, seed, schedule };
}

export const documentOf = ({ file, text, includes, seed, schedule }: LiveInput): Document => ({ file, text, includes, seed, schedule });

/** What the loader refuses, as the editor shows it. */
export const findingsOf = (problems: readonly PlacedProblem[]): readonly Finding[] => problems.map((problem): Finding => ({ ...problem, severity: "error", rule: "scenario" }));

/** Bytes of a file as text; undefined: they are no UTF-8. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
