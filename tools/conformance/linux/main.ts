// npm run conformance:linux -- FOLDER: the part of the comparison that holds our kernel against a running Linux, alone. Exit codes as there.

import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { loadModule } from "../../../src/hardware/module.ts";
import { ScenarioFileError } from "../../../src/scenario/load.ts";
import { CaptureError } from "../capture.ts";
import { casesIn, noCase, runCases } from "./cases.ts";
import { differencesOf, linuxJson, linuxSummary } from "./report.ts";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const help = `Usage: npm run conformance:linux -- [FOLDER] [--scenario FILE] [--verbose] [--json]

The Linux part of npm run conformance, alone. FOLDER is a case (qemu-cmdline.txt, steps.log, files of moments) or has cases in it; it defaults to
the project's own. The machine of the command line is built and booted with preset linux-7.2, the commands of the log are given in order, and at
every moment listings, /proc/iomem, sysfs attributes and decoder registers are compared.

  --scenario FILE  machine, firmware, preset, policies and steps of a scenario instead (see npm run conformance -- --help)
  --verbose        every difference by itself, with its moment; without it those of one kind are one line
  --json           the same as JSON

Exit status: 0 everything equal or explained, 1 something differs, 2 bad input.`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { scenario: { type: "string" }, verbose: { type: "boolean" }, json: { type: "boolean" }, help: { type: "boolean" } } });
  if (values.help === true) {
    console.log(help);
    return 0;
  }
  const { module } = await loadModule();
  const folder = resolve(positionals[0] ?? join(root, "test/fixtures/captures/linux"));
  const folders = casesIn(folder);
  if (folders.length === 0) throw noCase(folder);
  const outcome = runCases(module, folders, values.scenario);
  console.log(values.json === true ? JSON.stringify(linuxJson(outcome.results), undefined, 2) : linuxSummary(outcome.results, values.verbose === true));
  for (const error of outcome.errors) console.error(`conformance: ${error.message}`);
  if (outcome.errors.length > 0) return 2;
  return differencesOf(outcome.results) > 0 ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  const isTold = error instanceof CaptureError || error instanceof ScenarioFileError || (error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS"));
  console.error(isTold ? `conformance: ${(error as Error).message}` : error);
  process.exitCode = 2;
}
