// The theme: on the root element, where tokens.css looks for it, and remembered.

import { effect } from "@preact/signals";
import type { PageStore } from "../store/contract.ts";
import { keep, kept } from "./keep.ts";

/** From now on the page has the store's theme. Gives what ends that. */
export function followTheme(store: PageStore): () => void {
  const before = kept("theme");
  if (before === "light" || before === "dark") store.theme.value = before;
  return effect(() => {
    const theme = store.theme.value;
    if (theme === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
    keep("theme", theme);
  });
}
