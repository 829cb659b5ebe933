// Trace lines against those of a captured Linux 7.2: records are built from the values that the lines show, and must print as the very lines.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { EventRecordName } from "../../registers/events.ts";
import { eventRecords, recordLayout } from "../../registers/events.ts";
import type { PayloadValue } from "../../src/platform/payload.ts";
import { encodePayload, uuidFrom } from "../../src/platform/payload.ts";
import { formatCorrectable, formatOverflow, formatPoison, formatPortCorrectable, formatPortUncorrectable, formatUncorrectable } from "../../src/kernel/trace/cxl-lines.ts";
import { eventOfRecord, formatRecord, recordAddress } from "../../src/kernel/trace/cxl-records.ts";
import { printFlags, printSymbol } from "../../src/kernel/trace/format.ts";
import type { TraceEntry } from "../../src/kernel/trace/ring.ts";
import { formatEntry } from "../../src/kernel/trace/ring.ts";

const captured = readFileSync(fileURLToPath(new URL("../fixtures/captures/linux/4-events/trace-full.txt", import.meta.url)), "utf8").split("\n").filter((line) => line !== "" && !line.startsWith("###"));
const mem1 = { memdev: "mem1", host: "0000:0d:00.0", serial: 1n };
const mem0 = { memdev: "mem0", host: "0000:0e:00.0", serial: 2n };
const region = (hpa: bigint) => ({ region: "region0", uuid: "", hpa });

/** The captured line of an event of a log with a handle, in its parts. */
function lineOf(event: string, log: string, handle: string): { readonly line: string; readonly text: string; readonly time: bigint } {
  const line = captured.find((candidate) => candidate.includes(`${event}: `) && candidate.includes(`log=${log} `) && candidate.includes(` handle=${handle} `));
  if (line === undefined) throw new Error(`no ${event} of ${log} with handle ${handle}`);
  return { line, text: line.slice(line.indexOf(`${event}: `) + event.length + 2), time: BigInt(/ time=(\d+)/.exec(line)?.[1] ?? "0") };
}

const record = (kind: EventRecordName, values: Readonly<Record<string, PayloadValue>>): Uint8Array => encodePayload(recordLayout(kind), { id: uuidFrom(eventRecords[kind].uuid), length: 128, ...values });

const component = Uint8Array.from([0x69, 0x72, 0x6f, 0x6e, 0x20, 0x6d, 0x6f, 0x75, 0x73, 0x65, 0, 0, 0, 0, 0, 0]);
const media = { descriptor: 3, type: 3, subType: 1, transactionType: 2, channel: 3, rank: 17, device: 5, validity: 15, component };
const masks = Uint8Array.from([0x21, 0, 0, 0, 0, 0, 0, 0, 0x2c, 0, 0, 0, 0, 0, 0, 0, 0x37, 0, 0, 0, 0, 0, 0, 0, 0x42, 0, 0, 0, 0, 0, 0, 0]);

interface Case {
  readonly kind: EventRecordName;
  readonly event: string;
  readonly log: number;
  readonly name: string;
  readonly handle: number;
  readonly values: Readonly<Record<string, PayloadValue>>;
  readonly hpa: bigint;
}

const cases: readonly Case[] = [
  { kind: "generalMedia", event: "cxl_general_media", log: 0, name: "Informational", handle: 1, values: { ...media, flags: 1, address: 0x1000n }, hpa: 0x4_d000_2100n },
  { kind: "generalMedia", event: "cxl_general_media", log: 2, name: "Failure", handle: 1, values: { ...media, flags: 4, address: 0x3000n, descriptor: 1, type: 0 }, hpa: 0x4_d000_6100n },
  { kind: "generalMedia", event: "cxl_general_media", log: 3, name: "Fatal", handle: 1, values: { ...media, flags: 8, address: 0x4040n, descriptor: 7, type: 1 }, hpa: 0x4_d000_8140n },
  { kind: "generalMedia", event: "cxl_general_media", log: 1, name: "Warning", handle: 2, values: { ...media, flags: 0x50, address: 0x5000n, maintenanceClass: 2, maintenanceSubclass: 1 }, hpa: 0x4_d000_a100n },
  { kind: "generalMedia", event: "cxl_general_media", log: 1, name: "Warning", handle: 3, values: { ...media, flags: 2, address: 0x6000n, thresholdFlags: 3, count: 33 }, hpa: 0x4_d000_c100n },
  { kind: "generalMedia", event: "cxl_general_media", log: 0, name: "Informational", handle: 10, values: { ...media, flags: 1, address: 0x1_6000n }, hpa: 0x4_d002_c100n },
  { kind: "dram", event: "cxl_dram", log: 0, name: "Informational", handle: 2, values: { flags: 1, address: 0x7000n, descriptor: 3, type: 3, subType: 2, transactionType: 2, channel: 3, rank: 17, nibbleMask: 0x3b_00b2, bankGroup: 7, bank: 11, row: 2, column: 77, correctionMask: masks, validity: 0xff, thresholdFlags: 1, count: 5 }, hpa: 0x4_d000_e100n },
  { kind: "dram", event: "cxl_dram", log: 3, name: "Fatal", handle: 2, values: { flags: 8, address: 0x8000n, descriptor: 1, transactionType: 1 }, hpa: 0x4_d001_0100n },
  { kind: "memoryModule", event: "cxl_memory_module", log: 0, name: "Informational", handle: 3, values: { flags: 1, type: 3, subType: 3, healthStatus: 3, mediaStatus: 7, additionalStatus: 0x21, lifeUsed: 30, temperature: 15, dirtyShutdownCount: 4, correctedVolatileCount: 3233, correctedPersistentCount: 1300 }, hpa: 0n },
];

describe("a trace line", () => {
  it.each(cases)("of a $kind record in the log $name with handle $handle prints as captured", (given) => {
    const { text, time } = lineOf(given.event, given.name, given.handle.toString(16));
    const bytes = record(given.kind, { ...given.values, handle: given.handle, timestamp: time });
    expect(eventOfRecord(bytes)).toBe(given.event);
    expect(formatRecord(mem1, given.log, bytes, region(given.hpa))).toBe(text);
  });

  it("begins with task, process, CPU, flags and seconds as captured", () => {
    const { line, text } = lineOf("cxl_general_media", "Informational", "1");
    const entry: TraceEntry = { at: 11_512_432_999, command: "irq/33-0000:0d:", process: 125, event: "cxl_general_media", text };
    expect(formatEntry(entry)).toBe(line);
  });

  it("of media errors prints as captured, whether listed, injected or cleared", () => {
    const texts = captured.filter((line) => line.includes("cxl_poison: ")).map((line) => line.slice(line.indexOf("cxl_poison: ") + 12));
    const none = { flags: 0, overflowTime: 0n };
    expect(texts).toContain(formatPoison(mem0, { kind: "List", address: 0x3042n, length: 0x80, ...none }, region(0x4_d000_6040n)));
    expect(texts).toContain(formatPoison(mem1, { kind: "List", address: 0x2002n, length: 0x100, ...none }, region(0x4_d000_4100n)));
    expect(texts).toContain(formatPoison(mem0, { kind: "List", address: 0x4003n, length: 0x40, ...none }, region(0x4_d000_8000n)));
    expect(texts).toContain(formatPoison(mem0, { kind: "Inject", address: 0x4000n, length: 0x40, ...none }, region(0x4_d000_8000n)));
    expect(texts).toContain(formatPoison(mem1, { kind: "Clear", address: 0n, length: 0x40, ...none }, region(0x4_d000_0100n)));
  });

  it("of media errors shows an overflow with its time, reserved sources, and all ones where no region is", () => {
    const poison = { kind: "List" as const, address: 0x44n, length: 64, flags: 3, overflowTime: 77n };
    expect(formatPoison(mem0, poison, null)).toBe("memdev=mem0 host=0000:0e:00.0 serial=2 trace_type=List region= region_uuid=00000000-0000-0000-0000-000000000000 hpa=0xffffffffffffffff hpa_alias0=0xffffffffffffffff dpa=0x40 dpa_length=0x40 source=Reserved flags=More|Overflow overflow_time=77");
  });

  it("of a sparing record and of a record of a vendor has the fields of the captured formats", () => {
    const pldm = Uint8Array.from([3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 0, 0, 0, 0]);
    const sparing = record("memorySparing", { flags: 0, operation: 6, result: 1, validity: 0x1ff, available: 2, channel: 1, rank: 2, nibbleMask: 0x30, bankGroup: 4, bank: 5, row: 6, column: 7, component: pldm, subChannel: 1 });
    expect(formatRecord(mem1, 1, sparing, null)).toContain(": flags='Hard Sparing|Device Initiated Sparing' result=1 validity_flags='CHANNEL|RANK|NIBBLE|BANK GROUP|BANK|ROW|COLUMN|COMPONENT ID|COMPONENT ID PLDM FORMAT' spare resource avail=2 channel=1 rank=2 nibble_mask=30 bank_group=4 bank=5 row=6 column=7 sub_channel=1 comp_id=03 01 02 03 04 05 06 07 08 09 0a 00 00 00 00 00 comp_id_pldm_valid_flags='PLDM Entity ID | Resource ID' pldm_entity_id=01 02 03 04 05 06 pldm_resource_id=07 08 09 0a");
    const vendor = record("memoryModule", { id: uuidFrom("00000000-0000-0000-0000-0000000000aa"), type: 0x12 });
    expect(eventOfRecord(vendor)).toBe("cxl_generic_event");
    expect(formatRecord({ ...mem1, serial: (1n << 64n) - 2n }, 7, vendor, null)).toBe(`memdev=mem1 host=0000:0d:00.0 serial=-2 log=0x7 : time=0 uuid=00000000-0000-0000-0000-0000000000aa len=128 flags='' handle=0 related_handle=0 maint_op_class=0 maint_op_sub_class=0 ld_id=0 head_id=0 : 12 ${Array.from({ length: 79 }, () => "00").join(" ")}`);
  });

  it("of lost records names log, count and times", () => {
    expect(formatOverflow(mem1, 3, { count: 3, first: 5n, last: 9n })).toBe("memdev=mem1 host=0000:0d:00.0 serial=1: log=Fatal : 3 records from 5 to 9");
  });

  it("of protocol errors names the bits of the RAS status", () => {
    expect(formatCorrectable(mem1, 0x41)).toBe("memdev=mem1 host=0000:0d:00.0 serial=1: status: 'Cache Data ECC Error | Received Error From Physical Layer'");
    expect(formatUncorrectable(mem1, 0x1_0400, 0x400)).toBe("memdev=mem1 host=0000:0d:00.0 serial=1: status: 'Received Poison From Peer | IDE Rx Error' first_error: 'Received Poison From Peer'");
    expect(formatPortCorrectable("0000:0c:00.0", "pci0000:0c", 2)).toBe("device=0000:0c:00.0 host=pci0000:0c status='Memory Data ECC Error'");
    expect(formatPortUncorrectable("0000:0c:00.0", "pci0000:0c", 0x10, 0x10)).toBe("device=0000:0c:00.0 host=pci0000:0c status: 'Memory Data Parity Error' first_error: 'Memory Data Parity Error'");
  });

  it("prints bits and values without a name in hexadecimal", () => {
    expect(printFlags(0x8000_0001, "|", { 0: "A" })).toBe("A|0x80000000");
    expect(printSymbol(9, { 1: "one" })).toBe("0x9");
    expect(recordAddress(record("dram", { address: 0x1043n }))).toBe(0x1040n);
  });
});
