// Driver plug-ins in the kernel: they start with boot, are bound as services beside Linux's own drivers (or before them), and hear of what befalls their
// functions (docs/decisions/0007).

import { eventLogs } from "../../../registers/events.ts";
import { timeoutIsolation } from "../../../registers/timeout-isolation.ts";
import { checkAnswer, checkInstance } from "../../platform/driver-check.ts";
import type { DeviceHooks, ErrorAnswer, ErrorSeverity } from "../../platform/driver.ts";
import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import { wantIsolation } from "../acpi/acpi.ts";
import type { BusWatcher } from "../base/bus-watcher.ts";
import { watchBus } from "../base/bus-watcher.ts";
import type { Device } from "../base/device.ts";
import { attach, busDevices, withdrawDriver } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Handler, Kernel } from "../base/kernel.ts";
import { mark } from "../base/kernel.ts";
import { listenToRecords } from "../cxl/record-listeners.ts";
import { callAtMachineCheck } from "../mce/machine-check.ts";
import { watchErrors } from "../pci/error-clients.ts";
import { claimLink } from "../pci/hold.ts";
import { hostBridgeOf } from "../pci/buses.ts";
import { isPciDevice, pciBus, pciFunctionOf } from "../pci/device.ts";
import { bindPlugIn, unbindPlugIn } from "./binding.ts";
import { callHook, runHook } from "./failure.ts";
import { functionDriver, registerAhead, unboundHandler } from "./function-driver.ts";
import { interruptHandler, onInterrupt } from "./interrupts.ts";
import { matchOf, matchesOf } from "./match.ts";
import { createServices } from "./services.ts";
import type { Binding, PlugIn, PlugInRecord } from "./state.ts";
import { bindings, bindingsOf, plugInState } from "./state.ts";

const machineCheckHandler = "plug-in-machine-check";
/** For the ACPI notify 0x80 of a host bridge; its argument is the bridge's UID. */
export const notifyHandler = "plug-in-notify";

/** Gives a kernel its drivers, in order of preference, before it boots. */
export function addPlugIns(kernel: Kernel, plugIns: readonly PlugIn[]): void {
  for (const plugIn of plugIns) plugInState(kernel).plugIns.push({ ...plugIn, instance: null, driver: null, bindings: [], unstarted: new Map(), mapped: new Set(), nextCall: 0, nextQueue: 0 });
}

const place = ({ plugIn, device }: Binding, hook: keyof DeviceHooks) => ({ plugIn, hook, device: device.name });

/** Starts every driver: the first thing at boot, so that those that take functions stand before Linux's own. */
export function startPlugIns(kernel: Kernel): void {
  const { plugIns } = plugInState(kernel);
  if (plugIns.length === 0) return;
  watchBus(kernel, watcher);
  listenToRecords(kernel, tellEvent);
  for (const plugIn of plugIns) {
    start(kernel, plugIn);
    if (matchesOf(plugIn).some(({ capability }) => capability === timeoutIsolation.name)) wantIsolation(kernel);
  }
}

function start(kernel: Kernel, plugIn: PlugInRecord): void {
  plugIn.instance = callHook(kernel, { plugIn, hook: "start", device: "" }, () => checkInstance(plugIn.module.start(createServices(kernel, plugIn))));
  if (plugIn.module.takesFunction !== true) return;
  plugIn.driver = functionDriver(plugIn, tell);
  registerAhead(kernel, plugIn.driver);
}

/** Starts a driver that was unloaded: it is offered every function that nobody has, or, as a service, every one. */
export const loadPlugIn = task("plug-in.load", function* (kernel: Kernel, plugIn: PlugInRecord): Task<void> {
  start(kernel, plugIn);
  for (const device of busDevices(kernel, pciBus).slice()) {
    if (plugIn.driver === null) yield* offer(kernel, plugIn, device);
    else yield* attach(kernel, device);
  }
  mark(kernel, `${plugIn.module.name} loaded`);
});

/** Lets a driver go from all its functions, the newest first. Functions that it took are left without a driver, as by Linux. */
export const unloadPlugIn = task("plug-in.unload", function* (kernel: Kernel, plugIn: PlugInRecord): Task<void> {
  if (plugIn.driver !== null) yield* withdrawDriver(kernel, plugIn.driver);
  for (const binding of plugIn.bindings.toReversed()) yield* unbindPlugIn(kernel, binding);
  plugIn.instance = null;
  plugIn.driver = null;
  mark(kernel, `${plugIn.module.name} unloaded`);
});

/** Drivers that came from outside, in order of preference. */
export const foreignPlugIns = (kernel: Kernel): PlugInRecord[] => plugInState(kernel).plugIns.filter(({ isBuiltIn }) => !isBuiltIn);

/** Binds services to every function that there is, driver by driver, and from now on to those that come. Boot calls it before anything uses CXL.mem. */
export const bindServices = task("plug-in.bindServices", function* (kernel: Kernel): Task<void> {
  plugInState(kernel).isBinding = true;
  for (const plugIn of plugInState(kernel).plugIns) for (const device of [...kernel.devices.values()].filter(isPciDevice)) yield* offer(kernel, plugIn, device);
});

const offer = task("plug-in.offer", function* (kernel: Kernel, plugIn: PlugInRecord, device: Device): Task<void> {
  if (plugIn.instance === null || plugIn.module.takesFunction === true || device.isDead || plugIn.bindings.some((binding) => binding.device === device)) return;
  const match = matchOf(kernel, plugIn, device);
  if (match === undefined) return;
  try {
    const binding = yield* bindPlugIn(kernel, plugIn, device, match);
    if (binding !== null) tell(kernel, binding);
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
  }
});

/** What the kernel arms for the hooks that a driver has. */
function tell(kernel: Kernel, { hooks, device }: Binding): void {
  if (hooks?.isolation !== undefined) {
    listenToMachineChecks(kernel);
    claimLink(kernel, device, true);
  }
  if (hooks?.error !== undefined) watchErrors(kernel, device, tellError);
}

/** Asks every driver of a function what becomes of it. */
const tellError = task("plug-in.error", function* (kernel: Kernel, device: Device, severity: ErrorSeverity, status: number): Task<readonly ErrorAnswer[]> {
  const answers: ErrorAnswer[] = [];
  for (const binding of bindingsOf(kernel, device)) {
    const { hooks } = binding;
    if (hooks?.error === undefined) continue;
    const answer = yield* runHook(kernel, place(binding, "error"), () => hooks.error?.(severity, status) ?? "none");
    answers.push(callHook(kernel, place(binding, "error"), () => checkAnswer(answer)));
  }
  return answers;
});

const watcher: BusWatcher = {
  bus: pciBus,
  bound: task("plug-in.bound", function* (kernel: Kernel, device: Device): Task<void> {
    if (!plugInState(kernel).isBinding) return;
    for (const plugIn of plugInState(kernel).plugIns) yield* offer(kernel, plugIn, device);
  }),
  leaving: task("plug-in.leaving", function* (kernel: Kernel, device: Device): Task<void> {
    for (const binding of bindingsOf(kernel, device).toReversed()) if (binding.plugIn.module.takesFunction !== true) yield* unbindPlugIn(kernel, binding);
  }),
  reset: task("plug-in.reset", function* (kernel: Kernel, device: Device): Task<void> {
    for (const binding of bindingsOf(kernel, device)) yield* runHook(kernel, place(binding, "resetDone"), () => binding.hooks?.resetDone?.());
  }),
};

function tellEvent(kernel: Kernel, device: Device, log: number, record: Uint8Array): void {
  const name = eventLogs[log];
  if (name === undefined) return;
  for (const binding of bindingsOf(kernel, device)) callHook(kernel, place(binding, "event"), () => binding.hooks?.event?.({ log: name, record: record.slice() }));
}

const listenToMachineChecks = (kernel: Kernel): void => callAtMachineCheck(kernel, { handler: machineCheckHandler, argument: 0 });

function tellIsolation(kernel: Kernel, among: readonly Binding[], source: "ACPI notify" | "machine check"): void {
  for (const binding of among) callHook(kernel, place(binding, "isolation"), () => binding.hooks?.isolation?.(source));
}

const onNotify: Handler = (kernel, uid) => tellIsolation(kernel, bindings(kernel).filter(({ device }) => hostBridgeOf(pciFunctionOf(device).hostBridge).uid === uid), "ACPI notify");

/** The interrupt may be late, lost or not wanted: the first machine check looks at every port (error-recovery 9 row 3). */
const onMachineCheck: Handler = (kernel) => {
  tellIsolation(kernel, bindings(kernel), "machine check");
  if (bindings(kernel).some(({ hooks }) => hooks?.isolation !== undefined)) listenToMachineChecks(kernel);
};

export const plugInHandlers: ReadonlyMap<string, Handler> = new Map([[interruptHandler, onInterrupt], [notifyHandler, onNotify], [machineCheckHandler, onMachineCheck], [unboundHandler, () => undefined]]);
