// The command line of the conformance run, as words in and words out, so that a process of its own is a matter of main.ts.

import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { inspect, parseArgs } from "node:util";
import { loadModule } from "../../src/hardware/module.ts";
import { ScenarioFileError } from "../../src/scenario/load.ts";
import { CaptureError } from "./capture.ts";
import type { FolderResult } from "./folder.ts";
import { runFolder } from "./folder.ts";
import type { LinuxOutcome } from "./linux/cases.ts";
import { casesIn, noCase, runCases } from "./linux/cases.ts";
import { differencesOf, linuxJson, linuxSummary } from "./linux/report.ts";
import { pageOf } from "./page.ts";
import { jsonOf, summaryOf } from "./report.ts";

const help = `Usage: npm run conformance -- [FOLDER] [--file NAME | --scenario FILE] [--verbose] [--json] [--write-docs]

Holds the model against captures. FOLDER defaults to the project's own captures; what lies in it decides what is compared:

  registers   QEMU's registers (JSON), the accesses of a real driver (mmio.ndjson), decoders of a moment (*.hdm-regs.txt) and CEDT.bin; the last
              three need qemu-cmdline.txt beside them
  Linux       a case: steps.log (commands, outputs, exit codes) with qemu-cmdline.txt and files of moments (NAME.iomem, NAME.cxl-all.json,
              NAME.cxl-vvv.json, NAME.daxctl.json, NAME.attrs.txt, NAME.hdm-regs.txt). The machine of the command line is booted with preset
              linux-7.2, the commands are given in order, and every moment is compared

  --file NAME      only the register capture of this name (or path below FOLDER)
  --scenario FILE  only the case in FOLDER, on a scenario's machine, firmware, preset and policies instead of those of the command line. Its steps,
                   if it has any, are given instead of the log's, one for each command. A log with kexec starts after the last one: the scenario's
                   firmware says what that kernel finds
  --verbose        reasons, every open difference, every file that is no capture
  --json           the same as JSON
  --write-docs     writes docs/conformance.md

Every difference is explained by a rule of tools/conformance/explanations.ts or tools/conformance/linux/rules.ts, or listed.
Exit status: 0 everything equal or explained, 1 unexplained differences, 2 bad input: one message with its place and what to do.`;

const options = { file: { type: "string" }, scenario: { type: "string" }, verbose: { type: "boolean" }, json: { type: "boolean" }, "write-docs": { type: "boolean" }, help: { type: "boolean" } } as const;

function readArguments(words: readonly string[]) {
  try {
    return parseArgs({ args: [...words], allowPositionals: true, options });
  } catch (error) {
    throw new CaptureError("command line", "", `${error instanceof Error ? error.message : String(error)}; see --help`);
  }
}

const nothing: FolderResult = { results: [], others: [], errors: [] };
const noCases: LinuxOutcome = { results: [], errors: [] };

/** Registers and cases of a folder. @throws CaptureError, ScenarioFileError */
function runBoth(module: WebAssembly.Module, folder: string, file: string | undefined, scenario: string | undefined): { readonly registers: FolderResult; readonly linux: LinuxOutcome } {
  if (file !== undefined) return { registers: runFolder(module, folder, file), linux: noCases };
  const cases = casesIn(folder);
  if (scenario === undefined) return { registers: runFolder(module, folder, undefined, cases.length > 0), linux: runCases(module, cases) };
  if (cases.length === 0) throw noCase(folder);
  return { registers: nothing, linux: runCases(module, cases, scenario) };
}

/** What a command ends with and says. */
interface Said {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(words: readonly string[], root: string): Promise<Said> {
  const { values, positionals } = readArguments(words);
  if (positionals.length > 1) throw new CaptureError("command line", "", `takes one folder, not ${positionals.join(", ")}; see --help`);
  if (values.file !== undefined && values.scenario !== undefined) throw new CaptureError("command line", "", "--file is about registers, --scenario about a case; give one of them");
  if (values.help === true) return { status: 0, stdout: `${help}\n`, stderr: "" };
  if (values["write-docs"] === true) writeFileSync(join(root, "docs/conformance.md"), pageOf());
  const isOwn = positionals[0] === undefined && values.file === undefined;
  const isVerbose = values.verbose === true;
  const { module } = await loadModule();
  const { registers, linux } = runBoth(module, resolve(positionals[0] ?? join(root, "test/fixtures/captures")), values.file, values.scenario);
  const parts: string[] = [];
  if (values.json === true) parts.push(JSON.stringify({ ...jsonOf(registers, isOwn && values.scenario === undefined), linux: linuxJson(linux.results) }, undefined, 1));
  else {
    if (registers.results.length > 0) parts.push(`Registers\n\n${summaryOf(registers, isVerbose, isOwn)}`);
    if (linux.results.length > 0) parts.push(`${registers.results.length > 0 ? "\n" : ""}Linux\n\n${linuxSummary(linux.results, isVerbose)}`);
  }
  const errors = [...registers.errors, ...linux.errors];
  const isDifferent = differencesOf(linux.results) > 0 || registers.results.some((result) => result.tally.unexplained > 0);
  return { status: errors.length > 0 ? 2 : isDifferent ? 1 : 0, stdout: parts.map((part) => `${part}\n`).join(""), stderr: errors.map((error) => `conformance: ${error.message}\n`).join("") };
}

/** Does what the words say; `root`: the project's folder. Bad input is status 2 with one message. */
export async function conformance(words: readonly string[], root: string): Promise<Said> {
  try {
    return await run(words, root);
  } catch (error) {
    return { status: 2, stdout: "", stderr: `${error instanceof CaptureError || error instanceof ScenarioFileError ? `conformance: ${error.message}` : inspect(error)}\n` };
  }
}
