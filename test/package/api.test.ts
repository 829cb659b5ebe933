// The API reference and the declarations it is made from.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readEntryPoints } from "../../tools/api/entry-points.ts";
import { apiPage, pageOf } from "../../tools/api/page.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const entryPoints = readEntryPoints(root);

describe("the public API", () => {
  it("has a doc comment on every export of every entry point", () => {
    const bare = entryPoints.flatMap(({ specifier, exported }) => exported.filter((one) => one.comment === "").map((one) => `${specifier}: ${one.name} (${one.file})`));
    expect(bare).toEqual([]);
  });

  it("docs/api has a page for each entry point, and each is what the declarations give (npm run api)", () => {
    expect(readdirSync(join(root, "docs/api")).toSorted()).toEqual(entryPoints.map(({ specifier }) => pageOf(specifier).replace("docs/api/", "")).toSorted());
    for (const entryPoint of entryPoints) expect(readFileSync(join(root, pageOf(entryPoint.specifier)), "utf8"), pageOf(entryPoint.specifier)).toBe(apiPage(entryPoint));
  });
});
