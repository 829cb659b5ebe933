// Known bugs of the recovery driver, each with the scenario that catches it: without the bug it passes, with it it fails, and for the reason that the table gives.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { ScenarioResult } from "../../src/scenario/result.ts";
import { parseRun } from "../../src/cli/run/arguments.ts";
import type { DefectName } from "../../src/sandbox/defects.ts";
import { defectNames, defects, defectsPage } from "../../src/sandbox/defects.ts";
import { startScenario } from "../../src/sandbox.ts";
import { bundledScenarios } from "../support/library.ts";
import { modules } from "../support/machine.ts";

const texts = bundledScenarios();
const files = Object.keys(texts).filter((file) => file.startsWith("scenarios/defects/"));
const fileOf = (name: DefectName): string => `scenarios/defects/${defects[name].scenario}`;

function run(file: string, ...names: readonly string[]): ScenarioResult {
  const scenario = startScenario(modules.release, { file, text: texts[file] ?? "", seed: 1, schedule: "fixed", keepTrace: false, defects: names });
  scenario.run(() => false);
  return scenario.result();
}

/** What does not hold, as the report says it. */
const failures = ({ reason, expectations }: ScenarioResult): string[] => [...(reason === null ? [] : [reason]), ...expectations.filter(({ pass }) => !pass).map(({ text }) => text)];

describe("defects of the recovery driver", () => {
  it("every scenario of scenarios/defects is some defect's, and every defect has one", () => {
    expect(defectNames.map(fileOf).toSorted()).toEqual(files.toSorted());
  });

  it.each(files)("%s passes without a defect", (file) => {
    expect(failures(run(file))).toEqual([]);
  });

  it.each(defectNames)("%s is caught by its scenario, for its own reason, and the command to repeat it says so", (name) => {
    const result = run(fileOf(name), name);
    expect(result.status).toBe("fail");
    expect(failures(result).some((text) => text.includes(defects[name].fails))).toBe(true);
    expect(result.reproduce.endsWith(` --defect ${name}`)).toBe(true);
  });

  it("a defect that a scenario is not about goes unnoticed by it: what catches it is the scenario, not the switch", () => {
    expect(failures(run("scenarios/defects/interrupt-never-enabled.yaml", "range-not-written"))).toEqual([]);
    expect(failures(run("scenarios/defects/disable-keeps-bit.yaml", "fence-skipped", "clears-while-busy"))).toEqual([]);
  });

  it("names are checked where they are given, with the nearest one", () => {
    const words = ["a.yaml", "--defect", "fence-skiped"];
    expect(() => parseRun(words)).toThrow('--defect: there is no defect "fence-skiped"; did you mean "fence-skipped"?');
    expect(() => parseRun(["a.yaml", "--defect", "no-link-down", "--allow-driver"])).toThrow("does not go with");
    expect(parseRun(["a.yaml", "--defect", "no-link-down", "--defect", "fence-skipped"]).defects).toEqual(["no-link-down", "fence-skipped"]);
    expect(run("scenarios/defects/fence-skipped.yaml", "nonsense")).toMatchObject({ status: "driver" });
  });

  it("docs/defects.md is the table", () => {
    expect(readFileSync(new URL("../../docs/defects.md", import.meta.url), "utf8")).toBe(defectsPage());
  });
});
