// The bundled scenarios: what there is, and opening one. Fetched when first wanted.

import type { LibraryEntry, LibraryIndex, LibraryText } from "../build/library-entry.ts";
import type { Document, PageStore } from "../store/contract.ts";

export type { LibraryEntry, LibraryIndex, LibraryText, LibraryTheme } from "../build/library-entry.ts";

/** Folder of the library, as the command is given it. */
const folder = "scenarios/";

/** Everything that is listed: themes and scenarios, for the panel and the command palette. */
export const libraryIndex = async (): Promise<LibraryIndex> => (await import("virtual:library")).default;

/** Undefined: there is none of that path. */
export async function libraryText(path: string): Promise<LibraryText | undefined> {
  const { default: texts } = await import("virtual:library-texts");
  return Object.hasOwn(texts, path) ? texts[path] : undefined;
}

export const libraryFile = (path: string): string => folder + path;

/** The path below `scenarios/` of a document that is a bundled scenario, word for word. Undefined: it is none, or was changed. */
export async function libraryPathOf({ file, text, includes }: Document): Promise<string | undefined> {
  if (!file.startsWith(folder)) return undefined;
  const path = file.slice(folder.length);
  const own = await libraryText(path).catch(() => undefined);
  if (own === undefined || own.text !== text) return undefined;
  const names = Object.keys(own.includes);
  return names.length === Object.keys(includes).length && names.every((name) => own.includes[name] === includes[name]) ? path : undefined;
}

/** Opens a scenario in place of what is edited, with a way back to `before`. False: it could not be had, and a notice says so. */
export async function openFromLibrary(store: PageStore, path: string, before: Document = store.document.peek()): Promise<boolean> {
  store.notice.value = null;
  let found: LibraryText | undefined;
  try {
    found = await libraryText(path);
  } catch {
    store.notice.value = { kind: "problem", text: "The library could not be loaded. Look whether the page's server is still there, then try again." };
    return false;
  }
  if (found === undefined) {
    store.notice.value = { kind: "problem", text: `The library has no scenario ${path}; look for it under Library.` };
    return false;
  }
  await store.openScenario(libraryFile(path), found.text, found.includes);
  offerBack(store, before, path);
  return true;
}

/** Opens a scenario and runs it to its end: there is something to look at. */
export async function runFromLibrary(store: PageStore, path: string): Promise<void> {
  if ((await openFromLibrary(store, path)) && store.status.peek() !== null) await store.go({ kind: "end" });
}

/** Says what was opened, and what hinders it; the way back leads to the text before, with what was changed in it. */
export function offerBack(store: PageStore, before: Document, opened: string): void {
  if (before.text === "") return;
  const said = store.notice.peek();
  const trouble = said?.kind === "problem" ? ` ${said.text}` : "";
  store.notice.value = {
    kind: trouble === "" ? "info" : "problem",
    text: `Opened ${opened}.${trouble}`,
    action: {
      label: `Back to ${before.file}`,
      run: () => {
        store.document.value = { ...store.document.peek(), seed: before.seed, schedule: before.schedule };
        store.notice.value = null;
        void store.openScenario(before.file, before.text, before.includes).then(() => store.go({ kind: "end" }));
      },
    },
  };
}

const plain = (text: string): string => text.toLowerCase();

/** Words that an entry is found by. */
const wordsOf = ({ path, title, about, faults, outcome }: LibraryEntry): string => plain([path, title, about, outcome, ...faults].join(" "));

/** Entries that have all the words of a query, in any order, in their own order. */
export function searchLibrary(entries: readonly LibraryEntry[], query: string): readonly LibraryEntry[] {
  const words = plain(query).split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) return entries;
  return entries.filter((entry) => {
    const text = wordsOf(entry);
    return words.every((word) => text.includes(word));
  });
}
