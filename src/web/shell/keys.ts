// Shortcuts of the page. Keys of one letter are nobody's while something is typed; panels come first and keep what they take.

import type { Action } from "./actions.ts";
import { isTyping } from "./typing.ts";

const nameOf = ({ key, shiftKey, ctrlKey, metaKey }: KeyboardEvent): string => `${ctrlKey || metaKey ? "Mod+" : ""}${shiftKey && (/^[A-Za-z]$/.test(key) || /^F\d+$/.test(key)) ? "Shift+" : ""}${key}`;

const isSame = (wanted: string, struck: string): boolean => wanted.toLowerCase() === struck.toLowerCase();

/** Listens from now on; gives what ends it. */
export function listenForKeys(actions: readonly Action[]): () => void {
  const listener = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.altKey || event.isComposing || document.querySelector("dialog[open]") !== null) return;
    const struck = nameOf(event);
    const action = actions.find(({ key }) => key !== undefined && isSame(key, struck));
    // F6 leaves an editor or a terminal; nothing else may take a key from them.
    if (action === undefined || (isTyping(event) && event.key !== "F6")) return;
    event.preventDefault();
    action.run();
  };
  document.addEventListener("keydown", listener);
  return () => document.removeEventListener("keydown", listener);
}
