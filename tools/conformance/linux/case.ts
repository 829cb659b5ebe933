// A folder of what a running Linux showed: its steps in order (commands, outputs, exit codes) and the files of every moment.

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { CaptureError } from "../capture.ts";

/** What a log says was done, in order. */
export type Step =
  | { readonly kind: "command"; readonly line: string; readonly output: string; readonly exitCode: number }
  | { readonly kind: "moment"; readonly name: string }
  /** A new kernel on the same hardware; `commandLine` is the new kernel's. */
  | { readonly kind: "kexec"; readonly commandLine: string }
  /** A card was taken out by its id on the command line. */
  | { readonly kind: "removed"; readonly card: string }
  /** It was put back. */
  | { readonly kind: "added"; readonly card: string }
  /** Something else that was done from outside. */
  | { readonly kind: "outside"; readonly what: string };

export interface Moment {
  readonly name: string;
  /** Its files' common name, with that of the case: for messages. */
  readonly file: string;
  /** Contents by kind of file (`cxl-all.json`, `iomem`, ...). */
  readonly files: ReadonlyMap<string, string>;
}

export interface LinuxCase {
  readonly name: string;
  readonly commandLine: string;
  /** The first kernel's own command line. */
  readonly kernelCommandLine: string;
  readonly steps: readonly Step[];
  readonly moments: ReadonlyMap<string, Moment>;
}

export const logFile = "steps.log";
export const commandLineFile = "qemu-cmdline.txt";
/** Kinds of files of a moment that are compared; others are for people. */
export const momentFiles = ["cxl-vvv.json", "cxl-all.json", "cxl.json", "daxctl.json", "iomem", "attrs.txt", "hdm-regs.txt"] as const;

const endOfCommand = /^\[rc=(\d+), uptime=[\d.]+\]$/;
const marked = /^(?:[\d.]+ )?(?:capture(?:\(light\))? (\S+)|host-request regs\.(\S+)|host-request del (\S+)|host-request add (\S+)|host-request (?!regs\.|del |add )(\S.*))$/;

/** Steps of a log. A moment without listings has registers only and stands where these were read. @throws CaptureError */
export function readSteps(file: string, text: string): Step[] {
  const steps: Step[] = [];
  const seen = new Set<string>();
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    if (line.startsWith("$ ")) {
      const end = lines.findIndex((later, index) => index > at && endOfCommand.test(later));
      if (end < 0) throw new CaptureError(file, `line ${at + 1}`, `"${line}" has no [rc=.., uptime=..] after it; is the log whole?`);
      const output = lines.slice(at + 1, end).join("\n");
      const kexec = /^\$ kexec .*--command-line=(.*)$/.exec(line);
      if (kexec === null) steps.push({ kind: "command", line: line.slice(2), output, exitCode: Number(endOfCommand.exec(lines[end] ?? "")?.[1]) });
      else steps.push({ kind: "kexec", commandLine: kexec[1] ?? "" });
      at = end;
      continue;
    }
    const [, captured, read, removed, added, other] = marked.exec(line) ?? [];
    const name = captured ?? read;
    if (removed !== undefined) steps.push({ kind: "removed", card: removed });
    if (added !== undefined) steps.push({ kind: "added", card: added });
    if (other !== undefined) steps.push({ kind: "outside", what: other });
    if (name === undefined || seen.has(name)) continue;
    seen.add(name);
    steps.push({ kind: "moment", name });
  }
  return steps;
}

/** What the first kernel was told: the word after -append, in whatever quotes. */
const appended = (commandLine: string): string => /-append (?:'([^']*)'|"((?:\\.|[^"\\])*)"|(\S+))/.exec(commandLine)?.slice(1).find((text) => text !== undefined) ?? "";

/** Reads a case; without `isMachineGiven` it must have the command line that built its machine. @throws CaptureError */
export function readCase(folder: string, isMachineGiven = false): LinuxCase {
  const name = basename(folder);
  const text = (file: string): string => {
    const path = join(folder, file);
    if (!existsSync(path)) throw new CaptureError(name, file, `is not in the folder; a case has ${commandLineFile} and ${logFile}`);
    return readFileSync(path, "utf8");
  };
  const all = readdirSync(folder);
  const commandLine = isMachineGiven && !all.includes(commandLineFile) ? "" : text(commandLineFile);
  const steps = readSteps(`${name}/${logFile}`, text(logFile));
  const moments = steps.flatMap((step): Moment[] => {
    if (step.kind !== "moment") return [];
    const files = momentFiles.filter((kind) => all.includes(`${step.name}.${kind}`)).map((kind) => [kind, text(`${step.name}.${kind}`)] as const);
    return [{ name: step.name, file: `${name}/${step.name}`, files: new Map(files) }];
  });
  return { name, commandLine, kernelCommandLine: appended(commandLine), steps, moments: new Map(moments.map((moment) => [moment.name, moment])) };
}
