// A region that firmware made and that fails (seeds S3-S6, S22): a check of A14-A19 or its driver, at once; members that are missing when device
// probing is at rest or when the time limit has passed. What an ending does is policy POL-ASM, what it says POL-LOG. None of it is in Linux, which leaves
// the region as it is without a word: log text and the order of what is given back are INFERRED.

import type { Task } from "../../sim/task.ts";
import { spawn, task } from "../../sim/task.ts";
import type { Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Handler, Kernel } from "../base/kernel.ts";
import { mark, printk, setTimer } from "../base/kernel.ts";
import { awaitProbing } from "../base/probing.ts";
import { freeDpa } from "./dpa.ts";
import { resetCommitted } from "./firmware-decoders.ts";
import { lockRegions, unlockRegions } from "./lock.ts";
import { noteRegion } from "./region-history.ts";
import { assemblyTimeout, endWatch, isWatched, queueEnding, startWatch, timeoutOf } from "./region-watch.ts";
import { logName } from "./region-checks.ts";
import { removeRegion } from "./region.ts";
import { regionOf, regionStates } from "./types.ts";

/** Why an assembly ended, as its log line says. */
const missing = (region: Device): string => `${regionOf(region).targetCount} of ${regionOf(region).ways} endpoints arrived`;

const isIncomplete = (region: Device): boolean => regionOf(region).state === regionStates.interleaveActive && regionOf(region).targetCount < regionOf(region).ways;

/** What is not the highest reservation of its endpoint stays: DPA is given back in order (7.5). */
function tryFree(kernel: Kernel, member: Device): void {
  try {
    freeDpa(kernel, member);
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    mark(kernel, `${member.name} keeps its memory`, thrown.message);
  }
}

/** The members' device memory is free, as far as it can be. */
const freeMembers = task("region.freeMembers", function* (kernel: Kernel, members: readonly Device[]): Task<void> {
  yield* lockRegions(kernel);
  for (const member of members) tryFree(kernel, member);
  unlockRegions(kernel);
});

/** The region goes. What its members hold is reset and freed under `unregister-b` and stays under `unregister-a`. The caller holds the region lock, and loses it. */
const unregister = task("region.unregister", function* (kernel: Kernel, region: Device): Task<void> {
  const record = regionOf(region);
  const resets = kernel.policy.assembly.onFailure === "unregister-b";
  const members = record.targets.filter((target) => target !== null).toReversed();
  if (resets) resetCommitted(kernel, members, true);
  // From here on nothing of it counts as committed: taking the members out touches no hardware.
  if (record.state > regionStates.active) record.state = regionStates.active;
  unlockRegions(kernel);
  mark(kernel, `${region.name} unregistered`);
  yield* removeRegion(kernel, region);
  if (resets) yield* freeMembers(kernel, members);
});

/** An ending, if there is still a reason for it when nobody else is at the regions. */
const endFor = task("region.endFor", function* (kernel: Kernel, region: Device, reason: () => string | undefined): Task<void> {
  const { onFailure, isLogged } = kernel.policy.assembly;
  yield* lockRegions(kernel);
  endWatch(kernel, region);
  const why = region.isDead ? undefined : reason();
  if (why !== undefined) noteRegion(kernel, "failed", region, null, why);
  if (why !== undefined && isLogged) printk(kernel, "err", `${logName(region)}: assembly failed: ${why}`);
  if (why !== undefined && onFailure !== "leave") yield* unregister(kernel, region);
  else unlockRegions(kernel);
});

/** The one way in which an assembly fails for good. */
export const endAssembly = task("region.endAssembly", function* (kernel: Kernel, region: Device, why: string): Task<void> {
  yield* endFor(kernel, region, () => why);
});

const endIfIncomplete = task("region.endIfIncomplete", function* (kernel: Kernel, region: Device): Task<void> {
  yield* endFor(kernel, region, () => (isIncomplete(region) ? missing(region) : undefined));
});

const awaitMembers = task("region.awaitMembers", function* (kernel: Kernel, region: Device): Task<void> {
  yield* awaitProbing(kernel);
  yield* endIfIncomplete(kernel, region);
});

/** A first member has come: the others have until device probing is at rest, or as long as the policy says. Where the ending does nothing there is none. */
export function watchAssembly(kernel: Kernel, region: Device): void {
  const { onFailure, isLogged, timeout } = kernel.policy.assembly;
  if ((onFailure === "leave" && !isLogged) || isWatched(kernel, region)) return;
  startWatch(kernel, region);
  if (timeout === null) queueEnding(kernel, `assembly:${region.name}`, awaitMembers(kernel, region));
  else setTimer(kernel, timeout, timeoutOf(region));
}

const onTimeout: Handler = (kernel, id) => {
  const region = kernel.devices.get(id);
  if (region !== undefined) spawn(kernel.scheduler, `assembly:${region.name}`, endIfIncomplete(kernel, region));
};

export const assemblyHandlers: readonly (readonly [string, Handler])[] = [[assemblyTimeout, onTimeout]];
