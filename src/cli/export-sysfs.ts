// `cxl-sandbox export-sysfs`: runs a scenario to a moment and writes the machine's tree into a folder.

import { createHash } from "node:crypto";
import type { OpenRun } from "../sandbox/contract.ts";
import { loadModule, planScenario } from "../sandbox.ts";
import type { DeviceNumbers, ExportEntry } from "../sandbox/export.ts";
import { exportTree } from "../sandbox/export.ts";
import { approach } from "../sandbox/moment.ts";
import { openRun } from "../sandbox/run.ts";
import { formatTime } from "../report/console.ts";
import { exitCodes } from "../scenario/result.ts";
import type { CommandModule } from "./commands.ts";
import type { ExportOptions } from "./export-arguments.ts";
import { exportHelp, parseExport } from "./export-arguments.ts";
import { complaintOf } from "./complaints.ts";
import { readSource } from "./files.ts";
import type { SourceFile } from "./files.ts";
import { FolderError, WriteError, checkFolder, prepareFolder, writeEntry, writeManifest } from "./tree-writer.ts";
import { version } from "./version.ts";

/** Milliseconds between two looks at signals. */
const slice = 50;

interface Session {
  isInterrupted: boolean;
}

/** What an export came to. */
interface Written {
  readonly counts: Record<"directories" | "files" | "links", number>;
  readonly devices: ({ readonly path: string } & DeviceNumbers)[];
  readonly errors: { readonly path: string; readonly errno: string; readonly message: string }[];
}

const say = (text: string): void => void process.stderr.write(`cxl-sandbox: ${text}\n`);
const nextTurn = (): Promise<void> => new Promise((done) => void setImmediate(done));

async function reach(run: OpenRun, options: ExportOptions, session: Session): Promise<"there" | "missed" | "interrupted"> {
  const way = approach(run, options.at);
  for (;;) {
    const until = performance.now() + slice;
    const arrival = way.goOn(() => performance.now() >= until);
    await nextTurn();
    if (session.isInterrupted) return "interrupted";
    if (arrival !== "paused") return arrival;
  }
}

/** Why a run never came to a moment. */
function whyMissed(run: OpenRun, atText: string): string {
  const reason = run.failure ?? (run.end === null ? "the run was over before" : `the system ended before (${run.end.kind})`);
  return `"${atText}" was never reached: ${reason}, at ${formatTime(run.system.hardware.now)} of virtual time`;
}

function note(written: Written, entry: ExportEntry): void {
  if (entry.kind === "directory") written.counts.directories++;
  else if (entry.kind === "link") written.counts.links++;
  else if (entry.kind === "unreadable") written.errors.push({ path: entry.path, errno: entry.errno, message: entry.message });
  else {
    written.counts.files++;
    if (entry.device !== null) written.devices.push({ path: entry.path, ...entry.device });
  }
}

/** Hands every entry on; stops between two of them when a signal came. */
async function each(run: OpenRun, session: Session, take: (entry: ExportEntry) => void): Promise<Written | "interrupted"> {
  const written: Written = { counts: { directories: 0, files: 0, links: 0 }, devices: [], errors: [] };
  let until = performance.now() + slice;
  for (const entry of exportTree(run.files)) {
    take(entry);
    note(written, entry);
    if (performance.now() < until) continue;
    await nextTurn();
    if (session.isInterrupted) return "interrupted";
    until = performance.now() + slice;
  }
  return written;
}

const tool = "cxl-sandbox";

const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Digests of included files by their paths; nothing where there are none. */
function includedDigests({ includes }: SourceFile): { readonly includes?: Readonly<Record<string, string>> } {
  const entries = Object.entries(includes);
  return entries.length === 0 ? {} : { includes: Object.fromEntries(entries.map(([path, text]) => [path, digestOf(text)])) };
}

const manifestOf = (source: SourceFile, options: ExportOptions, run: OpenRun, moment: number, { counts, devices, errors }: Written) => ({
  tool, version: version(), isComplete: true,
  scenario: { file: source.file, name: run.plan.name, sha256: digestOf(source.text), ...includedDigests(source) },
  seed: options.seed, schedule: options.schedule, at: options.atText, virtualTimeNs: moment, readyAtNs: run.readyAt < 0 ? null : run.readyAt, phase: run.phase, end: run.end?.kind ?? null,
  ...counts, devices, errors,
});

async function list(run: OpenRun, session: Session): Promise<number> {
  const lines: string[] = [];
  const written = await each(run, session, (entry) => void lines.push(entry.kind === "link" ? `${entry.path} -> ${entry.target}` : entry.kind === "directory" ? `${entry.path}/` : entry.path));
  if (written === "interrupted") return interrupted("nothing was printed");
  process.stdout.write(`${lines.join("\n")}\n`);
  return exitCodes.pass;
}

function interrupted(what: string): number {
  say(`interrupted: ${what}`);
  return exitCodes.interrupted;
}

/** @throws WriteError */
async function write(source: SourceFile, options: ExportOptions, folder: string, run: OpenRun, session: Session): Promise<number> {
  const root = prepareFolder(folder);
  const moment = run.system.hardware.now;
  let done = 0;
  const partial = (): string => `${folder} holds part of the tree (${done} entries); remove it, or write it anew with --force`;
  try {
    writeManifest(root, { tool, isComplete: false });
    const written = await each(run, session, (entry) => {
      writeEntry(root, entry, options.withNodes);
      done++;
    });
    if (written === "interrupted") return interrupted(partial());
    writeManifest(root, manifestOf(source, options, run, moment, written));
    const { directories, files, links } = written.counts;
    const lost = written.errors.length === 0 ? "" : `; ${written.errors.length} that cannot be read are named in export.json`;
    say(`${folder}: ${directories} folders, ${files} files, ${links} links at ${formatTime(moment)} of virtual time (${options.atText})${lost}`);
    return exitCodes.pass;
  } catch (error) {
    if (!(error instanceof WriteError)) throw error;
    say(`${error.message}; ${partial()}`);
    return exitCodes.fail;
  }
}

async function runToMoment(source: SourceFile, options: ExportOptions, session: Session): Promise<number> {
  const { module } = await loadModule();
  const run = openRun(module, planScenario(source.file, source.text, "refused", source.includes), { seed: options.seed, schedule: options.schedule, keepTrace: false, isHeld: options.at.kind === "time" });
  const arrival = await reach(run, options, session);
  if (arrival === "interrupted") return interrupted("nothing was written");
  if (arrival === "missed") {
    say(whyMissed(run, options.atText));
    return exitCodes.invalid;
  }
  if (run.failure !== null) say(`the run broke off: ${run.failure}; this is the tree as it stood then`);
  return options.folder === null ? list(run, session) : write(source, options, options.folder, run, session);
}

/** @throws UsageError */
async function exportSysfs(options: ExportOptions): Promise<number> {
  const session: Session = { isInterrupted: false };
  const interrupt = (): void => void (session.isInterrupted = true);
  process.once("SIGINT", interrupt);
  try {
    const source = readSource(options.scenario);
    if (options.folder !== null) checkFolder(options.folder, options.isForced);
    return await runToMoment(source, options, session);
  } catch (error) {
    if (error instanceof WriteError) {
      say(error.message);
      return exitCodes.fail;
    }
    const complaint = error instanceof FolderError ? `cxl-sandbox: ${error.message}` : complaintOf(error);
    if (complaint === undefined) throw error;
    process.stderr.write(`${complaint}\n`);
    return exitCodes.usage;
  } finally {
    process.removeListener("SIGINT", interrupt);
  }
}

export const command: CommandModule = { help: exportHelp, main: (argv) => exportSysfs(parseExport(argv)) };
