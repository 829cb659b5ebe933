// The commands about traces as a user runs them: replay, diff, trace, and run --schedule. The built ones once each, the rest in this process.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeTrace, encodeTrace } from "../../src/scenario/trace/file.ts";
import type { CommandEnded } from "../support/command.ts";
import { commandIn } from "../support/command.ts";
import { driverFolder } from "../support/driver-scenarios.ts";
import { fixture } from "../support/library.ts";
import { damageHeader } from "../support/trace-damage.ts";
import { createRandom } from "../../src/sim/random.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const command = join(root, "dist/src/cli/main.js");
const folder = mkdtempSync(join(tmpdir(), "cxl-sandbox-traces-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const built = (...argv: string[]) => spawnSync(process.execPath, [command, ...argv], { cwd: folder, encoding: "utf8", timeout: 60_000, maxBuffer: 1 << 26, env: { ...process.env, NO_COLOR: "1" } });
const run = (...argv: string[]): Promise<CommandEnded> => commandIn(folder, ...argv);

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Two cards, so that there are choices. */
const small = fixture("never-fires.yaml").replace("    - rootPorts:\n", "    - rootPorts:\n        - { name: rp1, device: { volatile: 256MiB } }\n");
const linked = small.replace("after: nobody says this", "at: 1ms").replace("outcome: unaffected", "log: isolated by link down, equals: 1");
const names = { small: "small.yaml", linked: "linked.yaml", driver: "driven.yaml" };
const traces = { small: "traces/small-seed1.trace", linked: "traces/linked-seed1.trace", driver: "traces/driven-seed1.trace" };

beforeAll(async () => {
  file(names.small, small);
  file(names.linked, linked);
  expect((await run("run", names.small, names.linked, "--trace", "on", "--no-worker")).stderr).not.toContain("internal error");
});

describe("cxl-sandbox replay", () => {
  it("proves a trace equal from what it holds itself: its scenario may be gone", async () => {
    const moved = file("moved.trace", readFileSync(join(folder, traces.linked)));
    const { status, stdout, stderr } = built("replay", moved);
    const { records, header: { traceDigest } } = decodeTrace(readFileSync(moved));
    expect([status, stdout, stderr]).toEqual([0, `equal: ${records.length / 8} records, digest ${traceDigest}\n`, ""]);
  });

  it("says where a trace and its replay part, and by what; exit 1", async () => {
    const trace = decodeTrace(readFileSync(join(folder, traces.linked)));
    const other = file("other.trace", encodeTrace({ ...trace, header: { ...trace.header, scenario: small } }));
    const { status, stdout } = await run("replay", other);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^hardware record \d+ at 4\d\.\d+ ms: - the trace, \+ its replay$/m);
    expect(stdout).toMatch(/^- rp0: probe 0 acts: linkDown, time 1, argument 0x0$/m);
    expect(stdout.trimEnd().split("\n").at(-1)).toMatch(/^different: .*hardware/);
    const { isEqual, divergences } = JSON.parse((await run("replay", other, "--json", "--layers", "log")).stdout) as { readonly isEqual: boolean; readonly divergences: readonly { readonly layer: string }[] };
    expect([isEqual, divergences.map(({ layer }) => layer)]).toEqual([false, ["log"]]);
  });

  it("of another release says which, and what is not compared; a scenario that is refused is exit 2", async () => {
    const trace = decodeTrace(readFileSync(join(folder, traces.small)));
    const header = { ...trace.header, tool: { version: "0.0.1", moduleHash: "ffffffffffffffff" } };
    const older = await run("replay", file("older.trace", encodeTrace({ ...trace, header })));
    expect([older.status, older.stdout]).toEqual([0, expect.stringMatching(/^equal: \d+ records of hardware, log, result, digest [0-9a-f]{16}\n$/)]);
    expect(older.stderr).toMatch(/older\.trace: it was made by cxl-sandbox 0\.0\.1, module ffffffffffffffff; this is \d+\.\d+\.\d+, module [0-9a-f]{16}; not compared: access, kernel \(--layers all compares them\)\n$/);
    const refused = await run("replay", file("refused.trace", encodeTrace({ ...trace, header: { ...header, scenario: small.replace("version: 1", "version: 1\nnew: thing") } })));
    expect([refused.status, refused.stdout]).toEqual([2, ""]);
    expect(refused.stderr).toMatch(/refused\.trace: this release refuses its scenario \(it was made by cxl-sandbox 0\.0\.1.*\)\n.*small\.yaml:2:/);
  });

  it("no trace, a damaged one and a folder are one line and exit 2", async () => {
    for (const path of [file("cut.trace", readFileSync(join(folder, traces.small)).subarray(0, 3000)), "."]) {
      const { status, stdout, stderr } = await run("replay", path);
      expect([status, stdout, stderr.trimEnd().split("\n").length]).toEqual([2, "", 1]);
      expect(stderr).toContain("cxl-sandbox: ");
    }
  });

  it("damaged headers end with an answer or one message, never with an internal error", async () => {
    const trace = decodeTrace(readFileSync(join(folder, traces.small)));
    for (let seed = 0; seed < 2; seed++) {
      const { status, stderr } = await run("replay", file(`damaged${seed}.trace`, encodeTrace({ ...trace, header: damageHeader(createRandom(seed, 5), trace.header) as typeof trace.header })));
      expect([seed, [0, 1, 2].includes(status ?? -1), stderr.includes("internal error")]).toEqual([seed, true, false]);
    }
  });

  it("a trace that was made with drivers is not replayed without leave, nor with another file", async () => {
    const own = driverFolder();
    try {
      own.scenario(names.driver, "{ file: ./good.js }");
      expect((await own.run("run", names.driver, "--trace", "on", "--allow-driver")).stderr).not.toContain("internal error");
      const alone = await own.run("replay", traces.driver);
      expect([alone.status, alone.stdout]).toEqual([2, ""]);
      expect(alone.stderr).toMatch(/driven-seed1\.trace: it was made with drivers, which are code: \.\/good\.js \(sha256 [0-9a-f]{16}\); say --allow-driver/);
      expect(await own.run("replay", traces.driver, "--allow-driver")).toMatchObject({ status: 0, stdout: expect.stringMatching(/^equal: \d+ records, digest/) });
      own.write("good.js", `${readFileSync(join(own.path, "good.js"), "utf8")}// changed\n`);
      const changed = await own.run("replay", traces.driver, "--allow-driver");
      expect([changed.status, changed.stderr]).toEqual([2, expect.stringMatching(/it was made with \.\/good\.js \(sha256 \w{16}\), and these are \.\/good\.js \(sha256 \w{16}\)/)]);
    } finally {
      own.remove();
    }
  });
});

describe("cxl-sandbox diff", () => {
  it("shows what two traces were made from and where each layer parts; the same for scenarios that it runs", async () => {
    const { status, stdout } = built("diff", traces.small, traces.linked, "--layer", "log,hardware");
    expect(status).toBe(1);
    expect(stdout).toContain("  file: small.yaml and linked.yaml\n");
    expect(stdout).toContain("    -  - { id: waits, when: { after: nobody says this }, do: { linkDown: rp0 } }\n    +  - { id: waits, when: { at: 1ms }, do: { linkDown: rp0 } }\n");
    expect(stdout).toMatch(/^hardware record \d+ at .*: - traces\/small-seed1\.trace, \+ traces\/linked-seed1\.trace$/m);
    expect(stdout).toMatch(/^\+ rp0: probe 0 acts: linkDown/m);
    expect((await run("diff", names.small, names.linked, "--layer", "log,hardware")).stdout).toBe(stdout.replaceAll(traces.small, names.small).replaceAll(traces.linked, names.linked));
  });

  it("equal records are exit 0, whatever they were made from", async () => {
    const { status, stdout } = await run("diff", traces.small, names.small, "--times", "--seed", "9");
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^made from\n {2}seed: 1 and 9\nequal: \d+ records of access, hardware, kernel, log, result\n$/)]);
    expect(built("diff", traces.small).status).toBe(2);
    expect((await run("diff", traces.small, traces.small, "--layer", "logs")).stderr).toContain('--layer is access, hardware, kernel, log, result, not "logs"');
  });
});

describe("cxl-sandbox trace", () => {
  it("cat shows the records that are asked for, as lines or as JSON", async () => {
    const all = (await run("trace", "cat", traces.linked)).stdout.trimEnd().split("\n");
    expect(all).toHaveLength(decodeTrace(readFileSync(join(folder, traces.linked))).records.length / 8);
    const links = (await run("trace", "cat", traces.linked, "--kind", "link", "--part", "rp0")).stdout.trimEnd().split("\n");
    expect(links).toEqual(all.filter((line) => line.includes("] hardware rp0: link ")));
    const late = (await run("trace", "cat", traces.linked, "--from", "41ms", "--to", "42ms", "--layer", "log,kernel", "--json")).stdout.trimEnd().split("\n").map((line) => JSON.parse(line) as { readonly atNs: number; readonly layer: string });
    expect(late.length).toBeGreaterThan(0);
    expect(late.every(({ atNs, layer }) => atNs >= 41e6 && atNs <= 42e6 && (layer === "log" || layer === "kernel"))).toBe(true);
  });

  it("grep finds, with surroundings; nothing found is exit 1, no expression is exit 2, and a hostile one ends", async () => {
    const all = (await run("trace", "cat", traces.linked)).stdout.trimEnd().split("\n");
    const at = all.findIndex((line) => /hardware rp0: isolation of CXL\.mem by link down/.test(line));
    const { status, stdout } = await run("trace", "grep", "-C", "2", "hardware rp0: isolation of .* by link", traces.linked);
    expect([status, stdout.trimEnd().split("\n")]).toEqual([0, all.slice(at - 2, at + 3)]);
    expect((await run("trace", "grep", "-ci", "ISOLATION OF cxl", traces.linked)).stdout).toBe("1\n");
    expect(await run("trace", "grep", "no such words", traces.linked)).toMatchObject({ status: 1, stdout: "" });
    expect(await run("trace", "grep", "(", traces.linked)).toMatchObject({ status: 2, stdout: "" });
    expect((await run("trace", "grep", "-c", "(((a*)*)*)*b{3}zz", traces.linked)).status).toBe(1);
  });

  it("stats counts, and names the registers that were touched most", async () => {
    const stats = JSON.parse((await run("trace", "stats", traces.linked, "--json", "--registers", "3")).stdout) as { readonly records: number; readonly layers: Record<string, { readonly records: number; readonly kinds: Record<string, number> }>; readonly registers: readonly { readonly part: string; readonly register: string; readonly reads: number }[] };
    expect(Object.values(stats.layers).reduce((sum, { records }) => sum + records, 0)).toBe(stats.records);
    expect(stats.layers["hardware"]?.kinds["isolation"]).toBe(1);
    expect(stats.registers).toHaveLength(3);
    const { part, register, reads } = stats.registers[0] ?? { part: "", register: "", reads: 0 };
    expect((await run("trace", "grep", "-c", `access (config|mmio) read ${part} ${register.replaceAll(/[[\]]/g, "\\$&")}( |$)`, traces.linked)).stdout).toBe(`${reads}\n`);
    expect((await run("trace", "stats", traces.linked)).stdout).toContain(`${stats.records} records, `);
  });

  it("names what it does not know, with what may be meant", async () => {
    expect((await run("trace", "cat", traces.small, "--part", "rp9")).stderr).toContain('--part "rp9" is no part of the trace\'s machine (did you mean "rp');
    expect((await run("trace", "cat", traces.small, "--kind", "linc")).stderr).toContain('did you mean "link"?');
    expect((await run("trace", "show", traces.small)).stderr).toContain('trace has cat, stats and grep, not "show"');
    expect((await run("trace", "cat", traces.small, "--from", "soon")).status).toBe(2);
  });

  it("a pipe that is closed early is no error", async () => {
    const { status, stdout, stderr } = spawnSync("sh", ["-c", `"${process.execPath}" "${command}" trace cat ${traces.linked} | head -n 1; "${process.execPath}" "${command}" trace cat ${traces.linked} > out.txt; echo $?`], { cwd: folder, encoding: "utf8" });
    expect([status, stdout.trimEnd().split("\n").at(-1), stderr]).toEqual([0, "0", ""]);
  });
});

describe("cxl-sandbox run --schedule FILE", () => {
  it("makes the choices of a trace or of a list again, and the report says how to repeat it", async () => {
    const { header: { choices } } = decodeTrace(readFileSync(join(folder, traces.small)));
    for (const path of [traces.small, file("choices.json", JSON.stringify(choices)), file("choices.txt", `# of small.yaml\n${choices.join(" ")}\n`)]) {
      const { scenarios: [result] } = JSON.parse((await run("run", names.small, "--no-worker", "--reporter", "json", "--schedule", path)).stdout) as { readonly scenarios: readonly { readonly schedule: string; readonly reproduce: string; readonly traceDigest: string }[] };
      expect(result).toMatchObject({ schedule: "recorded", reproduce: `cxl-sandbox run small.yaml --seed 1 --schedule ${path}`, traceDigest: decodeTrace(readFileSync(join(folder, traces.small))).header.traceDigest });
    }
  });

  it("one that does not fit is an invalid run, one that is none is exit 2 with its line", async () => {
    const misfit = await run("run", names.small, "--no-worker", "--schedule", file("misfit.txt", "0 0 77"));
    expect([misfit.status, misfit.stdout + misfit.stderr]).toEqual([3, expect.stringContaining("the recorded schedule does not fit: choice 2 (from 0) is task 77")]);
    expect(await run("run", names.small, "--schedule", file("none.txt", "0\n1\nseven\n"))).toMatchObject({ status: 2, stderr: expect.stringContaining('none.txt:3: "seven" is no choice') });
    expect((await run("run", names.small, "--schedule", "sometimes")).stderr).toContain("--schedule sometimes: there is no such file (and no such kind: fixed and seeded are)");
  });
});
