// docs/ci.md: recipes are YAML, their commands leave the reports that they name, every command of the page is one that there is with options that it has, and the tables of statuses and variables are those of the code.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { commands } from "../../src/cli/commands.ts";
import { parseRun } from "../../src/cli/run/arguments.ts";
import { findTerms } from "../../src/scenario/glossary/term.ts";
import { glossary } from "../../src/sandbox/glossary.ts";
import { exitCodes } from "../../src/scenario/result.ts";
import { codeBlocks } from "../support/code-blocks.ts";
import type { Ended } from "../support/programs.ts";
import { run } from "../support/programs.ts";
import { runFolder, shortScenario } from "../support/runs.ts";

const command = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));
const page = readFileSync("docs/ci.md", "utf8");
const recipes = codeBlocks(page, "yaml").map(({ text }) => text);

/** Every text of a recipe, wherever it stands. */
function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

/** Commands among texts, as words, with variables of CI as numbers. */
const commandsIn = (texts: readonly string[], shard = 1): string[][] => texts.flatMap((text) => text.split("\n")).filter((line) => /^(?:npx )?cxl-sandbox /.test(line))
  .map((line) => line.replace(/^(?:npx )?cxl-sandbox /, "").replaceAll(/\$\{\{.*?\}\}|\$CI_NODE_INDEX/g, String(shard)).replaceAll("$CI_NODE_TOTAL", "4").trim().split(/\s+/));
const used = commandsIn([...recipes.flatMap((recipe) => textsOf(parse(recipe))), ...[...page.matchAll(/`((?:npx )?cxl-sandbox [^`]+)`/g)].map(([, line = ""]) => line)]);

const rows = (heading: string): string[][] => [...(page.split(`## ${heading}`)[1]?.split("\n## ")[0] ?? "").matchAll(/^\| (?!status|variable|-)(.*) \|$/gm)].map(([, row = ""]) => row.split(" | "));

describe("docs/ci.md", () => {
  it("has recipes for GitHub and GitLab that are YAML, with shards and a job that merges them", () => {
    expect(recipes).toHaveLength(2);
    expect(recipes.map((recipe) => Object.keys(parse(recipe) as object))).toEqual([["name", "on", "permissions", "jobs"], ["stages", "default", "shard", "report", "pages"]]);
    expect(used.filter(([name]) => name === "merge")).toHaveLength(2);
  });

  it("the commands of both, one after the other, leave the reports that they name", async () => {
    const folder = runFolder();
    try {
      for (const [index, name] of ["one", "two", "three", "four", "five"].entries()) folder.write(`scenarios/${name}.yaml`, shortScenario(name, index === 3 ? "panic" : "unaffected"));
      const inFolder = (words: readonly string[]): Promise<Ended> => run(process.execPath, [command, ...words], folder.path);
      const [ofGitHub = [], ofGitLab = []] = recipes.map((recipe) => [1, 2, 3, 4].map((shard) => commandsIn(textsOf(parse(recipe)), shard)));
      expect(ofGitLab.map(([shard]) => shard)).toEqual(ofGitHub.map(([shard]) => shard));
      const shards = await Promise.all(ofGitHub.map(([shard = []]) => inFolder(shard)));
      expect(shards.map(({ status }) => status).toSorted()).toEqual([0, 0, 0, 1]);
      for (const [, merge = []] of [ofGitHub[0] ?? [], ofGitLab[0] ?? []]) {
        expect(await inFolder(merge)).toMatchObject({ status: 1, stderr: expect.stringContaining("4 pass, 1 fail") as string });
        const named = merge.flatMap((word) => /^\w+=(.+)$/.exec(word)?.slice(1) ?? []);
        expect(named).toHaveLength(3);
        for (const name of ["traces/four-seed1.trace", ...named]) expect(readFileSync(join(folder.path, name)).length, name).toBeGreaterThan(500);
      }
    } finally {
      folder.remove();
    }
  });

  it.each(used.map((words) => [words.join(" "), words] as const))("cxl-sandbox %s: the command has these options", async (_, [name, ...words]) => {
    const found = commands.find((one) => one.name === name);
    expect(found?.name).toBe(name);
    const { help } = (await found?.load())?.command ?? { help: "" };
    for (const option of words.filter((word) => word.startsWith("--"))) expect(help, option).toMatch(new RegExp(`^ +.*${option.split("=")[0] ?? ""}\\b`, "m"));
    if (name === "run") expect(parseRun(words).paths).not.toEqual([]);
  });

  it("has every exit status with its name, as explain tells it", () => {
    expect(rows("Exit statuses").map(([code, name]) => [name?.replaceAll("`", ""), Number(code)]).toSorted()).toEqual(Object.entries(exitCodes).toSorted());
    const words = glossary();
    for (const [code, , meaning] of rows("Exit statuses")) expect(findTerms(words, `exit ${code}`).map(({ variants }) => variants[0]?.meaning)).toEqual([meaning]);
  });

  it("has every variable that the command looks at, and no other", () => {
    const sources = ["src/cli", "src/report"].flatMap((folder) => readdirSync(folder).filter((name) => /(?<!\.test)\.ts$/.test(name)).map((name) => readFileSync(join(folder, name), "utf8")));
    const direct = sources.flatMap((text) => [...text.matchAll(/env(?:ironment)?\["([A-Z_]+)"\]/g)].map(([, name = ""]) => name));
    const destructured = sources.flatMap((text) => [...text.matchAll(/\{ ([^{}]+) \}(?:: Environment\b| = environment\b)/g)].flatMap(([, names = ""]) => [...names.matchAll(/\b([A-Z_]+):/g)].map(([, name = ""]) => name)));
    const read = [...direct, ...destructured];
    expect(rows("Environment variables").flatMap(([names = ""]) => [...names.matchAll(/[A-Z][A-Z_]+/g)].map(([name]) => name)).toSorted()).toEqual([...new Set(read)].toSorted());
  });
});
