// Joins the text editor to the store: text both ways, marks, the place to go to. What can be undone outlives the panel, and each file has its own.

import { effect, untracked } from "@preact/signals";
import type { EditorState } from "@codemirror/state";
import type { PageStore } from "../../store/contract.ts";
import type { Editor, EditorInput } from "./view.ts";

/** What the editor of a store left: states by file, the newest last. */
const left = new WeakMap<PageStore, Map<string, EditorState>>();
const mostFiles = 8;

function keep(store: PageStore, file: string, state: EditorState): void {
  const states = left.get(store) ?? new Map<string, EditorState>();
  left.set(store, states);
  states.delete(file);
  states.set(file, state);
  for (const oldest of [...states.keys()].slice(0, -mostFiles)) states.delete(oldest);
}

/** Makes the editor in `root` and keeps it and the store alike. Gives what ends that. */
export function joinEditor(store: PageStore, root: ShadowRoot, create: (root: ShadowRoot, input: EditorInput, kept?: EditorState) => Editor, hints: Pick<EditorInput, "complete" | "about">): () => void {
  const { file: first, text } = store.document.peek();
  const onText = (changed: string): void => {
    store.document.value = { ...store.document.peek(), text: changed };
  };
  const before = left.get(store)?.get(first);
  const editor = create(root, { label: "Scenario", text, onText, ...hints }, before);
  let file = first;
  const ends = [
    effect(() => {
      const document = store.document.value;
      untracked(() => {
        if (document.file === file) return editor.text === document.text ? undefined : editor.show(document.text);
        keep(store, file, editor.replace(document.text, left.get(store)?.get(document.file)));
        file = document.file;
        return undefined;
      });
    }),
    effect(() => {
      const findings = store.findings.value;
      // Between two of them the editor moves its marks with the text.
      untracked(() => editor.mark(store.document.peek().file, findings));
    }),
    effect(() => {
      const place = store.place.value;
      if (place === null) return;
      untracked(() => editor.go(place));
      store.place.value = null;
    }),
  ];
  return () => {
    for (const end of ends) end();
    keep(store, file, editor.close());
  };
}
