// npm run campaign [-- --accesses N --transactions M]: N random accesses (10 million) on machines of five shapes and M random mailbox transactions
// (1 million) on devices of four, beside the second statements in both builds, and raw in Node and Chromium with equal digests; [--systems S] invariants 1 to 4
// over S random systems (10000), [--isolations I] 5 and 6 over I random systems with isolation (10000); every order of loading the kernel's modules; the traces of all bundled scenarios, run again; [--files F] fuzzed files of each kind (100000); [--vfio-messages V] messages of
// hostile clients of vfio-user (1000000). `--fuzz`: files and messages alone; `--vfio-messages V` without another option: messages alone. An hour of work and more; prints a summary line for each. Exit status 1: a divergence, a trap, unequal digests or end states, or a violation that nothing allows.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { accesses: { type: "string", default: "10000000" }, transactions: { type: "string", default: "1000000" }, systems: { type: "string", default: "10000" }, isolations: { type: "string", default: "10000" }, files: { type: "string", default: "100000" }, "vfio-messages": { type: "string", default: "1000000" }, fuzz: { type: "boolean", default: false } } });

/** @param {string} name @param {string} text */
function count(name, text) {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1) return number;
  console.error(`campaign: "${text}" is no number of ${name}; try --${name} 1000000`);
  process.exit(2);
}

const accesses = count("accesses", values.accesses);
const transactions = count("transactions", values.transactions);
const systems = count("systems", values.systems);
const isolations = count("isolations", values.isolations);
const files = count("files", values.files);
const messages = count("vfio-messages", values["vfio-messages"]);
/** Asked for by that option and no other. */
const isMessagesAlone = process.argv.slice(2).length > 0 && process.argv.slice(2).every((word) => word.startsWith("--vfio-messages") || /^\d+$/.test(word));
const root = fileURLToPath(new URL("..", import.meta.url));

/** Runs tests and prints one line. @param {string[]} args @param {Record<string, string>} env @param {string} what @param {string} well */
function run(args, env, what, well) {
  const started = Date.now();
  const result = spawnSync(process.execPath, ["node_modules/vitest/vitest.mjs", "run", ...args], { cwd: root, stdio: "inherit", env: { ...process.env, ...env } });
  const seconds = ((Date.now() - started) / 1000).toFixed(0);
  console.log(`campaign: ${what}, ${result.status === 0 ? well : "FAILED"}, ${seconds} s`);
  return result.status === 0;
}

/** Files that nobody would write, by kind: the test that reads them, and the variable that says how many. */
const fuzzed = [
  { what: "scenario files", test: "test/schema/fuzz.test.ts", variable: "CXL_SANDBOX_FUZZ_SCENARIOS" },
  { what: "trace files", test: "test/trace/fuzz.test.ts", variable: "CXL_SANDBOX_FUZZ_TRACES" },
];

function runModels() {
  const isEqual = run(["random-accesses", "random-mailbox"], { CXL_SANDBOX_ACCESSES: String(accesses), CXL_SANDBOX_TRANSACTIONS: String(transactions) }, `${accesses} accesses on five machines, ${transactions} mailbox transactions on four devices`, "no divergence, no trap, equal digests");
  const holds = run(["--project", "node", "test/kernel/invariants.test.ts"], { CXL_SANDBOX_SYSTEMS: String(systems) }, `invariants 1 to 4 over ${systems} random systems`, "every violation is one that a policy or rule allows");
  const isLost = run(["--project", "node", "test/isolation/invariants.test.ts"], { CXL_SANDBOX_ISOLATIONS: String(isolations) }, `invariants 5 and 6 over ${isolations} random systems with isolation`, "nothing written before an exit is seen again, nothing recovered had System RAM");
  const isOrderless = run(["--project", "node", "test/kernel/modules.test.ts"], { CXL_SANDBOX_LOAD_ORDERS: "all" }, "all 720 orders of loading the kernel's modules", "one end state");
  const isReplayed = run(["--project", "node", "test/trace/replay.test.ts"], { CXL_SANDBOX_REPLAYS: "all" }, "traces of all bundled scenarios, run again", "equal record by record");
  return isEqual && holds && isLost && isOrderless && isReplayed;
}

/** Messages that no client would send, beside a second reading of the same bytes; what they were answered is printed. */
function runMessages() {
  return run(["--project", "node", "test/vfio-user/fuzz.test.ts"], { CXL_SANDBOX_VFIO_MESSAGES: String(messages) }, `${messages} messages of hostile clients of vfio-user`, "no crash, no hang, no growth, each answered as its bytes say");
}

const isModelled = isMessagesAlone || values.fuzz === true || runModels();
const isRefused = isMessagesAlone ? [] : fuzzed.map(({ what, test, variable }) => run(["--project", "node", test], { [variable]: String(files) }, `${files} fuzzed ${what}`, "each refused with a place, or run to a result"));
const isAnswered = runMessages();
process.exitCode = isModelled && isAnswered && isRefused.every((is) => is) ? 0 : 1;
