// Event logs (CXL 3.2 8.2.10.2; events.md 1, 10 to 13): order, handles, overflow, clearing, interrupts; and records that the device makes itself.

import { describe, expect, it } from "vitest";
import { eventLogs, eventRecords, recordFields, recordLayout } from "../../registers/events.ts";
import type { EventLog } from "../../registers/events.ts";
import { decodeFields, encodePayload, payloadBig, payloadNumber, uuidFrom, uuidText } from "../../src/platform/payload.ts";
import type { MailboxBench } from "../support/mailbox.ts";
import { enableVectors, eventVector, mailboxMachine, setUpMailbox } from "../support/mailbox.ts";

const numberOf = (log: EventLog): number => eventLogs.indexOf(log);
const media = (dpa: bigint): Uint8Array => encodePayload(recordLayout("generalMedia"), { id: uuidFrom(eventRecords.generalMedia.uuid), address: dpa });

interface Shown {
  readonly flags: number;
  readonly lost: number;
  readonly first: bigint;
  readonly last: bigint;
  readonly records: readonly Uint8Array[];
}

function read(one: MailboxBench, log: EventLog, isSecondary = false): Shown {
  const { code, output } = isSecondary ? one.raw(0x0100, Uint8Array.of(numberOf(log)), { isSecondary }) : one.send("getEventRecords", { log: numberOf(log) });
  expect(code).toBe("success");
  const count = payloadNumber(output, [0x14, 2, "count"]);
  expect(output.length).toBe(0x20 + 0x80 * count);
  return { flags: output[0] ?? 0, lost: payloadNumber(output, [2, 2, "lost"]), first: payloadBig(output, [4, 8, "first"]), last: payloadBig(output, [0x0c, 8, "last"]), records: Array.from({ length: count }, (_, index) => output.slice(0x20 + index * 0x80, 0xa0 + index * 0x80)) };
}

const handles = (shown: Shown): number[] => shown.records.map((record) => payloadNumber(record, recordFields.handle));
const clear = (one: MailboxBench, log: EventLog, ...which: number[]): unknown => one.send("clearEventRecords", { log: numberOf(log), count: which.length }, { items: which.map((handle) => ({ handle })) }).code;

describe("event logs", () => {
  it("records stay in order, with handles from 1, the device's time and their length, until they are cleared", () => {
    const one = setUpMailbox();
    one.send("setTimestamp", { timestamp: 5_000_000_000_000n });
    for (const dpa of [0x40n, 0x80n, 0xc0n]) one.inject("failure", media(dpa));
    for (let again = 0; again < 2; again++) expect(handles(read(one, "failure"))).toEqual([1, 2, 3]);
    const [first = new Uint8Array(0)] = read(one, "failure").records;
    expect([payloadBig(first, eventRecords.generalMedia.fields.address), payloadNumber(first, recordFields.length), payloadBig(first, recordFields.timestamp) > 5_000_000_000_000n]).toEqual([0x40n, 0x80, true]);
    expect(one.events.read()).toEqual({ informational: 0, warning: 0, failure: 1, fatal: 0, dynamicCapacity: 0 });
  });

  it("every kind of record comes back byte for byte, but for handle, time and length", () => {
    const one = setUpMailbox();
    for (const [kind, { uuid }] of Object.entries(eventRecords)) {
      const record = Uint8Array.from({ length: 128 }, (_, at) => (at * 7) & 0xff);
      record.set(uuidFrom(uuid));
      one.inject("fatal", record);
      const [shown = new Uint8Array(0)] = read(one, "fatal").records;
      const stamped = new Set([0x10, 0x14, 0x15, ...Array.from({ length: 8 }, (_, at) => 0x18 + at)]);
      expect([kind, [...shown].map((byte, at) => (stamped.has(at) ? 0 : byte))]).toEqual([kind, [...record].map((byte, at) => (stamped.has(at) ? 0 : byte))]);
      expect(clear(one, "fatal", ...handles(read(one, "fatal")))).toBe("success");
    }
  });

  it("only the oldest records can be cleared, in order, without gaps; else nothing is", () => {
    const one = setUpMailbox();
    one.inject("warning", media(0n), 4);
    for (const wrong of [[2], [1, 3], [2, 1], [0], [1, 2, 3, 4, 5]]) expect([wrong, clear(one, "warning", ...wrong), handles(read(one, "warning"))]).toEqual([wrong, "invalidHandle", [1, 2, 3, 4]]);
    expect([clear(one, "warning", 1, 2), handles(read(one, "warning"))]).toEqual(["success", [3, 4]]);
    expect([clear(one, "warning", 3, 4), one.events.get("warning")]).toEqual(["success", 0]);
  });

  it("a full log keeps what it has, counts what it loses with first and last time, and forgets that with the first record cleared", () => {
    const one = setUpMailbox(mailboxMachine({ logDepths: [3, 8, 8, 8, 8] }));
    one.send("setTimestamp", { timestamp: 1_000_000_000n });
    one.inject("informational", media(0n), 3);
    expect(read(one, "informational")).toMatchObject({ flags: 0, lost: 0, first: 0n, last: 0n });
    one.inject("informational", media(0n));
    one.wait(1000);
    one.inject("informational", media(0n));
    const full = read(one, "informational");
    expect([full.flags & 1, full.lost, full.last - full.first > 1000n, full.first > 1_000_000_000n, handles(full)]).toEqual([1, 2, true, true, [1, 2, 3]]);
    expect(clear(one, "informational", 1)).toBe("success");
    expect(read(one, "informational")).toMatchObject({ flags: 0, lost: 0, first: 0n, last: 0n });
    one.inject("informational", media(0n));
    expect(handles(read(one, "informational"))).toEqual([2, 3, 4]);
  });

  it("the count of lost records saturates", () => {
    const one = setUpMailbox(mailboxMachine({ logDepths: [1, 8, 8, 8, 8] }));
    one.inject("informational", media(0n), 70_000);
    expect(read(one, "informational").lost).toBe(0xffff);
  });

  it("Clear All is for a log that has overflowed", () => {
    const one = setUpMailbox();
    one.inject("fatal", media(0n), 8);
    expect(one.send("clearEventRecords", { log: 3, flags: 1 }).code).toBe("invalidInput");
    one.inject("fatal", media(0n));
    expect([one.send("clearEventRecords", { log: 3, flags: 1 }).code, read(one, "fatal")]).toMatchObject(["success", { flags: 0, records: [] }]);
  });

  it("as many records as the payload holds, the oldest first; More says that there are others", () => {
    const one = setUpMailbox(mailboxMachine({ payloadSize: 512 }));
    one.inject("failure", media(0n), 5);
    expect([handles(read(one, "failure")), read(one, "failure").flags]).toEqual([[1, 2, 3], 2]);
    expect([handles(read(one, "failure", true)), read(one, "failure", true).flags]).toEqual([[1], 2]);
  });

  it("handles skip 0 when they wrap", () => {
    const one = setUpMailbox(mailboxMachine({ logDepths: [4096, 8, 8, 8, 8], payloadSize: 65_536 }));
    for (let filled = 0; filled < 0xfffe; filled += 510) {
      one.inject("informational", media(0n), Math.min(510, 0xfffe - filled));
      for (let shown = read(one, "informational"); shown.records.length > 0; shown = read(one, "informational")) clear(one, "informational", ...handles(shown).slice(0, 255));
    }
    one.inject("informational", media(0n), 3);
    expect(handles(read(one, "informational"))).toEqual([0xffff, 1, 2]);
  });

  it("an interrupt when a log comes to hold a record, on the log's own vector, and none until it was emptied", () => {
    const one = setUpMailbox();
    enableVectors(one);
    one.inject("warning", media(0n));
    expect(one.vectors()).toEqual([]);
    clear(one, "warning", 1);
    one.send("setEventInterruptPolicy", { informational: 1, warning: 1, failure: 1, fatal: 1, dynamicCapacity: 1 });
    for (const [number, log] of eventLogs.entries()) {
      one.inject(log, media(0n));
      one.inject(log, media(0n));
      expect([log, one.vectors()]).toEqual([log, [eventVector + number]]);
    }
    clear(one, "warning", 2);
    one.inject("warning", media(0n));
    expect(one.vectors()).toEqual([]);
    clear(one, "warning", 3, 4);
    one.inject("warning", media(0n));
    expect(one.vectors()).toEqual([eventVector + 1]);
  });

  it("the policy shows modes and the device's own vectors; four bytes take the fifth log's away", () => {
    const one = setUpMailbox();
    one.send("setEventInterruptPolicy", { dynamicCapacity: 1 });
    expect(one.raw(0x0103, Uint8Array.of(0xf1, 1, 2, 0)).code).toBe("success");
    expect([...one.send("getEventInterruptPolicy").output]).toEqual([0x21, 0x31, 0x42, 0x50, 0x60]);
    const plain = setUpMailbox(mailboxMachine({ dynamicRegions: [], logDepths: [8, 8, 8, 8, 0] }, { vectors: 4 }));
    expect([...plain.send("getEventInterruptPolicy").output]).toEqual([0x20, 0x30, 0x30, 0x30]);
    expect(plain.send("getEventRecords", { log: 4 }).code).toBe("invalidInput");
  });
});

describe("records that the device makes", () => {
  it("injected poison is told once, as general media, and is on the list", () => {
    const one = setUpMailbox();
    for (let again = 0; again < 2; again++) expect(one.send("injectPoison", { address: 0x1040 }).code).toBe("success");
    const { records } = read(one, "informational");
    expect(records.length).toBe(1);
    const record = records[0] ?? new Uint8Array(0);
    expect(uuidText(record.slice(0, 16))).toBe(eventRecords.generalMedia.uuid);
    expect(decodeFields(record, eventRecords.generalMedia.fields)).toMatchObject({ address: 0x1041n, transactionType: 4 });
  });

  it("a poison list that is full says so on the list and as an event, and a scan of everything rebuilds it", () => {
    const one = setUpMailbox(mailboxMachine({ poisonListSize: 2, injectPoisonLimit: 0, backgroundTime: 1 }));
    for (const address of [0, 0x100, 0x40]) one.send("injectPoison", { address });
    const lines = 768n * (1n << 20n) / 64n;
    const flags = (): number => Number(one.ask("getPoisonList", { lines })["flags"]);
    expect([flags(), Number(one.ask("getPoisonList", { lines })["count"]), read(one, "warning").records.map((record) => record[0x38])]).toEqual([2, 2, [4]]);
    expect([one.send("clearPoison", { address: 0 }).code, flags()]).toEqual(["success", 2]);
    expect(one.send("scanMedia", { lines, flags: 1 }).code).toBe("backgroundStarted");
    one.finishBackground();
    const list = one.send("getPoisonList", { lines }).output;
    const view = new DataView(list.buffer);
    expect([list[0], list[0x0a], view.getBigUint64(0x20, true), view.getBigUint64(0x30, true)]).toEqual([0, 2, 0x103n, 0x42n]);
  });

  it("lines that a full list lost count towards the limit of injection, until they are cleared", () => {
    const one = setUpMailbox(mailboxMachine({ poisonListSize: 1, injectPoisonLimit: 2 }));
    const inject = (address: number): unknown => one.send("injectPoison", { address }).code;
    expect([inject(0), inject(0x80), inject(0x100)]).toEqual(["success", "success", "poisonLimitReached"]);
    expect([one.send("clearPoison", { address: 0x80 }).code, inject(0x100), inject(0x180)]).toEqual(["success", "success", "poisonLimitReached"]);
  });

  it("the list goes on where it stopped when the same is asked again, and starts anew when told to", () => {
    const one = setUpMailbox(mailboxMachine({ payloadSize: 256, injectPoisonLimit: 0 }));
    for (let index = 0; index < 20; index++) one.send("injectPoison", { address: index * 0x80 });
    const ask = (restart: number): [number, number, bigint] => {
      const { output } = one.send("getPoisonList", { address: restart, lines: 1000 });
      return [output[0] ?? 0, output[0x0a] ?? 0, new DataView(output.buffer).getBigUint64(0x20, true) >> 6n];
    };
    expect([ask(0), ask(0), ask(0)]).toEqual([[1, 14, 38n], [0, 6, 10n], [1, 14, 38n]]);
    expect([ask(1), ask(1)]).toEqual([[1 | 8, 14, 38n], [1 | 8, 14, 38n]]);
  });

  it("a full-line store takes the line from the list, in the middle of a record too", () => {
    const one = setUpMailbox();
    one.act({ kind: "poison", device: "dev", dpa: 0n, length: 256 });
    expect(one.send("clearPoison", { address: 64 }).code).toBe("success");
    const { output } = one.send("getPoisonList", { lines: 16 });
    const view = new DataView(output.buffer);
    expect([view.getUint16(0x0a, true), view.getBigUint64(0x20, true), view.getUint32(0x28, true), view.getBigUint64(0x30, true), view.getUint32(0x38, true)]).toEqual([2, 0x82n, 2, 2n, 1]);
  });

  it("health that changes is told: media status as a failure, health status as a warning, temperature by its thresholds", () => {
    const one = setUpMailbox();
    one.send("setAlerts", { valid: 2, enable: 2, over: 50 });
    const kinds = (log: EventLog): number[] => read(one, log).records.map((record) => record[0x30] ?? 0xff);
    one.act({ kind: "changeHealth", device: "dev", values: { temperature: 49 } });
    expect([kinds("warning"), kinds("failure")]).toEqual([[], []]);
    one.act({ kind: "changeHealth", device: "dev", values: { temperature: 51, healthStatus: 1 } });
    one.act({ kind: "changeHealth", device: "dev", values: { temperature: 70, mediaStatus: 2 } });
    one.act({ kind: "changeHealth", device: "dev", values: { temperature: -20 } });
    expect([kinds("warning"), kinds("failure")]).toEqual([[0, 3], [1, 3]]);
    expect(one.ask("getHealth")).toMatchObject({ temperature: 0x1_0000 - 20, additionalStatus: 8, mediaStatus: 2 });
  });

  it("an alert that is enabled while its condition holds is told at once, as a memory module warning", () => {
    const one = setUpMailbox();
    expect(one.send("setAlerts", { valid: 2, enable: 2, over: 20 }).code).toBe("success");
    const [record = new Uint8Array(0)] = read(one, "warning").records;
    expect([uuidText(record.slice(0, 16)), decodeFields(record, eventRecords.memoryModule.fields)]).toMatchObject([eventRecords.memoryModule.uuid, { type: 3, temperature: 30, additionalStatus: 4 }]);
  });
});
