// Which files a suite of scenarios has: paths, folders, patterns, and what import.meta.glob has read; with what they include.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { includeTexts } from "../../src/scenario/include-texts.ts";
import type { GlobbedTexts } from "../../src/vitest/scenario-sources.ts";
import { patternOf, scenarioSources } from "../../src/vitest/scenario-sources.ts";
import { runScenario } from "../../workers/run-scenario.ts";

const root = mkdtempSync(join(tmpdir(), "cxl-sandbox-sources-"));
const scenario = "version: 1\nname: part\ninclude: ./common.inc.yaml\n";
const files: Readonly<Record<string, string>> = {
  "a.yaml": scenario, "common.inc.yaml": "machine: { hostBridges: [{ rootPorts: [{ device: { volatile: 256MiB } }] }] }\n",
  "deep/b.yml": "version: 1\nname: b\n", "deep/er/c.yaml": "version: 1\nname: c\n", "deep/notes.txt": "no scenario", "a.golden": "a golden", "node_modules/x/d.yaml": "not mine",
};

beforeAll(() => {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const names = (...wanted: readonly string[]): string[] => scenarioSources(wanted, root).map(({ path }) => path.slice(root.length + 1));

describe("the files of a suite", () => {
  test("are paths, folders and patterns, each file once, in order, without what others include and what is installed", () => {
    expect(names("a.yaml", "deep", "deep/b.yml")).toEqual(["a.yaml", "deep/b.yml", "deep/er/c.yaml"]);
    expect(names(".")).toEqual(["a.yaml", "deep/b.yml", "deep/er/c.yaml"]);
    expect(names("./**/*.yaml")).toEqual(["a.yaml", "deep/er/c.yaml"]);
    expect(names("deep/**/*.{yaml,yml}", "!**/b.*")).toEqual(["deep/er/c.yaml"]);
    expect(scenarioSources("../*/b.yml", join(root, "deep")).map(({ path }) => path)).toEqual([join(root, "deep/b.yml")]);
    expect(scenarioSources("../a.yaml", join(root, "deep")).map(({ path }) => path)).toEqual([join(root, "a.yaml")]);
  });

  test("that are not there are an error that says what was looked for", () => {
    expect(() => names("missing.yaml")).toThrow(`describeScenarios: there is no file or folder ${join(root, "missing.yaml")}`);
    expect(() => names("deep/*.json")).toThrow(`describeScenarios: no file in ${root} fits "deep/*.json"`);
    expect(() => scenarioSources({}, root)).toThrow("no scenario file was given");
    expect(() => scenarioSources({ "./a.yaml": () => undefined } as GlobbedTexts, root)).toThrow("./a.yaml is no text; write import.meta.glob(PATTERN");
  });

  test("as import.meta.glob gives them have their places, and the files beside them", () => {
    const [a, c] = scenarioSources({ "./deep/er/c.yaml": files["deep/er/c.yaml"], "./a.yaml": scenario, "./common.inc.yaml": "read: by Vite" }, root);
    expect([a?.path, c?.path]).toEqual([join(root, "a.yaml"), join(root, "deep/er/c.yaml")]);
    expect([a?.beside("common.inc.yaml"), a?.beside("a.golden"), c?.beside("../b.yml"), c?.beside("none.yaml")]).toEqual(["read: by Vite", "a golden", files["deep/b.yml"], undefined]);
  });

  test.each([["*.yaml", "a.yaml", "a/b.yaml"], ["**/*.yaml", "a/b/c.yaml", "a/b/c.yml"], ["a?.yaml", "ab.yaml", "a/.yaml"], ["{a,b*}/x.yaml", "bc/x.yaml", "c/x.yaml"], ["a+(b).yaml", "a+(b).yaml", "aab.yaml"]])("the pattern %s takes %s and not %s", (pattern, taken, left) => {
    expect([taken, left].map((path) => patternOf(pattern).test(path))).toEqual([true, false]);
  });

  test("are read with what they include, also by runScenario", async () => {
    const [a] = scenarioSources("a.yaml", root);
    expect(includeTexts("a.yaml", scenario, (path) => a?.beside(path))).toEqual({ "common.inc.yaml": files["common.inc.yaml"] });
    expect(includeTexts("a.yaml", scenario, () => undefined)).toEqual({});
    expect((await runScenario(join(root, "a.yaml"))).result.status).toBe("pass");
  });
});
