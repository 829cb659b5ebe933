// A Linux model attached to a library's machine: it boots on hardware that firmware has numbered, and the user's accesses work beside it.

import { describe, expect, test } from "vitest";
import { DisposedError, KernelAttachedError, RunUntilError, createMachineSync } from "../../src/sandbox.ts";
import type { Machine, MachineOptions, ScenarioValue } from "../../src/sandbox.ts";
import type { DriverModule } from "../../src/platform/driver.ts";
import { modules } from "../support/machine.ts";

const port = { isolation: { mem: true, forceLinkDown: true, timeoutRanges: "ABCD", interrupt: 3 }, device: { volatile: "512MiB" } } as const;
const source: ScenarioValue = { machine: { hostBridges: [{ rootPorts: [port, port, { switch: { ports: [{ device: { name: "deep", volatile: "256MiB" } }] } }] }] }, firmware: { windows: [{ targets: ["hb0"], size: "8GiB" }] } };
const make = (options: MachineOptions = {}, change: Partial<ScenarioValue> = {}): Machine => createMachineSync(modules.release, { ...source, ...change }, options);

describe("a kernel on a machine", () => {
  test.each(["enumerated", "none"] as const)("boots on PCI that is %s, and finds everything", (pci) => {
    const kernel = make({ pci }).attachKernel();
    const memdevs = JSON.parse(kernel.run("cxl list -M").stdout) as { readonly ram_size: number }[];
    expect(memdevs.map((one) => one.ram_size).toSorted()).toEqual([268_435_456, 536_870_912, 536_870_912]);
    expect(kernel.log.filter(({ level }) => ["err", "warn"].includes(level)).map(({ text }) => text)).toEqual([]);
    expect(kernel.run("cxl create-region -d decoder0.0 -m ${mem:rp0} -w 1 -t ram")).toMatchObject({ status: 0 });
    kernel.settle();
    expect(kernel.read("/sys/bus/cxl/devices/region0/size").trim()).toBe("0x20000000");
    expect(kernel.panic).toBeNull();
  });

  test("leaves the user's accesses to the same registers", () => {
    const machine = make();
    const kernel = machine.attachKernel({ preset: "isolation-safe" });
    expect(machine.rootPort("rp0").registers.timeoutIsolation.control.read()).toMatchObject({ memoryIsolationEnable: 1 });
    kernel.run("cxl create-region -d decoder0.0 -m ${mem:rp0} -w 1 -t ram");
    expect(machine.hostBridge("hb0").registers.hdmDecoderPort.control.get("committed")).toBe(1);
    expect(machine.device("dev0").registers.hdmDecoderDevice.control.get("committed")).toBe(1);
    expect(machine.memory.store(machine.description.windows[0]?.base ?? 0n, 0x1234n)).toBe("ok");
    expect(machine.memory.load(machine.description.windows[0]?.base ?? 0n).value).toBe(0x1234n);
  });

  test("takes every trigger that needs no file and no seed, and says why it does not take the others", () => {
    const machine = make();
    expect(() => machine.inject({ linkDown: "rp1" }, { step: "region.create" })).toThrow(/when\.step: marks, log lines and steps are the kernel's, and none is attached/);
    const kernel = machine.attachKernel({ preset: "isolation-safe" });
    const met = machine.inject({ refuseCommit: { of: "dev0" } }, { step: "region.create" });
    const second = machine.inject({ linkFlap: { port: "rp1", time: "1us" } }, { mark: " committed", nth: 2, times: 2, every: "10us" });
    const said = machine.inject({ kernelStep: { step: "dax.bind" } }, { log: "nobody says this", level: "err" });
    kernel.run("cxl create-region -d decoder0.0 -m ${mem:rp0} -w 1 -t ram");
    kernel.run("cxl create-region -d decoder0.0 -m ${mem:rp0} -w 1 -t ram");
    machine.advance(100_000);
    expect([met.evidence.fired, second.evidence.fired, (second.evidence.lastAt ?? 0) - (second.evidence.firstAt ?? 0), said.evidence.fired]).toEqual([1, 2, 10_000, 0]);
    expect(() => machine.inject({ linkDown: "rp1" }, { fault: "inject-1" })).toThrow(/when\.fault: faults are injected one by one/);
    expect(() => machine.inject({ linkDown: "rp1" }, { at: { between: ["1ms", "2ms"] } })).toThrow(/when\.at: a machine has no seed/);
    expect(() => machine.inject({ linkDown: "rp1" }, { mark: "x", within: "2ms" })).toThrow(/when\.within: a machine has no seed/);
    expect(() => machine.inject({ linkDown: "rp1" }, { at: "1ms", times: 2 })).toThrow(/a moment comes once/);
  });

  test("owns time, messages and faults, also those that wait for its marks", () => {
    const machine = make();
    const kernel = machine.attachKernel({ preset: "isolation-safe" });
    const fault = machine.inject({ linkDown: "rp1" }, { after: "committed" });
    machine.advance(1_000_000);
    expect(fault.evidence.fired).toBe(0);
    kernel.run("cxl create-region -d decoder0.0 -m ${mem:rp0} -w 1 -t ram");
    machine.runUntil(() => machine.rootPort("rp1").state.link === "down", { limit: 1_000_000_000, what: "rp1 down" });
    expect(fault.evidence.fired).toBe(1);
    expect(() => machine.runUntil(() => false, { limit: 5_000, what: "nothing" })).toThrow(RunUntilError);
    for (const call of [() => machine.snapshot(), () => machine.fork(), () => machine.attachKernel(), () => machine.enumerate(), () => machine.interrupts.on(() => undefined), () => machine.rootPort("rp0").enableMessages()]) expect(call).toThrow(KernelAttachedError);
  });

  test("takes only policies that are its own", () => {
    expect(() => make().attachKernel({ policies: { platform: "machine-check" } })).toThrow('kernel.policies.platform: "machine-check" is the platform\'s, which is built with "reset"');
    expect(() => make().attachKernel({ policies: { asmm: "leave" } })).toThrow('no policy "asmm"; did you mean "asm"?');
    expect(make({}, { kernel: { policies: { platform: "machine-check" } } }).attachKernel({ policies: { isoact: "recover" } }).panic).toBeNull();
  });

  test("stops with its host, and says why", () => {
    const machine = make();
    const kernel = machine.attachKernel();
    kernel.run("cxl create-region -d decoder0.0 -m ${mem:rp0} -w 1 -t ram");
    kernel.settle();
    machine.inject({ linkDown: "rp0" });
    machine.memory.load(machine.description.windows[0]?.base ?? 0n);
    machine.advance(1_000_000);
    expect(machine.host).toBe("reset");
    expect(kernel.run("cxl list")).toEqual({ status: 1, stdout: "", stderr: "the host was reset\n" });
  });

  test("takes drivers, which are offered what is there", () => {
    const offered: string[] = [];
    const driver: DriverModule = { name: "looker", match: { capability: "timeoutIsolation" }, start: () => ({ probe: (device) => (offered.push(device.name), null) }) };
    const machine = make();
    machine.attachKernel({ drivers: [driver] });
    expect(offered).toEqual(["rp0", "rp1"].map((name) => machine.rootPort(name).bdf));
  });

  test("ends with a driver that goes wrong, and says whose fault it was", () => {
    const driver: DriverModule = { name: "thrower", match: { capability: "timeoutIsolation" }, start: () => ({ probe: () => { throw new Error("out of ideas"); } }) };
    const kernel = make().attachKernel({ drivers: [driver] });
    expect(kernel.stopped).toContain("thrower");
    expect(kernel.stopped).toContain("out of ideas");
    expect(kernel.run("cxl list").status).toBe(1);
  });

  test("ends with its machine, whose instance serves others", () => {
    const machine = make();
    const fork = machine.fork();
    const kernel = fork.attachKernel();
    fork.dispose();
    const next = machine.fork();
    const before = next.now;
    for (const use of [() => kernel.run("sleep 1"), () => kernel.read("/proc/iomem"), () => kernel.write("/sys/bus/cxl/flush", "1"), () => kernel.settle()]) expect(use).toThrow(DisposedError);
    expect(next.now).toBe(before);
    expect(kernel.panic).toBeNull();
    expect(kernel.log.length).toBeGreaterThan(0);
  });

  test("fails in the steps that a fault names; the evidence has the first and the last time", () => {
    const machine = make();
    const kernel = machine.attachKernel();
    const fault = machine.inject({ kernelStep: { step: "region.create", errno: "ENOMEM", count: 2 } });
    const create = (): number => kernel.run("cxl create-region -d decoder0.0 -m ${mem:rp0} -w 1 -t ram").status;
    expect(create()).not.toBe(0);
    const { firstAt } = fault.evidence;
    machine.advance(1_000_000);
    expect(create()).not.toBe(0);
    expect(fault.evidence).toMatchObject({ matches: 2, fired: 2, firstAt });
    expect(fault.evidence.lastAt).toBeGreaterThanOrEqual((firstAt ?? 0) + 1_000_000);
    expect(create()).toBe(0);
  });

  test("takes the options that there are", () => {
    const attach = (options: object) => () => make().attachKernel(options);
    expect(attach({ presett: "linux-7.2" })).toThrow('attachKernel has no option "presett"; did you mean "preset"?');
    expect(attach({ schedule: "sideways" })).toThrow('schedule is "fixed" or "seeded", not "sideways"');
    expect(attach({ seed: -1 })).toThrow("a seed is a whole number from 0 to 4294967295, not -1");
  });

  test("gives the trace its words", () => {
    const machine = make({ keepTrace: 100_000 });
    machine.attachKernel();
    expect([...machine.trace()].some(({ layer, text }) => layer === "log" && text.includes("cxl"))).toBe(true);
  });
});
