// `cxl-sandbox explain` as a user runs it: its outputs, and what it says to bad input.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { Explanation } from "../../src/scenario/explanation.ts";
import type { CommandEnded } from "../support/command.ts";
import { commandIn } from "../support/command.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const command = join(root, "dist/src/cli/main.js");
const built = (...argv: string[]) => spawnSync(process.execPath, [command, "explain", ...argv], { cwd: root, encoding: "utf8", timeout: 60_000 });
const run = (...argv: string[]): Promise<CommandEnded> => commandIn(root, "explain", ...argv);

const file = "scenarios/assembly/missing-member.yaml";

describe("cxl-sandbox explain", () => {
  it("says it on standard output and ends 0", async () => {
    const { status, stdout, stderr } = built(file);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("hmem, as plain dax");
    expect(stdout).not.toContain("\u001b");
  });

  it("--reporter json: one document, the same twice", async () => {
    const { status, stdout } = await run(file, "--reporter", "json");
    const told = JSON.parse(stdout) as Explanation;
    expect([status, told.version, told.ranges[0]?.owner, told.capacity.bytesGap]).toEqual([0, 1, "hmem", "0"]);
    expect((await run(file, "--reporter", "json")).stdout).toBe(stdout);
  });

  it("--at names the moment; one that does not come ends 1, with what there is at the end", async () => {
    expect((await run(file, "--at", "ready")).stdout).toContain("(ready)");
    const { status, stdout, stderr } = built(file, "--at", "no such words");
    expect([status, stderr]).toEqual([3, `${file}: "no such words" did not come before the run was over\n`]);
    expect(stdout).toContain("hmem, as plain dax");
  });

  it.each([
    [[], /explain needs one scenario file/], [["scenarios"], /scenarios holds \d+ scenarios; name one file/], [[file, file], /explain needs one scenario file/], [["nothing.yaml"], /no such file/], [["README.md"], /README\.md/],
    [[file, "--seed", "x"], /is no seed/], [[file, "--reporter", "xml"], /console, json/], [[file, "--at", ""], /--at is empty/], [[file, "--wrong"], /Unknown option/],
  ])("%s: one message, exit 2", async (argv, said) => {
    const { status, stdout, stderr } = await run(...argv);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(said);
  });

  it("--help names the exit statuses", async () => {
    const { status, stdout } = await run("--help");
    expect(status).toBe(0);
    for (const code of ["0", "1", "2", "5", "130"]) expect(stdout).toMatch(new RegExp(`^  ${code} `, "m"));
  });
});
