import { describe, expect, it } from "vitest";
import { ScenarioFileError, loadScenario } from "./load.ts";
import { formatProblems } from "./problem.ts";

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

  it("figures that are expected have units as well: bytes and nanoseconds come out", () => {
    const { scenario } = loadScenario("x.yaml", good.replace("- outcome: recovered", "- { metric: bytesLost, equals: 1GiB }\n  - { workload: vm1, field: downtimeNs, atLeast: 1us, atMost: 1.5s }\n  - { metric: killed, atLeast: 2 }\n  - { metric: bytesLost, equals: \"007\" }"));
    expect(scenario.expect).toEqual([{ metric: "bytesLost", equals: "1073741824" }, { workload: "vm1", field: "downtimeNs", atLeast: 1000, atMost: 1_500_000_000 }, { metric: "killed", atLeast: 2 }, { metric: "bytesLost", equals: "007" }]);
    expect(problem(good.replace("- outcome: recovered", "- { metric: killed, atLeast: many }"))).toMatch(/"many" is no whole number, size or time; write it like 3, 64MiB or 5ms/);
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

  it("version is looked at before everything else", () => {
    const wrong = good.replace("faults:", "fautls:");
    expect(problem(wrong.replace("version: 1\n", ""))).toBe('x.yaml:1:1: version: is missing; it must be 1: write "version: 1" at the top of the file');
    expect(problem(wrong.replace("version: 1", "version: 2"))).toBe("x.yaml:1:10: version: this file asks for version 2; this cxl-sandbox reads version 1; install a newer one");
    for (const [given, shown] of [["0", "0"], ["1.5", "1.5"], ["'1'", '"1"'], ["[1]", "a list"], ["{}", "a mapping"], ["null", "null"], ["true", "true"]]) expect(problem(wrong.replace("version: 1", `version: ${given}`))).toBe(`x.yaml:1:10: version: must be 1, not ${shown}`);
  });

  it("a problem is shown with its line and a caret; the first line is the one that editors look for", () => {
    const shown = (text: string): string => {
      try {
        loadScenario("x.yaml", text);
      } catch (error) {
        return formatProblems(error as ScenarioFileError);
      }
      return "";
    };
    expect(shown(good.replace("isolation:", "isolaton:"))).toBe(`x.yaml:6:24: machine.hostBridges.0.rootPorts.0.isolaton: unknown key "isolaton"; did you mean "isolation"?
  6 |         - { name: rp0, isolaton: { mem: true, interrupt: 3 }, device: { volatile: 256MiB } }
    |                        ^`);
    const tabs = shown(`version: 1\nname: a\nmachine:\t[]\u0007${" ".repeat(300)}# far\n`).split("\n");
    expect(tabs.slice(1)).toEqual([expect.stringMatching(/^ {2}3 \| machine:\t\[\]\? {1,200}$/), "    |         \t  ^"]);
    const long = shown(`version: 1\nname: a\n${good.split("\n").slice(2, 5).join("\n")}\n        - { ${" ".repeat(500)}nmae: rp0 }\n`).split("\n");
    expect(long[1]?.length).toBeLessThan(140);
    expect(long[1]?.[long[2]?.indexOf("^") ?? 0]).toBe("n");
  });

  it("what YAML allows and a scenario does not is refused at its place: keys twice, aliases of nothing, depth without end", () => {
    expect(problem(`${good}name: again\n`)).toBe('x.yaml:11:1: the key "name" stands twice in this mapping; remove one');
    expect(problem(good.replace("name: one port", "name: *gone"))).toBe("x.yaml:2:7: nothing above is named &gone; write the anchor at the value that is meant");
    expect(problem(`${good}description: &a [*a]\n`)).toMatch(/^x\.yaml:1:1: lists and mappings stand in each other more than 200 deep/);
    for (const depth of [300, 100_000]) expect(problem(`version: 1\nname: ${"[".repeat(depth)}${"]".repeat(depth)}`)).toMatch(/^x\.yaml:2:20\d: lists and mappings stand in each other more than 200 deep/);
    expect(problem(`version: 1\nname:\n${"- ".repeat(100_000)}`)).toMatch(/^x\.yaml:3:\d+: lists and mappings stand in each other more than 200 deep/);
  });

  it("a directive of the text changes nothing of what values mean", () => {
    expect(problem(`%YAML 1.1\n---\n${good.replace("mem: true", "mem: yes")}`)).toMatch(/mem: must be boolean/);
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
