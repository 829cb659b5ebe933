// The goldens of the bundled scenarios: one for each, readable, of seed 1. That runs agree with them is held where all scenarios run: `run scenarios` (test/cli/run.test.ts), Chromium, and here over jobs and shards.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { orphanGoldens } from "../../src/cli/goldens.ts";
import { formatGolden, goldenFileOf, parseGolden } from "../../src/scenario/golden.ts";
import type { RunResult } from "../../src/scenario/result.ts";
import { bundledScenarios } from "../support/library.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const files = Object.keys(bundledScenarios());

function run(...words: readonly string[]): RunResult {
  const { stdout, stderr } = spawnSync(process.execPath, ["dist/src/cli/main.js", "run", ...words, "--reporter", "json"], { cwd: root, encoding: "utf8", timeout: 60_000 });
  expect(stderr).toBe("");
  return JSON.parse(stdout) as RunResult;
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

  it("are kept by any number of jobs, by both halves of a run, and again", () => {
    const folder = "scenarios/bandwidth";
    const one = run(folder, "--jobs", "1");
    expect(one.scenarios.map(({ status, golden }) => [status, golden])).toEqual(files.filter((file) => file.startsWith(folder)).map((file) => ["pass", { state: "same", file: goldenFileOf(file), layers: [], divergences: [] }]));
    expect(run(folder, "--jobs", "4")).toEqual(one);
    const halves = ["1/2", "2/2"].flatMap((shard) => run(folder, "--jobs", "2", "--shard", shard).scenarios);
    expect(halves.toSorted((a, b) => (a.file < b.file ? -1 : 1))).toEqual(one.scenarios);
  });
});
