// npm run api: docs/api anew, from the declaration files in dist/. [-- --check]: says whether the pages are what the code gives; exit status 1 when they are not.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readEntryPoints } from "./entry-points.ts";
import { apiPage, pageOf } from "./page.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

mkdirSync(join(root, "docs/api"), { recursive: true });
for (const entryPoint of readEntryPoints(root)) {
  const page = pageOf(entryPoint.specifier);
  const text = apiPage(entryPoint);
  const isSame = textOf(join(root, page)) === text;
  if (!process.argv.includes("--check")) writeFileSync(join(root, page), text);
  else if (!isSame) {
    console.log(`${page} is not what the code gives: npm run api`);
    process.exitCode = 1;
  }
}
