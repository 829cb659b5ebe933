// A user's suite of scenario files: Vitest of his project runs them with the installed package, and its reporters tell what happened, with the lines of the files.

import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import type { Ended } from "../support/programs.ts";
import { run } from "../support/programs.ts";
import { project } from "./project.ts";
import type { Project } from "./project.ts";

const fixture = fileURLToPath(new URL("../fixtures/vitest", import.meta.url));
const vitest = (where: Project, ...words: readonly string[]): Promise<Ended> => where.node("node_modules/vitest/vitest.mjs", "run", "--no-color", "--reporter=default", ...words);

function suite(name: string): Project {
  const made = project(name, ["vitest"]);
  cpSync(fixture, made.folder, { recursive: true });
  return made;
}

describe("describeScenarios", () => {
  let ended: Ended;
  let junit: string;

  beforeAll(async () => {
    const where = suite("scenario-suite");
    ended = await vitest(where, "--reporter=junit", "--outputFile.junit=report.xml");
    junit = readFileSync(join(where.folder, "report.xml"), "utf8");
  }, 120_000);

  it("makes a test of every scenario and seed; a bad file is a failing test, and the others run", () => {
    expect(ended.status).toBe(1);
    expect(ended.stdout).toContain("Tests  8 failed | 3 passed (11)");
    const tests = [...junit.matchAll(/<testcase classname="([^"]*)" name="([^"]*)"/g)].map(([, file, name]) => `${file}: ${name}`);
    expect(tests).toEqual([
      "globbed.test.js: scenarios &gt; broken.yaml: a key that there is not", "globbed.test.js: scenarios &gt; fails.yaml: an expectation that does not hold",
      "globbed.test.js: scenarios &gt; passes.yaml: the cable is pulled and nobody minds", "globbed.test.js: scenarios &gt; step.yaml: a step that fails",
      "globbed.test.js: scenarios/deep &gt; never.yaml: a fault waits for a mark that never comes",
      ...["scenarios/deep &gt; never.yaml: a fault waits for a mark that never comes", "scenarios &gt; passes.yaml: the cable is pulled and nobody minds", "scenarios &gt; step.yaml: a step that fails"].flatMap((name) => [`paths.test.js: ${name}, seed 1`, `paths.test.js: ${name}, seed 2`]),
    ]);
  });

  it("a failure has what was expected and what came, the line of the scenario, and the command that repeats it", () => {
    const told = ended.stderr + ended.stdout;
    const failure = told.slice(told.indexOf("FAIL  globbed.test.js > scenarios > fails.yaml"));
    expect(failure).toContain("outcome panic: expected panic, got unaffected\n");
    expect(failure).toContain("cxl-sandbox run scenarios/fails.yaml --seed 1 --schedule fixed\n");
    expect(failure).toMatch(/ ❯ scenario scenarios\/fails\.yaml:5:\d+\n[^]*5\| {3}- outcome: panic\n +\| +\^/);
    expect(told).toMatch(/scenarios\/broken\.yaml:3:52[^]*unknown key "volatil"; did you mean "volatile"\?/);
    expect(told).toMatch(/step 2 "cat \/sys\/nothing" ended 1, not 0[^]*scenario scenarios\/step\.yaml:6:5\n/);
    expect(told).toContain("fault waits did not fire");
  });
});

describe("a golden beside a scenario of a suite", () => {
  it("fails the test of a run that is not as it says, with the first record that differs; -u writes it anew", async () => {
    const where = suite("scenario-goldens");
    const only = ["globbed.test.js", "-t", "passes.yaml"];
    const golden = join(where.folder, "scenarios/passes.golden");
    const command = (...words: readonly string[]): Promise<Ended> => run(join(where.folder, "node_modules/.bin/cxl-sandbox"), words, where.folder);
    const made = await command("run", "scenarios/passes.yaml", "--update");
    expect(made.status, made.stderr).toBe(0);
    const text = readFileSync(golden, "utf8");

    const scenario = join(where.folder, "scenarios/passes.yaml");
    writeFileSync(scenario, readFileSync(scenario, "utf8").replace("linkDown: rp0", "poison: { device: dev0, dpa: 0x1000 }"));
    const { status, stdout, stderr } = await vitest(where, ...only);
    expect([status, stdout + stderr]).toEqual([1, expect.stringContaining("not the golden: hardware record") as string]);

    expect(await vitest(where, ...only, "-u")).toMatchObject({ status: 0 });
    expect(readFileSync(golden, "utf8")).not.toBe(text);
    expect(await command("run", "scenarios/passes.yaml")).toMatchObject({ status: 0 });
  });
});
