import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bundledScenarios } from "../../test/support/library.ts";
import type { ScenarioEdit } from "./edit.ts";
import { editScenario } from "./edit.ts";
import { loadScenario } from "./load.ts";
import { planScenario } from "./plan.ts";
import { readYaml } from "./yaml-text.ts";

const edited = (text: string, ...edits: ScenarioEdit[]): string => {
  const answer = editScenario({ file: "a.yaml", text, edits });
  return answer.kind === "edited" ? answer.text : `refused: ${answer.reason}`;
};
const cable: ScenarioEdit = { kind: "addFault", fault: { when: { at: "5ms" }, do: { linkDown: "rp0" } } };
const item = "{ id: link-down-rp0, when: { at: 5ms }, do: { linkDown: rp0 } }";

describe("a fault is added as the file writes its faults", () => {
  it("with no faults: before the keys that come later, comments above them stay theirs", () => {
    expect(edited("version: 1\nsteps: []\n\n# what must hold\nexpect: []\n", cable)).toBe(`version: 1\nsteps: []\n\nfaults:\n  - ${item}\n# what must hold\nexpect: []\n`);
    expect(edited("version: 1", cable)).toBe(`version: 1\nfaults:\n  - ${item}`);
    expect(edited("version: 1\nlimits: { time: 1s } # ms\n", cable)).toBe(`version: 1\nfaults:\n  - ${item}\nlimits: { time: 1s } # ms\n`);
  });
  it("in brackets, on one line or several, with a comma behind the last or without", () => {
    expect(edited("faults: []\n", cable)).toBe(`faults: [${item}]\n`);
    expect(edited("faults: [{ id: a }] # b\n", cable)).toBe(`faults: [{ id: a }, ${item}] # b\n`);
    expect(edited("faults: [\n  { id: a }, # one\n  { id: b } # two\n  ]\n", cable)).toBe(`faults: [\n  { id: a }, # one\n  { id: b },\n  ${item} # two\n  ]\n`);
    expect(edited("faults: [\n  { id: b },\n  ]\n", cable)).toBe(`faults: [\n  { id: b },\n  ${item}\n  ]\n`);
    expect(edited("{ version: 1, faults: [] }\n", cable)).toBe(`{ version: 1, faults: [${item}] }\n`);
    expect(edited("{ version: 1 }\n", cable)).toBe(`{ version: 1, faults: [${item}] }\n`);
  });
  it("with dashes: one a line, or key by key, whatever the indent", () => {
    expect(edited("faults:\n- { id: a } # x\n\n# end\n", cable)).toBe(`faults:\n- { id: a } # x\n- ${item}\n\n# end\n`);
    expect(edited("faults:\n    - id: a\n      do: { linkDown: rp0 }\nexpect: []\n", cable)).toBe("faults:\n    - id: a\n      do: { linkDown: rp0 }\n    - id: link-down-rp0\n      when: { at: 5ms }\n      do: { linkDown: rp0 }\nexpect: []\n");
  });
  it("with a key that has nothing yet", () => {
    expect(edited("faults: # none yet\nexpect: []\n", cable)).toBe(`faults: # none yet\n  - ${item}\nexpect: []\n`);
    expect(edited("faults: null\n", cable)).toBe(`faults:\n  - ${item}\n`);
  });
  it("with \\r\\n where the file has them", () => expect(edited("version: 1\r\nfaults:\r\n  - { id: a }\r\n", cable)).toBe(`version: 1\r\nfaults:\r\n  - { id: a }\r\n  - ${item}\r\n`));
  it("with an id that no other fault has, not those of included files either", () => {
    expect(edited("faults: []\n", cable, cable, cable).match(/id: [^,]*/g)).toEqual(["id: link-down-rp0", "id: link-down-rp0-2", "id: link-down-rp0-3"]);
    const text = "version: 1\ninclude: p.yaml\n";
    const answer = editScenario({ file: "a.yaml", text, edits: [cable], includes: { "p.yaml": "faults: [{ id: link-down-rp0 }]\n" } });
    expect(answer).toMatchObject({ kind: "edited", text: expect.stringContaining("link-down-rp0-2") });
    expect(edited("a: 1\n", { kind: "addFault", fault: { id: "9 lives!", when: {}, do: {} } })).toContain("id: lives,");
  });
  it("and its place is told", () => expect(editScenario({ file: "a.yaml", text: "version: 1\nfaults:\n  - { id: a }\n", edits: [cable] })).toMatchObject({ place: { line: 4, column: 3 } }));
});

describe("what is set, added and removed", () => {
  const text = "version: 1\nkernel: { preset: isolation-safe } # safe\nsteps:\n  - run: cxl list # all\n    exit: 0\n  - settle: true\n";
  it("a policy, where there are none, some, or no kernel", () => {
    const policy: ScenarioEdit = { kind: "set", path: ["kernel", "policies", "isoact"], value: "none" };
    expect(edited(text, policy)).toBe(text.replace("safe }", "safe, policies: { isoact: none } }"));
    expect(edited(edited(text, policy), { ...policy, value: "panic" })).toBe(text.replace("safe }", "safe, policies: { isoact: panic } }"));
    expect(edited("version: 1\nexpect: []\n", policy)).toBe("version: 1\nkernel: { policies: { isoact: none } }\nexpect: []\n");
    expect(edited("kernel:\n  policies:\n    asm: leave # x\nexpect: []\n", policy)).toBe("kernel:\n  policies:\n    asm: leave # x\n    isoact: none\nexpect: []\n");
    expect(edited("kernel:\n  preset:\nexpect: []\n", { kind: "set", path: ["kernel", "preset"], value: "linux-7.2" })).toBe("kernel:\n  preset: linux-7.2\nexpect: []\n");
  });
  it("a value in quotes, one over lines, a word that would be read as something else", () => {
    expect(edited('name: "a" # b\n', { kind: "set", path: ["name"], value: "c: d" })).toBe('name: "c: d" # b\n');
    expect(edited("name: |\n  a\n  b\nx: 1\n", { kind: "set", path: ["name"], value: "true" })).toBe('name: "true"\nx: 1\n');
  });
  it("an expectation", () => expect(edited("expect:\n  - { outcome: recovered }\n", { kind: "addExpectation", expectation: { metric: "killed", equals: 4 } })).toBe("expect:\n  - { outcome: recovered }\n  - { metric: killed, equals: 4 }\n"));
  it("a step, a key of it, the last one with its list", () => {
    expect(edited(text, { kind: "remove", path: ["steps", 0] })).toBe(text.replace("  - run: cxl list # all\n    exit: 0\n", ""));
    expect(edited(text, { kind: "remove", path: ["steps", 0, "exit"] })).toBe(text.replace("    exit: 0\n", ""));
    expect(edited(text, { kind: "remove", path: ["steps", 1] }, { kind: "remove", path: ["steps", 0] })).toBe("version: 1\nkernel: { preset: isolation-safe } # safe\n");
    expect(edited("a: [1, 2, 3]\n", { kind: "remove", path: ["a", 1] })).toBe("a: [1, 3]\n");
    expect(edited("a: [1, 2, 3]\n", { kind: "remove", path: ["a", 2] }, { kind: "remove", path: ["a", 1] }, { kind: "remove", path: ["a", 0] })).toBe("a: []\n");
  });
});

describe("an edit is refused, and the reason says what to do", () => {
  it.each([
    ["a text that is no YAML", "a: [1\n", cable, "line 2: not YAML"],
    ["a text that would be too long", `name: ${"x".repeat((1 << 18) - 20)}\n`, cable, "a scenario has at most 262144"],
    ["what an included file has", "version: 1\ninclude: p.yaml\n", { kind: "remove", path: ["kernel"] }, "where an included file has it, change it there"],
    ["an element that is not there", "steps: []\n", { kind: "set", path: ["steps", 3, "run"], value: "ls" }, "steps.3.run is not in this file"],
    ["an element that begins below its dash", "steps:\n  -\n    run: ls\n  - run: cat\n", { kind: "remove", path: ["steps", 0] }, "cannot be changed alone"],
    ["an alias", "a: &a []\nfaults: *a\n", cable, "faults is written as an alias"],
    ["a list that is none", "faults: 3\n", cable, "faults is no list"],
    ["a key below a word", "kernel: 3\n", { kind: "set", path: ["kernel", "preset"], value: "x" }, "kernel is no mapping"],
    ["no path", "a: 1\n", { kind: "set", path: [], value: 1 }, "nothing is named"],
    ["no mapping", "- a\n", cable, "a mapping with version, name and machine is expected"],
  ] as const)("%s", (_, text, edit, reason) => expect(edited(text, edit)).toContain(reason));
});

describe("over all bundled scenarios", () => {
  const files = Object.entries(bundledScenarios());

  it("a fault more is one fault more in the plan, and every old line is there", () => {
    for (const [file, text] of files) {
      const { value } = readYaml(file, text) as unknown as { readonly value: { readonly machine: { readonly hostBridges: readonly { readonly rootPorts: readonly { readonly name: string }[] }[] }; readonly faults?: readonly unknown[]; readonly steps?: readonly object[] } };
      const before = (value.faults?.length ?? 0) + (value.steps ?? []).filter((step) => "inject" in step).length;
      const answer = editScenario({ file, text, edits: [{ kind: "addFault", fault: { when: { at: "1ms" }, do: { linkDown: value.machine.hostBridges[0]?.rootPorts[0]?.name } } }] });
      if (answer.kind === "refused") throw new Error(`${file}: ${answer.reason}`);
      expect([file, planScenario(file, answer.text, "allowed").faults.length]).toEqual([file, before + 1]);
      const lines = answer.text.split("\n");
      expect(text.split("\n").filter((line) => !lines.includes(line))).toEqual([]);
      expect(lines.length - text.split("\n").length).toBeLessThanOrEqual(3);
      expect(lines[answer.place.line - 1]?.slice(answer.place.column - 1)).toMatch(/^(- |faults:)/);
    }
  });

  it("any value can be set, and any be taken away, beside aliases", () => {
    const pathsOf = (value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] => (typeof value === "object" && value !== null ? Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, Array.isArray(value) ? Number(key) : key])) : [path]);
    const leaves = files.filter(([, text], index) => index % 6 === 0 && !text.includes(": *")).map(([file, text]) => {
      const { value } = loadScenario(file, text);
      return { file, text, value, paths: pathsOf(value) };
    });
    const valueAt = (value: unknown, path: readonly (string | number)[]): unknown => path.reduce<unknown>((found, key) => (found as Readonly<Record<string | number, unknown>>)[key], value);
    fc.assert(fc.property(fc.constantFrom(...leaves), fc.nat(), fc.oneof(fc.string(), fc.integer(), fc.boolean()), ({ file, text, value: scenario, paths }, pick, value) => {
      const path = paths[pick % paths.length] ?? [];
      const set = editScenario({ file, text, edits: [{ kind: "set", path, value }] });
      expect(set.kind).toBe("edited");
      const removed = editScenario({ file, text, edits: [{ kind: "remove", path }] });
      expect(removed.kind).toBe("edited");
      if (removed.kind === "edited") expect(removed.text.length).toBeLessThan(text.length);
      // Only a text of several lines takes others with it.
      const old = valueAt(scenario, path);
      const lines = text.split("\n").length - (typeof old === "string" && old.includes("\n") ? old.trimEnd().split("\n").length : 0);
      if (set.kind === "edited") expect(set.text.split("\n").length).toBe(lines);
    }), { numRuns: 100 });
  });
});
