// Matchers over results of scenarios, by what they say when they fail.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defineDriver } from "../../src/sandbox.ts";
import { goldenOf } from "../../src/sandbox/goldens.ts";
import { formatGolden } from "../../src/scenario/golden.ts";
import { decodeTrace } from "../../src/scenario/trace/file.ts";
import type { FinishedRun } from "../../workers/slices.ts";
import { runScenario } from "../../workers/run-scenario.ts";
import "../../src/vitest/index.ts";
import { modules } from "../support/machine.ts";
import { said } from "../support/said.ts";

const text = `version: 1
name: a cable
machine: { hostBridges: [{ rootPorts: [{ name: rp0, device: { volatile: 256MiB } }] }] }
faults:
  - { id: cable, when: { at: 1ms }, do: { linkDown: rp0 } }
  - { id: other, when: { after: nobody says this }, do: { linkUp: rp0 }, optional: true }
expect: [{ outcome: unaffected }]
limits: { time: 10ms }
`;
const folder = mkdtempSync(join(tmpdir(), "cxl-sandbox-matchers-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const module = modules.release;
const runText = (changed = text, more: { readonly seed?: number; readonly keepTrace?: boolean } = {}): Promise<FinishedRun> => runScenario({ text: changed, file: "cable.yaml" }, { module, ...more });

let run: FinishedRun;
let failed: FinishedRun;
beforeAll(async () => {
  run = await runText(text, { keepTrace: true });
  failed = await runText(text.replace("outcome: unaffected", "outcome: panic"), { keepTrace: true });
});

test("toPass says everything that is wrong, and the command that repeats the run", () => {
  expect(run).toPass();
  expect(run.result).toPass();
  expect(failed).not.toPass();
  expect(said(() => expect(failed).toPass())).toMatch(/^cable\.yaml \(a cable\), seed 1: fail\n.*outcome panic: expected panic, got unaffected\ncxl-sandbox run cable\.yaml --seed 1 --schedule fixed$/s);
  expect(said(() => expect(run).not.toPass())).toBe("cable.yaml (a cable), seed 1 passed, and should not");
  expect(said(() => expect(runText()).toPass())).toContain("await it first");
});

test("toHaveOutcome compares the outcome, whatever was expected of it in the file", () => {
  expect(run).toHaveOutcome("unaffected");
  expect(failed).toHaveOutcome("unaffected");
  expect(run).not.toHaveOutcome("panic");
  expect(said(() => expect(run).toHaveOutcome("panic"))).toContain("cable.yaml (a cable), seed 1 ended unaffected, expected panic");
});

test("toHaveFired looks at one fault or at all, and refuses an id that there is not", () => {
  expect(run).toHaveFired("cable");
  expect(run).not.toHaveFired("other");
  expect(said(() => expect(run).toHaveFired())).toMatch(/^cable\.yaml \(a cable\), seed 1: other did not act, so that the run has not tested it\n/);
  expect(said(() => expect(run).toHaveFired("cabel"))).toContain('has no fault "cabel"; it has cable, other');
});

describe("toMatchTrace", () => {
  test("agrees with another run of the same, in every layer", async () => {
    expect(run).toMatchTrace(await runText(text, { keepTrace: true }), { layers: ["access", "hardware", "kernel", "log", "result"] });
    expect(run).toMatchTrace(run.trace as Uint8Array);
  });

  test("says where the records part, in words", async () => {
    const late = await runText(text.replace("linkDown: rp0 }", "poison: { device: dev0, dpa: 0x1000 } }"), { keepTrace: true });
    expect(run).not.toMatchTrace(late);
    expect(said(() => expect(run).toMatchTrace(late))).toMatch(/^not as in the other trace:\nhardware record \d+.*:\n(?: {2}.+\n)*- .+\n[^]*\+ .+\n[^]*cxl-sandbox run cable\.yaml --seed 1 --schedule fixed$/);
    expect(failed).toMatchTrace(run, { layers: ["log", "hardware"] });
    expect(said(() => expect(failed).toMatchTrace(run))).toMatch(/^not as in the other trace:\nresult record \d+/);
  });

  test("takes golden and trace files, and refuses what says nothing", async () => {
    writeFileSync(join(folder, "cable.trace"), run.trace as Uint8Array);
    writeFileSync(join(folder, "cable.golden"), formatGolden(goldenOf(decodeTrace(run.trace as Uint8Array), run.result)));
    expect(run).toMatchTrace(join(folder, "cable.trace"));
    expect(run).toMatchTrace(join(folder, "cable.golden"));
    expect(said(() => expect(failed).toMatchTrace(join(folder, "cable.golden")))).toMatch(/cable\.golden:\nresult record \d+/);
    const other = await runText(text, { seed: 2, keepTrace: true });
    expect(said(() => expect(other).toMatchTrace(join(folder, "cable.golden")))).toContain("is of seed 1, schedule fixed; the run is of seed 2");
    expect(said(() => expect(run.result).toMatchTrace(run))).toContain("keepTrace: true");
    expect(said(() => expect(run).toMatchTrace(join(folder, "missing.trace")))).toContain("missing.trace");
  });
});

describe("runScenario", () => {
  test("refuses options that say nothing, and what is no scenario with its place", async () => {
    await expect(runScenario({ text }, { sed: 1 } as never)).rejects.toThrow('runScenario has no option "sed"; did you mean "seed"?');
    await expect(runScenario({ text }, { seed: -1 })).rejects.toThrow("a seed is a whole number from 0 to 4294967295, not -1");
    await expect(runScenario({ text }, { defects: ["none-such"] })).rejects.toThrow('there is no defect "none-such"');
    await expect(runScenario({ text: text.replace("volatile", "volatil"), file: "bad.yaml" })).rejects.toThrow(/^bad\.yaml:3:\d+/);
  });

  test("runs drivers of the caller in place of those that the scenario names", async () => {
    const started: string[] = [];
    const driver = defineDriver({
      name: "own", match: { kind: "root-port" },
      start: () => {
        started.push("own");
        return { probe: () => null };
      },
    });
    const named = text.replace("machine:", "driver: other.mjs\nmachine:");
    await expect(runScenario({ text: named }, { module })).rejects.toThrow("driver");
    const { result } = await runScenario({ text: named }, { module, drivers: [driver] });
    expect([started, result.status]).toEqual([["own"], "pass"]);
  });

  test("ends when its signal says so, with the signal's reason", async () => {
    const controller = new AbortController();
    const long = text.replace("limits: { time: 10ms }", "limits: { time: 100s }\nworkloads: []");
    const running = runScenario({ text: long }, { module, signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(running).rejects.toThrow("enough");
  });
});
