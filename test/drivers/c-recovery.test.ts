// The recovery driver in C against the built-in one, and on its own scenario (examples/08-driver-in-c).

import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { wasmDriver } from "../../src/drivers/wasm/driver.ts";
import { createMachine } from "../../src/index.ts";
import { openRun } from "../../src/sandbox/run.ts";
import type { DriverModule } from "../../src/platform/driver.ts";
import { consoleTable } from "../../src/report/console.ts";
import { summarize } from "../../src/scenario/result.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import type { ScenarioPlan } from "../../src/scenario/plan.ts";
import { compileDriver, example, hasClang } from "../support/clang.ts";
import { modules } from "../support/machine.ts";

const folder = new URL("../../scenarios/isolation/", import.meta.url);
const files = readdirSync(folder).filter((file) => file.endsWith(".yaml"));
const planOf = (file: string): ScenarioPlan => planScenario(file, readFileSync(new URL(file, folder), "utf8"));
/** Times apart: the driver's requests are tasks of their own, so that others come to run between its steps. */
const timeLimit = 20_000;

function run(plan: ScenarioPlan, drivers: readonly DriverModule[]) {
  const opened = openRun(modules.release, plan, { seed: 1, schedule: "fixed", keepTrace: false, drivers });
  while (opened.run(() => false) === "paused");
  return { result: opened.result(), log: opened.system.kernel.log };
}

describe.skipIf(!hasClang)("the recovery driver in C", () => {
  const bytes = hasClang ? compileDriver(example("recovery.c")) : new Uint8Array();
  /** Under the name of the built-in one it stands in its place and has its parameters. */
  const driver = (): DriverModule => wasmDriver("isolation", bytes);

  it("recovers on its own scenario, beside the built-in one, which stays out of its way", () => {
    const plan = planScenario("scenario.yaml", example("scenario.yaml"), "allowed");
    const { result } = run(plan, [wasmDriver("recovery", bytes)]);
    expect(result.expectations.filter(({ pass }) => !pass)).toEqual([]);
    expect(result).toMatchObject({ status: "pass", outcome: "recovered" });
    const shown = consoleTable({ version: 1, tool: { version: "", moduleHash: "" }, scenarios: [result], summary: summarize([result]) });
    expect(example("README.md")).toContain(shown.trimEnd());
  });

  it.each(files.filter((file) => planOf(file).policies.isoact === "recover"))("writes the same log as the built-in one and leaves the same behind: %s", (file) => {
    const plan = planOf(file);
    const builtIn = run(plan, []);
    const inC = run(plan, [driver()]);
    expect(inC.log.map(({ level, text }) => `${level}: ${text}`)).toEqual(builtIn.log.map(({ level, text }) => `${level}: ${text}`));
    expect({ ...inC.result.metrics }).toEqual({ ...builtIn.result.metrics });
    expect(inC.result.outcome).toBe(builtIn.result.outcome);
    const apart = inC.log.map(({ at }, index) => Math.abs(at - (builtIn.log[index]?.at ?? 0)));
    expect(Math.max(...apart)).toBeLessThan(timeLimit);
  });

  it("is given to the Linux model of a library's machine as any driver", async () => {
    const machine = await createMachine({ firmware: { windows: [{ targets: ["hb0"], size: "4GiB" }] }, machine: { hostBridges: [{ rootPorts: [{ name: "rp0", isolation: { mem: true, forceLinkDown: true, timeoutRanges: "ABCD", interrupt: 3 }, device: { volatile: "1GiB" } }] }] } });
    const kernel = machine.attachKernel({ preset: "isolation-safe", drivers: [wasmDriver("recovery", bytes)] });
    expect(kernel.run("cxl create-region -d decoder0.0 -m mem0 -w 1 -t ram")).toMatchObject({ status: 0, stdout: expect.stringContaining("region0") as string });
    machine.inject({ linkDown: "rp0" }, { at: "5ms" });
    machine.inject({ linkUp: "rp0" }, { after: "CLEARED" });
    machine.advance(1_000_000_000);
    expect(machine.unfired).toEqual([]);
    expect(kernel.log.map(({ text }) => text)).toContain("cxl_isolation 0000:0c:00.0: recovery: RECOVERED");
    expect(kernel.read("/sys/bus/cxl/devices/region0/commit").trim()).toBe("1");
    expect(kernel.run("lsmod").stdout).toContain("recovery");
  });
});
