// Errors that come to firmware first (POL-MCESRC): the kernel knows of them what ACPI's tables and the records in memory say (machine-check 7).

import { describe, expect, it } from "vitest";
import { eventRecords } from "../../registers/events.ts";
import { dataEntryFields, dataEntryLength, errorSeverities, pcieSection, protocolLogFields, protocolLogLength, protocolSection, statusBlockLength } from "../../registers/error-records.ts";
import type { ErrorSection } from "../../src/firmware/error-sources.ts";
import { hestBody, memoryError, statusBlock } from "../../src/firmware/error-sources.ts";
import { buildHest } from "../../src/firmware/tables.ts";
import { KernelPanic } from "../../src/kernel/base/kernel.ts";
import { parseHest } from "../../src/kernel/acpi/hest.ts";
import { repeatChecks } from "../../src/kernel/mce/machine-check.ts";
import { isPoisoned } from "../../src/kernel/mm/poison.ts";
import { formatTrace, traceState } from "../../src/kernel/trace/ring.ts";
import { encodeFields, guidFrom, guidText } from "../../src/platform/payload.ts";
import { runFor } from "../../src/sandbox/drive.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { meets, outcomeOf, pagesOf, userOf } from "../support/checks.ts";
import { deviceOf, machineOf, portOf } from "../support/machine.ts";

const time = 500_000;
const boot = (): Booted => bootMachine(machineOf([portOf("rp0", { slots: [deviceOf("rp0-dev", { serial: 0xa0n })] })]), { firmware: { errors: { time } } });
/** Long enough for every queue. */
const pass = (booted: Booted): void => void runFor(booted.system, 10_000_000);
const report = (booted: Booted, ...sections: ErrorSection[]): void => {
  booted.system.firmware.reportError(sections);
  pass(booted);
};
/** The card's function. */
const endpointName = ({ kernel }: Booted): string => [...kernel.devices.values()].find(({ bus, driver }) => bus === "pci" && driver?.name === "cxl_pci")?.name ?? "";
const last = (booted: Booted, count: number): string[] => booted.dmesg().slice(-count);

/** A protocol error of the function at bus:device of segment 0, as firmware reads it out of the RAS registers. */
function protocolError(agent: keyof typeof protocolSection.agents, bus: number, device: number, severity: "corrected" | "recoverable", log: Parameters<typeof encodeFields<typeof protocolLogFields>>[2]): ErrorSection {
  const bytes = new Uint8Array(protocolSection.length + protocolLogLength);
  encodeFields(bytes, protocolSection.fields, { agent: protocolSection.agents[agent], bus, device, logLength: protocolLogLength });
  encodeFields(bytes, protocolLogFields, log, protocolSection.length);
  return { type: protocolSection.guid, severity, bytes };
}

describe("HEST and records", () => {
  it("tables say where records lie, and sections come back as they were put in", () => {
    expect(parseHest(buildHest(hestBody()))).toMatchObject([{ id: 0, notification: 6, blockLength: 4096 }, { id: 1, notification: 3, blockLength: 4096 }]);
    const block = statusBlock([memoryError("corrected", 0x1000n), memoryError("recoverable", null)]);
    expect([block[0], block[1], block[16]]).toEqual([0x21, 0, errorSeverities.recoverable]);
    expect(guidText(block.slice(statusBlockLength, statusBlockLength + 16))).toBe("a5bc1114-6f64-4ede-b863-3e83ed7c83b1");
    expect(guidFrom("a5bc1114-6f64-4ede-b863-3e83ed7c83b1").slice(0, 8)).toEqual(Uint8Array.of(0x14, 0x11, 0xbc, 0xa5, 0x64, 0x6f, 0xde, 0x4e));
    expect(() => statusBlock(Array.from({ length: 40 }, () => memoryError("corrected", 0n)))).toThrow(RangeError);
    expect(dataEntryLength).toBe(72);
    expect(dataEntryFields.timestamp[0] + 8).toBe(dataEntryLength);
  });

  it("a machine that does not handle errors first has no HEST, and its kernel says nothing of one", () => {
    const native = bootMachine(machineOf([portOf("rp0")]));
    expect(native.dmesg().some((line) => line.includes("HEST"))).toBe(false);
    expect(boot().dmesg()).toContain("HEST: Table parsing has been initialized.");
  });
});

describe("a check that firmware saw first", () => {
  it("a user's load: firmware's time for all processors, its record in the log, SIGBUS with the address", () => {
    const booted = boot();
    const { kernel } = booted;
    const app = userOf(kernel);
    const { start } = pagesOf(kernel, { kind: "anon", pid: app.pid });
    expect(outcomeOf(kernel, meets("user-load", start, app))).toEqual({ checks: 1, busy: 150_000, busyAll: time, error: null });
    expect(app.death).toMatchObject({ code: "BUS_MCEERR_AR", lsb: 12 });
    expect(booted.dmesg()).toEqual(expect.arrayContaining(["{1}[Hardware Error]: Hardware error from APEI Generic Hardware Error Source: 0", "{1}[Hardware Error]: event severity: recoverable", "{1}[Hardware Error]:   section_type: memory error", `{1}[Hardware Error]:   physical_address: 0x${start.toString(16).padStart(16, "0")}`]));
    expect(booted.dmesg().some((line) => line.startsWith("mce:"))).toBe(false);
  });

  it("the kernel has no record of its own, of one check as of many counted at once", () => {
    for (const booted of [boot(), bootMachine(machineOf([portOf("rp0")]))]) {
      const { kernel } = booted;
      traceState(kernel).enabled.add("mce_record");
      const access = meets("copy-mc", 0x3200_0000n, null);
      outcomeOf(kernel, access);
      repeatChecks(kernel, access, 5);
      expect(traceState(kernel).written).toBe(kernel.platform.firmware.errors === undefined ? 6 : 0);
    }
  });

  it("a second one is a new record: the first was taken and given back", () => {
    const booted = boot();
    const { kernel } = booted;
    for (let count = 0; count < 3; count++) {
      const app = userOf(kernel);
      outcomeOf(kernel, meets("user-load", pagesOf(kernel, { kind: "anon", pid: app.pid }).start, app));
      expect(app.death?.code).toBe("BUS_MCEERR_AR");
    }
  });

  it("kernel context, a corrupt context and a lost error are fatal; what has a fixup goes on", () => {
    expect(outcomeOf(boot().kernel, meets("kernel-load", 0x3200_0000n, null))).toBe("Fatal hardware error!");
    const corrupt = boot();
    expect(outcomeOf(corrupt.kernel, meets("user-load", 0x3200_0000n, null, { status: "fatal" }))).toBe("Fatal hardware error!");
    expect(corrupt.dmesg()).toContain("{1}[Hardware Error]: event severity: fatal");
    const { kernel } = boot();
    expect(outcomeOf(kernel, meets("copy-mc", 0x3200_0000n, null))).toMatchObject({ checks: 1, error: "EHWPOISON" });
    expect(outcomeOf(kernel, meets("copy-mc", 0x3200_0000n, null, { cpu: 32 }))).toBe("Fatal hardware error!");
  });

  it("a record without a known page leaves the thread no way on: SIGBUS without an address", () => {
    const { kernel, dmesg } = boot();
    const app = userOf(kernel);
    expect(outcomeOf(kernel, meets("user-load", 0x20_0000_0000n, app))).toMatchObject({ checks: 1 });
    expect(app.death).toMatchObject({ signal: "SIGBUS", code: "SI_KERNEL" });
    expect(dmesg().slice(-2)).toEqual(["[Firmware Warn]: GHES: Invalid address in generic error data: 0x2000000000", `GHES: [Hardware Error]: app:${app.pid}: synchronous unrecoverable error (SIGBUS)`]);
  });

  it("a prefetch's error comes by SCI and takes the page out of use", () => {
    const booted = boot();
    expect(outcomeOf(booted.kernel, meets("speculative", 0x3200_0000n, null))).toEqual({ checks: 0, busy: 0, busyAll: time, error: null });
    pass(booted);
    expect(isPoisoned(booted.kernel, 0x3200_0000n)).toBe(true);
  });
});

describe("what firmware tells of by itself", () => {
  it("memory errors: recoverable ones take their pages out of use one after the other, corrected ones only above a threshold", () => {
    const booted = boot();
    report(booted, memoryError("recoverable", 0x3200_0000n), memoryError("corrected", 0x3200_1000n), memoryError("corrected", 0x3200_2000n, true), memoryError("recoverable", null));
    expect([0x3200_0000n, 0x3200_1000n, 0x3200_2000n].map((address) => isPoisoned(booted.kernel, address))).toEqual([true, false, true]);
    expect(booted.dmesg().filter((line) => line.startsWith("Memory failure"))).toEqual(["Memory failure: 0x32000: recovery action for free buddy page: Recovered"]);
  });

  it("a processor queues sixteen pages; more are dropped with a message", () => {
    const booted = boot();
    report(booted, ...Array.from({ length: 18 }, (_, page) => memoryError("recoverable", 0x3200_0000n + 4096n * BigInt(page))));
    expect(booted.dmesg().filter((line) => line.includes("buffer overflow"))).toEqual(["Memory failure: buffer overflow when queuing memory failure at 0x32010", "Memory failure: buffer overflow when queuing memory failure at 0x32011"]);
    expect(Array.from({ length: 18 }, (_, page) => isPoisoned(booted.kernel, 0x3200_0000n + 4096n * BigInt(page))).filter(Boolean)).toHaveLength(16);
  });

  it("a fatal record is a panic", () => {
    const booted = boot();
    booted.system.firmware.reportError([memoryError("fatal", 0x3200_0000n)]);
    try {
      pass(booted);
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(KernelPanic);
    }
    expect(booted.kernel.panic?.message).toBe("Fatal hardware error!");
  });

  it("PCIe errors are told and recovered from as AER's own; the queue holds sixteen, and what names no function is passed over", () => {
    const booted = boot();
    const { kernel } = booted;
    traceState(kernel).enabled.add("aer_event");
    const name = endpointName(booted);
    const error = (severity: "corrected" | "recoverable", bus: number, registers: Parameters<typeof encodeFields<typeof pcieSection.fields>>[2]): ErrorSection => {
      const bytes = new Uint8Array(pcieSection.length);
      encodeFields(bytes, pcieSection.fields, { validation: (1n << 3n) | (1n << 7n), bus, ...registers });
      return { type: pcieSection.guid, severity, bytes };
    };
    const bus = Number.parseInt(name.slice(5, 7), 16);
    report(booted, error("corrected", bus, { correctableStatus: 1 << 6, correctableMask: 0 }), error("corrected", bus, { validation: 0n, correctableStatus: 1 }));
    const events = (): string[] => formatTrace(kernel).split("\n").filter((line) => line.includes("aer_event: ")).map((line) => line.slice(line.indexOf("aer_event: ")));
    expect(events()).toEqual([expect.stringContaining(`${name} CXL Bus Error: severity=Corrected, Bad TLP`)]);
    const from = booted.dmesg().length;
    report(booted, error("recoverable", bus, { uncorrectableStatus: 1 << 20, control: 20 }));
    expect(booted.dmesg().slice(from).filter((line) => line.includes("recovery") || line.includes("(First)"))).toEqual([expect.stringMatching(/\[20\] UnsupReq +\(First\)$/), expect.stringMatching(/^pcieport 0000:0c:00\.0: AER: device recovery (successful|failed)$/)]);
    report(booted, ...Array.from({ length: 9 }, () => error("corrected", 99, {})));
    expect(last(booted, 9)).toEqual(Array.from({ length: 9 }, () => "no pci_dev for 0000:63:00.0"));
  });

  it("CXL protocol errors are traced by agent as the kernel's own; the queue holds eight", () => {
    const booted = boot();
    const { kernel } = booted;
    for (const event of ["cxl_aer_correctable_error", "cxl_aer_uncorrectable_error", "cxl_port_aer_correctable_error", "cxl_port_aer_uncorrectable_error"]) traceState(kernel).enabled.add(event);
    const bus = Number.parseInt(endpointName(booted).slice(5, 7), 16);
    report(booted,
      protocolError("device", bus, 0, "corrected", { correctableStatus: 1 << 2 }), protocolError("device", bus, 0, "recoverable", { uncorrectableStatus: 0x401, control: 10 }),
      protocolError("rootPort", 12, 0, "recoverable", { uncorrectableStatus: 1 << 11 }), protocolError("rootPort", 12, 0, "corrected", { correctableStatus: 1 << 6 }), protocolError("device", 99, 0, "corrected", { correctableStatus: 1 }));
    const lines = formatTrace(kernel).split("\n").filter((line) => line.includes("_error: ")).map((line) => line.slice(line.indexOf(": cxl_") + 2));
    expect(lines).toEqual([
      expect.stringMatching(/^cxl_aer_correctable_error: memdev=mem0 host=0000:..:00\.0 serial=160: status: 'CRC Threshold Hit'$/),
      expect.stringMatching(/^cxl_aer_uncorrectable_error: .* status: 'Cache Data Parity Error \| Received Poison From Peer' first_error: 'Received Poison From Peer'$/),
      expect.stringMatching(/^cxl_port_aer_uncorrectable_error: device=0000:0c:00\.0 host=pci0000:0c status: 'Receiver Overflow' first_error: 'Receiver Overflow'$/),
      expect.stringMatching(/^cxl_port_aer_correctable_error: .* status='Received Error From Physical Layer'$/),
    ]);
    report(booted, ...Array.from({ length: 10 }, () => protocolError("device", 99, 0, "corrected", { correctableStatus: 1 })));
    expect(last(booted, 2)).toEqual(["GHES: CXL CPER kfifo overflow", "GHES: CXL CPER kfifo overflow"]);
  });

  it("a CXL event record becomes the trace event that the device's own log would give, and nothing else", () => {
    const booted = boot();
    const { kernel } = booted;
    traceState(kernel).enabled.add("cxl_general_media");
    const bytes = new Uint8Array(32 + 112);
    const device = endpointName(booted);
    bytes[18] = Number.parseInt(device.slice(5, 7), 16);
    bytes.set([0x80, 2, 0, 0, 7, 0], 32);
    report(booted, { type: eventRecords.generalMedia.uuid, severity: "recoverable", bytes });
    const [line] = formatTrace(kernel).split("\n").filter((text) => text.includes("cxl_general_media: "));
    expect(line).toContain(`memdev=mem0 host=${device} serial=160 log=Failure : time=0 uuid=fbcd0a77-c260-417f-85a9-088b1621eba6 len=128`);
    expect(line).toContain("handle=7 related_handle=0");
    expect(booted.dmesg().some((text) => text.startsWith("Memory failure"))).toBe(false);
  });
});
