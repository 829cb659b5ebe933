// npm run campaign [-- --accesses N --transactions M]: N random accesses (10 million) on machines of five shapes and M random mailbox transactions
// (1 million) on devices of four, beside the second statements in both builds, and raw in Node and Chromium with equal digests; every order of loading
// the kernel's modules. Minutes of work; prints one summary line. Exit status 1: a divergence, a trap, unequal digests or end states.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { accesses: { type: "string", default: "10000000" }, transactions: { type: "string", default: "1000000" } } });

/** @param {string} name @param {string} text */
function count(name, text) {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1) return number;
  console.error(`campaign: "${text}" is no number of ${name}; try --${name} 1000000`);
  process.exit(2);
}

const accesses = count("accesses", values.accesses);
const transactions = count("transactions", values.transactions);
const root = fileURLToPath(new URL("..", import.meta.url));
const started = Date.now();
const result = spawnSync(process.execPath, ["node_modules/vitest/vitest.mjs", "run", "random-accesses", "random-mailbox", "test/kernel/modules.test.ts"], { cwd: root, stdio: "inherit", env: { ...process.env, CXL_SANDBOX_ACCESSES: String(accesses), CXL_SANDBOX_TRANSACTIONS: String(transactions), CXL_SANDBOX_LOAD_ORDERS: "all" } });
const seconds = ((Date.now() - started) / 1000).toFixed(0);
console.log(`campaign: ${accesses} accesses on five machines, ${transactions} mailbox transactions on four devices, 720 orders of loading, ${result.status === 0 ? "no divergence, no trap, equal digests" : "FAILED"}, ${seconds} s`);
process.exitCode = result.status === 0 ? 0 : 1;
