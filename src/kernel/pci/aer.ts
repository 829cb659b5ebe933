// Advanced Error Reporting, the service of root ports (aer.c in outline; error-recovery 4.1): takes a message, finds who reported, says it, and leaves
// what is to be done to the common walk. CXL's protocol errors are internal errors, which are masked after a reset: nothing is heard of them by default.

import { decode } from "../../platform/registers.ts";
import { aerRootPort } from "../../../registers/aer.ts";
import type { Task } from "../../sim/task.ts";
import { spawn, task } from "../../sim/task.ts";
import type { Device } from "../base/device.ts";
import type { Handler, Kernel } from "../base/kernel.ts";
import { defineState, printk } from "../base/kernel.ts";
import type { ErrorKind } from "./aer-names.ts";
import { aerOf, clearDeviceStatus, rootAerOf } from "./aer-registers.ts";
import type { ErrorReport } from "./aer-report.ts";
import { countMessage, reportOf, severityTexts, tellReport } from "./aer-report.ts";
import { addressOf, isRootPort, pciFunctionOf, portTypes } from "./device.ts";
import { askClients, internalErrorClient, isWatched } from "./error-clients.ts";
import { functionsBelow, recover } from "./error-recovery.ts";
import { bindMessage } from "./messages.ts";
import { resetLink } from "./reset.ts";

const aerHandler = "aer";
const requesterMask = 0xffff;
/** As many functions as one message is looked up for (AER_MAX_MULTI_ERR_DEVICES). */
const mostReporters = 5;

/** A message that the root port took: requester ids, null: none of that kind. */
interface Received {
  readonly correctable: number | null;
  readonly uncorrectable: number | null;
  readonly isFatal: boolean;
  /** There were more of the kind than the id of the first tells. */
  readonly isMultipleCorrectable: boolean;
  readonly isMultipleUncorrectable: boolean;
}

interface AerPort {
  readonly port: Device;
  readonly queue: Received[];
  isWorking: boolean;
}

const aerState = defineState("pci.aer", () => ({ ports: new Map<number, AerPort>() }));

/** Serves a root port from now on: errors of everything below it reach their drivers. Others are left alone. @throws SystemError EINVAL its message was not granted */
export function startErrors(kernel: Kernel, port: Device): void {
  const registers = isRootPort(port) ? rootAerOf(kernel, port) : undefined;
  if (registers === undefined) return;
  bindMessage(kernel, port, registers.rootErrorStatus.get("interruptMessage"), { handler: aerHandler, argument: port.id });
  registers.rootErrorStatus.writeRaw(registers.rootErrorStatus.readRaw());
  registers.rootErrorCommand.write({ correctableEnable: 1, nonFatalEnable: 1, fatalEnable: 1 });
  aerState(kernel).ports.set(port.id, { port, queue: [], isWorking: false });
}

export function stopErrors(kernel: Kernel, port: Device): void {
  if (aerState(kernel).ports.delete(port.id) && !pciFunctionOf(port).isDisconnected) rootAerOf(kernel, port)?.rootErrorCommand.write({});
}

const onMessage: Handler = (kernel, portId) => {
  const known = aerState(kernel).ports.get(portId);
  const registers = known === undefined ? undefined : rootAerOf(kernel, known.port);
  if (known === undefined || registers === undefined) return;
  const raw = registers.rootErrorStatus.readRaw();
  const status = decode(aerRootPort.registers.rootErrorStatus, raw);
  if (status.correctableReceived === 0 && status.uncorrectableReceived === 0) return;
  // Read between the two: ids are valid once the status says so, and hold until it is cleared (PCIe 7.8.4.11).
  const source = registers.errorSource.read();
  registers.rootErrorStatus.writeRaw(raw);
  known.queue.push({
    correctable: status.correctableReceived === 1 ? source.correctable : null, uncorrectable: status.uncorrectableReceived === 1 ? source.uncorrectable : null, isFatal: status.fatalReceived === 1,
    isMultipleCorrectable: status.multipleCorrectable === 1, isMultipleUncorrectable: status.multipleUncorrectable === 1,
  });
  if (known.isWorking) return;
  known.isWorking = true;
  spawn(kernel.scheduler, `aer:${known.port.name}`, work(kernel, known));
};

export const aerHandlers: ReadonlyMap<string, Handler> = new Map([[aerHandler, onMessage]]);

const work = task("aer.work", function* (kernel: Kernel, known: AerPort): Task<void> {
  for (let received = known.queue.shift(); received !== undefined; received = known.queue.shift()) {
    const { correctable, uncorrectable, isFatal, isMultipleCorrectable, isMultipleUncorrectable } = received;
    if (correctable !== null) yield* handle(kernel, known.port, { kind: "correctable", source: correctable, isMultiple: isMultipleCorrectable });
    if (uncorrectable !== null) yield* handle(kernel, known.port, { kind: isFatal ? "fatal" : "nonfatal", source: uncorrectable, isMultiple: isMultipleUncorrectable });
  }
  known.isWorking = false;
});

interface Message {
  readonly kind: ErrorKind;
  readonly source: number;
  readonly isMultiple: boolean;
}

/**
 * What a function reports. After a fatal error the link to an endpoint may be bad, so that its registers are not read (aer_get_device_error_info);
 * where a client wants to know, they are.
 */
function reportFor(kernel: Kernel, device: Device, kind: ErrorKind): ErrorReport | undefined {
  const { portType } = pciFunctionOf(device);
  const isAbove = portType === portTypes.rootPort || portType === portTypes.downstreamPort;
  if (kind === "fatal" && !isAbove && !isWatched(kernel, device)) return { device, kind, status: 0, mask: 0, first: null };
  return reportOf(kernel, device, kind);
}

const handle = task("aer.handle", function* (kernel: Kernel, port: Device, message: Message): Task<void> {
  const { kind, source, isMultiple } = message;
  const all = [port, ...functionsBelow(port)];
  const named = all.find((device) => (addressOf(device) & requesterMask) === source);
  const found = isMultiple || named === undefined ? all.filter((device) => device === named || reportOf(kernel, device, kind) !== undefined).slice(0, mostReporters) : [named];
  countMessage(kernel, port, kind);
  const name = named?.name ?? `id ${source.toString(16).padStart(4, "0")}`;
  printk(kernel, "info", `pcieport ${port.name}: AER: ${isMultiple ? "Multiple " : ""}${severityTexts[kind]} error message received from ${name}${found.length === 0 ? " (no details found)" : ""}`);
  const reports = found.flatMap((device) => reportFor(kernel, device, kind) ?? []);
  for (const report of reports) tellReport(kernel, report, `irq/${(pciFunctionOf(port).messages?.data ?? 0) + 1}-aerdrv`);
  for (const report of reports) if (!report.device.isDead) yield* handleReported(kernel, report);
});

const clear = (kernel: Kernel, { device, kind, status }: ErrorReport): void => {
  const registers = aerOf(kernel, device);
  (kind === "correctable" ? registers?.correctableStatus : registers?.uncorrectableStatus)?.writeRaw(BigInt(status));
  clearDeviceStatus(kernel, device);
};

const handleReported = task("aer.handleReported", function* (kernel: Kernel, report: ErrorReport): Task<void> {
  const { device, kind, status } = report;
  const internal = internalErrorClient(kernel);
  if (internal !== null && isInternal(report) && (yield* internal(kernel, device, kind))) return clear(kernel, report);
  if (kind === "correctable") return yield* handleCorrectable(kernel, report);
  const isRecovered = yield* recover(kernel, { reporter: device, kind, status, service: "AER", reset: resetLink });
  if (isRecovered && !device.isDead) clear(kernel, report);
});

const internalBits = { correctable: 1 << 14, uncorrectable: 1 << 22 } as const;
/** An internal error, or a fatal one of a CXL endpoint, of which nothing can be read. */
const isInternal = ({ device, kind, status }: ErrorReport): boolean => pciFunctionOf(device).isCxl && (status === 0 || (status & (kind === "correctable" ? internalBits.correctable : internalBits.uncorrectable)) !== 0);

const handleCorrectable = task("aer.handleCorrectable", function* (kernel: Kernel, report: ErrorReport): Task<void> {
  const { device, status } = report;
  clear(kernel, report);
  if (isWatched(kernel, device)) yield* askClients(kernel, device, "correctable", status);
  else if (device.driver?.errors !== undefined) yield* device.driver.errors.correctable(kernel, device);
});
