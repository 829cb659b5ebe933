// The JSON Schema of scenario files as a committed file, and the line at the top of every scenario by which editors find it: npm run schema -- --write.

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withModeline } from "../src/scenario/modeline.ts";
import { schemaFile, schemaText } from "../src/scenario/json-schema.ts";

const scenarios = ["scenarios", "docs/examples", "examples"].flatMap((folder) => readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => /\.ya?ml$/.test(name) && !name.includes("node_modules")).map((name) => join(folder, name)));
const wanted = new Map([[schemaFile, schemaText()], ...scenarios.toSorted().map((file) => [file, withModeline(file, readFileSync(file, "utf8"), schemaFile)] as const)]);
const read = (file: string): string => {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
};
const stale = [...wanted].filter(([file, text]) => read(file) !== text);
if (process.argv.includes("--write")) for (const [file, text] of stale) writeFileSync(file, text);
else if (stale.length > 0) {
  console.error(`not current: ${stale.map(([file]) => file).join(", ")}; npm run schema -- --write`);
  process.exitCode = 1;
}
