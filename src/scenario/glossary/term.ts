// The project's words: what `cxl-sandbox explain TERM` knows, and how a word that somebody typed is found among them.

import { nearest } from "../../sim/suggest.ts";

export const termKinds = ["structure", "register", "field", "policy", "preset", "setting", "fault", "trigger", "expectation", "outcome", "metric", "workload", "kernel step", "defect", "rule", "status"] as const;
export type TermKind = (typeof termKinds)[number];

/** A table of a term: the fields of a register, the values of a field. */
export interface TermTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** One declared word. Several may have one kind and name: variants of a register on other parts. */
export interface Term {
  readonly kind: TermKind;
  readonly name: string;
  readonly meaning: string;
  /** Clause of a specification, or where the fact comes from; "": nowhere in particular. */
  readonly source: string;
  readonly facts: readonly (readonly [what: string, text: string])[];
  readonly tables: readonly TermTable[];
  /** Lines of a scenario that use it. */
  readonly examples: readonly string[];
  /** Page that says more. */
  readonly page: string;
  /** Shorter names that find it too. */
  readonly also: readonly string[];
}

/** A term of one kind and name, with all its variants. */
export interface Found {
  readonly kind: TermKind;
  readonly name: string;
  readonly variants: readonly Term[];
}

/** What a word is compared by: no case, `mem` of the specification is `memory`, no number of an instance, nothing around an id. */
const keyOf = (word: string): string => word.trim().replace(/^\[(.*)\]$/, "$1").replaceAll(/\[\d+\]/g, "").replaceAll(/mem(?=[A-Z])/g, "memory").toLowerCase();

function group(terms: readonly Term[]): Found[] {
  const found = new Map<string, { kind: TermKind; name: string; variants: Term[] }>();
  for (const term of terms) {
    const key = `${term.kind} ${term.name}`;
    const before = found.get(key);
    if (before === undefined) found.set(key, { kind: term.kind, name: term.name, variants: [term] });
    else before.variants.push(term);
  }
  return [...found.values()];
}

/** Terms with what finds them. */
export interface Glossary {
  readonly terms: readonly Term[];
  readonly byName: ReadonlyMap<string, readonly Term[]>;
  readonly byShortName: ReadonlyMap<string, readonly Term[]>;
}

function indexed(terms: readonly Term[], names: (term: Term) => readonly string[]): ReadonlyMap<string, readonly Term[]> {
  const index = new Map<string, Term[]>();
  for (const term of terms) {
    for (const key of new Set(names(term).map(keyOf))) {
      const before = index.get(key);
      if (before === undefined) index.set(key, [term]);
      else before.push(term);
    }
  }
  return index;
}

export const createGlossary = (terms: readonly Term[]): Glossary => ({ terms, byName: indexed(terms, ({ name }) => [name]), byShortName: indexed(terms, ({ also }) => also) });

/** Every term once, with its variants; of one kind or all. */
export const allTerms = ({ terms }: Glossary, kind?: TermKind): Found[] => group(terms.filter((term) => kind === undefined || term.kind === kind));

/** Kinds that a part of a machine may stand before: `rp0.timeoutIsolation.status`. */
const registerKinds: readonly TermKind[] = ["structure", "register", "field"];

/** Terms of a word, those of its whole name before those of a shorter one. */
export function findTerms(glossary: Glossary, word: string, kinds: readonly TermKind[] = termKinds): Found[] {
  const of = (index: Glossary["byName"]): Term[] => (index.get(keyOf(word)) ?? []).filter(({ kind }) => kinds.includes(kind));
  const named = of(glossary.byName);
  const found = named.length > 0 ? named : of(glossary.byShortName);
  if (found.length > 0) return group(found);
  const [, rest] = /^[^.]+\.(.+)$/.exec(word) ?? [];
  return rest === undefined ? [] : findTerms(glossary, rest, registerKinds.filter((kind) => kinds.includes(kind)));
}

/** The name nearest to a word that is none. */
export function nearestTerm({ terms }: Glossary, word: string, kinds: readonly TermKind[] = termKinds): string | undefined {
  const words = [...new Set(terms.filter(({ kind }) => kinds.includes(kind)).flatMap(({ name, also }) => [name, ...also]))];
  const last = word.split(".").at(-1) ?? word;
  return nearest(keyOf(word), words) ?? nearest(keyOf(last), words);
}
