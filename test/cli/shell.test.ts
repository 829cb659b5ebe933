// The built prompt as a user runs it, without a terminal: where lines come from, exit statuses, what is recorded.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { historyFile, readHistory, writeHistory } from "../../src/cli/history.ts";
import { commandIn } from "../support/command.ts";
import { twoCards } from "../support/session.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const command = join(root, "dist/src/cli/main.js");
const folder = mkdtempSync(join(tmpdir(), "cxl-sandbox-shell-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}
const cards = file("cards.yaml", twoCards());
const shell = (argv: readonly string[], input: string | Buffer = "") => spawnSync(process.execPath, [command, "shell", ...argv], { cwd: root, input, maxBuffer: 1 << 24, timeout: 60_000, env: { ...process.env, XDG_STATE_HOME: folder } });
const run = (argv: readonly string[], input: string | Buffer = ""): readonly [number | null, string, string] => {
  const { status, stdout, stderr } = shell(argv, input);
  return [status, stdout.toString(), stderr.toString()];
};
/** The same in this process: its lines are not of standard input. */
async function here(...argv: readonly string[]): Promise<readonly [number, string, string]> {
  const { status, stdout, stderr } = await commandIn(root, "shell", ...argv);
  return [status, stdout, stderr];
}

describe("cxl-sandbox shell", () => {
  it("takes lines from standard input, from -c and from a file; its exit status is that of the last command", async () => {
    expect(run([cards], "echo a\necho b; false\n")).toEqual([1, "a\nb\n", ""]);
    expect(run([cards], "echo no line end")).toEqual([0, "no line end\n", ""]);
    expect(run([cards], "")).toEqual([0, "", ""]);
    expect(run([cards, "-c", "echo ${mem:rp1} && nothing"])).toEqual([127, "mem1\n", "nothing: command not found\n"]);
    expect(await here(cards, "--file", file("lines", "cd /sys\npwd\nexit 9\necho not reached\n"))).toEqual([9, "/sys\n", ""]);
  });

  it("bytes go through as they are, from standard input and back", async () => {
    const bytes = Buffer.from([0x65, 0x63, 0x68, 0x6f, 0x20, 0xff, 0x00, 0x80, 0xc3, 0xbc, 0x0a]);
    expect([...shell([cards], bytes).stdout]).toEqual([0xff, 0x80, 0xc3, 0xbc, 0x0a]);
    expect(await here(cards, "-c", "echo ü")).toEqual([0, "ü\n", ""]);
    expect([...shell([cards, "-c", "echo -n -e '\\x00\\xff'"]).stdout]).toEqual([0, 255]);
  });

  it("a line of a mebibyte on standard input is a line", () => {
    const [status, out] = run([cards], `echo ${"x".repeat(1 << 20)}\necho $?\n`);
    expect([status, out.length]).toEqual([0, (1 << 20) + 1 + 2]);
  });

  it("--at says where it begins; what never comes is exit 3, and end is none", async () => {
    expect((await here(cards, "--at", "5ms", "-c", "settle"))[2]).toBe("5.00 ms after ready\n");
    expect((await here(cards, "--at", "boot", "-c", "cxl list -M -m mem0"))[1]).toContain("mem0");
    expect(run([cards, "--at", "no such words"])).toEqual([3, "", expect.stringContaining("never came to where the prompt begins")]);
    expect(await here(cards, "--at", "end")).toEqual([2, "", expect.stringContaining("--at end leaves nothing")]);
    expect(await here(file("fails.yaml", twoCards("steps: [{ run: \"false\" }]\n")), "-c", "true")).toEqual([3, "", expect.stringContaining('step 1 "false" ended 1, not 0')]);
  });

  it("what waits for nothing is interrupted, so that a script ends", () => {
    expect(run([cards], "dmesg -w | cat\necho $?\n")).toEqual([0, "130\n", ""]);
    expect(run([cards], "dmesg -W\n")).toEqual([130, "", ""]);
  });

  it("wrong use and bad files are exit 2 with one message", async () => {
    for (const [argv, said] of [
      [[], "shell needs one scenario file"], [[cards, cards], "shell needs one scenario file"], [["/nothing.yaml"], "/nothing.yaml: there is no such file or folder"], [["scenarios"], "scenarios holds"], [[cards, "--seed", "x"], '--seed "x" is no seed'],
      [[cards, "-c", "a", "--file", "b"], "exclude each other"], [[cards, "--file", "/nothing"], "/nothing: cannot be read"], [[cards, "--record", "/nothing/x.cast"], "/nothing/x.cast: cannot be written"], [[file("bad.yaml", "version: 1\n")], "bad.yaml:1:1:"], [[cards, "--colour"], "--colour"],
    ] as const) expect([argv, await here(...argv)]).toEqual([argv, [2, expect.stringMatching(/^[^]{0,0}$/), expect.stringContaining(said)]]);
    expect((await here("--help"))[1]).toContain("exit status");
  });

  it("--record writes the same asciicast for the same session", () => {
    const [one, two] = [join(folder, "one.cast"), join(folder, "two.cast")];
    const lines = "inject linkDown: rp0\nadvance 2s\necho ü\n";
    run([cards, "--record", one], lines);
    run([cards, "--record", two], lines);
    const text = readFileSync(one, "utf8");
    expect(readFileSync(two, "utf8")).toBe(text);
    const [header, ...events] = text.trimEnd().split("\n").map((line) => JSON.parse(line) as unknown);
    expect(header).toEqual({ version: 2, width: 120, height: 40, title: "two cards" });
    const times = (events as [number, string, string][]).map(([time, kind]) => (kind === "o" ? time : -1));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times.at(-1)).toBeGreaterThan(2);
    expect((events as [number, string, string][]).map(([, , shown]) => shown).join("")).toMatch(/^root@cxl-sandbox:\/# inject linkDown: rp0\r\ninject-1: fired once.*echo ü\r\nü\r\n$/s);
  });

  it("a signal from outside interrupts the command and ends the script", async () => {
    const child = spawn(process.execPath, [command, "shell", cards], { cwd: root, stdio: ["pipe", "pipe", "ignore"] });
    const status = new Promise((resolve) => void child.on("exit", resolve));
    // The input stays open: without the signal there would be no end.
    child.stdin.write("echo ready\n");
    await new Promise((resolve) => void child.stdout.once("data", resolve));
    child.kill("SIGINT");
    expect(await status).toBe(130);
  });
});

describe("history", () => {
  it("is kept newest last, bounded, without what is empty or too long; nothing that goes wrong with it is an error", () => {
    const environment = { XDG_STATE_HOME: join(folder, "state") };
    const path = historyFile(environment);
    expect(path).toBe(join(folder, "state", "cxl-sandbox", "history"));
    expect(historyFile({})).toMatch(/\.cxl_sandbox_history$/);
    expect(readHistory(path)).toEqual([]);
    writeHistory(path, ["newest", "", "x".repeat(5000), "  ", "oldest"]);
    expect(readFileSync(path, "utf8")).toBe("oldest\nnewest\n");
    expect(readHistory(path)).toEqual(["newest", "oldest"]);
    writeHistory(path, Array.from({ length: 3000 }, (_, index) => `line ${index}`));
    expect([readHistory(path).length, readHistory(path)[0]]).toEqual([1000, "line 0"]);
    mkdirSync(join(folder, "taken"));
    writeHistory(join(folder, "taken"), ["a"]);
    expect([readHistory(join(folder, "taken")), existsSync(join(folder, "taken"))]).toEqual([[], true]);
  });
});
