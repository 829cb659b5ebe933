// The package's version, read from its own package.json.

import { readFileSync } from "node:fs";

export function version(): string {
  for (const path of ["../../package.json", "../../../package.json"]) {
    try {
      const found = JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")) as { readonly name?: string; readonly version?: string };
      if (found.name === "cxl-sandbox") return found.version ?? "unknown";
    } catch {
      // Not at this depth: sources lie one folder higher than the build.
    }
  }
  return "unknown";
}
