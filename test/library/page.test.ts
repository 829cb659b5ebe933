// docs/library.md: its blocks run as they are printed, and print what they say.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as sandbox from "../../src/sandbox.ts";
import { announced, codeBlocks, runBlock } from "../support/code-blocks.ts";

const page = readFileSync(new URL("../../docs/library.md", import.meta.url), "utf8");
const modules = { "cxl-sandbox": sandbox, "node:assert/strict": assert };

test.each(codeBlocks(page, "js"))("docs/library.md, line $line", async (block) => {
  expect(await runBlock(block, modules)).toEqual(announced(block));
});

test("docs/library.md names every error that the library exports, and no other", () => {
  const exported = Object.keys(sandbox).filter((name) => name.endsWith("Error"));
  const named = new Set([...(page.split("## Errors")[1] ?? "").matchAll(/`(\w+Error)`/g)].map((match) => match[1]));
  expect([...named].filter((name) => name !== "RangeError").toSorted()).toEqual(exported.toSorted());
});
