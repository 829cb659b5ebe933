// Recovery from an uncorrectable error, common to AER and containment (pcie_do_recovery; error-recovery 4.1): everything below the port is asked, votes are
// merged, a reset if need be, and word to all that it is over.

import type { ErrorAnswer } from "../../platform/driver.ts";
import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { ChannelState, Device, ErrorVote } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { mark, printk } from "../base/kernel.ts";
import { isPciDevice, nameInLog, pciFunctionOf, portAbove, portTypes } from "./device.ts";
import { askClients, isWatched } from "./error-clients.ts";
import { isClaimed, isHeld } from "./hold.ts";
import { removeOne } from "./rescan.ts";
import { restoreFunction, tellFunctionReset, tryResetFunction } from "./reset.ts";

export interface Recovery {
  /** Who reported: what is below it, or below the port above an endpoint, is recovered. */
  readonly reporter: Device;
  readonly kind: "nonfatal" | "fatal";
  /** The status register that names the error; 0: it is not known. */
  readonly status: number;
  /** Under whose name lines appear. */
  readonly service: "AER" | "DPC";
  /** Brings the link below the port down and up. Returns whether it is up. */
  readonly reset: (kernel: Kernel, port: Device) => Task<boolean>;
}

/** The gravest answer counts (merge_result); drivers without an opinion leave it to the others. */
const gravity: readonly ErrorAnswer[] = ["none", "can-recover", "need-reset", "disconnect"];
const gravest = (answers: readonly ErrorAnswer[]): ErrorAnswer => answers.reduce((most, answer) => (gravity.indexOf(answer) > gravity.indexOf(most) ? answer : most), "none");

/** merge_result: a driver that is missing wins, then a reset over a disconnection. */
function merge(before: ErrorVote, vote: ErrorVote): ErrorVote {
  if (vote === "no-driver" || before === "no-driver") return "no-driver";
  if (vote === "none") return before;
  if (before === "can-recover" || before === "recovered") return vote;
  return before === "disconnect" && vote === "need-reset" ? vote : before;
}

const isBridge = (device: Device): boolean => pciFunctionOf(device).bridge !== null;

/** Every function below a port, parents first. */
export const functionsBelow = (port: Device): Device[] => port.children.filter(isPciDevice).flatMap((device) => [device, ...functionsBelow(device)]);

/** The port whose link is in question: a port that reported itself, or the one above an endpoint or upstream port. */
function bridgeFor(device: Device): Device | undefined {
  const { portType } = pciFunctionOf(device);
  return portType === portTypes.rootPort || portType === portTypes.downstreamPort ? device : portAbove(device);
}

/** Ports have a driver that is content with what becomes of the link (pcie_portdrv_error_detected). */
const portVote = (state: ChannelState): ErrorVote => (state === "normal" ? "can-recover" : state === "frozen" ? "need-reset" : "disconnect");

/** A recovery under way: functions that somebody wants removed. */
interface Walk {
  readonly recovery: Recovery;
  readonly port: Device;
  readonly below: readonly Device[];
  readonly given: Set<Device>;
}

const askClient = task("pci.askClient", function* (kernel: Kernel, { recovery, given }: Walk, device: Device): Task<ErrorVote> {
  // A function whose neighbour reported has no status of its own.
  const answer = gravest(yield* askClients(kernel, device, recovery.kind, recovery.reporter === device ? recovery.status : 0));
  if (answer === "disconnect") given.add(device);
  if (answer !== "none") return answer;
  return withoutDriver(kernel, recovery, device);
});

function withoutDriver(kernel: Kernel, { service }: Recovery, device: Device): ErrorVote {
  printk(kernel, "info", `${nameInLog(device)}: ${service}: can't recover (no error_detected callback)`);
  return "no-driver";
}

const detected = task("pci.errorDetected", function* (kernel: Kernel, walk: Walk, device: Device, state: ChannelState): Task<ErrorVote> {
  const { recovery } = walk;
  if (pciFunctionOf(device).isDisconnected) return "disconnect";
  if (isWatched(kernel, device)) return state === "perm-failure" ? "none" : yield* askClient(kernel, walk, device);
  if (device.driver?.errors !== undefined) return yield* device.driver.errors.detected(kernel, device, state);
  if (isBridge(device)) return device.driver === null ? "none" : portVote(state);
  return state === "perm-failure" ? "none" : withoutDriver(kernel, recovery, device);
});

const alive = ({ below }: Walk): Device[] => below.filter((device) => !device.isDead);

const askAll = task("pci.askAll", function* (kernel: Kernel, walk: Walk, state: ChannelState): Task<ErrorVote> {
  let vote: ErrorVote = "can-recover";
  for (const device of alive(walk)) vote = merge(vote, yield* detected(kernel, walk, device, state));
  return vote;
});

const answeredBelow = (kernel: Kernel, walk: Walk): Device[] => alive(walk).filter((device) => !isBridge(device) && isWatched(kernel, device));

/** After an error of AER, functions for which somebody answers in the driver's place are reset one by one, with the mask of DVSEC 3 opened; others with the link. */
const resetBelow = task("pci.resetBelow", function* (kernel: Kernel, walk: Walk): Task<boolean> {
  const { recovery, port } = walk;
  const answered = answeredBelow(kernel, walk);
  const isOneByOne = recovery.service === "AER" && answered.length > 0;
  let isUp = isOneByOne || (yield* recovery.reset(kernel, port));
  for (const device of isUp ? answered : []) {
    if (isOneByOne) isUp = (yield* tryResetFunction(kernel, device)) && isUp;
    else yield* tellFunctionReset(kernel, device);
  }
  if (!isUp) printk(kernel, "warn", `pcieport ${port.name}: AER: subordinate device reset failed`);
  return isUp;
});

const tellReset = task("pci.tellReset", function* (kernel: Kernel, walk: Walk): Task<ErrorVote> {
  let vote: ErrorVote = "recovered";
  for (const device of alive(walk)) {
    if (isWatched(kernel, device)) continue;
    if (isBridge(device)) restoreFunction(kernel, device);
    else if (device.driver?.errors !== undefined) vote = merge(vote, yield* device.driver.errors.slotReset(kernel, device));
  }
  return vote;
});

/** Asks, resets, tells. A frozen link is reset whatever was answered. Returns whether everything below goes on. */
const runWalk = task("pci.runWalk", function* (kernel: Kernel, walk: Walk): Task<boolean> {
  const { kind, service } = walk.recovery;
  const vote = yield* askAll(kernel, walk, kind === "fatal" ? "frozen" : "normal");
  const isRefused = vote === "no-driver" || vote === "disconnect";
  if (isRefused && service === "AER" && answeredBelow(kernel, walk).length > 0) return false;
  const isReset = vote === "need-reset" || kind === "fatal";
  if (isReset && !(yield* resetBelow(kernel, walk))) return false;
  if (isRefused || (isReset && (yield* tellReset(kernel, walk)) !== "recovered")) return false;
  for (const device of alive(walk)) if (!isWatched(kernel, device)) yield* resume(kernel, device);
  return true;
});

const resume = task("pci.resume", function* (kernel: Kernel, device: Device): Task<void> {
  if (device.driver?.errors !== undefined) yield* device.driver.errors.resume(kernel, device);
});

/**
 * Recovers what an error has hit. Returns whether it all goes on. A port that somebody holds, or whose lost link is a driver's, is left to him and
 * counts as going on: his recovery takes the link down and up and everything below it away (INFERRED: no kernel has such a driver).
 */
export const recover = task("pci.recover", function* (kernel: Kernel, recovery: Recovery): Task<boolean> {
  const { reporter, kind, service } = recovery;
  const port = bridgeFor(reporter);
  if (port === undefined || reporter.isDead || isHeld(kernel, port) || (reporter === port && kind === "fatal" && isClaimed(kernel, port))) return true;
  const walk: Walk = { recovery, port, below: functionsBelow(port), given: new Set() };
  const isRecovered = yield* runWalk(kernel, walk);
  if (!isRecovered) yield* askAll(kernel, walk, "perm-failure");
  printk(kernel, "info", `pcieport ${port.name}: AER: device recovery ${isRecovered ? "successful" : "failed"}`);
  mark(kernel, `${reporter.name} error ${isRecovered ? "recovered" : "not recovered"}`, service === "DPC" ? "contained" : kind);
  for (const device of walk.given) if (!device.isDead) yield* removeOne(kernel, device);
  return isRecovered;
});
