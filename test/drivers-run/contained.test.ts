// What a driver can do to the command that runs it: nothing. Each misbehaves in its own way in a run of its own, and the report says what it did.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { constants } from "../../src/drivers/wasm/abi.ts";
import type { DriverModule } from "../../src/platform/driver.ts";
import { createRun, loadModule, planScenario } from "../../src/sandbox.ts";
import type { DriverFailure, EndedResult, ScenarioResult } from "../../src/scenario/result.ts";
import { driverFolder } from "../support/driver-scenarios.ts";
import type { ModuleFunction } from "../support/wasm-builder.ts";
import { code, wasmOf } from "../support/wasm-builder.ts";

const folder = driverFolder();
afterAll(folder.remove);
const patience = 300_000;

const files = (names: readonly string[]): string[] => names.map((name) => folder.scenario(`${name}.yaml`, `./${name}.js`));
const byFile = (results: readonly (ScenarioResult | EndedResult)[]): Record<string, ScenarioResult | EndedResult> => Object.fromEntries(results.map((one) => [one.file.replace(".yaml", ""), one]));
const port = "0000:0c:00.0";

describe("a driver that misbehaves in a contained run", () => {
  it("and never returns from a hook is ended after --driver-time, and the run after it goes on", async () => {
    const { status, results } = await folder.json(...files(["hang-probe", "hang-interrupt", "good"]), "--allow-driver", "--driver-time", "1s");
    const { "hang-probe": probe, "hang-interrupt": interrupt, good } = byFile(results);
    expect(status).toBe(6);
    expect(results.map((one) => one.status)).toEqual(["driver", "driver", "pass"]);
    expect(probe?.driver).toMatchObject({ ending: "hook out of time", driver: "hang_probe", hook: "probe", device: port, services: 1, lastLog: `hang_probe ${port}: before the end` });
    expect(interrupt?.driver).toMatchObject({ ending: "hook out of time", driver: "hang_interrupt", hook: "interrupt", device: port, lastLog: "hang_interrupt: heard" });
    expect(interrupt?.driver?.atNs).toBeGreaterThan(probe?.driver?.atNs ?? Infinity);
    expect([interrupt?.outcome, interrupt?.metrics, interrupt?.digests]).toEqual([null, null, null]);
    expect([good?.outcome, good?.driver]).toEqual(["unaffected", undefined]);
  }, patience);

  it("and throws, fills heap or memory, ends its process, closes its channel or leaves errors behind is named with what it did", async () => {
    const expected: Readonly<Record<string, Partial<DriverFailure>>> = {
      "throw-interrupt": { ending: "threw", driver: "throw_interrupt", hook: "interrupt", device: port, message: expect.stringMatching(/^the status makes no sense \(.*throw-interrupt\.js:15:19\)$/) as string, services: 6 },
      recursion: { ending: "threw", hook: "interrupt", message: expect.stringContaining("RangeError: Maximum call stack size exceeded") as string },
      forgetful: { ending: "threw", driver: "forgetful", hook: "work later", message: expect.stringContaining("a missing yield*") as string },
      heap: { ending: "out of heap", driver: "heap", hook: "interrupt", device: port, lastLog: "heap: heard" },
      exit: { ending: "ended its process", driver: "exit", hook: "interrupt", message: "it called process.exit (status 0)" },
      rejection: { ending: "unhandled rejection", message: expect.stringMatching(/^nobody waits for this \(.*rejection\.js:15/) as string },
      later: { ending: "uncaught error", message: expect.stringContaining("out of the blue") as string },
      speechless: { ending: "threw", driver: "speechless", hook: "probe", message: "something that cannot be put into words" },
      "changes-itself": { ending: "could not be loaded", hook: "load", message: expect.stringMatching(/^the file was changed after it had been looked at: sha256 [0-9a-f]{16}, not [0-9a-f]{16}; run again$/) as string },
      disconnect: { ending: "closed its channel" },
      ...(process.platform === "linux" ? { buffers: { ending: "out of memory", driver: "buffers", hook: "interrupt" } } : {}),
    };
    const { status, results } = await folder.json(...files([...Object.keys(expected), "good"]), "--allow-driver", "--driver-time", "2min");
    const found = byFile(results);
    expect([status, found["good"]?.status]).toEqual([6, "pass"]);
    for (const [name, failure] of Object.entries(expected)) expect([name, found[name]?.status, found[name]?.driver]).toEqual([name, "driver", expect.objectContaining(failure)]);
  }, patience);

  it("and uses more services than it may is ended at the same place each time, whether it listens or not", async () => {
    const names = files(["steps", "forgiving", "stubborn"]);
    const once = async (): Promise<readonly (ScenarioResult | EndedResult)[]> => (await folder.json(...names, "--allow-driver", "--driver-steps", "20000", "--driver-time", "2min")).results;
    const first = await once();
    expect(first.map((one) => [one.status, one.driver?.ending, one.driver?.hook, one.driver?.services])).toEqual([
      ["driver", "out of steps", "interrupt", 20_001],
      ["driver", "out of steps", "interrupt", 20_001],
      ["driver", "out of steps", "interrupt", expect.any(Number)],
    ]);
    expect(await once()).toEqual(first);
    expect(first[0]?.traceDigest).toMatch(/^[0-9a-f]{16}$/);
  }, patience);

  it("and leaves a process behind that holds on to its output is not waited for", async () => {
    const { status, results } = await folder.json(...files(["leaves-process"]), "--allow-driver");
    folder.write("the-end", "");
    expect([status, results[0]?.status]).toEqual([0, "pass"]);
  }, patience);

  it("and says what would act on a terminal, or look like a line of the report, is passed on harmlessly", async () => {
    const { status, stderr } = await folder.run("run", ...files(["painter"]), "--allow-driver");
    expect(status).toBe(6);
    expect(stderr).toMatch(/\n {2}driver threw: \?\[31mred\n {4}\| pass {2}everything \(.*painter\.js:9:13\)\n/);
    expect(stderr).toContain("\n    it logged last: ?[2Jwiped\n    | second\n");
  }, patience);

  it("and starts work without end meets the limit of the run, which is nobody's internal error", async () => {
    folder.scenario("endless.yaml", "./works-for-ever.js\nlimits: { steps: 4000 }");
    const { status, results } = await folder.json("endless.yaml", "--allow-driver");
    expect([status, results[0]?.status, results[0]?.reason]).toEqual([4, "limit", "4000 steps (limits.steps)"]);
  }, patience);

  it("and posts what nobody asked for is not listened to; what it prints is passed on to standard error", async () => {
    const { status, stdout, stderr } = await folder.run("run", ...files(["garbage"]), "--allow-driver");
    expect([status, stderr]).toEqual([0, "garbage.yaml (seed 1) | printed by the driver\n\n1 pass\n"]);
    expect(stdout).not.toContain("printed");
  }, patience);
});

describe("a scenario with a driver and its golden", () => {
  it("are held together in its own process; a driver that says something else is named by the first line of the log that differs", async () => {
    const good = readFileSync(join(folder.path, "good.js"), "utf8");
    folder.write("talks.js", good);
    const scenario = folder.scenario("talks.yaml", "./talks.js");
    expect(await folder.run("run", scenario, "--allow-driver", "--update")).toMatchObject({ status: 0, stderr: expect.stringMatching(/^talks\.golden: new, \d+ lines\n/) as string });
    folder.write("talks.js", good.replace("armed, wish", "ready, wish"));
    const { status, results: [changed] } = await folder.json(scenario, "--allow-driver");
    expect([status, changed?.status, changed?.golden?.layers]).toEqual([1, "fail", ["log"]]);
    expect(changed?.golden?.divergences[0]).toMatchObject({ expected: expect.stringContaining(`good ${port}: armed`) as string, actual: expect.stringContaining(`good ${port}: ready`) as string });
  }, patience);
});

/** A WebAssembly driver for root ports whose probe has this body. */
function wasmFile(name: string, probe: readonly number[]): string {
  const table = 1024;
  const match = new Uint8Array(new Uint32Array([constants.kind["root-port"], 0, 0, 0, 0, 0, 0, 0, 0, 0]).buffer);
  const constant = (of: string, value: number): ModuleFunction => ({ name: of, result: "i32", body: code.i32(value) });
  writeFileSync(join(folder.path, `${name}.wasm`), wasmOf({ data: [[table, match]], functions: [constant("cxl_driver_abi", 1), constant("cxl_match", table), { name: "cxl_probe", parameters: ["i32"], result: "i32", body: probe }] }));
  return folder.scenario(`${name}.yaml`, `./${name}.wasm`);
}

describe("a driver that is a WebAssembly module", () => {
  it("runs contained as well; one that loops for ever is ended, one that traps has thrown", async () => {
    const loop = [0x03, 0x40, 0x0c, 0x00, 0x0b];
    const unreachable = [0x00];
    const wasms = [wasmFile("calm", code.i32(0)), wasmFile("endless", [...loop, ...code.i32(0)]), wasmFile("broken", unreachable)];
    const { status, results } = await folder.json(...wasms, "--allow-driver", "--driver-time", "1s");
    expect([status, results.map((one) => one.status)]).toEqual([6, ["pass", "driver", "driver"]]);
    expect(results[0]?.drivers?.[0]?.file).toBe("./calm.wasm");
    expect(results[1]?.driver).toMatchObject({ ending: "hook out of time", driver: "endless", hook: "probe", device: port });
    expect(results[2]?.driver).toMatchObject({ ending: "threw", driver: "broken", hook: "probe", device: port });
  }, patience);
});

describe("a driver that behaves", () => {
  it("runs once for each seed in a process of its own, in order, and its file's digest is in the result", async () => {
    const [file = ""] = files(["good"]);
    const { status, results } = await folder.json(file, "--allow-driver", "--seeds", "1..3", "--jobs", "2");
    expect([status, results.map((one) => one.seed)]).toEqual([0, [1, 2, 3]]);
    expect(new Set(results.map((one) => one.digests?.log)).size).toBe(1);
    expect(results[0]?.drivers).toEqual([{ file: "./good.js", digest: expect.stringMatching(/^[0-9a-f]{16}$/) as string }]);
    expect(results[2]?.reproduce).toBe("cxl-sandbox run good.yaml --seed 3 --schedule fixed --allow-driver");
  }, patience);

  it("comes to the same digests as in this process, where nobody looks over its shoulder", async () => {
    const [file = ""] = files(["good"]);
    const { default: driver } = (await import(pathToFileURL(join(folder.path, "good.js")).href)) as { readonly default: DriverModule };
    const { module } = await loadModule();
    const run = createRun(module, planScenario(file, readFileSync(join(folder.path, file), "utf8"), "allowed"), { seed: 1, schedule: "fixed", keepTrace: false, drivers: [driver] });
    while (run.run(() => false) !== "done");
    const [contained] = (await folder.json(file, "--allow-driver")).results;
    expect(contained?.digests).toEqual(run.result().digests);
    expect(() => createRun(module, planScenario(file, readFileSync(join(folder.path, file), "utf8"), "allowed"), { seed: 1, schedule: "fixed", keepTrace: false })).toThrow("good.yaml names drivers (./good.js): give them to the run");
  }, patience);

  it("hears its parameters, and the first interrupt of every process is its first", async () => {
    const file = folder.scenario("expects.yaml", `{ file: ./good.js, parameters: { wish: 3 } }\nexpect:\n  - { log: "armed, wish 3", equals: 1 }\n  - { log: "interrupt 1 of this process", equals: 1 }`);
    const { status, results } = await folder.json(file, "--allow-driver", "--seeds", "1..2", "--jobs", "1");
    expect([status, results.flatMap((one) => one.expectations.map(({ pass }) => pass))]).toEqual([0, [true, true, true, true]]);
  }, patience);

  it("of the command line stands in for the scenario's, and --bail stops at the first run that does not pass", async () => {
    const [file = ""] = files(["good"]);
    const bailed = await folder.json(file, "--driver", "throw-interrupt.js", "--seeds", "1..50", "--bail", "--jobs", "1");
    expect([bailed.status, bailed.results.length, bailed.results[0]?.driver?.driver]).toEqual([6, 1, "throw_interrupt"]);
    expect(bailed.results[0]?.reproduce).toBe("cxl-sandbox run good.yaml --seed 1 --schedule fixed --driver throw-interrupt.js");
  }, patience);
});
