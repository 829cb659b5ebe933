// docs/strict.md is the table of rules, and nothing that it says is made up.

import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { strictPage } from "../../src/sandbox/strict/page.ts";
import { strictRules } from "../../src/sandbox/strict/rules.ts";

it("docs/strict.md is the table of rules (node dist/tools/strict-page.js --write)", () => {
  expect(readFileSync("docs/strict.md", "utf8")).toBe(strictPage());
});

it("rules have ids of their own, and ids in the form of a sheet's are in docs/rules.md", () => {
  const ids = strictRules.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const known = readFileSync("docs/rules.md", "utf8");
  for (const id of ids.filter((one) => /^[A-Z]+\d+$/.test(one))) expect(known, id).toContain(`| ${id} |`);
});
