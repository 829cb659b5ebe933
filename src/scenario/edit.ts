// Changes of a scenario's text, made where they belong: what is not changed stays byte for byte, comments and order as well.

import { isMap, parseDocument } from "yaml";
import { actionPart, faultId } from "./edit-names.ts";
import type { Splice } from "./edit-splice.ts";
import { EditRefusal, addItem, removeAt, setAt, spliced } from "./edit-splice.ts";
import type { Includes } from "./include.ts";
import { resolveIncludes } from "./include.ts";
import { ScenarioFileError } from "./problem.ts";
import { maximumLength, readYaml } from "./yaml-text.ts";
import type { Path } from "./yaml-text.ts";

/** A fault as a file writes it. */
export interface NewFault {
  /** Absent: made of the action and its part, unlike all others. One that is taken gets a number. */
  readonly id?: string;
  readonly when: unknown;
  readonly do: Readonly<Record<string, unknown>>;
  readonly optional?: boolean;
}

/** Paths are those of the file's own text, without what it includes. */
export type ScenarioEdit =
  | { readonly kind: "addFault"; readonly fault: NewFault }
  | { readonly kind: "addExpectation"; readonly expectation: Readonly<Record<string, unknown>> }
  | { readonly kind: "set"; readonly path: Path; readonly value: unknown }
  | { readonly kind: "remove"; readonly path: Path };

export interface EditQuestion {
  readonly file: string;
  readonly text: string;
  readonly edits: readonly ScenarioEdit[];
  /** Their faults' ids are taken as well. */
  readonly includes?: Includes;
}

/** `place`: line and column, from 1, of what the last edit put there, or of where it took something away. */
export type EditAnswer =
  | { readonly kind: "edited"; readonly text: string; readonly place: { readonly line: number; readonly column: number } }
  | { readonly kind: "refused"; readonly reason: string };

type Value = Readonly<Record<string, unknown>>;
const isValue = (value: unknown): value is Value => typeof value === "object" && value !== null && !Array.isArray(value);

/** Ids of faults in the file and in what it includes; of the file alone where those cannot be read. */
function takenIds({ file, text, includes = {} }: EditQuestion, own: Value): Set<string> {
  const idsOf = (value: Value): string[] => (Array.isArray(value["faults"]) ? value["faults"] : []).flatMap((fault) => (isValue(fault) && typeof fault["id"] === "string" ? [fault["id"]] : []));
  if (own["include"] === undefined) return new Set(idsOf(own));
  try {
    return new Set([...idsOf(own), ...idsOf(resolveIncludes(file, text, includes).value)]);
  } catch (error) {
    if (!(error instanceof ScenarioFileError)) throw error;
    return new Set(idsOf(own));
  }
}

/** The value after an edit, by which the text is held to have come out right. */
function laid(value: unknown, path: Path, change: (before: unknown) => unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return change(value);
  if (Array.isArray(value)) {
    const copy: unknown[] = [...value];
    const inner = laid(copy[Number(step)], rest, change);
    if (inner === undefined) copy.splice(Number(step), 1);
    else copy[Number(step)] = inner;
    return copy;
  }
  const copy = new Map(Object.entries(isValue(value) ? value : {}));
  const inner = laid(copy.get(String(step)), rest, change);
  if (inner === undefined) copy.delete(String(step));
  else copy.set(String(step), inner);
  return Object.fromEntries(copy);
}

const isEmpty = (value: unknown): boolean => value === null || (isValue(value) && Object.keys(value).length === 0) || (Array.isArray(value) && value.length === 0);
/** Without what is empty: taking the last element of a list away may take its key as well. */
const comparable = (value: unknown): unknown => {
  // A null in a list is an element: a dash that lost what stood behind it.
  if (Array.isArray(value)) return value.map(comparable).filter((inner) => inner === null || !isEmpty(inner));
  if (!isValue(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, comparable(inner)] as const).filter(([, inner]) => !isEmpty(inner)).toSorted(([a], [b]) => (a < b ? -1 : 1)));
};
const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(comparable(a)) === JSON.stringify(comparable(b));

interface Made {
  readonly splice: Splice;
  readonly value: unknown;
}

function make(question: EditQuestion, own: Value, edit: ScenarioEdit): Made {
  const { text } = question;
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: false, schema: "core", merge: false, resolveKnownTags: false, logLevel: "silent" });
  const top = document.contents;
  if (!isMap(top)) throw new EditRefusal("the file is no mapping; begin it with version, name and machine");
  const appended = (key: string, item: unknown): Made => ({ splice: addItem(text, top, key, item), value: laid(own, [key], (list) => [...(Array.isArray(list) ? list : []), item]) });
  if (edit.kind === "addFault") {
    const { fault } = edit;
    const id = faultId(fault.id ?? actionPart(fault.do), takenIds(question, own));
    return appended("faults", { id, when: fault.when, do: fault.do, ...(fault.optional === undefined ? {} : { optional: fault.optional }) });
  }
  if (edit.kind === "addExpectation") return appended("expect", edit.expectation);
  if (edit.kind === "set") return { splice: setAt(text, top, edit.path, edit.value), value: laid(own, edit.path, () => edit.value) };
  return { splice: removeAt(text, top, edit.path), value: laid(own, edit.path, () => undefined) };
}

function placeOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset);
  return { line: before.split("\n").length, column: offset - before.lastIndexOf("\n") };
}

const byHand = "make the change by hand";

/** Makes the edits one after the other. Refused as a whole: a text that is no YAML or grows too long, a path that is not there, a place that is written so that it cannot be changed alone. */
export function editScenario(question: EditQuestion): EditAnswer {
  let { text } = question;
  let offset = 0;
  try {
    for (const edit of question.edits) {
      const { value: own } = readYaml(question.file, text);
      const { splice, value } = make({ ...question, text }, own, edit);
      text = spliced(text, splice);
      offset = splice.from + splice.lead;
      if (text.length > maximumLength) throw new EditRefusal(`the file would have ${text.length} characters, a scenario has at most ${maximumLength}; put parts of it into files that it includes`);
      if (!isSame(readBack(question.file, text), value)) throw new EditRefusal(`the text is written in a way in which this cannot be changed alone (an alias, a key in quotes over lines); ${byHand}`);
    }
  } catch (error) {
    if (error instanceof EditRefusal) return { kind: "refused", reason: error.message };
    if (!(error instanceof ScenarioFileError)) throw error;
    const [first] = error.problems;
    return { kind: "refused", reason: first === undefined ? error.message : `line ${first.line}: ${first.message}` };
  }
  return { kind: "edited", text, place: placeOf(text, offset) };
}

/** Undefined: the edit broke the text. */
function readBack(file: string, text: string): unknown {
  try {
    return readYaml(file, text).value;
  } catch (error) {
    if (error instanceof ScenarioFileError) return undefined;
    throw error;
  }
}
