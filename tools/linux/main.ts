// npm run linux: an unmodified Linux on machines of ours, case by case.

import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { ScenarioFileError } from "../../src/scenario/load.ts";
import { buildFolder } from "./build.ts";
import { caseNames, readCase } from "./cases.ts";
import { defaultFolder, folderAt } from "./folder.ts";
import { usualLimits } from "./guest.ts";
import { ownCards } from "./hardware.ts";
import { RigProblem } from "./problem.ts";
import { writeRecord } from "./record.ts";
import { runCase } from "./run-case.ts";
import { serveCase } from "./served.ts";

const help = `Usage: npm run linux -- CASE... [options]
       npm run linux -- build | list

Boots an unmodified Linux in QEMU (TCG) on the machine of a case and runs the case's steps in it. A case is a scenario file of ours: a name from
tools/linux/cases, or a .yaml file; all: every one of them. What came of it is written below FOLDER/results/CASE: result.json (commands with output and status,
the kernel's log, /proc/iomem, decoder registers of our devices), console.log, dmesg.txt, the trace of what the driver did.

The first run builds a folder of Debian sid packages: QEMU, kernel, cxl tools, a small initramfs. It takes about two minutes and 250 MB of network,
2 GiB of disk while it is built and about 350 MiB afterwards, Debian packages (debootstrap is installed where it is missing) and root, that once.
A case then takes about half a minute on an idle machine, 1.2 GiB of memory, and no root.

  --folder PATH    where it is built (build/linux)
  --own-cards      QEMU's own cards instead of ours: proves folder, kernel and commands
  --anew           throw away what was built before
  --suite NAME     of Debian (sid)
  --mirror URL     of Debian (the one that apt is configured with)
  --boot SECONDS   limit of the guest's start (${usualLimits.boot})
  --limit SECONDS  limit of one command in the guest (${usualLimits.command})

Exit status: 0 all cases went through, 1 one did not, 2 wrong usage or something is missing here.`;

const options = {
  "folder": { type: "string" }, "own-cards": { type: "boolean" }, "anew": { type: "boolean" }, "suite": { type: "string" }, "mirror": { type: "string" }, "boot": { type: "string" }, "limit": { type: "string" }, "help": { type: "boolean" },
} as const;

function secondsOf(name: string, text: string | undefined, usual: number): number {
  if (text === undefined) return usual;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 86_400) return value;
  throw new RigProblem(`--${name} ${text}: give whole seconds, 1 to 86400`);
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
  const isBuildOnly = positionals[0] === "build";
  const cases = isBuildOnly ? [] : (positionals[0] === "all" ? caseNames() : positionals).map(readCase);
  const limits = { boot: secondsOf("boot", values.boot, usualLimits.boot), command: secondsOf("limit", values.limit, usualLimits.command) };
  const stamp = await buildFolder(folder, { suite: values.suite ?? "sid", mirror: values.mirror ?? null, isAnew: values.anew === true, report });
  if (isBuildOnly) report(`${folder.root}: Linux ${stamp.kernel}, ${stamp.qemu}, cxl ${stamp.tools}`);
  let failed = 0;
  for (const linux of cases) {
    report(`${linux.name}: ${linux.plan.name}`);
    const { record, console: said, trace } = await runCase(linux, { folder, stamp, hardwareOf: (one, work) => (values["own-cards"] === true ? Promise.resolve(ownCards) : serveCase(one.plan, work, (line) => report(`  ${line}`))), limits, report });
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
