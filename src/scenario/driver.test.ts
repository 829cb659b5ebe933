// The `driver:` key as text: which paths are drivers of a scenario, and that opening a scenario runs none.

import { describe, expect, it } from "vitest";
import { ScenarioFileError } from "./load.ts";
import { planScenario } from "./plan.ts";
import type { ScenarioPlan } from "./plan.ts";

const text = (driver: string): string => `version: 1\nname: x\nmachine: { hostBridges: [{ rootPorts: [{ device: { volatile: 256MiB } }] }] }\n${driver}`;
const plan = (driver: string): ScenarioPlan => planScenario("f.yaml", text(driver), "allowed");

function problem(driver: string, drivers: "refused" | "allowed" = "allowed"): string {
  try {
    planScenario("f.yaml", text(driver), drivers);
  } catch (error) {
    if (error instanceof ScenarioFileError) return error.message;
    throw error;
  }
  return "none";
}

describe("driver:", () => {
  it("is a path, a file with parameters, or a list of both; the plan holds files, parameters as text, and places", () => {
    expect(plan("").drivers).toEqual([]);
    expect(plan("driver: ./a.js\n").drivers).toEqual([{ file: "./a.js", parameters: {}, line: 4, column: 9 }]);
    expect(plan("driver: { file: sub/a.mjs, parameters: { depth: 3, isLoud: true, text: x } }\n").drivers).toEqual([{ file: "sub/a.mjs", parameters: { depth: "3", isLoud: "true", text: "x" }, line: 4, column: 17 }]);
    expect(plan("driver:\n  - a.ts\n  - { file: b.wasm }\n").drivers.map(({ file, line }) => [file, line])).toEqual([["a.ts", 5], ["b.wasm", 6]]);
  });

  it("leads nowhere but to the scenario's folder and below", () => {
    for (const file of ["/etc/a.js", "C:/a.js", "C:a.js", "file:///a.js", "https://example.org/a.js"]) expect(problem(`driver: "${file}"\n`)).toBe(`f.yaml:4:9: driver: "${file}" is absolute; put the driver in the scenario's folder or below it and name it from there, like ./my-driver.js`);
    for (const file of ["../a.js", "sub/../../a.js", "a/..", ".."]) expect(problem(`driver: { file: "${file}" }\n`)).toMatch(/^f\.yaml:4:17: driver\.file: ".*" leads out of the scenario's folder/);
    expect(problem("driver: 'sub\\a.js'\n")).toContain("has a backslash");
  });

  it("ends in .js, .mjs, .ts or .wasm", () => {
    for (const file of ["a", "a.cjs", "a.json", "a.d.ts", "a.js.txt", "js"]) expect(problem(`driver: ${file}\n`)).toBe(`f.yaml:4:9: driver: "${file}" is no driver by its ending; it must be one of .js, .mjs, .ts, .wasm`);
  });

  it("names no file twice, and says what a wrong key or value is", () => {
    expect(problem("driver: [a.js, a.js]\n")).toBe('f.yaml:4:16: driver.1: "a.js" is named twice');
    expect(problem("driver: { file: a.js, parameter: {} }\n")).toBe('f.yaml:4:23: driver.parameter: unknown key "parameter"; did you mean "parameters"?');
    expect(problem("driver: { parameters: {} }\n")).toBe("f.yaml:4:9: driver: is none of the forms that fit here; use one of file, parameters");
    expect(problem("driver: 3\n")).toMatch(/^f\.yaml:4:9: driver: /);
    expect(problem("driver: []\n")).toMatch(/^f\.yaml:4:9: driver: /);
    expect(problem("driver: { file: a.js, parameters: { a: [1] } }\n")).toMatch(/^f\.yaml:4:40: driver\.parameters\.a: /);
  });

  it("is refused where the caller does not allow it: one message, with its place and the remedy", () => {
    const refusal = problem("driver: [a.js, b.js]\n", "refused");
    expect(refusal).toMatch(/^f\.yaml:4:10: driver: this scenario brings drivers of its own \(a\.js, b\.js\), and that is code; .*--allow-driver/);
    expect(refusal.split("\n")).toHaveLength(1);
    expect(problem("driver: a.js\n", "refused")).toContain("brings a driver of its own (a.js)");
    expect(() => planScenario("f.yaml", text("driver: a.js\n"))).toThrow(ScenarioFileError);
  });
});
