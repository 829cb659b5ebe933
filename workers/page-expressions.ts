// Regular expressions of the machine's grep, for the page: a sixth of the worker's code, most of it Unicode tables, and few runs use them. In the page, Vite
// gives this file to whoever imports `re2js` (vite.config.ts), and the library itself is fetched when a run or a line may need it.

import type { RE2JS as Expression } from "re2js";

/** Undefined until `loadExpressions` is done. */
export let RE2JS: typeof Expression;

export async function loadExpressions(): Promise<void> {
  ({ RE2JS } = await import("re2js"));
}

/** The word, however it is quoted or broken; and escapes of YAML, which could stand for its letters. */
const wanting = /g["'\\\s]*r["'\\\s]*e["'\\\s]*p|\\[xuU]|!!binary/;

/** Whether a run of a scenario could call grep. */
export const mayWantExpressions = (texts: readonly string[]): boolean => texts.some((text) => wanting.test(text));
