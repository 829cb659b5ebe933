// Warnings of `cxl-sandbox lint`, its comments, and what each reporter makes of them.

import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { lintConsole, lintGithub, lintJson, lintSarif, lintVerdict } from "../../src/report/lint.ts";
import type { Finding } from "../../src/scenario/lint.ts";
import { lintRules, lintScenario } from "../../src/scenario/lint.ts";
import { bundledScenarios } from "../support/library.ts";

const head = "version: 1\nname: x\nmachine: { hostBridges: [{ rootPorts: [{ device: { volatile: 256MiB } }, { device: { volatile: 256MiB } }] }] }\n";
const told = (rest: string, top = ""): string[] => lintScenario("x.yaml", top + head + rest, {}).map(({ rule, line, column }) => `${rule} ${line}:${column}`);

describe("lint", () => {
  it("no bundled scenario has a warning", () => {
    for (const [file, text] of Object.entries(bundledScenarios())) expect([file, lintScenario(file, text, {})]).toEqual([file, []]);
  });

  it("names that are a race are named in commands, paths and listings, not in references, texts and names of what is not there", () => {
    expect(told('steps:\n  - run: cxl enable-memdev mem0 && cat /dev/dax1.0\n  - run: cxl enable-memdev ${mem:rp0} memory0 xmem0\nexpect: [{ file: "/sys/bus/cxl/devices/mem1/serial", equals: "0x1" }]\n')).toEqual(["racing-name 5:10", "racing-name 5:10", "racing-name 7:18"]);
    expect(told('expect:\n  - { cxl: { list: -m mem0, path: length, equals: 1 } }\n  - { absent: /sys/bus/dax/devices/dax0.0 }\n  - { absent: /sys/bus/dax/devices/dax0.0/driver }\n  - { log: mem0, equals: 1 }\n')).toEqual(["racing-name 5:20", "racing-name 7:15"]);
  });

  it("with one card in the machine mem0 is nobody else's name", () => {
    const one = `${head.replace(", { device: { volatile: 256MiB } }", "")}steps: [{ run: cxl enable-memdev mem0 }]\n`;
    expect(lintScenario("x.yaml", one, {})).toEqual([]);
  });

  it("a run of which nothing is expected is told, at its faults or workloads; a boot alone is not", () => {
    const fault = "faults: [{ id: a, when: { at: 1ms }, do: { linkDown: rp0 } }]\n";
    expect(told("")).toEqual([]);
    expect(told(fault)).toEqual(["no-expectation 4:9"]);
    expect(told(`${fault}expect: [{ outcome: reset }]\n`)).toEqual([]);
    expect(told(`${fault}steps: [{ run: cxl list, stdout: mem }]\n`)).toEqual([]);
    expect(told("steps: [{ inject: { linkDown: rp0 } }]\n")).toEqual(["no-expectation 4:8"]);
  });

  it("bounds that everything or nothing keeps are told", () => {
    expect(told("expect:\n  - { metric: killed, atLeast: 0 }\n  - { metric: killed, atLeast: 5, atMost: 4 }\n  - { log: x, equals: -1 }\n  - { metric: killed, atLeast: 1 }\n  - { log: x }\n  - { metric: killed, equals: 0 }\n  - { metric: killed, atLeast: 0, atMost: 3 }\n")).toEqual(["cannot-fail 5:5", "cannot-hold 6:5", "cannot-hold 7:5"]);
  });

  it("older words, and times after the end of the run, are told", () => {
    expect(told("faults:\n  - { id: a, when: { at: 1ms }, do: { loseInterrupt: { port: rp0 } } }\nexpect: [{ outcome: unaffected }]\n")).toEqual(["deprecated-key 5:62"]);
    expect(told("expect:\n  - { log: x, equals: 0, between: [3s, 4s] }\n  - { log: x, equals: 0, between: [1s, 4s] }\n  - { log: x, equals: 0, between: [3s, 4s], from: boot }\n")).toEqual(["out-of-time 5:35"]);
    expect(told("expect: [{ log: x, equals: 0, between: [3s, 4s] }]\nlimits: { time: 4s }\n")).toEqual([]);
  });

  it("a comment keeps a warning quiet on its line, on the line above or for the file, if it says why", () => {
    const bare = "steps:\n  - run: cxl enable-memdev mem0";
    expect(told(`${bare} # lint-allow racing-name: seed 1 alone\n`)).toEqual([]);
    expect(told(bare.replace("  - run", "  # lint-allow racing-name: seed 1 alone\n  - run"))).toEqual([]);
    expect(told(`${bare}\n`, "# lint-allow racing-name: seed 1 alone\n")).toEqual([]);
    expect(told(`${bare} # lint-allow racing-name\n`)).toEqual(["racing-name 5:10", "allow 5:33"]);
    expect(told(`${bare} # lint-allow racing-nmae: x\n`)).toEqual(["racing-name 5:10", "allow 5:33"]);
    expect(told("# lint-allow cannot-fail: x\n")).toEqual(["allow 4:1"]);
  });

  it("what is wrong in an included file is told there, and its comments count there", () => {
    const part = "steps:\n  - run: cxl enable-memdev mem0 # lint-allow racing-name: as it is\n  - run: cxl enable-memdev mem1\n";
    expect(lintScenario("d/x.yaml", `${head}include: part.inc.yaml\n`, { "part.inc.yaml": part }).map(({ file, line }) => [file, line])).toEqual([["d/part.inc.yaml", 3]]);
  });

  it("a file that is no scenario is an error for each problem", () => {
    expect(lintScenario("x.yaml", `${head}fautls: []\nlimits: { time: 5 }\n`, {}).map(({ severity, rule, line }) => [severity, rule, line])).toEqual([["error", "scenario", 5], ["error", "scenario", 4]]);
  });
});

const finding: Finding = { file: "a b/x.yaml", line: 3, column: 7, source: "  - run: x, 100%", severity: "warning", rule: "racing-name", message: "one, two: 100%\nthree" };
const report = { files: 2, findings: [finding, { ...finding, severity: "error" as const, rule: "scenario" as const }] };

/** What SARIF 2.1.0 asks of the parts that are used here (sections 3.13 to 3.30 of the standard). */
const sarifShape = {
  type: "object", required: ["version", "runs"], properties: {
    $schema: { type: "string", format: "uri" }, version: { const: "2.1.0" },
    runs: { type: "array", items: { type: "object", required: ["tool"], additionalProperties: false, properties: {
      columnKind: { enum: ["utf16CodeUnits", "unicodeCodePoints"] },
      tool: { type: "object", required: ["driver"], additionalProperties: false, properties: { driver: { type: "object", required: ["name"], additionalProperties: false, properties: {
        name: { type: "string" }, version: { type: "string" },
        rules: { type: "array", uniqueItems: true, items: { type: "object", required: ["id"], additionalProperties: false, properties: { id: { type: "string" }, shortDescription: { type: "object", required: ["text"], properties: { text: { type: "string" } } }, defaultConfiguration: { type: "object", properties: { level: { enum: ["none", "note", "warning", "error"] } } } } } },
      } } } },
      results: { type: "array", items: { type: "object", required: ["message"], additionalProperties: false, properties: {
        ruleId: { type: "string" }, ruleIndex: { type: "integer", minimum: 0 }, level: { enum: ["none", "note", "warning", "error"] }, message: { type: "object", required: ["text"], properties: { text: { type: "string" } } },
        locations: { type: "array", items: { type: "object", additionalProperties: false, properties: { physicalLocation: { type: "object", required: ["artifactLocation"], additionalProperties: false, properties: {
          artifactLocation: { type: "object", properties: { uri: { type: "string", pattern: "^[^ \\\\]*$" } } },
          region: { type: "object", additionalProperties: false, properties: { startLine: { type: "integer", minimum: 1 }, startColumn: { type: "integer", minimum: 1 }, snippet: { type: "object", required: ["text"], properties: { text: { type: "string" } } } } },
        } } } } },
      } } },
    } } },
  },
};

describe("reports of lint", () => {
  it("SARIF has the shape that the standard asks, and every result its rule", () => {
    const sarif = JSON.parse(lintSarif(report, "1.2.3")) as { readonly runs: readonly { readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } }; readonly results: readonly { readonly ruleId: string; readonly ruleIndex: number; readonly level: string }[] }[] };
    const validate = new Ajv({ formats: { uri: /^https:/ } }).compile(sarifShape);
    expect([validate(sarif), validate.errors]).toEqual([true, null]);
    const [run] = sarif.runs;
    expect(run?.results.map(({ ruleId, level }) => [ruleId, level])).toEqual([["racing-name", "warning"], ["scenario", "error"]]);
    for (const { ruleId, ruleIndex } of run?.results ?? []) expect(run?.tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
    expect(run?.tool.driver.rules.map(({ id }) => id)).toEqual(["scenario", ...Object.keys(lintRules)]);
    expect(JSON.stringify(sarif)).toContain('"uri":"a%20b/x.yaml"');
  });

  it("annotations of GitHub have their line breaks and signs escaped", () => {
    expect(lintGithub(report).split("\n")[0]).toBe("::warning file=a b/x.yaml,line=3,col=7,title=cxl-sandbox racing-name::one, two: 100%25%0Athree");
  });

  it("people get line, source and rule; programs get all of it", () => {
    expect(lintConsole({ files: 1, findings: [{ ...finding, message: "bad" }] })).toBe("a b/x.yaml:3:7: warning: bad [racing-name]\n  3 |   - run: x, 100%\n    |       ^\n");
    expect(lintVerdict(report)).toBe("2 scenarios: 1 error, 1 warning\n");
    expect(JSON.parse(lintJson(report))).toMatchObject({ version: 1, files: 2, errors: 1, warnings: 1, findings: [{ rule: "racing-name" }, { rule: "scenario" }] });
  });
});
