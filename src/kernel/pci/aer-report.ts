// What is said and counted of an error that a function reported: log lines (aer_print_error), the tracepoint ras:aer_event, counters of sysfs.

import type { Device } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { defineState, printk } from "../base/kernel.ts";
import type { FlagNames } from "../trace/format.ts";
import { printFlags } from "../trace/format.ts";
import { traceEvent } from "../trace/ring.ts";
import type { ErrorKind } from "./aer-names.ts";
import { agentOf, layerOf, longCorrectable, longUncorrectable, shortCorrectable, shortUncorrectable } from "./aer-names.ts";
import { aerOf } from "./aer-registers.ts";
import { nameInLog, pciFunctionOf } from "./device.ts";

/** An error as a function's registers show it. `status` 0: they could not be read. */
export interface ErrorReport {
  readonly device: Device;
  readonly kind: ErrorKind;
  /** Bits of the status register that are not masked. */
  readonly status: number;
  readonly mask: number;
  /** Number of the bit that came first, uncorrectable errors only. */
  readonly first: number | null;
}

type Counts = Record<ErrorKind, Map<number, number>>;

/** Per function, by its id; per root port, messages taken. */
const counters = defineState("pci.aerCounters", () => ({ functions: new Map<number, Counts>(), roots: new Map<number, Record<ErrorKind, number>>() }));

export const severityTexts: Readonly<Record<ErrorKind, string>> = { correctable: "Correctable", nonfatal: "Uncorrectable (Non-Fatal)", fatal: "Uncorrectable (Fatal)" };
const tracedSeverities: Readonly<Record<ErrorKind, string>> = { correctable: "Corrected", nonfatal: "Uncorrected, non-fatal", fatal: "Fatal" };
const hex = (value: number, digits: number): string => (value >>> 0).toString(16).padStart(digits, "0");

/** A CXL function's errors are spoken of as CXL's, whatever they are (aer_err_bus). */
const busText = (device: Device): string => (pciFunctionOf(device).isCxl ? "CXL" : "PCIe");

/**
 * Reads what a function has of a kind; undefined: nothing that is not masked. Whether an uncorrectable error is fatal is what its message said: an
 * internal error is as grave as CXL's registers have it, whatever AER's own severity (CXL 12.2.1).
 */
export function reportOf(kernel: Kernel, device: Device, kind: ErrorKind): ErrorReport | undefined {
  const registers = aerOf(kernel, device);
  const isCorrectable = kind === "correctable";
  if (registers === undefined) return undefined;
  const raw = Number((isCorrectable ? registers.correctableStatus : registers.uncorrectableStatus).readRaw());
  const mask = Number((isCorrectable ? registers.correctableMask : registers.uncorrectableMask).readRaw());
  const status = (raw & ~mask) >>> 0;
  if (status === 0) return undefined;
  return { device, kind, status, mask, first: isCorrectable ? null : registers.control.get("firstErrorPointer") };
}

function countReport(kernel: Kernel, { device, kind, status }: ErrorReport): void {
  const { functions } = counters(kernel);
  let counts = functions.get(device.id);
  if (counts === undefined) functions.set(device.id, (counts = { correctable: new Map(), nonfatal: new Map(), fatal: new Map() }));
  for (let bit = 0; bit < 32; bit++) if (((status >>> bit) & 1) === 1) counts[kind].set(bit, (counts[kind].get(bit) ?? 0) + 1);
}

/** A root port took a message. */
export function countMessage(kernel: Kernel, port: Device, kind: ErrorKind): void {
  const { roots } = counters(kernel);
  const counts = roots.get(port.id) ?? { correctable: 0, nonfatal: 0, fatal: 0 };
  counts[kind]++;
  roots.set(port.id, counts);
}

function logReport(kernel: Kernel, report: ErrorReport): void {
  const { device, kind, status, mask, first } = report;
  const level = kind === "correctable" ? "warn" : "err";
  const name = nameInLog(device);
  const subject = `${name}: ${busText(device)} Bus Error: severity=${severityTexts[kind]}`;
  if (status === 0) return printk(kernel, "err", `${subject}, type=Inaccessible, (Unregistered Agent ID)`);
  const record = pciFunctionOf(device);
  printk(kernel, level, `${subject}, type=${layerOf(kind, status)}, (${agentOf(kind, status)})`);
  printk(kernel, level, `${name}:   device [${hex(record.vendor, 4)}:${hex(record.device, 4)}] error status/mask=${hex(status, 8)}/${hex(mask, 8)}`);
  const names = kind === "correctable" ? shortCorrectable : shortUncorrectable;
  for (let bit = 0; bit < 32; bit++) {
    if (((status >>> bit) & 1) === 1) printk(kernel, level, `${name}:    [${String(bit).padStart(2)}] ${(names[bit] ?? "Unknown Error Bit").padEnd(22)}${first === bit ? " (First)" : ""}`);
  }
}

/** Logs, traces and counts an error. */
export function tellReport(kernel: Kernel, report: ErrorReport, command: string): void {
  const { device, kind, status } = report;
  countReport(kernel, report);
  logReport(kernel, report);
  const names = kind === "correctable" ? longCorrectable : longUncorrectable;
  traceEvent(kernel, "aer_event", command, device.name, () => `${device.name} ${busText(device)} Bus Error: severity=${tracedSeverities[kind]}, ${printFlags(status, "|", names)}, TLP Header=Not available`);
}

const totals: Readonly<Record<ErrorKind, string>> = { correctable: "TOTAL_ERR_COR", nonfatal: "TOTAL_ERR_NONFATAL", fatal: "TOTAL_ERR_FATAL" };

/** A file like `aer_dev_fatal`: a line per error that has a name, and their sum. */
export function counterText(kernel: Kernel, device: Device, kind: ErrorKind): string {
  const counts = counters(kernel).functions.get(device.id)?.[kind];
  const names: FlagNames = kind === "correctable" ? shortCorrectable : shortUncorrectable;
  const lines = Object.entries(names).map(([bit, name]) => `${name} ${counts?.get(Number(bit)) ?? 0}`);
  const total = [...(counts?.values() ?? [])].reduce((sum, count) => sum + count, 0);
  return [...lines, `${totals[kind]} ${total}`].map((one) => `${one}\n`).join("");
}

/** A file like `aer_rootport_total_err_fatal`. */
export const rootCounterText = (kernel: Kernel, port: Device, kind: ErrorKind): string => `${counters(kernel).roots.get(port.id)?.[kind] ?? 0}\n`;
