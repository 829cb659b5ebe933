// `cxl-sandbox run scenarios`, as built: once for everything that asks what the library comes to in Node.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RunResult } from "../../src/scenario/result.ts";
import type { Ended } from "./programs.ts";
import { run } from "./programs.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
/** Where tests find what a global setup has kept: a folder. */
const keptName = "CXL_SANDBOX_TEST_LIBRARY_RUN";

export interface LibraryRun extends Ended {
  /** Empty where the command wrote no report. */
  readonly scenarios: RunResult["scenarios"];
}

async function runInto(folder: string): Promise<LibraryRun> {
  const report = join(folder, "report.json");
  const ended = await run(process.execPath, ["dist/src/cli/main.js", "run", "scenarios", "--reporter", "console", "--reporter", `json=${report}`], root);
  return { ...ended, scenarios: existsSync(report) ? (JSON.parse(readFileSync(report, "utf8")) as RunResult).scenarios : [] };
}

/** Runs the library and keeps the outcome for tests of this run of Vitest; `remove` forgets it. */
export async function keepLibraryRun(): Promise<LibraryRun & { readonly remove: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), "cxl-sandbox-library-"));
  const library = await runInto(folder);
  writeFileSync(join(folder, "kept.json"), JSON.stringify(library));
  // Workers begin with the environment of this process.
  process.env[keptName] = folder;
  return {
    ...library,
    remove: () => {
      delete process.env[keptName];
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What was kept, or a run of its own where nothing was. */
export async function libraryRun(): Promise<LibraryRun> {
  const kept = process.env[keptName];
  if (kept !== undefined) return JSON.parse(readFileSync(join(kept, "kept.json"), "utf8")) as LibraryRun;
  const folder = mkdtempSync(join(tmpdir(), "cxl-sandbox-library-"));
  try {
    return await runInto(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
