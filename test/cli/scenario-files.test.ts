// Commands that read scenario files, as a user runs them: lint, init, schema, and includes in each.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { schemaText } from "../../src/scenario/json-schema.ts";
import { lintScenario } from "../../src/scenario/lint.ts";
import { starter } from "../../src/scenario/starter.ts";
import { modeline } from "../../src/scenario/modeline.ts";
import { readSources } from "../../src/cli/files.ts";
import { ScenarioFileError } from "../../src/scenario/problem.ts";
import type { CommandEnded } from "../support/command.ts";
import { commandIn } from "../support/command.ts";
import { runText } from "../support/scenarios.ts";

const main = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));
const folder = realpathSync(mkdtempSync(join(tmpdir(), "cxl-files-")));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const built = (...argv: readonly string[]) => spawnSync(process.execPath, [main, ...argv], { cwd: folder, encoding: "utf8", timeout: 60_000 });
const command = (...argv: readonly string[]): Promise<CommandEnded> => commandIn(folder, ...argv);

function write(name: string, text: string): string {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
  return name;
}

const machine = "machine: { hostBridges: [{ rootPorts: [{ name: rp0, device: { volatile: 256MiB } }] }] }\n";

describe("init", () => {
  it("its scenario runs, passes and lints without a warning", () => {
    expect(lintScenario("scenario.yaml", starter, {})).toEqual([]);
    const { result } = runText("scenario.yaml", starter);
    expect([result.status, result.expectations.length, result.faults.map(({ fired }) => fired)]).toEqual(["pass", 3, [true]]);
  });

  it("writes scenario and schema, and nothing over what is there", async () => {
    const made = built("init", "new/first.yaml");
    expect([made.status, made.stdout]).toEqual([0, "new/scenario-1.schema.json\nnew/first.yaml\n"]);
    expect(readFileSync(join(folder, "new/first.yaml"), "utf8")).toBe(modeline("./scenario-1.schema.json") + starter);
    expect(readFileSync(join(folder, "new/scenario-1.schema.json"), "utf8")).toBe(schemaText());
    writeFileSync(join(folder, "new/first.yaml"), "mine");
    const again = await command("init", "new/first.yaml");
    expect([again.status, again.stdout, again.stderr]).toEqual([2, "", "cxl-sandbox: new/first.yaml is there already; name another file, or overwrite it with --force\n"]);
    expect(readFileSync(join(folder, "new/first.yaml"), "utf8")).toBe("mine");
    expect((await command("init", "new/first.yaml", "--force")).status).toBe(0);
    expect(readFileSync(join(folder, "new/first.yaml"), "utf8")).not.toBe("mine");
  });

  it("leads to the schema of an installed package in this folder or above", async () => {
    write("project/node_modules/cxl-sandbox/scenarios/scenario-1.schema.json", "{}");
    expect((await command("init", "project/tests/cxl/a.yaml")).stdout).toBe("project/tests/cxl/a.yaml\n");
    expect(readFileSync(join(folder, "project/tests/cxl/a.yaml"), "utf8")).toBe(modeline("../../node_modules/cxl-sandbox/scenarios/scenario-1.schema.json") + starter);
  });
});

describe("schema", () => {
  it("prints the JSON Schema of version 1, and knows no other", async () => {
    expect(built("schema")).toMatchObject({ status: 0, stdout: schemaText(), stderr: "" });
    expect(await command("schema", "--version", "2")).toMatchObject({ status: 2, stdout: "", stderr: expect.stringContaining('--version "2" is none that this cxl-sandbox knows: 1') as string });
  });
});

describe("lint", () => {
  it("ends 0 with warnings, 1 with --strict, 2 with errors; findings go to standard output", async () => {
    const file = write("lint/warns.yaml", `version: 1\nname: x\n${machine}faults: [{ id: a, when: { at: 1ms }, do: { linkDown: rp0 } }]\n`);
    expect(await command("lint", file)).toMatchObject({ status: 0, stderr: "1 scenario: 0 errors, 1 warning\n", stdout: expect.stringMatching(/^lint\/warns\.yaml:4:9: warning: faults: nothing is expected .*\[no-expectation\]\n {2}4 \| faults:/) as string });
    expect((await command("lint", "--strict", "lint")).status).toBe(1);
    write("lint/bad.yaml", "version: 1\nname: x\nmachin: 1\n");
    expect(built("lint", "lint", "--reporter", "github")).toMatchObject({ status: 2, stderr: "2 scenarios: 2 errors, 1 warning\n", stdout: expect.stringMatching(/^::error file=lint\/bad\.yaml,line=/) as string });
    expect(await command("lint", "nowhere")).toMatchObject({ status: 2, stdout: "", stderr: "cxl-sandbox: nowhere: there is no such file or folder\n" });
  });
});

describe("files that include others", () => {
  const part = write("parts/machine.inc.yaml", machine);
  const whole = write("whole.yaml", "version: 1\nname: whole\ninclude: [parts/machine.inc.yaml, parts/steps.inc.yaml]\nfaults: [{ id: a, when: { at: 1ms }, do: { linkDown: rp0 } }]\nexpect: [{ outcome: unaffected }]\n");
  write("parts/steps.inc.yaml", "steps: [{ run: cat /sys/bus/cxl/devices/mem0/serial, stdout: '0x1' }]\n");

  it("run, verdict, compare, explain, shell and export-sysfs take them", async () => {
    expect(await command("run", whole, "--no-worker")).toMatchObject({ status: 0, stderr: "\n1 pass\n" });
    expect(await command("run", whole)).toMatchObject({ status: 0, stderr: "\n1 pass\n" });
    expect((await command("verdict", whole, "--seed", "1", "--sensitivity", "0", "--jobs", "0")).status).toBe(0);
    expect((await command("compare", whole, "--vary", "kernel.preset=linux-7.2,ROADMAP-B", "--jobs", "0")).status).toBe(0);
    expect((await command("explain", whole)).status).toBe(0);
    expect(await command("shell", whole, "--command", "cat /sys/bus/cxl/devices/mem0/serial")).toMatchObject({ status: 0, stdout: "0x1\n" });
    expect(await command("export-sysfs", whole, "--list")).toMatchObject({ status: 0 });
  });

  it("a folder's search passes over parts; named, a part is a file without a version", async () => {
    expect(readSources([folder]).map(({ file }) => file)).not.toContain(join(folder, part));
    expect(readSources([join(folder, whole)])[0]?.includes).toEqual({ "parts/machine.inc.yaml": machine, "parts/steps.inc.yaml": expect.any(String) as string });
    expect(await command("run", part)).toMatchObject({ status: 2, stdout: "", stderr: expect.stringContaining("parts/machine.inc.yaml:1:1: version: is missing") as string });
  });

  it("links that lead out of the folder, circles of links, folders and files that are not there are refused at their line", () => {
    const refused = (include: string): string => {
      const file = join(folder, write("refused/s.yaml", `version: 1\nname: x\ninclude: ${include}\n${machine}`));
      try {
        readSources([file]);
      } catch (error) {
        if (error instanceof ScenarioFileError) return error.message.replace(`${file}:`, "");
        throw error;
      }
      return "";
    };
    write("refused/folder.yaml/x", "");
    symlinkSync(join(folder, "whole.yaml"), join(folder, "refused/out.yaml"));
    symlinkSync("loop.yaml", join(folder, "refused/loop.yaml"));
    symlinkSync(join(folder, "parts"), join(folder, "refused/aside"));
    write("refused/in.yaml", "limits: { steps: 5 }\n");
    symlinkSync("in.yaml", join(folder, "refused/link.yaml"));
    expect(refused("out.yaml")).toBe('3:10: include: "out.yaml" is a link that leads out of the scenario\'s folder; put the file itself there');
    expect(refused("aside/machine.inc.yaml")).toMatch(/is a link that leads out/);
    expect(refused("loop.yaml")).toMatch(/^3:10: include: "loop\.yaml": its links lead in a circle$/);
    expect(refused("folder.yaml")).toBe('3:10: include: "folder.yaml" is no file');
    expect(refused("[in.yaml, gone.yaml]")).toBe('3:20: include.1: "gone.yaml": there is no such file');
    write("refused/huge.yaml", "#".repeat(1 << 21));
    expect(refused("huge.yaml")).toMatch(/"huge\.yaml" has 2097152 bytes/);
    expect(refused("link.yaml")).toBe("");
  });

  it("every command shows a problem the same way, with its line and a caret", async () => {
    const bad = write("bad.yaml", `version: 1\nname: x\n${machine}kernel: { preset: linux-7.3 }\n`);
    const text = `bad.yaml:4:19: kernel.preset: no preset "linux-7.3"; did you mean "linux-7.2"?\n  4 | kernel: { preset: linux-7.3 }\n    |                   ^\n`;
    for (const argv of [["run", bad], ["verdict", bad], ["compare", bad, "--vary", "seed=1"], ["explain", bad], ["shell", bad], ["export-sysfs", bad, "--list"]]) expect([argv[0], await command(...argv)]).toMatchObject([argv[0], { status: 2, stdout: "", stderr: text }]);
    expect(await command("lint", bad)).toMatchObject({ status: 2, stdout: text });
  });
});
