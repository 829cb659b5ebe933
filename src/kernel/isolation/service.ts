// The isolation service: arms root ports at boot, hears of isolation by interrupt, ACPI notify or the first machine check, and starts the
// recovery worker (timeout-isolation sheet 7, 9; error-recovery 9 states ARMED to NOTIFIED; S68, S89, S90).

import { spawn } from "../../sim/task.ts";
import type { Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Handler, Kernel } from "../base/kernel.ts";
import { mark, panic, printk } from "../base/kernel.ts";
import { oscGranted } from "../acpi/acpi.ts";
import { dportOfDevice } from "../cxl/types.ts";
import { callAtMachineCheck } from "../mce/machine-check.ts";
import { bindMessage } from "../pci/messages.ts";
import type { IsolationRegisters } from "./port.ts";
import { bridgeUidOf, isolationRegisters, rootPorts } from "./port.ts";
import { runRecoveries } from "./recovery.ts";
import type { WatchedPort } from "./state.ts";
import { isolationState } from "./state.ts";
import { chooseTimeoutValue } from "./timeout.ts";

export const interruptHandler = "isolation-interrupt";
export const machineCheckHandler = "isolation-machine-check";
/** For the ACPI notify 0x80 of a host bridge; its argument is the bridge's UID. */
export const notifyHandler = "isolation-notify";

/**
 * Watches every root port that has the capability and, where firmware leaves control to the system, enables timeout, isolation, forced link
 * down and notification. Call it at boot before anything uses CXL.mem (control[16] wants it quiesced).
 */
export function initializeIsolation(kernel: Kernel): void {
  if (kernel.policy.isolationAction === "none") return;
  for (const port of rootPorts(kernel)) {
    const registers = isolationRegisters(kernel, port);
    if (registers !== undefined) watch(kernel, port, registers);
  }
  if (isolationState(kernel).watched.size > 0) listenToMachineChecks(kernel);
}

function watch(kernel: Kernel, port: Device, registers: IsolationRegisters): void {
  const capability = registers.capability.read();
  const granted = oscGranted(kernel, bridgeUidOf(port));
  const watched = (isArmed: boolean): WatchedPort => ({ port, isArmed, isIsolated: false });
  if (capability.memoryIsolation === 0) return;
  if (!granted.isolationControl) {
    printk(kernel, "info", `cxl_isolation ${port.name}: platform firmware controls CXL.mem isolation`);
    isolationState(kernel).watched.set(port.id, watched(false));
    return;
  }
  const wantsInterrupt = kernel.policy.notification === "interrupt" || kernel.policy.notification === "interrupt+err-cor";
  const hasInterrupt = wantsInterrupt && granted.isolationNotification && bindInterrupt(kernel, port, capability.interrupt === 1, capability.interruptMessage);
  if (wantsInterrupt && granted.isolationNotification && !hasInterrupt) {
    printk(kernel, "warn", `cxl_isolation ${port.name}: no interrupt support, isolation left disabled`);
    return;
  }
  const wantsErrCor = kernel.policy.notification === "interrupt+err-cor" || kernel.policy.notification === "acpi-notify";
  arm(registers, { capability, hasInterrupt, hasErrCor: wantsErrCor && capability.errCorSignaling === 1 });
  isolationState(kernel).watched.set(port.id, watched(true));
  mark(kernel, `${port.name} isolation armed`);
  printk(kernel, "info", `cxl_isolation ${port.name}: CXL.mem isolation enabled`);
}

function bindInterrupt(kernel: Kernel, port: Device, isSupported: boolean, message: number): boolean {
  if (!isSupported) return false;
  try {
    bindMessage(kernel, port, message, { handler: interruptHandler, argument: port.id });
    return true;
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    return false;
  }
}

interface Arming {
  readonly capability: { readonly memoryTimeout: number; readonly memoryTimeoutRanges: number; readonly memoryIsolationLinkDown: number };
  readonly hasInterrupt: boolean;
  readonly hasErrCor: boolean;
}

/** Timeout value, then its enable, then isolation with everything that belongs to it in one write (S90). */
function arm(registers: IsolationRegisters, arming: Arming): void {
  const { capability } = arming;
  registers.control.modify({ memoryTimeoutValue: capability.memoryTimeout === 1 ? chooseTimeoutValue(capability.memoryTimeoutRanges) : 0 });
  if (capability.memoryTimeout === 1) registers.control.modify({ memoryTimeoutEnable: 1 });
  registers.control.modify({
    memoryIsolationEnable: 1,
    memoryIsolationLinkDownEnable: capability.memoryIsolationLinkDown,
    interruptEnable: arming.hasInterrupt ? 1 : 0,
    errCorEnable: arming.hasErrCor ? 1 : 0,
  });
}

function listenToMachineChecks(kernel: Kernel): void {
  callAtMachineCheck(kernel, { handler: machineCheckHandler, argument: 0 });
}

/** Reads a port's status; newly isolated: marks it and hands it to the worker, or panics if policy says so. */
function examine(kernel: Kernel, watched: WatchedPort, source: string): boolean {
  if (watched.isIsolated) return false;
  const status = isolationRegisters(kernel, watched.port)?.status.read();
  if (status === undefined || status.memoryIsolation === 0) return false;
  watched.isIsolated = true;
  const dport = dportOfDevice(kernel, watched.port);
  if (dport !== undefined) dport.isIsolated = true;
  const cause = status.memoryIsolationLinkDown === 1 ? "link down" : "transaction timeout";
  printk(kernel, "err", `cxl_isolation ${watched.port.name}: CXL.mem isolated by ${cause} (${source})`);
  mark(kernel, `${watched.port.name} isolated`, source);
  if (kernel.policy.isolationAction === "panic") panic(kernel, `CXL.mem isolation on ${watched.port.name}`);
  const state = isolationState(kernel);
  state.queue.push(watched.port.id);
  if (!state.isWorkerRunning) {
    state.isWorkerRunning = true;
    spawn(kernel.scheduler, "isolation-worker", runRecoveries(kernel));
  }
  return true;
}

const onInterrupt: Handler = (kernel, deviceId) => {
  const watched = isolationState(kernel).watched.get(deviceId);
  if (watched !== undefined) examine(kernel, watched, "interrupt");
};

const onNotify: Handler = (kernel, uid) => {
  for (const watched of isolationState(kernel).watched.values()) if (bridgeUidOf(watched.port) === uid) examine(kernel, watched, "ACPI notify");
};

/** The interrupt may be late, lost or not wanted: the first machine check looks at every port (error-recovery 9 row 3). */
const onMachineCheck: Handler = (kernel) => {
  for (const watched of isolationState(kernel).watched.values()) examine(kernel, watched, "machine check");
  listenToMachineChecks(kernel);
};

export const isolationHandlers: ReadonlyMap<string, Handler> = new Map([[interruptHandler, onInterrupt], [notifyHandler, onNotify], [machineCheckHandler, onMachineCheck]]);
