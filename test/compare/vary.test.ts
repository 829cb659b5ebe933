// Variations of a scenario: what can be written behind --vary, what a file becomes, and how a value that does not fit is refused.

import { describe, expect, it } from "vitest";
import { ScenarioFileError } from "../../src/scenario/load.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import { policies, presetNames } from "../../src/scenario/policies.ts";
import { VariationError, combinationsOf, describeCombination, parseVariation, varyScenario } from "../../src/scenario/vary.ts";

const text = `version: 1
name: two cards
machine:
  hostBridges:
    - rootPorts:
        - { name: rp0, device: { volatile: 256MiB } }
        - { name: rp1, device: { volatile: 256MiB } }
firmware: { windows: [{ targets: [hb0], size: 4GiB, base: 16GiB }] }
kernel: { policies: { use: device-dax-only, asm: unregister-b, platform: hang-until-watchdog } }
faults:
  - { id: cut, when: { at: 1ms }, do: { linkDown: rp0 } }
`;
const under = (...varied: readonly string[]) => {
  const [combination = []] = combinationsOf(varied.map(parseVariation));
  return planScenario("two.yaml", varyScenario("two.yaml", text, combination, false).text);
};

function problemOf(act: () => unknown): string {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof VariationError || thrown instanceof ScenarioFileError) return thrown.message;
    throw thrown;
  }
  return "no problem";
}

describe("what is written behind --vary", () => {
  it("values are split at commas outside of brackets, braces, parentheses and quotes", () => {
    expect(parseVariation("kernel.policies.quiesce=barrier, delay(10s)").values).toEqual(["barrier", "delay(10s)"]);
    expect(parseVariation('firmware.windows[0].targets=[hb0, hb1],[hb1]').values).toEqual(["[hb0, hb1]", "[hb1]"]);
    expect(parseVariation('a.b="x, y",{ c: 1, d: 2 }').values).toEqual(['"x, y"', "{ c: 1, d: 2 }"]);
  });

  it("a path has names, dots and numbers in brackets", () => {
    expect(parseVariation("machine.hostBridges[0].rootPorts[1].device.volatile=1GiB").steps).toEqual(["machine", "hostBridges", 0, "rootPorts", 1, "device", "volatile"]);
    for (const path of ["", "a..b", "[0]", "a[x]", "__proto__.x", "a b"]) expect(problemOf(() => parseVariation(`${path}=1`))).toContain(`"${path}" is no path`);
  });

  it("all stands for every preset, and for every value of a policy", () => {
    expect(parseVariation("kernel.preset=all").values).toEqual(presetNames);
    expect(parseVariation("kernel.policies.unwind=all").values).toEqual(policies.unwind.values);
    expect(parseVariation("name=all").values).toEqual(["all"]);
  });

  it("no values, an empty one, one that is there twice and one that is no YAML are refused with what to write", () => {
    expect(problemOf(() => parseVariation("kernel.preset"))).toContain("write PATH=VALUE,VALUE");
    expect(problemOf(() => parseVariation("kernel.preset="))).toContain("a value is empty");
    expect(problemOf(() => parseVariation("seed=1,2,1"))).toContain("the value 1 is there twice");
    expect(problemOf(() => parseVariation("name=[1"))).toContain("no YAML value");
    expect(problemOf(() => combinationsOf([parseVariation("seed=1"), parseVariation("seed=2")]))).toContain("seed is given twice");
    expect(problemOf(() => combinationsOf(["a", "b", "c"].map((path) => parseVariation(`${path}=${Array.from({ length: 30 }, (_, index) => index).join()}`))))).toContain("27000 combinations");
  });

  it("combinations are the product, the last path varying fastest", () => {
    expect(combinationsOf([parseVariation("a=1,2"), parseVariation("b=x,y")]).map(describeCombination)).toEqual(["a=1 b=x", "a=1 b=y", "a=2 b=x", "a=2 b=y"]);
  });
});

describe("what a file becomes", () => {
  it("any path may vary: sizes, policies, faults, keys that the file does not have", () => {
    expect(under("machine.hostBridges[0].rootPorts[1].device.volatile=1GiB").machine.hostBridges[0]?.rootPorts[1]?.slots[0]).toMatchObject({ volatileCapacity: 1n << 30n });
    expect(under("firmware.windows[0].size=8GiB").machine.windows[0]?.size).toBe(8n << 30n);
    expect(under("faults[0].do.linkDown=rp1").faults[0]?.do).toEqual({ linkDown: "rp1" });
    expect(under("limits.time=5ms").limits.time).toBe(5_000_000);
    expect(under("machine.hostBridges[0].rootPorts[1].isolation={ mem: true, interrupt: 3 }").machine.hostBridges[0]?.rootPorts[1]?.isolation).toMatchObject({ memory: true, interruptMessage: 3 });
  });

  it("the rest of the file is as it was", () => {
    // Places are those of the text, which is written anew.
    const { file: _file, places: _places, ...plain } = planScenario("two.yaml", text);
    const { file: _other, places: _others, ...varied } = under("seed=7");
    expect(varied).toEqual(plain);
  });

  it("seed is the run's and not the file's", () => {
    expect(varyScenario("two.yaml", text, [{ path: "seed", value: "7" }], false).seed).toBe(7);
    expect(varyScenario("two.yaml", text, [{ path: "limits.time", value: "1s" }], false).seed).toBeNull();
    expect(problemOf(() => varyScenario("two.yaml", text, [{ path: "seed", value: "-1" }], false))).toContain('"-1" is no seed');
  });

  it("the file's own policies win over a preset that varies, and are said to", () => {
    const varied = varyScenario("two.yaml", text, [{ path: "kernel.preset", value: "ROADMAP-A" }], false);
    expect([varied.pinned.toSorted(), varied.dropped]).toEqual([["asm", "platform", "use"], []]);
    expect(planScenario("two.yaml", varied.text).policies).toMatchObject({ asm: "unregister-b", unwind: "full" });
  });

  it("unpinned, those that the argument is about or that the preset names make room; others stay", () => {
    const varied = varyScenario("two.yaml", text, [{ path: "kernel.preset", value: "ROADMAP-A" }], true);
    expect([varied.pinned.toSorted(), varied.dropped]).toEqual([["platform", "use"], ["asm"]]);
    expect(planScenario("two.yaml", varied.text).policies).toMatchObject({ asm: "leave", use: "device-dax-only", platform: "hang-until-watchdog" });
    expect(varyScenario("two.yaml", text, [{ path: "kernel.preset", value: "isolation-safe" }], true).dropped.toSorted()).toEqual(["asm", "use"]);
  });

  it("a policy that varies itself is never dropped", () => {
    const varied = varyScenario("two.yaml", text, [{ path: "kernel.preset", value: "ROADMAP-A" }, { path: "kernel.policies.asm", value: "timeout(5s)" }], true);
    expect(planScenario("two.yaml", varied.text).policies.asm).toBe("timeout(5s)");
  });

  it("aliases of the file vary apart", () => {
    const shared = text.replace("device: { volatile: 256MiB } }\n        - { name: rp1, device: { volatile: 256MiB } }", "device: &card { volatile: 256MiB } }\n        - { name: rp1, device: *card }");
    const { machine } = planScenario("two.yaml", varyScenario("two.yaml", shared, [{ path: "machine.hostBridges[0].rootPorts[1].device.volatile", value: "512MiB" }], false).text);
    expect(machine.hostBridges[0]?.rootPorts.map(({ slots: [card] }) => card !== undefined && "volatileCapacity" in card && card.volatileCapacity)).toEqual([256n << 20n, 512n << 20n]);
  });
});

describe("what does not fit", () => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ["kernel.preset=ROADMAP-C", /^two\.yaml:9:9: with kernel\.preset=ROADMAP-C: kernel\.preset: no preset "ROADMAP-C"; did you mean "ROADMAP-A"\?$/],
    ["kernel.policies.asn=leave", /^two\.yaml:9:\d+: with kernel\.policies\.asn=leave: kernel\.policies\.asn: no policy "asn"; did you mean "asm"\?$/],
    ["kernel.policies.asm=leaf", /policy asm has no value "leaf"; did you mean "leave"\?$/],
    ["machine.hostBridges[0].rootPorts[1].device.volatil=1GiB", /^two\.yaml:7:\d+: .*unknown key "volatil"; did you mean "volatile"\?/],
    ["machine.hostBridges[0].rootPorts[0].device.volatile=100MiB", /^two\.yaml:6:\d+: .*capacity must be a multiple of 256MiB/],
    ["machine.hostBridges[3].name=x", /machine\.hostBridges: has 1 element, so there is no \[3\]$/],
    ["machine.hostBridges.name=x", /machine\.hostBridges: is a list; say which element/],
    ["name.first=x", /name: is a single value, so it has no first$/],
    ["firmware[0]=x", /firmware: is no list/],
    ["faults[0].do.linkDown=rp7", /no port "rp7" in the machine/],
  ];
  it.each(refused)("%s", (variation, message) => {
    expect(problemOf(() => under(variation))).toMatch(message);
  });

  it("a file that is wrong by itself is refused in its own words", () => {
    expect(problemOf(() => varyScenario("bad.yaml", text.replace("kernel:", "kernal:"), [{ path: "seed", value: "1" }], false))).toMatch(/^bad\.yaml:9:1: kernal: unknown key "kernal"; did you mean "kernel"\?$/);
  });
});
