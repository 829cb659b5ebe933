// Advanced Error Reporting, the root port's service (aer.c in outline): takes its message, finds who reported, reads and clears his status, asks those who
// deal with his errors. It serves functions for which somebody asked (`watchErrors`); for all others nothing is enabled (docs/fidelity.md).

import { aerEndpoint, aerRootPort } from "../../../registers/aer.ts";
import { pcieEndpoint } from "../../../registers/pci.ts";
import * as walk from "../../platform/config-walk.ts";
import type { ErrorAnswer, ErrorSeverity } from "../../platform/driver.ts";
import type { RegisterAccess, StructureAccess } from "../../platform/registers.ts";
import { decode, structureAt } from "../../platform/registers.ts";
import type { Task } from "../../sim/task.ts";
import { spawn, task } from "../../sim/task.ts";
import type { Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Call, Handler, Kernel } from "../base/kernel.ts";
import { defineState, invoke, printk } from "../base/kernel.ts";
import { addressOf, isPciDevice, isRootPort, pciFunctionOf, portAbove } from "./device.ts";
import { recoverFunction } from "./error-recovery.ts";
import { bindMessage } from "./messages.ts";
import { bridgeOf, capabilityIds, configBus } from "./registers.ts";

const aerHandler = "aer";

/** Who deals with errors of a function: what each of them says. */
export type ErrorClient = (kernel: Kernel, device: Device, severity: ErrorSeverity, status: number) => Task<readonly ErrorAnswer[]>;

/** A message that the root port took: requester ids, null: none of that kind. */
interface Received {
  readonly correctable: number | null;
  readonly uncorrectable: number | null;
  /** There were more of the kind than the id of the first tells. */
  readonly isMultipleCorrectable: boolean;
  readonly isMultipleUncorrectable: boolean;
}

interface AerPort {
  readonly port: Device;
  /** First of the messages that the port was granted when one of them was bound. */
  granted: number;
  readonly watched: Set<Device>;
  readonly queue: Received[];
  isWorking: boolean;
}

/** `before`: whom a port's message reached before, with whom it is shared (IRQF_SHARED), by the port's id. */
const aerState = defineState("pci.aer", () => ({ ports: new Map<number, AerPort>(), before: new Map<number, Call>(), client: null as ErrorClient | null }));

function aerAt<S extends typeof aerEndpoint | typeof aerRootPort>(kernel: Kernel, device: Device, structure: S): StructureAccess<S> | undefined {
  const bus = configBus(kernel, addressOf(device));
  const at = walk.findFirstExtended(bus, structure.identity.id);
  return at === 0 ? undefined : structureAt(bus, at, structure);
}

/** Device Control and Device Status of a function. */
function pcieAt(kernel: Kernel, device: Device): StructureAccess<typeof pcieEndpoint> | undefined {
  const bus = configBus(kernel, addressOf(device));
  const at = walk.findCapability(bus, capabilityIds.pcie);
  return at === 0 ? undefined : structureAt(bus, at, pcieEndpoint);
}

function rootPortAbove(device: Device): Device | undefined {
  for (let one: Device | undefined = device; one !== undefined; one = portAbove(one)) if (isRootPort(one)) return one;
  return undefined;
}

/** Lets a function send error messages, and bridges above it pass them on. After a reset it is to be done again. */
export function enableReporting(kernel: Kernel, device: Device): void {
  pcieAt(kernel, device)?.deviceControl.modify({ correctableEnable: 1, nonFatalEnable: 1, fatalEnable: 1 });
  for (let above = portAbove(device); above !== undefined; above = portAbove(above)) bridgeOf(kernel, addressOf(above)).bridgeControl.modify({ serrEnable: 1 });
}

/** @throws SystemError EINVAL the port was not granted the message */
function shareMessage(kernel: Kernel, port: Device, message: number): void {
  const before = kernel.interrupts.get((pciFunctionOf(port).messages?.data ?? 0) + message);
  bindMessage(kernel, port, message, { handler: aerHandler, argument: port.id });
  if (before !== undefined && before.handler !== aerHandler) aerState(kernel).before.set(port.id, before);
}

function openPort(kernel: Kernel, port: Device): AerPort | undefined {
  const { ports } = aerState(kernel);
  const known = ports.get(port.id);
  if (known !== undefined) return known;
  const registers = aerAt(kernel, port, aerRootPort);
  if (registers === undefined) return undefined;
  try {
    shareMessage(kernel, port, registers.rootErrorStatus.get("interruptMessage"));
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    printk(kernel, "warn", `pcieport ${port.name}: AER: no interrupt`);
    return undefined;
  }
  registers.rootErrorStatus.writeRaw(registers.rootErrorStatus.readRaw());
  registers.rootErrorCommand.write({ correctableEnable: 1, nonFatalEnable: 1, fatalEnable: 1 });
  const made: AerPort = { port, granted: pciFunctionOf(port).messages?.data ?? 0, watched: new Set(), queue: [], isWorking: false };
  ports.set(port.id, made);
  return made;
}

/** The driver of a port has bound, maybe once more and with other messages: what is watched below it goes on being served. */
export function resumePort(kernel: Kernel, port: Device): void {
  const known = aerState(kernel).ports.get(port.id);
  const { messages } = pciFunctionOf(port);
  const registers = known === undefined || messages === null || messages.data === known.granted ? undefined : aerAt(kernel, port, aerRootPort);
  if (known === undefined || messages === null || registers === undefined) return;
  known.granted = messages.data;
  shareMessage(kernel, port, registers.rootErrorStatus.get("interruptMessage"));
  registers.rootErrorStatus.writeRaw(registers.rootErrorStatus.readRaw());
}

/** Serves a function from now on: `client` is asked what becomes of its errors. */
export function watchErrors(kernel: Kernel, device: Device, client: ErrorClient): void {
  aerState(kernel).client = client;
  const root = rootPortAbove(device);
  const port = root === undefined ? undefined : openPort(kernel, root);
  if (port === undefined || port.watched.has(device)) return;
  port.watched.add(device);
  enableReporting(kernel, device);
}

/** Serves it no more; the port falls silent with its last function. */
export function unwatchErrors(kernel: Kernel, device: Device): void {
  const { ports } = aerState(kernel);
  for (const [id, { port, watched }] of ports) {
    if (!watched.delete(device)) continue;
    if (!pciFunctionOf(device).isDisconnected) pcieAt(kernel, device)?.deviceControl.modify({ correctableEnable: 0, nonFatalEnable: 0, fatalEnable: 0 });
    if (watched.size > 0) continue;
    ports.delete(id);
    aerAt(kernel, port, aerRootPort)?.rootErrorCommand.write({});
  }
}

const onMessage: Handler = (kernel, portId) => {
  const before = aerState(kernel).before.get(portId);
  if (before !== undefined) invoke(kernel, before);
  const known = aerState(kernel).ports.get(portId);
  const registers = known === undefined ? undefined : aerAt(kernel, known.port, aerRootPort);
  if (known === undefined || registers === undefined) return;
  const raw = registers.rootErrorStatus.readRaw();
  const status = decode(aerRootPort.registers.rootErrorStatus, raw);
  if (status.correctableReceived === 0 && status.uncorrectableReceived === 0) return;
  // Read between the two: ids are valid once the status says so, and hold until it is cleared (PCIe 7.8.4.11).
  const source = registers.errorSource.read();
  registers.rootErrorStatus.writeRaw(raw);
  known.queue.push({
    correctable: status.correctableReceived === 1 ? source.correctable : null, uncorrectable: status.uncorrectableReceived === 1 ? source.uncorrectable : null,
    isMultipleCorrectable: status.multipleCorrectable === 1, isMultipleUncorrectable: status.multipleUncorrectable === 1,
  });
  if (known.isWorking) return;
  known.isWorking = true;
  spawn(kernel.scheduler, `aer:${known.port.name}`, work(kernel, known));
};

export const aerHandlers: ReadonlyMap<string, Handler> = new Map([[aerHandler, onMessage]]);

const work = task("aer.work", function* (kernel: Kernel, known: AerPort): Task<void> {
  for (let received = known.queue.shift(); received !== undefined; received = known.queue.shift()) {
    if (received.correctable !== null) yield* handle(kernel, known, "correctable", received.correctable, received.isMultipleCorrectable);
    if (received.uncorrectable !== null) yield* handle(kernel, known, "uncorrectable", received.uncorrectable, received.isMultipleUncorrectable);
  }
  known.isWorking = false;
});

/** The port itself and everything below it. */
const functionsFrom = (device: Device): Device[] => [device, ...device.children.filter(isPciDevice).flatMap(functionsFrom)];

const requesterMask = 0xffff;

interface Reported {
  readonly device: Device;
  readonly severity: ErrorSeverity;
  readonly status: number;
  readonly mask: number;
  readonly register: Pick<RegisterAccess<never>, "writeRaw">;
}

/** What a function has reported of one kind; undefined: nothing that is not masked. */
function reportedBy(kernel: Kernel, device: Device, kind: "correctable" | "uncorrectable"): Reported | undefined {
  const registers = aerAt(kernel, device, aerEndpoint);
  if (registers === undefined) return undefined;
  const isCorrectable = kind === "correctable";
  const register = isCorrectable ? registers.correctableStatus : registers.uncorrectableStatus;
  const mask = Number((isCorrectable ? registers.correctableMask : registers.uncorrectableMask).readRaw());
  const status = (Number(register.readRaw()) & ~mask) >>> 0;
  if (status === 0) return undefined;
  const isFatal = !isCorrectable && (status & Number(registers.uncorrectableSeverity.readRaw())) !== 0;
  return { device, severity: isCorrectable ? "correctable" : isFatal ? "fatal" : "nonfatal", status, mask, register };
}

const severityTexts: Readonly<Record<ErrorSeverity, string>> = { correctable: "Correctable", nonfatal: "Uncorrectable (Non-Fatal)", fatal: "Uncorrectable (Fatal)" };
const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");

function logReported(kernel: Kernel, { device, severity, status, mask }: Reported): void {
  const { vendor, device: id } = pciFunctionOf(device);
  const level = severity === "correctable" ? "warn" : "err";
  const name = `${device.driver?.name ?? "pci"} ${device.name}`;
  printk(kernel, level, `${name}: PCIe Bus Error: severity=${severityTexts[severity]}`);
  printk(kernel, level, `${name}:   device [${hex(vendor, 4)}:${hex(id, 4)}] error status/mask=${hex(status, 8)}/${hex(mask, 8)}`);
}

const handle = task("aer.handle", function* (kernel: Kernel, known: AerPort, kind: "correctable" | "uncorrectable", source: number, isMultiple: boolean): Task<void> {
  const all = functionsFrom(known.port);
  const named = all.find((device) => (addressOf(device) & requesterMask) === source);
  printk(kernel, "info", `pcieport ${known.port.name}: AER: ${isMultiple ? "Multiple " : ""}${kind === "correctable" ? "Correctable" : "Uncorrectable"} error message received from ${named?.name ?? `id ${hex(source, 4)}`}`);
  for (const device of isMultiple || named === undefined ? all : [named]) {
    const reported = reportedBy(kernel, device, kind);
    if (reported !== undefined) yield* handleReported(kernel, known.port, reported);
  }
});

const handleReported = task("aer.handleReported", function* (kernel: Kernel, port: Device, reported: Reported): Task<void> {
  const { device, severity, status } = reported;
  logReported(kernel, reported);
  const { client } = aerState(kernel);
  const answers = (): Task<readonly ErrorAnswer[]> => ask(kernel, client, reported);
  if (severity === "correctable") {
    reported.register.writeRaw(BigInt(status));
    clearDeviceStatus(kernel, device);
    yield* answers();
    return;
  }
  const isRecovered = yield* recoverFunction(kernel, port, device, severity, yield* answers());
  if (!isRecovered || device.isDead) return;
  reported.register.writeRaw(BigInt(status));
  clearDeviceStatus(kernel, device);
});

const ask = task("aer.ask", function* (kernel: Kernel, client: ErrorClient | null, { device, severity, status }: Reported): Task<readonly ErrorAnswer[]> {
  return client === null ? [] : yield* client(kernel, device, severity, status);
});

function clearDeviceStatus(kernel: Kernel, device: Device): void {
  const status = pcieAt(kernel, device)?.deviceStatus;
  if (status !== undefined) status.writeRaw(status.readRaw());
}
