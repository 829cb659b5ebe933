// The JSON Schema of scenario files against the files, and against the loader.

import { Ajv } from "ajv";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { actionSchemas } from "../../src/scenario/schema.ts";
import { schemaFile, schemaText, scenarioJsonSchema, undescribed } from "../../src/scenario/json-schema.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import { ScenarioFileError } from "../../src/scenario/problem.ts";
import { policyNames, presetNames } from "../../src/scenario/policies.ts";
import { bundledScenarios } from "../support/library.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const examples = Object.fromEntries(["docs/examples", "examples"].flatMap((folder) => readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".yaml") && !name.includes("node_modules")).map((name) => [join(folder, name), readFileSync(join(root, folder, name), "utf8")])));
const files = { ...bundledScenarios(), ...examples };

const validate = new Ajv({ allErrors: false, strict: true, allowUnionTypes: true }).compile(scenarioJsonSchema());
const isLoaded = (text: string): boolean => {
  try {
    planScenario("x.yaml", text);
    return true;
  } catch (error) {
    if (error instanceof ScenarioFileError) return false;
    throw error;
  }
};

const good = `version: 1
name: good
machine:
  hostBridges:
    - rootPorts:
        - { name: rp0, isolation: { mem: true, interrupt: 3 }, link: { speed: 16GT/s, width: 4 }, device: { volatile: 256MiB, mailbox: { without: [sanitize] } } }
kernel: { preset: isolation-safe, policies: { asm: "timeout(5s)", kernel: "7.3" }, builtIn: [cxl_port] }
host: { cpus: 8, hungTaskTime: 60s }
verdict: { bootTime: 90s }
steps: [{ run: cxl list }, { until: text, within: 1s }]
workloads: [{ vm: { name: v, memory: m, rate: 1M/s, reads: 70% } }]
faults: [{ id: f, when: { at: 5ms }, do: { linkDown: rp0 } }, { id: g, when: { at: 5ms }, do: { rasError: { of: dev0, uncorrectable: memoryDataEcc } } }]
expect: [{ outcome: recovered }, { metric: killed, equals: 1 }]
limits: { time: 2s }
`;

describe("the JSON Schema of scenario files", () => {
  it("the committed file is what the schema says today (npm run schema -- --write)", () => {
    expect(readFileSync(join(root, schemaFile), "utf8")).toBe(schemaText());
  });

  it("every bundled scenario and example is valid, and leads to the schema in its first line", () => {
    for (const [file, text] of Object.entries(files)) {
      expect([file, validate(parse(text)), validate.errors]).toEqual([file, true, null]);
      const [, path = ""] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text) ?? [];
      expect([file, join(dirname(file), path)]).toEqual([file, schemaFile]);
    }
  });

  it("what is no scenario is refused by it and by the loader alike", () => {
    expect([validate(parse(good)), isLoaded(good)]).toEqual([true, true]);
    const changes: readonly (readonly [string, string])[] = [
      ["version: 1\n", ""], ["version: 1", "version: 2"], ["version: 1", 'version: "1"'], ["name: good\n", ""], ["machine:", "machin:"], ["isolation:", "isolaton:"], ["256MiB", "256 bananas"], ["256MiB", "256MB"], ["256MiB", "-1"], ["interrupt: 3", "interrupt: 32"],
      ["16GT/s", "12GT/s"], ["width: 4", "width: 3"], ["[sanitize]", "[sanitise]"], ["isolation-safe", "isolation-saf"], ["timeout(5s)", "timeout(5)"], ["timeout(5s)", "leave(5s)"], ['"7.3"', '"7.4"'], ["asm:", "asn:"], ["cpus: 8", "cpus: 0"], ["cpus: 8", "cpus: 8.5"], ["60s", "60"], ["90s", "an hour"],
      ["run: cxl list", "run: 5"], ["within: 1s", "within: soon"], ["until: text, ", ""], ["1M/s", "1M"], ["70%", "70"], ["at: 5ms }, do: { linkDown", "at: 5 }, do: { linkDown"], ["linkDown: rp0", "linkDwon: rp0"], ["linkDown: rp0", "linkDown: [rp0]"], ["outcome: recovered", "outcome: recoverd"], ["metric: killed", "metric: kills"],
      ["limits: { time: 2s }", "limits: { tim: 2s }"], ["name: rp0", "name: 0rp"], ["cpus: 8", "__proto__: 8"], ["cpus: 8", "constructor: 8"],
    ];
    for (const [from, to] of changes) {
      const text = good.replace(from, to);
      expect(text).not.toBe(good);
      expect([to, validate(parse(text)), isLoaded(text)]).toEqual([to, false, false]);
    }
  });

  it("names that the loader looks up in tables are listed, so that an editor can complete them", () => {
    const { definitions = {}, properties = {} } = scenarioJsonSchema();
    expect(properties["kernel"]?.properties?.["preset"]?.["enum"]).toEqual(presetNames);
    expect(Object.keys(properties["kernel"]?.properties?.["policies"]?.properties ?? {})).toEqual(policyNames);
    expect(Object.keys(definitions["action"]?.properties ?? {})).toEqual(Object.keys(actionSchemas));
    expect(Object.keys(definitions["host"]?.properties ?? {})).toContain("hungTaskTime");
    expect(definitions["action"]?.properties?.["kernelStep"]?.properties?.["step"]?.["enum"]).toContain("region.attach.A14");
  });

  it("an editor has something to say about every key", () => {
    expect(undescribed()).toEqual([]);
    expect(scenarioJsonSchema().definitions?.["device"]?.properties?.["readLatency"]?.description).toContain("Default 250ns");
    expect(scenarioJsonSchema().definitions?.["host"]?.properties?.["cpus"]?.description).toContain("1 to 1024");
  });
});
