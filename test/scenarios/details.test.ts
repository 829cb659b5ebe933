// Details of a run for reports: what they hold, that taking them disturbs nothing, and that they go through JSON and a structured clone.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { partsOf } from "../../src/scenario/machine-parts.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import type { RegisterDump, RunDetails, TopologyPart } from "../../src/scenario/details.ts";
import { detailsOf as watchRun } from "../../src/sandbox/details.ts";
import { openRun } from "../../src/sandbox/run.ts";
import { scenarioDetails, startScenario } from "../../src/sandbox.ts";
import type { RunInput } from "../../src/sandbox.ts";
import { runInSlices } from "../../workers/slices.ts";
import { modules } from "../support/machine.ts";

const inputOf = (file: string, more: Partial<RunInput> = {}): RunInput => ({ file, text: readFileSync(file, "utf8"), seed: 1, schedule: "fixed", keepTrace: false, ...more });

function detailsOf(input: RunInput): RunDetails {
  const work = scenarioDetails(modules.release, input);
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
  }
}

const control = { slice: 1000, isCancelled: () => false, onProgress: () => undefined };
const flat = (parts: readonly TopologyPart[]): TopologyPart[] => parts.flatMap((part) => [part, ...flat(part.below)]);

const broken = inputOf("scenarios/defects/no-link-down.yaml", { defects: ["no-link-down"] });
const details = detailsOf(broken);
const register = (of: string, name: string): RegisterDump | undefined => details.registers.find((one) => one.of === of && one.register === name);

describe("details of a run that fails", () => {
  test("the port that stays isolated is dead, and so is the card below it; the kernel has forgotten both", () => {
    const parts = flat(details.topology);
    expect(parts.map(({ name, kind, condition }) => [name, kind, condition])).toEqual([["hb0", "host bridge", "works"], ["rp0", "root port", "dead"], ["dev0", "device", "dead"]]);
    expect(parts.map(({ address }) => address)).toEqual(["pci0000:0c", "0000:0c:00.0", "0000:0d:00.0"]);
    expect(parts[1]?.facts).toContain("isolated");
    expect(parts[2]?.facts).toEqual(["512 MiB volatile", "serial 0x1", "not reachable", "no memdev of the kernel's"]);
    expect(details.regions).toEqual([]);
  });

  test("registers are told by name at ready and at the end, with fields, meanings and clauses", () => {
    expect(details.moments.map(({ what }) => what)).toEqual(["ready", "the end"]);
    const status = register("rp0", "timeoutIsolation.status");
    expect(status).toMatchObject({ clause: "CXL 8.2.4.24.3", values: ["0x00000000", "0x00000100"] });
    expect(status?.fields.find(({ name }) => name === "memoryIsolation")?.values).toEqual([[0, ""], [1, ""]]);
    expect(register("rp0", "timeoutIsolation.control")?.fields.find(({ name }) => name === "memoryTimeoutValue")?.values[0]).toEqual([2, "1 ms .. 10 ms (A)"]);
    expect(register("dev0", "hdmDecoderDevice.control[0]")?.fields.find(({ name }) => name === "committed")?.values).toEqual([[1, ""], [0, ""]]);
  });

  test("decoders that nobody used, and registers that a part has only the place of, are not told", () => {
    expect(register("dev0", "hdmDecoderDevice.control[1]")).toBe(undefined);
    expect(register("dev0", "pcie.slotControl")).toBe(undefined);
    expect(register("rp0", "pcie.slotControl")?.clause).toBe("PCIe 7.5.3.10");
  });

  test("every kind of status that matters is there, each with its clause", () => {
    const names = new Set(detailsOf(inputOf("scenarios/isolation/h-behind-switch.yaml")).registers.map(({ register: name }) => name.replace(/\[\d+\]$/, "")));
    const expected = [
      "timeoutIsolation.capability", "timeoutIsolation.control", "timeoutIsolation.status", "pcie.deviceStatus", "pcie.linkControl", "pcie.linkStatus", "pcie.slotControl", "pcie.slotStatus", "dvsecFlexBus.status",
      "hdmDecoderPort.globalControl", "hdmDecoderPort.baseLow", "hdmDecoderPort.baseHigh", "hdmDecoderPort.sizeLow", "hdmDecoderPort.sizeHigh", "hdmDecoderPort.control", "hdmDecoderPort.targetListLow", "hdmDecoderPort.targetListHigh",
      "hdmDecoderDevice.globalControl", "hdmDecoderDevice.baseLow", "hdmDecoderDevice.baseHigh", "hdmDecoderDevice.sizeLow", "hdmDecoderDevice.sizeHigh", "hdmDecoderDevice.control", "hdmDecoderDevice.skipLow", "hdmDecoderDevice.skipHigh",
      "ras.uncorrectableStatus", "ras.uncorrectableMask", "ras.correctableStatus", "ras.control", "aer.uncorrectableStatus", "aer.correctableStatus", "aer.rootErrorStatus", "aer.errorSource", "dpc.control", "dpc.status", "dpc.source",
      "dvsecDevice.control", "dvsecDevice.status", "dvsecDevice.status2", "deviceStatus.eventStatus", "memoryDeviceStatus.status", "primaryMailbox.control", "primaryMailbox.status", "primaryMailbox.background",
    ];
    expect(expected.filter((name) => !names.has(name))).toEqual([]);
    expect(details.registers.every(({ clause }) => /^(CXL|PCIe) \d/.test(clause))).toBe(true);
  });

  test("the time line has the fault, the isolation until the end, the machine check and the recovery's states, in order of time", () => {
    const says = (lane: string, kind: string): string[] => details.timeline.filter((event) => event.lane === lane && event.kind === kind).map(({ text }) => text);
    expect(says("rp0", "fault")).toEqual(["fault lost-response: dropResponse"]);
    expect(says("machine checks", "machine check")).toHaveLength(1);
    expect(says("recovery 0000:0c:00.0", "recovery").at(-1)).toBe("REBOOT_CHOSEN: isolation cannot be left");
    expect(details.spans.find(({ kind }) => kind === "isolated")).toMatchObject({ lane: "rp0", untilNs: details.moments.at(-1)?.atNs });
    expect(details.spans.filter(({ kind }) => kind === "recovery").map(({ text }) => text)).toEqual(["NOTIFIED", "FENCED", "EVACUATED", "UNBOUND", "REMOVED"]);
    const times = details.timeline.map(({ atNs }) => atNs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  test("they hold the kernel's log with levels, the moment of the failure and the scenario's text", () => {
    expect(details.log.filter(({ level }) => level === "err").map(({ text }) => text)).toContain("cxl_isolation 0000:0c:00.0: CXL.mem isolated by transaction timeout (interrupt)");
    expect(details.failedAtNs).toBe(details.moments.at(-1)?.atNs);
    expect(details.sources[broken.file]).toBe(broken.text);
  });

  test("they go through JSON and a structured clone unchanged", () => {
    expect(JSON.parse(JSON.stringify(details))).toEqual(details);
    expect(structuredClone(details)).toEqual(details);
  });
});

describe("an expectation of a step that fails", () => {
  const text = readFileSync("scenarios/isolation/a-link-down.yaml", "utf8").replace("\nworkloads:", "\n  - expect: [{ metric: killed, equals: 1 }]\nworkloads:");

  test("is a moment of its own, before ready", () => {
    expect(text).toContain("metric: killed, equals: 1");
    const own = detailsOf({ ...inputOf("scenarios/isolation/a-link-down.yaml"), text });
    expect(own.moments.map(({ what }) => what)).toEqual([expect.stringMatching(/^step \d+: metric killed$/), "ready", "the end"]);
    expect(own.failedAtNs).toBe(own.moments[0]?.atNs);
  });
});

describe("taking details", () => {
  test.each(["scenarios/isolation/a-link-down.yaml", "scenarios/isolation/h-behind-switch.yaml", "scenarios/recovery/larger-card.yaml"])("disturbs nothing: the run that is watched has the digests of one that is not (%s)", (file) => {
    const alone = startScenario(modules.release, inputOf(file));
    while (alone.run(() => false) !== "done") continue;
    const result = alone.result();
    const watched = openRun(modules.release, planScenario(file, readFileSync(file, "utf8")), { seed: 1, schedule: "fixed", keepTrace: false });
    for (const pause of watchRun(watched, inputOf(file))) expect(pause).toBe(undefined);
    expect(watched.result()).toEqual(result);
  });

  test("names every part that is plugged in, with a condition, and an alternate only once it is there", () => {
    const file = "scenarios/recovery/larger-card.yaml";
    const names = flat(detailsOf(inputOf(file)).topology).map(({ name }) => name);
    const declared = [...partsOf(planScenario(file, readFileSync(file, "utf8")).machine).keys()];
    expect(declared).toEqual(expect.arrayContaining(names));
    expect(names.length).toBeLessThan(declared.length);
  });
});

test("addresses are those of functions: device numbers with gaps, behind a root port and in a switch", () => {
  const text = `version: 1
name: gaps
machine:
  hostBridges:
    - rootPorts:
        - { name: r2, deviceNumber: 2, device: { volatile: 256MiB } }
        - { name: r5, deviceNumber: 5, switch: { ports: [{ name: d3, deviceNumber: 3, device: { volatile: 256MiB } }] } }
`;
  const ports = flat(detailsOf({ ...inputOf("scenarios/defects/no-link-down.yaml"), text }).topology).filter(({ kind }) => kind.endsWith("port"));
  expect(ports.map(({ name, address }) => [name, address])).toEqual([["r2", "0000:0c:02.0"], ["r5", "0000:0c:05.0"], ["d3", "0000:0f:03.0"]]);
});

describe("a run in slices", () => {
  test("brings details when they are asked for and the run is not a pass", async () => {
    const failed = await runInSlices(modules.release, { ...broken, details: "failures" }, control);
    expect(failed.details).toEqual(details);
    expect((await runInSlices(modules.release, broken, control)).details).toBe(null);
  });

  test("brings those of a run that passes only when they are always wanted", async () => {
    const passing = inputOf("scenarios/defects/no-link-down.yaml");
    expect((await runInSlices(modules.release, { ...passing, details: "failures" }, control)).details).toBe(null);
    expect((await runInSlices(modules.release, { ...passing, details: "always" }, { ...control, slice: 0 })).details?.failedAtNs).toBe(null);
  });
});
