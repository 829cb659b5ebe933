// import as a user runs it, as built and in this process: a file that is written and proven, and what goes wrong.

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import type { CommandEnded } from "../support/command.ts";
import { commandIn } from "../support/command.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "cxl-sandbox-import-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const captures = "test/fixtures/captures/linux";
const listing = `${captures}/3-ok-nosr/s2-1-up.cxl-vvv.json`;

const built = (...argv: string[]) => spawnSync(process.execPath, [join(root, "dist/src/cli/main.js"), ...argv], { cwd: root, encoding: "utf8", timeout: 60_000 });
const run = (...argv: string[]): Promise<CommandEnded> => commandIn(root, ...argv);

describe("cxl-sandbox import", () => {
  const output = join(folder, "server.yaml");

  it("writes a scenario that passes, says what it assumed, and that the listing is the captured one", async () => {
    const { status, stdout, stderr } = built("import", "--cxl-list", listing, "--cedt", `${captures}/2b-two-way-ram/CEDT.bin`, "--iomem", `${captures}/3-ok-nosr/s2-1-up.iomem`, "--isolation", "--name", "server 12", "--output", output);
    expect([status, stdout]).toEqual([0, ""]);
    expect(stderr).toMatch(/^assumed \(region0\): decoded by firmware/m);
    expect(stderr).toMatch(/the twin's cxl list -vvv is the captured one\n$/);
    const text = readFileSync(output, "utf8");
    expect(text).toMatch(/^# yaml-language-server: .*scenario-1\.schema\.json\n# Imported from s2-1-up\.cxl-vvv\.json, CEDT\.bin, s2-1-up\.iomem/);
    expect(text.match(/isolation: \{ mem: true/g)).toHaveLength(2);
    expect(await run("run", output)).toMatchObject({ status: 0 });
  });

  it("touches no file that is there, unless --force", async () => {
    const before = readFileSync(output, "utf8");
    expect(await run("import", "--cxl-list", listing, "--output", output)).toMatchObject({ status: 2, stdout: "", stderr: `cxl-sandbox: ${output}: is there already; choose another name, or --force to put the new one in its place\n` });
    expect(readFileSync(output, "utf8")).toBe(before);
    expect(await run("import", "--cxl-list", listing, "--output", output, "--force", "--no-check")).toMatchObject({ status: 0, stdout: "" });
    expect(readFileSync(output, "utf8")).not.toBe(before);
  });

  it("says in one line what is wrong, with status 2", async () => {
    expect(await run("import")).toMatchObject({ status: 2, stderr: "cxl-sandbox: import needs --cxl-list FILE; take it with: cxl list -vvv > cxl.json; see cxl-sandbox --help\n" });
    expect((await run("import", "--cxl-list", "nowhere.json")).stderr).toMatch(/^cxl-sandbox: nowhere\.json: cannot be read \(ENOENT.*\)\n$/);
    expect(await run("import", "--cxl-list", listing, "--isolation", "rp0,rp9")).toMatchObject({ status: 2, stdout: "", stderr: "cxl-sandbox: --isolation: there is no root port rp9; the twin has rp0, rp1\n" });
    const broken = join(folder, "two\nname: lines.json");
    copyFileSync(join(root, listing), broken);
    expect((await run("import", "--cxl-list", broken, "--no-check")).stdout).toMatch(/\n# Imported from two\?name: lines\.json by /);
    const painted = join(folder, "painted.json");
    writeFileSync(painted, '[{"bus":"\\u001b[2Jroot0","provider":"ACPI.CXL","decoders:root0":[]}]');
    expect((await run("import", "--cxl-list", painted)).stderr).toMatch(/^cxl-sandbox: .*painted\.json: \?\[2Jroot0: is listed without its ports .*\n$/);
    expect((await run("import", "--help")).stdout).toContain("exit status: 0 done");
  });
});
