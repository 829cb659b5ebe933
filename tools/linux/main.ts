// npm run linux: an unmodified Linux on machines of ours, case by case.

import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { loadEngine } from "../../src/cli/run/prepare.ts";
import { ScenarioFileError } from "../../src/scenario/load.ts";
import { buildFolder } from "./build.ts";
import { caseNames, readCase } from "./cases.ts";
import { compareCase } from "./compare.ts";
import { twinReport } from "./compare-report.ts";
import type { Folder } from "./folder.ts";
import { defaultFolder, folderAt } from "./folder.ts";
import { usualLimits } from "./guest.ts";
import { ownCards } from "./hardware.ts";
import { keepAgain, keepRuns } from "./keep.ts";
import { RigProblem } from "./problem.ts";
import { readRecord, readTrace, recordedCases, writeRecord } from "./record.ts";
import { runCase } from "./run-case.ts";
import { serveCase } from "./served.ts";

const help = `Usage: npm run linux -- CASE... [options]
       npm run linux -- compare [CASE...] | keep [CASE...] | build | list

Boots an unmodified Linux in QEMU (TCG) on the machine of a case and runs the case's steps in it. A case is a scenario file of ours: a name from
tools/linux/cases, or a .yaml file; all: every one of them. What came of it is written below FOLDER/results/CASE: result.json (commands with output and status,
the kernel's log, /proc/iomem, decoder registers of our devices), console.log, dmesg.txt, the trace of what the driver did.

The first run builds a folder of Debian sid packages: QEMU, kernel, cxl tools, a small initramfs. It takes about two minutes and 250 MB of network,
2 GiB of disk while it is built and about 350 MiB afterwards, Debian packages (debootstrap is installed where it is missing) and root, that once.
A case then takes about half a minute on an idle machine, 1.2 GiB of memory, and no root.

compare runs each case that has a result in our own kernel too and prints where outputs, exit statuses, log lines, /proc/iomem, decoder registers and what
the drivers wrote to the devices differ, after names that are a race were mapped (mem0 by its serial number). Explained differences are counted; docs/linux.md has them.

keep runs the trace of each case's last run again on today's hardware module and keeps it as a fixture of the suite (test/fixtures/linux-traces), where every
access is answered as the driver's was; without CASE, every fixture is made anew of itself, for a module that has changed.

  --verbose        of compare: explanations with their differences
  --folder PATH    where it is built (build/linux)
  --own-cards      QEMU's own cards instead of ours: proves folder, kernel and commands
  --anew           throw away what was built before
  --suite NAME     of Debian (sid)
  --mirror URL     of Debian (the one that apt is configured with)
  --boot SECONDS   limit of the guest's start (${usualLimits.boot})
  --limit SECONDS  limit of one command in the guest (${usualLimits.command})

Exit status: 0 all cases went through (compare: nothing differs unexplained), 1 not so, 2 wrong usage or something is missing here.`;

const options = {
  "folder": { type: "string" }, "own-cards": { type: "boolean" }, "anew": { type: "boolean" }, "suite": { type: "string" }, "mirror": { type: "string" }, "boot": { type: "string" }, "limit": { type: "string" }, "verbose": { type: "boolean" }, "help": { type: "boolean" },
} as const;

function secondsOf(name: string, text: string | undefined, usual: number): number {
  if (text === undefined) return usual;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 86_400) return value;
  throw new RigProblem(`--${name} ${text}: give whole seconds, 1 to 86400`);
}

/** What came of it, or what a user can do something about: one case that cannot be run does not keep the others back. */
async function unlessTold<T>(work: Promise<T>): Promise<T | RigProblem> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof RigProblem) return error;
    throw error;
  }
}

/** Every recorded run of ours, or those named, held against its twin. */
async function compare(folder: Folder, names: readonly string[], isVerbose: boolean): Promise<number> {
  const wanted = names.length > 0 ? names : recordedCases(folder.results);
  if (wanted.length === 0) throw new RigProblem(`nothing was run yet: ${folder.results} has no results; npm run linux -- all`);
  let different = 0;
  for (const name of wanted) {
    const record = readRecord(join(folder.results, name));
    const result = await compareCase(readCase(name), record, readTrace(join(folder.results, name)));
    console.log(twinReport(result, isVerbose));
    different += result.different.length;
  }
  console.log(`${wanted.length} cases, ${different} differences that nothing explains`);
  return different === 0 ? 0 : 1;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options });
  const report = (line: string): void => console.log(line);
  if (values.help === true || positionals.length === 0) {
    console.log(help);
    return values.help === true ? 0 : 2;
  }
  if (positionals[0] === "list") {
    for (const name of caseNames()) console.log(`${name.padEnd(28)} ${readCase(name).plan.name}`);
    return 0;
  }
  const folder = folderAt(resolve(values.folder ?? defaultFolder));
  if (positionals[0] === "compare") return await compare(folder, positionals.slice(1), values.verbose === true);
  if (positionals[0] === "keep") {
    const engine = await loadEngine();
    for (const line of positionals.length > 1 ? keepRuns(engine, folder.results, positionals.slice(1)) : keepAgain(engine)) report(line);
    return 0;
  }
  const isBuildOnly = positionals[0] === "build";
  const cases = isBuildOnly ? [] : (positionals[0] === "all" ? caseNames() : positionals).map(readCase);
  const limits = { boot: secondsOf("boot", values.boot, usualLimits.boot), command: secondsOf("limit", values.limit, usualLimits.command) };
  const stamp = await buildFolder(folder, { suite: values.suite ?? "sid", mirror: values.mirror ?? null, isAnew: values.anew === true, report });
  if (isBuildOnly) report(`${folder.root}: Linux ${stamp.kernel}, ${stamp.qemu}, cxl ${stamp.tools}`);
  let failed = 0;
  for (const linux of cases) {
    report(`${linux.name}: ${linux.plan.name}`);
    const outcome = await unlessTold(runCase(linux, { folder, stamp, hardwareOf: (one, work) => (values["own-cards"] === true ? Promise.resolve(ownCards) : serveCase(one, work, (line) => report(`  ${line}`))), limits, report }));
    if (outcome instanceof RigProblem) {
      report(`  FAILED: ${outcome.message}`);
      failed++;
      continue;
    }
    const { record, console: said, trace } = outcome;
    const place = join(folder.results, linux.name);
    writeRecord(place, record, said, trace);
    if (record.problem !== null) failed++;
    report(`  ${record.problem === null ? "done" : `STOPPED: ${record.problem}`} in ${record.seconds.toFixed(0)} s; ${place}`);
  }
  return failed === 0 ? 0 : 1;
}

// What was started ends with us (keepTrack), which a signal alone would not see to.
for (const [signal, status] of [["SIGINT", 130], ["SIGTERM", 143]] as const) process.once(signal, () => process.exit(status));

try {
  process.exitCode = await main();
} catch (error) {
  const isTold = error instanceof RigProblem || error instanceof ScenarioFileError || (error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS"));
  console.error(isTold ? `linux: ${(error as Error).message}` : error);
  process.exitCode = 2;
}
