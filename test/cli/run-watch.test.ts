// --watch as a user has it: files change, break, go and come back, and it goes on until it is told to end.

import { spawn } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { parseRun } from "../../src/cli/run/arguments.ts";
import { changedFiles, scan } from "../../src/cli/watch-scan.ts";
import { runFolder, shortScenario } from "../support/runs.ts";

const folder = runFolder();
afterAll(folder.remove);
const command = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));

describe("what a watched run looks at", () => {
  it("is the scenario, its golden and its drivers: a change of one of them names the scenarios that depend on it", () => {
    const [a = "", b = ""] = ["a", "b"].map((name) => folder.write(`scan/${name}.yaml`, shortScenario(name)));
    folder.write("scan/c.yaml", `${shortScenario("c")}driver: ./c.js\n`);
    folder.write("scan/c.js", "export default 1;\n");
    const options = parseRun([join(folder.path, "scan"), "--allow-driver"]);
    const names = (change: () => void): string[] => {
      const before = scan(options);
      change();
      return changedFiles(before, scan(options)).map((file) => file.slice(-6, -5));
    };
    expect(names(() => undefined)).toEqual([]);
    expect(names(() => writeFileSync(b, shortScenario("b", "panic")))).toEqual(["b"]);
    expect(names(() => folder.write("scan/a.golden", "new"))).toEqual(["a"]);
    expect(names(() => folder.write("scan/c.js", "export default 2;\n"))).toEqual(["c"]);
    expect(names(() => folder.write("scan/deeper/d.yaml", "broken: ["))).toEqual(["d"]);
    expect(names(() => rmSync(a))).toEqual([]);
    rmSync(join(folder.path, "scan"), { recursive: true });
    expect(scan(options).problems).toEqual([expect.stringContaining("there is no such file or folder")]);
  });
});

describe("cxl-sandbox run --watch", () => {
  it("runs again what has changed, says what is wrong with a file and goes on, takes a file's end without a word, and ends with 130", async () => {
    const a = folder.write("watch/a.yaml", shortScenario("first"));
    folder.write("watch/b.yaml", shortScenario("second"));
    const child = spawn(process.execPath, [command, "run", join(folder.path, "watch"), "--watch", "--no-worker"], { stdio: ["ignore", "pipe", "pipe"] });
    let seen = "";
    const hear = (chunk: Buffer): void => void (seen += String(chunk));
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    /** What comes after a change until all that is waited for is there, on one stream or the other. */
    const shown = async (awaited: readonly string[], change: () => void): Promise<string> => {
      seen = "";
      change();
      while (!awaited.every((text) => seen.includes(text)) && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 10));
      return seen;
    };
    expect(await shown(["first", "second", "2 pass", "watching 2 files; q ends, a runs all\n"], () => undefined)).not.toContain("unknown");
    expect(await shown(["changed", "1 fail", "watching 2 files"], () => writeFileSync(a, shortScenario("changed", "panic")))).not.toContain("second");
    expect(await shown(["nmae", "watching 2 files"], () => writeFileSync(a, "version: 1\nnmae: x\n"))).toContain('unknown key "nmae"');
    expect(await shown(["mended", "1 pass", "watching 2 files"], () => writeFileSync(a, shortScenario("mended")))).not.toContain("second");
    expect(await shown(["watching"], () => rmSync(a))).toBe("watching 1 file; q ends, a runs all\n");
    expect(await shown(["new one", "1 pass", "watching 2 files"], () => folder.write("watch/new.yaml", shortScenario("new one")))).not.toContain("second");
    expect(seen).not.toContain("\u001b");
    child.kill("SIGINT");
    expect(await ended).toBe(130);
  });
});
