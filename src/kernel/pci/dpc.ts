// Downstream Port Containment (dpc.c in outline; error-recovery 4.2): a port whose hardware took its link down on a fatal error. The loss of a card is
// left to hot-plug; after any other error everything below is recovered, with the release of the link in the reset's place.

import { dpcRootPort } from "../../../registers/dpc.ts";
import * as walk from "../../platform/config-walk.ts";
import { formatPciAddress } from "../../platform/pci-address.ts";
import type { StructureAccess } from "../../platform/registers.ts";
import { structureAt } from "../../platform/registers.ts";
import type { Task } from "../../sim/task.ts";
import { point, sleep, spawn, task } from "../../sim/task.ts";
import type { Device } from "../base/device.ts";
import type { Handler, Kernel } from "../base/kernel.ts";
import { defineState, mark, printk } from "../base/kernel.ts";
import { aerOf, clearDeviceStatus, clearErrorStatus } from "./aer-registers.ts";
import { reportOf, tellReport } from "./aer-report.ts";
import { addressOf, pciFunctionOf } from "./device.ts";
import { recover } from "./error-recovery.ts";
import { isClaimed } from "./hold.ts";
import { hasHotplugSlot, settleTime, waitForLink } from "./link.ts";
import { bindMessage } from "./messages.ts";
import { configBus } from "./registers.ts";

const millisecond = 1_000_000;
/** Limit and poll of Root Port Busy (dpc_wait_rp_inactive). */
const busyTimeout = 1000 * millisecond;
const pollTime = 10 * millisecond;
/** Whoever waits for containment looks first after this time, then ever more seldom. */
const firstPause = 10_000;
const dpcHandler = "dpc";
/** Contains fatal errors alone, as Linux has it. */
const onFatal = 1;

interface Containment {
  readonly port: Device;
  isWorking: boolean;
  /** It triggered, and recovery has not come to its end (PCI_DPC_RECOVERING). */
  isRecovering: boolean;
  /** The last recovery succeeded, and nobody asked for that yet (PCI_DPC_RECOVERED). */
  isRecovered: boolean;
}

const containments = defineState("pci.dpc", () => ({ byPort: new Map<number, Containment>() }));

function dpcOf(kernel: Kernel, port: Device): StructureAccess<typeof dpcRootPort> | undefined {
  const bus = configBus(kernel, addressOf(port));
  const at = walk.findFirstExtended(bus, dpcRootPort.identity.id);
  return at === 0 ? undefined : structureAt(bus, at, dpcRootPort);
}

/** Contains a port's fatal errors from now on, where it can. @throws SystemError EINVAL its message was not granted */
export function startContainment(kernel: Kernel, port: Device): void {
  const registers = dpcOf(kernel, port);
  if (registers === undefined) return;
  bindMessage(kernel, port, registers.capability.get("interruptMessage"), { handler: dpcHandler, argument: port.id });
  containments(kernel).byPort.set(port.id, { port, isWorking: false, isRecovering: false, isRecovered: false });
  registers.status.write({ interrupt: 1 });
  registers.control.modify({ triggerEnable: onFatal, interruptEnable: 1 });
}

export function stopContainment(kernel: Kernel, port: Device): void {
  if (containments(kernel).byPort.delete(port.id) && !pciFunctionOf(port).isDisconnected) dpcOf(kernel, port)?.control.modify({ triggerEnable: 0, interruptEnable: 0 });
}

const onContained: Handler = (kernel, portId) => {
  const known = containments(kernel).byPort.get(portId);
  const registers = known === undefined ? undefined : dpcOf(kernel, known.port);
  if (known === undefined || registers === undefined) return;
  const { interrupt, trigger } = registers.status.read();
  if (interrupt === 0) return;
  registers.status.write({ interrupt: 1 });
  if (trigger === 0 || known.isWorking) return;
  known.isWorking = true;
  spawn(kernel.scheduler, `dpc:${known.port.name}`, work(kernel, known));
};

export const dpcHandlers: ReadonlyMap<string, Handler> = new Map([[dpcHandler, onContained]]);

/** Again when it triggered once more meanwhile. */
const work = task("dpc.work", function* (kernel: Kernel, known: Containment): Task<void> {
  mark(kernel, `${known.port.name} contained`);
  known.isRecovering = true;
  if (isSurprise(kernel, known.port) || isClaimed(kernel, known.port)) yield* release(kernel, known.port);
  else yield* recoverPort(kernel, known);
  known.isRecovering = false;
  known.isWorking = false;
});

/** The card went from a slot where it may: no error of the port (dpc_is_surprise_removal). */
const isSurprise = (kernel: Kernel, port: Device): boolean => hasHotplugSlot(kernel, port) && aerOf(kernel, port)?.uncorrectableStatus.get("surpriseDown") === 1;

const linkStays = (kernel: Kernel, port: Device, isUp: boolean): void => printk(kernel, "info", `pcieport ${port.name}: Data Link Layer Link Active not ${isUp ? "set" : "cleared"} in 1000 msec`);

/** Root Port Busy ends in time. */
const awaitIdle = task("dpc.awaitIdle", function* (kernel: Kernel, port: Device): Task<boolean> {
  const registers = dpcOf(kernel, port);
  const until = kernel.platform.clock.now + busyTimeout;
  while (registers?.status.get("rootPortBusy") === 1) {
    if (kernel.platform.clock.now >= until) {
      printk(kernel, "err", `pcieport ${port.name}: DPC: root port still busy`);
      return false;
    }
    yield sleep(pollTime);
  }
  return true;
});

/** Lets the link go: hot-plug, or whoever holds the port, takes it from there (dpc_handle_surprise_removal). */
const release = task("dpc.release", function* (kernel: Kernel, port: Device): Task<void> {
  if (!(yield* waitForLink(kernel, port, false))) return linkStays(kernel, port, false);
  if (!(yield* awaitIdle(kernel, port))) return;
  clearErrorStatus(kernel, port);
  clearDeviceStatus(kernel, port);
  dpcOf(kernel, port)?.status.write({ trigger: 1 });
});

const reasons = { own: 0, nonFatal: 1, fatal: 2 } as const;
const softwareExtension = 1;

/** Says why, and forgets the port's own error (dpc_process_error). */
function logReason(kernel: Kernel, port: Device): void {
  const registers = dpcOf(kernel, port);
  if (registers === undefined) return;
  const raw = Number(registers.status.readRaw());
  const { reason, reasonExtension } = registers.status.read();
  const { address, messages } = pciFunctionOf(port);
  const say = (text: string): void => printk(kernel, "info", `pcieport ${port.name}: DPC: containment event, status:0x${raw.toString(16).padStart(4, "0")}${text}`);
  if (reason === reasons.own) {
    say(": unmasked uncorrectable error detected");
    const report = reportOf(kernel, port, "fatal");
    if (report === undefined) return;
    tellReport(kernel, report, `irq/${(messages?.data ?? 0) + registers.capability.get("interruptMessage")}-pcie-dpc`);
    clearErrorStatus(kernel, port);
  } else if (reason === reasons.nonFatal || reason === reasons.fatal) {
    const source = ((address & ~0xffff) | registers.source.get("requester")) >>> 0;
    say(`, ${reason === reasons.fatal ? "ERR_FATAL" : "ERR_NONFATAL"} received from ${formatPciAddress(source)}`);
  } else say(reasonExtension === softwareExtension ? ": software trigger detected" : ": RP PIO error detected");
}

/** The link was down since the trigger: letting it train again is the reset (dpc_reset_link). */
const releaseLink = task("dpc.releaseLink", function* (kernel: Kernel, port: Device): Task<boolean> {
  if (!(yield* waitForLink(kernel, port, false))) linkStays(kernel, port, false);
  if (!(yield* awaitIdle(kernel, port))) return false;
  dpcOf(kernel, port)?.status.write({ trigger: 1 });
  if (!(yield* waitForLink(kernel, port, true))) {
    linkStays(kernel, port, true);
    return false;
  }
  yield sleep(settleTime);
  return true;
});

const recoverPort = task("dpc.recoverPort", function* (kernel: Kernel, known: Containment): Task<void> {
  logReason(kernel, known.port);
  known.isRecovered = false;
  const reset = task("dpc.reset", function* (inner: Kernel, port: Device): Task<boolean> {
    known.isRecovered = yield* releaseLink(inner, port);
    known.isRecovering = false;
    return known.isRecovered;
  });
  yield* recover(kernel, { reporter: known.port, kind: "fatal", status: 0, service: "DPC", reset });
  // Whoever could not be recovered leaves the trigger set, and the link down.
});

/** Hot-plug asks, when a link changed: waits up to `timeout` until containment came to its end, and says whether it brought the link back. */
export const wasRecovered = task("dpc.wasRecovered", function* (kernel: Kernel, port: Device, timeout: number): Task<boolean> {
  const known = containments(kernel).byPort.get(port.id);
  if (known === undefined) return false;
  const until = kernel.platform.clock.now + timeout;
  const isUnderWay = (): boolean => known.isRecovering || dpcOf(kernel, port)?.status.get("trigger") === 1;
  if (isUnderWay()) yield point(`dpc:awaited:${port.name}`);
  for (let pause = firstPause; isUnderWay() && kernel.platform.clock.now < until; pause = Math.min(2 * pause, pollTime)) yield sleep(pause);
  const isRecovered = known.isRecovered;
  known.isRecovered = false;
  return isRecovered;
});
