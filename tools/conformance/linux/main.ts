// npm run conformance:linux -- FOLDER: holds our kernel against a running Linux. Exit 0: everything equal or explained, 1: not, 2: bad input.

import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { loadModule } from "../../../src/hardware/module.ts";
import { CaptureError } from "../capture.ts";
import { logFile, readCase } from "./case.ts";
import { runCase } from "./compare.ts";
import { differencesOf, linuxSummary } from "./report.ts";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const help = `Usage: npm run conformance:linux -- [FOLDER] [--verbose] [--json]

Holds the kernel model against what a running Linux showed: FOLDER is a case (qemu-cmdline.txt, steps.log, files of moments) or has cases in it;
it defaults to the project's own. The machine of the command line is built and booted with preset linux-7.2, the commands of the log are given in
order, and at every moment listings, /proc/iomem, sysfs attributes and decoder registers are compared.

  --verbose   every difference by itself, with its moment; without it those of one kind are one line
  --json      the same as JSON`;

/** Folders with a log: the folder itself or those right below. */
function casesIn(folder: string): string[] {
  if (!existsSync(folder)) throw new CaptureError(folder, "", "is no folder; give one with captures");
  if (existsSync(join(folder, logFile))) return [folder];
  const found = readdirSync(folder).toSorted().map((name) => join(folder, name)).filter((path) => existsSync(join(path, logFile)) && readdirSync(path).some((name) => name.endsWith(".iomem")));
  if (found.length === 0) throw new CaptureError(folder, "", `has no case; a case is a folder with ${logFile} and moments`);
  return found;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { verbose: { type: "boolean" }, json: { type: "boolean" }, help: { type: "boolean" } } });
  if (values.help === true) {
    console.log(help);
    return 0;
  }
  const { module } = await loadModule();
  const results = casesIn(resolve(positionals[0] ?? join(root, "test/fixtures/captures/linux"))).map((folder) => runCase(module, readCase(folder)));
  console.log(values.json === true ? JSON.stringify(results.map((result) => ({ ...result, used: Object.fromEntries(result.used) })), undefined, 2) : linuxSummary(results, values.verbose === true));
  return differencesOf(results) > 0 ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof CaptureError ? `conformance: ${error.message}` : error);
  process.exitCode = 2;
}
