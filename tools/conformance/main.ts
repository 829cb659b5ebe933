// npm run conformance [FOLDER]: holds the machine against captures of others. Exit 0: everything equal or explained, 1: not, 2: bad input.

import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { loadModule } from "../../src/hardware/module.ts";
import { CaptureError } from "./capture.ts";
import { runFolder } from "./folder.ts";
import { jsonOf, pageOf, summaryOf } from "./report.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const help = `Usage: npm run conformance -- [FOLDER] [--file NAME] [--verbose] [--json] [--write-docs]

Holds the register model against captures: QEMU's registers (JSON), the accesses of a real driver (mmio.ndjson), decoders of a moment
(*.hdm-regs.txt) and CEDT.bin; the last three need qemu-cmdline.txt beside them. FOLDER defaults to the project's own captures.

  --file NAME    only the file of this name (or path below FOLDER)
  --verbose      reasons, every open difference, every file that is no capture
  --json         the same as JSON
  --write-docs   writes docs/conformance.md from the list of explanations

Every difference is explained by a rule of tools/conformance/explanations.ts, or listed.
Exit status: 0 everything equal or explained, 1 unexplained differences, 2 bad input.`;

const options = { file: { type: "string" }, verbose: { type: "boolean" }, json: { type: "boolean" }, "write-docs": { type: "boolean" }, help: { type: "boolean" } } as const;

function readArguments() {
  try {
    return parseArgs({ allowPositionals: true, options });
  } catch (error) {
    throw new CaptureError("command line", "", `${error instanceof Error ? error.message : String(error)}; see --help`);
  }
}

async function main(): Promise<number> {
  const { values, positionals } = readArguments();
  if (positionals.length > 1) throw new CaptureError("command line", "", `takes one folder, not ${positionals.join(", ")}; see --help`);
  if (values.help === true) {
    console.log(help);
    return 0;
  }
  if (values["write-docs"] === true) writeFileSync(join(root, "docs/conformance.md"), pageOf());
  const isOwn = positionals[0] === undefined && values.file === undefined;
  const { module } = await loadModule();
  const outcome = runFolder(module, resolve(positionals[0] ?? join(root, "test/fixtures/captures")), values.file);
  console.log(values.json === true ? jsonOf(outcome, isOwn) : summaryOf(outcome, values.verbose === true, isOwn));
  for (const error of outcome.errors) console.error(`conformance: ${error.message}`);
  if (outcome.errors.length > 0) return 2;
  return outcome.results.some((result) => result.tally.unexplained > 0) ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof CaptureError ? `conformance: ${error.message}` : error);
  process.exitCode = 2;
}
