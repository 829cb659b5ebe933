// npm run rules [-- --write]: every rule with its tests and scenarios. Exit 1: a rule that is modelled has none.

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rulesPage, rulesReport } from "./scan.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const { text, missing } = rulesReport(root);
console.log(text);
if (process.argv.includes("--write")) writeFileSync(`${root}docs/rules.md`, rulesPage(root));
process.exitCode = missing.length > 0 ? 1 : 0;
