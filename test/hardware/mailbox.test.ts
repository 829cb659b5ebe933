// Device registers and mailboxes (CXL 3.2 8.2.9): capability array, status, doorbell, locks, time, background operations, interrupts, resets.

import { describe, expect, it } from "vitest";
import { commands } from "../../registers/commands.ts";
import { deviceBlock } from "../../registers/device-block.ts";
import { deviceLogs, features } from "../../registers/features.ts";
import { uuidFrom } from "../../src/platform/payload.ts";
import type { MailboxBench } from "../support/mailbox.ts";
import { enableVectors, mailboxMachine, setUpMailbox } from "../support/mailbox.ts";
import { offsetOf } from "../support/machine.ts";

const MiB = 1n << 20n;
const payload = deviceBlock.primaryMailbox + deviceBlock.mailboxRegisters;
const vendorLog = { id: uuidFrom(deviceLogs.vendorDebug.uuid) };
const mailboxVector = 1;

/** BAR and memory space of a device that was reset. */
function reconnect(one: MailboxBench): void {
  const address = one.deviceAddress(0);
  one.platform.config.write32(address, 0x10, 0x0010_0000);
  one.platform.config.write32(address, 0x14, 8);
  one.platform.config.write16(address, 4, 6);
}

/** Takes the card out and puts it in again: a cold reset. */
function powerCycle(one: MailboxBench): void {
  one.act({ kind: "unplug", port: "rp0" });
  one.act({ kind: "plug", port: "rp0", device: "dev" });
  one.wait(1_000_000);
  reconnect(one);
}

/** The link goes down and comes back: a hot reset. */
function hotReset(one: MailboxBench): void {
  one.act({ kind: "flapLink", port: "rp0", time: 1000 });
  one.wait(1_000_000);
  reconnect(one);
}

describe("device registers", () => {
  it("the array names status, both mailboxes and memory device status, with places and lengths", () => {
    const { io } = setUpMailbox();
    expect(io.read64(0)).toBe(0x4_0101_0000n);
    const entries = [1, 2, 3, 4].map((index) => [io.read16(index * 16), io.read8(index * 16 + 2), io.read32(index * 16 + 4), io.read32(index * 16 + 8)]);
    expect(entries).toEqual([[1, 2, 0x80, 8], [2, 1, 0x220, 0x820], [3, 1, 0x100, 0x120], [0x4000, 1, 0x90, 8]]);
  });

  it("widths of 1, 2, 4 and 8 bytes reach the same bytes; unaligned ones and what lies between structures read 0", () => {
    const { io } = setUpMailbox();
    io.write64(payload, 0x8877_6655_4433_2211n);
    expect([io.read8(payload + 3), io.read16(payload + 2), io.read32(payload + 4), io.read64(payload)]).toEqual([0x44, 0x4433, 0x8877_6655, 0x8877_6655_4433_2211n]);
    io.write8(payload + 1, 0xaa);
    io.write16(payload + 6, 0xbbcc);
    expect(io.read64(payload)).toBe(0xbbcc_6655_4433_aa11n);
    expect([io.read16(payload + 1), io.read32(0x70), io.read32(0x98)]).toEqual([0, 0, 0]);
    expect([io.read32(payload + 2044), io.read32(payload + 2048)]).toEqual([0, 0]);
    io.write32(payload + 2048, 1);
    expect(io.read32(payload + 2048)).toBe(0);
  });

  it("the payload has the size that the machine gives it, 256 bytes to what the BAR holds", () => {
    for (const [payloadSize, barSize] of [[256, 262_144n], [65_536, 262_144n], [262_144, 524_288n]] as const) {
      const one = setUpMailbox(mailboxMachine({ payloadSize }, { barSize }));
      expect([2 ** one.mailbox.capability.get("payloadSize"), one.io.read32(0x28)]).toEqual([payloadSize, payloadSize + 0x20]);
    }
  });

  it("memory device status follows the media and the mailbox, and asks for a reset where one helps", () => {
    const one = setUpMailbox(mailboxMachine({}, { mediaReadyTime: 5_000_000 }));
    expect(one.status.read()).toEqual({ deviceFatal: 0, firmwareHalt: 0, mediaStatus: 0, mailboxReady: 1, resetNeeded: 0 });
    one.wait(5_000_000);
    expect(one.status.get("mediaStatus")).toBe(1);
    one.act({ kind: "mediaState", device: "dev", state: "error" });
    expect([one.status.get("mediaStatus"), one.status.get("resetNeeded")]).toEqual([2, 3]);
    one.act({ kind: "mediaState", device: "dev", state: "disabled" });
    expect([one.status.get("mediaStatus"), one.status.get("resetNeeded")]).toEqual([3, 1]);
  });
});

describe("doorbell", () => {
  it("a command takes its time; meanwhile command, payload and interrupt enables are locked, and the doorbell cannot be taken back", () => {
    const one = setUpMailbox(mailboxMachine({ commandTime: 50_000 }));
    one.mailbox.command.write({ opcode: commands.identifyMemoryDevice.opcode });
    one.mailbox.control.write({ doorbell: 1, doorbellInterrupt: 1 });
    one.mailbox.command.write({ opcode: commands.getTimestamp.opcode });
    one.mailbox.control.write({ doorbell: 0, doorbellInterrupt: 0, backgroundInterrupt: 1 });
    one.io.write32(payload, 0x1234);
    expect([one.mailbox.control.read(), one.mailbox.command.get("opcode"), one.io.read32(payload)]).toEqual([{ doorbell: 1, doorbellInterrupt: 1, backgroundInterrupt: 0 }, 0x4000, 0]);
    one.wait(50_000);
    expect([one.mailbox.control.get("doorbell"), one.mailbox.command.read()]).toEqual([0, { opcode: 0x4000, payloadLength: 0x45 }]);
  });

  it("ringing again while a command is under way starts nothing", () => {
    const one = setUpMailbox(mailboxMachine({ commandTime: 10_000 }));
    one.mailbox.command.write({ opcode: commands.getTimestamp.opcode });
    one.mailbox.control.write({ doorbell: 1 });
    one.wait(9000);
    one.mailbox.control.write({ doorbell: 1 });
    one.wait(2000);
    expect(one.mailbox.control.get("doorbell")).toBe(0);
    one.wait(20_000);
    expect(one.mailbox.command.get("payloadLength")).toBe(8);
  });

  it("its interrupt comes where it is enabled, on the vector that the capability names", () => {
    const one = setUpMailbox();
    enableVectors(one);
    one.raw(commands.getTimestamp.opcode);
    expect(one.vectors()).toEqual([]);
    one.mailbox.control.write({ doorbellInterrupt: 1 });
    one.raw(commands.getTimestamp.opcode);
    expect([one.mailbox.capability.get("interruptMessage"), one.vectors()]).toEqual([mailboxVector, [mailboxVector]]);
  });

  it("mailboxes that are not ready keep a command until they are", () => {
    const one = setUpMailbox(mailboxMachine({ readyTime: 3_000_000_000 }));
    expect([one.status.get("mailboxReady"), one.mailbox.capability.get("readyTime")]).toEqual([0, 3]);
    one.mailbox.command.write({ opcode: commands.getTimestamp.opcode });
    one.mailbox.control.write({ doorbell: 1 });
    one.wait(2_999_000_000);
    expect(one.mailbox.control.get("doorbell")).toBe(1);
    one.wait(2_000_000);
    expect([one.status.get("mailboxReady"), one.mailbox.control.get("doorbell")]).toEqual([1, 0]);
  });

  it("both mailboxes work at a time, each with its own payload", () => {
    const one = setUpMailbox();
    one.mailbox.command.write({ opcode: commands.identifyMemoryDevice.opcode });
    one.secondary.command.write({ opcode: commands.getTimestamp.opcode });
    one.mailbox.control.write({ doorbell: 1 });
    one.secondary.control.write({ doorbell: 1 });
    one.wait(3000);
    expect([one.mailbox.command.get("payloadLength"), one.secondary.command.get("payloadLength"), one.secondary.control.get("doorbell")]).toEqual([0x45, 8, 0]);
  });

  it("output ends with its last byte: what lay in the payload behind it stays, and is no part of it", () => {
    const one = setUpMailbox();
    for (let at = 0; at < 2048; at += 8) one.io.write64(payload + at, 0xeeee_eeee_eeee_eeeen);
    expect(one.raw(commands.getHealth.opcode).output.length).toBe(0x12);
    expect([one.io.read8(payload + 0x11), one.io.read8(payload + 0x12), one.io.read8(payload + 2047)]).toEqual([0, 0xee, 0xee]);
  });
});

describe("faults of commands", () => {
  it("the n-th command of an opcode ends with a return code, then all is well", () => {
    const one = setUpMailbox();
    one.act({ kind: "mailboxFault", device: "dev", fault: "return-code", opcode: commands.getHealth.opcode, skip: 1, count: 1, value: 4 });
    expect(["getHealth", "getTimestamp", "getHealth", "getHealth"].map((name) => one.send(name as "getHealth").code)).toEqual(["success", "success", "internalError", "success"]);
  });

  it("a command never ends, and a reset brings the mailbox back", () => {
    const one = setUpMailbox();
    one.act({ kind: "mailboxFault", device: "dev", fault: "never-ends", count: 1 });
    one.raw(commands.getHealth.opcode);
    one.wait(10_000_000_000);
    expect(one.mailbox.control.get("doorbell")).toBe(1);
    hotReset(one);
    expect([one.mailbox.control.get("doorbell"), one.send("getHealth").code]).toEqual([0, "success"]);
  });

  it("outputs are cut off or corrupted", () => {
    const one = setUpMailbox();
    const whole = one.send("getAlerts").output;
    one.act({ kind: "mailboxFault", device: "dev", fault: "truncate", count: 1, value: 3 });
    expect(one.send("getAlerts").output).toEqual(whole.slice(0, 3));
    one.act({ kind: "mailboxFault", device: "dev", fault: "corrupt", count: 1, value: 0xff });
    expect(one.send("getAlerts").output).toEqual(whole.map((byte) => byte ^ 0xff));
  });

  it("a device that is fatal or halted takes no command until it is reset", () => {
    for (const [status, shown] of [["fatal", { deviceFatal: 1, firmwareHalt: 0 }], ["firmware-halt", { deviceFatal: 0, firmwareHalt: 1 }]] as const) {
      const one = setUpMailbox();
      one.act({ kind: "deviceStatus", device: "dev", status });
      expect(one.status.read()).toMatchObject({ ...shown, mailboxReady: 0, resetNeeded: 1 });
      one.raw(commands.getHealth.opcode);
      expect(one.mailbox.control.get("doorbell")).toBe(1);
      hotReset(one);
      expect(one.send("getHealth").code).toBe("success");
    }
  });
});

describe("background operations", () => {
  it("answer Background Command Started, move their percentage every second, and end with a return code and an interrupt", () => {
    const one = setUpMailbox(mailboxMachine({ backgroundTime: 4000 }));
    enableVectors(one);
    one.mailbox.control.write({ backgroundInterrupt: 1 });
    expect(one.send("populateLog", vendorLog).code).toBe("backgroundStarted");
    const seen: number[] = [];
    for (let second = 0; second < 4; second++) {
      seen.push(one.mailbox.background.get("percentage"));
      one.wait(1_000_000_000);
    }
    expect(seen).toEqual([0, 25, 50, 75]);
    expect([one.mailbox.background.read(), one.mailbox.status.get("backgroundOperation")]).toEqual([{ opcode: 0x0404, percentage: 100, returnCode: 0, vendorStatus: 0 }, 0]);
    expect(one.vectors()).toEqual([mailboxVector]);
  });

  it("one at a time; other commands go on meanwhile", () => {
    const one = setUpMailbox(mailboxMachine({ backgroundTime: 4000 }));
    one.send("populateLog", vendorLog);
    expect([one.send("scanMedia", { lines: 1 }).code, one.send("getHealth").code]).toEqual(["busy", "success"]);
  });

  it("Request Abort ends one that can be aborted short of 100 per cent", () => {
    const one = setUpMailbox(mailboxMachine({ backgroundTime: 10_000 }));
    one.send("scanMedia", { lines: 1 });
    one.wait(5_000_000_000);
    expect(one.send("abortBackground").code).toBe("success");
    expect([one.mailbox.status.get("backgroundOperation"), one.mailbox.background.read()]).toMatchObject([0, { opcode: 0x4304, percentage: 50, returnCode: 0x12 }]);
    expect(one.send("abortBackground").code).toBe("success");
  });

  it("a conventional reset ends it without a word", () => {
    const one = setUpMailbox(mailboxMachine({ backgroundTime: 10_000 }));
    one.send("scanMedia", { lines: 1 });
    hotReset(one);
    expect([one.mailbox.status.get("backgroundOperation"), one.mailbox.background.readRaw()]).toEqual([0, 0n]);
    expect(one.send("scanMedia", { lines: 1 }).code).toBe("backgroundStarted");
  });
});

describe("sanitize", () => {
  const used = (): MailboxBench => {
    const one = setUpMailbox(mailboxMachine({ backgroundTime: 2000 }));
    one.send("setLabels", { offset: 100 }, { data: Uint8Array.of(1, 2, 3) });
    one.send("injectPoison", { address: 0x1000 });
    expect(one.send("sanitize").code).toBe("backgroundStarted");
    return one;
  };

  it("disables the media until it succeeds, and takes labels, poison and event records with it", () => {
    const one = used();
    expect([one.status.get("mediaStatus"), one.status.get("resetNeeded"), one.send("getPoisonList", { lines: 1 }).code]).toEqual([3, 1, "mediaDisabled"]);
    expect(one.finishBackground()).toBe("success");
    expect([one.status.get("mediaStatus"), one.ask("getPoisonList", { lines: 100_000 })["count"], one.ask("getEventRecords", { log: 0 })["count"], one.send("getLabels", { offset: 100, length: 3 }).output]).toEqual([1, 0, 0, new Uint8Array(3)]);
  });

  it("interrupted by a reset or an abort it leaves the media disabled until a sanitize succeeds", () => {
    for (const interrupt of [hotReset, (one: MailboxBench) => void one.send("abortBackground"), powerCycle]) {
      const one = used();
      interrupt(one);
      one.wait(10_000_000_000);
      expect([one.status.get("mediaStatus"), one.status.get("resetNeeded")]).toEqual([3, 1]);
      expect(one.send("sanitize").code).toBe("backgroundStarted");
      expect([one.finishBackground(), one.status.get("mediaStatus")]).toEqual(["success", 1]);
    }
  });
});

describe("resets", () => {
  it("a hot reset clears mailbox and policy, spares event records and clock; a cold one takes the clock, thaws security and locks", () => {
    const one = setUpMailbox();
    one.send("setTimestamp", { timestamp: 1_000_000n });
    one.send("setEventInterruptPolicy", { informational: 1, warning: 1, failure: 1, fatal: 1 });
    one.send("injectPoison", { address: 0 });
    one.send("setPassphrase", { type: 1, next: new Uint8Array(32).fill(3) });
    one.send("freezeSecurityState");
    one.send("setShutdown", { state: 1 });
    hotReset(one);
    expect([one.mailbox.command.readRaw(), one.events.get("informational"), one.ask("getEventRecords", { log: 0 })["count"], one.ask("getSecurityState")["state"]]).toEqual([0n, 1, 1, 1 | 8]);
    expect([Number(one.ask("getTimestamp")["timestamp"]) > 1_000_000, Number(one.ask("getEventInterruptPolicy")["informational"]) & 3, one.ask("getHealth")["dirtyShutdownCount"], one.ask("getShutdown")["state"]]).toEqual([true, 0, 1, 0]);
    powerCycle(one);
    expect([one.ask("getTimestamp")["timestamp"], one.ask("getSecurityState")["state"]]).toEqual([0n, 1 | 4]);
    expect(one.send("unlock", { current: new Uint8Array(32).fill(3) }).code).toBe("success");
  });

  it("volatile lines leave the poison list with a reset, persistent ones stay", () => {
    const one = setUpMailbox();
    one.send("injectPoison", { address: 0x40 });
    one.send("injectPoison", { address: 512n * MiB });
    hotReset(one);
    const list = one.send("getPoisonList", { lines: 768n * MiB / 64n }).output;
    expect([list[0x0a], new DataView(list.buffer).getBigUint64(0x20, true)]).toEqual([1, 512n * MiB | 3n]);
  });

  it("firmware that was staged runs, and a partition change is there, after a conventional reset", () => {
    const one = setUpMailbox();
    expect(one.send("activateFirmware", { action: 1, slot: 2 }).code).toBe("success");
    expect(one.send("setPartitionInfo", { volatile: 1 }).code).toBe("success");
    expect(one.ask("getPartitionInfo")).toEqual({ volatile: 2n, persistent: 1n, nextVolatile: 1n, nextPersistent: 2n });
    hotReset(one);
    expect([one.ask("getPartitionInfo"), Number(one.ask("firmwareInfo")["slot"])]).toEqual([{ volatile: 1n, persistent: 2n, nextVolatile: 0n, nextPersistent: 0n }, 2]);
    expect(one.platform.config.read32(one.deviceAddress(0), offsetOf("deviceConfig", "dvsecDevice", "range1SizeLow")) >>> 28).toBe(1);
    expect(new TextDecoder().decode(one.send("identifyMemoryDevice").output.slice(0, 6))).toBe("second");
  });

  it("a function level reset takes the command in the mailbox, nothing else", () => {
    const one = setUpMailbox(mailboxMachine({ commandTime: 100_000 }));
    one.mailbox.command.write({ opcode: commands.getHealth.opcode });
    one.mailbox.control.write({ doorbell: 1 });
    one.platform.config.write16(one.deviceAddress(0), offsetOf("deviceConfig", "pcie", "deviceControl"), 0x8000);
    reconnect(one);
    one.wait(200_000);
    expect([one.mailbox.control.get("doorbell"), one.mailbox.command.readRaw(), one.status.get("mailboxReady"), one.status.get("mediaStatus")]).toEqual([0, 0n, 1, 1]);
  });

  it("features that were saved come back, others do not", () => {
    const one = setUpMailbox();
    const id = uuidFrom(features.patrolScrub.uuid);
    const current = (): Uint8Array => one.send("getFeature", { id, count: 4 }).output;
    expect(one.send("setFeature", { id, version: 1, flags: 8 }, { data: Uint8Array.of(24, 1) }).code).toBe("success");
    expect(one.send("setFeature", { id, version: 1 }, { data: Uint8Array.of(48, 0) }).code).toBe("success");
    expect(current()).toEqual(Uint8Array.of(3, 48, 1, 0));
    hotReset(one);
    expect(current()).toEqual(Uint8Array.of(3, 24, 1, 1));
  });
});
