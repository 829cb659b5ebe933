// The recovery state machine of one isolated root port at a time (error-recovery 9; S70-S72, S77, S82, S87; TR1-TR6).

import type { Task } from "../../sim/task.ts";
import { point, sleep, task } from "../../sim/task.ts";
import type { Device } from "../base/device.ts";
import { unbind } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { mark, printk } from "../base/kernel.ts";
import { dportOfDevice } from "../cxl/types.ts";
import { daxDeviceOf } from "../dax/types.ts";
import { kernelRangesIn } from "../mm/direct-map.ts";
import { waitForPins } from "../mm/pin.ts";
import { holdSlot } from "../pci/hotplug.ts";
import { disableLink, enableLink, isLinkUp, linkTimeout, settleTime, waitForLink } from "../pci/link.ts";
import { markDisconnected, removeBelow, rescan } from "../pci/rescan.ts";
import { aliveBytes, daxDevicesOf, fence, pinOwners, restoreDax } from "./dax-plan.ts";
import { isolationRegisters } from "./port.ts";
import type { RegionPlan } from "./regions.ts";
import { activateRegion, affectedRegions, createFromPlan, planRegion, releaseRegion } from "./regions.ts";
import type { Recovery, RecoveryStep } from "./state.ts";
import { isolationState } from "./state.ts";
import { clearMemory } from "./clear.ts";

const millisecond = 1_000_000;
/** TR1: root port busy is polled for two seconds. */
const busyBudget = 2000 * millisecond;
const busyPollTime = 10 * millisecond;

/** From the notification to the worker running: threaded handler and work queue (INFERRED). */
export const workLatency = 20_000;

/** Ends a recovery early. */
class RecoveryEnd extends Error {
  readonly state: RecoveryStep;
  constructor(state: RecoveryStep, reason: string) {
    super(reason);
    this.name = "RecoveryEnd";
    this.state = state;
  }
}

interface Context {
  readonly kernel: Kernel;
  readonly port: Device;
  readonly recovery: Recovery;
  readonly regions: Device[];
  readonly plans: RegionPlan[];
}

function enter(context: Context, state: RecoveryStep, detail = ""): void {
  const { kernel, port, recovery } = context;
  recovery.state = state;
  mark(kernel, `${port.name} ${state}`, detail);
  printk(kernel, "info", `cxl_isolation ${port.name}: recovery: ${state}${detail === "" ? "" : ` (${detail})`}`);
}

/** Works through isolated ports, one after the other: a second port that isolates meanwhile waits its turn. */
export const runRecoveries = task("isolation.worker", function* (kernel: Kernel): Task<void> {
  const state = isolationState(kernel);
  for (let id = state.queue.shift(); id !== undefined; id = state.queue.shift()) {
    const watched = state.watched.get(id);
    if (watched !== undefined) yield* recover(kernel, watched.port);
  }
  state.isWorkerRunning = false;
});

const recover = task("isolation.recover", function* (kernel: Kernel, port: Device): Task<void> {
  const recovery: Recovery = { port: port.name, state: "NOTIFIED", startedAt: kernel.platform.clock.now, endedAt: -1, bytesBefore: 0n, bytesAfter: 0n, blockedOn: "" };
  isolationState(kernel).recoveries.push(recovery);
  const context: Context = { kernel, port, recovery, regions: affectedRegions(kernel, port), plans: [] };
  holdSlot(kernel, port, true);
  try {
    yield* takeDown(kernel, context);
    yield* cycleLink(kernel, context);
    yield* bringBack(kernel, context);
  } catch (thrown) {
    const end = endOf(context, thrown);
    if (end.state === "RECOVERED-REDUCED") isolationState(kernel).unrestored.push(...context.plans);
    enter(context, end.state, end.message);
  } finally {
    holdSlot(kernel, port, false);
  }
  recovery.endedAt = kernel.platform.clock.now;
});

/** An error number on the way down leaves memory that is neither usable nor removable; on the way up, a smaller service. */
function endOf(context: Context, thrown: unknown): RecoveryEnd {
  if (thrown instanceof RecoveryEnd) return thrown;
  if (!(thrown instanceof SystemError)) throw thrown;
  const isDown = ["REMOVED", "LINK_DOWN", "CLEARED", "LINK_UP", "ENUMERATED"].includes(context.recovery.state);
  return new RecoveryEnd(isDown ? "RECOVERED-REDUCED" : "STRANDED", thrown.message);
}

/** NOTIFIED to REMOVED. */
const takeDown = task("isolation.takeDown", function* (kernel: Kernel, context: Context): Task<void> {
  const { recovery, regions, plans, port } = context;
  plans.push(...isolationState(kernel).unrestored.splice(0), ...regions.map((region) => planRegion(kernel, region, aliveBytes(kernel, region))));
  recovery.bytesBefore = plans.reduce((sum, plan) => sum + plan.aliveBytes, 0n);
  enter(context, "NOTIFIED", `${regions.length} regions, ${recovery.bytesBefore} bytes`);
  yield sleep(workLatency);
  yield point(`isolation:notified:${port.name}`);
  if (kernel.policy.recoveryOrder === "removal-first") yield* removeEndpoints(kernel, context);
  yield* fence(kernel, regions);
  if (!isLinkUp(kernel, port)) markDisconnected(port);
  enter(context, "FENCED");
  yield point(`isolation:fenced:${port.name}`);
  const mapped = plans.find((plan) => kernelRangesIn(kernel, plan.start, plan.size).length > 0);
  if (mapped !== undefined) throw new RecoveryEnd("STRANDED", `${mapped.name} is mapped by the kernel and cannot be evacuated`);
  enter(context, "EVACUATED");
  yield* awaitPins(kernel, context);
  for (const region of regions) if (!region.isDead) yield* unbind(kernel, region);
  enter(context, "UNBOUND");
  yield point(`isolation:unbound:${port.name}`);
  for (const region of regions) {
    const plan = plans.find((candidate) => candidate.name === region.name);
    if (plan !== undefined && !region.isDead) yield* releaseRegion(kernel, region, plan, port);
  }
  if (kernel.policy.recoveryOrder === "fence-first") yield* removeEndpoints(kernel, context);
});

const removeEndpoints = task("isolation.removeEndpoints", function* (kernel: Kernel, context: Context): Task<void> {
  markDisconnected(context.port);
  yield* removeBelow(kernel, context.port);
  enter(context, "REMOVED");
  yield point(`isolation:removed:${context.port.name}`);
});

/** Unbinding waits for page references without bound; the report shows for whom (S82). */
const awaitPins = task("isolation.awaitPins", function* (kernel: Kernel, context: Context): Task<void> {
  const owners = pinOwners(kernel, context.regions);
  if (owners.length === 0) return;
  context.recovery.blockedOn = owners.join(",");
  enter(context, "BLOCKED", `pages pinned by ${context.recovery.blockedOn}`);
  for (const region of context.regions) for (const device of daxDevicesOf(kernel, region)) yield* waitForPins(kernel, daxDeviceOf(device));
  context.recovery.blockedOn = "";
});

/** LINK_DOWN, CLEARED, LINK_UP. */
const cycleLink = task("isolation.cycleLink", function* (kernel: Kernel, context: Context): Task<void> {
  const { port } = context;
  const wasUp = isLinkUp(kernel, port);
  if (wasUp) disableLink(kernel, port);
  const isDown = yield* waitForLink(kernel, port, false, linkTimeout);
  if (!isDown) throw new RecoveryEnd("REBOOT_CHOSEN", "the link does not go down");
  enter(context, "LINK_DOWN");
  yield* clearStatus(kernel, context);
  enter(context, "CLEARED");
  yield point(`isolation:cleared:${port.name}`);
  if (wasUp) enableLink(kernel, port);
  const isUp = yield* waitForLink(kernel, port, true, linkTimeout);
  if (!isUp) throw new RecoveryEnd("RECOVERED-REDUCED", "the link does not come up");
  enter(context, "LINK_UP");
  yield sleep(settleTime);
});

/** TR1, TR2: waits for root port busy, then clears what is set; isolation must be over afterwards. */
const clearStatus = task("isolation.clearStatus", function* (kernel: Kernel, context: Context): Task<void> {
  const registers = isolationRegisters(kernel, context.port);
  if (registers === undefined) throw new RecoveryEnd("REBOOT_CHOSEN", "the isolation registers are gone");
  const until = kernel.platform.clock.now + busyBudget;
  while (registers.status.get("rootPortBusy") === 1) {
    if (kernel.platform.clock.now >= until) throw new RecoveryEnd("REBOOT_CHOSEN", "the root port stays busy");
    yield sleep(busyPollTime);
  }
  registers.status.write({ memoryTimeout: 1, memoryIsolation: 1, memoryIsolationLinkDown: 1 });
  if (registers.status.get("memoryIsolation") === 1) throw new RecoveryEnd("REBOOT_CHOSEN", "isolation cannot be left");
  const watched = isolationState(kernel).watched.get(context.port.id);
  if (watched !== undefined) watched.isIsolated = false;
  const dport = dportOfDevice(kernel, context.port);
  if (dport !== undefined) dport.isIsolated = false;
});

/** ENUMERATED to RECOVERED. */
const bringBack = task("isolation.bringBack", function* (kernel: Kernel, context: Context): Task<void> {
  const { recovery, port, plans } = context;
  const found = yield* rescan(kernel, port);
  if (found.length === 0) throw new RecoveryEnd("RECOVERED-REDUCED", "nothing answers below the port");
  enter(context, "ENUMERATED");
  yield point(`isolation:enumerated:${port.name}`);
  const problems: string[] = [];
  for (const plan of plans) {
    const problem = yield* restoreRegion(kernel, context, plan);
    if (problem === "") continue;
    problems.push(problem);
    isolationState(kernel).unrestored.push(plan);
  }
  enter(context, "RECREATED", `${recovery.bytesAfter} bytes`);
  const isWhole = recovery.bytesAfter >= recovery.bytesBefore;
  enter(context, isWhole ? "RECOVERED" : "RECOVERED-REDUCED", problems.join("; "));
});

/** Same geometry, cleared, then handed to dax and split as before. Returns what went wrong, or "". */
const restoreRegion = task("isolation.restoreRegion", function* (kernel: Kernel, context: Context, plan: RegionPlan): Task<string> {
  try {
    const made = yield* createFromPlan(kernel, plan);
    const isClear = yield* clearMemory(kernel, made.start, made.size);
    if (!isClear) throw new SystemError("EIO", `${plan.name}: memory does not answer`);
    yield* activateRegion(kernel, made.region);
    yield* restoreDax(kernel, made.region, plan.dax);
    context.recovery.bytesAfter += aliveBytes(kernel, made.region);
    return "";
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    printk(kernel, "err", `cxl_isolation ${context.port.name}: ${plan.name} not restored: ${thrown.message}`);
    return thrown.message;
  }
});
