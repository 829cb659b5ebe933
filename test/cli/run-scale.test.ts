// Many runs: several at a time, some that do not come to their end, shards that are merged.

import { mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseRun } from "../../src/cli/run/arguments.ts";
import { listText, loadEngine, prepare } from "../../src/cli/run/prepare.ts";
import { runSession } from "../../src/cli/run/session.ts";
import { startWorker } from "../../workers/client.ts";
import { ScenarioPool } from "../../workers/scenario-pool.ts";
import { mergeHere, resultOf, runFolder, runHere, shortScenario } from "../support/runs.ts";

const folder = runFolder();
afterAll(folder.remove);
const bundled = ["a-link-down", "b-timeout", "d-kernel-page", "e-pinned", "g-nobody-handles"].map((name) => fileURLToPath(new URL(`../../scenarios/isolation/${name}.yaml`, import.meta.url)));
const troubled = new URL("../support/troubled-worker.mjs", import.meta.url);

/** Results of files with a pool of workers in which some runs end in trouble. */
async function runTroubled(names: readonly string[], hangTimeout: number): Promise<string[]> {
  const files = names.map((name) => folder.write(`${name}.yaml`, shortScenario(name)));
  const engine = await loadEngine();
  const options = parseRun([...files, "--jobs", "2"]);
  const pool = new ScenarioPool(() => startWorker(troubled, undefined, { maxOldGenerationSizeMb: 64 }), hangTimeout);
  try {
    const results = await runSession({ options, engine, pool, prepared: prepare(options, engine.tool), drivers: new Map(), signal: new AbortController().signal, known: new Map(), onDone: () => undefined, onProgress: () => undefined });
    return [...results.values()].map(({ name, status, reason }) => `${name}: ${status}${reason === null ? "" : `, ${reason}`}`);
  } finally {
    await pool.close();
  }
}

const namesOf = (lines: readonly string[]): string[] => lines.map((line) => line.split(":")[0] ?? "");

describe("runs at a time", () => {
  it("give the same report byte for byte, however many there are, in workers or in this thread", async () => {
    const here = await runHere(folder, ...bundled, "--no-worker");
    expect([here.status, here.stderr.split("\n").slice(1), resultOf(here).scenarios.length]).toEqual([0, ["5 pass", ""], 5]);
    for (const jobs of ["1", "3"]) expect(await runHere(folder, ...bundled, "--jobs", jobs)).toEqual(here);
  });

  it("a worker that dies, hangs or throws is its run's error, and the others go on", async () => {
    const expected = [
      "first: pass", "dies: error, the worker died: exit code 3", "second: pass", "hangs: error, no progress for 3 s, so its worker was ended (--hang-timeout)", "throws: error, internal error: a table is full",
      "third: pass",
    ];
    expect(await runTroubled(namesOf(expected), 3000)).toEqual(expected);
  });

  it("a worker whose memory is full is its run's error, and the others go on", async () => {
    const expected = ["fills: error, the worker died: Worker terminated due to reaching memory limit: JS heap out of memory", "first: pass"];
    expect(await runTroubled(namesOf(expected), 600_000)).toEqual(expected);
  });

  it("--bail ends the report at the first that does not pass, --bail=2 at the second, whatever ran beside it", async () => {
    const files = ["a", "b", "c", "d", "e"].map((name) => folder.write(`bail/${name}.yaml`, shortScenario(name, name === "b" || name === "d" ? "panic" : "unaffected")));
    const names = async (...argv: string[]): Promise<string> => resultOf(await runHere(folder, ...files, ...argv)).scenarios.map(({ name }) => name).join("");
    expect([await names("--no-worker", "--bail"), await names("--no-worker", "--bail=2"), await names("--no-worker", "--bail=3")]).toEqual(["ab", "abcd", "abcde"]);
    expect(await names("--jobs", "3", "--bail")).toBe("ab");
  });
});

describe("reporters", () => {
  const file = folder.write("reporters/one.yaml", shortScenario("one"));

  it("may be several, each into its file, in folders that are made", async () => {
    const [json, console] = [join(folder.path, "made/deep/one.json"), join(folder.path, "made/one.txt")];
    const { status, text } = await runHere(folder, file, "--no-worker", "--reporter", `json=${json}`, "--reporter", `console=${console}`);
    expect([status, readFileSync(json, "utf8")]).toEqual([0, text]);
    expect(readFileSync(console, "utf8")).toContain("pass");
  });

  it("that are files alone are named on standard error, with how many runs ended how", async () => {
    const html = join(folder.path, "reporters/one.html");
    const failing = folder.write("reporters/failing.yaml", shortScenario("failing", "panic"));
    const { status, stderr } = await runHere(folder, file, failing, "--no-worker", "--reporter", `html=${html}`);
    expect([status, stderr]).toEqual([1, `wrote ${html}\nwrote ${join(folder.path, "report.json")}\n1 pass, 1 fail\n`]);
  });

  it("a golden that cannot be written costs exit 5 and a line", async () => {
    const scenario = folder.write("blocked/one.yaml", shortScenario("one"));
    mkdirSync(join(folder.path, "blocked/one.golden"));
    const { status, stderr } = await runHere(folder, scenario, "--no-worker", "--update");
    expect([status, stderr.split("\n").filter((line) => line.startsWith("cxl-sandbox: "))]).toEqual([5, [expect.stringMatching(/one\.golden: not written: .*cannot be /)]]);
  });

  it("one that cannot be written costs exit 5 and a line, and the others are written", async () => {
    const blocked = join(file, "below-a-file.json");
    const { status, text, stderr } = await runHere(folder, file, "--no-worker", "--reporter", `json=${blocked}`);
    expect([status, stderr.trim().split("\n").filter((line) => line.startsWith("cxl-sandbox: ")).length]).toEqual([5, 1]);
    expect(stderr).toContain(`cannot write ${blocked}`);
    expect(text).toContain('"version": 1');
  });

  it("two on standard output, two into one file, and unknown ones are wrong usage, each with its remedy", () => {
    const wrong: readonly (readonly [readonly string[], RegExp])[] = [
      [["console", "json"], /console and json both write to standard output; give all but one a file, as --reporter json=FILE/],
      [["json=-", "console"], /both write to standard output/],
      [["json=x", "console=./x"], /two reports cannot go to .*x;/],
      [["jsn"], /there is no reporter "jsn" \(did you mean "json"/],
      [["json="], /--reporter json= names no file/],
    ];
    for (const [values, message] of wrong) expect(() => parseRun(["a", ...values.flatMap((value) => ["--reporter", value])])).toThrow(message);
  });
});

describe("shards", () => {
  const files = ["a", "b", "c", "d", "e"].map((name) => folder.write(`shards/${name}.yaml`, shortScenario(name, name === "c" ? "panic" : "unaffected")));
  const shardHere = (index: number, ...more: string[]): Promise<unknown> => runHere(folder, ...files, "--no-worker", "--seeds", "1..2", "--shard", `${index}/3`, "--journal", folder.write(`journal${index}`, ""), ...more);
  const journals = [1, 2, 3].map((index) => join(folder.path, `journal${index}`));

  it("merged in any order give the report and the exit status of the whole run, byte for byte", async () => {
    const whole = await runHere(folder, ...files, "--no-worker", "--seeds", "1..2");
    expect([whole.status, resultOf(whole).scenarios.length]).toEqual([1, 10]);
    for (const index of [1, 2, 3]) await shardHere(index);
    expect(await mergeHere(folder, ...journals)).toEqual(whole);
    expect(await mergeHere(folder, ...journals.toReversed())).toEqual(whole);
  });

  it("that are missing or unfinished are named, and nothing is reported unless --allow-missing says so", async () => {
    const [first = "", second = "", third = ""] = journals;
    const two = await mergeHere(folder, first, third);
    expect([two.status, two.text, two.stderr.split("\n")[0]]).toEqual([2, "", "cxl-sandbox: shard 2/3 is missing (3 runs)"]);
    const cut = folder.write("cut", readFileSync(second, "utf8").split("\n").slice(0, 2).join("\n"));
    const unfinished = await mergeHere(folder, first, cut, third);
    expect(unfinished.stderr).toMatch(/^cxl-sandbox: .*cut \(shard 2\/3\) lacks 3 of 3 runs, the first .*\.yaml, seed \d; go on with it: --resume\n/);
    const allowed = await mergeHere(folder, first, third, "--allow-missing");
    expect([allowed.stderr.split("\n")[0], resultOf(allowed).scenarios.length]).toEqual(["cxl-sandbox: shard 2/3 is missing (3 runs)", 7]);
  });

  it("without traces give no report of traces, and that is said", async () => {
    const { status, stderr } = await mergeHere(folder, ...journals, "--reporter", "perfetto", "--output", join(folder.path, "no-traces"));
    expect([status, stderr.match(/names no trace for \d runs of its own, and the report is without them/g)?.length]).toEqual([5, 3]);
  });

  it("that do not belong together are refused with what differs", async () => {
    const [first = "", second = ""] = journals;
    expect((await mergeHere(folder, first, first)).stderr).toContain("are both shard 1/3");
    expect((await mergeHere(folder, first, files[0] ?? "")).stderr).toContain("is no journal of cxl-sandbox run");
    const other = folder.write("other-journal", "");
    await runHere(folder, ...files, "--no-worker", "--seeds", "1..3", "--shard", "2/3", "--journal", other);
    expect((await mergeHere(folder, first, other)).stderr).toMatch(/do not belong together: seeds were 1\.\.2, are 1\.\.3\n$/);
    await runHere(folder, ...files, "--no-worker", "--seeds", "1..2", "--shard", "2/4", "--journal", folder.write("other-journal", ""));
    expect((await mergeHere(folder, first, other)).stderr).toMatch(/is shard 1\/3, and .* is shard 2\/4/);
    expect((await mergeHere(folder, first, second)).status).toBe(2);
  });

  it("are listed by --list, and nothing runs", async () => {
    const { tool } = await loadEngine();
    const listed = (...argv: string[]): string[] => listText(prepare(parseRun([...files, ...argv]), tool)).trim().split("\n");
    expect(listed()[2]).toBe(`${files[2]}  seed 1  c`);
    const shards = ["1/2", "2/2"].flatMap((shard) => listed("--shard", shard));
    expect(shards.toSorted()).toEqual(listed().toSorted());
  });
});
