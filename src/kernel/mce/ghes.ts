// Generic hardware error sources: records that firmware leaves in memory, read where the HEST says, and what is done about each section (machine-check 7).

import type { ErrorSeverity } from "../../../registers/error-records.ts";
import { dataEntryFields, dataEntryLength, errorNotifications, errorSeverities, memorySection, pcieSection, protocolSection, statusBlockFields, statusBlockLength, thresholdFlag } from "../../../registers/error-records.ts";
import { eventRecords } from "../../../registers/events.ts";
import { guidText, payloadBig, payloadBytes, payloadNumber, uuidFrom } from "../../platform/payload.ts";
import type { ErrorSource } from "../acpi/hest.ts";
import { errorSources } from "../acpi/hest.ts";
import type { Handler, Kernel } from "../base/kernel.ts";
import { defineState, panic, printk } from "../base/kernel.ts";
import { printkLimited } from "../base/ratelimit.ts";
import { postComponentEvent, postProtocolError } from "../cxl/cper.ts";
import { queueRecovery } from "../pci/aer-recover.ts";
import type { Process } from "../mm/process.ts";
import { isAlive } from "../mm/process.ts";
import { pageAt } from "../mm/pages.ts";
import { flushMachineChecks } from "./check-log.ts";
import { daxDeviceAt } from "./dax-failure.ts";
import { queueFailure } from "./failure-queue.ts";
import { killNow } from "./signals.ts";
import { queueWork } from "./task-work.ts";

const ghes = defineState("mce.ghes", () => ({ records: 0 }));

interface Entry {
  readonly type: string;
  readonly severity: number;
  readonly flags: number;
  readonly bytes: Uint8Array;
}

interface StatusRecord {
  readonly severity: number;
  readonly entries: readonly Entry[];
}

/** Task whose access the record is about; null: nobody waits. */
export interface Interrupted {
  readonly cpu: number;
  readonly process: Process | null;
}

function readBytes(kernel: Kernel, address: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 4) {
    const { value } = kernel.platform.memory.load(address + BigInt(at), 4);
    for (let index = 0; index < 4; index++) bytes[at + index] = Number((value >> BigInt(8 * index)) & 0xffn);
  }
  return bytes;
}

const aligned = (length: number): number => (length + 3) & ~3;

function entriesOf(bytes: Uint8Array): Entry[] {
  const entries: Entry[] = [];
  for (let at = 0; at + dataEntryLength <= bytes.length; ) {
    const length = payloadNumber(bytes, dataEntryFields.length, at);
    if (at + dataEntryLength + length > bytes.length) break;
    const from = at + dataEntryLength;
    entries.push({ type: guidText(payloadBytes(bytes, dataEntryFields.type, at)), severity: payloadNumber(bytes, dataEntryFields.severity, at), flags: payloadNumber(bytes, dataEntryFields.flags, at), bytes: bytes.slice(from, from + length) });
    at = from + length;
  }
  return entries;
}

/** Reads the status block of a source and gives it back to firmware. Undefined: there is nothing in it, or more than it can hold. */
function readStatus(kernel: Kernel, source: ErrorSource): StatusRecord | undefined {
  const block = kernel.platform.memory.load(source.address, 8).value;
  const head = readBytes(kernel, block, statusBlockLength);
  if (payloadNumber(head, statusBlockFields.status) === 0) return undefined;
  const dataLength = payloadNumber(head, statusBlockFields.dataLength);
  const isSane = statusBlockLength + dataLength <= source.blockLength;
  if (!isSane) printkLimited(kernel, "warn", "ghes length", "GHES: [Firmware Warn]: Failed to read error status block!");
  const data = isSane ? readBytes(kernel, block + BigInt(statusBlockLength), aligned(dataLength)).subarray(0, dataLength) : new Uint8Array();
  kernel.platform.memory.store(block, 4, 0n);
  return isSane ? { severity: payloadNumber(head, statusBlockFields.severity), entries: entriesOf(data) } : undefined;
}

const severityName = (severity: number): string => (Object.keys(errorSeverities) as ErrorSeverity[]).find((name) => errorSeverities[name] === severity) ?? "unknown";
const { guid: memoryGuid } = memorySection;
const { guid: protocolGuid } = protocolSection;
const { guid: pcieGuid } = pcieSection;
const componentGuids: readonly string[] = [eventRecords.generalMedia.uuid, eventRecords.dram.uuid, eventRecords.memoryModule.uuid];

function sectionName(type: string): string {
  if (type === memoryGuid) return "memory error";
  if (type === pcieGuid) return "PCIe error";
  if (type === protocolGuid) return "CXL Protocol Error";
  return componentGuids.includes(type) ? "CXL Component Event" : `unknown, ${type}`;
}

const addressOf = ({ bytes }: Entry): bigint | undefined => ((payloadBig(bytes, memorySection.fields.validation) >> BigInt(memorySection.validity.address)) & 1n) === 1n ? payloadBig(bytes, memorySection.fields.address) : undefined;

/** Firmware's record in the log, as its notification found it. */
function logRecord(kernel: Kernel, source: ErrorSource, { severity, entries }: StatusRecord): void {
  const prefix = `{${++ghes(kernel).records}}[Hardware Error]: `;
  const level = severity === errorSeverities.corrected ? "warn" : severity === errorSeverities.fatal ? "emerg" : "err";
  const say = (text: string): void => printkLimited(kernel, level, "ghes record", prefix + text);
  say(`Hardware error from APEI Generic Hardware Error Source: ${source.id}`);
  say(`event severity: ${severityName(severity)}`);
  for (const [index, entry] of entries.entries()) {
    say(` Error ${index}, type: ${severityName(entry.severity)}`);
    say(`  section_type: ${sectionName(entry.type)}`);
    const address = entry.type === memoryGuid ? addressOf(entry) : undefined;
    if (address !== undefined) say(`  physical_address: 0x${address.toString(16).padStart(16, "0")}`);
  }
}

/** Takes the page of a memory error out of use. Returns whether somebody will. */
function handleMemory(kernel: Kernel, entry: Entry, isSynchronous: boolean, { cpu, process }: Interrupted): boolean {
  const address = addressOf(entry);
  const isThreshold = entry.severity === errorSeverities.corrected && (entry.flags & thresholdFlag) !== 0;
  if (address === undefined || (entry.severity !== errorSeverities.recoverable && !isThreshold)) return false;
  if (pageAt(kernel, address).is === "outside" && daxDeviceAt(kernel, address) === undefined) {
    printkLimited(kernel, "warn", "ghes address", `[Firmware Warn]: GHES: Invalid address in generic error data: 0x${address.toString(16)}`);
    return false;
  }
  if (!isSynchronous || isThreshold) queueFailure(kernel, cpu, address, isThreshold);
  else if (process !== null && isAlive(process)) queueWork(kernel, process, "maybe-kill", address, false);
  return true;
}

function handleEntry(kernel: Kernel, entry: Entry, isSynchronous: boolean, interrupted: Interrupted): boolean {
  if (entry.type === memoryGuid) return handleMemory(kernel, entry, isSynchronous, interrupted);
  if (entry.type === pcieGuid) queueRecovery(kernel, entry);
  else if (entry.type === protocolGuid) postProtocolError(kernel, entry);
  else if (componentGuids.includes(entry.type)) postComponentEvent(kernel, { ...entry, event: uuidFrom(entry.type) });
  return false;
}

/** A task that waits for its data and gets no work has no way on. */
function killUnqueued(kernel: Kernel, process: Process): void {
  printk(kernel, "err", `GHES: [Hardware Error]: ${process.name}:${process.pid}: synchronous unrecoverable error (SIGBUS)`);
  killNow(kernel, process);
}

/** Ends the system over an error that firmware told of. */
export function dieOfRecord(kernel: Kernel): never {
  flushMachineChecks(kernel);
  return panic(kernel, "Fatal hardware error!");
}

/** @throws KernelPanic the record is fatal */
function takeSource(kernel: Kernel, source: ErrorSource, interrupted: Interrupted): void {
  const record = readStatus(kernel, source);
  if (record === undefined) return;
  logRecord(kernel, source, record);
  if (record.severity === errorSeverities.fatal) dieOfRecord(kernel);
  const isSynchronous = source.notification === errorNotifications.machineCheck;
  const queued = record.entries.map((entry) => handleEntry(kernel, entry, isSynchronous, interrupted));
  const { process } = interrupted;
  if (isSynchronous && !queued.includes(true) && process !== null && isAlive(process)) killUnqueued(kernel, process);
}

/**
 * A processor comes back from firmware with an error: looks at the sources that are told so.
 * @throws KernelPanic a record is fatal
 */
export function takeSynchronous(kernel: Kernel, interrupted: Interrupted): void {
  for (const source of errorSources(kernel)) if (source.notification === errorNotifications.machineCheck) takeSource(kernel, source, interrupted);
}

const bootCpu = 0;

/** Handler of a source's SCI. */
export const errorNotifyHandler = "ghes-notify";

export const ghesHandlers: ReadonlyMap<string, Handler> = new Map<string, Handler>([[errorNotifyHandler, (kernel, id) => {
  const source = errorSources(kernel).find((candidate) => candidate.id === id);
  if (source !== undefined) takeSource(kernel, source, { cpu: bootCpu, process: null });
}]]);
