// docs/vitest.md: its tests run in a user's project as they are printed, and its failure is the one that Vitest shows.

import { cpSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { codeBlocks } from "../support/code-blocks.ts";
import { project } from "./project.ts";

const page = readFileSync(new URL("../../docs/vitest.md", import.meta.url), "utf8");

it("docs/vitest.md: its tests run as they are printed, and a failure reads as it says", async () => {
  const where = project("vitest-page", ["vitest"]);
  cpSync(fileURLToPath(new URL("../fixtures/vitest/scenarios", import.meta.url)), `${where.folder}/scenarios`, { recursive: true });
  const blocks = codeBlocks(page, "js").map(({ text }) => text);
  const [globbed = "", paths = "", config = "", run = ""] = blocks;
  expect(blocks).toHaveLength(4);
  where.write({ "scenarios.test.js": globbed, "paths.test.js": `import { describeScenarios } from "cxl-sandbox/vitest";\n${paths.replace("!scenarios/slow/**", "!scenarios/*.yaml").replace("1..20", "1..2")}`, "vitest.config.js": config, "run.test.js": run });
  const { stdout, stderr } = await where.node("node_modules/vitest/vitest.mjs", "run", "--no-color");
  const told = (stdout + stderr).replaceAll("\u001b", "").replaceAll(/\[\d+m/g, "");
  expect(told).toMatch(/✓ run\.test\.js \(1 test\)/);
  expect(told).toMatch(/paths\.test\.js \(2 tests \| 2 failed\)/);
  const shown = (/^ FAIL [^]*?\^\n/m.exec(page)?.[0] ?? "").split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const lines = told.split("\n").map((line) => line.trim());
  expect(shown.length).toBeGreaterThan(8);
  expect(shown.filter((line) => !lines.includes(line))).toEqual([]);
});
