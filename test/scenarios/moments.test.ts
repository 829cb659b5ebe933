// Moments at which a run is looked at: they stop it where they say, and a run that is over before says so.

import { beforeAll, describe, expect, it } from "vitest";
import type { OpenRun } from "../../src/sandbox/contract.ts";
import { approach, parseMoment } from "../../src/sandbox/moment.ts";
import { openRun } from "../../src/sandbox/run.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import { bundledScenarios } from "../support/library.ts";
import { loadModule } from "../../src/hardware/module.ts";

let module: WebAssembly.Module;
beforeAll(async () => {
  ({ module } = await loadModule());
});

const file = "scenarios/isolation/a-link-down.yaml";
const open = (isHeld = false): OpenRun => openRun(module, planScenario(file, bundledScenarios()[file] ?? ""), { seed: 1, schedule: "fixed", keepTrace: false, isHeld });
const never = (): boolean => false;
const to = (run: OpenRun, text: string): string => approach(run, parseMoment(text)).goOn(never);

describe("moments", () => {
  it("boot comes before the steps, ready after them, end when the run is done", () => {
    const run = open();
    expect([to(run, "boot"), run.phase, run.commands.length]).toEqual(["there", "steps", 0]);
    expect([to(run, "ready"), run.phase, run.commands.length > 0]).toEqual(["there", "running", true]);
    expect([to(run, "end"), run.phase, run.result().status]).toEqual(["there", "done", "pass"]);
  });

  it("a time counts from ready, to the nanosecond, also when nothing happens then", () => {
    const run = open(true);
    expect(to(run, "3ms")).toBe("there");
    expect(run.system.hardware.now - run.readyAt).toBe(3_000_000);
    expect(to(run, "30s")).toBe("there");
    expect(run.system.hardware.now - run.readyAt).toBe(30_000_000_000);
  });

  it("a mark stops the run right behind it", () => {
    const run = open();
    expect(to(run, "CLEARED")).toBe("there");
    expect(run.phase).toBe("running");
  });

  it("a mark that never comes is missed, with the run done", () => {
    const run = open();
    expect([to(run, "no such words"), run.phase]).toEqual(["missed", "done"]);
  });

  it("looking on the way leaves the result as it is", () => {
    const straight = open();
    straight.run(never);
    const looked = open();
    for (const moment of ["boot", "ready", "CLEARED", "end"]) to(looked, moment);
    expect(looked.result()).toEqual(straight.result());
  });
});
