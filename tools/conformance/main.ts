// npm run conformance [FOLDER]: holds the machine against captures of others. Exit 0: everything equal or explained, 1: not, 2: bad input.

import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { loadModule } from "../../src/hardware/module.ts";
import type { Capture } from "./capture.ts";
import { CaptureError, readAccesses, readCapture } from "./capture.ts";
import { addressesIn, runCapture, runTable } from "./run.ts";
import { jsonOf, pageOf, summaryOf } from "./report.ts";
import type { FileResult } from "./run.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const help = `Usage: npm run conformance -- [FOLDER] [--file NAME] [--verbose] [--json] [--write-docs]

Holds the register model against captures: QEMU's registers (JSON), the accesses of a real driver (mmio.ndjson beside qemu-cmdline.txt) and CEDT.bin.
FOLDER defaults to the project's own captures. Every difference is explained by a rule of tools/conformance/explanations.ts, or listed.
Exit status: 0 everything equal or explained, 1 unexplained differences, 2 bad input.`;

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)).filter((path) => statSync(path).isFile()).toSorted();
}

function load(path: string, name: string): Capture | undefined {
  if (path.endsWith(".ndjson")) {
    const line = join(dirname(path), "qemu-cmdline.txt");
    if (!existsSync(line)) throw new CaptureError(name, "", "has no qemu-cmdline.txt beside it, so its topology is unknown; put the command line there");
    const table = join(dirname(path), "CEDT.bin");
    return readAccesses(name, readFileSync(path, "utf8"), readFileSync(line, "utf8"), existsSync(table) ? addressesIn(readFileSync(table)).bridges : new Map());
  }
  return path.endsWith(".json") ? readCapture(name, readFileSync(path, "utf8")) : undefined;
}

/** Runs everything in a folder. @throws CaptureError */
export async function runFolder(folder: string, only?: string): Promise<FileResult[]> {
  if (!existsSync(folder)) throw new CaptureError(folder, "", "does not exist; give a folder with captures");
  const { module } = await loadModule();
  const results: FileResult[] = [];
  for (const path of filesBelow(folder)) {
    const name = relative(folder, path);
    if (only !== undefined && name !== only && basename(path) !== only) continue;
    if (basename(path) === "CEDT.bin" && existsSync(join(dirname(path), "qemu-cmdline.txt"))) results.push(runTable(module, name, readFileSync(path), readFileSync(join(dirname(path), "qemu-cmdline.txt"), "utf8")));
    const capture = load(path, name);
    if (capture !== undefined) results.push(runCapture(module, capture));
  }
  if (results.length === 0) throw new CaptureError(folder, "", "has no captures; they are JSON files with entries, mmio.ndjson or CEDT.bin");
  return results;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { file: { type: "string" }, verbose: { type: "boolean" }, json: { type: "boolean" }, "write-docs": { type: "boolean" }, help: { type: "boolean" } } });
  if (values.help === true) {
    console.log(help);
    return 0;
  }
  const isOwn = positionals[0] === undefined;
  const results = await runFolder(resolve(positionals[0] ?? join(root, "test/fixtures/captures")), values.file);
  console.log(values.json === true ? jsonOf(results) : summaryOf(results, values.verbose === true, isOwn && values.file === undefined));
  if (values["write-docs"] === true) writeFileSync(join(root, "docs/conformance.md"), pageOf());
  return results.some((result) => result.tally.unexplained.length > 0) ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    process.exitCode = await main();
  } catch (error) {
    console.error(error instanceof CaptureError ? `conformance: ${error.message}` : error);
    process.exitCode = 2;
  }
}
