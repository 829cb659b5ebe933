// The matchers of cxl-sandbox/vitest, by what they say when they fail.

import { describe, expect, test } from "vitest";
import { createMachineSync } from "../../src/sandbox.ts";
import type { Machine, MachineValue } from "../../src/sandbox.ts";
import "../../src/vitest/index.ts";
import { modules } from "../support/machine.ts";
import { said } from "../support/said.ts";

const source: MachineValue = { hostBridges: [{ rootPorts: [{ isolation: { mem: true, interrupt: 3 }, device: { volatile: "256MiB" } }] }] };
const make = (strict = true): Machine => createMachineSync(modules.release, source, { strict });

describe("toHaveFields", () => {
  const { control, status } = make().rootPort("rp0").registers.timeoutIsolation;

  test("compares the fields that are named, and no others", () => {
    expect(status).toHaveFields({ memoryIsolation: 0, rootPortBusy: 0 });
    expect(status).not.toHaveFields({ memoryIsolation: 1 });
    expect(said(() => expect(status).not.toHaveFields({ memoryIsolation: 0 }))).toBe("rp0 timeoutIsolation.status has memoryIsolation 0 (CXL 8.2.4.24.3), and should not");
  });

  test("names part, register, field, both values, clause and meaning", () => {
    expect(said(() => expect(status).toHaveFields({ memoryIsolation: 1 }))).toBe("rp0 timeoutIsolation.status.memoryIsolation: got 0, expected 1 (CXL 8.2.4.24.3, TS5: CXL.mem is isolated; writing 1 leaves isolation)");
    expect(said(() => expect(control).toHaveFields({ memoryTimeoutValue: 6 }))).toBe("rp0 timeoutIsolation.control.memoryTimeoutValue: got 0 (50 us .. 10 ms (default)), expected 6 (65 ms .. 210 ms (B)) (CXL 8.2.4.24.2: Timeout span)");
  });

  test("names the instance of a repeated register", () => {
    const decoders = make().device("dev0").registers.hdmDecoderDevice;
    expect(said(() => expect(decoders.control.at(1)).toHaveFields({ committed: 1 }))).toContain("dev0 hdmDecoderDevice.control[1].committed: got 0, expected 1");
  });

  test("refuses a field that the register does not have, and what is no register", () => {
    expect(said(() => expect(status).toHaveFields({ memIsolation: 0 }))).toContain("rp0 timeoutIsolation.status has no field \"memIsolation\"; it has memoryTimeout,");
    expect(said(() => expect(status.read()).toHaveFields({ memoryIsolation: 0 }))).toContain("takes a register");
  });
});

describe("toBeWithoutViolations", () => {
  test("lists what was done against the sheets", () => {
    const machine = make();
    expect(machine).toBeWithoutViolations();
    machine.rootPort("rp0").registers.timeoutIsolation.control.write({ memoryIsolationEnable: 1 });
    expect(said(() => expect(machine).toBeWithoutViolations())).toMatch(/^1 access against the sheets:\n\[\d+ ns\] rp0 timeoutIsolation\.control\.interruptEnable \(CXL 12\.3\): /);
    expect(machine).not.toBeWithoutViolations();
  });

  test("does not pass for a machine that nobody looks at", () => {
    expect(said(() => expect(make(false)).toBeWithoutViolations())).toContain("strict: true");
  });

  test("snapshot, restore and fork take along what was found and what is known", () => {
    const machine = make();
    const { timeoutIsolation } = machine.rootPort("rp0").registers;
    timeoutIsolation.control.write({ memoryIsolationEnable: 1, interruptEnable: 1 });
    machine.inject({ linkDown: "rp0" });
    timeoutIsolation.status.read();
    const snapshot = machine.snapshot();
    const fork = machine.fork();
    fork.rootPort("rp0").registers.timeoutIsolation.status.write({ memoryIsolation: 1 });
    expect(fork).toBeWithoutViolations();
    timeoutIsolation.control.writeRaw(0x8000_0000n);
    expect(machine.violations.map(({ rule }) => rule)).toEqual(["reserved"]);
    expect(fork).toBeWithoutViolations();
    machine.restore(snapshot);
    expect(machine).toBeWithoutViolations();
    timeoutIsolation.status.write({ memoryIsolation: 1 });
    expect(machine).toBeWithoutViolations();
  });
});

describe("toHaveFired", () => {
  test("names faults that have not acted", () => {
    const machine = make();
    const fault = machine.inject({ linkDown: "rp0" }, { at: "5us" });
    expect(said(() => expect(machine).toHaveFired())).toContain(`fault ${fault.id} did not act: its trigger matched 0 times`);
    expect(fault).not.toHaveFired();
    machine.advance(5_000);
    expect(machine).toHaveFired();
    expect(fault).toHaveFired();
    expect(said(() => expect(3).toHaveFired())).toContain("takes a machine");
  });
});

test("a Linux model on a strict machine does nothing that is named, and what its user does besides is", () => {
  const machine = make();
  const kernel = machine.attachKernel();
  kernel.settle();
  expect(machine).toBeWithoutViolations();
  machine.rootPort("rp0").registers.timeoutIsolation.control.writeRaw(0x8000_0000n);
  expect(machine.violations.map(({ rule }) => rule)).toContain("reserved");
});
