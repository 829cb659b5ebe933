// The machine-check handler (machine-check 4 and 8): takes an access that met an error, grades it, acts, and says what that costs.

import type { FirmwareErrors } from "../../platform/platform.ts";
import type { Call, Kernel } from "../base/kernel.ts";
import { defineState, setTimer } from "../base/kernel.ts";
import { isAlive } from "../mm/process.ts";
import { takeBank } from "./banks.ts";
import type { BankError } from "./check-log.ts";
import { countChecks, dieOf, logEvents, traceRecord } from "./check-log.ts";
import type { CheckOutcome, ConsumedAccess } from "./consumption.ts";
import { bankOf, recordOf } from "./error-form.ts";
import type { Flow } from "./flow.ts";
import { flowOf } from "./flow.ts";
import { dieOfRecord, takeSynchronous } from "./ghes.ts";
import { memoryFailure, repeatFailure, takeFailureLock } from "./memory-failure.ts";
import type { CheckRecord, SeverityRow } from "./severity.ts";
import { grade } from "./severity.ts";
import { queueWork, returnToUser } from "./task-work.ts";
import { everyProcessor, noteKernelTime } from "../watchdog/processors.ts";

export { flushMachineChecks } from "./check-log.ts";

interface HandlerState {
  /** Called at the first check since it was last armed, with the count as argument: how a lost isolation interrupt is noticed. */
  onFirst: Call | null;
}

const handlerState = defineState("mce.handler", (): HandlerState => ({ onFirst: null }));

/** Arms a call at the next machine check. */
export function callAtMachineCheck(kernel: Kernel, call: Call | null): void {
  handlerState(kernel).onFirst = call;
}

const isLocal = (kernel: Kernel): boolean => kernel.settings.processor === "amd" || kernel.settings.checkDelivery === "local";
const nothing: CheckOutcome = { checks: 0, busy: 0, busyAll: 0, error: null };

/** What the kernel's own operation ends in (machine-check 8). */
function errorOf(path: ConsumedAccess["path"]): CheckOutcome["error"] {
  if (path === "copy-from-user") return "EFAULT";
  return path === "copy-mc" ? "EHWPOISON" : null;
}

function tellFirst(kernel: Kernel): void {
  const state = handlerState(kernel);
  if (state.onFirst === null) return;
  setTimer(kernel, 0, state.onFirst);
  state.onFirst = null;
}

/** A device's read completes with an error, its write is gone; a store merges or is dropped. Nobody is told (machine-check 8). */
const withoutCheck = (access: ConsumedAccess): CheckOutcome => (access.path === "dma-read" && access.status === "poison" ? { ...nothing, error: "EIO" } : nothing);

/** An error that asks for no action now: logged, and on AMD (deferred) the page is taken out of use. */
function takeQuietly(kernel: Kernel, error: BankError, row: SeverityRow): CheckOutcome {
  traceRecord(kernel, error);
  logEvents(kernel);
  if (row.severity !== "DEFERRED" && row.severity !== "AO") return nothing;
  takeFailureLock(kernel);
  memoryFailure(kernel, { address: error.address, current: null, isActionRequired: false, mustKill: false });
  return nothing;
}

/** The error as a bank has it once this access is there. */
function errorOfAccess(kernel: Kernel, access: ConsumedAccess): BankError | undefined {
  const { processor } = kernel.settings;
  const record: CheckRecord | undefined = recordOf(access.path, access.status, processor);
  if (record === undefined) return undefined;
  const isOverflow = takeBank(kernel, access.cpu, bankOf(record, processor));
  return { cpu: access.cpu, address: access.address, record: { ...record, isOverflow }, isLocal: isLocal(kernel) };
}

/** Does what the flow says for the thread. Returns virtual ns of work before it is in user mode again. */
function act(kernel: Kernel, access: ConsumedAccess, flow: Exclude<Flow, { readonly is: "panic" }>): number {
  const { process, address } = access;
  const work = flow.is === "work" || flow.is === "fixup" ? flow.work : null;
  if (work === null || process === null || !isAlive(process)) return 0;
  queueWork(kernel, process, work, address, flow.is === "work" && flow.mustKill);
  return access.goesOn === true ? 0 : returnToUser(kernel, process);
}

/**
 * The processor was in firmware first, and all others with it. What is to be done about the page stands in firmware's record; whether the thread can go on
 * without its data is the kernel's own matter, as ever.
 */
function takeAfterFirmware(kernel: Kernel, access: ConsumedAccess, { record, cpu, address }: BankError, row: SeverityRow, firmware: FirmwareErrors): CheckOutcome {
  const isLost = record.isOverflow && kernel.settings.processor === "intel";
  const busyAll = firmware.takeCheck({ cpu, address, isFatal: record.isContextCorrupt || isLost, isActionRequired: record.isException });
  if (!record.isException) return { ...nothing, busyAll };
  countChecks(kernel, access.name, row.row, address, 1);
  tellFirst(kernel);
  takeSynchronous(kernel, access);
  if (record.context === "KERNEL") dieOfRecord(kernel);
  const work = access.process === null || access.goesOn === true ? 0 : returnToUser(kernel, access.process);
  const busy = kernel.settings.checkTime + work;
  noteTime(kernel, access, busy, busyAll);
  return { checks: 1, busy, busyAll, error: errorOf(access.path) };
}

/**
 * Takes an access that met an error to the machine-check handler, if it raises a check. A dead process's checks still count: its loads were on their way.
 * @returns checks raised, virtual ns that this processor (`busy`) and all of them (`busyAll`) execute nothing else, and the error of the operation that goes on
 * without an exception to its thread
 * @throws KernelPanic the check is not recoverable, or memory_failure panics
 */
export function consumeAccess(kernel: Kernel, access: ConsumedAccess): CheckOutcome {
  const error = errorOfAccess(kernel, access);
  if (error === undefined) return withoutCheck(access);
  const row = grade(error.record, kernel.settings.processor);
  const { errors } = kernel.platform.firmware;
  if (errors !== undefined) return takeAfterFirmware(kernel, access, error, row, errors);
  if (!error.record.isException) return takeQuietly(kernel, error, row);
  countChecks(kernel, access.name, row.row, access.address, 1);
  tellFirst(kernel);
  traceRecord(kernel, error);
  const flow = flowOf(row, error.record, { isLocal: error.isLocal, isComplete: access.isSomebodyAbsent !== true, isCopyIn: access.path === "copy-from-user", hasFixup: true });
  if (flow.is === "panic") return dieOf(kernel, error, row.meaning, flow.message);
  logEvents(kernel);
  const busy = kernel.settings.checkTime + act(kernel, access, flow);
  const busyAll = error.isLocal ? 0 : kernel.settings.rendezvousTime;
  noteTime(kernel, access, busy, busyAll);
  return { checks: 1, busy, busyAll, error: errorOf(access.path) };
}

/** The watchdogs hear how long processors are in the handler. */
function noteTime(kernel: Kernel, { cpu, name, process }: ConsumedAccess, busy: number, busyAll: number): void {
  const { now } = kernel.platform.clock;
  const running = { name, pid: process?.pid ?? 0 };
  noteKernelTime(kernel, cpu, now, now + busy, running);
  noteKernelTime(kernel, everyProcessor, now, now + busyAll, running);
}

/** `count` more checks just like one that was taken, in closed form: counters, records, the lock of memory_failure. None of them is fatal. */
export function repeatChecks(kernel: Kernel, access: ConsumedAccess, count: number): void {
  const { processor } = kernel.settings;
  const record = recordOf(access.path, access.status, processor);
  if (record === undefined || count <= 0) return;
  const error: BankError = { cpu: access.cpu, address: access.address, record, isLocal: isLocal(kernel) };
  // What goes to firmware first leaves the kernel no bank to read.
  if (kernel.platform.firmware.errors === undefined) traceRecord(kernel, error, count);
  if (!record.isException) return;
  countChecks(kernel, access.name, grade(record, processor).row, access.address, count);
  const hasWork = record.context === "USER" || access.path === "copy-from-user";
  if (hasWork && access.process !== null && isAlive(access.process)) repeatFailure(kernel, access.address, count);
}
