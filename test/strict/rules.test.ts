// Each rule of the checker, broken once on purpose and kept once: what it says, and that nothing else is said.

import { describe, expect, it, test } from "vitest";
import { blocks, deviceBar } from "../../registers/blocks.ts";
import { hdmDecoderDevice, hdmDecoderPort } from "../../registers/hdm-decoder.ts";
import { deviceBlock, memoryDeviceStatus, primaryMailbox } from "../../registers/device-block.ts";
import { timeoutIsolation } from "../../registers/timeout-isolation.ts";
import { armProbe } from "../../src/hardware/probes.ts";
import type { ProbeAction } from "../../src/hardware/probes.ts";
import type { MachineDescription, RootPortDescription } from "../../src/platform/description.ts";
import type { RegisterBus } from "../../src/platform/registers.ts";
import { structureAt } from "../../src/platform/registers.ts";
import { strictRules } from "../../src/sandbox/strict/rules.ts";
import { createStrict } from "../../src/sandbox/strict/strict.ts";
import { configureDevice, defaultIsolation, GiB, machineOf, offsetOf, openMemory, portOf, setUp } from "../support/machine.ts";

const { timeoutIsolation: isolationPlace } = blocks.rootPortComponent.placements;

/** A machine of two ports under watch, with names for what the cases touch. */
function watch(port: Partial<RootPortDescription> = {}, machine: Partial<MachineDescription> = {}, before: (bench: ReturnType<typeof setUp>) => void = () => {}) {
  const bench = setUp(machineOf([portOf("rp0", port), portOf("rp1")], machine));
  before(bench);
  const { hardware, platform, bridge } = bench;
  const strict = createStrict(hardware);
  hardware.storeTrace((words) => strict.accept(words));
  const [handle, device] = [bench.ports[0], bench.devices[0]];
  if (handle === undefined || device === undefined) throw new Error("the machine has no port");
  const component = device.base - 0x1000n;
  const registers = platform.ioremap(component + BigInt(deviceBar.device), 0x1000n);
  const bridgeBus = (address: number): RegisterBus => ({
    ...platform.config, read8: (at) => platform.config.read8(address, at), read16: (at) => platform.config.read16(address, at), read32: (at) => platform.config.read32(address, at),
    write8: (at, value) => platform.config.write8(address, at, value), write16: (at, value) => platform.config.write16(address, at, value), write32: (at, value) => platform.config.write32(address, at, value),
    read64: () => 0n, write64: () => {},
  });
  const config = bridgeBus(bench.portAddress(0));
  const { dpc, pcie, dvsecPort, bridgeHeader, aer } = blocks.rootPortConfig.placements;
  return {
    ...bench, strict, handle, device, registers, config,
    isolation: structureAt(handle, isolationPlace.at, timeoutIsolation),
    bridgeDecoders: structureAt(bridge, blocks.hostBridgeComponent.placements.hdmDecoderPort.at, hdmDecoderPort),
    decoders: structureAt(device, blocks.deviceComponent.placements.hdmDecoderDevice.at, hdmDecoderDevice),
    mailbox: structureAt(registers, deviceBlock.primaryMailbox, primaryMailbox),
    memoryStatus: structureAt(registers, deviceBlock.memoryStatus, memoryDeviceStatus),
    dpc: structureAt(config, dpc.at, dpc.structure), pcie: structureAt(config, pcie.at, pcie.structure), dvsec: structureAt(config, dvsecPort.at, dvsecPort.structure), header: structureAt(config, bridgeHeader.at, bridgeHeader.structure), aer: structureAt(config, aer.at, aer.structure),
    endpoint: structureAt(bridgeBus(bench.deviceAddress(0)), 0, blocks.deviceConfig.placements.endpointHeader.structure),
    locks: structureAt(bridgeBus(bench.deviceAddress(0)), blocks.deviceConfig.placements.dvsecDevice.at, blocks.deviceConfig.placements.dvsecDevice.structure),
    wait: (nanoseconds: number): void => hardware.advanceTo(hardware.now + nanoseconds),
    happen: (action: ProbeAction): void => {
      armProbe(hardware, 0, { match: { kind: "time", at: hardware.now + 1 }, action });
      hardware.advanceTo(hardware.now + 1);
    },
  };
}
type Watched = ReturnType<typeof watch>;

const armed = { memoryIsolationEnable: 1, interruptEnable: 1 };
const cableOut: ProbeAction = { kind: "linkDown", port: "rp0" };
const cableIn: ProbeAction = { kind: "linkUp", port: "rp0" };

/** Isolates rp0 by a timeout, its link staying up. */
function timeOut(w: Watched): void {
  w.isolation.control.write({ ...armed, memoryTimeoutEnable: 1 });
  armProbe(w.hardware, 0, { match: { kind: "request", port: "rp0", direction: "read" }, action: { kind: "dropResponse", port: "rp0", count: 1 } });
  w.platform.memory.issue(0, "read", 16n * GiB, 0n);
  w.wait(1_000_000);
}

interface DecoderChoice {
  readonly base: number;
  readonly size: number;
  readonly control?: Parameters<Watched["decoders"]["control"]["write"]>[0];
}

/** Writes a device decoder and commits it; base and size in units of 256 MiB. */
function commit(w: Watched, decoder: number, { base, size, control }: DecoderChoice): void {
  w.decoders.baseHigh.at(decoder).write({ base63to32: base >>> 4 });
  w.decoders.baseLow.at(decoder).write({ base31to28: base & 15 });
  w.decoders.sizeHigh.at(decoder).write({ size63to32: size >>> 4 });
  w.decoders.sizeLow.at(decoder).write({ size31to28: size & 15 });
  w.decoders.control.at(decoder).write({ targetRangeType: 1, commit: 1, ...control });
}

const lowFour = { base: 64, size: 1 };

interface Case {
  readonly rule: string;
  readonly says: string;
  readonly with?: Partial<RootPortDescription>;
  readonly machine?: Partial<MachineDescription>;
  readonly before?: (bench: ReturnType<typeof setUp>) => void;
  /** What the rule asks for: no violation. */
  readonly kept: (w: Watched) => void;
  readonly broken: (w: Watched) => void;
  /** Part, register and field of the violation. */
  readonly at: readonly [part: string, register: string, field: string | null];
}

const cases: readonly Case[] = [
  {
    rule: "TR1", says: "status cleared while Root Port Busy", at: ["rp0", "timeoutIsolation.status", "memoryIsolation"],
    machine: { implementation: { isolationExit: "cxl-3.2", timeoutInstant: "earliest", decoderCommitTime: 0, isolationResponseTime: 5_000_000, messageOrder: "isolation-first" } },
    before: openMemory,
    kept: (w) => {
      w.isolation.control.write(armed);
      w.platform.memory.issue(0, "read", 16n * GiB, 0n);
      w.happen(cableOut);
      while (w.isolation.status.get("rootPortBusy") === 1) w.wait(1_000_000);
      w.isolation.status.write({ memoryIsolation: 1 });
    },
    broken: (w) => {
      w.isolation.control.write(armed);
      w.platform.memory.issue(0, "read", 16n * GiB, 0n);
      w.happen(cableOut);
      w.isolation.status.read();
      w.isolation.status.write({ memoryIsolation: 1 });
    },
  },
  {
    rule: "TR1", says: "status cleared with nobody having seen the port idle", at: ["rp0", "timeoutIsolation.status", "memoryIsolation"],
    kept: (w) => {
      w.isolation.control.write(armed);
      w.happen(cableOut);
      w.isolation.status.read();
      w.isolation.status.write({ memoryIsolation: 1 });
    },
    broken: (w) => {
      w.isolation.control.write(armed);
      w.isolation.status.read();
      w.happen(cableOut);
      w.isolation.status.write({ memoryIsolation: 1 });
    },
  },
  {
    rule: "TR3", says: "isolation left with the link up all along", at: ["rp0", "timeoutIsolation.status", "memoryIsolation"], before: openMemory,
    kept: (w) => {
      timeOut(w);
      w.isolation.status.read();
      w.dvsec.control.modify({ unmaskLinkDisable: 1 });
      w.pcie.linkControl.modify({ linkDisable: 1 });
      w.isolation.status.write({ memoryIsolation: 1, memoryTimeout: 1 });
    },
    broken: (w) => {
      timeOut(w);
      w.isolation.status.read();
      w.isolation.status.write({ memoryIsolation: 1, memoryTimeout: 1 });
      w.dvsec.control.modify({ unmaskLinkDisable: 1 });
      w.pcie.linkControl.modify({ linkDisable: 1 });
    },
  },
  {
    rule: "quiesce", says: "isolation enabled under traffic", at: ["rp0", "timeoutIsolation.control", "memoryIsolationEnable"], before: openMemory,
    kept: (w) => {
      w.platform.memory.issue(0, "read", 16n * GiB, 0n);
      w.wait(10_000);
      w.isolation.control.write(armed);
    },
    broken: (w) => {
      w.platform.memory.issue(0, "read", 16n * GiB, 0n);
      w.isolation.control.write(armed);
    },
  },
  {
    rule: "notification", says: "isolation enabled and nothing that tells of it", at: ["rp0", "timeoutIsolation.control", "interruptEnable"],
    kept: (w) => w.isolation.control.write({ memoryIsolationEnable: 1, errCorEnable: 1 }),
    broken: (w) => w.isolation.control.write({ memoryIsolationEnable: 1 }),
  },
  {
    rule: "timeout-value", says: "a timeout value of a range that is not offered", at: ["rp0", "timeoutIsolation.control", "memoryTimeoutValue"], with: { isolation: { ...defaultIsolation, timeoutRanges: 3 } },
    kept: (w) => w.isolation.control.write({ memoryTimeoutValue: 6 }),
    broken: (w) => w.isolation.control.write({ memoryTimeoutValue: 9 }),
  },
  {
    rule: "lost-wake-up", says: "the interrupt enabled on an isolated port, and nobody looks", at: ["rp0", "timeoutIsolation.status", "memoryIsolation"],
    kept: (w) => {
      w.isolation.control.write({ memoryIsolationEnable: 1, errCorEnable: 1 });
      w.happen(cableOut);
      w.isolation.control.modify({ interruptEnable: 1 });
      w.isolation.status.read();
      w.wait(2_000_000);
    },
    broken: (w) => {
      w.isolation.control.write({ memoryIsolationEnable: 1, errCorEnable: 1 });
      w.isolation.status.read();
      w.happen(cableOut);
      w.isolation.control.modify({ interruptEnable: 1 });
      w.wait(2_000_000);
    },
  },
  {
    rule: "containment-busy", says: "a DPC trigger cleared while the port is busy", at: ["rp0", "dpc.status", "trigger"],
    kept: (w) => {
      w.dpc.control.write({ triggerEnable: 1, softwareTrigger: 1 });
      w.dpc.status.read();
      w.dpc.status.write({ trigger: 1 });
    },
    broken: (w) => {
      w.dpc.control.write({ triggerEnable: 1, softwareTrigger: 1 });
      w.happen({ kind: "stuckRegister", at: { entity: "rp0", space: "config", offset: offsetOf("rootPortConfig", "dpc", "status"), mask: 0x10 }, value: 0x10 });
      w.dpc.status.read();
      w.dpc.status.write({ trigger: 1 });
    },
  },
  {
    rule: "masked-link-down", says: "Link Disable while it is masked", at: ["rp0", "pcie.linkControl", "linkDisable"],
    kept: (w) => {
      w.dvsec.control.modify({ unmaskLinkDisable: 1 });
      w.pcie.linkControl.modify({ linkDisable: 1 });
    },
    broken: (w) => w.pcie.linkControl.modify({ linkDisable: 1 }),
  },
  {
    rule: "masked-link-down", says: "Secondary Bus Reset while it is masked", at: ["rp0", "bridgeHeader.bridgeControl", "secondaryBusReset"],
    kept: (w) => {
      w.dvsec.control.modify({ unmaskSecondaryBusReset: 1 });
      w.header.bridgeControl.modify({ secondaryBusReset: 1 });
    },
    broken: (w) => w.header.bridgeControl.modify({ secondaryBusReset: 1 }),
  },
  {
    rule: "C9", says: "a locked decoder written", at: ["rp0-dev", "hdmDecoderDevice.baseLow[0]", "base31to28"],
    kept: (w) => {
      commit(w, 0, { ...lowFour, control: { lockOnCommit: 1 } });
      commit(w, 1, { base: 65, size: 1 });
    },
    broken: (w) => {
      commit(w, 0, { ...lowFour, control: { lockOnCommit: 1 } });
      w.decoders.baseLow.at(0).write({ base31to28: 5 });
    },
  },
  {
    rule: "C7", says: "a decoder written while its commit is checked", at: ["rp0-dev", "hdmDecoderDevice.sizeLow[0]", "size31to28"],
    machine: { implementation: { isolationExit: "cxl-3.2", timeoutInstant: "earliest", decoderCommitTime: 5_000_000, isolationResponseTime: 50, messageOrder: "isolation-first" } },
    kept: (w) => {
      commit(w, 0, lowFour);
      while (w.decoders.control.at(0).get("committed") === 0) w.wait(1_000_000);
      w.decoders.control.at(0).write({ targetRangeType: 1 });
      w.decoders.sizeLow.at(0).write({ size31to28: 2 });
    },
    broken: (w) => {
      commit(w, 0, lowFour);
      w.decoders.sizeLow.at(0).write({ size31to28: 2 });
    },
  },
  {
    rule: "C10", says: "a committed decoder changed", at: ["rp0-dev", "hdmDecoderDevice.sizeLow[0]", "size31to28"],
    kept: (w) => {
      commit(w, 0, lowFour);
      w.decoders.control.at(0).write({ targetRangeType: 1 });
      w.decoders.sizeLow.at(0).write({ size31to28: 2 });
    },
    broken: (w) => {
      commit(w, 0, lowFour);
      w.decoders.sizeLow.at(0).write({ size31to28: 2 });
    },
  },
  {
    rule: "C4", says: "a decoder committed before the one below it", at: ["rp0-dev", "hdmDecoderDevice.control[1]", "commit"],
    kept: (w) => {
      commit(w, 0, lowFour);
      commit(w, 1, { base: 65, size: 1 });
    },
    broken: (w) => commit(w, 1, { base: 65, size: 1 }),
  },
  {
    rule: "C4", says: "a range that overlaps the one below", at: ["rp0-dev", "hdmDecoderDevice.baseLow[1]", "base31to28"],
    kept: (w) => {
      commit(w, 0, { base: 64, size: 2 });
      commit(w, 1, { base: 66, size: 1 });
    },
    broken: (w) => {
      commit(w, 0, { base: 64, size: 2 });
      commit(w, 1, { base: 65, size: 2 });
    },
  },
  {
    rule: "C2", says: "two ways of a host bridge to one port", at: ["hb0", "hdmDecoderPort.targetListLow[0]", "way1"],
    kept: (w) => {
      w.bridgeDecoders.targetListLow.write({ way0: 0, way1: 1 });
      w.bridgeDecoders.control.write({ interleaveWays: 1, targetRangeType: 1, commit: 1 });
    },
    broken: (w) => {
      w.bridgeDecoders.targetListLow.write({ way0: 1, way1: 1 });
      w.bridgeDecoders.control.write({ interleaveWays: 1, targetRangeType: 1, commit: 1 });
    },
  },
  {
    rule: "C11", says: "an interleave that the device does not have", at: ["rp0-dev", "hdmDecoderDevice.control[0]", "interleaveWays"],
    kept: (w) => commit(w, 0, { base: 64, size: 3, control: { interleaveWays: 1 } }),
    broken: (w) => commit(w, 0, { base: 64, size: 3, control: { interleaveWays: 8 } }),
  },
  {
    rule: "C8", says: "commit set again after an error", at: ["rp0-dev", "hdmDecoderDevice.control[0]", "commit"],
    kept: (w) => {
      w.happen({ kind: "refuseCommit", function: "rp0-dev", count: 1 });
      commit(w, 0, lowFour);
      w.decoders.control.at(0).write({ targetRangeType: 1 });
      commit(w, 0, lowFour);
    },
    broken: (w) => {
      w.happen({ kind: "refuseCommit", function: "rp0-dev", count: 1 });
      commit(w, 0, lowFour);
      w.decoders.control.at(0).write({ targetRangeType: 1, commit: 1 });
    },
  },
  {
    rule: "decoder-enable", says: "the decoders of a device switched off", at: ["rp0-dev", "hdmDecoderDevice.globalControl", "decoderEnable"],
    kept: (w) => {
      w.decoders.globalControl.write({ decoderEnable: 1 });
      commit(w, 0, lowFour);
      w.decoders.globalControl.modify({ poisonOnDecodeErrorEnable: 0 });
    },
    broken: (w) => {
      w.decoders.globalControl.write({ decoderEnable: 1 });
      commit(w, 0, lowFour);
      w.decoders.globalControl.write({ poisonOnDecodeErrorEnable: 0 });
    },
  },
  {
    rule: "doorbell", says: "the doorbell rung twice", at: ["rp0-dev", "primaryMailbox.control", "doorbell"],
    kept: (w) => {
      for (let i = 0; i < 2; i++) {
        w.mailbox.command.write({ opcode: 0x4000 });
        w.mailbox.control.write({ doorbell: 1 });
        while (w.mailbox.control.get("doorbell") === 1) w.wait(1000);
      }
    },
    broken: (w) => {
      w.mailbox.command.write({ opcode: 0x4000 });
      w.mailbox.control.write({ doorbell: 1 });
      w.mailbox.control.write({ doorbell: 1 });
    },
  },
  {
    rule: "mailbox-busy", says: "the payload written while the doorbell is set", at: ["rp0-dev", "primaryMailbox.payload", null],
    kept: (w) => {
      w.registers.write32(deviceBlock.primaryMailbox + deviceBlock.mailboxRegisters, 1);
      w.mailbox.command.write({ opcode: 0x4000 });
      w.mailbox.control.write({ doorbell: 1 });
      w.wait(10_000);
      w.registers.read32(deviceBlock.primaryMailbox + deviceBlock.mailboxRegisters);
    },
    broken: (w) => {
      w.mailbox.command.write({ opcode: 0x4000 });
      w.mailbox.control.write({ doorbell: 1 });
      w.registers.write32(deviceBlock.primaryMailbox + deviceBlock.mailboxRegisters, 1);
    },
  },
  {
    rule: "interrupt-locked", says: "an interrupt enable written while the doorbell is set", at: ["rp0-dev", "primaryMailbox.control", "doorbellInterrupt"],
    kept: (w) => {
      w.mailbox.command.write({ opcode: 0x4000 });
      w.mailbox.control.write({ doorbellInterrupt: 1 });
      w.mailbox.control.write({ doorbell: 1, doorbellInterrupt: 1 });
    },
    broken: (w) => {
      w.mailbox.command.write({ opcode: 0x4000 });
      w.mailbox.control.write({ doorbell: 1 });
      w.mailbox.control.write({ doorbellInterrupt: 1 });
    },
  },
  {
    rule: "payload-length", says: "more payload than the mailbox has", at: ["rp0-dev", "primaryMailbox.command", "payloadLength"],
    kept: (w) => w.mailbox.command.write({ opcode: 0x4000, payloadLength: 2048 }),
    broken: (w) => w.mailbox.command.write({ opcode: 0x4000, payloadLength: 2049 }),
  },
  {
    rule: "not-ready", says: "a command right after a reset", at: ["rp0-dev", "primaryMailbox.control", "doorbell"],
    kept: (w) => {
      w.happen({ kind: "resetDevice", device: "rp0-dev" });
      configureDevice(w.platform, 0);
      while (w.memoryStatus.status.get("mailboxReady") === 0) w.wait(1_000_000);
      w.mailbox.control.write({ doorbell: 1 });
    },
    broken: (w) => {
      w.happen({ kind: "resetDevice", device: "rp0-dev" });
      configureDevice(w.platform, 0);
      w.mailbox.control.write({ doorbell: 1 });
    },
  },
  {
    rule: "width", says: "a register of 32 bits read by two bytes", at: ["rp0", "timeoutIsolation.status", null],
    kept: (w) => void w.handle.read32(offsetOf("rootPortComponent", "timeoutIsolation", "status")),
    broken: (w) => void w.handle.read16(offsetOf("rootPortComponent", "timeoutIsolation", "status")),
  },
  {
    rule: "width", says: "an access across its alignment", at: ["rp0", "timeoutIsolation.control", null],
    kept: (w) => w.handle.write32(offsetOf("rootPortComponent", "timeoutIsolation", "control"), 0),
    broken: (w) => w.handle.write32(offsetOf("rootPortComponent", "timeoutIsolation", "control") + 2, 0),
  },
  {
    rule: "reserved", says: "reserved bits set", at: ["rp0", "timeoutIsolation.control", null],
    kept: (w) => w.isolation.control.write(armed),
    broken: (w) => w.isolation.control.writeRaw(0x8000_0000n),
  },
  {
    rule: "read-only", says: "a bit of hardware set", at: ["rp0-dev", "hdmDecoderDevice.control[0]", "committed"],
    kept: (w) => w.decoders.control.at(0).write({ interleaveWays: 1 }),
    broken: (w) => w.decoders.control.at(0).write({ committed: 1 }),
  },
  {
    rule: "unsupported", says: "a forced link down that the port cannot do", at: ["rp0", "timeoutIsolation.control", "memoryIsolationLinkDownEnable"], with: { isolation: { ...defaultIsolation, memoryLinkDown: false } },
    kept: (w) => w.isolation.control.write(armed),
    broken: (w) => w.isolation.control.write({ ...armed, memoryIsolationLinkDownEnable: 1 }),
  },
  {
    rule: "blind-clear", says: "an event cleared that nobody read", at: ["rp0", "pcie.slotStatus", "presenceChanged"],
    kept: (w) => {
      w.happen(cableOut);
      const { presenceChanged, linkStateChanged } = w.pcie.slotStatus.read();
      w.pcie.slotStatus.write({ presenceChanged, linkStateChanged });
    },
    broken: (w) => {
      w.happen(cableOut);
      w.pcie.slotStatus.write({ presenceChanged: 1 });
    },
  },
  {
    rule: "memory-space", says: "registers touched with memory space off", at: ["rp0-dev", "endpointHeader.command", "memorySpaceEnable"],
    kept: (w) => {
      w.endpoint.command.modify({ memorySpaceEnable: 0 });
      w.endpoint.command.modify({ memorySpaceEnable: 1 });
      w.device.read32(0);
    },
    broken: (w) => {
      w.endpoint.command.modify({ memorySpaceEnable: 0 });
      w.device.read32(0);
    },
  },
  {
    rule: "TR4", says: "a device touched where it was before its link went down", at: ["rp0-dev", "endpointHeader.bar0", "address31to16"],
    kept: (w) => {
      w.happen(cableOut);
      w.happen(cableIn);
      w.wait(1_000_000);
      configureDevice(w.platform, 0);
      w.device.read32(0);
    },
    broken: (w) => {
      w.happen(cableOut);
      w.happen(cableIn);
      w.wait(1_000_000);
      w.device.read32(0);
    },
  },
  {
    rule: "config-lock", says: "a range written behind CONFIG_LOCK", at: ["rp0-dev", "dvsecDevice.range1BaseHigh", "base63to32"],
    kept: (w) => {
      w.locks.range1BaseHigh.write({ base63to32: 4 });
      w.locks.lock.write({ configLock: 1 });
    },
    broken: (w) => {
      w.locks.lock.write({ configLock: 1 });
      w.locks.range1BaseHigh.write({ base63to32: 4 });
    },
  },
];

describe("a checker of accesses", () => {
  for (const { rule, says, with: port, machine, before, kept, broken, at } of cases) {
    it(`[${rule}] names ${says}, and says nothing where the rule is kept`, () => {
      const good = watch(port, machine, before);
      kept(good);
      expect(good.strict.violations.map(({ message }) => message)).toEqual([]);
      const bad = watch(port, machine, before);
      broken(bad);
      expect(bad.strict.violations.map((one) => [one.rule, one.part, one.register, one.field])).toEqual([[rule, ...at]]);
      const [found] = bad.strict.violations;
      const [part, register, field] = at;
      expect(found?.message).toContain(`${part} ${register}${field === null ? "" : `.${field}`} (${found?.clause})`);
      expect(found?.message).toContain("To do: ");
    });
  }

  test("every rule has a case here", () => {
    expect(strictRules.map(({ id }) => id).filter((id) => !cases.some(({ rule }) => rule === id))).toEqual([]);
  });
});
