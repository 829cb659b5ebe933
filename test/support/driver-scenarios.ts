// Scenarios with drivers for tests: a folder of its own with the fixtures of test/fixtures/drivers, and the built command to run them.

import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { EndedResult, RunResult, ScenarioResult } from "../../src/scenario/result.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
export const command = join(root, "dist/src/cli/main.js");

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface DriverFolder {
  readonly path: string;
  /** Writes the scenario in which a port isolates, with the text of its `driver:`; gives its path. */
  readonly scenario: (name: string, driver: string) => string;
  readonly write: (name: string, text: string) => string;
  /** Runs the command in the folder. */
  readonly run: (...argv: string[]) => Ran;
  /** The same with the JSON reporter. */
  readonly json: (...argv: string[]) => { readonly status: number | null; readonly results: readonly (ScenarioResult | EndedResult)[] };
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
  const run = (...argv: string[]): Ran => spawnSync(process.execPath, [command, ...argv], { cwd: path, encoding: "utf8", timeout: 300_000 });
  return {
    path, write, run,
    scenario: (name, driver) => write(name, `${text}driver: ${driver}\n`),
    json: (...argv) => {
      const { status, stdout, stderr } = run("run", ...argv, "--reporter", "json");
      if (stdout === "") throw new Error(stderr);
      return { status, results: (JSON.parse(stdout) as RunResult).scenarios };
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}
