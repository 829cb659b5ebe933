// The mailbox client and the probe over it, on the real module (error-recovery 6.1; device-registers.md 4; captures 2b, 4-events).

import { describe, expect, it } from "vitest";
import { commandNames, commands } from "../../registers/commands.ts";
import { returnCodes } from "../../registers/payload-schema.ts";
import { CommandError, errnoOfReturnCode } from "../../src/kernel/cxl/mailbox-errors.ts";
import { sendCommand } from "../../src/kernel/cxl/mailbox.ts";
import { spawn } from "../../src/sim/task.ts";
import { bootMachine } from "../support/kernel.ts";
import { MiB, deviceOf, machineOf, offsetOf, portOf } from "../support/machine.ts";
import { act, errnoOf, memdevs, sent, stateOf, store } from "../support/memdev.ts";

const second = 1_000_000_000;
const one = (mailbox = {}, device = {}) => machineOf([portOf("rp0", { slots: [deviceOf("d0", { serial: 1n, mailbox, ...device })] })]);
const rebind = "/sys/bus/pci/drivers/cxl_pci";
const host = "0000:0d:00.0";

describe("the probe of a memory device", () => {
  it("sends the commands of the captured kernel in its order", () => {
    expect(sent(bootMachine(one()))).toEqual(["0400", "0401", "0301", "4000", "0102", "0103", "0102", "0100", "0100", "0100", "0100"]);
  });

  it("says what the captured kernel says", () => {
    const lines = bootMachine(one()).dmesg().filter((line) => line.startsWith("cxl_pci ")).map((line) => line.replace(`cxl_pci ${host}: `, ""));
    expect(lines.slice(1, 12)).toEqual([
      "found Status capability (0x80)", "found Mailbox capability (0x220)", "found Secondary Mailbox capability (0x100)", "found Memory Device capability (0x90)", "Probing device registers...",
      "Mapped CXL Memory Device resource 0x0000001000000000", "Set up component registers", "Doorbell wait took 0ms", "Mailbox payload sized 2048", "Mailbox interrupts enabled", "Sending command: 0x0400",
    ]);
    for (const line of ["Found LOG type 0da9c0b5-bf41-4b78-8f79-96b1623b3f17 of size 192", "DPA(ram): [mem 0x00000000-0x0fffffff flags 0x200]", "No CXL Features discovered", "No CXL FWCTL setup", "Reading event logs: f"]) expect(lines).toContain(line);
  });

  it("takes capacity, labels, firmware revision and payload size from the device", () => {
    const booted = bootMachine(one({ firmware: ["BWFW VERSION 00", ""], payloadSize: 4096 }, { persistentCapacity: 512n * MiB, labelArea: 0x1000n }));
    const read = (name: string): string => booted.read(`${memdevs}/mem0/${name}`).trim();
    expect(["firmware_version", "payload_max", "label_storage_size", "ram/size", "pmem/size", "security/state"].map(read)).toEqual(["BWFW VERSION 00", "4096", "4096", "0x10000000", "0x20000000", "disabled"]);
    expect(booted.dmesg()).toContain(`cxl_pci ${host}: DPA(pmem): [mem 0x10000000-0x2fffffff flags 0x200]`);
  });

  it("asks a partitionable device for its partitions", () => {
    const booted = bootMachine(one({ partitionAlignment: 256n * MiB }, { volatileCapacity: 512n * MiB, persistentCapacity: 512n * MiB }));
    expect(sent(booted)).toContain("4100");
    expect([booted.read(`${memdevs}/mem0/ram/size`), booted.read(`${memdevs}/mem0/pmem/size`)]).toEqual(["0x20000000\n", "0x20000000\n"]);
  });

  it("lets decoders hold persistent capacity behind the volatile one, which is skipped", () => {
    const booted = bootMachine(one({}, { volatileCapacity: 512n * MiB, persistentCapacity: 256n * MiB }), { restrictions: { persistent: true } });
    const put = (decoder: string, file: string, text: string) => store(booted, `${memdevs}/${decoder}/${file}`, text);
    expect([put("decoder2.0", "mode", "ram"), put("decoder2.0", "dpa_size", "0x10000000"), put("decoder2.1", "mode", "pmem"), put("decoder2.1", "dpa_size", "0x20000000")]).toEqual(["ok", "ok", "ok", "ENOSPC"]);
    expect(put("decoder2.1", "dpa_size", "0x10000000")).toBe("ok");
    expect(["mode", "dpa_resource", "dpa_size"].map((name) => booted.read(`${memdevs}/decoder2.1/${name}`).trim())).toEqual(["pmem", "0x20000000", "0x0000000010000000"]);
    expect([put("decoder2.2", "mode", "ram"), put("decoder2.2", "dpa_size", "0x10000000")]).toEqual(["ok", "ENOSPC"]);
    expect(booted.read("/sys/kernel/debug/cxl/mem0/dpamem")).toBe("00000000-1fffffff : ram\n  00000000-0fffffff : decoder2.0\n20000000-2fffffff : pmem\n  20000000-2fffffff : decoder2.1\n");
    expect(store(bootMachine(one()), `${memdevs}/decoder2.0/mode`, "pmem")).toBe("EINVAL");
    expect(store(bootMachine(one({}, { volatileCapacity: 0n, persistentCapacity: 256n * MiB }), { restrictions: { persistent: true } }), `${memdevs}/decoder2.0/mode`, "ram")).toBe("ENXIO");
  });

  it("takes no payload below 256 bytes, and no more than 1 MiB of a larger one", () => {
    const booted = bootMachine(one());
    const size = { entity: "d0", space: "device" as const, offset: offsetOf("deviceRegisters", "primaryMailbox", "capability"), mask: 0x1f };
    expect(store(booted, `${rebind}/unbind`, host)).toBe("ok");
    act(booted, { kind: "stuckRegister", at: size, value: 7 });
    expect(store(booted, `${rebind}/bind`, host)).toBe("ENXIO");
    expect(booted.dmesg()).toContain(`cxl_pci ${host}: Mailbox is too small (128b)`);
    act(booted, { kind: "stuckRegister", at: size, value: 21 });
    expect(store(booted, `${rebind}/bind`, host)).toBe("ok");
    expect(booted.read(`${memdevs}/mem0/payload_max`)).toBe("1048576\n");
  });

  it("wants all three of status, mailbox and memory device status", () => {
    const booted = bootMachine(one());
    expect(store(booted, `${rebind}/unbind`, host)).toBe("ok");
    act(booted, { kind: "stuckRegister", at: { entity: "d0", space: "device", offset: 0x20, mask: 0xffff }, value: 0x8001 });
    expect(store(booted, `${rebind}/bind`, host)).toBe("ENXIO");
    expect(booted.dmesg().slice(-2)).toEqual([`cxl_pci ${host}: registers not found: mbox `, `cxl_pci ${host}: probe with driver cxl_pci rejects match -6`]);
    expect(booted.dmesg()).toContain(`cxl_pci ${host}: Vendor cap ID: 0x8001 offset: 0x220`);
  });

  it("reads a Command Effects Log larger than the payload in pieces", () => {
    const booted = bootMachine(one({ payloadSize: 256, commands: commandNames }));
    expect(stateOf(booted, "mem0").commands).toEqual(new Set(commandNames));
    expect(sent(bootMachine(one({ payloadSize: 256 }))).filter((opcode) => opcode === "0401")).toHaveLength(1);
  });

  it("knows the commands of the device, and the forced ones whatever the log says", () => {
    const booted = bootMachine(one({ commands: ["getEventRecords", "clearEventRecords", "getEventInterruptPolicy", "setEventInterruptPolicy", "getSupportedLogs", "getLog", "identifyMemoryDevice"] }));
    expect([...stateOf(booted, "mem0").commands].toSorted()).toEqual(["clearEventRecords", "getEventInterruptPolicy", "getEventRecords", "getLog", "getSupportedLogs", "identifyMemoryDevice", "setEventInterruptPolicy"]);
    expect(booted.files.exists(`${memdevs}/mem0/trigger_poison_list`)).toBe(false);
    expect(booted.files.list(`${memdevs}/mem0/security`)).toEqual(["state"]);
    expect(booted.files.exists(`${memdevs}/mem0/firmware`)).toBe(false);
    expect(booted.dmesg()).toContain(`cxl_pci ${host}: Mailbox operation had an error: cmd is not supported`);
  });

  it("waits for a mailbox that is ready late", () => {
    const booted = bootMachine(one({ readyTime: 3 * second }));
    expect(booted.system.hardware.now).toBeGreaterThan(3 * second);
    expect(booted.read(`${memdevs}/mem0/ram/size`)).toBe("0x10000000\n");
  });

  it("gives up on a mailbox that is not ready within 60 s", () => {
    const booted = bootMachine(one());
    expect(store(booted, `${rebind}/unbind`, host)).toBe("ok");
    act(booted, { kind: "deviceStatus", device: "d0", status: "mailbox-not-ready" });
    const before = booted.system.hardware.now;
    expect(store(booted, `${rebind}/bind`, host)).toBe("ETIMEDOUT");
    expect(booted.system.hardware.now - before).toBeGreaterThanOrEqual(60 * second);
    expect(booted.dmesg()).toContain(`cxl_pci ${host}: timeout awaiting mailbox ready, device state `);
    act(booted, { kind: "deviceStatus", device: "d0", status: "clear" });
    expect(store(booted, `${rebind}/bind`, host)).toBe("ok");
    expect(booted.files.list(memdevs)).toContain("mem0");
  });

  it("shares one vector between mailbox and logs where the device has no more", () => {
    const shared = bootMachine(one({}, { vectors: 1 }));
    expect(shared.read(`${memdevs}/mem0/serial`)).toBe("0x1\n");
    expect([...stateOf(shared, "mem0").vectors]).toEqual([[0, new Set(["mailbox", "events"])]]);
  });

  it.each([
    { what: "a log that firmware keeps", fault: { value: 3 }, errno: "EBUSY", line: "FW still in control of Event Logs despite _OSC settings" },
    { what: "a message beyond the vectors granted", fault: { value: 0x70, skip: 1 }, errno: "EINVAL", line: "Failed to get interrupt for event Info log" },
    { what: "a log that sends no messages", fault: { value: 1, skip: 1 }, errno: "ENXIO", line: "Failed to get interrupt for event Info log" },
  ])("fails over $what, and takes the memdev back", ({ fault, errno, line }) => {
    const booted = bootMachine(one({}, { vectors: 4 }));
    expect(store(booted, `${rebind}/unbind`, host)).toBe("ok");
    act(booted, { kind: "mailboxFault", device: "d0", fault: "corrupt", opcode: commands.getEventInterruptPolicy.opcode, count: 1, ...fault });
    expect(store(booted, `${rebind}/bind`, host)).toBe(errno);
    expect(booted.dmesg()).toContain(`cxl_pci ${host}: ${line}`);
    expect(booted.files.list(memdevs).filter((name) => name.startsWith("mem"))).toEqual([]);
  });

  it("leaves event logs alone that firmware keeps by _OSC", () => {
    const booted = bootMachine(one(), { firmware: { keepsMemoryErrors: true } });
    expect(sent(booted)).toEqual(["0400", "0401", "0301", "4000"]);
    expect(booted.files.exists(`${memdevs}/mem0`)).toBe(true);
  });
});

describe("a command", () => {
  it("that never ends is given up after 2 s; the mailbox stays busy, and a new probe does not get it idle", () => {
    const booted = bootMachine(one());
    act(booted, { kind: "mailboxFault", device: "d0", fault: "never-ends", count: 1 });
    const before = booted.system.hardware.now;
    expect(store(booted, `${memdevs}/mem0/trigger_poison_list`, "1")).toBe("ETIMEDOUT");
    expect(booted.system.hardware.now - before).toBeGreaterThanOrEqual(2 * second);
    expect(booted.system.hardware.now - before).toBeLessThan(2.1 * second);
    expect(store(booted, `${memdevs}/mem0/trigger_poison_list`, "1")).toBe("EBUSY");
    expect(booted.dmesg().slice(-4)).toContain(`cxl_pci ${host}: mailbox queue busy (opcode: 0x4300), device state `);
    expect(booted.dmesg()).toContain(`cxl_pci ${host}: mailbox timeout (opcode: 0x4300), device state `);
    expect(store(booted, `${rebind}/unbind`, host)).toBe("ok");
    expect(store(booted, `${rebind}/bind`, host)).toBe("ETIMEDOUT");
    expect(booted.dmesg()).toContain(`cxl_pci ${host}: timeout awaiting mailbox idle, device state `);
  });

  it("to a device that is gone finds the mailbox busy and the device fatal and halted", () => {
    const booted = bootMachine(one(), { policies: { isolationAction: "none" } });
    act(booted, { kind: "linkDown", port: "rp0" });
    expect(store(booted, `${memdevs}/mem0/trigger_poison_list`, "1")).toBe("EBUSY");
    expect(booted.dmesg().at(-1)).toBe(`cxl_pci ${host}: mailbox queue busy (opcode: 0x4300), device state  fatal firmware-halt`);
  });

  it.each(Object.entries(returnCodes).filter(([name]) => !["success", "backgroundStarted"].includes(name)))("that the device ends with %s gets its errno", (name, code) => {
    const errno = name === "invalidPhysicalAddress" ? "EFAULT" : name === "poisonLimitReached" ? "EBUSY" : "ENXIO";
    expect(errnoOfReturnCode(code)).toBe(errno);
    expect(new CommandError("getLog", code).returnCode).toBe(code);
  });

  it("that the device refuses fails with the errno of the code, which debug messages name", () => {
    const booted = bootMachine(one());
    act(booted, { kind: "mailboxFault", device: "d0", fault: "return-code", value: returnCodes.internalError, count: 1 });
    expect(store(booted, `${memdevs}/mem0/security/sanitize`, "1")).toBe("ENXIO");
    expect(booted.dmesg()).toContain(`cxl_pci ${host}: Mailbox operation had an error: internal device error`);
    expect(booted.dmesg().at(-1)).toBe(`cxl_pci ${host}: Failed to get security state : -6`);
  });

  it("answered with less than it needs fails with EIO, and one beyond the payload with E2BIG", () => {
    const booted = bootMachine(one());
    act(booted, { kind: "mailboxFault", device: "d0", fault: "truncate", value: 2, count: 1 });
    expect(store(booted, `${memdevs}/mem0/security/sanitize`, "1")).toBe("EIO");
    const send = (bytes: number) => errnoOf(() => booted.run(sendCommand(booted.kernel, stateOf(booted, "mem0"), { name: "getEventRecords", input: new Uint8Array(1), output: bytes, least: 0 })));
    expect([send(2048), send(2049)]).toEqual(["ok", "E2BIG"]);
  });

  it("that says it goes on in the background without being one to wait for times out at once", () => {
    const booted = bootMachine(one());
    act(booted, { kind: "mailboxFault", device: "d0", fault: "return-code", value: returnCodes.backgroundStarted, count: 1 });
    const before = booted.system.hardware.now;
    expect(store(booted, `${memdevs}/mem0/security/sanitize`, "1")).toBe("ETIMEDOUT");
    expect(booted.system.hardware.now - before).toBeLessThan(1_000_000);
  });

  it("waits for the one before it", () => {
    const booted = bootMachine(one());
    const state = stateOf(booted, "mem0");
    const from = booted.dmesg().length;
    for (const name of ["getHealth", "getAlerts"] as const) spawn(booted.kernel.scheduler, name, sendCommand(booted.kernel, state, { name, output: 16 }));
    booted.settle();
    const lines = booted.dmesg().slice(from).map((line) => line.replace(`cxl_pci ${host}: `, ""));
    expect(lines).toEqual(["Sending command: 0x4200", "Doorbell wait took 0ms", "Sending command: 0x4201", "Doorbell wait took 0ms"]);
  });
});
