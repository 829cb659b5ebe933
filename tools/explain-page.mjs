// Puts today's outputs into docs/explain.md: `npm run explain-page`, after a build. A block that ends in "..." keeps the part that it shows, to the same heading.

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

const file = "docs/explain.md";
const page = readFileSync(file, "utf8");

/** The output up to the heading before which the block stopped. */
function head(output, shown) {
  const headings = [...shown.matchAll(/^[A-Z].*$/gm)].map(([line]) => line);
  const last = headings.at(-1) ?? "";
  const all = [...output.matchAll(/^[A-Z].*$/gm)];
  const next = all[all.findIndex(([line]) => line === last) + 1];
  return `${output.slice(0, next?.index)}...\n`;
}

const made = page.replaceAll(/^```console\n\$ npx cxl-sandbox explain (.*)\n([^]*?)^```$/gm, (_, words, shown) => {
  const { stdout } = spawnSync(process.execPath, ["dist/src/cli/main.js", "explain", ...words.split(" ")], { encoding: "utf8" });
  return `\`\`\`console\n$ npx cxl-sandbox explain ${words}\n${shown.endsWith("\n...\n") ? head(stdout, shown) : `${stdout.trimEnd()}\n`}\`\`\``;
});
writeFileSync(file, made);
