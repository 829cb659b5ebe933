// node tools/examples/main.mjs [--write] [--json]: runs the examples and holds their pages against them. Code in a page is the file's text, output is what was
// printed. With --write the pages are put right; without it those that are not current are named (exit 1). --json also prints what example 06's tests came to.

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runExamples } from "./run.mjs";
import { messagesOf, runSuites } from "./suites.mjs";

const path = (name) => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));
const folders = readdirSync(path(".")).filter((name) => /^0[1-6]-/.test(name)).toSorted();
const suite = folders.find((name) => name.startsWith("06-")) ?? "";

/** A page with its marked blocks filled. */
function filled(page, folder, output, messages) {
  const textOf = { output: () => output, messages: () => messages, file: (name) => readFileSync(path(`${folder}/${name}`), "utf8").trimEnd() };
  return page.replace(/<!-- (output|messages|file)(?:: ([^ ]+))? -->\n```([a-z]+)\n[^]*?```/g, (_whole, kind, name, language) => `<!-- ${kind}${name === undefined ? "" : `: ${name}`} -->\n\`\`\`${language}\n${textOf[kind](name)}\n\`\`\``);
}

const outputs = await runExamples(folders.filter((name) => name !== suite));
const outcomes = await runSuites();
const stale = [];
for (const folder of folders) {
  const file = path(`${folder}/README.md`);
  const page = readFileSync(file, "utf8");
  const next = filled(page, folder, outputs[folder] ?? "", messagesOf(outcomes));
  if (next === page) continue;
  stale.push(folder);
  if (process.argv.includes("--write")) writeFileSync(file, next);
}
if (process.argv.includes("--json")) console.log(JSON.stringify({ stale, outcomes }));
else for (const folder of stale) console.log(`examples/${folder}/README.md: ${process.argv.includes("--write") ? "written" : "not what the example does; node tools/examples/main.mjs --write"}`);
process.exit(stale.length > 0 && !process.argv.includes("--write") ? 1 : 0);
