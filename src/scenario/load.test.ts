import { describe, expect, it } from "vitest";
import { ScenarioFileError, loadScenario } from "./load.ts";

const good = `version: 1
name: one port
machine:
  hostBridges:
    - rootPorts:
        - { name: rp0, isolation: { mem: true, interrupt: 3 }, device: { volatile: 256MiB } }
faults:
  - { id: cable, when: { at: 5ms }, do: { linkDown: rp0 } }
expect:
  - outcome: recovered
`;

function problem(text: string): string {
  try {
    loadScenario("x.yaml", text);
  } catch (error) {
    if (error instanceof ScenarioFileError) return error.message;
    throw error;
  }
  return "";
}

describe("scenario files", () => {
  it("a good file loads with its units turned into numbers", () => {
    const { scenario } = loadScenario("x.yaml", good);
    expect(scenario.machine.hostBridges[0]?.rootPorts[0]?.device?.volatile).toBe(256n << 20n);
    expect(scenario.faults?.[0]?.when).toEqual({ at: 5_000_000 });
  });

  it("an unknown key is named with its place and the nearest known one", () => {
    expect(problem(good.replace("faults:", "fautls:"))).toBe('x.yaml:7:1: fautls: unknown key "fautls"; did you mean "faults"?');
    expect(problem(good.replace("isolation:", "isolaton:"))).toMatch(/^x\.yaml:6:24: .*unknown key "isolaton"; did you mean "isolation"\?$/);
  });

  it("a wrong type, a bad unit and a missing key say what is expected", () => {
    expect(problem(good.replace("mem: true", "mem: maybe"))).toMatch(/^x\.yaml:6:\d+: .*mem: must be boolean/);
    expect(problem(good.replace("256MiB", "256 bananas"))).toMatch(/^x\.yaml:6:\d+: .*"256 bananas" is no size; write it like 256MiB or 4GiB/);
    expect(problem(good.replace("version: 1\n", ""))).toMatch(/^x\.yaml:1:1: version: /);
    expect(problem(good.replace("{ linkDown: rp0 }", "{ linkDwon: rp0 }"))).toMatch(/^x\.yaml:8:\d+: faults\.0\.do\.linkDwon: unknown key "linkDwon"; did you mean "linkDown"\?$/);
  });

  it("what is not YAML, not a mapping, an alias bomb or far too long is one clear line each", () => {
    expect(problem("a: [1, 2")).toMatch(/^x\.yaml:\d+:\d+: not YAML: /);
    expect(problem("just words")).toMatch(/^x\.yaml:1:1: not a scenario/);
    expect(problem("")).toMatch(/^x\.yaml:1:1: not a scenario/);
    const bomb = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]", ...Array.from({ length: 8 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array.from({ length: 10 }, () => `*a${i}`).join(",")}]`)].join("\n");
    expect(problem(bomb)).toMatch(/^x\.yaml:1:1: .*aliases/);
    expect(problem("x".repeat(2_000_000))).toMatch(/2000000 characters/);
    for (const text of ["a: [1, 2", "just words", bomb, good.replace("faults:", "fautls:")]) expect(problem(text)).not.toMatch(/\n|at .*\.ts/);
  });
});
