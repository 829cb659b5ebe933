// What the faults of a device's command interface do, from the text of a scenario to what a driver reads out of the mailbox.

import { describe, expect, it } from "vitest";
import { commands } from "../../registers/commands.ts";
import { deviceBlock } from "../../registers/device-block.ts";
import { eventLogs, eventRecords, recordLength } from "../../registers/events.ts";
import { returnCodes } from "../../registers/payload-schema.ts";
import type { IoHandle } from "../../src/platform/platform.ts";
import { encodePayload, payloadBig, payloadNumber, uuidText } from "../../src/platform/payload.ts";
import { armFaults, createFaults, faultResults } from "../../src/sandbox/faults.ts";
import { recordsOf, deviceNamed } from "../../src/scenario/faults/event-records.ts";
import { faultExamples } from "../../src/scenario/faults/page.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import type { ScenarioPlan } from "../../src/scenario/plan.ts";
import type { Bench } from "../support/machine.ts";
import { configureDevice, setUp } from "../support/machine.ts";
import type { Answer } from "../support/doorbell.ts";
import { backgroundOf, isBusy, send } from "../support/doorbell.ts";

const text = (faults: readonly string[], mailbox = ""): string => `version: 1
name: device faults
machine:
  hostBridges:
    - rootPorts:
        - device: { volatile: 256MiB, mailbox: { ${mailbox} } }
faults: [${faults.map((what, index) => `{ id: f${index}, when: { at: ${index + 1}ms }, do: { ${what} } }`).join(", ")}]
`;

interface Rig extends Bench {
  readonly plan: ScenarioPlan;
  readonly registers: IoHandle;
  /** Faults that have fired by now. */
  readonly fired: () => readonly boolean[];
  /** Virtual time passes. */
  readonly wait: (milliseconds: number) => void;
  readonly run: (command: Parameters<typeof send>[2], input?: Uint8Array) => Answer;
}

const barAt = 0x8_0000_0000n + 0x10_0000n;
const deviceBlockAt = 0x2_0000n;

/** A machine from a file's text, up and running; its faults count from now. */
function rigOf(faults: readonly string[], mailbox?: string): Rig {
  const plan = planScenario("d.yaml", text(faults, mailbox));
  const bench = setUp(plan.machine);
  const { hardware, platform } = bench;
  const registers = platform.ioremap(barAt + deviceBlockAt, 0x1000n);
  const wait = (milliseconds: number): void => hardware.advanceTo(hardware.now + milliseconds * 1_000_000);
  wait(100);
  const table = createFaults(plan, hardware);
  armFaults(table, "ready");
  return { ...bench, plan, registers, wait, fired: () => faultResults(table).map((one) => one.fired), run: (command, input) => send(hardware, registers, command, input) };
}

const eventStatus = (rig: Rig): number => rig.registers.read32(deviceBlock.status);
const memoryStatus = (rig: Rig): number => rig.registers.read32(deviceBlock.memoryStatus);
const { input: recordsInput, output: recordsOutput } = commands.getEventRecords;

function recordsIn(rig: Rig, log: number): { readonly flags: number; readonly lost: number; readonly records: readonly Uint8Array[] } {
  const { code, output } = rig.run("getEventRecords", encodePayload(recordsInput, { log }));
  expect(code).toBe(returnCodes.success);
  const count = payloadNumber(output, recordsOutput.fields.count);
  return { flags: payloadNumber(output, recordsOutput.fields.flags), lost: payloadNumber(output, recordsOutput.fields.overflowCount), records: Array.from({ length: count }, (_, index) => output.slice(recordsOutput.length + index * recordLength, recordsOutput.length + (index + 1) * recordLength)) };
}

/** A record without what the device fills in: handle and timestamp. */
const unstamped = (record: Uint8Array): Uint8Array => record.map((byte, at) => (at >= 0x14 && at < 0x20 ? 0 : byte));

describe("events", () => {
  it.each(["injectGeneralMediaEvent", "injectDramEvent", "injectMemoryModuleEvent", "injectMemorySparingEvent", "injectRecord"])("%s: the record of the arguments is in its log, with a handle", (name) => {
    const rig = rigOf([faultExamples[name] ?? ""]);
    rig.wait(2);
    const device = deviceNamed(rig.plan.machine, "dev0");
    const [expected] = device === undefined ? [] : recordsOf(rig.plan.faults[0]?.do ?? {}, device);
    const log = eventLogs.indexOf(expected?.log ?? "informational");
    expect([rig.fired(), eventStatus(rig)]).toEqual([[true], 1 << log]);
    const [record, ...others] = recordsIn(rig, log).records;
    expect(others).toEqual([]);
    expect(unstamped(record ?? new Uint8Array(0))).toEqual(expected?.record);
    expect((record?.[0x14] ?? 0) | (record?.[0x15] ?? 0)).toBe(1);
  });

  it("times: a record is there as often as that, each with its own handle", () => {
    const rig = rigOf(["injectRecord: { of: dev0, log: fatal, times: 3, uuid: 00112233-4455-6677-8899-aabbccddeeff }"]);
    rig.wait(2);
    expect(recordsIn(rig, 3).records.map((record) => record[0x14])).toEqual([1, 2, 3]);
  });

  it("overflowEventLog: the log is full, and what came after is counted", () => {
    const rig = rigOf(["overflowEventLog: { of: dev0, log: warning, lost: 3 }"], "logs: { warning: 5 }");
    rig.wait(2);
    const { flags, lost, records } = recordsIn(rig, 1);
    expect([flags & 1, lost, records.length]).toEqual([1, 3, 5]);
  });

  it("a QMP script does what its commands say, in their order", () => {
    const media = (log: string, dpa: number): string => `{ "execute": "cxl-inject-general-media-event", "arguments": { "path": "/machine/peripheral/dev0", "log": "${log}", "flags": 0, "dpa": ${dpa}, "descriptor": 0, "type": 0, "transaction-type": 0 } }`;
    const rig = rigOf([`qmp: '${media("failure", 0x1000)} ${media("failure", 0x2000)} ${media("fatal", 0x3000)}'`]);
    rig.wait(2);
    const addresses = (log: number): bigint[] => recordsIn(rig, log).records.map((record) => payloadBig(record, eventRecords.generalMedia.fields.address));
    expect([rig.fired(), addresses(2), addresses(3)]).toEqual([[true], [0x1000n, 0x2000n], [0x3000n]]);
  });

  it("poison and errors by QEMU's names are those of the other words", () => {
    const rig = rigOf(["injectPoison: { of: dev0, start: 0x4000, length: 0x100 }"]);
    rig.wait(2);
    const { code, output } = rig.run("getPoisonList", encodePayload(commands.getPoisonList.input, { address: 0n, lines: 256n << 14n }));
    expect([code, payloadNumber(output, commands.getPoisonList.output.fields.count)]).toEqual([0, 1]);
  });
});

describe("health", () => {
  it("changeHealth: Get Health Info says it, and a status that changes is a record in the warning log", () => {
    const rig = rigOf(["changeHealth: { of: dev0, temperature: -3, life-used: 80, health-status: 1, dirty-shutdown-count: 4, corrected-volatile-error-count: 70000 }"]);
    rig.wait(2);
    const { fields } = commands.getHealth.output;
    const { output } = rig.run("getHealth");
    expect([fields.temperature, fields.lifeUsed, fields.healthStatus, fields.dirtyShutdownCount, fields.correctedVolatileCount].map((field) => payloadNumber(output, field))).toEqual([0xfffd, 80, 1, 4, 70_000]);
    const record = recordsIn(rig, 1).records[0] ?? new Uint8Array(recordLength);
    expect([uuidText(record.slice(0, 16)), payloadNumber(record, eventRecords.memoryModule.fields.healthStatus)]).toEqual([eventRecords.memoryModule.uuid, 1]);
  });

  it("a temperature that is critical beside a corrected error count above its warning is a failure", () => {
    const rig = rigOf(["changeHealth: { of: dev0, corrected-volatile-error-count: 70000 }", "changeHealth: { of: dev0, temperature: 120 }"]);
    rig.run("setAlerts", encodePayload(commands.setAlerts.input, { valid: 0x1f, enable: 0x1f, lifeUsed: 70, over: 60, under: 0, volatile: 5, persistent: 5 }));
    rig.wait(3);
    expect(recordsIn(rig, 2).records.map((record) => payloadNumber(record, eventRecords.memoryModule.fields.type))).toEqual([3]);
  });
});

describe("dynamic capacity", () => {
  const regions = "dynamicRegions: [{ length: 512MiB }, { length: 512MiB, block: 2MiB }]";
  const offer = "addDynamicCapacity: { of: dev0, host-id: 3, selection-policy: prescriptive, region: 1, tag: 5be13bce-ae34-4a77-b6c3-16df975fcf1a, extents: [{ offset: 0, len: 2MiB }, { offset: 4MiB, len: 4MiB }] }";
  const base = (256n + 512n) << 20n;
  const respond = (rig: Rig, command: "addDynamicCapacity" | "releaseDynamicCapacity", items: readonly (readonly [bigint, bigint])[]): number | undefined => rig.run(command, encodePayload(commands[command].input, { count: items.length, flags: 0 }, { items: items.map(([address, length]) => ({ address, length })) })).code;
  const extentsOf = (rig: Rig): number => payloadNumber(rig.run("getExtentList", encodePayload(commands.getExtentList.input, { count: 10, start: 0 })).output, commands.getExtentList.output.fields.total);

  it("an offer is one record an extent, by DPA, and the host can accept it", () => {
    const rig = rigOf([offer], regions);
    rig.wait(2);
    expect([rig.fired(), eventStatus(rig)]).toEqual([[true], 1 << 4]);
    const { fields } = eventRecords.dynamicCapacity;
    expect(recordsIn(rig, 4).records.map((record) => [payloadNumber(record, fields.type), payloadNumber(record, fields.host), payloadNumber(record, fields.more), payloadBig(record, fields.address), payloadBig(record, fields.bytes), uuidText(record.slice(0x48, 0x58)).slice(0, 8)])).toEqual([[0, 3, 1, base, 2n << 20n, "5be13bce"], [0, 3, 0, base + (4n << 20n), 4n << 20n, "5be13bce"]]);
    expect(respond(rig, "addDynamicCapacity", [[base, 2n << 20n], [base + (4n << 20n), 4n << 20n]])).toBe(returnCodes.success);
    expect(extentsOf(rig)).toBe(2);
  });

  it("a forced release takes the extents away, one without waits for the host", () => {
    const release = (forced: boolean): string => `releaseDynamicCapacity: { of: dev0, host-id: 3, removal-policy: prescriptive, forced-removal: ${forced}, region: 1, extents: [{ offset: 0, len: 2MiB }] }`;
    for (const forced of [false, true]) {
      const rig = rigOf([offer, release(forced)], regions);
      rig.wait(1.5);
      expect(respond(rig, "addDynamicCapacity", [[base, 2n << 20n], [base + (4n << 20n), 4n << 20n]])).toBe(0);
      rig.wait(2);
      expect([forced, payloadNumber(recordsIn(rig, 4).records.at(-1) ?? new Uint8Array(recordLength), eventRecords.dynamicCapacity.fields.type), extentsOf(rig)]).toEqual([forced, forced ? 2 : 1, forced ? 1 : 2]);
      if (!forced) expect(respond(rig, "releaseDynamicCapacity", [[base, 2n << 20n]])).toBe(0);
      expect(extentsOf(rig)).toBe(1);
    }
  });
});

describe("commands that go wrong", () => {
  it("mailboxBusy: the doorbell of a mailbox that does nothing reads 1, and a reset of the device clears it", () => {
    const rig = rigOf(["mailboxBusy: dev0", "resetDevice: dev0"]);
    rig.wait(1.5);
    expect(() => rig.run("getTimestamp")).toThrow("the mailbox is busy");
    rig.registers.write32(deviceBlock.primaryMailbox + 4, 0);
    rig.registers.write32(deviceBlock.primaryMailbox + 4, 1);
    rig.wait(0.4);
    expect([rig.fired(), isBusy(rig.registers)]).toEqual([[true, false], true]);
    rig.wait(100);
    configureDevice(rig.platform, 0);
    expect([rig.fired(), rig.run("getTimestamp").code]).toEqual([[true, true], 0]);
  });

  it("commandTimeout: the n-th command of its kind never ends, those before it do", () => {
    const rig = rigOf(["commandTimeout: { of: dev0, command: getTimestamp, nth: 2 }"]);
    rig.wait(2);
    expect([rig.run("getHealth").code, rig.run("getTimestamp").code, rig.run("getHealth").code, rig.run("getTimestamp").code]).toEqual([0, 0, 0, undefined]);
    expect([rig.fired(), isBusy(rig.registers)]).toEqual([[true], true]);
  });

  it("commandError: so many commands end with the return code, of any kind or of one", () => {
    const any = rigOf(["commandError: { of: dev0, code: retryRequired, count: 2 }"]);
    any.wait(2);
    expect([any.run("getHealth").code, any.run("getTimestamp").code, any.run("getHealth").code]).toEqual([5, 5, 0]);
    const one = rigOf(["commandError: { of: dev0, code: 0x11, command: 0x4200 }"]);
    one.wait(2);
    expect([one.run("getTimestamp").code, one.run("getHealth").code, one.run("getHealth").code]).toEqual([0, 0x11, 0]);
  });

  it("truncateOutput and corruptOutput: the answer says success and is short, or wrong", () => {
    const plain = rigOf([]).run("identifyMemoryDevice").output;
    const short = rigOf(["truncateOutput: { of: dev0, bytes: 16 }"]);
    short.wait(2);
    expect(short.run("identifyMemoryDevice")).toEqual({ code: 0, output: plain.slice(0, 16) });
    const wrong = rigOf(["corruptOutput: { of: dev0, mask: 0x40 }"]);
    wrong.wait(2);
    expect(wrong.run("identifyMemoryDevice")).toEqual({ code: 0, output: plain.map((byte) => byte ^ 0x40) });
    expect(wrong.run("identifyMemoryDevice").output).toEqual(plain);
  });

  it.each([["fatal", 1], ["firmware-halt", 2], ["mailbox-not-ready", 0]] as const)("deviceStatus %s: the status says so with a reset that is needed, no command ends, and clear ends it", (status, bit) => {
    const rig = rigOf([`deviceStatus: { of: dev0, status: ${status} }`, "deviceStatus: { of: dev0, status: clear }"]);
    rig.wait(1.5);
    expect([memoryStatus(rig) & 0x13, (memoryStatus(rig) >> 5) & 7]).not.toEqual([bit, 0]);
    expect(memoryStatus(rig) & 0x13).toBe(bit);
    rig.wait(1);
    expect([memoryStatus(rig) & 0xf3, rig.run("getTimestamp").code]).toEqual([0x10, 0]);
  });

  it("deviceStatus fatal with a command under way: it never ends; clear lets it go on", () => {
    const stopped = rigOf(["deviceStatus: { of: dev0, status: fatal }"], "commandTime: 900ms");
    expect(stopped.run("getTimestamp").code).toBeUndefined();
    const resumed = rigOf(["deviceStatus: { of: dev0, status: fatal }", "deviceStatus: { of: dev0, status: clear }"], "commandTime: 900ms");
    expect([resumed.run("getTimestamp").code, resumed.fired()]).toEqual([0, [true, true]]);
  });

  it("interruptBackground: a sanitize ends early with the return code, and another can start", () => {
    const rig = rigOf(["interruptBackground: { of: dev0, code: interrupted }"], "backgroundTime: 1s");
    expect(rig.run("sanitize").code).toBe(returnCodes.backgroundStarted);
    expect(backgroundOf(rig.registers)).toMatchObject({ opcode: commands.sanitize.opcode, isRunning: true });
    rig.wait(2);
    expect(backgroundOf(rig.registers)).toMatchObject({ opcode: commands.sanitize.opcode, code: returnCodes.interrupted, isRunning: false });
    expect(backgroundOf(rig.registers).percentage).toBeLessThan(100);
    expect(rig.run("sanitize").code).toBe(returnCodes.backgroundStarted);
  });

  it("breakFirmwareTransfer: the next part is out of order, a new transfer begins", () => {
    const rig = rigOf(["breakFirmwareTransfer: dev0"], "backgroundTime: 1ms");
    const part = (action: number, offset: number): number | undefined => {
      const { code } = rig.run("transferFirmware", encodePayload(commands.transferFirmware.input, { action, slot: 2, offset }, { data: new Uint8Array(128) }));
      while (backgroundOf(rig.registers).isRunning) rig.wait(1);
      return code;
    };
    expect(part(1, 0)).toBe(returnCodes.backgroundStarted);
    rig.wait(2);
    expect([rig.fired(), part(2, 1), part(1, 0)]).toEqual([[true], returnCodes.firmwareTransferOutOfOrder, returnCodes.backgroundStarted]);
  });

  it("two faults of commands at a time both happen", () => {
    const rig = rigOf(["commandError: { of: dev0, command: getHealth, code: busy }", "commandError: { of: dev0, command: getTimestamp, code: internalError }"]);
    rig.wait(3);
    expect([rig.run("getHealth").code, rig.run("getTimestamp").code]).toEqual([6, 4]);
  });
});

describe("mailbox keys of a machine file in the hardware", () => {
  it("payload size, log depths, firmware and missing commands are what a driver sees", () => {
    const rig = rigOf([], "payload: 512, logs: { informational: 20 }, firmware: [one, two], without: [health], injectLimit: 5, commandTime: 300us");
    expect(rig.registers.read32(deviceBlock.primaryMailbox) & 0x1f).toBe(9);
    const before = rig.hardware.now;
    const { output } = rig.run("identifyMemoryDevice");
    expect(rig.hardware.now - before).toBeGreaterThan(300_000);
    const { fields } = commands.identifyMemoryDevice.output;
    expect([payloadNumber(output, fields.informationalLogSize), payloadNumber(output, fields.injectPoisonLimit)]).toEqual([20, 5]);
    expect(new TextDecoder().decode(rig.run("firmwareInfo").output.slice(0x10, 0x13))).toBe("one");
    expect([rig.run("getHealth").code, rig.run("getTimestamp").code]).toEqual([returnCodes.unsupported, 0]);
  });

  it("a mailbox that takes its time is not ready before", () => {
    const rig = rigOf([], "readyTime: 3s");
    expect(memoryStatus(rig) & 0x10).toBe(0);
    rig.wait(3000);
    expect([memoryStatus(rig) & 0x10, rig.run("getTimestamp").code]).toEqual([0x10, 0]);
  });
});
