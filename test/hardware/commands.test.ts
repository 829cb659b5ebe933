// Every mailbox command by table, from the declarations: lengths, support, mailboxes, effects in the log, and a way to every return code it lists.

import { describe, expect, it } from "vitest";
import type { CommandName } from "../../registers/commands.ts";
import { commandNames, commands } from "../../registers/commands.ts";
import { deviceLogs, features } from "../../registers/features.ts";
import type { CommandDeclaration, ReturnCode } from "../../registers/payload-schema.ts";
import { commandEffects } from "../../registers/payload-schema.ts";
import { payloadNumber, uuidFrom } from "../../src/platform/payload.ts";
import type { MailboxBench } from "../support/mailbox.ts";
import { mailboxMachine, setUpMailbox } from "../support/mailbox.ts";

const MiB = 1n << 20n;
const declarations: Readonly<Record<CommandName, CommandDeclaration>> = commands;
const isOpen = ({ input }: CommandDeclaration): boolean => input.hasData === true || input.items !== undefined;
const least = ({ input }: CommandDeclaration): number => input.least ?? input.length;
const most = ({ input }: CommandDeclaration): number => input.most ?? input.length;
const bench = (...parameters: Parameters<typeof mailboxMachine>): MailboxBench => setUpMailbox(mailboxMachine(...parameters));

/** The Command Effects Log as software reads it: opcode and effects. */
function effectsLog(one: MailboxBench): [number, number][] {
  const id = uuidFrom(deviceLogs.commandEffects.uuid);
  const list = one.send("getSupportedLogs").output;
  const size = payloadNumber(list, [8 + 0x10, 4, "size"]);
  const { output } = one.send("getLog", { id, offset: 0, length: size });
  return Array.from({ length: size / 4 }, (_, index) => [payloadNumber(output, [index * 4, 2, ""]), payloadNumber(output, [index * 4 + 2, 2, ""])]);
}

describe("lengths, support and mailboxes", () => {
  for (const name of commandNames) {
    const command = declarations[name];
    it(`${command.meaning}: shorter, longer and impossible inputs end with Invalid Payload Length, and with no output`, () => {
      const one = bench();
      const wrong = [...(least(command) > 0 ? [least(command) - 1] : []), ...(isOpen(command) ? [] : [most(command) + 1]), 2049, 0x1f_ffff];
      for (const length of wrong) expect([length, one.raw(command.opcode, new Uint8Array(0), { length })]).toEqual([length, { code: "invalidPayloadLength", output: new Uint8Array(0) }]);
    });
  }

  it("a command that a device lacks is Unsupported, whatever its length, and the log does not have it", () => {
    for (const name of commandNames.filter((one) => declarations[one].set !== "base")) {
      const one = bench({ commands: commandNames.filter((other) => other !== name) });
      for (const length of [0, least(declarations[name]), 2049]) expect([name, one.raw(commands[name].opcode, new Uint8Array(0), { length }).code]).toEqual([name, "unsupported"]);
      expect(effectsLog(one).map(([opcode]) => opcode)).not.toContain(commands[name].opcode);
    }
  });

  it("opcodes that are no command are Unsupported", () => {
    const one = bench();
    for (const opcode of [0, 1, 2, 3, 4, 6, 0x0104, 0x0203, 0x0406, 0x0503, 0x0601, 0x4001, 0x4104, 0x4205, 0x4306, 0x4403, 0x4506, 0x4703, 0x4804, 0x5100, 0xc000, 0xffff]) expect([opcode, one.raw(opcode)]).toEqual([opcode, { code: "unsupported", output: new Uint8Array(0) }]);
  });

  it("the Command Effects Log has every command once, in order, with the effects that are declared", () => {
    const wanted = commandNames.map((name) => [commands[name].opcode, declarations[name].effects.reduce((bits, effect) => bits | (1 << commandEffects[effect]), 0)]);
    expect(effectsLog(bench())).toEqual(wanted);
  });

  it("the secondary mailbox takes commands with effect bit 7 alone", () => {
    for (const name of commandNames) {
      const command = declarations[name];
      const one = bench();
      const { code } = one.raw(command.opcode, new Uint8Array(least(command)), { isSecondary: true });
      expect([name, code === "unsupportedMailbox"]).toEqual([name, !command.effects.includes("secondaryMailbox")]);
    }
  });
});

type Way = () => ReturnCode | number;
const lines = (bytes: bigint): bigint => bytes / 64n;
const capacity = 768n * MiB;
const passphrase = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const logId = { id: uuidFrom(deviceLogs.vendorDebug.uuid) };
const noLog = { id: new Uint8Array(16).fill(9) };
const scrub = uuidFrom(features.patrolScrub.uuid);
const image = (text: string): Uint8Array => Uint8Array.from({ length: 128 }, (_, at) => text.charCodeAt(at) || 0);
/** A background operation that takes a while and cannot be aborted. */
const occupied = (): MailboxBench => {
  const one = bench({ backgroundTime: 60_000 });
  expect(one.send("populateLog", logId).code).toBe("backgroundStarted");
  return one;
};
const disabled = (): MailboxBench => {
  const one = bench();
  one.act({ kind: "mediaState", device: "dev", state: "disabled" });
  return one;
};
const fullPool = (): MailboxBench => bench({}, {}, { limits: { mediaPages: 1, traceRecords: 4096, probes: 32, requesters: 64 } });
const offered = (extents: number): MailboxBench => {
  const one = bench({ dynamicExtents: extents });
  const record = new Uint8Array(128);
  const view = new DataView(record.buffer);
  for (let index = 0; index < extents; index++) {
    view.setBigUint64(0x38, capacity + BigInt(index) * 8n * MiB, true);
    view.setBigUint64(0x40, 8n * MiB, true);
    one.inject("dynamicCapacity", record);
  }
  return one;
};
const extentsOf = (...ranges: readonly (readonly [bigint, bigint])[]) => [{ count: ranges.length }, { items: ranges.map(([address, length]) => ({ address, length })) }] as const;
const repair = (flags: number, dpa: bigint): Uint8Array => {
  const data = new Uint8Array(12);
  data[0] = flags;
  new DataView(data.buffer).setBigUint64(1, dpa, true);
  return data;
};
const locked = (): MailboxBench => {
  const one = bench();
  expect(one.send("setPassphrase", { type: 1, next: passphrase(7) }).code).toBe("success");
  return one;
};
const frozen = (): MailboxBench => {
  const one = locked();
  one.send("freezeSecurityState");
  return one;
};
const sanitizing = (): MailboxBench => {
  const one = bench();
  expect(one.send("sanitize").code).toBe("backgroundStarted");
  return one;
};

/** A way to every return code that a command lists beside the ones that all have. */
const ways: { readonly [K in CommandName]: Partial<Record<ReturnCode, Way>> } = {
  abortBackground: { abortNotSupported: () => occupied().send("abortBackground").code },
  getEventRecords: { invalidInput: () => bench().send("getEventRecords", { log: 5 }).code },
  clearEventRecords: { invalidInput: () => bench().send("clearEventRecords", { flags: 1 }).code, invalidHandle: () => bench().send("clearEventRecords", { count: 1 }, { items: [{ handle: 1 }] }).code },
  getEventInterruptPolicy: {},
  setEventInterruptPolicy: { invalidInput: () => bench().send("setEventInterruptPolicy", { fatal: 3 }).code },
  firmwareInfo: {},
  transferFirmware: {
    backgroundStarted: () => bench().send("transferFirmware", { action: 1 }, { data: image("a") }).code,
    invalidInput: () => bench().send("transferFirmware", { action: 5 }).code,
    busy: () => occupied().send("transferFirmware", { action: 1 }, { data: image("a") }).code,
    firmwareTransferInProgress: () => {
      const one = bench();
      one.send("transferFirmware", { action: 1 }, { data: image("a") });
      one.finishBackground();
      return one.send("transferFirmware", { action: 1 }, { data: image("a") }).code;
    },
    firmwareTransferOutOfOrder: () => bench().send("transferFirmware", { action: 2, offset: 1 }, { data: image("a") }).code,
    firmwareVerificationFailed: () => {
      const one = bench();
      one.send("transferFirmware", { action: 0, slot: 2 }, { data: new Uint8Array(128) });
      return one.finishBackground();
    },
    invalidSlot: () => bench().send("transferFirmware", { action: 0, slot: 1 }, { data: image("a") }).code,
  },
  activateFirmware: {
    backgroundStarted: () => bench().send("activateFirmware", { action: 0, slot: 2 }).code,
    invalidInput: () => bench().send("activateFirmware", { action: 2, slot: 2 }).code,
    busy: () => occupied().send("activateFirmware", { action: 0, slot: 2 }).code,
    invalidSlot: () => bench().send("activateFirmware", { action: 0, slot: 3 }).code,
    activationFailedRolledBack: () => {
      const one = bench();
      one.send("activateFirmware", { action: 0, slot: 2 });
      one.act({ kind: "endBackground", device: "dev", returnCode: 0x0c });
      return one.finishBackground();
    },
    activationFailedColdReset: () => bench({ onlineActivation: false }).send("activateFirmware", { action: 0, slot: 2 }).code,
  },
  getTimestamp: {},
  setTimestamp: {},
  getSupportedLogs: {},
  getLog: { invalidInput: () => bench().send("getLog", { id: uuidFrom(deviceLogs.commandEffects.uuid), offset: 0, length: 4096 }).code, invalidLog: () => bench().send("getLog", noLog).code },
  getLogCapabilities: { invalidLog: () => bench().send("getLogCapabilities", noLog).code },
  clearLog: { invalidInput: () => bench().send("clearLog", { id: uuidFrom(deviceLogs.commandEffects.uuid) }).code, invalidLog: () => bench().send("clearLog", noLog).code },
  populateLog: {
    backgroundStarted: () => bench().send("populateLog", logId).code,
    invalidInput: () => bench().send("populateLog", { id: uuidFrom(deviceLogs.commandEffects.uuid) }).code,
    busy: () => occupied().send("populateLog", logId).code,
    invalidLog: () => bench().send("populateLog", noLog).code,
  },
  getSupportedLogsSubList: { invalidInput: () => bench().send("getSupportedLogsSubList", { most: 1, start: 2 }).code },
  getSupportedFeatures: { invalidInput: () => bench().send("getSupportedFeatures", { size: 4 }).code },
  getFeature: { invalidInput: () => bench().send("getFeature", { id: scrub, offset: 3, count: 2 }).code, unsupportedFeatureSelection: () => bench().send("getFeature", { id: scrub, selection: 3 }).code },
  setFeature: {
    invalidInput: () => bench().send("setFeature", { id: scrub, version: 1, flags: 5 }).code,
    unsupportedFeatureVersion: () => bench().send("setFeature", { id: scrub, version: 9 }, { data: Uint8Array.of(12, 1) }).code,
    featureTransferInProgress: () => {
      const one = bench();
      one.send("setFeature", { id: scrub, version: 1, flags: 1 }, { data: Uint8Array.of(12) });
      return one.send("setFeature", { id: scrub, version: 1, flags: 1 }, { data: Uint8Array.of(12) }).code;
    },
    featureTransferOutOfOrder: () => bench().send("setFeature", { id: scrub, version: 1, flags: 3, offset: 1 }, { data: Uint8Array.of(1) }).code,
  },
  performMaintenance: {
    backgroundStarted: () => bench().send("performMaintenance", { class: 1 }, { data: repair(0, 0n) }).code,
    invalidInput: () => bench().send("performMaintenance", { class: 9 }).code,
    busy: () => occupied().send("performMaintenance", { class: 1 }, { data: repair(0, 0n) }).code,
    mediaDisabled: () => disabled().send("performMaintenance", { class: 1 }, { data: repair(0, 0n) }).code,
    invalidPhysicalAddress: () => bench().send("performMaintenance", { class: 1 }, { data: repair(0, capacity) }).code,
    resourcesExhausted: () => {
      const one = bench();
      for (let used = 0; used < 8; used++) {
        expect(one.send("performMaintenance", { class: 1 }, { data: repair(0, 0n) }).code).toBe("backgroundStarted");
        one.finishBackground();
      }
      return one.send("performMaintenance", { class: 1 }, { data: repair(1, 0n) }).code;
    },
  },
  identifyMemoryDevice: {},
  getPartitionInfo: {},
  setPartitionInfo: { invalidInput: () => bench().send("setPartitionInfo", { volatile: 4 }).code },
  getLabels: { invalidInput: () => bench().send("getLabels", { offset: 65_535, length: 2 }).code, mediaDisabled: () => disabled().send("getLabels").code },
  setLabels: {
    invalidInput: () => bench().send("setLabels", { offset: 65_535 }, { data: Uint8Array.of(1, 2) }).code,
    internalError: () => fullPool().send("setLabels", { offset: 4095 }, { data: Uint8Array.of(1, 2) }).code,
    mediaDisabled: () => disabled().send("setLabels").code,
  },
  getHealth: {},
  getAlerts: {},
  setAlerts: { invalidInput: () => bench().send("setAlerts", { valid: 1, lifeUsed: 96 }).code },
  getShutdown: {},
  setShutdown: {},
  getPoisonList: { mediaDisabled: () => disabled().send("getPoisonList").code, invalidPhysicalAddress: () => bench().send("getPoisonList", { address: capacity, lines: 1 }).code },
  injectPoison: {
    invalidInput: () => bench().send("injectPoison", { address: 1 }).code,
    internalError: () => {
      const one = fullPool();
      expect(one.send("injectPoison", { address: 0 }).code).toBe("success");
      return one.send("injectPoison", { address: 4096 }).code;
    },
    mediaDisabled: () => disabled().send("injectPoison").code,
    invalidPhysicalAddress: () => bench().send("injectPoison", { address: capacity }).code,
    poisonLimitReached: () => {
      const one = bench({ injectPoisonLimit: 1 });
      expect(one.send("injectPoison", { address: 64 }).code).toBe("success");
      return one.send("injectPoison", { address: 0 }).code;
    },
  },
  clearPoison: {
    invalidInput: () => bench().send("clearPoison", { address: 32 }).code,
    internalError: () => {
      const one = fullPool();
      expect(one.send("clearPoison", { address: 0 }).code).toBe("success");
      return one.send("clearPoison", { address: 4096 }).code;
    },
    mediaDisabled: () => disabled().send("clearPoison").code,
    invalidPhysicalAddress: () => bench().send("clearPoison", { address: capacity }).code,
  },
  getScanCapabilities: { invalidInput: () => bench().send("getScanCapabilities", { lines: 0 }).code, mediaDisabled: () => disabled().send("getScanCapabilities", { lines: 1 }).code, invalidPhysicalAddress: () => bench().send("getScanCapabilities", { lines: lines(capacity) + 1n }).code },
  scanMedia: {
    backgroundStarted: () => bench().send("scanMedia", { lines: 1 }).code,
    invalidInput: () => bench().send("scanMedia", { address: 1, lines: 1 }).code,
    busy: () => occupied().send("scanMedia", { lines: 1 }).code,
    mediaDisabled: () => disabled().send("scanMedia", { lines: 1 }).code,
    invalidPhysicalAddress: () => bench().send("scanMedia", { address: capacity, lines: 1 }).code,
  },
  getScanResults: { mediaDisabled: () => disabled().send("getScanResults").code },
  sanitize: { backgroundStarted: () => bench().send("sanitize").code, busy: () => occupied().send("sanitize").code, invalidSecurityState: () => locked().send("sanitize").code },
  secureErase: { busy: () => sanitizing().send("secureErase").code, invalidSecurityState: () => locked().send("secureErase").code },
  mediaOperations: {
    backgroundStarted: () => bench().send("mediaOperations", { class: 1, subclass: 1, count: 1 }, { data: rangeBytes(0n, 64n) }).code,
    invalidInput: () => bench().send("mediaOperations", { class: 1, count: 1 }, { data: rangeBytes(0n, 63n) }).code,
    busy: () => occupied().send("mediaOperations", { class: 1, count: 1 }, { data: rangeBytes(0n, 64n) }).code,
    invalidPhysicalAddress: () => bench().send("mediaOperations", { class: 1, count: 1 }, { data: rangeBytes(capacity, 64n) }).code,
  },
  getSecurityState: {},
  setPassphrase: { invalidInput: () => bench().send("setPassphrase", { type: 2 }).code, invalidSecurityState: () => frozen().send("setPassphrase", { type: 1 }).code, incorrectPassphrase: () => locked().send("setPassphrase", { type: 1, current: passphrase(1), next: passphrase(2) }).code },
  disablePassphrase: { invalidInput: () => bench().send("disablePassphrase", { type: 2 }).code, invalidSecurityState: () => bench().send("disablePassphrase", { type: 1 }).code, incorrectPassphrase: () => locked().send("disablePassphrase", { type: 1 }).code },
  unlock: {
    invalidSecurityState: () => bench().send("unlock").code,
    incorrectPassphrase: () => {
      const one = locked();
      one.act({ kind: "unplug", port: "rp0" });
      one.act({ kind: "plug", port: "rp0", device: "dev" });
      one.wait(1_000_000);
      reconnect(one);
      return one.send("unlock", { current: passphrase(1) }).code;
    },
  },
  freezeSecurityState: {},
  passphraseErase: { invalidInput: () => bench().send("passphraseErase", { type: 0 }).code, busy: () => sanitizing().send("passphraseErase", { type: 1 }).code, invalidSecurityState: () => frozen().send("passphraseErase", { type: 1 }).code, incorrectPassphrase: () => locked().send("passphraseErase", { type: 1 }).code },
  securitySend: { invalidInput: () => bench().send("securitySend", { protocol: 1 }).code },
  securityReceive: { invalidInput: () => bench().send("securityReceive", { protocol: 1 }).code },
  getQosControl: {},
  setQosControl: { invalidInput: () => bench().send("setQosControl", { moderate: 2, severe: 1 }).code },
  getQosStatus: {},
  getDynamicCapacity: { invalidInput: () => bench().send("getDynamicCapacity", { count: 1, start: 1 }).code },
  getExtentList: { invalidInput: () => bench().send("getExtentList", { count: 1, start: 1 }).code },
  addDynamicCapacity: {
    invalidPhysicalAddress: () => bench().send("addDynamicCapacity", ...extentsOf([0n, 2n * MiB])).code,
    resourcesExhausted: () => bench({ dynamicExtents: 1 }).send("addDynamicCapacity", ...extentsOf([capacity, 2n * MiB], [capacity + 2n * MiB, 2n * MiB])).code,
    invalidExtentList: () => bench().send("addDynamicCapacity", ...extentsOf([capacity, 2n * MiB])).code,
  },
  releaseDynamicCapacity: {
    invalidPhysicalAddress: () => bench().send("releaseDynamicCapacity", ...extentsOf([0n, 2n * MiB])).code,
    resourcesExhausted: () => {
      const one = offered(1);
      expect(one.send("addDynamicCapacity", ...extentsOf([capacity, 8n * MiB])).code).toBe("success");
      return one.send("releaseDynamicCapacity", ...extentsOf([capacity + 2n * MiB, 2n * MiB])).code;
    },
    invalidExtentList: () => bench().send("releaseDynamicCapacity", ...extentsOf([capacity, 2n * MiB])).code,
  },
};

function rangeBytes(address: bigint, length: bigint): Uint8Array {
  const data = new Uint8Array(16);
  new DataView(data.buffer).setBigUint64(0, address, true);
  new DataView(data.buffer).setBigUint64(8, length, true);
  return data;
}

/** BAR and memory space of a device that was reset. */
function reconnect(one: MailboxBench): void {
  const address = one.deviceAddress(0);
  one.platform.config.write32(address, 0x10, 0x0010_0000);
  one.platform.config.write32(address, 0x14, 8);
  one.platform.config.write16(address, 4, 2);
}

describe("return codes", () => {
  for (const name of commandNames) {
    const { meaning, returns } = declarations[name];
    if (returns.length === 0) continue;
    it(`${meaning}: ${returns.join(", ")}`, () => {
      expect(Object.keys(ways[name]).toSorted()).toEqual([...returns].toSorted());
      for (const code of returns) expect([name, ways[name][code]?.()]).toEqual([name, code]);
    });
  }
});
