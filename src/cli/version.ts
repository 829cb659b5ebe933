// The package's version and folder, by its own package.json.

import { readFileSync } from "node:fs";

interface Package {
  readonly root: URL;
  readonly version: string | undefined;
}

function ownPackage(): Package | undefined {
  for (const path of ["../../", "../../../"]) {
    try {
      const root = new URL(path, import.meta.url);
      const found = JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as { readonly name?: string; readonly version?: string };
      if (found.name === "cxl-sandbox") return { root, version: found.version };
    } catch {
      // Not at this depth: sources lie one folder higher than the build.
    }
  }
  return undefined;
}

export const version = (): string => ownPackage()?.version ?? "unknown";

/** The folder that the package lies in. */
export const packageRoot = (): URL | undefined => ownPackage()?.root;
