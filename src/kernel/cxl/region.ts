// Regions as objects: creation below a root decoder, configuration files, deletion (region-assembly 7.1, 7.6).

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Attribute, Device, DeviceType } from "../base/device.ts";
import { addDevice, attach, findDevice, removeDevice, unbind } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { mark, printk } from "../base/kernel.ts";
import { stepFault } from "../base/steps.ts";
import { parseSigned, parseUnsigned, parseWord } from "../base/parse.ts";
import { noCoordinates } from "../mm/access-coordinates.ts";
import { checkReset } from "../resource/decode-hold.ts";
import { createResource, findFree, formatRange, insertResource, removeResource, resourceSize } from "../resource/resource.ts";
import { trimSoftReserved } from "../resource/soft-reserved.ts";
import { hex, identity, line, parseBoolean, parseNumber } from "./format.ts";
import { resetCommitted } from "./firmware-decoders.ts";
import { lockRegions, lockRegionsForStore, unlockRegions } from "./lock.ts";
import { attachTarget, detachTarget, tryAttach } from "./region-attach.ts";
import { commitRegion, decommitRegion } from "./region-commit.ts";
import { accessAttributes } from "./region-performance.ts";
import { endWatch } from "./region-watch.ts";
import type { RegionRecord, PartitionMode } from "./types.ts";
import { uuidAttribute } from "./region-uuid.ts";
import { cxlBus, cxlState, decoderOf, encodeGranularity, encodeWays, freeId, granule, isDecoder, isPowerOfTwo, portOf, regionOf, regionStates, rootPart, takeId } from "./types.ts";

const mostTargets = 16;
const noResource = 0xffff_ffff_ffff_ffffn;

/** Name that the next region below this root decoder gets. */
export const nextRegionName = (rootDecoder: Device): string => `region${rootPart(rootDecoder).nextRegionId}`;

/** The number that a new region is asked by: `region` and a number, whatever follows (sscanf). @throws SystemError EINVAL */
function parseRegionId(text: string): number {
  const digits = /^region\s*(-?\d+)/.exec(text)?.[1];
  if (digits === undefined) throw new SystemError("EINVAL", `"${text}" is no region name`);
  return Number(digits);
}

/** Store of `create_ram_region` and `create_pmem_region`. @throws SystemError ENXIO dead root decoder; EINVAL no region name; EBUSY not the next name */
export const createRegion = task("region.create", function* (kernel: Kernel, rootDecoder: Device, text: string, mode: PartitionMode): Task<Device> {
  const root = rootPart(rootDecoder);
  if (root.isDead) throw new SystemError("ENXIO", `${rootDecoder.name} is gone`);
  const name = nextRegionName(rootDecoder);
  if (parseRegionId(text) !== root.nextRegionId) throw new SystemError("EBUSY", `${text} is not next; ${name} is`);
  const record: RegionRecord = {
    id: root.nextRegionId, rootDecoder, mode, uuid: "", state: regionStates.idle, ways: 0, granularity: 0, resource: null,
    targets: [], targetCount: 0, isLocked: root.restrictions.isFixed, isAwaited: false, isHostOnly: true, leavesCaches: false, isAuto: false, coordinates: noCoordinates, isNodeWatched: false, isAccessShown: false,
  };
  root.nextRegionId = takeId(cxlState(kernel).regionIds);
  const device = addDevice(kernel, { name, bus: cxlBus, type: regionType, parent: rootDecoder, data: record });
  root.regions.push(device);
  mark(kernel, `${name} created`, rootDecoder.name);
  yield* attach(kernel, device);
  printk(kernel, "debug", `cxl_acpi ${portOf(decoderOf(rootDecoder).port).uport.name}: ${rootDecoder.name}: created ${name}`);
  return device;
});

/** Unbinds, detaches every target, frees addresses and the id; then the object goes. Works at every state. */
export const removeRegion = task("region.remove", function* (kernel: Kernel, region: Device): Task<void> {
  const record = regionOf(region);
  const root = rootPart(record.rootDecoder);
  endWatch(kernel, region);
  yield* removeDevice(kernel, region);
  yield* lockRegions(kernel);
  try {
    for (const target of record.targets.slice()) if (target !== null) detachTarget(kernel, target, region);
    if (record.resource !== null) removeResource(record.resource);
    record.resource = null;
  } finally {
    unlockRegions(kernel);
  }
  const at = root.regions.indexOf(region);
  if (at < 0) return;
  root.regions.splice(at, 1);
  // The freed id is handed out next; the one held in advance goes back.
  freeId(cxlState(kernel).regionIds, root.nextRegionId);
  root.nextRegionId = record.id;
  mark(kernel, `${region.name} deleted`);
});

/** Store of `delete_region`. @throws SystemError ENODEV no such region below this root decoder; EBUSY policy, hmem uses its addresses */
export const deleteRegion = task("region.delete", function* (kernel: Kernel, rootDecoder: Device, name: string): Task<void> {
  const region = rootPart(rootDecoder).regions.find((candidate) => candidate.name === name);
  if (region === undefined) throw new SystemError("ENODEV", `no ${name} below ${rootDecoder.name}`);
  checkReset(kernel, regionOf(region).resource);
  yield* removeRegion(kernel, region);
});

function requireIdle(region: Device): void {
  if (regionOf(region).state >= regionStates.interleaveActive) throw new SystemError("EBUSY", `${region.name}: interleave is fixed while the region has a size`);
}

/** A slot per way. Who is in one stays: a region that gave its addresses back may still have targets. */
function setSlots({ ways, targets }: RegionRecord): void {
  while (targets.length > ways && targets.at(-1) === null) targets.pop();
  while (targets.length < ways) targets.push(null);
}

const storeWays = task("interleave_ways.store", function* (_kernel: Kernel, region: Device, text: string): Task<void> {
  const record = regionOf(region);
  const ways = Number(parseUnsigned(text, 32));
  const rootWays = decoderOf(record.rootDecoder).ways;
  if (encodeWays(ways) === undefined || ways % rootWays !== 0 || !isPowerOfTwo(ways / rootWays)) throw new SystemError("EINVAL", `${region.name}: ${ways} ways over a window of ${rootWays}`);
  requireIdle(region);
  record.ways = ways;
  setSlots(record);
});

const storeGranularity = task("interleave_granularity.store", function* (_kernel: Kernel, region: Device, text: string): Task<void> {
  const record = regionOf(region);
  const granularity = Number(parseSigned(text));
  const root = decoderOf(record.rootDecoder);
  if (encodeGranularity(granularity) === undefined) throw new SystemError("EINVAL", `${region.name}: granularity ${granularity}`);
  if (root.ways > 1 && granularity !== root.granularity) throw new SystemError("EINVAL", `${region.name}: a window of ${root.ways} ways needs granularity ${root.granularity}`);
  requireIdle(region);
  record.granularity = granularity;
});

function allocate(kernel: Kernel, region: Device, size: bigint): void {
  const record = regionOf(region);
  if (record.resource !== null) {
    if (resourceSize(record.resource) === size) return;
    throw new SystemError("EBUSY", `${region.name} has a size already`);
  }
  requireIdle(region);
  if (record.ways === 0 || record.granularity === 0) throw new SystemError("ENXIO", `${region.name}: ways and granularity come first`);
  if (record.mode === "pmem" && record.uuid === "") throw new SystemError("ENXIO", `${region.name}: a UUID comes first`);
  if (size % (granule * BigInt(record.ways)) !== 0n) throw new SystemError("EINVAL", `${region.name}: ${size} is no multiple of ${record.ways} x 256 MiB`);
  const window = rootPart(record.rootDecoder).resource;
  if (window === null) throw new SystemError("ENXIO", `${record.rootDecoder.name} has no address range`);
  const errno = stepFault(kernel, "region.size", region.name);
  const start = errno === undefined ? findFree(window, size, granule) : undefined;
  if (start === undefined) {
    printk(kernel, "debug", `cxl_region ${region.name}: HPA allocation error (-${errno ?? "ERANGE"}) for size:${hex(size)} in ${window.name} ${formatRange(window.start, window.end)}`);
    throw new SystemError(errno ?? "ERANGE", `${window.name} has no ${size} bytes free in one piece`);
  }
  record.resource = createResource(region.name, start, size);
  trimSoftReserved(kernel, record.resource);
  insertResource(window, record.resource);
  record.state = regionStates.interleaveActive;
}

function release(region: Device): void {
  const record = regionOf(region);
  if (record.resource === null) return;
  if (record.state >= regionStates.active) throw new SystemError("EBUSY", `${region.name} is active`);
  removeResource(record.resource);
  record.resource = null;
  record.state = regionStates.idle;
}

const storeSize = task("size.store", function* (kernel: Kernel, region: Device, text: string): Task<void> {
  const size = parseNumber(text);
  yield* lockRegionsForStore(kernel);
  try {
    if (size === 0n) release(region);
    else allocate(kernel, region, size);
  } finally {
    unlockRegions(kernel);
  }
});

const storeCommit = task("commit.store", function* (kernel: Kernel, region: Device, text: string): Task<void> {
  if (parseBoolean(text)) yield* commitRegion(kernel, region);
  else yield* decommitRegion(kernel, region);
});

/**
 * A member is taken out by hand. POL-UNWIND for regions that firmware made: `none` refuses it as `dpa_size` does, since the decoder is enabled (EBUSY is
 * INFERRED: no kernel refuses it); `targets` leaves the decoder committed, as Linux 7.2; `full` resets it, so that it is userspace's from here on.
 * @throws SystemError EBUSY
 */
function emptySlot(kernel: Kernel, region: Device, target: Device): Device | null {
  const { isAuto, state } = regionOf(region);
  const { unwind } = kernel.policy.assembly;
  if (isAuto && unwind === "none") throw new SystemError("EBUSY", `${region.name}: ${target.name} is enabled`);
  if (isAuto && unwind === "full" && state < regionStates.commit) resetCommitted(kernel, [target]);
  return detachTarget(kernel, target, region);
}

const storeTarget = task("target.store", function* (kernel: Kernel, region: Device, position: number, text: string): Task<void> {
  const name = parseWord(text);
  yield* lockRegionsForStore(kernel);
  let changed: Device | null = null;
  try {
    if (name === "") {
      if (regionOf(region).state >= regionStates.commit) checkReset(kernel, regionOf(region).resource);
      const target = regionOf(region).targets[position];
      if (target != null) changed = emptySlot(kernel, region, target);
    } else {
      const device = findDevice(kernel, cxlBus, name);
      if (device === undefined) throw new SystemError("ENODEV", `no device ${name}`);
      if (!isDecoder(device) || decoderOf(device).endpoint === null) throw new SystemError("EINVAL", `${name} is no endpoint decoder`);
      tryAttach(kernel, region, device, () => attachTarget(kernel, region, device, position));
    }
  } finally {
    unlockRegions(kernel);
  }
  if (changed !== null) yield* unbind(kernel, changed);
});

const targetAttribute = (position: number): Attribute => ({
  ...line(`target${position}`, (device) => regionOf(device).targets[position]?.name ?? ""),
  visible: (_kernel, device) => position < regionOf(device).ways,
  store: (kernel, device, text) => storeTarget(kernel, device, position, text),
});

export const regionType: DeviceType = {
  name: "cxl_region",
  attributes: [
    ...identity("cxl_region", 6),
    { ...line("commit", (device) => (regionOf(device).state >= regionStates.commit ? "1" : "0")), store: storeCommit },
    { ...line("interleave_ways", (device) => String(regionOf(device).ways)), store: storeWays },
    { ...line("interleave_granularity", (device) => String(regionOf(device).granularity)), store: storeGranularity },
    line("locked", (device) => (regionOf(device).isLocked ? "1" : "0")),
    line("mode", (device) => regionOf(device).mode),
    line("resource", (device) => hex(regionOf(device).resource?.start ?? noResource)),
    { ...line("size", (device) => { const { resource } = regionOf(device); return hex(resource === null ? 0n : resourceSize(resource)); }), store: storeSize },
    uuidAttribute, ...accessAttributes,
    ...Array.from({ length: mostTargets }, (_, position) => targetAttribute(position)),
  ],
};
