import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ScenarioFileError } from "./load.ts";
import { outcomeOf } from "./outcome.ts";
import { planScenario } from "./plan.ts";
import { policiesPage } from "./policies-page.ts";
import { policies, policyNames, presetNames, presetValues } from "./policies.ts";

const text = (extra = "", machine = ""): string => `version: 1
name: test
machine:
  hostBridges:
    - rootPorts:
        - { name: rp0, isolation: { interrupt: 3 }, device: { volatile: 256MiB }, alternates: [{ name: spare, volatile: 512MiB }] }
        - { name: rp1, device: { volatile: 256MiB } }
${machine}${extra}`;

function problem(source: string): string {
  try {
    planScenario("f.yaml", source);
  } catch (error) {
    if (error instanceof ScenarioFileError) return error.message;
    throw error;
  }
  return "";
}

describe("scenario plans", () => {
  it("names, numbers and addresses are filled in without collisions", () => {
    const { machine } = planScenario("f.yaml", text("firmware: { windows: [{ targets: [hb0], size: 1GiB }, { targets: [hb0], size: 1GiB }] }\n"));
    expect(machine.hostBridges[0]?.rootPorts.map((port) => port.slots.map((slot) => [slot.name, slot.serial]))).toEqual([[["dev0", 1n], ["spare", 2n]], [["dev1", 3n]]]);
    const [first, second] = machine.windows;
    expect((first?.base ?? 0n) + (first?.size ?? 0n)).toBe(second?.base);
  });

  it("a fault or expectation that names what does not exist is a bad file with its place", () => {
    const fault = (what: string, when = "{ at: 1ms }"): string => text(`faults:\n  - { id: x, when: ${when}, do: ${what} }\n`);
    expect(problem(fault("{ linkDown: rp7 }"))).toMatch(/^f\.yaml:9:\d+: faults\.0\.do\.linkDown: no root port "rp7" in the machine; did you mean "rp0"\?$/);
    expect(problem(fault("{ replaceDevice: { port: rp1, with: spare } }"))).toMatch(/"spare" is not declared below rp1/);
    expect(problem(fault("{ linkDown: rp0 }", "{ register: { of: rp0, field: timeoutIsolation.status.memIsolation, equals: 1 } }"))).toMatch(/has no field "memIsolation"; did you mean "memoryIsolation"\?/);
    expect(problem(text("expect:\n  - { register: { of: rp9, field: a.b.c }, equals: 1 }\n"))).toMatch(/no "rp9" in the machine/);
  });

  it("windows that overlap, miss their bridge or cannot be decoded are bad files", () => {
    const windows = (list: string): string => text(`firmware: { windows: [${list}] }\n`);
    expect(problem(windows("{ targets: [hb0], size: 1GiB, base: 8GiB }, { targets: [hb0], size: 1GiB, base: 8GiB }"))).toMatch(/window 1 overlaps window 0/);
    expect(problem(windows("{ targets: [hb1], size: 1GiB }"))).toMatch(/no host bridge "hb1"; did you mean "hb0"\?/);
    expect(problem(windows("{ targets: [hb0], size: 100MiB }"))).toMatch(/multiple of 256MiB/);
    expect(problem(windows("{ targets: [hb0], size: 1GiB, base: 1GiB }"))).toMatch(/lies over host memory/);
  });

  it("running out of buses, a name used twice, an unknown preset, policy or value are bad files", () => {
    expect(problem(text().replace("- rootPorts:", "- buses: [255, 255]\n      rootPorts:"))).toMatch(/2 root ports need 3 buses/);
    expect(problem(text().replace("name: rp1", "name: rp0"))).toMatch(/the name "rp0" is taken/);
    expect(problem(text("kernel: { preset: isolation-save }\n"))).toMatch(/no preset "isolation-save"; did you mean "isolation-safe"\?/);
    expect(problem(text("kernel: { policies: { isoact: recovr } }\n"))).toMatch(/no value "recovr"; did you mean "recover"\?/);
    expect(problem(text("kernel: { policies: { isoakt: recover } }\n"))).toMatch(/no policy "isoakt"; did you mean "isoact"\?/);
  });
});

describe("policies", () => {
  it("[rule 15] every preset gives every policy one of its values", () => {
    for (const preset of presetNames) {
      const values = presetValues(preset);
      expect(Object.keys(values ?? {}).sort()).toEqual([...policyNames].sort());
      for (const name of policyNames) expect([preset, name, (policies[name].values as readonly string[]).includes(values?.[name] ?? "")]).toEqual([preset, name, true]);
    }
  });
});

describe("docs/policies.md", () => {
  it("is what the table says", () => {
    expect(readFileSync(new URL("../../docs/policies.md", import.meta.url), "utf8")).toBe(policiesPage());
  });
});

describe("outcomes", () => {
  const calm = { panicked: false, hostState: "running" as const, rebootChosen: false, recoveryBlocked: false, bytesStranded: 0n, bytesAtReady: 4n, bytesServed: 4n, serviceWasDisturbed: false };
  it("is the first definition that holds", () => {
    expect(outcomeOf(calm)).toBe("unaffected");
    expect(outcomeOf({ ...calm, serviceWasDisturbed: true })).toBe("recovered");
    expect(outcomeOf({ ...calm, bytesServed: 3n, serviceWasDisturbed: true })).toBe("reduced");
    expect(outcomeOf({ ...calm, bytesServed: 3n, bytesStranded: 1n })).toBe("stranded");
    expect(outcomeOf({ ...calm, bytesStranded: 1n, recoveryBlocked: true })).toBe("wedged");
    expect(outcomeOf({ ...calm, recoveryBlocked: true, rebootChosen: true })).toBe("rebooted");
    expect(outcomeOf({ ...calm, rebootChosen: true, hostState: "hung" })).toBe("hang");
    expect(outcomeOf({ ...calm, hostState: "reset" })).toBe("reset");
    expect(outcomeOf({ ...calm, hostState: "reset", panicked: true })).toBe("panic");
  });
});
