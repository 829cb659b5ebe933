// npm run real-tools [-- --root FOLDER SCENARIO...]: the real cxl and daxctl on exported trees, beside our own commands at the same moment. Every bundled
// scenario (or those named), at ready and at its end; needs root, unshare and the tools, of this machine or of a root folder that has them.
// --record FOLDER keeps what the real tools say, a file for each tree and command, for tests that have no real tools.
// Exit status 0: equal, or skipped with one line that says why; 1: a difference; 2: wrong usage.

import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { findRunner } from "./runner.mjs";
import { findWork, moments, openAt } from "./machine.mjs";
import { cxlPart } from "./cxl.mjs";
import { daxctlPart } from "./daxctl.mjs";
import { lspciPart, setpciPart } from "./lspci.mjs";

/**
 * What is held against a real program. `commands`: what is run on the tree; `compare` says what differs, and what was left out by name.
 * @typedef {import("./runner.mjs").Said} Said
 * @typedef {import("./machine.mjs").Machine} Machine
 * @typedef {{ readonly name: string, readonly program: string, readonly commands: readonly (readonly string[])[],
 *   readonly compare: (machine: Machine, argv: readonly string[], said: Said) => Comparison }} Part
 * @typedef {{ readonly differences: readonly string[], readonly leftOut: readonly string[], readonly isSameText: boolean }} Comparison
 */

/** What asks devices comes last: it lets the machine go on. @type {readonly Part[]} */
const parts = [daxctlPart, lspciPart, setpciPart, cxlPart];

const root = fileURLToPath(new URL("../..", import.meta.url));
const { values, positionals } = parseArgs({ options: { root: { type: "string" }, keep: { type: "boolean", default: false }, record: { type: "string" } }, allowPositionals: true });

const found = findRunner(values.root, [...new Set(parts.map(({ program }) => program))]);
if (typeof found === "string") {
  console.log(`real-tools: skipped: ${found}`);
  process.exit(0);
}
const runner = found;

const scenarios = positionals.length > 0 ? positionals : readdirSync(join(root, "scenarios"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".yaml")).toSorted().map((name) => `scenarios/${name}`);
const work = findWork();
process.on("exit", () => values.keep || rmSync(work.folder, { recursive: true, force: true }));

/** @type {Map<string, number>} */
const leftOut = new Map();
const totals = { moments: 0, commands: 0, sameText: 0, different: 0 };
/** @type {string[]} */
const differences = [];

/** A file for what was printed, one for what was complained about. @param {string} folder @param {string} name @param {Said} said */
function record(folder, name, { stdout, stderr }) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), stdout);
  if (stderr !== "") writeFileSync(join(folder, `${name}.err`), stderr);
}

/** Words of a command as part of a file's name. */
const nameOf = (/** @type {readonly string[]} */ words) => words.join("").replaceAll(/[^A-Za-z]/g, "-");

/** @param {Machine} machine @param {string} title */
function judge(machine, title) {
  const commands = parts.flatMap((part) => part.commands.map((argv) => ({ part, argv })));
  const answers = runner.run(machine.folder, commands.map(({ part, argv }) => [part.program, ...argv]));
  const cells = commands.map(({ part, argv }, index) => {
    const said = answers[index];
    if (said === undefined) throw new Error(`${part.program}: no answer`);
    if (values.record !== undefined && !argv.includes("-vvv")) record(values.record, `${basename(title.split(" ")[0] ?? "", ".yaml")}.${title.split(" ")[1]}.${nameOf([part.program, ...argv])}`, said);
    const { differences: these, leftOut: names, isSameText } = part.compare(machine, argv, said);
    totals.commands++;
    if (isSameText) totals.sameText++;
    for (const name of names) leftOut.set(name, (leftOut.get(name) ?? 0) + 1);
    if (these.length === 0) return isSameText ? "same text" : "equal";
    totals.different++;
    differences.push(...these.map((one) => `${title}: ${part.program} ${argv.join(" ")}: ${one}`));
    return `DIFFERENT (${these.length})`;
  });
  console.log(`${title.padEnd(62)} ${String(machine.regions).padStart(7)} ${String(machine.daxDevices).padStart(5)}   ${cells.map((cell) => cell.padEnd(14)).join(" ")}`);
}

if (work.order === null) console.log("real-tools: no file system in memory lists names in order here: dports and dax devices are compared by name");
console.log(`${"scenario and moment".padEnd(62)} regions   dax   ${parts.flatMap(({ program, commands }) => commands.map((argv) => `${program} ${argv.slice(1).join(" ")}`.padEnd(14))).join(" ")}`);
for (const file of scenarios) {
  for (const moment of moments) {
    const machine = openAt(file, readFileSync(join(root, file), "utf8"), moment, work);
    if (typeof machine === "string") {
      console.log(`${`${file} ${moment}`.padEnd(62)} ${machine}`);
      continue;
    }
    totals.moments++;
    judge(machine, `${file} ${moment}`);
    if (!values.keep) rmSync(machine.folder, { recursive: true, force: true });
  }
}

console.log(`\nleft out: what the tools ask of the device itself, by name, with the number of objects that had it here`);
for (const [name, count] of [...leftOut].toSorted(([a], [b]) => (a < b ? -1 : 1))) console.log(`  ${name.padEnd(36)} ${count}`);
for (const difference of differences) console.log(`\n${difference}`);
console.log(`\nreal-tools: ${runner.versions.join(", ")}: ${scenarios.length} scenarios, ${totals.moments} trees, ${totals.commands} outputs: ${totals.sameText} the same text, ${totals.commands - totals.sameText - totals.different} equal, ${totals.different} different`);
process.exitCode = totals.different === 0 ? 0 : 1;
