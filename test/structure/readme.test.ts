import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { consoleTable } from "../../src/report/console.ts";
import { summarize } from "../../src/scenario/result.ts";
import { runText } from "../support/scenarios.ts";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

describe("the README's first screen", () => {
  it("shows the example file as it is, and the output it gives today", () => {
    const readme = read("README.md");
    const example = read("docs/examples/first.yaml");
    expect(readme).toContain(`\`\`\`yaml\n${example}\`\`\``);
    const { result } = runText("docs/examples/first.yaml", example);
    expect(result.status).toBe("pass");
    const table = consoleTable({ version: 1, tool: { version: "", moduleHash: "" }, scenarios: [result], summary: summarize([result]) });
    expect(readme).toContain(table.trimEnd());
  });
});
