// Records from arguments, held against what a real kernel read out of QEMU's records: every field of every captured trace line.

import { describe, expect, it } from "vitest";
import { eventRecords, recordLayout } from "../../registers/events.ts";
import { eventArguments } from "./event-arguments.ts";
import type { EventArguments, InjectedEvent } from "./event-arguments.ts";
import { dynamicRegionBase, encodeCapacity, encodeEvent, encodeRecord } from "./events.ts";
import type { EventValues } from "./events.ts";
import { decodeFields, uuidText } from "./payload.ts";
import type { Captured } from "../../test/support/captured-events.ts";
import { argumentsOf, capturedEvents, descriptorNames, flagNames, healthNames, memoryTypes, subTypes, thresholdNames, transactions, validityNames } from "../../test/support/captured-events.ts";

type Decoded = Readonly<Record<string, number | bigint | Uint8Array>>;

/** A record's fields as the trace prints them. */
function printed(kind: InjectedEvent, record: Uint8Array): Captured {
  const values = decodeFields(record, recordLayout(kind).fields) as Decoded;
  const flags = (names: readonly string[], bits: number, between: string): string => {
    const known = names.filter((name, bit) => name !== "" && (bits & (1 << bit)) !== 0);
    const rest = names.reduce((left, name, bit) => (name === "" ? left : left & ~(1 << bit)), bits);
    return [...known, ...(rest === 0 ? [] : [`0x${rest.toString(16)}`])].join(between);
  };
  const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  const of = (name: string): number => Number(values[name] as number | bigint);
  const common = { uuid: uuidText(values["id"] as Uint8Array), len: String(of("length")), flags: flags(flagNames, of("flags"), " | "), related_handle: "0", maint_op_class: String(of("maintenanceClass")), maint_op_sub_class: String(of("maintenanceSubclass")), ld_id: "0", head_id: "0" };
  if (kind === "memoryModule") return { ...common, life_used: String(of("lifeUsed")), device_temp: String(of("temperature")), dirty_shutdown_cnt: String(of("dirtyShutdownCount")), cor_vol_err_cnt: String(of("correctedVolatileCount")), cor_per_err_cnt: String(of("correctedPersistentCount")), health_status: flags(healthNames, of("healthStatus"), "|"), validity_flags: "" };
  if (kind === "memorySparing") throw new Error("no line of this kind was captured");
  const shared = {
    ...common, dpa: (BigInt(values["address"] as bigint) & ~0x3fn).toString(16), dpa_flags: "", descriptor: flags(descriptorNames, of("descriptor"), "|"), type: memoryTypes[kind][of("type")] ?? "", sub_type: subTypes[of("subType")] ?? "", transaction_type: transactions[of("transactionType")] ?? "",
    channel: String(of("channel")), rank: String(of("rank")), validity_flags: flags(validityNames[kind], of("validity"), "|"), comp_id: hex(values["component"] as Uint8Array), cme_threshold_ev_flags: flags(thresholdNames, of("thresholdFlags"), "|"),
  };
  if (kind === "generalMedia") return { ...shared, device: of("device").toString(16), cme_count: String(of("count")) };
  return { ...shared, nibble_mask: of("nibbleMask").toString(16), bank_group: String(of("bankGroup")), bank: String(of("bank")), row: String(of("row")), column: String(of("column")), cor_mask: hex(values["correctionMask"] as Uint8Array), sub_channel: String(of("subChannel")), cvme_count: String(of("count")) };
}

const captured = capturedEvents.map(({ kind, fields }) => [kind, fields] as const);

describe("records against the captured trace of a real kernel", () => {
  it("there are lines of three kinds", () => {
    expect(["generalMedia", "dram", "memoryModule"].map((kind) => captured.filter(([one]) => one === kind).length)).toEqual([18, 2, 1]);
  });

  it.each(captured.map(([kind, line], index) => [index, kind, line["dpa"] ?? "", line] as const))("line %i, %s %s: the same arguments give every field of it", (_, kind, __, line) => {
    const fields = printed(kind, encodeEvent(kind, argumentsOf(kind, line)));
    expect(Object.keys(fields).length).toBeGreaterThan(14);
    expect(fields).toEqual(Object.fromEntries(Object.keys(fields).map((name) => [name, line[name]])));
  });
});

const media: EventValues = { flags: 1, dpa: 0x1000, descriptor: 0, type: 3, "transaction-type": 192 };
const decoded = (kind: InjectedEvent, values: EventValues): Decoded => decodeFields(encodeEvent(kind, values), recordLayout(kind).fields);

describe("arguments of events", () => {
  it("handle and timestamp are left to the device, what is not given is 0 and not valid", () => {
    expect(decoded("generalMedia", media)).toMatchObject({ handle: 0, relatedHandle: 0, timestamp: 0n, validity: 0, channel: 0, transactionType: 192, flags: 1, address: 0x1000n });
  });

  it("each argument sets its own validity bit, and only that", () => {
    for (const kind of ["generalMedia", "dram", "memorySparing"] as const) {
      const base: EventValues = kind === "memorySparing" ? { flags: 0, result: 0 } : media;
      for (const [name, argument] of Object.entries<{ readonly field: string; readonly validity?: string; readonly form?: string }>(eventArguments[kind])) {
        if (argument.validity === undefined) continue;
        const value = argument.form === "text" ? "x" : argument.form === "numbers" ? [1] : 1;
        const bit = (eventRecords[kind].validity as Readonly<Record<string, number>>)[argument.validity];
        expect([kind, name, decoded(kind, { ...base, [name]: value })["validity"]]).toEqual([kind, name, 1 << (bit ?? -1)]);
      }
    }
  });

  it("maintenance subclass, LD-ID and head id set their flags beside those given", () => {
    expect(decoded("dram", { ...media, flags: 0x3c, "maint-op-class": 2, "maint-op-subclass": 1, "ld-id": 3, "head-id": 4 })).toMatchObject({ flags: 0x1fc, maintenanceClass: 2, maintenanceSubclass: 1, logicalDevice: 3, head: 4 });
  });

  it("a count of correctable errors makes the event a threshold event", () => {
    expect(decoded("generalMedia", { ...media, descriptor: 1, "cme-count": 33, "cme-ev-flags": 3 })).toMatchObject({ descriptor: 3, count: 33, thresholdFlags: 3 });
    expect(decoded("dram", { ...media, "cvme-count": 5 })).toMatchObject({ descriptor: 2, count: 5 });
  });

  it("a component identifier is text or bytes, and in PLDM format when it says so", () => {
    const record = decoded("memoryModule", { flags: 0, type: 0, "health-status": 0, "media-status": 0, "additional-status": 0, "life-used": 0, temperature: -5, "dirty-shutdown-count": 0, "corrected-volatile-error-count": 0, "corrected-persistent-error-count": 0xffff_ffff, "component-id": [3, 255], "is-comp-id-pldm": true });
    expect(record).toMatchObject({ validity: 3, temperature: 0xfffb, correctedPersistentCount: 0xffff_ffff });
    expect([...(record["component"] as Uint8Array)].slice(0, 3)).toEqual([3, 255, 0]);
  });

  it("a memory sparing record repeats its class and subclass in its data", () => {
    expect(decoded("memorySparing", { flags: 0, result: 0, "maint-op-class": 2, "maint-op-subclass": 3, operation: 4, row: 0x1_0203, "spare-resources": 9 })).toMatchObject({ class: 2, subclass: 3, operation: 4, available: 9, row: 0x1_0203, validity: 1 << 5 });
  });

  it("every number reaches its field at both ends of its range, and no further", () => {
    for (const kind of ["generalMedia", "dram", "memoryModule", "memorySparing"] as const) {
      const list: EventArguments = eventArguments[kind];
      const required = Object.fromEntries(Object.entries(list).flatMap(([name, { isRequired }]) => (isRequired === true ? [[name, 0]] : [])));
      const fields = recordLayout(kind).fields;
      for (const [name, argument] of Object.entries(list)) {
        if (argument.form !== undefined) continue;
        const top = (1n << BigInt(8 * (fields[argument.field]?.[1] ?? 0))) - 1n;
        expect([kind, name, BigInt(decoded(kind, { ...required, [name]: top })[argument.field] as number | bigint)]).toEqual([kind, name, top]);
        expect(() => encodeEvent(kind, { ...required, [name]: top + 1n })).toThrow(`${name}: `);
        expect(() => encodeEvent(kind, { ...required, [name]: -1 })).toThrow(`${name}: `);
      }
    }
  });

  const refusals: readonly (readonly [EventValues, RegExp])[] = [
    [{ ...media, dpa: undefined }, /^dpa: is missing$/],
    [{ ...media, channel: 256 }, /^channel: 256 is not in 0\.\.255$/],
    [{ ...media, flags: 1 << 24 }, /^flags: 16777216 is not in 0\.\.16777215$/],
    [{ ...media, dpa: 1.5 }, /^dpa: 1\.5 is no whole number$/],
    [{ ...media, dpa: -1n }, /^dpa: -1 is not in 0/],
    [{ ...media, "component-id": "seventeen letters" }, /^component-id: 17 bytes, but there are 16; shorten it$/],
    [{ ...media, "component-id": "é" }, /^component-id: "é" is not ASCII/],
    [{ ...media, "component-id": 5 }, /^component-id: a text or a list of bytes is expected$/],
    [{ ...media, "is-comp-id-pldm": true }, /^is-comp-id-pldm: speaks of a component-id; give one$/],
    [{ ...media, "cvme-count": 1 }, /^cvme-count: is no argument; there are flags, /],
  ];
  it.each(refusals)("%o is refused", (values, message) => {
    expect(() => encodeEvent("generalMedia", values)).toThrow(message);
  });

  it("a correction mask has one to four words, a temperature is a signed 16-bit number", () => {
    for (const mask of [[], [1, 2, 3, 4, 5], 7]) expect(() => encodeEvent("dram", { ...media, "correction-mask": mask })).toThrow(/^correction-mask: 1 to 4 numbers of 64 bits are expected$/);
    expect(() => encodeEvent("memoryModule", { flags: 0, type: 0, "health-status": 0, "media-status": 0, "additional-status": 0, "life-used": 0, temperature: 40_000 })).toThrow(/^temperature: 40000 is not in -32768\.\.32767$/);
  });
});

describe("other records", () => {
  it("any UUID takes up to 80 bytes of data", () => {
    const record = encodeRecord("00112233-4455-6677-8899-aabbccddeeff", { flags: 2, "maint-op-class": 1 }, Uint8Array.of(1, 2, 3));
    expect([uuidText(record.slice(0, 16)), record[0x10], record[0x11], record[0x20], Array.from(record.subarray(0x30, 0x34))]).toEqual(["00112233-4455-6677-8899-aabbccddeeff", 0x80, 2, 1, [1, 2, 3, 0]]);
    expect(() => encodeRecord("nonsense", {}, new Uint8Array(0))).toThrow(/^uuid: "nonsense" is no UUID$/);
    expect(() => encodeRecord("00112233-4455-6677-8899-aabbccddeeff", {}, new Uint8Array(81))).toThrow(/^data: 81 bytes, but a record has 80$/);
  });

  it("a request for dynamic capacity is one record an extent, all but the last say that more follow", () => {
    const regions = [{ length: 1n << 30n, blockSize: 64n }, { length: 1n << 30n, blockSize: 64n }];
    const base = dynamicRegionBase(1n << 29n, regions, 1);
    expect(base).toBe((1n << 29n) + (1n << 30n));
    const records = encodeCapacity({ type: "add", host: 5, region: 1, tag: "5be13bce-ae34-4a77-b6c3-16df975fcf1a", extents: [{ offset: 0n, length: 128n }, { offset: 128n, length: 64n }] }, base).map((record) => decodeFields(record, recordLayout("dynamicCapacity").fields));
    expect(records).toMatchObject([{ type: 0, validity: 1, host: 5, more: 1, address: base, bytes: 128n }, { type: 0, more: 0, address: base + 128n, bytes: 64n }]);
    expect(uuidText((records[0] as Decoded)["tag"] as Uint8Array)).toBe("5be13bce-ae34-4a77-b6c3-16df975fcf1a");
    expect(decodeFields(encodeCapacity({ type: "forcedRelease", host: 0, region: 0, extents: [{ offset: 0n, length: 64n }] }, 0n)[0] ?? new Uint8Array(0), recordLayout("dynamicCapacity").fields)).toMatchObject({ type: 2, more: 0 });
  });
});
