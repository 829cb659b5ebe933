import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { consoleSteps, consoleTable } from "../../src/report/console.ts";
import { summarize } from "../../src/scenario/result.ts";
import { runText } from "../support/scenarios.ts";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

/** A page shows an example file as it is, and what `run` gives for it today. */
function expectShown(page: string, file: string, hasSteps: boolean): void {
  const shown = read(page);
  const example = read(file);
  expect(shown).toContain(`\`\`\`yaml\n${example}\`\`\``);
  const { result } = runText(file, example);
  expect(result.status).toBe("pass");
  const run = { version: 1 as const, tool: { version: "", moduleHash: "" }, scenarios: [result], summary: summarize([result]) };
  expect(shown).toContain(`${hasSteps ? consoleSteps(run) : ""}${consoleTable(run).trimEnd()}`);
}

describe("examples in the pages", () => {
  it("the README's first screen shows its file as it is, and the output it gives today", () => {
    expectShown("README.md", "docs/examples/first.yaml", false);
  });

  it("docs/scenarios.md shows its file, and what --steps prints today", () => {
    expectShown("docs/scenarios.md", "docs/examples/replace.yaml", true);
  });
});
