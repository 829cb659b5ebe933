// The recovery state machine of one isolated root port at a time (error-recovery 9; S70-S72, S77, S82, S87; TR1-TR6).

import { timeoutIsolation } from "../../../registers/timeout-isolation.ts";
import type { CacheHandling, DriverDevice, DriverRecovery, DriverRegion, DriverRegionPlan, DriverServices, MadeDriverRegion, RecoveryState } from "../../platform/driver.ts";
import type { Task } from "../../sim/task.ts";
import { clearIsolation } from "./control.ts";
import type { DefectName } from "./defects.ts";

const millisecond = 1_000_000;
/** TR1: root port busy is polled for two seconds. */
const busyBudget = 2000 * millisecond;
const busyPollTime = 10 * millisecond;
/** How long a link may take (pcie_wait_for_link), and from link active to the first config access (PCIe 6.6.1). */
const linkTimeout = 1000 * millisecond;
const settleTime = 100 * millisecond;

/** From the notification to the worker running: threaded handler and work queue (INFERRED). */
const workLatency = 20_000;

/** A root port with the capability, armed by the driver or by firmware. */
export interface WatchedPort {
  readonly port: DriverDevice;
  /** Known to be isolated: a second notification is not a second recovery. */
  isIsolated: boolean;
}

/** What the driver keeps for all its ports. */
export interface IsolationState {
  readonly notification: string;
  readonly defects: ReadonlySet<DefectName>;
  readonly watched: Map<number, WatchedPort>;
  /** Ports waiting for the worker. */
  readonly queue: WatchedPort[];
  /** Regions that a recovery could not make again, since a member below another port was gone; the next recovery tries. */
  readonly unrestored: DriverRegionPlan[];
  isWorkerRunning: boolean;
}

/** Ends a recovery early. */
class RecoveryEnd extends Error {
  readonly state: RecoveryState;
  constructor(state: RecoveryState, reason: string) {
    super(reason);
    this.name = "RecoveryEnd";
    this.state = state;
  }
}

interface Context {
  readonly kernel: DriverServices;
  readonly state: IsolationState;
  readonly watched: WatchedPort;
  readonly recovery: DriverRecovery;
  readonly regions: readonly DriverRegion[];
  readonly plans: DriverRegionPlan[];
}

/** Works through isolated ports, one after the other: a second port that isolates meanwhile waits its turn. */
export function* runRecoveries(kernel: DriverServices, state: IsolationState): Task<void> {
  for (let watched = state.queue.shift(); watched !== undefined; watched = state.queue.shift()) {
    if (state.watched.get(watched.port.id) === watched) yield* recover(kernel, state, watched);
  }
  state.isWorkerRunning = false;
}

function* recover(kernel: DriverServices, state: IsolationState, watched: WatchedPort): Task<void> {
  const { port } = watched;
  const recovery = kernel.cxl.recovery(port);
  const context: Context = { kernel, state, watched, recovery, regions: state.defects.has("uninitialised-flag") ? [] : kernel.cxl.regionsBelow(port), plans: [] };
  kernel.slot.hold(port, true);
  try {
    yield* takeDown(context);
    yield* cycleLink(context);
    yield* bringBack(context);
  } catch (thrown) {
    const end = endOf(context, thrown);
    if (end.state === "RECOVERED-REDUCED") state.unrestored.push(...context.plans);
    recovery.enter(end.state, end.message);
  } finally {
    kernel.slot.hold(port, false);
  }
  recovery.end();
}

/** An error number on the way down leaves memory that is neither usable nor removable; on the way up, a smaller service. */
function endOf({ kernel, recovery }: Context, thrown: unknown): RecoveryEnd {
  if (thrown instanceof RecoveryEnd) return thrown;
  const error = kernel.errorOf(thrown);
  if (error === undefined) throw thrown;
  const isDown = ["REMOVED", "LINK_DOWN", "CLEARED", "LINK_UP", "ENUMERATED"].includes(recovery.state);
  return new RecoveryEnd(isDown ? "RECOVERED-REDUCED" : "STRANDED", error.message);
}

/** NOTIFIED to REMOVED. */
function* takeDown(context: Context): Task<void> {
  const { kernel, state, recovery, regions, plans, watched: { port } } = context;
  const isRemovalFirst = kernel.parameters["order"] === "removal-first";
  plans.push(...state.unrestored.splice(0), ...regions.map((region) => kernel.cxl.plan(region)));
  recovery.bytesBefore = plans.reduce((sum, plan) => sum + plan.aliveBytes, 0n);
  recovery.enter("NOTIFIED", `${regions.length} regions, ${recovery.bytesBefore} bytes`);
  yield* kernel.sleep(workLatency);
  yield* kernel.point(`isolation:notified:${port.name}`);
  if (isRemovalFirst) yield* removeEndpoints(context);
  if (!state.defects.has("fence-skipped")) yield* kernel.cxl.fence(regions);
  if (!kernel.link.isUp(port)) kernel.slot.disconnect(port);
  recovery.enter("FENCED");
  yield* kernel.point(`isolation:fenced:${port.name}`);
  const mapped = plans.find((plan) => kernel.cxl.isKernelMapped(plan));
  if (mapped !== undefined) throw new RecoveryEnd("STRANDED", `${mapped.name} is mapped by the kernel and cannot be evacuated`);
  recovery.enter("EVACUATED");
  yield* awaitPins(context);
  for (const region of regions) if (!region.isGone) yield* kernel.cxl.unbind(region);
  recovery.enter("UNBOUND");
  yield* kernel.point(`isolation:unbound:${port.name}`);
  for (const region of regions) {
    const plan = plans.find((candidate) => candidate.name === region.name);
    if (plan !== undefined && !region.isGone) yield* kernel.cxl.release(region, plan, port, cachesOf(state));
  }
  if (!isRemovalFirst) yield* removeEndpoints(context);
}

const cachesOf = ({ defects }: IsolationState): CacheHandling => (defects.has("no-cache-invalidation") ? "leave" : "invalidate");

function* removeEndpoints({ kernel, recovery, watched: { port } }: Context): Task<void> {
  kernel.slot.disconnect(port);
  yield* kernel.slot.removeBelow(port);
  recovery.enter("REMOVED");
  yield* kernel.point(`isolation:removed:${port.name}`);
}

/** Unbinding waits for page references without bound; the report shows for whom (S82). */
function* awaitPins({ kernel, recovery, regions }: Context): Task<void> {
  const owners = kernel.cxl.pinOwners(regions);
  if (owners.length === 0) return;
  recovery.blockedOn = owners.join(",");
  recovery.enter("BLOCKED", `pages pinned by ${recovery.blockedOn}`);
  yield* kernel.cxl.waitForPins(regions);
  recovery.blockedOn = "";
}

/** LINK_DOWN, CLEARED, LINK_UP. */
function* cycleLink(context: Context): Task<void> {
  const { kernel, state, recovery, watched: { port } } = context;
  if (state.defects.has("no-link-down")) return yield* clearWithoutLink(context);
  const wasUp = kernel.link.isUp(port);
  if (wasUp) kernel.link.disable(port);
  const isDown = yield* kernel.link.wait(port, false, linkTimeout);
  if (!isDown) throw new RecoveryEnd("REBOOT_CHOSEN", "the link does not go down");
  recovery.enter("LINK_DOWN");
  yield* clearStatus(context);
  recovery.enter("CLEARED");
  yield* kernel.point(`isolation:cleared:${port.name}`);
  if (wasUp) kernel.link.enable(port);
  const isUp = yield* kernel.link.wait(port, true, linkTimeout);
  if (!isUp) throw new RecoveryEnd("RECOVERED-REDUCED", "the link does not come up");
  recovery.enter("LINK_UP");
  yield* kernel.sleep(settleTime);
}

/** The defect: status is cleared with the link as it is. */
function* clearWithoutLink(context: Context): Task<void> {
  const { kernel, recovery, watched: { port } } = context;
  yield* clearStatus(context);
  recovery.enter("CLEARED");
  const isUp = yield* kernel.link.wait(port, true, linkTimeout);
  if (!isUp) throw new RecoveryEnd("RECOVERED-REDUCED", "the link does not come up");
}

/** TR1, TR2: waits for root port busy, then clears what is set; isolation must be over afterwards. */
function* clearStatus({ kernel, state, watched }: Context): Task<void> {
  const registers = kernel.component(watched.port, timeoutIsolation);
  if (registers === undefined) throw new RecoveryEnd("REBOOT_CHOSEN", "the isolation registers are gone");
  const until = kernel.now + busyBudget;
  while (!state.defects.has("clears-while-busy") && registers.status.get("rootPortBusy") === 1) {
    if (kernel.now >= until) throw new RecoveryEnd("REBOOT_CHOSEN", "the root port stays busy");
    yield* kernel.sleep(busyPollTime);
  }
  if (!clearIsolation(registers)) throw new RecoveryEnd("REBOOT_CHOSEN", "isolation cannot be left");
  watched.isIsolated = false;
  kernel.cxl.setIsolated(watched.port, false);
}

/** ENUMERATED to RECOVERED. */
function* bringBack(context: Context): Task<void> {
  const { kernel, state, recovery, plans, watched: { port } } = context;
  const found = yield* kernel.slot.rescan(port);
  if (found === 0) throw new RecoveryEnd("RECOVERED-REDUCED", "nothing answers below the port");
  recovery.enter("ENUMERATED");
  yield* kernel.point(`isolation:enumerated:${port.name}`);
  const problems: string[] = [];
  for (const plan of plans) {
    const problem = yield* restoreRegion(context, plan);
    if (problem === "") continue;
    problems.push(problem);
    state.unrestored.push(plan);
  }
  recovery.enter("RECREATED", `${recovery.bytesAfter} bytes`);
  const isWhole = recovery.bytesAfter >= recovery.bytesBefore;
  recovery.enter(isWhole ? "RECOVERED" : "RECOVERED-REDUCED", problems.join("; "));
}

/** Takes a region away that was made and cannot be handed on, so that nobody reaches what its memory still holds (S72). */
function* takeBack({ kernel, watched: { port } }: Context, region: DriverRegion, plan: DriverRegionPlan): Task<void> {
  try {
    yield* kernel.cxl.release(region, plan, port);
  } catch (thrown) {
    if (kernel.errorOf(thrown) === undefined) throw thrown;
  }
}

/** Same geometry, cleared, then handed to dax and split as before. Returns what went wrong, or "". */
function* restoreRegion(context: Context, plan: DriverRegionPlan): Task<string> {
  const { kernel, state, recovery, watched: { port } } = context;
  let isClear = false;
  let made: MadeDriverRegion | null = null;
  try {
    made = yield* kernel.cxl.recreate(plan, cachesOf(state));
    isClear = yield* kernel.cxl.clear(made.start, made.size);
    if (!isClear) throw kernel.error("EIO", `${plan.name}: memory does not answer`);
    yield* kernel.cxl.activate(made.region);
    yield* kernel.cxl.restoreDax(made.region, plan);
    recovery.bytesAfter += kernel.cxl.aliveBytes(made.region);
    return "";
  } catch (thrown) {
    const error = kernel.errorOf(thrown);
    if (error === undefined) throw thrown;
    if (made !== null && !isClear) yield* takeBack(context, made.region, plan);
    kernel.log("err", `cxl_isolation ${port.name}: ${plan.name} not restored: ${error.message}`);
    return error.message;
  }
}
