// The isolation driver: arms root ports at boot, hears of isolation by interrupt, ACPI notify or the first machine check, and starts the
// recovery worker (timeout-isolation sheet 7, 9; error-recovery 9 states ARMED to NOTIFIED; S68, S89, S90).

import { timeoutIsolation } from "../../../registers/timeout-isolation.ts";
import type { DeviceHooks, DriverDevice, DriverModule, DriverServices } from "../../platform/driver.ts";
import type { StructureAccess } from "../../platform/registers.ts";
import type { IsolationState, WatchedPort } from "./recovery.ts";
import { runRecoveries } from "./recovery.ts";
import { chooseTimeoutValue } from "./timeout.ts";

type IsolationRegisters = StructureAccess<typeof timeoutIsolation>;

/**
 * Watches a root port and, where firmware leaves control to the system, enables timeout, isolation, forced link down and notification. Nothing
 * may use CXL.mem at that time (control[16] wants it quiesced). Null: this port cannot isolate.
 */
function watch(kernel: DriverServices, state: IsolationState, port: DriverDevice): DeviceHooks | null {
  const registers = kernel.component(port, timeoutIsolation);
  if (registers === undefined) return null;
  const capability = registers.capability.read();
  const granted = kernel.cxl.granted(port);
  if (capability.memoryIsolation === 0) return null;
  if (!granted.isolationControl) {
    kernel.log("info", `cxl_isolation ${port.name}: platform firmware controls CXL.mem isolation`);
    return hooksOf(kernel, state, { port, isIsolated: false });
  }
  const notification = kernel.parameters["notification"] ?? "interrupt";
  const wantsInterrupt = notification === "interrupt" || notification === "interrupt+err-cor";
  const hasInterrupt = wantsInterrupt && granted.isolationNotification && capability.interrupt === 1 && bindInterrupt(kernel, port, capability.interruptMessage);
  if (wantsInterrupt && granted.isolationNotification && !hasInterrupt) {
    kernel.log("warn", `cxl_isolation ${port.name}: no interrupt support, isolation left disabled`);
    return null;
  }
  const wantsErrCor = notification === "interrupt+err-cor" || notification === "acpi-notify";
  arm(registers, { capability, hasInterrupt, hasErrCor: wantsErrCor && capability.errCorSignaling === 1 });
  const hooks = hooksOf(kernel, state, { port, isIsolated: false });
  kernel.mark(`${port.name} isolation armed`);
  kernel.log("info", `cxl_isolation ${port.name}: CXL.mem isolation enabled`);
  return hooks;
}

function bindInterrupt(kernel: DriverServices, port: DriverDevice, message: number): boolean {
  try {
    kernel.requestInterrupt(port, message);
    return true;
  } catch (thrown) {
    if (kernel.errorOf(thrown) === undefined) throw thrown;
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

function hooksOf(kernel: DriverServices, state: IsolationState, watched: WatchedPort): DeviceHooks {
  state.watched.set(watched.port.id, watched);
  return {
    interrupt: () => examine(kernel, state, watched, "interrupt"),
    isolation: (source) => examine(kernel, state, watched, source),
    remove: () => void state.watched.delete(watched.port.id),
  };
}

/** Reads a port's status; newly isolated: marks it and hands it to the worker, or panics if policy says so. */
function examine(kernel: DriverServices, state: IsolationState, watched: WatchedPort, source: string): void {
  if (watched.isIsolated) return;
  const { port } = watched;
  const status = kernel.component(port, timeoutIsolation)?.status.read();
  if (status === undefined || status.memoryIsolation === 0) return;
  watched.isIsolated = true;
  kernel.cxl.setIsolated(port, true);
  const cause = status.memoryIsolationLinkDown === 1 ? "link down" : "transaction timeout";
  kernel.log("err", `cxl_isolation ${port.name}: CXL.mem isolated by ${cause} (${source})`);
  kernel.mark(`${port.name} isolated`, source);
  if (kernel.parameters["action"] === "panic") kernel.panic(`CXL.mem isolation on ${port.name}`);
  state.queue.push(watched);
  if (state.isWorkerRunning) return;
  state.isWorkerRunning = true;
  kernel.schedule("isolation-worker", () => runRecoveries(kernel, state));
}

/**
 * Recovery from isolation of CXL.mem. Parameters: `action` recover (default) or panic; `notification` none, interrupt (default), interrupt+err-cor or
 * acpi-notify; `order` fence-first (default) or removal-first.
 */
export const isolation: DriverModule = {
  name: "isolation",
  match: { kind: "root-port", capability: "timeoutIsolation" },
  start: (kernel) => {
    const state: IsolationState = { watched: new Map(), queue: [], unrestored: [], isWorkerRunning: false };
    return { probe: (port) => watch(kernel, state, port) };
  },
};
