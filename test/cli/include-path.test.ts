import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { headerText } from "../../tools/c-header.ts";
import { commandIn } from "../support/command.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const built = (...argv: string[]) => spawnSync(process.execPath, [join(root, "dist/src/cli/main.js"), "include-path", ...argv], { encoding: "utf8", timeout: 60_000 });

describe("cxl-sandbox include-path", () => {
  it("prints the folder of the header, which is what registers and interface give", async () => {
    const { status, stdout } = built();
    expect(status).toBe(0);
    expect(readFileSync(join(stdout.trimEnd(), "cxl_sandbox.h"), "utf8")).toBe(headerText());
  });

  it("takes no arguments, and its help names the exit statuses", async () => {
    expect(await commandIn(root, "include-path", "there")).toMatchObject({ status: 2, stdout: "", stderr: 'cxl-sandbox: include-path takes no arguments, not "there"; see cxl-sandbox --help\n' });
    expect((await commandIn(root, "include-path", "--help")).stdout).toContain("exit status: 0 printed");
  });
});
