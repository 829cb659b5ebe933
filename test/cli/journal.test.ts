// Results that are written as they come: what an interrupted run leaves is whole, and --resume ends where an undisturbed run ends.

import { spawn } from "node:child_process";
import { appendFileSync, existsSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readJournal } from "../../src/cli/run/journal.ts";
import { resultOf, runFolder, runHere, shortScenario } from "../support/runs.ts";
import type { Ended } from "../support/runs.ts";

const folder = runFolder();
afterAll(folder.remove);
const files = ["a", "b", "c", "d"].map((name) => folder.write(`${name}.yaml`, shortScenario(name, name === "b" ? "panic" : "unaffected")));
const journal = join(folder.path, "journal");
let undisturbed: Ended;
let whole: Buffer;
beforeAll(async () => {
  undisturbed = await runHere(folder, ...files, "--no-worker", "--journal", journal);
  whole = readFileSync(journal);
});
const resume = (...argv: string[]): Promise<Ended> => runHere(folder, ...files, "--no-worker", "--journal", journal, "--resume", ...argv);
const placesIn = (path: string): number[] => [...(readJournal(path)?.entries.keys() ?? [])];

describe("a journal", () => {
  it("has a line for each result; a line that is cut off anywhere is none, and what stands before it holds", () => {
    expect(placesIn(journal)).toEqual([0, 1, 2, 3]);
    const last = whole.lastIndexOf("\n", whole.length - 2) + 1;
    for (let end = last; end < whole.length; end += 37) expect(placesIn(folder.write("cut", whole.toString("utf8", 0, end)))).toEqual([0, 1, 2]);
    const first = whole.indexOf("\n");
    for (let end = 0; end <= first; end += 29) expect(readJournal(folder.write("cut", whole.toString("utf8", 0, end)))).toBeNull();
  });

  it("a damaged line counts as none, with those behind it", () => {
    const lines = whole.toString("utf8").split("\n");
    const damaged = lines.map((line, index) => (index === 2 ? line.replace('"status":"fail"', '"status":"pass"') : line)).join("\n");
    expect(damaged).not.toBe(whole.toString("utf8"));
    expect(placesIn(folder.write("damaged", damaged))).toEqual([0]);
  });

  it("continued gives what an undisturbed run gives, wherever it was cut, and is whole afterwards", async () => {
    const ends = [0, 40, whole.indexOf("\n") + 1, ...[0.4, 0.6, 0.9, 1].map((part) => Math.floor(whole.length * part))];
    for (const end of ends) {
      folder.write("journal", "");
      appendFileSync(journal, whole.subarray(0, end));
      expect(await resume()).toEqual(undisturbed);
      expect(placesIn(journal).toSorted()).toEqual([0, 1, 2, 3]);
    }
    expect([undisturbed.status, resultOf(undisturbed).summary]).toEqual([1, { pass: 3, fail: 1, invalid: 0, error: 0, limit: 0, driver: 0 }]);
  });

  it("continued with --bail ends where --bail ends", async () => {
    const bailed = await runHere(folder, ...files, "--no-worker", "--bail", "--journal", folder.write("bailed", ""));
    truncateSync(join(folder.path, "bailed"), readFileSync(join(folder.path, "bailed")).indexOf("\n") + 1);
    expect(await runHere(folder, ...files, "--no-worker", "--bail", "--journal", join(folder.path, "bailed"), "--resume")).toEqual(bailed);
    expect(resultOf(bailed).scenarios.map(({ name }) => name)).toEqual(["a", "b"]);
  });

  it("of another run is refused with what differs, and stays as it is", async () => {
    folder.write("journal", whole.toString("utf8"));
    const refused = async (message: RegExp, ...argv: string[]): Promise<void> => {
      const { status, text, stderr } = await resume(...argv);
      expect([status, text, stderr.trim().split("\n").length]).toEqual([2, "", 1]);
      expect(stderr).toMatch(message);
      expect(readFileSync(journal).equals(whole)).toBe(true);
    };
    await refused(/seeds were 1\.\.1, are 1\.\.2/, "--seeds", "1..2");
    await refused(/schedule was fixed, is seeded/, "--schedule", "seeded");
    await refused(/it is of the whole/, "--shard", "1/2");
    await refused(/more\.yaml is new/, folder.write("more.yaml", shortScenario("more")));
    folder.write("a.yaml", shortScenario("a changed"));
    await refused(/a\.yaml has changed/);
    folder.write("a.yaml", shortScenario("a"));
    const { status, stderr } = await runHere(folder, ...files, "--journal", journal);
    expect([status, stderr]).toEqual([2, `cxl-sandbox: the journal ${journal} exists; go on with it (--resume), or remove it\n`]);
    const precious = folder.write("precious.txt", "not ours\n");
    expect((await runHere(folder, ...files, "--journal", precious, "--resume")).stderr).toContain("precious.txt is no journal");
    expect(readFileSync(precious, "utf8")).toBe("not ours\n");
  });

  it("of a run that was killed with SIGKILL continues to the same report", async () => {
    const command = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));
    const killed = join(folder.path, "killed");
    const argv = [files[0] ?? "", "--seeds", "1..60"];
    const child = spawn(process.execPath, [command, "run", ...argv, "--jobs", "1", "--journal", killed], { stdio: "ignore" });
    const ended = new Promise<string | null>((resolve) => child.once("exit", (_code, signal) => resolve(signal)));
    const linesOf = (): number => (existsSync(killed) ? readFileSync(killed, "utf8").split("\n").length : 0);
    while (linesOf() < 10 && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill("SIGKILL");
    expect(await ended).toBe("SIGKILL");
    const before = placesIn(killed).length;
    expect(before).toBeGreaterThan(5);
    expect(before).toBeLessThan(60);
    const resumed = await runHere(folder, ...argv, "--no-worker", "--journal", killed, "--resume");
    expect(resumed).toEqual(await runHere(folder, ...argv, "--no-worker"));
    expect(resultOf(resumed).scenarios.length).toBe(60);
  });
});
