// Event logs on the real module: interrupts, drains, traces with region and address, overflow (events.md 10 to 13; error-recovery 6.2; observed.md).

import { describe, expect, it } from "vitest";
import type { EventLog, EventRecordName } from "../../registers/events.ts";
import { eventRecords, recordLayout } from "../../registers/events.ts";
import { commands } from "../../registers/commands.ts";
import { returnCodes } from "../../registers/payload-schema.ts";
import type { PayloadValue } from "../../src/platform/payload.ts";
import { encodePayload, uuidFrom } from "../../src/platform/payload.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { act, memdevWith, memdevs, pass, sent, stateOf, store, traced, tracing, twoDevices } from "../support/memdev.ts";

const millisecond = 1_000_000;
const record = (kind: EventRecordName, values: Readonly<Record<string, PayloadValue>> = {}): Uint8Array => encodePayload(recordLayout(kind), { id: uuidFrom(eventRecords[kind].uuid), ...values });

/** A record comes into a log, and the kernel has the time to deal with it. */
function inject(made: Booted, log: EventLog, bytes: Uint8Array, times = 1, device = "d0"): void {
  act(made, { kind: "injectEvent", device, log, record: bytes, times });
  pass(made, millisecond);
}

function booted(mailbox = {}): Booted {
  const made = bootMachine(twoDevices(mailbox));
  expect(store(made, `${tracing}/events/cxl/enable`, "1")).toBe("ok");
  return made;
}

/** region0 over both devices: d0 at position 0, d1 at position 1. */
function withRegion(): Booted {
  const made = booted();
  expect(made.command(`cxl create-region -d decoder0.0 -w 2 -g 256 -m -t ram ${memdevWith(made, 1n)} ${memdevWith(made, 2n)}`).exitCode).toBe(0);
  return made;
}

describe("an event record", () => {
  it("appears exactly once in the trace with the device's handle and clock, and is cleared", () => {
    const made = booted();
    const from = made.dmesg().length;
    inject(made, "warning", record("memoryModule", { flags: 1, type: 3, temperature: 0xfff6 }));
    inject(made, "warning", record("memoryModule", { flags: 1, type: 2 }));
    const lines = traced(made, "cxl_memory_module");
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^memdev=mem0 host=0000:0d:00\.0 serial=1 log=Warning : time=17672256\d+ uuid=fe927475-dd59-4339-a586-79bab113b774 len=128 flags='0x1' handle=1 related_handle=0 .* event_type='Temperature Change' .* device_temp=-10 /);
    expect(lines[1]).toMatch(/ handle=2 .* event_type='Life Used Change' /);
    expect(sent(made, from)).toEqual(["0100", "0101", "0100", "0100", "0101", "0100"]);
    expect(made.dmesg().slice(from).filter((line) => !line.includes("Doorbell") && !line.includes("Sending"))).toEqual([1, 2].flatMap((handle) => ["cxl_pci 0000:0d:00.0: Reading event logs: 2", `cxl_pci 0000:0d:00.0: Event log '1': Clearing ${handle}`]));
  });

  it("whose address a region maps carries region and HPA; of each member its own", () => {
    const made = withRegion();
    inject(made, "failure", record("generalMedia", { address: 0x1040n }));
    inject(made, "fatal", record("dram", { address: 0x1040n | 1n }), 1, "d1");
    const [first] = traced(made, "cxl_general_media");
    const [second] = traced(made, "cxl_dram");
    expect(first).toContain("dpa=1040 dpa_flags='' ");
    expect(first).toContain("hpa=400002040 hpa_alias0=ffffffffffffffff region=region0 region_uuid=00000000-0000-0000-0000-000000000000");
    expect(second).toContain("dpa=1040 dpa_flags='VOLATILE' ");
    expect(second).toContain("hpa=400002140 hpa_alias0=ffffffffffffffff region=region0 ");
    expect(made.dmesg()).toContain("cxl decoder2.0: dpa:0x1040 mapped in region:region0");
  });

  it("[S20] after the region is gone has no region any more", () => {
    const made = withRegion();
    expect(made.command("cxl destroy-region -f region0").exitCode).toBe(0);
    inject(made, "failure", record("generalMedia", { address: 0x1000n }));
    expect(traced(made, "cxl_general_media")[0]).toContain("hpa=ffffffffffffffff hpa_alias0=ffffffffffffffff region= region_uuid=");
  });

  it("of a kind that the kernel does not know is traced as its bytes", () => {
    const made = booted();
    inject(made, "informational", record("memoryModule", { id: uuidFrom("00112233-4455-6677-8899-aabbccddeeff"), type: 0xab }));
    expect(traced(made, "cxl_generic_event")[0]).toMatch(/ uuid=00112233-4455-6677-8899-aabbccddeeff .* : ab 00 00 .* 00$/);
  });

  it("of an event that is not enabled, or while tracing is off, is read and cleared all the same", () => {
    const made = booted();
    expect(store(made, `${tracing}/events/cxl/cxl_dram/enable`, "0")).toBe("ok");
    expect(made.read(`${tracing}/events/cxl/enable`)).toBe("X\n");
    inject(made, "warning", record("dram"));
    store(made, `${tracing}/tracing_on`, "0");
    inject(made, "warning", record("memoryModule"));
    expect(made.read(`${tracing}/trace`).split("\n").filter((line) => !line.startsWith("#"))).toEqual([""]);
    const from = made.dmesg().length;
    store(made, `${tracing}/tracing_on`, "1");
    inject(made, "warning", record("memoryModule"));
    expect(traced(made, "cxl_memory_module")[0]).toContain(" handle=3 ");
    expect(sent(made, from)).toEqual(["0100", "0101", "0100"]);
    store(made, `${tracing}/trace`, "");
    expect(traced(made, "cxl_memory_module")).toEqual([]);
  });

  it("names the interrupt thread of its vector as its task", () => {
    const made = booted();
    inject(made, "fatal", record("memoryModule"));
    expect(made.read(`${tracing}/trace`)).toMatch(/\n {1,2}irq\/\d+-0000:0d?:?-\d+ +\[000\] \.{5} +0\.\d{6}: cxl_memory_module: memdev=mem0 /);
  });
});

describe("a drain", () => {
  it("[S42] goes through the logs from fatal to informational, until no log holds anything", () => {
    const made = booted();
    act(made, { kind: "loseInterrupt", function: "d0", count: 100 });
    for (const log of ["informational", "warning", "failure"] as const) inject(made, log, record("memoryModule"));
    expect(traced(made, "cxl_memory_module")).toEqual([]);
    const from = made.dmesg().length;
    made.run(made.files.write("/sys/bus/pci/drivers/cxl_pci/unbind", "0000:0d:00.0"));
    made.run(made.files.write("/sys/bus/pci/drivers/cxl_pci/bind", "0000:0d:00.0"));
    expect(traced(made, "cxl_memory_module").map((line) => / log=(\w+) /.exec(line)?.[1])).toEqual(["Failure", "Warning", "Informational"]);
    expect(sent(made, from).slice(-10)).toEqual(["0100", "0100", "0101", "0100", "0100", "0101", "0100", "0100", "0101", "0100"]);
  });

  it("[S42] of n records with room for k in the payload takes ceil(n/k) reads and clears, and one read that finds nothing", () => {
    const made = booted({ payloadSize: 512, logDepths: [16, 8, 8, 8, 0] });
    const from = made.dmesg().length;
    inject(made, "informational", record("memoryModule"), 10);
    expect(traced(made, "cxl_memory_module").map((line) => / handle=(\w+) /.exec(line)?.[1])).toEqual(["1", "2", "3", "4", "5", "6", "7", "8", "9", "a"]);
    expect(sent(made, from)).toEqual([...Array.from({ length: 4 }, () => ["0100", "0101"]).flat(), "0100"]);
  });

  it("of a log that overflowed says how many were lost, and when", () => {
    const made = booted();
    inject(made, "fatal", record("memoryModule"), 11);
    expect(traced(made, "cxl_memory_module")).toHaveLength(8);
    expect(traced(made, "cxl_overflow")).toHaveLength(1);
    expect(traced(made, "cxl_overflow")[0]).toMatch(/^memdev=mem0 host=0000:0d:00\.0 serial=1: log=Fatal : 3 records from 17672256\d+ to 17672256\d+$/);
    inject(made, "fatal", record("memoryModule"));
    expect(traced(made, "cxl_overflow")).toHaveLength(1);
  });

  it("whose Clear the device refuses reads and traces the same record again, until the device relents; the message is limited", () => {
    const made = booted();
    act(made, { kind: "mailboxFault", device: "d0", fault: "return-code", opcode: commands.clearEventRecords.opcode, value: returnCodes.internalError, count: 15 });
    inject(made, "warning", record("memoryModule"));
    pass(made, 1000 * millisecond);
    expect(traced(made, "cxl_memory_module").map((line) => / handle=(\w+) /.exec(line)?.[1])).toEqual(Array.from({ length: 16 }, () => "1"));
    expect(made.dmesg().filter((line) => line === "cxl_pci 0000:0d:00.0: Event log '1': Failed to clear events : -6")).toHaveLength(10);
  });

  it("whose Get the device refuses says so and tries again", () => {
    const made = booted();
    act(made, { kind: "mailboxFault", device: "d0", fault: "return-code", opcode: commands.getEventRecords.opcode, value: returnCodes.internalError, count: 2 });
    inject(made, "warning", record("memoryModule"));
    expect(made.dmesg().filter((line) => line === "cxl_pci 0000:0d:00.0: Event log '1': Failed to query event records : -6")).toHaveLength(2);
    expect(traced(made, "cxl_memory_module")).toHaveLength(1);
  });

  it("meets every record once when several logs interrupt at once, whoever reads first", () => {
    for (let seed = 1; seed < 6; seed++) {
      const made = bootMachine(twoDevices(), { seed });
      store(made, `${tracing}/events/cxl/enable`, "1");
      for (const log of ["informational", "warning", "failure", "fatal"] as const) act(made, { kind: "injectEvent", device: "d0", log, record: record("memoryModule"), times: 2 });
      act(made, { kind: "injectEvent", device: "d1", log: "warning", record: record("memoryModule"), times: 2 });
      pass(made, millisecond);
      const seen = traced(made, "cxl_memory_module").map((line) => /serial=(\d) log=(\w+) .* handle=(\w+) /.exec(line)?.slice(1).join(" "));
      expect(seen.toSorted()).toEqual(["1 Failure 1", "1 Failure 2", "1 Fatal 1", "1 Fatal 2", "1 Informational 1", "1 Informational 2", "1 Warning 1", "1 Warning 2", "2 Warning 1", "2 Warning 2"]);
      expect([...stateOf(made, "mem0").events.threads.values()].some((thread) => thread.isRunning)).toBe(false);
    }
  });

  it.each([1, 2, 4])("works with %i vectors for mailbox and logs together", (vectors) => {
    const made = bootMachine(twoDevices({}, { vectors }));
    store(made, `${tracing}/events/cxl/enable`, "1");
    for (const log of ["informational", "warning", "failure", "fatal"] as const) inject(made, log, record("memoryModule"));
    expect(traced(made, "cxl_memory_module").map((line) => / log=(\w+) /.exec(line)?.[1])).toEqual(["Informational", "Warning", "Failure", "Fatal"]);
  });

  it("[PCIe 7.7.1] works with the one message that a device with MSI is granted", () => {
    const made = bootMachine(twoDevices({}, { messages: "msi" }));
    store(made, `${tracing}/events/cxl/enable`, "1");
    for (const log of ["informational", "warning", "failure", "fatal"] as const) inject(made, log, record("memoryModule"));
    expect(traced(made, "cxl_memory_module").map((line) => / log=(\w+) /.exec(line)?.[1])).toEqual(["Informational", "Warning", "Failure", "Fatal"]);
  });

  it("ends with its memdev", () => {
    const made = booted();
    act(made, { kind: "mailboxFault", device: "d0", fault: "return-code", opcode: commands.clearEventRecords.opcode, value: returnCodes.internalError, count: 1000 });
    act(made, { kind: "injectEvent", device: "d0", log: "warning", record: record("memoryModule") });
    made.run(made.files.write("/sys/bus/pci/drivers/cxl_pci/unbind", "0000:0d:00.0"));
    made.settle();
    expect(made.files.exists(`${memdevs}/mem0`)).toBe(false);
  });
});
