// Faults of kernel steps as a scenario writes them (seeds S12): when they are armed, their evidence, what is wrong with one that cannot be.

import { describe, expect, it } from "vitest";
import { ScenarioFileError } from "../../src/scenario/load.ts";
import { runText } from "../support/scenarios.ts";

const scenario = (fault: string, steps = ""): string => `version: 1
name: kernel steps
machine:
  hostBridges:
    - rootPorts: [{ name: rp0, device: { volatile: 256MiB } }, { name: rp1, device: { volatile: 256MiB } }]
firmware:
  windows: [{ targets: [hb0], size: 1GiB }]
  regions: [{ targets: [dev0, dev1] }]
${steps}
faults: [{ id: x, ${fault} }]
`;

const resultOf = (fault: string, steps?: string) => {
  const { result } = runText("steps.yaml", scenario(fault, steps));
  return { status: result.status, faults: result.faults };
};

function problemOf(fault: string): string {
  try {
    resultOf(fault);
    return "";
  } catch (thrown) {
    if (!(thrown instanceof ScenarioFileError)) throw thrown;
    return thrown.message;
  }
}

describe("[S12] kernelStep", () => {
  it("[S12] at 0ms from boot it is armed before the kernel runs: the first probe meets it", () => {
    const { status, faults } = resultOf("when: { at: 0ms, from: boot }, do: { kernelStep: { step: pci.enable, errno: EIO } }");
    expect([status, faults]).toMatchObject(["pass", [{ id: "x", fired: true, count: 1, evidence: { acts: [{ atNs: faults[0]?.firstAtNs, changed: ["step pci.enable fails: 0000:0d:00.0: EIO"] }] } }]]);
  });

  it("[S12] at a later time it lets pass what came before", () => {
    expect(resultOf("when: { at: 5ms, from: boot }, do: { kernelStep: { step: pci.enable } }").status).toBe("invalid");
  });

  it("[S12] after a mark; `of`, `nth` and `count` choose among what follows", () => {
    const { faults } = resultOf("when: { after: cxl root ready, from: boot }, do: { kernelStep: { step: region.attach.A8, of: region0, nth: 2, count: 3 } }");
    expect(faults.map((one) => [one.fired, one.count])).toEqual([[true, 1]]);
  });

  it("[S12] a user's step meets it, armed by what the step before did", () => {
    const steps = "kernel: { policies: { use: device-dax-only } }\nsteps: [{ run: cxl disable-region region0 }, { run: cxl enable-region region0, exit: 1 }, { run: cxl enable-region region0 }]";
    expect(resultOf("when: { after: region0 unbound, from: boot }, do: { kernelStep: { step: region.probe } }", steps)).toMatchObject({ status: "pass", faults: [{ count: 1 }] });
  });

  it("[S12] one that did not fire makes the run invalid", () => {
    expect(resultOf("when: { at: 0ms, from: boot }, do: { kernelStep: { step: acpi.rootPort, of: nobody } }")).toMatchObject({ status: "invalid", faults: [{ fired: false, count: 0, firstAtNs: null }] });
  });

  it("[S12] names that are none get the nearest, and so do error numbers", () => {
    expect(problemOf("when: { at: 0ms, from: boot }, do: { kernelStep: { step: region.attach.A41 } }")).toMatch(/no kernel step "region.attach.A41"; did you mean "region.attach.A1/);
    expect(problemOf("when: { at: 0ms, from: boot }, do: { kernelStep: { step: region.probe, errno: ENXOI } }")).toMatch(/no error number "ENXOI"; did you mean "ENXIO"\?/);
  });

  it("[S12] a trigger of the hardware is none of the kernel's", () => {
    expect(problemOf("when: { request: { port: rp0 } }, do: { kernelStep: { step: region.probe } }")).toMatch(/a kernel step fails from a time, a mark, a log line, a kernel step or another fault on/);
  });
});
