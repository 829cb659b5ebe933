// npm run claims [-- --write]: docs/claims.md anew, or whether it is what the runs give. Exit 1: it is not.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadModule } from "../../src/hardware/module.ts";
import { claimsPage, runClaim } from "./page.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const page = `${root}docs/claims.md`;
const { module } = await loadModule("release");
const text = claimsPage((claim) => runClaim({ module, read: (path) => readFileSync(`${root}${path}`, "utf8") }, claim));
if (process.argv.includes("--write")) writeFileSync(page, text);
const isSame = readFileSync(page, "utf8") === text;
console.log(isSame ? "docs/claims.md is what the runs give" : "docs/claims.md is not what the runs give: npm run claims -- --write");
process.exitCode = isSame ? 0 : 1;
