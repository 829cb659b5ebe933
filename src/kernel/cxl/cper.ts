// CXL errors that firmware tells of (CPER): they are queued, traced as those that the kernel finds itself, and nothing else is done about them (machine-check 7).

import { componentSectionFields, componentSectionLength, errorSeverities, protocolLogFields, protocolSection } from "../../../registers/error-records.ts";
import { recordFields, recordLength } from "../../../registers/events.ts";
import { ras } from "../../../registers/ras-link.ts";
import { payloadNumber } from "../../platform/payload.ts";
import { formatPciAddress, pciAddress } from "../../platform/pci-address.ts";
import { decode } from "../../platform/registers.ts";
import { busDevices } from "../base/device.ts";
import type { Device } from "../base/device.ts";
import type { Handler, Kernel } from "../base/kernel.ts";
import { defineState, setTimer } from "../base/kernel.ts";
import { printkLimited } from "../base/ratelimit.ts";
import { pciBus } from "../pci/device.ts";
import { formatCorrectable, formatPortCorrectable, formatPortUncorrectable, formatUncorrectable } from "../trace/cxl-lines.ts";
import { eventOfRecord, formatRecord, hasAddress, recordAddress } from "../trace/cxl-records.ts";
import { traceEvent } from "../trace/ring.ts";
import { deviceStateOf } from "./device-state.ts";
import type { DeviceState } from "./device-state.ts";
import { placeOf, tracedDevice } from "./events.ts";
import { firstErrorOf } from "./ras-errors.ts";

/** A section of a record, as it lies behind its entry. */
export interface CxlSection {
  readonly severity: number;
  readonly bytes: Uint8Array;
  /** UUID of the event record that the section is; absent: a protocol error. */
  readonly event?: Uint8Array;
}

const fifos = defineState("cxl.cper", () => ({ protocol: [] as CxlSection[], events: [] as CxlSection[] }));
const longest = { protocol: 8, events: 32 } as const;
const handlers = { protocol: "cxl-cper-protocol", events: "cxl-cper-events" } as const;
const workerName = "kworker/0:0";

function post(kernel: Kernel, kind: keyof typeof longest, section: CxlSection): void {
  const fifo = fifos(kernel)[kind];
  if (fifo.length >= longest[kind]) {
    printkLimited(kernel, "err", `cxl cper ${kind}`, "GHES: CXL CPER kfifo overflow");
    return;
  }
  fifo.push(section);
  if (fifo.length === 1) setTimer(kernel, 0, { handler: handlers[kind], argument: 0 });
}

export const postProtocolError = (kernel: Kernel, section: CxlSection): void => post(kernel, "protocol", section);
export const postComponentEvent = (kernel: Kernel, section: CxlSection): void => post(kernel, "events", section);

type Place = typeof componentSectionFields | typeof protocolSection.fields;

function functionAt(kernel: Kernel, bytes: Uint8Array, place: Place): Device | undefined {
  const number = (name: "function" | "device" | "bus" | "segment"): number => payloadNumber(bytes, place[name]);
  const name = formatPciAddress(pciAddress(number("segment"), number("bus"), number("device"), number("function")));
  return busDevices(kernel, pciBus).find((device) => device.name === name);
}

/** Status, and which of its bits came first: with several, the one that the control register points at. */
function uncorrectable(bytes: Uint8Array, at: number): { readonly status: number; readonly first: number } {
  const status = payloadNumber(bytes, protocolLogFields.uncorrectableStatus, at);
  const { firstErrorPointer } = decode(ras.registers.control, BigInt(payloadNumber(bytes, protocolLogFields.control, at)));
  return { status, first: firstErrorOf(status, firstErrorPointer) };
}

function traceOfDevice(kernel: Kernel, state: DeviceState, isCorrected: boolean, bytes: Uint8Array, at: number): void {
  const device = tracedDevice(state);
  if (isCorrected) traceEvent(kernel, "cxl_aer_correctable_error", workerName, device.memdev, () => formatCorrectable(device, payloadNumber(bytes, protocolLogFields.correctableStatus, at)));
  else {
    const { status, first } = uncorrectable(bytes, at);
    traceEvent(kernel, "cxl_aer_uncorrectable_error", workerName, device.memdev, () => formatUncorrectable(device, status, first));
  }
}

function traceOfPort(kernel: Kernel, port: Device, isCorrected: boolean, bytes: Uint8Array, at: number): void {
  const host = port.parent?.name ?? "";
  if (isCorrected) traceEvent(kernel, "cxl_port_aer_correctable_error", workerName, port.name, () => formatPortCorrectable(port.name, host, payloadNumber(bytes, protocolLogFields.correctableStatus, at)));
  else {
    const { status, first } = uncorrectable(bytes, at);
    traceEvent(kernel, "cxl_port_aer_uncorrectable_error", workerName, port.name, () => formatPortUncorrectable(port.name, host, status, first));
  }
}

/** The RAS registers stand behind the DVSEC. An agent that the kernel does not know is passed over. */
function traceProtocolError(kernel: Kernel, { severity, bytes }: CxlSection): void {
  const { agents, fields, length } = protocolSection;
  const agent = payloadNumber(bytes, fields.agent);
  const found = functionAt(kernel, bytes, fields);
  if (found === undefined) return;
  const at = length + payloadNumber(bytes, fields.dvsecLength);
  const isCorrected = severity === errorSeverities.corrected;
  const ports: readonly number[] = [agents.rootPort, agents.downstreamPort, agents.upstreamPort];
  const state = deviceStateOf(kernel, found.id);
  if (ports.includes(agent)) traceOfPort(kernel, found, isCorrected, bytes, at);
  else if (agent !== agents.restrictedPort && state !== undefined) traceOfDevice(kernel, state, isCorrected, bytes, at);
}

const [, uuidBytes] = recordFields.id;
const { severity: [, severityLow] } = recordFields.flags[3].bits;

/** The section's type is the UUID that the record lacks. */
function traceComponentEvent(kernel: Kernel, { bytes, event }: CxlSection): void {
  const found = functionAt(kernel, bytes, componentSectionFields);
  const state = found === undefined ? undefined : deviceStateOf(kernel, found.id);
  if (state === undefined || event === undefined) return;
  const record = new Uint8Array(recordLength);
  record.set(event);
  record.set(bytes.subarray(componentSectionLength, componentSectionLength + recordLength - uuidBytes), uuidBytes);
  const log = (payloadNumber(record, recordFields.flags) >>> severityLow) & 3;
  const name = eventOfRecord(record);
  const place = hasAddress(name) ? placeOf(kernel, state, recordAddress(record)) : null;
  traceEvent(kernel, name, workerName, tracedDevice(state).memdev, () => formatRecord(tracedDevice(state), log, record, place));
}

export const cperHandlers: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  [handlers.protocol, (kernel) => fifos(kernel).protocol.splice(0).forEach((section) => traceProtocolError(kernel, section))],
  [handlers.events, (kernel) => fifos(kernel).events.splice(0).forEach((section) => traceComponentEvent(kernel, section))],
]);

