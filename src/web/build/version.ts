// The release's version as the page's worker tells it (workers/page-entry.ts).

import { readFileSync } from "node:fs";

/** For `define` of Vite and Vitest. */
export function versionDefinition(): { readonly pageVersion: string } {
  const { version } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as { readonly version: string };
  return { pageVersion: JSON.stringify(version) };
}
