// Every kind of trigger and of action of the scenario format, over the whole system.

import { describe, expect, it } from "vitest";
import { runText } from "../support/scenarios.ts";

function scenario(faults: string, policies = ""): string {
  return `version: 1
name: faults
machine:
  hostBridges:
    - rootPorts:
        - { name: rp0, isolation: { forceLinkDown: true, timeoutRanges: ABCD, interrupt: 3 }, device: { volatile: 256MiB }, alternates: [{ name: spare, volatile: 256MiB }] }
firmware: { windows: [{ targets: [hb0], size: 1GiB }] }
kernel: { preset: isolation-safe${policies} }
steps:
  - run: cxl create-region -d decoder0.0 -m \${mem:rp0} -w 1 -t ram
workloads:
  - vm: { name: vm1, memory: "\${dax:region0}", rate: 1M/s, vcpus: 2 }
faults:
${faults}
`;
}

const down = "do: { linkDown: rp0 }";
const fired = (text: string) => {
  const { result } = runText("faults.yaml", text);
  return { status: result.status, reason: result.reason, outcome: result.outcome, faults: result.faults.map((one) => [one.id, one.fired, one.count]), times: result.faults.map((one) => one.firstAtNs ?? -1) };
};

describe("triggers", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["a time after ready", "{ at: 1ms }"],
    ["a time after power-on", "{ at: 10ms, from: boot }"],
    ["the n-th write to a register, counted from boot", "{ access: { of: rp0, register: timeoutIsolation.control, direction: write, nth: 2 }, from: boot }"],
    ["a read of config space, counted from boot", "{ access: { of: dev0, register: serialNumber.low, direction: read }, from: boot }"],
    ["the n-th request", "{ request: { port: rp0, direction: write, nth: 50 } }"],
    ["a register that reaches a value, watched from boot", "{ register: { of: dev0, field: hdmDecoderDevice.control.committed, equals: 1 }, from: boot }"],
    ["a mark of the kernel", "{ after: vm1 started, from: boot }"],
  ];
  for (const [what, when] of cases) {
    it(`${what}: fires once`, () => {
      const text = scenario(`  - { id: x, when: ${when}, ${down} }`);
      const { faults } = fired(text);
      expect(faults).toEqual([["x", true, 1]]);
    });
  }

  it("the n-th request is that one: a hundred later fires later", () => {
    const at = (nth: number): number => fired(scenario(`  - { id: x, when: { request: { port: rp0, nth: ${nth} } }, ${down} }`)).times[0] ?? 0;
    expect(at(200) - at(100)).toBe(100 * 500);
  });
});

describe("actions", () => {
  it("linkDown and linkUp: the port isolates and serves again", () => {
    expect(fired(scenario(`  - { id: out, when: { at: 1ms }, ${down} }\n  - { id: in, when: { after: CLEARED }, do: { linkUp: rp0 } }`))).toMatchObject({ status: "pass", outcome: "recovered" });
  });

  it("neverRetrain: what was lost stays lost", () => {
    expect(fired(scenario(`  - { id: never, when: { at: 1ms }, do: { neverRetrain: rp0 } }\n  - { id: lost, when: { at: 2ms }, do: { dropResponse: { port: rp0 } } }`))).toMatchObject({ status: "pass", outcome: "reduced" });
  });

  it("delayResponse: shorter than the timeout changes nothing, longer isolates", () => {
    const by = (time: string): string => fired(scenario(`  - { id: slow, when: { at: 1ms }, do: { delayResponse: { port: rp0, by: ${time}, count: 3 } } }`)).outcome;
    expect(by("10us")).toBe("unaffected");
    expect(by("60s")).toBe("recovered");
  });

  it("[S89] loseInterrupt: the first machine check tells the kernel, and the outcome is the same", () => {
    expect(fired(scenario(`  - { id: mute, when: { at: 900us }, do: { loseInterrupt: { port: rp0, message: 3 } } }\n  - { id: lost, when: { request: { port: rp0, direction: read, nth: 2000 } }, do: { dropResponse: { port: rp0 } } }`))).toMatchObject({ status: "pass", outcome: "recovered" });
  });

  it("replaceDevice: another card of the same size takes over", () => {
    expect(fired(scenario(`  - { id: swap, when: { at: 1ms }, do: { replaceDevice: { port: rp0, with: spare } } }`))).toMatchObject({ status: "pass", outcome: "recovered" });
  });

  // What each of the other faults of docs/faults.md does to this machine; the run is valid only when it fired.
  const effects: readonly (readonly [string, string, string])[] = [
    ["linkFlap: { port: rp0, time: 2ms }", "recovered", "{ log: isolat, atLeast: 1 }"],
    ["unplug: rp0", "reduced", "{ register: { of: rp0, field: pcie.slotStatus.presence }, equals: 0 }"],
    ["plug: { port: rp0, card: spare }", "recovered", "{ register: { of: rp0, field: pcie.slotStatus.presence }, equals: 1 }"],
    ["cacheTimeout: rp0", "unaffected", "{ register: { of: rp0, field: timeoutIsolation.status.cacheTimeout }, equals: 0 }"],
    ["duplicateInterrupt: { of: rp0 }", "unaffected", "{ register: { of: rp0, field: timeoutIsolation.status.memoryIsolation }, equals: 0 }"],
    ["delayInterrupt: { of: rp0, by: 1ms }", "unaffected", "{ register: { of: rp0, field: timeoutIsolation.status.memoryIsolation }, equals: 0 }"],
    ["rasError: { of: dev0, correctable: crcThreshold }", "unaffected", "{ register: { of: dev0, field: ras.correctableStatus.crcThreshold }, equals: 0 }"],
    ["mediaState: { device: dev0, state: disabled }", "recovered", "{ register: { of: dev0, field: dvsecDevice.range1SizeLow.memoryActive }, equals: 0 }"],
    ["stuckRegister: { of: dev0, field: ras.correctableStatus.crcThreshold, value: 1 }", "unaffected", "{ register: { of: dev0, field: ras.correctableStatus.crcThreshold }, equals: 1 }"],
    ["corruptRegister: { of: dev0, field: ras.headerLog, value: 77 }", "unaffected", "{ register: { of: dev0, field: ras.headerLog }, equals: 77 }"],
    ["writeRegister: { of: rp0, field: dvsecPort.control.unmaskLinkDisable, value: 1 }", "unaffected", "{ register: { of: rp0, field: dvsecPort.control.unmaskLinkDisable }, equals: 1 }"],
    ["releaseRegister: { of: dev0, field: ras.headerLog }", "unaffected", "{ register: { of: dev0, field: ras.headerLog }, equals: 0 }"],
    ["clearPoison: { device: dev0, dpa: 0 }", "unaffected", "{ metric: machineChecks, equals: 0 }"],
    ["refuseCommit: { of: dev0 }", "unaffected", "{ register: { of: dev0, field: hdmDecoderDevice.control.committed }, equals: 1 }"],
    ["neverCommit: { of: hb0 }", "unaffected", "{ register: { of: hb0, field: hdmDecoderPort.control.committed }, equals: 1 }"],
    ["lateCommit: { of: dev0, by: 1ms }", "unaffected", "{ register: { of: dev0, field: hdmDecoderDevice.control.committed }, equals: 1 }"],
    ["resetDevice: dev0", "recovered", "{ register: { of: dev0, field: hdmDecoderDevice.control.committed }, equals: 0 }"],
    ["poison: { device: dev0, dpa: 0, length: 4MiB }", "recovered", "{ metric: machineChecks, atLeast: 1 }"],
  ];
  it.each(effects)("%s: fires, and the run ends %s", (what, outcome, expected) => {
    const { result } = runText("faults.yaml", `${scenario(`  - { id: x, when: { at: 1ms }, do: { ${what} } }`)}expect:\n  - ${expected}\n`);
    expect([result.faults.map((one) => [one.fired, one.count]), result.outcome, result.status]).toEqual([[[true, 1]], outcome, "pass"]);
  });

  it("[C1] a refused commit fails the region's creation, and the next try works", () => {
    const text = scenario("  - { id: x, when: { at: 0s, from: boot }, do: { refuseCommit: { of: dev0 } } }").replace("  - run: cxl create-region -d decoder0.0 -m ${mem:rp0} -w 1 -t ram\n", "  - { run: 'cxl create-region -d decoder0.0 -m ${mem:rp0} -w 1 -t ram', exit: 1 }\n  - run: cxl create-region -d decoder0.0 -m ${mem:rp0} -w 1 -t ram\n");
    expect(fired(text).faults).toEqual([["x", true, 1]]);
  });

  it("an optional fault that does not fire leaves the run valid", () => {
    const text = scenario(`  - { id: maybe, when: { after: nobody says this }, optional: true, ${down} }`);
    expect(fired(text)).toMatchObject({ status: "pass", outcome: "unaffected", faults: [["maybe", false, 0]] });
  });
});
