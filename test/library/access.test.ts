// Accesses of a library user: addresses, mappings, config space, interrupts, sources and what is said to bad input.

import { describe, expect, test } from "vitest";
import { FaultError, MachineSourceError, MailboxTimeoutError, MissingStructureError, NotPlacedError, OutOfHandlesError, RunUntilError, ScenarioFileError, UnmappedError, createMachine, createMachineSync, registers } from "../../src/sandbox.ts";
import type { Machine, MachineInterrupt, MachineOptions, MachineValue, ScenarioValue } from "../../src/sandbox.ts";
import { modules } from "../support/machine.ts";

const port = { isolation: { mem: true, interrupt: 3 }, device: { volatile: "256MiB" } } as const;
const machineValue: MachineValue = { hostBridges: [{ buses: [0x0c, 0x3f], rootPorts: [port, { switch: { ports: [{}, { device: { name: "deep", volatile: "256MiB" } }] }, alternates: [{ name: "spare", volatile: "512MiB" }] }] }] };
const source: ScenarioValue = { machine: machineValue, firmware: { windows: [{ targets: ["hb0"], size: "1GiB" }], regions: [{ targets: ["dev0"] }] } };
const make = (options: MachineOptions = {}): Machine => createMachineSync(modules.checked, source, options);
const windowOf = (machine: Machine): bigint => machine.description.windows[0]?.base ?? 0n;

describe("physical addresses", () => {
  test("reach registers and memory alike, in every width", () => {
    const machine = make();
    const at = machine.rootPort("rp0").registersAt + 0x128n;
    const { control } = machine.rootPort("rp0").registers.timeoutIsolation;
    machine.bus.write32(at, 0x0001_0000);
    expect(control.get("memoryIsolationEnable")).toBe(1);
    control.write({});
    expect(machine.bus.read32(at)).toBe(0);
    for (const base of [0x1000n, windowOf(machine)]) {
      machine.bus.write64(base, 0x1122_3344_5566_7788n);
      expect([machine.bus.read8(base + 7n), machine.bus.read16(base + 6n), machine.bus.read32(base + 4n), machine.bus.read64(base)]).toEqual([0x11, 0x1122, 0x1122_3344, 0x1122_3344_5566_7788n]);
      machine.bus.write8(base, 0xff);
      machine.bus.write16(base + 2n, 0xabcd);
      expect(machine.bus.read32(base)).toBe(0xabcd_77ff);
      expect(machine.memory.load(base, 4)).toEqual({ status: "ok", value: 0xabcd_77ffn });
    }
  });

  test("where nobody is read all ones; what is no address is refused", () => {
    const { bus } = make();
    expect([bus.read8(0x7f_0000_0001n), bus.read16(0x7f_0000_0002n), bus.read64(0x7f_0000_0008n)]).toEqual([0xff, 0xffff, 0xffff_ffff_ffff_ffffn]);
    for (const address of [-1n, 1n << 52n, 1n << 64n]) expect(() => bus.read32(address)).toThrow(RangeError);
  });

  test("of more places than are remembered are read right, and use no handles up", () => {
    const machine = make();
    const expected = machine.bus.read32(machine.rootPort("rp0").registersAt);
    for (let round = 0; round < 20; round++) {
      for (let page = 0n; page < 100n; page++) machine.bus.read32(0x40_0000_0000n + page * 0x1_0000n);
      expect(machine.bus.read32(machine.rootPort("rp0").registersAt)).toBe(expected);
    }
  });
});

describe("a mapping", () => {
  test("ends with unmap, and says so", () => {
    const machine = make();
    const io = machine.ioremap(machine.rootPort("rp0").registersAt, 0x1000n);
    io.unmap();
    io.unmap();
    expect(() => io.read32(0)).toThrow(UnmappedError);
    expect(() => io.write64(0, 0n)).toThrow("were unmapped; map them again with ioremap()");
  });

  test("is refused where it makes no sense, or where there are too many", () => {
    const machine = make();
    expect(() => machine.ioremap(0n, 0n)).toThrow("size 0 is not within 1 byte to 2 GiB");
    expect(() => machine.ioremap(-1n, 1n)).toThrow(RangeError);
    expect(() => machine.ioremap(0n, 4096 as unknown as bigint)).toThrow("ioremap: base and size are bigint, as in 0x1000n; 0 is a bigint, 4096 a number");
    expect(() => { for (;;) machine.ioremap(0n, 16n); }).toThrow(OutOfHandlesError);
  });
});

describe("config space", () => {
  test("is reached by text, by number and by part; only by what is an address", () => {
    const machine = make();
    const device = machine.device("deep");
    expect(machine.config.read32(device.bdf, 0)).toBe(device.config.read32(0));
    expect(machine.config.read16(device.address, 0)).toBe(0x1e98);
    expect(machine.config.read8(device.bdf.slice(5), 1)).toBe(0x1e);
    expect(machine.config.read32("0000:ff:00.0", 0)).toBe(0xffff_ffff);
    expect(() => machine.config.read32("0000:0c:20.0", 0)).toThrow('"0000:0c:20.0" is no PCI address; write SSSS:BB:DD.F');
    expect(() => machine.config.read32("0000:0c:00.0", 4096)).toThrow("config offset 4096 is not in 0..4095");
  });

  test("decides where a part is: a driver's own numbers and BARs are followed", () => {
    const machine = make();
    const device = machine.device("dev0");
    const before = device.registersAt;
    const { bridgeHeader } = machine.rootPort("rp0").configRegisters;
    bridgeHeader.subordinateBus.write({ value: 0x20 });
    bridgeHeader.secondaryBus.write({ value: 0x20 });
    expect(device.bdf).toBe("0000:20:00.0");
    const decoders = device.registers.hdmDecoderDevice;
    const { bar0, bar1 } = device.configRegisters.endpointHeader;
    bar1.writeRaw(0x11n);
    expect(bar0.readRaw() & 0xffff_0000n).toBe((before - 0x1000n) & 0xffff_0000n);
    expect(device.registersAt - before).toBe(1n << 32n);
    expect(device.registers.hdmDecoderDevice.capability.readRaw()).toBe(0xffff_ffffn);
    expect(decoders.capability.readRaw()).toBe(0xffff_ffffn);
    bar1.writeRaw(0x10n);
    expect(device.registers.hdmDecoderDevice.capability.readRaw()).toBe(decoders.capability.readRaw());
    expect(decoders.capability.get("decoderCount")).toBe(2);
  });

  test("of a card that is not plugged in is nowhere, until it is and has numbers", () => {
    const machine = make();
    expect(() => machine.device("spare").bdf).toThrow("spare is not plugged in: rp1 has sw0");
    expect(() => machine.device("spare").registers).toThrow(NotPlacedError);
    machine.inject({ replaceDevice: { port: "rp1", with: "spare" } });
    machine.runUntil(() => machine.rootPort("rp1").state.link === "up");
    machine.advance(1_000_000_000);
    machine.enumerate();
    expect(machine.device("spare").mailbox(registers.opcodes.identifyMemoryDevice).returnCode).toBe(0);
    expect(() => machine.device("deep").bdf).toThrow(NotPlacedError);
  });

  test("forgets its numbers with a reset: registers stay where firmware had put them, and answer nothing until they are placed again", () => {
    const machine = make();
    const device = machine.device("dev0");
    const at = device.registersAt;
    machine.inject({ linkFlap: { port: "rp0", time: "1us" } });
    machine.runUntil(() => machine.rootPort("rp0").state.link === "up");
    expect(device.registersAt).toBe(at);
    expect(device.registers.ras.uncorrectableStatus.readRaw()).toBe(0xffff_ffffn);
    expect(() => device.mailbox(registers.opcodes.identifyMemoryDevice)).toThrow(MailboxTimeoutError);
    expect(() => device.mailbox(registers.opcodes.identifyMemoryDevice)).toThrow("all ones: nobody answers");
    machine.enumerate();
    expect(device.registers.ras.uncorrectableStatus.readRaw()).toBe(0n);
  });
});

describe("interrupts", () => {
  test("of ports and devices arrive with their numbers, in order, at listeners and iterators", async () => {
    const machine = make();
    const ofPort = machine.rootPort("rp0").enableMessages(8);
    const ofDevice = machine.device("dev0").enableMessages();
    expect(ofPort).toEqual({ first: 32, count: 8 });
    expect(ofDevice.count).toBe(16);
    expect(() => machine.upstreamPort("sw0").configRegisters.pcie.flags.read()).not.toThrow();
    const { primaryMailbox } = machine.device("dev0").deviceRegisters;
    const heard: MachineInterrupt[] = [];
    const stop = machine.interrupts.on((message) => void heard.push(message));
    const later = machine.interrupts[Symbol.asyncIterator]();
    primaryMailbox.command.write({ opcode: registers.opcodes.identifyMemoryDevice, payloadLength: 0 });
    primaryMailbox.control.write({ doorbellInterrupt: 1, doorbell: 1 });
    machine.advance(10_000);
    expect(heard.map(({ data }) => data - ofDevice.first)).toEqual([registers.messageNumbers.mailbox]);
    stop();
    machine.rootPort("rp0").configRegisters.pcie.slotControl.modify({ presenceChangedEnable: 1, hotPlugInterruptEnable: 1 });
    machine.inject({ linkDown: "rp0" });
    machine.advance(10_000);
    expect(heard).toHaveLength(1);
    machine.dispose();
    const all: MachineInterrupt[] = [];
    for await (const message of later) all.push(message);
    expect(all[0]).toEqual(heard[0]);
    expect(all.slice(1).map(({ data }) => data - ofPort.first)).toContain(registers.messageNumbers.slot);
  });

  test("[PCIe 7.7.1] of a device with MSI are as many as it may have, and its MSI-X is missing with the reason", () => {
    const machine = createMachineSync(modules.checked, { hostBridges: [{ rootPorts: [{ name: "rp0", device: { name: "dev0", volatile: "256MiB", messages: "msi", vectors: 3 } }] }] });
    const device = machine.device("dev0");
    expect(device.enableMessages(16).count).toBe(4);
    expect([device.has("msi"), device.has("msix")]).toEqual([true, false]);
    expect(() => device.configRegisters.msix).toThrow("leave out `messages: msi` of the device");
    const heard: MachineInterrupt[] = [];
    machine.interrupts.on((message) => void heard.push(message));
    const { primaryMailbox } = device.deviceRegisters;
    expect(primaryMailbox.capability.get("interruptMessage")).toBe(registers.messageNumbers.mailbox);
    primaryMailbox.control.write({ doorbellInterrupt: 1, doorbell: 1 });
    machine.advance(10_000);
    expect(heard).toHaveLength(1);
  });

  test("reach every listener, also when one of them throws", () => {
    const machine = make();
    const { first } = machine.device("dev0").enableMessages();
    const heard: number[] = [];
    machine.interrupts.on(() => {
      throw new Error("not today");
    });
    machine.interrupts.on(({ data }) => void heard.push(data - first));
    const { primaryMailbox } = machine.device("dev0").deviceRegisters;
    primaryMailbox.command.write({ opcode: registers.opcodes.identifyMemoryDevice, payloadLength: 0 });
    primaryMailbox.control.write({ doorbellInterrupt: 1, doorbell: 1 });
    expect(() => machine.advance(10_000)).toThrow("not today");
    expect(heard).toEqual([registers.messageNumbers.mailbox]);
  });

  test("wait for whom they are delivered to", async () => {
    const machine = make();
    machine.rootPort("rp0").enableMessages();
    const next = machine.interrupts[Symbol.asyncIterator]().next();
    const { slotControl } = machine.rootPort("rp0").configRegisters.pcie;
    slotControl.modify({ presenceChangedEnable: 1, hotPlugInterruptEnable: 1, linkStateChangedEnable: 1 });
    machine.inject({ linkDown: "rp0" });
    expect(machine.interrupts.pending).toBe(true);
    expect(machine.interrupts.deliver()).toBe(1);
    expect((await next).value).toMatchObject({ at: machine.now });
    expect(machine.interrupts.pending).toBe(false);
  });
});

describe("bad input is told with place and remedy", () => {
  test("of a machine", async () => {
    const wrong = { hostBridges: [{ rootPorts: [{}, { device: { volatile: "256MB" } }], dekoders: 4 }] } as unknown as MachineValue;
    expect(() => createMachineSync(modules.release, wrong)).toThrow('machine.hostBridges[0].rootPorts[1].device.volatile: "256MB" is no size; write it like 256MiB or 4GiB');
    expect(() => createMachineSync(modules.release, wrong)).toThrow('machine.hostBridges[0].dekoders: unknown key "dekoders"; did you mean "decoders"?');
    expect(() => createMachineSync(modules.release, { hostBridges: [{ rootPorts: [{ device: { volatile: "300MiB" } }] }] })).toThrow("machine.hostBridges[0].rootPorts[0].device.volatile: capacity must be a multiple of 256MiB");
    expect(() => createMachineSync(modules.release, {} as MachineValue)).toThrow('machine.hostBridges: "hostBridges" is missing; it must be array');
    for (const value of [null, 5, []]) expect(() => createMachineSync(modules.release, value as unknown as MachineValue)).toThrow("a machine is an object like { hostBridges");
    expect(() => createMachineSync(modules.release, { text: "version: 1\nname: x\nmachine: { hostBridges: [ { rootPorts: [ {}, { device: { volatile: 1 } } ] } ] }\n", file: "my.yaml" })).toThrow(ScenarioFileError);
    await expect(createMachine("/no/such/file.yaml")).rejects.toThrow(MachineSourceError);
    await expect(createMachine("version: 1\nname: x\n")).rejects.toThrow("a string is a path or a URL; give a text as { text }");
    await expect(createMachine(new URL("./missing.yaml", import.meta.url))).rejects.toThrow("missing.yaml");
    expect(() => make({ keepTrace: -1 })).toThrow("keepTrace is 0..1048576 records, not -1");
    expect(() => make({ stirct: true } as object)).toThrow('createMachine has no option "stirct"; did you mean "strict"?');
    expect(() => make({ pci: "non" as "none" })).toThrow('createMachine: pci is "enumerated" or "none", not "non"');
  });

  test("of a fault and its trigger", () => {
    const machine = make();
    const inject = machine.inject.bind(machine) as (fault: unknown, when?: unknown) => unknown;
    const faults: readonly (readonly [unknown, unknown, string])[] = [
      [{ linkDwn: "rp0" }, undefined, 'inject: do.linkDwn: unknown key "linkDwn"; did you mean "linkDown"?'],
      [{ linkDown: "rp9" }, undefined, 'inject: do.linkDown: no port "rp9" in the machine; did you mean "rp0"?'],
      [{ linkDown: "rp0", linkUp: "rp0" }, undefined, "inject: do: a fault does exactly one thing"],
      [{}, undefined, "inject: do: a fault does something"],
      [{ linkDown: "rp0" }, { at: "5 parsecs" }, 'inject: when.at: "5 parsecs" is no time; write it like 5ms'],
      [{ linkDown: "rp0" }, { after: "region0" }, "inject: when.after: marks, log lines and steps are the kernel's, and none is attached"],
      [{ linkDown: "rp0" }, { access: { of: "rp0", register: "timeoutIsolation.stat" } }, 'timeoutIsolation has no register "stat"; did you mean "status"?'],
      [{ kernelStep: { step: "region.attach.A14" } }, { at: 0 }, "inject: "],
    ];
    for (const [fault, when, message] of faults) {
      expect(() => inject(fault, when)).toThrow(FaultError);
      expect(() => inject(fault, when)).toThrow(message);
    }
    expect(() => { for (;;) machine.inject({ linkDown: "rp0" }, { at: "1s" }); }).toThrow("128 faults are armed and wait for something to happen");
    const [first] = machine.unfired;
    first?.cancel();
    expect(machine.unfired).toHaveLength(127);
    expect(machine.inject({ linkUp: "rp0" }).evidence.fired).toBe(1);
  });

  test("of a time, a name, a field", () => {
    const machine = make();
    for (const time of [-1, 0.5, Number.NaN, 2 ** 60]) expect(() => machine.advance(time)).toThrow("is no whole number of nanoseconds");
    expect(() => machine.rootPort("dsp0")).toThrow('the machine has no root port "dsp0"; did you mean "rp0"?');
    expect(() => machine.rootPort("rp1").registers.biDecoder).toThrow(MissingStructureError);
    expect(() => machine.rootPort("rp0").enableMessages(0)).toThrow("0 is not in 1..32");
    expect(() => machine.device("dev0").mailbox(70_000)).toThrow("opcode 70000 is not in 0..0xffff");
    expect(() => machine.device("dev0").mailbox(0x4000, new Uint8Array(4096))).toThrow("4096 bytes of input do not fit the mailbox payload of 2048 bytes");
    expect(() => machine.memory.load(0n, 3 as 4)).toThrow("1, 2, 4 or 8 bytes, not 3");
    expect(() => machine.runUntil(() => false, { limit: 1_000, what: "the moon" })).toThrow(/^runUntil: the moon did not come about in \d+ ns; at \d+ ns: next deadline none, interrupts none, isolated ports none, links not up none$/);
    expect(() => machine.runUntil(() => false, { limit: 1_000 })).toThrow(RunUntilError);
  });
});

test("a file and an object of the same machine give the same machine", async () => {
  const url = new URL("../fixtures/replacement.yaml", import.meta.url);
  const fromFile = await createMachine(url, { module: modules.checked });
  const fromPath = await createMachine(url.pathname, { module: modules.checked });
  expect(fromFile.description).toEqual(fromPath.description);
  const first = make();
  const second = createMachineSync(modules.checked, { text: JSON.stringify({ version: 1, name: "same", ...source }) });
  expect(second.description).toEqual(first.description);
  expect(second.digest("access")).toBe(first.digest("access"));
});
