// CXL protocol errors: the RAS registers of a function (CXL 3.2 8.2.4.17), how cxl_pci meets errors that AER tells it of (error-recovery 2, 3), and what the
// pending alternative makes of them (POL-UCE `panic-on-any`).

import { ras } from "../../../registers/ras-link.ts";
import { timeoutIsolation } from "../../../registers/timeout-isolation.ts";
import type { StructureAccess } from "../../platform/registers.ts";
import { structureAt } from "../../platform/registers.ts";
import type { ErrorSeverity } from "../../platform/driver.ts";
import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { ChannelState, Device, ErrorHandlers, ErrorVote } from "../base/device.ts";
import { attach, busDevices, unbind } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { mark, panic, printk } from "../base/kernel.ts";
import { unmaskInternalErrors } from "../pci/aer-registers.ts";
import { pciFunctionOf } from "../pci/device.ts";
import { takeInternalErrors } from "../pci/error-clients.ts";
import { judgeLinks } from "../pci/hold.ts";
import { restoreFunction } from "../pci/reset.ts";
import { formatCorrectable, formatPortCorrectable, formatPortUncorrectable, formatUncorrectable } from "../trace/cxl-lines.ts";
import { traceEvent } from "../trace/ring.ts";
import { tracedDevice } from "./events.ts";
import { firstErrorOf, handledCorrectable, handledUncorrectable } from "./ras-errors.ts";
import type { ComponentRegisters } from "./registers.ts";
import { capabilityIds, capabilityOffset } from "./registers.ts";
import { cxlBus, dportOfDevice, isMemdev, isPort, memdevOf, portOf } from "./types.ts";

type RasRegisters = StructureAccess<typeof ras>;

const headerDwords = 16;
const command = "irq/aerdrv";

export function rasOf(components: ComponentRegisters | null): RasRegisters | undefined {
  const offset = components === null ? undefined : capabilityOffset(components, capabilityIds.ras);
  return components === null || offset === undefined ? undefined : structureAt(components.handle, offset, ras);
}

/** Reads and clears correctable errors. Returns them; 0: none. */
function takeCorrectable(registers: RasRegisters | undefined): number {
  const status = registers === undefined ? 0 : Number(registers.correctableStatus.readRaw()) & handledCorrectable;
  if (status !== 0) registers?.correctableStatus.writeRaw(BigInt(status));
  return status;
}

interface Uncorrectable {
  readonly status: number;
  readonly first: number;
  readonly header: readonly number[];
}

/** Reads and clears uncorrectable errors, their header before. A device that does not answer has them all. */
function takeUncorrectable(registers: RasRegisters | undefined): Uncorrectable | undefined {
  const status = registers === undefined ? 0 : Number(registers.uncorrectableStatus.readRaw()) & handledUncorrectable;
  if (registers === undefined || status === 0) return undefined;
  const first = firstErrorOf(status, registers.control.get("firstErrorPointer"));
  const header = Array.from({ length: headerDwords }, (_, index) => Number(registers.headerLog.at(index).readRaw()));
  registers.uncorrectableStatus.writeRaw(BigInt(status));
  return { status, first, header };
}

const memdevOfFunction = (device: Device): Device | undefined => device.children.find(isMemdev);

/** The header goes with the record of the trace, of which the text has no place for it: it is in the run's own trace. */
function markHeader(kernel: Kernel, subject: string, { header }: Uncorrectable): void {
  mark(kernel, `${subject} header log`, header.map((dword) => dword.toString(16).padStart(8, "0")).join(" "));
}

function traceMemdev(kernel: Kernel, memdev: Device, found: Uncorrectable): void {
  const device = tracedDevice(memdevOf(memdev).state);
  traceEvent(kernel, "cxl_aer_uncorrectable_error", command, memdev.name, () => formatUncorrectable(device, found.status, found.first));
  markHeader(kernel, memdev.name, found);
}

function traceMemdevCorrectable(kernel: Kernel, memdev: Device, status: number): void {
  traceEvent(kernel, "cxl_aer_correctable_error", command, memdev.name, () => formatCorrectable(tracedDevice(memdevOf(memdev).state), status));
}

/** Handlers find the memdev with its driver, or give up. */
function boundMemdev(kernel: Kernel, device: Device): Device | undefined {
  const memdev = memdevOfFunction(device);
  if (memdev?.driver != null) return memdev;
  printk(kernel, "warn", `cxl_pci ${device.name}: ${memdev?.name ?? device.name}: memdev disabled, abort error handling`);
  return undefined;
}

const correctable = task("cxl_pci.correctable", function* (kernel: Kernel, device: Device): Task<void> {
  const memdev = boundMemdev(kernel, device);
  if (memdev === undefined) return;
  const status = takeCorrectable(rasOf(memdevOf(memdev).components));
  if (status !== 0) traceMemdevCorrectable(kernel, memdev, status);
});

/** The memdev's driver lets go inside the recovery, with everything that follows: it may wait for pins without limit. */
const detected = task("cxl_pci.detected", function* (kernel: Kernel, device: Device, state: ChannelState): Task<ErrorVote> {
  const memdev = boundMemdev(kernel, device);
  if (memdev === undefined) return "disconnect";
  const found = takeUncorrectable(rasOf(memdevOf(memdev).components));
  if (found !== undefined) traceMemdev(kernel, memdev, found);
  if (found !== undefined && kernel.policy.panicsOnUncorrectable) panic(kernel, "CXL cachemem error.");
  if (state === "perm-failure") {
    printk(kernel, "warn", `cxl_pci ${device.name}: failure state error detected, request disconnect`);
    return "disconnect";
  }
  if (state === "normal" && found === undefined) return "can-recover";
  if (state === "frozen") printk(kernel, "warn", `cxl_pci ${device.name}: ${device.name}: frozen state error detected, disable CXL.mem`);
  yield* unbind(kernel, memdev);
  return "need-reset";
});

const slotReset = task("cxl_pci.slotReset", function* (kernel: Kernel, device: Device): Task<ErrorVote> {
  const memdev = memdevOfFunction(device);
  if (memdev === undefined) return "disconnect";
  printk(kernel, "info", `cxl_pci ${device.name}: ${memdev.name}: restart CXL.mem after slot reset`);
  restoreFunction(kernel, device);
  return (yield* attach(kernel, memdev)) ? "recovered" : "disconnect";
});

const resume = task("cxl_pci.resume", function* (kernel: Kernel, device: Device): Task<void> {
  const memdev = memdevOfFunction(device);
  printk(kernel, "info", `cxl_pci ${device.name}: ${memdev?.name ?? device.name}: error resume ${memdev?.driver == null ? "failed" : "successful"}`);
});

export const errorHandlers: ErrorHandlers = { correctable, detected, slotReset, resume };

/** Registers of a function that is an endpoint, a root or downstream port, or the upstream port of a switch. */
function componentsOf(kernel: Kernel, device: Device): ComponentRegisters | null {
  const memdev = memdevOfFunction(device);
  if (memdev !== undefined) return memdevOf(memdev).components;
  return dportOfDevice(kernel, device)?.components ?? busDevices(kernel, cxlBus).filter(isPort).map(portOf).find(({ uport }) => uport === device)?.components ?? null;
}

function tracePort(kernel: Kernel, device: Device, found: Uncorrectable): void {
  traceEvent(kernel, "cxl_port_aer_uncorrectable_error", command, device.name, () => formatPortUncorrectable(device.name, device.parent?.name ?? "", found.status, found.first));
  markHeader(kernel, device.name, found);
}

const tracePortCorrectable = (kernel: Kernel, device: Device, status: number): void =>
  traceEvent(kernel, "cxl_port_aer_correctable_error", command, device.name, () => formatPortCorrectable(device.name, device.parent?.name ?? "", status));

/**
 * POL-UCE `panic-on-any`: errors of every CXL function come here before anybody else; an uncorrectable one ends the host whatever its severity in AER, and so
 * does a function that is found disconnected (error-recovery 3; INFERRED: that the masks are opened for it, and the texts).
 */
const handleInternal = task("cxl.handleInternal", function* (kernel: Kernel, device: Device, severity: ErrorSeverity): Task<boolean> {
  const registers = rasOf(componentsOf(kernel, device));
  const memdev = memdevOfFunction(device);
  if (severity === "correctable") {
    const status = takeCorrectable(registers);
    if (status !== 0 && memdev !== undefined) traceMemdevCorrectable(kernel, memdev, status);
    else if (status !== 0) tracePortCorrectable(kernel, device, status);
    return true;
  }
  if (pciFunctionOf(device).isDisconnected) panic(kernel, "CXL cachemem error: device disconnected.");
  const found = takeUncorrectable(registers);
  if (found === undefined) return false;
  if (memdev === undefined) tracePort(kernel, device, found);
  else traceMemdev(kernel, memdev, found);
  return panic(kernel, "CXL cachemem error.");
});

/** CXL.mem of a root port is isolated. */
function isIsolated(kernel: Kernel, port: Device): boolean {
  const components = dportOfDevice(kernel, port)?.components ?? null;
  const offset = components === null ? undefined : capabilityOffset(components, capabilityIds.timeoutIsolation);
  return components !== null && offset !== undefined && structureAt(components.handle, offset, timeoutIsolation).status.get("memoryIsolation") === 1;
}

/** Takes protocol errors of all CXL functions where the policy says so; 7.2 and 7.3 leave them to AER. Says of ports whether they are isolated. */
export function startRas(kernel: Kernel): void {
  judgeLinks(kernel, isIsolated);
  if (kernel.policy.panicsOnUncorrectable) takeInternalErrors(kernel, handleInternal);
}

/** Opens the masks of a function's errors where the policy wants to hear of them. 7.2 and 7.3 mean to and return early (observed). */
export function unmaskRas(kernel: Kernel, device: Device, components: ComponentRegisters | null): void {
  const registers = rasOf(components);
  if (registers === undefined || !kernel.policy.panicsOnUncorrectable) return;
  registers.uncorrectableMask.writeRaw(registers.uncorrectableMask.readRaw() & ~BigInt(handledUncorrectable));
  registers.correctableMask.writeRaw(registers.correctableMask.readRaw() & ~BigInt(handledCorrectable));
  unmaskInternalErrors(kernel, device);
}
