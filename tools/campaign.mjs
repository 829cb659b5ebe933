// npm run campaign [-- --accesses N]: N random accesses (10 million) on machines of five shapes, beside the second statement in both builds, and
// raw in Node and Chromium with equal digests. Minutes of work; prints one summary line. Exit status 1: a divergence, a trap or unequal digests.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { accesses: { type: "string", default: "10000000" } } });
const accesses = Number(values.accesses);
if (!Number.isInteger(accesses) || accesses < 1) {
  console.error(`campaign: "${values.accesses}" is no number of accesses; try --accesses 1000000`);
  process.exit(2);
}
const root = fileURLToPath(new URL("..", import.meta.url));
const started = Date.now();
const result = spawnSync(process.execPath, ["node_modules/vitest/vitest.mjs", "run", "random-accesses"], { cwd: root, stdio: "inherit", env: { ...process.env, CXL_SANDBOX_ACCESSES: String(accesses) } });
const seconds = ((Date.now() - started) / 1000).toFixed(0);
console.log(`campaign: ${accesses} accesses on five machines, ${result.status === 0 ? "no divergence, no trap, equal digests" : "FAILED"}, ${seconds} s`);
process.exitCode = result.status === 0 ? 0 : 1;
