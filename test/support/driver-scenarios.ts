// Scenarios with drivers for tests: a folder of its own with the fixtures of test/fixtures/drivers, and the command to run them.

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
// Loaded here, where the working folder is one that stays: it keeps the one it was loaded in, and its process is the whole worker's.
import "esbuild";
import type { EndedResult, RunResult, ScenarioResult } from "../../src/scenario/result.ts";
import type { CommandEnded } from "./command.ts";
import { commandIn } from "./command.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
export const command = join(root, "dist/src/cli/main.js");

export interface DriverFolder {
  readonly path: string;
  /** Writes the scenario in which a port isolates, with the text of its `driver:`; gives its path. */
  readonly scenario: (name: string, driver: string) => string;
  readonly write: (name: string, text: string) => string;
  /** The command in the folder, in this process; drivers have processes of their own all the same. */
  readonly run: (...argv: string[]) => Promise<CommandEnded>;
  /** `run` with the JSON reporter. */
  readonly json: (...argv: string[]) => Promise<{ readonly status: number; readonly results: readonly (ScenarioResult | EndedResult)[] }>;
  readonly remove: () => void;
}

export function driverFolder(): DriverFolder {
  const path = mkdtempSync(join(tmpdir(), "cxl-sandbox-drivers-"));
  const fixtures = join(root, "test/fixtures/drivers");
  cpSync(fixtures, path, { recursive: true });
  rmSync(join(path, "isolation.yaml"));
  const text = readFileSync(join(fixtures, "isolation.yaml"), "utf8");
  const write = (name: string, content: string): string => {
    writeFileSync(join(path, name), content);
    return name;
  };
  const run = (...argv: string[]): Promise<CommandEnded> => commandIn(path, ...argv);
  return {
    path, write, run,
    scenario: (name, driver) => write(name, `${text}driver: ${driver}\n`),
    json: async (...argv) => {
      const { status, stdout, stderr } = await run("run", ...argv, "--reporter", "json");
      if (stdout === "") throw new Error(stderr);
      return { status, results: (JSON.parse(stdout) as RunResult).scenarios };
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}
