// `cxl-sandbox import`: reads captures, writes the scenario file of a twin, boots it once and says what differs.

import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { oneLine } from "../report/foreign.ts";
import { loadModule, planScenario } from "../sandbox.ts";
import { checkTwin } from "../sandbox/twin-check.ts";
import { shellFile } from "../scenario/shell-word.ts";
import { readCxlCapture } from "../scenario/twin/cxl-capture.ts";
import type { Finding } from "../scenario/twin/findings.ts";
import { CaptureFileError, findingLines } from "../scenario/twin/findings.ts";
import type { ImportedTwin } from "../scenario/twin/import-twin.ts";
import { UnknownPortError, importTwin } from "../scenario/twin/import-twin.ts";
import { differenceLines, isForeseen } from "../scenario/twin/reasons.ts";
import type { CaptureFiles, CaptureText } from "../scenario/twin/sources.ts";
import type { CommandModule } from "./commands.ts";
import type { ImportArguments } from "./import-arguments.ts";
import { importHelp, parseImport } from "./import-arguments.ts";

const exits = { done: 0, differs: 1, usage: 2 } as const;
/** Bytes of a capture; a dump of a large host's config space has some. */
const largest = 32 << 20;

/** Lines with words of captures in them: nothing there may act on a terminal. */
const sayLine = (text: string): void => void process.stderr.write(`${oneLine(text)}\n`);
const say = (text: string): void => sayLine(`cxl-sandbox: ${text}`);
const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** @throws CaptureFileError */
function readBytes(path: string): Uint8Array {
  try {
    if (path === "-") return readFileSync(0);
    const found = statSync(path);
    if (found.isDirectory()) throw new Error("it is a folder; name the file");
    if (found.size > largest) throw new Error(`${found.size} bytes; a capture has at most ${largest}`);
    return readFileSync(path);
  } catch (error) {
    throw new CaptureFileError(path, "", `cannot be read (${reason(error)})`);
  }
}

const readText = (path: string): CaptureText => ({ file: path === "-" ? "standard input" : path, text: new TextDecoder().decode(readBytes(path)) });

/** @throws CaptureFileError */
function readFiles({ cxlList, cedt, iomem, lspci }: ImportArguments): CaptureFiles {
  return {
    cxlList: readText(cxlList), ...(cedt === null ? {} : { cedt: { file: cedt, bytes: readBytes(cedt) } }), ...(iomem === null ? {} : { iomem: readText(iomem) }), ...(lspci === null ? {} : { lspci: readText(lspci) }),
  };
}

function tell(findings: readonly Finding[]): void {
  for (const line of findingLines(findings)) sayLine(line);
}

/** Boots the twin; gives the exit status. */
async function check(files: CaptureFiles, { text }: ImportedTwin): Promise<number> {
  const { module } = await loadModule();
  const { file } = files.cxlList;
  const { json, listing } = readCxlCapture(file, files.cxlList.text);
  const { differences, failure } = checkTwin(module, planScenario(file, text), json, listing);
  if (failure !== null) {
    say(`the twin does not come to ready: ${failure}`);
    return exits.differs;
  }
  for (const line of differenceLines(differences)) sayLine(line);
  const open = differences.filter((one) => !isForeseen(one)).length;
  say(differences.length === 0 ? `the twin's ${listing} is the captured one` : `the twin's ${listing} differs from the captured one in ${differences.length} place${differences.length === 1 ? "" : "s"}${open === 0 ? ", each for the reason given" : `, ${open} of them unforeseen`}`);
  return open === 0 ? exits.done : exits.differs;
}

function write(options: ImportArguments, text: string): void {
  if (options.output === null) {
    process.stdout.write(text);
    return;
  }
  try {
    writeFileSync(options.output, text, { flag: options.isForced ? "w" : "wx" });
  } catch (error) {
    throw new CaptureFileError(options.output, "", `cannot be written (${reason(error)})`);
  }
  say(`${options.output} is written; run it with: cxl-sandbox run ${shellFile(options.output)}`);
}

async function importFiles(options: ImportArguments): Promise<number> {
  try {
    if (options.output !== null && !options.isForced && existsSync(options.output)) throw new CaptureFileError(options.output, "", "is there already; choose another name, or --force to put the new one in its place");
    const files = readFiles(options);
    const twin = importTwin(files, { ...(options.name === null ? {} : { name: options.name }), ...(options.isolation === null ? {} : { isolation: options.isolation }), ...(options.regions === null ? {} : { regions: options.regions }) });
    write(options, twin.text);
    tell(twin.findings);
    return options.isChecked ? await check(files, twin) : exits.done;
  } catch (error) {
    if (!(error instanceof CaptureFileError || error instanceof UnknownPortError)) throw error;
    say(error.message);
    return exits.usage;
  }
}

export const command: CommandModule = { help: importHelp, main: (argv) => importFiles(parseImport(argv)) };
