import { describe, expect, it } from "vitest";
import type { Includes } from "./include.ts";
import { loadScenario } from "./load.ts";
import { planScenario } from "./plan.ts";
import { ScenarioFileError, formatProblems } from "./problem.ts";

const machine = "machine: { hostBridges: [{ rootPorts: [{ name: rp0, device: { volatile: 256MiB } }] }] }\n";
const scenario = (include: string, rest = ""): string => `version: 1\nname: whole\ninclude: ${include}\n${rest}`;

function problems(text: string, includes: Includes, file = "folder/s.yaml"): string {
  try {
    planScenario(file, text, "refused", includes);
  } catch (error) {
    if (error instanceof ScenarioFileError) return error.message;
    throw error;
  }
  return "";
}

describe("include", () => {
  it("mappings are laid on each other key by key, at any depth; the including file and later files win", () => {
    const base = `${machine}kernel: { preset: isolation-safe, policies: { isoact: none, use: fsdev } }\nlimits: { time: 1s, steps: 10 }\n`;
    const { scenario: loaded } = loadScenario("s.yaml", scenario("[base.yaml, second.inc.yaml]", "limits: { steps: 30 }\n"), { "base.yaml": base, "second.inc.yaml": "kernel: { policies: { use: device-dax-only } }\nlimits: { time: 2s }\n" });
    expect(loaded.kernel).toEqual({ preset: "isolation-safe", policies: { isoact: "none", use: "device-dax-only" } });
    expect(loaded.limits).toEqual({ time: 2_000_000_000, steps: 30 });
    expect(loaded.name).toBe("whole");
  });

  it("steps, workloads, faults and expectations of included files come first, in order; every other list is replaced", () => {
    const parts = { "a.yaml": `${machine}steps: [{ advance: 1ms }]\nexpect: [{ outcome: unaffected }]\nfirmware: { windows: [{ targets: [hb0], size: 256MiB }, { targets: [hb0], size: 512MiB }] }\n`, "b.yaml": "steps: [{ advance: 2ms }]\n" };
    const { scenario: loaded } = loadScenario("s.yaml", scenario("[a.yaml, b.yaml]", "steps: [{ advance: 3ms }]\nfirmware: { windows: [{ targets: [hb0], size: 1GiB }] }\n"), parts);
    expect(loaded.steps).toEqual([{ advance: 1_000_000 }, { advance: 2_000_000 }, { advance: 3_000_000 }]);
    expect(loaded.expect).toEqual([{ outcome: "unaffected" }]);
    expect(loaded.firmware?.windows?.map(({ size }) => size)).toEqual([1n << 30n]);
  });

  it("a file names what it includes from its own folder; what several include is taken once", () => {
    const parts = { "parts/host.yaml": "include: [./cards.yaml, deep/more.yaml]\nsteps: [{ advance: 2ms }]\n", "parts/cards.yaml": machine, "parts/deep/more.yaml": "steps: [{ advance: 1ms }]\n" };
    const { scenario: loaded } = loadScenario("s.yaml", scenario("[parts/host.yaml, ./parts/deep/more.yaml]"), parts);
    expect(loaded.steps).toEqual([{ advance: 1_000_000 }, { advance: 2_000_000 }]);
  });

  it("what is wrong in an included file is shown there: its name, its line, its source with a caret", () => {
    const parts = { "parts/bad.inc.yaml": `${machine}steps:\n  - advance: 1ms\n  - { advance: five }\n` };
    const text = scenario("parts/bad.inc.yaml", "steps: [{ advance: 1ms }]\nfaults: [{ id: x, when: { at: 1ms }, do: { linkDown: rp9 } }]\n");
    expect(problems(text, parts)).toBe('folder/parts/bad.inc.yaml:4:16: steps.1.advance: "five" is no time; write it like 5ms, 100us or 2s');
    const mended = { "parts/bad.inc.yaml": parts["parts/bad.inc.yaml"].replace("five", "5ms") };
    try {
      planScenario("folder/s.yaml", text, "refused", mended);
    } catch (error) {
      expect(formatProblems(error as ScenarioFileError)).toBe(
        'folder/s.yaml:5:48: faults.0.do.linkDown: no port "rp9" in the machine; did you mean "rp0"?\n  5 | faults: [{ id: x, when: { at: 1ms }, do: { linkDown: rp9 } }]\n    |                                                      ^'.replace(":48:", ":54:"),
      );
    }
    expect(problems(text, mended)).toMatch(/^folder\/s\.yaml:5:54: faults\.0\.do\.linkDown/);
  });

  it("an element of the including file's list is found behind those of included files", () => {
    const parts = { "p.yaml": `${machine}expect: [{ outcome: unaffected }, { outcome: recovered }]\n` };
    expect(problems(scenario("p.yaml", "expect:\n  - { outcome: recoverd }\n"), parts)).toMatch(/^folder\/s\.yaml:5:16: expect\.2\.outcome: /);
    expect(problems(scenario("p.yaml"), { "p.yaml": parts["p.yaml"].replace("recovered", "recoverd") })).toMatch(/^folder\/p\.yaml:2:\d+: expect\.1\.outcome: /);
  });

  it("a mapping that a later file replaces by something else has none of what lay below", () => {
    expect(problems(scenario("[a.yaml, b.yaml]", machine), { "a.yaml": "limits: { time: 1s }\n", "b.yaml": "limits: 5\n" })).toMatch(/^folder\/b\.yaml:1:9: limits: must be object/);
    expect(loadScenario("s.yaml", scenario("[a.yaml, b.yaml]", `${machine}limits: { steps: 3 }\n`), { "a.yaml": "limits: { time: 1s }\n", "b.yaml": "limits: 5\n" }).scenario.limits).toEqual({ steps: 3 });
  });

  it.each([
    ["../up.yaml", /^folder\/s\.yaml:3:10: include: "\.\.\/up\.yaml" leads out of the scenario's folder/],
    ["a/../../up.yaml", /leads out of the scenario's folder/],
    ["/etc/passwd", /"\/etc\/passwd" is absolute/],
    ["C:/x.yaml", /is absolute/],
    ["'a\\b.yaml'", /has a backslash/],
    ["file:///x.yaml", /is absolute/],
    ["driver.js", /is no YAML file by its ending/],
    ["gone.yaml", /:3:10: include: there is no file "gone\.yaml" in the scenario's folder$/],
    ["[gone.yaml]", /:3:11: include\.0: there is no file/],
    ["s.yaml", /"s\.yaml" includes itself: s\.yaml; remove/],
    ["[]", /:3:10: include: /],
    ["5", /:3:10: include: /],
  ])("include: %s is refused at its place", (include, message) => {
    expect(problems(scenario(include, machine), {})).toMatch(message);
  });

  it("circles, too deep chains and too many files are refused where they are written", () => {
    expect(problems(scenario("a.yaml", machine), { "a.yaml": "include: b.yaml\n", "b.yaml": "limits: {}\ninclude: a.yaml\n" })).toBe('folder/b.yaml:2:10: include: "a.yaml" includes itself: a.yaml -> b.yaml -> a.yaml; remove one of these includes');
    const chain = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`c${index}.yaml`, `include: c${index + 1}.yaml\n`]));
    expect(problems(scenario("c0.yaml", machine), chain)).toMatch(/^folder\/c8\.yaml:1:10: include: "c9\.yaml" is included 9 files deep, at most 8/);
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`m${index}.yaml`, "limits: {}\n"]));
    const half = (from: number): string => `include: [${Object.keys(many).slice(from, from + 20).join(", ")}]\n`;
    expect(problems(scenario("[h0.yaml, h1.yaml]", machine), { ...many, "h0.yaml": half(0), "h1.yaml": half(20) })).toMatch(/^folder\/h1\.yaml:1:\d+: include\.10: "m30\.yaml" is one file more than the 32/);
  });

  it("an included file may have version 1 or none; another version, no mapping and no YAML are refused in it", () => {
    expect(problems(scenario("a.yaml"), { "a.yaml": `version: 1\nname: base\n${machine}` })).toBe("");
    expect(problems(scenario("a.yaml"), { "a.yaml": `name: base\nversion: 3\n${machine}` })).toBe("folder/a.yaml:2:10: version: this file asks for version 3; this cxl-sandbox reads version 1; install a newer one");
    expect(problems(scenario("a.yaml"), { "a.yaml": "- x\n" })).toMatch(/^folder\/a\.yaml:1:1: not a scenario/);
    expect(problems(scenario("[a.yaml, b.yaml]"), { "a.yaml": "a: [", "b.yaml": "x: 1\nx: 2\n" })).toMatch(/^folder\/a\.yaml:1:\d+: not YAML[^\n]*\nfolder\/b\.yaml:2:1: the key "x" stands twice/);
  });

  it("keys that objects have by themselves are keys like others", () => {
    expect(problems(scenario("a.yaml", machine), { "a.yaml": "__proto__: { x: 1 }\nconstructor: 5\n" })).toMatch(/^folder\/a\.yaml:/);
    expect(problems(scenario("__proto__.yaml", machine), {})).toMatch(/there is no file/);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });
});
