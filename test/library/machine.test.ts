// The library's machine: registers by name at the places that config space says, time, faults.

import { describe, expect, test } from "vitest";
import { MissingStructureError, NotPlacedError, createMachine, createMachineSync, registers } from "../../src/sandbox.ts";
import type { Machine, MachineOptions, MachineValue } from "../../src/sandbox.ts";
import { modules } from "../support/machine.ts";

const two: MachineValue = {
  hostBridges: [{
    rootPorts: [
      { isolation: { mem: true, forceLinkDown: true, interrupt: 3 }, device: { volatile: "256MiB" } },
      { switch: { ports: [{ device: { name: "below", volatile: 268_435_456n } }] } },
    ],
  }],
};
const make = (source: MachineValue = two, options: MachineOptions = {}): Machine => createMachineSync(modules.release, source, options);

describe("a machine from an object", () => {
  test("is made with the package's own module", async () => {
    const machine = await createMachine({ hostBridges: [{ rootPorts: [{ device: { volatile: "256MiB" } }] }] });
    expect(machine.device("dev0").bdf).toBe("0000:0d:00.0");
    expect(machine.config.read32("0000:0d:00.0", 8) >>> 8).toBe(0x050210);
  });

  test("has named registers wherever firmware put them", () => {
    const machine = make();
    const port = machine.rootPort("rp0");
    expect(port.registers.timeoutIsolation.capability.read()).toMatchObject({ memoryIsolation: 1, memoryIsolationLinkDown: 1, interruptMessage: 0 });
    expect(machine.bus.read32(port.registersAt + 0x120n)).toBe(Number(port.registers.timeoutIsolation.capability.readRaw()));
    const below = machine.device("below");
    expect(below.deviceRegisters.memoryDeviceStatus.status.get("mailboxReady")).toBe(1);
    expect(below.registers.hdmDecoderDevice.capability.get("decoderCount")).toBe(2);
    expect(machine.upstreamPort("sw0").registers.hdmDecoderPort.globalControl.get("poisonOnDecodeErrorEnable")).toBe(0);
    expect(machine.downstreamPort("dsp0").registers.link.capability.readRaw()).not.toBe(0n);
    expect(machine.hostBridge("hb0").registers.componentHeader.header.get("id")).toBe(1);
  });

  test("says which key gives a structure that it does not have", () => {
    const machine = make();
    expect(() => machine.rootPort("rp1").registers.timeoutIsolation).toThrow(MissingStructureError);
    expect(() => machine.rootPort("rp1").registers.timeoutIsolation).toThrow("rp1 has no timeoutIsolation structure; give the root port `isolation: { mem: true }`");
    expect(machine.rootPort("rp1").has("timeoutIsolation")).toBe(false);
    expect(machine.rootPort("rp0").has("timeoutIsolation")).toBe(true);
    expect(() => machine.device("dve0")).toThrow('no device "dve0"; did you mean "dev0"?');
  });

  test("with pci none has nothing placed", () => {
    const machine = make(two, { pci: "none" });
    expect(() => machine.rootPort("rp0").registers).toThrow(NotPlacedError);
    expect(() => machine.device("dev0").bdf).toThrow("rp0 has no bus number below it");
    machine.enumerate();
    expect(machine.device("dev0").registers.ras.uncorrectableStatus.readRaw()).toBe(0n);
  });
});

test("a fault acts at its time, and its evidence says so", () => {
  const machine = make();
  const start = machine.now;
  const later = machine.inject({ linkDown: "rp0" }, { at: "5us" });
  expect(machine.unfired).toEqual([later]);
  machine.advance(4_999);
  expect(later.evidence.fired).toBe(0);
  machine.advance(1);
  expect(later.evidence).toEqual({ matches: 1, fired: 1, firstAt: start + 5_000, lastAt: start + 5_000 });
  expect(machine.rootPort("rp0").state.link).toBe("down");
  machine.inject({ linkUp: "rp0" });
  expect(machine.rootPort("rp0").state.link).toBe("training");
  expect(machine.unfired).toEqual([]);
});

test("a mailbox command is run to its end", () => {
  const { returnCode, output } = make().device("dev0").mailbox(registers.opcodes.identifyMemoryDevice);
  expect(returnCode).toBe(0);
  expect(new TextDecoder().decode(output.subarray(0, 9))).toBe("sandbox 1");
});

test("time passes in a host that was reset, though nothing happens any more", () => {
  const machine = createMachineSync(modules.release, { machine: two, firmware: { windows: [{ targets: ["hb0"], size: "1GiB" }], regions: [{ targets: ["dev0"] }] } });
  const base = machine.description.windows[0]?.base ?? 0n;
  expect(machine.memory.store(base, 5n, 4)).toBe("ok");
  expect(machine.memory.load(base)).toEqual({ status: "ok", value: 5n });
  machine.inject({ linkDown: "rp0" });
  const late = machine.inject({ linkUp: "rp0" }, { at: "1ms" });
  expect(machine.memory.load(base).status).toBe("never");
  expect(machine.host).toBe("reset");
  const { now } = machine;
  machine.advance(50_000_000);
  expect(machine.now).toBe(now + 50_000_000);
  expect(() => machine.runUntil(() => late.evidence.fired > 0, { limit: 1_000 })).toThrow("links not up rp0 (down), host reset");
});
