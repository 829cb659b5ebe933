// The page's colours as a canvas takes them: what the variables of the style come to, light or dark.

import type { ColourName, Colours } from "./kinds.ts";
import { colourNames } from "./kinds.ts";

/** @param probe an element of the page that is not shown; its colour is set and read */
export function coloursOf(probe: HTMLElement): Colours {
  const read = (name: ColourName): string => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  return Object.fromEntries(colourNames.map((name) => [name, read(name)])) as Record<ColourName, string>;
}

/** Calls whenever the colours may be others: the reader's system or choice changed. Gives what ends it. */
export function onColours(changed: () => void): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const choice = new MutationObserver(changed);
  choice.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "style", "class"] });
  system.addEventListener("change", changed);
  return () => {
    choice.disconnect();
    system.removeEventListener("change", changed);
  };
}
