// The goldens of the bundled scenarios: one for each, readable, of seed 1. That runs agree with them is held where all scenarios run: `run scenarios` (test/cli/run.test.ts), Chromium, and here over jobs and shards.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { orphanGoldens } from "../../src/cli/goldens.ts";
import { parseRun } from "../../src/cli/run/arguments.ts";
import type { AnyResult } from "../../src/cli/run/drivers.ts";
import { loadEngine, prepare } from "../../src/cli/run/prepare.ts";
import { runSession } from "../../src/cli/run/session.ts";
import { formatGolden, goldenFileOf, parseGolden } from "../../src/scenario/golden.ts";
import { startWorker } from "../../workers/client.ts";
import { ScenarioPool } from "../../workers/scenario-pool.ts";
import { bundledScenarios } from "../support/library.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const files = Object.keys(bundledScenarios());

/** What `run` with these words comes to. */
async function run(...words: readonly string[]): Promise<AnyResult[]> {
  const options = parseRun(words);
  const engine = await loadEngine();
  const prepared = prepare(options, engine.tool);
  const pool = options.worker ? new ScenarioPool(() => startWorker(undefined, engine.module), options.hangTimeout) : null;
  try {
    return [...(await runSession({ options, prepared, engine, drivers: new Map(), pool, signal: new AbortController().signal, known: new Map(), onDone: () => undefined, onProgress: () => undefined })).values()];
  } finally {
    await pool?.close();
  }
}

describe("the goldens of the bundled scenarios", () => {
  it("stand beside every scenario, of seed 1 and the fixed schedule, as run --update writes them", () => {
    for (const file of files) {
      const text = readFileSync(`${root}${goldenFileOf(file)}`, "utf8");
      const golden = parseGolden(goldenFileOf(file), text);
      expect([file, golden.seed, golden.schedule, formatGolden(golden) === text]).toEqual([file, 1, "fixed", true]);
    }
  });

  it("stand beside nothing else", () => {
    expect(orphanGoldens([`${root}scenarios`])).toEqual([]);
  });

  it("are kept by any number of jobs, by both halves of a run, and again", async () => {
    const folder = "scenarios/bandwidth";
    const one = await run(folder, "--no-worker");
    expect(one.map(({ status, golden }) => [status, golden])).toEqual(files.filter((file) => file.startsWith(folder)).map((file) => ["pass", { state: "same", file: goldenFileOf(file), layers: [], divergences: [] }]));
    for (const jobs of ["1", "2", "4"]) expect([jobs, await run(folder, "--jobs", jobs)]).toEqual([jobs, one]);
    const halves = [await run(folder, "--no-worker", "--shard", "1/2"), await run(folder, "--no-worker", "--shard", "2/2")];
    expect(halves.map((half) => half.length).toSorted()).toEqual([2, 3]);
    expect(halves.flat().toSorted((a, b) => (a.file < b.file ? -1 : 1))).toEqual(one);
  });
});
