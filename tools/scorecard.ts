// npm run scorecard: docs/scorecard.md anew. [-- --check]: says whether the page is what the code gives; exit status 1 when it is not.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseCompare } from "../src/cli/compare-arguments.ts";
import { compareSources } from "../src/cli/compare.ts";
import { readSources } from "../src/cli/files.ts";
import type { Comparison } from "../src/scenario/comparison.ts";
import { planOf, scorecardPage } from "../src/report/scorecard.ts";
import type { SectionName, Sections } from "../src/report/statements.ts";

process.chdir(fileURLToPath(new URL("../../", import.meta.url)));
const page = "docs/scorecard.md";
const never = new AbortController().signal;

async function section(wanted: SectionName): Promise<Comparison> {
  const { name, paths, vary, isUnpinned } = planOf(wanted);
  const options = parseCompare([...paths, "--vary", vary, ...(isUnpinned ? ["--unpin"] : [])]);
  const comparison = await compareSources(options, readSources(options.paths), { signal: never, onDone: (done, total) => process.stderr.isTTY && process.stderr.write(`\r\u001b[K${name}: ${done}/${total} cells`) });
  if (comparison === null) throw new Error("cancelled, though nobody can");
  return comparison;
}

const sections: Sections = { presets: await section("presets"), decision: await section("decision"), publication: await section("publication"), layouts: await section("layouts") };
if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
const text = scorecardPage(sections);
if (process.argv.includes("--check")) {
  const isSame = readFileSync(page, "utf8") === text;
  console.log(isSame ? `${page} is what the code gives` : `${page} is not what the code gives: npm run scorecard`);
  process.exitCode = isSame ? 0 : 1;
} else {
  writeFileSync(page, text);
  console.log(`${page} written`);
}
