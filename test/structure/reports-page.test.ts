// docs/reports.md and docs/goldens.md show what the reporters give today for their examples.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { consoleTable, consoleVerdict } from "../../src/report/console.ts";
import { github } from "../../src/report/github.ts";
import { junitReport } from "../../src/report/junit.ts";
import { reporters } from "../../src/report/reporters.ts";
import type { RunInput } from "../../src/sandbox.ts";
import type { ScenarioResult } from "../../src/scenario/result.ts";
import { runInSlices } from "../../workers/slices.ts";
import { modules } from "../support/machine.ts";
import { reportOf, runResult, surroundings } from "../support/reports.ts";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

async function resultOf(file: string, more: Partial<RunInput> = {}): Promise<ScenarioResult> {
  const { result } = await runInSlices(modules.release, { file, text: read(file), seed: 1, schedule: "fixed", keepTrace: false, ...more }, { slice: 1000, isCancelled: () => false, onProgress: () => undefined });
  return result;
}

describe("the pages of reports and goldens", () => {
  it("docs/reports.md shows what console, junit and github give", async () => {
    const page = read("docs/reports.md");
    const result = await resultOf("docs/examples/never-fires.yaml");
    const printed = github.report(reportOf([result]), surroundings(), undefined).stderr ?? "";
    const [annotation = "", ...summary] = printed.split("\n");
    for (const shown of [`${consoleTable(runResult([result]))}${consoleVerdict(runResult([result]))}`, junitReport(reportOf([result])), annotation, summary.join("\n")]) expect(page).toContain(`\n${shown.trimEnd()}\n`);
    for (const { name } of reporters) expect(page).toContain(`| \`${name}\` |`);
  });

  it("docs/goldens.md shows where a defect parts from its golden, and the lines of that golden", async () => {
    const page = read("docs/goldens.md");
    const golden = read("scenarios/defects/no-link-down.golden");
    const verdict = consoleVerdict(runResult([await resultOf("scenarios/defects/no-link-down.yaml", { golden, defects: ["no-link-down"] })]));
    const shown = /^ {2}\S+: not the golden[^]*?(?=\n {2}\S)/m.exec(verdict)?.[0] ?? "nothing";
    expect(page).toContain(`\n${shown}\n`);
    for (const line of golden.split("\n").filter((one) => /^(?:cxl|seed|schedule|result|log|hardware|end) /.test(one))) expect(page).toContain(`\n${line}\n`);
  });
});
