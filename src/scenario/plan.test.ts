import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ScenarioFileError } from "./load.ts";
import { outcomeOf } from "./outcome.ts";
import { findField, partsOf } from "./machine-parts.ts";
import { planScenario } from "./plan.ts";
import { faultExamples, faultsPage } from "./faults/page.ts";
import { policiesPage } from "./policies-page.ts";
import type { PolicyValues } from "./policies.ts";
import { policies, policyNames, presetNames, presetValues, readPolicyValue } from "./policies.ts";
import { defaultPolicies } from "../kernel/policy.ts";
import { kernelPolicies } from "../sandbox/policies.ts";

const text = (extra = "", machine = ""): string => `version: 1
name: test
machine:
  hostBridges:
    - rootPorts:
        - { name: rp0, isolation: { interrupt: 3 }, device: { volatile: 256MiB }, alternates: [{ name: spare, volatile: 512MiB }] }
        - { name: rp1, device: { volatile: 256MiB } }
${machine}${extra}`;

/** A root port with a device, one with a switch of three ports, the last of which has a switch again. */
const tree = (extra = ""): string => `version: 1
name: tree
machine:
  hostBridges:
    - rootPorts:
        - { device: { volatile: 256MiB, mailbox: { dynamicRegions: [{ length: 1GiB }] } }, isolation: { interrupt: 3 }, alternates: [{ name: spare, volatile: 512MiB }] }
        - switch: { ports: [{ device: { volatile: 256MiB, persistent: 256MiB } }, { device: { persistent: 256MiB }, present: false }, { switch: { ports: [{ device: { volatile: 256MiB } }] } }] }
${extra}`;

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
    expect(problem(fault("{ linkDown: rp7 }"))).toMatch(/^f\.yaml:9:\d+: faults\.0\.do\.linkDown: no port "rp7" in the machine; did you mean "rp0"\?$/);
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
    expect(problem(text().replace("- rootPorts:", "- buses: [255, 255]\n      rootPorts:"))).toMatch(/2 root ports and what is declared below them need 3 buses, 255\.\.255 has 1/);
    expect(problem(text().replace("name: rp1", "name: rp0"))).toMatch(/the name "rp0" is taken/);
    expect(problem(text("kernel: { preset: isolation-save }\n"))).toMatch(/no preset "isolation-save"; did you mean "isolation-safe"\?/);
    expect(problem(text("kernel: { policies: { isoact: recovr } }\n"))).toMatch(/no value "recovr"; did you mean "recover"\?/);
    expect(problem(text("kernel: { policies: { isoakt: recover } }\n"))).toMatch(/no policy "isoakt"; did you mean "isoact"\?/);
  });
});

describe("policies", () => {
  it("a value that takes a time has one when none is written; others take none", () => {
    expect([readPolicyValue("asm", "timeout"), readPolicyValue("asm", "timeout(5s)"), readPolicyValue("quiesce", "delay")].map(({ time }) => time)).toEqual([30e9, 5e9, 10e9]);
    expect([readPolicyValue("asm", "timeout(soon)"), readPolicyValue("asm", "leave(5s)"), readPolicyValue("quiesce", "delay()")].map(({ value }) => value)).toEqual([undefined, undefined, undefined]);
  });

  it("the kernel's defaults are the preset linux-7.2", () => {
    expect(kernelPolicies(presetValues("linux-7.2") as PolicyValues)).toEqual(defaultPolicies);
  });

  it("[rule 15] every preset gives every policy one of its values", () => {
    for (const preset of presetNames) {
      const values = presetValues(preset);
      expect(Object.keys(values ?? {}).toSorted()).toEqual([...policyNames].toSorted());
      for (const name of policyNames) expect([preset, name, (policies[name].values as readonly string[]).includes(values?.[name] ?? "")]).toEqual([preset, name, true]);
    }
  });
});

describe("docs/faults.md", () => {
  it("is what the schema has", () => {
    expect(readFileSync(new URL("../../docs/faults.md", import.meta.url), "utf8")).toBe(faultsPage());
  });

  it.each(Object.entries(faultExamples))("%s: the example is a legal fault", (_, example) => {
    const plan = planScenario("f.yaml", tree(`faults:\n  - { id: x, when: { at: 1ms }, do: { ${example} } }\n`));
    expect(plan.faults).toHaveLength(1);
  });
});

describe("machines with switches", () => {
  it("parts behind switches get their own names, numbers and buses", () => {
    const { machine } = planScenario("f.yaml", tree());
    expect([...partsOf(machine)]).toEqual([["hb0", "bridge"], ["rp0", "root port"], ["dev0", "device"], ["spare", "device"], ["rp1", "root port"], ["sw0", "switch"], ["dsp0", "downstream port"], ["dsp0-dev", "device"], ["dsp1", "downstream port"], ["dsp1-dev", "device"], ["dsp2", "downstream port"], ["sw1", "switch"], ["dsp3", "downstream port"], ["dsp3-dev", "device"]]);
    const [bridge] = machine.hostBridges;
    expect([bridge?.busStart, bridge?.busEnd]).toEqual([12, 12 + 2 + 1 + 3 + 1 + 1]);
    expect(bridge?.rootPorts[1]?.slots[0]).toMatchObject({ kind: "switch", decoders: 8, latency: 70 });
  });

  it("fields of every kind of part are found, and their mistakes are explained", () => {
    const { machine } = planScenario("f.yaml", tree());
    expect(findField(machine, "sw0", "hdmDecoderPort.control.committed")).toMatchObject({ space: "component", mask: 0x400 });
    expect(findField(machine, "dsp2", "dpc.status.trigger")).toMatchObject({ space: "config", mask: 1, shift: 0 });
    expect(findField(machine, "dsp3-dev", "ras.uncorrectableStatus.poisonReceived")).toMatchObject({ mask: 1 << 10 });
    expect(findField(machine, "dsp2", "timeoutIsolation.status.memoryIsolation")).toMatch(/dsp2 has no register structure "timeoutIsolation"/);
  });

  it("what cannot be is a bad file with its place", () => {
    const fault = (what: string): string => problem(tree(`faults:\n  - { id: x, when: { at: 1ms }, do: { ${what} } }\n`));
    expect(fault("rasError: { of: dsp0, uncorrectable: memoryDataEc }")).toMatch(/no uncorrectable error "memoryDataEc"; did you mean "memoryDataEcc"\?/);
    expect(fault("rasError: { of: dsp0 }")).toMatch(/name one error/);
    expect(fault("poison: { device: dev0, dpa: 10 }")).toMatch(/whole lines/);
    expect(fault("poison: { device: rp0, dpa: 0 }")).toMatch(/no device "rp0"/);
    expect(fault("loseInterrupt: { message: 1 }")).toMatch(/say whose interrupt/);
    expect(fault("refuseCommit: { of: rp0 }")).toMatch(/no part with decoders "rp0"/);
    expect(fault("plug: { port: dsp1, card: spare }")).toMatch(/"spare" is not declared below dsp1/);
    expect(fault("linkDown: rp0, unplug: rp0")).toMatch(/exactly one thing/);
    expect(fault("stuckRegister: { of: dev0, field: hdmDecoderDevice.control.comitted, value: 0 }")).toMatch(/did you mean "committed"\?/);
    expect(problem(tree().replace("volatile: 512MiB", "labels: 1MiB"))).toMatch(/the device has no capacity/);
    expect(problem(tree().replace("- switch: { ports", "- device: { volatile: 256MiB }\n          switch: { ports"))).toMatch(/a device or a switch, not both/);
    expect(problem(tree("firmware: { windows: [{ targets: [hb0], size: 1GiB, maps: ['0x100'] }] }\n"))).toMatch(/only arithmetic: xor/);
    expect(problem(tree("firmware: { windows: [{ targets: [hb0, hb0], size: 1GiB, arithmetic: xor }] }\n"))).toMatch(/2 ways need 1 bitmaps, not 0/);
    expect(problem(tree().replace("- rootPorts:", "- passthrough: true\n      rootPorts:"))).toMatch(/one root port, not 2/);
  });

  it("a window's arithmetic, restrictions and class reach the description", () => {
    const { machine } = planScenario("f.yaml", tree("firmware: { windows: [{ targets: [hb0, hb0], size: 1GiB, arithmetic: xor, maps: ['0x2020900'], restrictions: [hostOnlyCoherent, persistent], qtg: 3 }] }\n"));
    expect(machine.windows[0]).toMatchObject({ arithmetic: "xor", xorMaps: [0x202_0900n], restrictions: 0b1010, qtg: 3 });
  });

  it("links, ways to bridges and classes reach the description; what is not said of writes is as for reads, of a card's link as for its port's", () => {
    const source = text("firmware: { windows: [{ targets: [hb0], size: 1GiB }], qos: [{ id: 3, readBandwidth: 20GB/s }, { id: 4, writeLatency: 1us }] }\n")
      .replace("- rootPorts:", "- performance: { readLatency: 80ns, readBandwidth: 64GB/s, writeBandwidth: 500MB/s }\n      rootPorts:")
      .replace("name: rp0,", "name: rp0, link: { speed: 16GT/s },").replace("device: { volatile: 256MiB }, alt", "device: { volatile: 256MiB, bandwidth: 12000, link: { width: 4 } }, alt");
    const { machine, firmware } = planScenario("f.yaml", source);
    const [bridge] = machine.hostBridges;
    expect(bridge?.performance).toEqual({ readLatency: 80, writeLatency: 80, readBandwidth: 64_000, writeBandwidth: 500 });
    expect(bridge?.rootPorts.map((port) => [port.link, port.slots[0]])).toMatchObject([[{ speed: 4, width: 8 }, { bandwidth: 12_000, link: { speed: 5, width: 4 } }], [undefined, {}]]);
    expect(bridge?.rootPorts[1]?.slots[0]).not.toHaveProperty("link");
    expect(firmware.throttlingGroups).toEqual([{ id: 3, readBandwidth: 20_000 }, { id: 4, writeLatency: 1000 }]);
  });

  it("a speed, width, latency or bandwidth that cannot be is a bad file with its place", () => {
    const port = (what: string): string => problem(text().replace("name: rp0,", `name: rp0, ${what},`));
    expect(port("link: { speed: 64GT/s }")).toMatch(/^f\.yaml:6:\d+: .*link\.speed/);
    expect(port("link: { width: 12 }")).toMatch(/^f\.yaml:6:\d+: .*link\.width/);
    const bridge = (what: string): string => problem(text().replace("- rootPorts:", `- performance: { ${what} }\n      rootPorts:`));
    expect(bridge("readLatency: 0ns, readBandwidth: 1GB/s")).toMatch(/performance\.readLatency: a latency of HMAT is 1ns to 4294967ns/);
    expect(bridge("readLatency: 80ns, readBandwidth: 64Gb/s")).toMatch(/"64Gb\/s" is no bandwidth; write it like 64GB\/s or 32000MB\/s/);
    expect(bridge("readLatency: 80ns")).toMatch(/readBandwidth/);
  });
});

describe("docs/policies.md", () => {
  it("is what the table says", () => {
    expect(readFileSync(new URL("../../docs/policies.md", import.meta.url), "utf8")).toBe(policiesPage());
  });
});

describe("outcomes", () => {
  const calm = { panicked: false, hostState: "running" as const, rebootChosen: false, recoveryBlocked: false, bytesStranded: 0n, bytesAtReady: 4n, bytesServed: 4n, systemRamLost: 0n, serviceWasDisturbed: false };
  it("is the first definition that holds", () => {
    expect(outcomeOf(calm)).toBe("unaffected");
    expect(outcomeOf({ ...calm, serviceWasDisturbed: true })).toBe("recovered");
    expect(outcomeOf({ ...calm, bytesServed: 3n, serviceWasDisturbed: true })).toBe("reduced");
    expect(outcomeOf({ ...calm, systemRamLost: 1n, serviceWasDisturbed: true })).toBe("reduced");
    expect(outcomeOf({ ...calm, bytesServed: 3n, bytesStranded: 1n })).toBe("stranded");
    expect(outcomeOf({ ...calm, bytesStranded: 1n, recoveryBlocked: true })).toBe("wedged");
    expect(outcomeOf({ ...calm, recoveryBlocked: true, rebootChosen: true })).toBe("rebooted");
    expect(outcomeOf({ ...calm, rebootChosen: true, hostState: "hung" })).toBe("hang");
    expect(outcomeOf({ ...calm, hostState: "reset" })).toBe("reset");
    expect(outcomeOf({ ...calm, hostState: "reset", panicked: true })).toBe("panic");
  });
});

describe("modules", () => {
  const kernel = (keys: string): string => text(`kernel: { ${keys} }\n`);

  it("everything is built in unless a file says what is; what it does not name is not there", () => {
    expect(planScenario("f.yaml", text()).modules).toEqual({ builtIn: ["cxl_port", "cxl_acpi", "cxl_mem", "cxl_pci", "dax_hmem", "dax_cxl"], modules: [] });
    expect(planScenario("f.yaml", kernel("modules: [cxl_pci, cxl_acpi]")).modules).toEqual({ builtIn: [], modules: ["cxl_pci", "cxl_acpi"] });
    expect(planScenario("f.yaml", kernel("builtIn: [cxl_port], modules: []")).modules).toEqual({ builtIn: ["cxl_port"], modules: [] });
  });

  it("an unknown name and one that is named twice are bad files with their place", () => {
    expect(problem(kernel("modules: [cxl_pic]"))).toMatch(/^f\.yaml:8:\d+: kernel\.modules\.0: no module "cxl_pic"; did you mean "cxl_pci"\?$/);
    expect(problem(kernel("builtIn: [cxl_port], modules: [cxl_mem, cxl_port]"))).toMatch(/kernel\.modules\.1: "cxl_port" is named twice/);
  });
});
