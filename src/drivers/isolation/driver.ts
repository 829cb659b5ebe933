// The isolation driver: arms root ports at boot, hears of isolation by interrupt, ACPI notify or the first machine check, and starts the
// recovery worker (timeout-isolation sheet 7, 9; error-recovery 9 states ARMED to NOTIFIED; S68, S89, S90).

import { timeoutIsolation } from "../../../registers/timeout-isolation.ts";
import type { DeviceHooks, DriverDevice, DriverModule, DriverServices } from "../../platform/driver.ts";
import { decode } from "../../platform/registers.ts";
import type { Task } from "../../sim/task.ts";
import { suggestion } from "../../sim/suggest.ts";
import type { Controlled } from "./attributes.ts";
import { isolationFiles } from "./attributes.ts";
import type { Capability } from "./control.ts";
import { arm, clearIsolation, disable, isIsolated } from "./control.ts";
import { defectsOf } from "./defects.ts";
import type { IsolationState, WatchedPort } from "./recovery.ts";
import { runRecoveries } from "./recovery.ts";
import { spanNames } from "./timeout.ts";

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
  const wantsInterrupt = state.notification === "interrupt" || state.notification === "interrupt+err-cor";
  const hasInterrupt = granted.isolationControl && wantsInterrupt && granted.isolationNotification && capability.interrupt === 1 && bindInterrupt(kernel, port, capability.interruptMessage);
  const controlled: Controlled = { port, registers, capability, isOurs: granted.isolationControl, arming: { range: kernel.parameters["timeout"], hasInterrupt, hasErrCor: errCorOf(state, granted.isolationNotification, capability), defects: state.defects } };
  if (!granted.isolationControl) kernel.log("info", `cxl_isolation ${port.name}: platform firmware controls CXL.mem isolation`);
  else if (wantsInterrupt && granted.isolationNotification && !hasInterrupt) {
    kernel.log("warn", `cxl_isolation ${port.name}: no interrupt support, isolation left disabled`);
    return null;
  } else enable(kernel, controlled);
  kernel.attributes(port, "cxl_isolation", isolationFiles(kernel, controlled));
  return hooksOf(kernel, state, controlled);
}

/**
 * A port that nothing is decoded through is isolated before anybody has armed it: a warm reset leaves the status, which is sticky (TS5). The reset took the link
 * down (TR3) and nobody waits for what was below, so that there is nothing to recover; left as it is, the forced link down would take the card away.
 */
function leaveEarlier(kernel: DriverServices, { port, registers }: Controlled): void {
  if (registers.status.get("memoryIsolation") === 0 || kernel.cxl.regionsBelow(port).length > 0) return;
  const isOver = clearIsolation(registers);
  kernel.log(isOver ? "info" : "err", `cxl_isolation ${port.name}: isolation from before ${isOver ? "cleared" : "cannot be left"}`);
}

function enable(kernel: DriverServices, controlled: Controlled): void {
  const { port, registers, capability, arming } = controlled;
  leaveEarlier(kernel, controlled);
  arm(kernel, registers, capability, arming);
  kernel.mark(`${port.name} isolation armed`);
  kernel.log("info", `cxl_isolation ${port.name}: CXL.mem isolation enabled`);
}

/** What becomes of ERR_COR's enable bit; undefined: it is firmware's, who is told by it, and left alone. */
function errCorOf({ notification }: IsolationState, isGranted: boolean, { errCorSignaling }: Capability): boolean | undefined {
  const isWanted = (notification === "interrupt+err-cor" || notification === "acpi-notify") && errCorSignaling === 1;
  return isWanted || isGranted ? isWanted : undefined;
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

function hooksOf(kernel: DriverServices, state: IsolationState, controlled: Controlled): DeviceHooks {
  const watched: WatchedPort = { port: controlled.port, isIsolated: false };
  state.watched.set(watched.port.id, watched);
  return {
    interrupt: () => examine(kernel, state, watched, "interrupt"),
    isolation: (source) => examine(kernel, state, watched, source),
    remove: () => letGo(kernel, state, controlled),
  };
}

/** The driver leaves a port: isolation that it enabled is taken out of service, if the port still answers and is not busy for ever. */
function* letGo(kernel: DriverServices, state: IsolationState, { port, registers, isOurs }: Controlled): Task<void> {
  state.watched.delete(port.id);
  if (!isOurs) return;
  try {
    yield* disable(kernel, registers, state.defects);
  } catch (thrown) {
    const error = kernel.errorOf(thrown);
    if (error === undefined) throw thrown;
    kernel.log("err", `cxl_isolation ${port.name}: isolation not disabled (-${error.number})`);
  }
}

/** Reads a port's status; newly isolated: marks it and hands it to the worker, or panics if policy says so. */
function examine(kernel: DriverServices, state: IsolationState, watched: WatchedPort, source: string): void {
  if (watched.isIsolated) return;
  const { port } = watched;
  const status = kernel.component(port, timeoutIsolation)?.status.readRaw();
  if (status === undefined || !isIsolated(status, state.defects)) return;
  watched.isIsolated = true;
  kernel.cxl.setIsolated(port, true);
  const cause = decode(timeoutIsolation.registers.status, status).memoryIsolationLinkDown === 1 ? "link down" : "transaction timeout";
  kernel.log("err", `cxl_isolation ${port.name}: CXL.mem isolated by ${cause} (${source})`);
  kernel.mark(`${port.name} isolated`, source);
  if (kernel.parameters["action"] === "panic") kernel.panic(`CXL.mem isolation on ${port.name}`);
  state.queue.push(watched);
  if (state.isWorkerRunning) return;
  state.isWorkerRunning = true;
  kernel.schedule("isolation-worker", () => runRecoveries(kernel, state));
}

function checkTimeout(name: string | undefined): void {
  if (name !== undefined && !spanNames.includes(name)) throw new TypeError(`timeout: there is no range "${name}"; ${suggestion(name, spanNames)}`);
}

/**
 * Recovery from isolation of CXL.mem. Parameters: `action` recover (default) or panic; `notification` none, interrupt (default), interrupt+err-cor or
 * acpi-notify; `order` fence-first (default) or removal-first; `timeout` a, a2, b ... d2 (default: the longer span of the lowest range that a port has);
 * `defect` names of src/drivers/isolation/defects.ts with commas between (default: none). A wrong name of the last two is a TypeError at start.
 */
export const isolation: DriverModule = {
  name: "isolation",
  match: { kind: "root-port", capability: "timeoutIsolation" },
  start: (kernel) => {
    checkTimeout(kernel.parameters["timeout"]);
    const state: IsolationState = { notification: kernel.parameters["notification"] ?? "interrupt", defects: defectsOf(kernel.parameters["defect"]), watched: new Map(), queue: [], unrestored: [], isWorkerRunning: false };
    return { probe: (port) => watch(kernel, state, port) };
  },
};
