// What a scenario's steps and expectations can say: waits, injection between commands, checks on the way, files and listings, the verdict.

import { describe, expect, it } from "vitest";
import { ScenarioFileError } from "../../src/scenario/load.ts";
import type { ScenarioResult } from "../../src/scenario/result.ts";
import { memoryLines } from "../../src/scenario/expectations/judge.ts";
import { parsePath, valueAt } from "../../src/scenario/json-path.ts";
import { runText } from "../support/scenarios.ts";

const text = (rest: string, policies = "online: online_movable"): string => `version: 1
name: steps
machine:
  hostBridges:
    - rootPorts:
        - { name: rp0, device: { volatile: 256MiB } }
        - { name: rp1, hotplug: true, device: { volatile: 256MiB }, present: false }
firmware:
  windows: [{ targets: [hb0], size: 4GiB, base: 16GiB }]
  regions: [{ targets: [rp0, rp1], softReserved: true }]
kernel: { policies: { ${policies} } }
${rest}`;

const run = (rest: string, policies?: string): ScenarioResult => runText("steps.yaml", text(rest, policies)).result;
const linkIs = (value: number): string => `expect: [{ register: { of: rp0, field: pcie.linkStatus.linkActive }, equals: ${value} }]`;
const shown = (result: ScenarioResult): unknown[] => result.expectations.map(({ text: what, pass, expected, actual }) => [what, pass, expected, actual]);
const problem = (rest: string): string => {
  try {
    runText("steps.yaml", text(rest));
  } catch (error) {
    if (error instanceof ScenarioFileError) return error.message;
    throw error;
  }
  return "";
};

describe("steps", () => {
  it("what a step injects happens between two commands, and is listed with the faults as proof", () => {
    const result = run(`steps:\n  - ${linkIs(1)}\n  - inject: { linkDown: rp0 }\n  - ${linkIs(0)}\n  - inject: { linkUp: rp0 }\n  - settle: true\n  - ${linkIs(1)}\n`);
    expect([result.status, result.expectations.map(({ text: what, actual }) => [what, actual])]).toEqual(["pass", [["step 1: rp0 pcie.linkStatus.linkActive", "1"], ["step 3: rp0 pcie.linkStatus.linkActive", "0"], ["step 6: rp0 pcie.linkStatus.linkActive", "1"]]]);
    expect(result.faults).toMatchObject([{ id: "step-2", fired: true, count: 1 }, { id: "step-4", fired: true, count: 1 }]);
  });

  it("a step that never comes to its injection leaves the run failed, its fault not fired", () => {
    const result = run("steps:\n  - run: cat /nowhere\n  - inject: { resetDevice: dev0 }\n");
    expect(result).toMatchObject({ status: "fail", faults: [{ id: "step-2", fired: false, count: 0, firstAtNs: null, evidence: { missing: expect.stringMatching(/, before step 2 was done$/) } }] });
    expect(result.reason).toMatch(/^step 1 "cat \/nowhere" ended 1, not 0/);
  });

  it("until waits for a mark or log line of the step before or of its own time, no longer than within", () => {
    const safe = (rest: string): ScenarioResult => runText("safe.yaml", text(rest).replace("policies: { online: online_movable }", "preset: isolation-safe").replace("name: rp0,", "name: rp0, isolation: { interrupt: 3 },").replace(/ {2}regions: .*\n/, "")).result;
    const down = 'steps:\n  - inject: { linkDown: rp0 }\n  - until: "CLEARED"\n    within: ';
    expect(safe(`${down}1s\n`)).toMatchObject({ status: "pass", reason: null });
    expect(safe(`${down}1us\n`)).toMatchObject({ status: "fail", reason: 'step 2: nothing said "CLEARED" within 0.001 ms' });
    expect(run('steps:\n  - until: "Linux version"\n    within: 1ms\n').reason).toBe('step 1: nothing said "Linux version" within 1 ms');
  });

  it("settle waits for the end of what is under way, advance for a time", () => {
    const flap = "steps:\n  - inject: { linkFlap: { port: rp0, time: 20ms } }\n";
    expect([run(`${flap}  - settle: true\n  - ${linkIs(1)}\n`).status, run(`${flap}  - advance: 19ms\n  - ${linkIs(0)}\n`).status, run(`${flap}  - advance: 60ms\n  - ${linkIs(1)}\n`).status]).toEqual(["pass", "pass", "pass"]);
    const time = (step: string): number => run(`steps:\n${step}`).virtualTimeNs;
    expect(time("  - advance: 20ms\n") - time("  - settle: true\n")).toBe(20_000_000);
  });

  it("output of a command is held against texts, and what does not hold is shown with what there was", () => {
    const result = run('steps:\n  - run: cat /nowhere\n    exit: 1\n    stderr: ["cat: /nowhere", "No such file"]\n    stdout: x\n');
    expect([result.status, result.reason, shown(result)]).toEqual(["fail", null, [
      ['step 1: stdout of "cat /nowhere"', false, 'text with "x"', "nothing"],
      ['step 1: stderr of "cat /nowhere"', true, 'text with "cat: /nowhere", "No such file"', "cat: /nowhere: No such file or directory"],
    ]]);
  });

  it("mistakes have their place and the nearest word", () => {
    expect(problem("steps:\n  - inject: { plug: { port: rp9, card: dev1 } }\n")).toMatch(/^steps\.yaml:13:\d+: steps\.0\.inject\.plug\.port: no port "rp9" in the machine; did you mean "rp0"\?/);
    expect(problem("steps:\n  - injekt: { linkDown: rp0 }\n")).toMatch(/unknown key "injekt"; did you mean "inject"\?/);
    expect(problem("steps:\n  - inject: { linkDwn: rp0 }\n")).toMatch(/unknown key "linkDwn"; did you mean "linkDown"\?/);
    expect(problem("steps:\n  - inject: {}\n")).toMatch(/steps\.0\.inject: a fault does something/);
    expect(problem("steps:\n  - run: ls\n    stdouts: x\n")).toMatch(/unknown key "stdouts"; did you mean "stdout"\?/);
    expect(problem("steps:\n  - expect: [{ outcome: panic }]\n")).toMatch(/steps\.0\.expect\.0\.outcome: unknown key "outcome"/);
    expect(problem("steps:\n  - inject: { linkDown: rp0 }\nfaults:\n  - { id: step-1, when: { at: 1ms }, do: { linkUp: rp0 } }\n")).toMatch(/the fault id "step-1" is this step's/);
    expect(problem("steps:\n  - expect: [{ register: { of: rp9, field: a.b }, equals: 1 }]\n")).toMatch(/steps\.0\.expect\.0\.register: no "rp9"/);
  });
});

describe("expectations", () => {
  it("iomem has the trees of windows, Soft Reserved and dax, line by line with their blanks", () => {
    const whole = "expect:\n  - iomem: |\n      400000000-4ffffffff : CXL Window 0\n        400000000-41fffffff : region0\n          400000000-41fffffff : dax2.0\n            400000000-41fffffff : System RAM (kmem)\n";
    expect(run(whole).status).toBe("pass");
    const wrong = run(whole.replace("          400000000-41fffffff : dax", "        400000000-41fffffff : dax"));
    expect(wrong.status).toBe("fail");
    expect(wrong.expectations[0]).toMatchObject({ text: "/proc/iomem", pass: false, actual: "\n400000000-4ffffffff : CXL Window 0\n  400000000-41fffffff : region0\n    400000000-41fffffff : dax2.0\n      400000000-41fffffff : System RAM (kmem)" });
    const each = run("expect:\n  - iomem: { contains: [region0, dax2.0] }\n  - iomem: { contains: region1 }\n  - iomem: { lacks: region1 }\n  - iomem: { lacks: [region1, region0] }\n");
    expect(each.expectations.map(({ pass }) => pass)).toEqual([true, false, true, false]);
    expect(memoryLines("0-1 : System RAM\n2-9 : Soft Reserved\n  2-3 : x\na-b : PCI Bus 0000:0c\n  a-b : 0000:0c:00.0\n")).toEqual(["2-9 : Soft Reserved", "  2-3 : x"]);
  });

  it("listings are looked into by a path", () => {
    const result = run(`expect:
  - { cxl: { list: -RTi, path: "[0].mappings.length", equals: 1 } }
  - { cxl: { list: -RTi, path: "[region=region0].interleave_ways", atLeast: 2, atMost: 2 } }
  - { cxl: { list: -RTi, path: "[0].errno", absent: true } }
  - { cxl: { list: -RTi, path: "[0].region", absent: true } }
  - { cxl: { list: -MRi, path: "regions[0].state", equals: disabled } }
  - { cxl: { list: -MRi, path: "memdevs.length", equals: 2 } }
  - { cxl: { list: -RTi, path: "[4].region", equals: region0 } }
  - { daxctl: { list: -R, path: "[0].path", contains: hmem.2 } }
  - { daxctl: { list: -R, path: "[0].path", contains: region0 } }
`);
    expect(result.expectations.map(({ pass, actual }) => [pass, actual])).toEqual([
      [true, "1"], [true, "2"], [true, "absent"], [false, "region0"], [true, "disabled"], [false, "1"], [false, "absent"],
      [true, "/platform/hmem_platform.0/hmem.2"], [false, "/platform/hmem_platform.0/hmem.2"],
    ]);
  });

  it("a path is names, places and conditions", () => {
    const look = (path: string): unknown => valueAt([{ a: 1 }, { list: [{ name: "x", is: true }, { name: "y", is: false }] }], parsePath(path) as []);
    expect([look("length"), look("[1].list[name=y].is"), look("[1][list][0][name]"), look("list[0].name"), look("list.length"), look("a.b"), look("[name=z]"), look("")]).toEqual([2, false, "x", "x", 2, undefined, undefined, [{ a: 1 }, { list: [{ name: "x", is: true }, { name: "y", is: false }] }]]);
    expect(problem('expect:\n  - { cxl: { list: -R, path: "[x", equals: 1 } }\n')).toMatch(/expect\.0\.cxl\.path: "\[x" is no path; write it like regions\[0\]\.size/);
    expect(problem('expect:\n  - { cxl: { list: -R, path: "[0]" } }\n')).toMatch(/say one of equals, contains/);
    expect(problem('expect:\n  - { cxl: -M, path: "[0]", equals: 1 }\n')).toMatch(/^steps\.yaml:\d+:\d+: expect\.0\.cxl: must be object/);
    expect(problem("expect:\n  - { sysfs: /sys/bus, equals: 1 }\n")).toMatch(/^steps\.yaml:\d+:\d+: expect\.0\.sysfs: unknown key "sysfs"; [^;]*$/);
    expect(problem('expect:\n  - { cxl: { list: -R, paht: "[0]", equals: 1 } }\n')).toMatch(/unknown key "paht"; did you mean "path"\?/);
  });

  it("log lines count by level, none is 0; files are equal, contain, or are absent", () => {
    const result = run(`expect:
  - { log: "soft reserved", equals: 0, level: err }
  - { log: "soft reserved", level: info }
  - { log: "soft reserved", level: err }
  - { absent: /sys/bus/cxl/devices/region0/driver }
  - { absent: /sys/bus/cxl/devices/region0 }
  - { file: /sys/bus/cxl/devices/region0/modalias, contains: "cxl:" }
  - { file: "/sys/bus/cxl/devices/\${mem:rp0}/serial", equals: "0x1" }
  - { file: "/sys/bus/cxl/devices/\${mem:rp1}/serial", equals: "0x2" }
`);
    expect(result.expectations.map(({ pass }) => pass)).toEqual([true, true, false, true, false, true, true, false]);
    expect(result.expectations.at(-1)?.actual).toMatch(/^\$\{mem:rp1\}: /);
    expect(problem("expect:\n  - { file: /proc/iomem }\n")).toMatch(/say equals: or contains:/);
  });
});

describe("references", () => {
  it("${pci:PORT} is the function of the card that a port has now: removed and found again it has the same name, without a card there is none", () => {
    const result = run("steps:\n  - run: cat /sys/bus/pci/devices/${pci:rp0}/class\n    stdout: \"0x050210\"\n  - run: echo 1 > /sys/bus/pci/devices/${pci:rp0}/remove\n  - run: echo 1 > /sys/bus/pci/rescan\n  - run: cat /sys/bus/pci/devices/${pci:rp0}/class\n  - run: ls ${pci:rp1}\n");
    expect([result.commands.map(({ command }) => command.replace(/.*devices\//, "")), result.reason]).toEqual([["0000:0d:00.0/class", "0000:0d:00.0/remove", "echo 1 > /sys/bus/pci/rescan", "0000:0d:00.0/class"], "${pci:rp1}: no card below rp1 (0000:0c:01.0)"]);
  });

  it("of a switch ${pci:PORT} is its upstream port", () => {
    const machine = (reference: string): ScenarioResult => runText("switch.yaml", `version: 1\nname: switch\nmachine: { hostBridges: [{ rootPorts: [{ name: rp0, switch: { ports: [{ name: dsp0, device: { volatile: 256MiB } }] } }] }] }\nfirmware: { windows: [{ targets: [hb0], size: 1GiB }] }\nsteps:\n  - run: ls /sys/bus/pci/devices/\${pci:${reference}}\n`).result;
    expect(["rp0", "dsp0"].map((port) => machine(port).commands.map(({ command, stdout }) => [command.slice(-12), /^\d{4}:\w\w:/m.test(stdout)]))).toEqual([[["0000:0d:00.0", true]], [["0000:0f:00.0", false]]]);
  });

  it("what is no reference is told which there are, and an unknown port by name", () => {
    expect([run("steps:\n  - run: ls ${pcie:rp0}\n").reason, run("steps:\n  - run: ls ${pci:rp7}\n").reason]).toEqual(["${pcie:rp0}: is no reference; write ${mem:PORT}, ${endpoint:PORT}, ${pci:PORT} or ${dax:REGION[N]}", "${pci:rp7}: the machine has no port \"rp7\""]);
  });
});

describe("the report's policies", () => {
  it("[S9] [POL-OPS] a host that did not keep firmware's interleave through boot needs remediation; decommission ends the run there", () => {
    const rest = "steps:\n  - run: cxl list -R\nexpect:\n  - { verdict: needs-remediation }\n";
    const goesOn = run(rest);
    expect(goesOn).toMatchObject({ status: "pass", verdict: "needs-remediation", reason: null });
    expect(run(rest, "failover: off")).toMatchObject({ verdict: "needs-remediation" });
    const ends = run(rest, "ops: decommission");
    expect(ends).toMatchObject({ status: "pass", verdict: "needs-remediation", reason: expect.stringContaining("out of service") as string });
    expect(ends.virtualTimeNs).toBeLessThan(goesOn.virtualTimeNs);
    const whole = runText("whole.yaml", text(rest, "ops: decommission").replace(", present: false", "")).result;
    expect([whole.status, whole.verdict, whole.expectations.map(({ actual }) => actual)]).toEqual(["fail", null, ["none"]]);
  });

  it("[S78] [POL-INTERLEAVE] contained warns of a region over two root ports and refuses nothing; spread is silent", () => {
    const warned = (policies: string): ScenarioResult => runText("whole.yaml", text("expect:\n  - { warning: region0, equals: 1 }\n", policies).replace(", present: false", "")).result;
    expect(warned("interleave: contained")).toMatchObject({ status: "pass", warnings: ["region0 spans root ports rp0, rp1"] });
    expect(warned("interleave: spread")).toMatchObject({ status: "fail", warnings: [] });
    expect(run("expect:\n  - { warning: region0, equals: 0 }\n", "interleave: contained")).toMatchObject({ status: "pass", warnings: [] });
  });
});
