// npm run matrix: every cell is run, and the page printed. [-- --write]: docs/matrix.md anew; --check: exit status 1 when the page is not what the code gives;
// --cells: one line for each cell with the command that replays it; --cell KEY: one cell with what the kernel said; --scenario KEY: its scenario file.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { RunInput } from "../../src/sandbox/contract.ts";
import { formatTime } from "../../src/report/console.ts";
import { loadModule, planScenario } from "../../src/sandbox.ts";
import { openRun } from "../../src/sandbox/run.ts";
import { startWorker } from "../../workers/client.ts";
import { allCells, cellOf, impossible, keyOf, scenarioOf } from "./cells.ts";
import type { Cell } from "./cells.ts";
import { matrixPage } from "./page.ts";
import type { CellResult } from "./results.ts";
import { resultOf, wordsOf } from "./results.ts";

process.chdir(fileURLToPath(new URL("../../../", import.meta.url)));
const page = "docs/matrix.md";
const workers = 2;
const usage = "usage: npm run -s matrix -- [--write | --check | --cells | --cell KEY | --scenario KEY]";

const inputOf = (cell: Cell): RunInput => ({ file: `${keyOf(cell)}.yaml`, text: scenarioOf(cell), seed: 1, schedule: "fixed", keepTrace: false });

/** Every cell that can be, in order. @throws UnknownCellError */
async function runAll(): Promise<CellResult[]> {
  const cells = allCells().filter((cell) => impossible(cell) === undefined);
  const results: CellResult[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    const worker = startWorker();
    try {
      for (let number = next++; number < cells.length; number = next++) {
        const cell = cells[number];
        if (cell === undefined) break;
        results[number] = resultOf(cell, (await worker.run(inputOf(cell))).result);
        if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${number + 1}/${cells.length} cells`);
      }
    } finally {
      await worker.close();
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
  return results;
}

/** Lines of the log that tell what became of the cell. */
const telling = /recovery|isolat|panic|Memory failure|mce:|not restored|INFO: task|lockup|LOCKUP/;

const replay = (cell: Cell): string => `npm run -s matrix -- --cell ${keyOf(cell)}`;
const lines = (results: readonly CellResult[]): string => results.map((result) => `${wordsOf(result).padEnd(36)} ${replay(result.cell)}\n`).join("");

/** A cell by the name that was given; ends the program where there is none. */
function wanted(key: string | undefined): Cell {
  const cell = key === undefined ? undefined : cellOf(key);
  const reason = cell === undefined ? `no cell "${key ?? ""}"; npm run -s matrix -- --cells lists them` : impossible(cell);
  if (cell !== undefined && reason === undefined) return cell;
  process.stderr.write(`matrix: ${cell === undefined ? "" : "impossible: "}${reason ?? ""}\n`);
  process.exit(2);
}

async function showCell(cell: Cell): Promise<void> {
  const { module } = await loadModule();
  const { file, text, ...options } = inputOf(cell);
  const run = openRun(module, planScenario(file, text), options);
  while (run.run(() => false) !== "done");
  const result = run.result();
  console.log(`${wordsOf(resultOf(cell, result))}, ${result.metrics.machineChecks} machine checks, ${result.metrics.bytesServed} bytes served`);
  for (const { id, firstAtNs } of result.faults) console.log(`fault ${id}: ${firstAtNs === null ? "did not fire" : `at ${formatTime(firstAtNs)}`}`);
  for (const { at, text: said } of run.system.kernel.log) if (at >= run.readyAt && telling.test(said)) console.log(`${formatTime(at).padStart(12)}  ${said}`);
}

function check(text: string): void {
  const isSame = readFileSync(page, "utf8") === text;
  console.log(isSame ? `${page} is what the code gives` : `${page} is not what the code gives: npm run matrix -- --write`);
  process.exitCode = isSame ? 0 : 1;
}

const [option, key, ...rest] = process.argv.slice(2);
const takesKey = option === "--cell" || option === "--scenario";
if (rest.length > 0 || (key !== undefined && !takesKey) || (option !== undefined && !takesKey && !["--write", "--check", "--cells"].includes(option))) {
  process.stderr.write(`${usage}\n`);
  process.exit(2);
}
if (option === "--scenario") process.stdout.write(scenarioOf(wanted(key)));
else if (option === "--cell") await showCell(wanted(key));
else {
  const results = await runAll();
  if (option === "--cells") process.stdout.write(lines(results));
  else if (option === "--check") check(matrixPage(results));
  else if (option === "--write") writeFileSync(page, matrixPage(results));
  else process.stdout.write(matrixPage(results));
}
