// When it is decided who owns Soft Reserved memory over CXL windows, and the carrying out (region-assembly 9.3; S31, S51, S59-S61, S65): one work
// item of hmem's, queued when the platform device first finds such a range. What is decided stays.

import type { Task } from "../../sim/task.ts";
import { join, sleep, spawn, task } from "../../sim/task.ts";
import type { Device } from "../base/device.ts";
import { busDevices, retryDeferred } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { defineState, printk } from "../base/kernel.ts";
import { awaitProbing } from "../base/probing.ts";
import { awaitEndings } from "../cxl/region-watch.ts";
import { removeRegion } from "../cxl/region.ts";
import { removeTopology } from "../cxl/root.ts";
import { troubles } from "../cxl/trouble.ts";
import { cxlBus, cxlState, decoderOf, isRegion, portOf, regionOf, regionStates } from "../cxl/types.ts";
import type { Range, Resource } from "../resource/resource.ts";
import { createResource, describeResource } from "../resource/resource.ts";
import { isRemainder, softReservedName, softReservedRanges } from "../resource/soft-reserved.ts";
import { registerHmem } from "./hmem-device.ts";
import type { OwnershipInput, OwnershipVerdict, RangeVerdict, RegionView, Removal } from "./ownership.ts";
import { decideOwnership } from "./ownership.ts";

/** What was decided, from what, and when (virtual ns); log lines from `logStart` on tell how it was carried out. */
export interface OwnershipRecord {
  readonly at: number;
  readonly logStart: number;
  readonly input: OwnershipInput;
  readonly verdict: OwnershipVerdict;
  /** Regions that had no line in /proc/iomem, and the lines of windows. */
  readonly unlisted: readonly string[];
  readonly windows: readonly Range[];
}

interface OwnershipState {
  isDecided: boolean;
  /** Task of the decision, once it is queued. */
  decision: number | null;
  /** Tasks of dax's work queues. */
  readonly works: number[];
  /** Null until it is decided, and where the platform device had left by then. */
  record: OwnershipRecord | null;
}

const state = defineState("dax.ownership", (): OwnershipState => ({ isDecided: false, decision: null, works: [], record: null }));

/** Whether it is known who owns what; false for ever where no range asked for a decision. */
export const isOwnershipDecided = (kernel: Kernel): boolean => state(kernel).isDecided;
/** The decision as it was made, for who explains it. */
export const ownershipRecord = (kernel: Kernel): OwnershipRecord | null => state(kernel).record;
export const isDecisionPending = (kernel: Kernel): boolean => !state(kernel).isDecided && state(kernel).decision !== null;

/** Which windows a range touches is asked of the root decoders: cxl publishes nothing else before regions are there. */
export function touchesWindow(kernel: Kernel, range: Resource): boolean {
  const { root } = cxlState(kernel);
  return root !== null && portOf(root).decoders.map(decoderOf).some(({ start, size }) => start <= range.end && range.start < start + size);
}

export const say = (kernel: Kernel, platform: Device, text: string, range: Resource): void => printk(kernel, "debug", `hmem_platform ${platform.name}: ${text}: ${describeResource(range)}`);

export function regionsNow(kernel: Kernel): RegionView[] {
  return busDevices(kernel, cxlBus).filter(isRegion).flatMap((device) => {
    const { resource, state: configuration } = regionOf(device);
    return resource === null ? [] : [{ name: device.name, start: resource.start, end: resource.end, isCommitted: configuration >= regionStates.commit }];
  });
}

/** Regions whose addresses hold nothing in /proc/iomem (POL-HPAHOLD, or something was in the way). */
export const unlistedRegions = (kernel: Kernel): string[] => busDevices(kernel, cxlBus).filter((device) => isRegion(device) && regionOf(device).resource?.parent === null).map(({ name }) => name);

export const windowLines = (kernel: Kernel): Range[] => cxlState(kernel).windows.map(({ start, end }) => ({ start, end }));

/** Takes CXL's objects away. What firmware decodes stays decoded: somebody else is about to use it (INFERRED; the series' reset on detach left it out). */
const takeAway = task("dax.takeAway", function* (kernel: Kernel, removal: Removal): Task<void> {
  if (removal.kind === "nothing") return;
  const regions = busDevices(kernel, cxlBus).filter(isRegion);
  const going = removal.kind === "topology" ? regions : regions.filter(({ name }) => removal.names.includes(name));
  for (const region of going) if (regionOf(region).isAuto) regionOf(region).isLocked = true;
  if (removal.kind === "topology") yield* removeTopology(kernel);
  else for (const region of going) yield* removeRegion(kernel, region);
});

const carryOut = task("dax.carryOut", function* (kernel: Kernel, platform: Device, { range, owner, pieces }: RangeVerdict): Task<void> {
  const asResource = ({ start, end }: Range): Resource => createResource(softReservedName, start, end - start + 1n, true);
  if (owner === "cxl") say(kernel, platform, "CXL claims resource, dropping", asResource(range));
  for (const piece of pieces) {
    say(kernel, platform, "CXL did not claim resource, registering", asResource(piece));
    yield* registerHmem(kernel, platform, asResource(piece));
  }
});

/** The decision, once: asked of `decideOwnership`, then carried out. What goes wrong later changes nothing (S51). */
const decide = task("dax.decide", function* (kernel: Kernel, platform: Device): Task<void> {
  const policy = kernel.policy.softReserved;
  const ranges = softReservedRanges(kernel).filter((range) => touchesWindow(kernel, range)).map(({ start, end }) => ({ start, end, isRemainder: isRemainder(kernel, { start, end }) }));
  const reasons = troubles(kernel);
  const { owner, split, leftover, blast, failover } = policy;
  const input: OwnershipInput = { ranges, regions: regionsNow(kernel), troubles: reasons, policy: { owner, split, leftover, blast, failover } };
  const verdict = decideOwnership(input);
  state(kernel).record = { at: kernel.platform.clock.now, logStart: kernel.log.length, input, verdict, unlisted: unlistedRegions(kernel), windows: windowLines(kernel) };
  if (verdict.removal.kind !== "nothing") for (const reason of reasons) printk(kernel, "warn", `hmem_platform ${platform.name}: CXL is not to be trusted: ${reason}`);
  yield* takeAway(kernel, verdict.removal);
  try {
    for (const one of verdict.ranges) yield* carryOut(kernel, platform, one);
  } catch (thrown) {
    // The first failure ends the walk over the ranges.
    if (!(thrown instanceof SystemError)) throw thrown;
  }
});

/** The moment of the decision. `naive-wait` asks only whether a probe is in flight now: drivers may still be to come (S59). */
const awaitMoment = task("dax.awaitMoment", function* (kernel: Kernel): Task<void> {
  const { decision } = kernel.policy.softReserved;
  if (decision.kind === "delay") yield sleep(decision.time);
  else yield* awaitProbing(kernel);
  // What probing at rest ends is over before it is asked what is left (INFERRED).
  if (decision.kind === "barrier") yield* awaitEndings(kernel);
});

const work = task("dax.ownershipWork", function* (kernel: Kernel, platform: Device): Task<void> {
  yield* awaitMoment(kernel);
  if (platform.driver !== null) yield* decide(kernel, platform);
  state(kernel).isDecided = true;
  retryDeferred(kernel);
});

/** Puts work on a queue of dax. */
export function queueDaxWork(kernel: Kernel, name: string, body: Task<void>): number {
  const id = spawn(kernel.scheduler, name, body);
  state(kernel).works.push(id);
  return id;
}

/** Queues the decision, from the probe of the platform device. */
export function queueDecision(kernel: Kernel, platform: Device): void {
  state(kernel).decision = queueDaxWork(kernel, "work:hmem", work(kernel, platform));
}

/** Waits for a decision that is queued (dax_hmem_flush_work); without one there is nothing to wait for. */
export const flushDecision = task("dax.flushDecision", function* (kernel: Kernel): Task<void> {
  const { decision } = state(kernel);
  if (decision !== null) yield* join(kernel.scheduler, decision);
});

/** Waits for everything on dax's queues, at the end of boot. Nobody waits for delayed work (S61), nor for what waits for it in turn. */
export const awaitOwnership = task("dax.awaitOwnership", function* (kernel: Kernel): Task<void> {
  if (kernel.policy.softReserved.decision.kind === "delay" && isDecisionPending(kernel)) return;
  for (const id of state(kernel).works) yield* join(kernel.scheduler, id);
});
