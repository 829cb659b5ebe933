// `cxl-sandbox explain TERM` as a user runs it.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { isScenarioPath } from "../../src/cli/explain-term.ts";
import type { CommandEnded } from "../support/command.ts";
import { commandIn } from "../support/command.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

const built = (...words: string[]) => spawnSync(process.execPath, ["dist/src/cli/main.js", "explain", ...words], { cwd: root, encoding: "utf8", timeout: 60_000 });
const explain = (...words: string[]): Promise<CommandEnded> => commandIn(root, "explain", ...words);

describe("cxl-sandbox explain TERM", () => {
  it("says what a rule is and which bundled scenarios show it", async () => {
    const { status, stdout, stderr } = built("s30");
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("S30, rule\nCreating a region over a range that hmem has fails with ERANGE");
    expect(stdout).toContain("scenarios/ownership/s30-erange.yaml\n");
  });

  it("gives data with --reporter json, one object for each meaning", async () => {
    const { status, stdout } = await explain("memIsolation", "--reporter", "json");
    expect([status, (JSON.parse(stdout) as readonly { readonly kind: string; readonly name: string }[]).map(({ kind, name }) => `${kind} ${name}`)]).toEqual([0, ["field timeoutIsolation.capability.memoryIsolation", "field timeoutIsolation.status.memoryIsolation"]]);
  });

  it("ends 2 with the nearest word where there is none, and with what a kind may be", async () => {
    expect(await explain("machineCheck")).toMatchObject({ status: 2, stdout: "", stderr: expect.stringMatching(/^cxl-sandbox: there is no term "machineCheck" and no file of that name; did you mean "machineChecks"\?/) as string });
    expect(await explain("asm", "--kind", "polizy")).toMatchObject({ status: 2, stderr: expect.stringContaining("--kind is structure, register, field, policy,") as string });
  });

  it("a word is a scenario by its ending, a folder in it, or a file of its name where no term has it", () => {
    const words: readonly (readonly [string, boolean])[] = [["missing.yaml", true], ["scenarios/isolation", true], ["notes", true], ["linkDown", false], ["no-such-thing", false]];
    expect(words.map(([word]) => [word, isScenarioPath(word, (path) => path === "notes" || path === "linkDown")])).toEqual(words);
  });
});
