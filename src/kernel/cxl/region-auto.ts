// Regions that Linux assembles from decoders that firmware committed (region-assembly 6): each endpoint decoder finds its window, finds or makes
// the region of its range, and takes the first free slot; the last one to arrive has all of them sorted and checked. Nothing is undone here; what a
// failure leads to: region-failure.ts.

import type { Task } from "../../sim/task.ts";
import { task, until, wake } from "../../sim/task.ts";
import type { Device } from "../base/device.ts";
import { attach } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { mark, printk } from "../base/kernel.ts";
import { failStep, stepFault } from "../base/steps.ts";
import type { Range } from "../resource/resource.ts";
import { createResource, describeResource, insertConflict, resourceSize } from "../resource/resource.ts";
import { trimSoftReserved } from "../resource/soft-reserved.ts";
import { lockRegions, unlockRegions } from "./lock.ts";
import { tryAttach } from "./region-attach.ts";
import { checkTarget, failCheck, logName, refuse, requireAuto } from "./region-checks.ts";
import { assemble } from "./region-auto-check.ts";
import { endAssembly, watchAssembly } from "./region-failure.ts";
import { addMember, updateSharedBandwidth } from "./region-performance.ts";
import { noteRegion, noteUnplaced } from "./region-history.ts";
import { endWatch } from "./region-watch.ts";
import { createRegion, nextRegionName, removeRegion } from "./region.ts";
import { cxlState, decoderOf, endpointPart, portOf, regionOf, regionStates, rootPart } from "./types.ts";

const rangeOf = (device: Device): Range => ({ start: decoderOf(device).start, end: decoderOf(device).start + decoderOf(device).size - 1n });
const text = ({ start, end }: Range): string => `0x${start.toString(16)}:0x${end.toString(16)}`;

/** `mem0:decoder2.0`, as messages name an endpoint decoder. */
const placeOf = (device: Device): string => `${endpointPart(device).memdev.name}:${device.name}`;

/** The PCI function below a memdev: most messages are said there. */
const functionOf = (device: Device): Device => endpointPart(device).memdev.parent ?? endpointPart(device).memdev;

/** Other names of an endpoint decoder for a fault: its memdev and the PCI function. */
const memdevNames = (device: Device): readonly string[] => [endpointPart(device).memdev.name, functionOf(device).name];

/** 6.1: the root decoder whose window holds the range. */
function findWindow(kernel: Kernel, device: Device): Device {
  const range = rangeOf(device);
  const { root } = cxlState(kernel);
  const errno = stepFault(kernel, "region.window", device.name, ...memdevNames(device));
  const found = root === null || errno !== undefined ? undefined : portOf(root).decoders.find((candidate) => rangeOf(candidate).start <= range.start && range.end <= rangeOf(candidate).end);
  if (found !== undefined) return found;
  printk(kernel, "err", `${logName(functionOf(device))}: ${placeOf(device)} no CXL window for range ${text(range)}`);
  throw new SystemError(errno ?? "ENXIO", `${device.name}: no window holds ${text(range)}`);
}

/** A region takes its addresses: what is in the way costs it the line in /proc/iomem and no more. */
export function holdAddresses(kernel: Kernel, region: Device, device: Device): void {
  const record = regionOf(region);
  const window = rootPart(record.rootDecoder).resource;
  const isRefused = stepFault(kernel, "region.insert", region.name, device.name, ...memdevNames(device)) !== undefined;
  if (record.resource === null || window === null || (!isRefused && insertConflict(window, record.resource) === null)) return;
  printk(kernel, "warn", `${logName(functionOf(device))}: ${placeOf(device)}: __construct_region ${region.name} cannot insert resource`);
}

/** 6.2: a region of the decoder's range, with the ways and granularity of this decoder, whatever the others will say. */
const construct = task("region.construct", function* (kernel: Kernel, rootDecoder: Device, device: Device): Task<Device> {
  const { start, size, ways, granularity, isLocked, isHostOnly } = decoderOf(device);
  const { mode } = endpointPart(device);
  if (mode === "none") {
    printk(kernel, "err", `${logName(functionOf(device))}: ${placeOf(device)}: no region of partition ${mode}`);
    throw new SystemError("EBUSY", `${device.name}: partition ${mode}`);
  }
  failStep(kernel, "region.construct", device.name, ...memdevNames(device));
  const region = yield* createRegion(kernel, rootDecoder, nextRegionName(rootDecoder), mode);
  yield* lockRegions(kernel);
  if (regionOf(region).state >= regionStates.interleaveActive) {
    unlockRegions(kernel);
    printk(kernel, "err", `${logName(functionOf(device))}: ${placeOf(device)}: __construct_region ${region.name} autodiscovery interrupted`);
    yield* removeRegion(kernel, region);
    throw new SystemError("EBUSY", `${region.name}: autodiscovery interrupted`);
  }
  try {
    const record = regionOf(region);
    record.isAuto = true;
    record.isLocked ||= isLocked;
    record.isHostOnly = isHostOnly;
    record.resource = createResource(region.name, start, size);
    trimSoftReserved(kernel, record.resource);
    if (kernel.policy.assembly.hpaHold === "at-construct") holdAddresses(kernel, region, device);
    record.ways = ways;
    record.granularity = granularity;
    record.targets.length = 0;
    for (let position = 0; position < ways; position++) record.targets.push(null);
    record.state = regionStates.interleaveActive;
    printk(kernel, "debug", `${logName(functionOf(device))}: ${placeOf(device)}: __construct_region ${region.name} res: ${describeResource(record.resource)} iw: ${ways} ig: ${granularity}`);
  } finally {
    unlockRegions(kernel);
  }
  mark(kernel, `${region.name} constructed`, device.name);
  noteRegion(kernel, "constructed", region, device);
  return region;
});

const findOrConstruct = task("region.findOrConstruct", function* (kernel: Kernel, rootDecoder: Device, device: Device): Task<Device> {
  const root = rootPart(rootDecoder);
  const channel = `lock:range:${rootDecoder.name}`;
  while (root.isSearched) yield until(channel);
  root.isSearched = true;
  try {
    const { start, size } = decoderOf(device);
    const found = root.regions.find((region) => {
      if (region.isDead) return false;
      const { resource } = regionOf(region);
      return resource !== null && resource.start === start && resourceSize(resource) === size;
    });
    return found ?? (yield* construct(kernel, rootDecoder, device));
  } finally {
    root.isSearched = false;
    wake(kernel.scheduler, channel);
  }
});

/** A11, A12: the decoder takes the first free slot, in order of arrival. */
function stage(kernel: Kernel, region: Device, device: Device): void {
  const record = regionOf(region);
  const part = endpointPart(device);
  failCheck(kernel, "A11", region, device);
  requireAuto(kernel, region, device);
  const slot = record.targets.indexOf(null);
  failCheck(kernel, "A12", region, device);
  if (slot < 0) {
    printk(kernel, "err", `${logName(region)}: ${device.name}: no more target slots available`);
    throw new SystemError("ENXIO", `${region.name} has no slot left`);
  }
  record.targets[slot] = device;
  record.targetCount++;
  part.position = slot;
  part.state = "auto-staged";
  part.stagedIn = region;
  mark(kernel, `${device.name} staged`, region.name);
  noteRegion(kernel, "staged", region, device);
}

function attachAuto(kernel: Kernel, region: Device, device: Device): void {
  const record = regionOf(region);
  checkTarget(kernel, region, device);
  addMember(region, device);
  if (!record.isAuto) refuse(kernel, region, "ENXIO", `position -1 out of range ${record.ways}`);
  stage(kernel, region, device);
  if (record.targetCount < record.ways) return watchAssembly(kernel, region);
  endWatch(kernel, region);
  assemble(kernel, region);
  record.state = regionStates.commit;
  updateSharedBandwidth(kernel, region);
  if (kernel.policy.assembly.hpaHold === "after-assembly") holdAddresses(kernel, region, device);
  mark(kernel, `${region.name} assembled`);
  noteRegion(kernel, "assembled", region, device);
}

/** The region of a decoder's range, locked; one that went while others held the lock is looked for again. */
const lockedRegion = task("region.locked", function* (kernel: Kernel, device: Device): Task<Device> {
  for (;;) {
    const region = yield* findOrConstruct(kernel, findWindow(kernel, device), device);
    yield* lockRegions(kernel);
    if (!region.isDead) return region;
    unlockRegions(kernel);
  }
});

/** Why the checks of A14-A19 refused a region whose last member this is; undefined: it is another failure, and the region goes on waiting. */
function refusedBy(region: Device, device: Device, error: SystemError): string | undefined {
  const isMember = regionOf(region).targets.includes(device);
  return isMember ? `${error.message.replace(`${region.name}: `, "")}: -${error.number}` : undefined;
}

/** cxl_add_to_region. @throws SystemError ENXIO no window; EBUSY of the construction */
const addToRegion = task("region.addTo", function* (kernel: Kernel, device: Device): Task<void> {
  const region = yield* lockedRegion(kernel, device);
  let why: string | undefined;
  try {
    tryAttach(kernel, region, device, () => attachAuto(kernel, region, device));
  } catch (thrown) {
    // Said on the endpoint; whether the region runs is decided by its state alone.
    if (!(thrown instanceof SystemError)) throw thrown;
    why = refusedBy(region, device, thrown);
    noteRegion(kernel, "refused", region, device, thrown);
  } finally {
    unlockRegions(kernel);
  }
  if (regionOf(region).state === regionStates.commit && !(yield* attach(kernel, region)) && !region.isDead) why = "its driver did not take it";
  if (why !== undefined && regionOf(region).isAuto) yield* endAssembly(kernel, region, why);
});

/** Looks for the region of every committed decoder of an endpoint, in id order. What fails is said and left: the endpoint comes up all the same (4.3). */
export const discoverRegions = task("region.discover", function* (kernel: Kernel, endpoint: Device): Task<void> {
  for (const device of portOf(endpoint).decoders.slice()) {
    if (!decoderOf(device).isEnabled || endpointPart(device).state !== "auto") continue;
    try {
      yield* addToRegion(kernel, device);
    } catch (thrown) {
      if (!(thrown instanceof SystemError)) throw thrown;
      noteUnplaced(kernel, device, thrown);
      printk(kernel, "debug", `${logName(endpoint)}: failed to add to region: ${text(rangeOf(device)).replace(":", "-")}`);
    }
  }
});
