// Folders of short scenarios, and `cxl-sandbox run` and `merge` in this process with their reports in files.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { command as mergeCommand } from "../../src/cli/merge.ts";
import { command as runCommand } from "../../src/cli/run.ts";
import type { RunResult } from "../../src/scenario/result.ts";

export interface RunFolder {
  readonly path: string;
  /** Writes a file; gives its path. */
  write(name: string, text: string): string;
  remove(): void;
}

export function runFolder(): RunFolder {
  const path = mkdtempSync(join(tmpdir(), "cxl-sandbox-runs-"));
  return {
    path,
    write: (name, text) => {
      const file = join(path, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
      return file;
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** Boot, one command, and an outcome that holds or does not. */
export const shortScenario = (name: string, outcome = "unaffected"): string => `version: 1
name: ${name}
machine: { hostBridges: [{ rootPorts: [{ name: rp0, device: { volatile: 256MiB } }] }] }
steps: [{ run: cat /sys/bus/cxl/devices/mem0/serial }]
expect: [{ outcome: ${outcome} }]
`;

export interface Ended {
  readonly status: number;
  /** The text of the JSON report; "": none was written. */
  readonly text: string;
  readonly stderr: string;
}

/** Runs a command with its JSON report in a file, so that nothing comes to standard output. */
async function inProcess(main: (argv: readonly string[]) => Promise<number>, folder: RunFolder, argv: readonly string[]): Promise<Ended> {
  const report = folder.write("report.json", "");
  const original = process.stderr.write.bind(process.stderr);
  let stderr = "";
  process.stderr.write = (chunk: string | Uint8Array) => {
    stderr += String(chunk);
    return true;
  };
  try {
    const status = await main([...argv, "--reporter", `json=${report}`]);
    return { status, text: readFileSync(report, "utf8"), stderr };
  } finally {
    process.stderr.write = original;
  }
}

export const runHere = (folder: RunFolder, ...argv: string[]): Promise<Ended> => inProcess(runCommand.main, folder, argv);
export const mergeHere = (folder: RunFolder, ...argv: string[]): Promise<Ended> => inProcess(mergeCommand.main, folder, argv);
export const resultOf = ({ text }: Ended): RunResult => JSON.parse(text) as RunResult;
