// A driver may import this package by its name from wherever it stands: where no such package is installed above it, the name leads to this one.

import { createRequire, register } from "node:module";

const hook = (from: string): string => `export const resolve = (name, context, next) => next(name, /^cxl-sandbox(\\/|$)/.test(name) ? { ...context, parentURL: ${JSON.stringify(from)} } : context);`;

/** Makes the name known to what is imported from now on, if it is not found from `url`. */
export function provideOwnName(url: string): void {
  try {
    createRequire(url).resolve("cxl-sandbox");
  } catch {
    register(`data:text/javascript,${encodeURIComponent(hook(import.meta.url))}`);
  }
}
