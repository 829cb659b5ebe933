// docs/strict.md from the rules of the checker: node dist/tools/strict-page.js --write.

import { readFileSync, writeFileSync } from "node:fs";
import { strictPage } from "../src/sandbox/strict/page.ts";

const file = "docs/strict.md";
if (process.argv.includes("--write")) writeFileSync(file, strictPage());
else if (readFileSync(file, "utf8") !== strictPage()) {
  console.error(`${file} is not current: node dist/tools/strict-page.js --write`);
  process.exitCode = 1;
}
