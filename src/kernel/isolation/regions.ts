// Regions as recovery needs them: which are affected, what they were, taking them apart and making them again, through the same stores that
// user space uses, so that nothing is possible here that a shell could not do.

import type { CacheHandling } from "../../platform/driver.ts";
import type { Task } from "../../sim/task.ts";
import { sleep, task } from "../../sim/task.ts";
import type { Attribute, Device } from "../base/device.ts";
import { attach, busDevices, findDevice } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import type { PartitionMode } from "../cxl/types.ts";
import { cxlBus, decoderOf, endpointPart, granule, isMemdev, isRegion, memdevOf, portOf, regionOf, regionStates } from "../cxl/types.ts";
import { deviceOf } from "../../platform/pci-address.ts";
import { addressOf, portAbove, portsAbove } from "../pci/device.ts";
import type { DaxPlan } from "./dax-plan.ts";
import { daxDevicesOf, planDax } from "./dax-plan.ts";
import { hmemBelow } from "./hmem.ts";
import { commitDecoder } from "../cxl/hdm.ts";
import { agreeCaches } from "../cxl/region-commit.ts";
import { attachNewPorts } from "../cxl/region-attach.ts";
import { daxRegionOf } from "../dax/region.ts";
import { hasRegionsAbove, leaveRegion, rejoinRegion } from "./reattach.ts";
import { systemRamBytes } from "./system-ram.ts";

export interface RegionPlan {
  readonly name: string;
  /** Null: memory of hmem's, which has no region. */
  readonly rootDecoder: Device | null;
  readonly start: bigint;
  readonly size: bigint;
  readonly ways: number;
  readonly granularity: number;
  readonly mode: PartitionMode;
  /** "": none. */
  readonly uuid: string;
  /** Where the member of each position is plugged in. */
  readonly places: readonly (string | undefined)[];
  readonly dax: readonly DaxPlan[];
  /** Bytes of dax devices that were alive, and of System RAM that was online. */
  readonly aliveBytes: bigint;
  /** The region itself, when it keeps its place instead of being made anew. */
  readonly kept: Device | null;
}

/** Root and downstream ports above a member, the nearest first; none of a member that is missing. */
const portsOfTarget = (target: Device | null): readonly Device[] => (target === null ? [] : portsAbove(memdevOf(endpointPart(target).memdev).pciDevice));

/**
 * A region that is not committed serves nobody: its members leave with their endpoints, and it stays, firmware's as evidence (S3), a user's for whom is
 * making it. One that waits for members of an earlier recovery is another matter.
 */
const isUnfinished = (region: Device): boolean => regionOf(region).state < regionStates.commit && !regionOf(region).isAwaited;

/** Every region with a member below the port that recovery has to give back and make again, and what of hmem's it cannot make again (S77, S78). */
export const affectedRegions = (kernel: Kernel, port: Device): Device[] => [
  ...busDevices(kernel, cxlBus).filter((device) => isRegion(device) && !isUnfinished(device) && regionOf(device).targets.some((target) => portsOfTarget(target).includes(port))),
  ...hmemBelow(kernel, port),
];

/** Whether some member of a region is below the port of this name. */
export const regionIsBelow = (region: Device, port: string): boolean => regionOf(region).targets.some((target) => portsOfTarget(target).some(({ name }) => name === port));

/** Whether some port above a member is dead by the caller's judgement, or some member is missing. */
export const regionReachesDeadPort = (region: Device, isDead: (port: Device) => boolean): boolean =>
  regionOf(region).targets.slice(0, regionOf(region).ways).some((target) => target === null || portsOfTarget(target).some(isDead));

/**
 * A place by what does not change when a switch comes back with other bus numbers: the root port's name, then device numbers of the
 * downstream ports. Undefined: not below a port.
 */
export function placeBelow(pciDevice: Device): string | undefined {
  const port = portAbove(pciDevice);
  return port === undefined ? undefined : placeOf(port);
}

/** The same of a port itself. */
export function placeOf(port: Device): string {
  const [root = port, ...inner] = [port, ...portsAbove(port)].toReversed();
  return [root.name, ...inner.map((one) => deviceOf(addressOf(one)))].join("/");
}

const placeOfTarget = (target: Device | null): string | undefined => (target === null ? undefined : placeBelow(memdevOf(endpointPart(target).memdev).pciDevice));

/** What a region was; `aliveBytes` of its dax devices. */
export function planRegion(kernel: Kernel, region: Device, aliveBytes: bigint): RegionPlan {
  const bytes = aliveBytes + systemRamBytes(kernel, region);
  if (!isRegion(region)) return planHmem(kernel, region, bytes);
  const record = regionOf(region);
  const start = record.resource?.start ?? 0n;
  const size = record.resource === null ? 0n : record.resource.end - start + 1n;
  return { name: region.name, rootDecoder: record.rootDecoder, start, size, ways: record.ways, granularity: record.granularity, mode: record.mode, uuid: record.uuid, places: record.targets.slice(0, record.ways).map(placeOfTarget), dax: planDax(kernel, region), aliveBytes: bytes, kept: hasRegionsAbove(region) || record.isLocked ? region : null };
}

function planHmem(kernel: Kernel, device: Device, aliveBytes: bigint): RegionPlan {
  const range = daxRegionOf(kernel, device);
  return { name: device.name, rootDecoder: null, start: range?.start ?? 0n, size: range?.size ?? 0n, ways: 1, granularity: 0, mode: "ram", uuid: "", places: [], dax: planDax(kernel, device), aliveBytes, kept: null };
}

function attributeOf(device: Device, name: string): Attribute {
  const found = [...device.type.attributes, ...(device.driver?.attributes ?? [])].find((attribute) => attribute.name === name);
  if (found === undefined) throw new SystemError("ENOENT", `${device.name} has no ${name}`);
  return found;
}

/** `echo text > /sys/.../name` */
const store = task("isolation.store", function* (kernel: Kernel, device: Device, name: string, text: string): Task<void> {
  const { store: write } = attributeOf(device, name);
  if (write === undefined) throw new SystemError("EACCES", `${device.name}/${name} cannot be written`);
  yield* write(kernel, device, `${text}\n`);
});

/** Resets decode where a member answers, detaches the members, frees their DPA, deletes the region. @throws SystemError */
const destroyRegion = task("isolation.destroyRegion", function* (kernel: Kernel, region: Device): Task<void> {
  const record = regionOf(region);
  const members = [...record.targets];
  if (record.state === regionStates.commit) yield* store(kernel, region, "commit", "0");
  for (const [position, target] of members.entries()) {
    if (target === null || target.isDead) continue;
    yield* store(kernel, region, `target${position}`, "");
    yield* store(kernel, target, "dpa_size", "0");
  }
  yield* store(kernel, record.rootDecoder, "delete_region", region.name);
});

/** Takes the region out of the way of removal: its members below `port` leave, or all of it goes. @throws SystemError */
export const releaseRegion = task("isolation.releaseRegion", function* (kernel: Kernel, region: Device, plan: RegionPlan, port: Device, caches: CacheHandling): Task<void> {
  if (plan.rootDecoder === null) return;
  regionOf(region).leavesCaches = caches === "leave";
  if (plan.kept === null) return yield* destroyRegion(kernel, region);
  // Its decoders stay, so that nothing else makes caches forget what was there.
  agreeCaches(kernel, region);
  for (const target of regionOf(region).targets.slice()) if (target !== null && portsOfTarget(target).includes(port)) leaveRegion(kernel, region, target);
});

function memdevAt(kernel: Kernel, place: string | undefined): Device | undefined {
  return busDevices(kernel, cxlBus).find((device) => isMemdev(device) && place !== undefined && placeBelow(memdevOf(device).pciDevice) === place);
}

/** The next endpoint decoder that may take DPA. @throws SystemError ENODEV no endpoint there; ENOSPC none free */
function freeDecoder(kernel: Kernel, place: string | undefined): Device {
  const memdev = memdevAt(kernel, place);
  const endpoint = memdev === undefined ? null : memdevOf(memdev).endpoint;
  if (endpoint === null) throw new SystemError("ENODEV", `no endpoint below ${place ?? "the port"}`);
  const record = portOf(endpoint);
  const decoder = record.decoders[record.dpaEnd + 1];
  if (decoder === undefined || decoderOf(decoder).region !== null) throw new SystemError("ENOSPC", `${endpoint.name} has no free decoder`);
  return decoder;
}

/** Capacity of a partition that a new decoder of this endpoint can take. */
function freeCapacity(decoder: Device, mode: PartitionMode): bigint {
  const { memdev } = endpointPart(decoder);
  const used = portOf(decoderOf(decoder).port).decoders.reduce((end, other) => {
    const { dpa } = endpointPart(other);
    return dpa !== null && dpa.start + dpa.size > end ? dpa.start + dpa.size : end;
  }, 0n);
  const { ram, pmem } = memdevOf(memdev).state.capacity;
  return mode === "ram" ? ram - used : ram + pmem - (used > ram ? used : ram);
}

export interface MadeRegion {
  readonly region: Device;
  readonly start: bigint;
  readonly size: bigint;
}

/** The kept region with its missing members back. @throws SystemError a member is missing or smaller */
const rejoin = task("isolation.rejoin", function* (kernel: Kernel, plan: RegionPlan, region: Device): Task<MadeRegion> {
  // Before decode comes back: what is written back now goes nowhere, and afterwards there is nothing left to write.
  if (!agreeCaches(kernel, region)) throw new SystemError("ENXIO", `${region.name}: CPU caches cannot be invalidated`);
  for (const [position, target] of regionOf(region).targets.entries()) {
    if (target === null) yield* rejoinRegion(kernel, region, freeDecoder(kernel, plan.places[position]), position);
  }
  for (const decoder of attachNewPorts(kernel, region).toReversed()) yield* commitDecoder(kernel, decoder);
  regionOf(region).leavesCaches = false;
  return { region, start: plan.start, size: plan.size };
});

/**
 * Makes and commits a region like the one there was; smaller when a member's capacity is smaller now. What was made halfway is taken away.
 * @throws SystemError a member is missing, or the stores' own errors; ENODEV it was hmem's
 */
export const createFromPlan = task("isolation.createRegion", function* (kernel: Kernel, plan: RegionPlan, caches: CacheHandling = "invalidate"): Task<MadeRegion> {
  const { rootDecoder } = plan;
  if (rootDecoder === null) throw new SystemError("ENODEV", "firmware decoded its memory, and nobody else can");
  if (plan.kept !== null) return yield* rejoin(kernel, plan, plan.kept);
  const decoders = plan.places.map((place) => freeDecoder(kernel, place));
  const wanted = plan.size / BigInt(plan.ways);
  const share = decoders.map((decoder) => freeCapacity(decoder, plan.mode)).reduce((least, free) => (free < least ? free : least), wanted);
  const part = share - (share % granule);
  if (part === 0n) throw new SystemError("ENOSPC", `${plan.name}: no capacity left on its members`);
  const creation = `create_${plan.mode}_region`;
  const name = (attributeOf(rootDecoder, creation).show?.(kernel, rootDecoder) ?? "").trim();
  yield* store(kernel, rootDecoder, creation, name);
  const region = findDevice(kernel, cxlBus, name);
  if (region === undefined) throw new SystemError("ENODEV", `${name} did not appear`);
  regionOf(region).leavesCaches = caches === "leave";
  try {
    yield* fillRegion(kernel, plan, region, decoders, part);
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    yield* discard(kernel, region);
    throw thrown;
  }
  regionOf(region).leavesCaches = false;
  return { region, start: regionOf(region).resource?.start ?? 0n, size: part * BigInt(plan.ways) };
});

const fillRegion = task("isolation.fillRegion", function* (kernel: Kernel, plan: RegionPlan, region: Device, decoders: readonly Device[], part: bigint): Task<void> {
  yield* store(kernel, region, "interleave_granularity", String(plan.granularity));
  yield* store(kernel, region, "interleave_ways", String(plan.ways));
  for (const decoder of decoders) {
    yield* store(kernel, decoder, "mode", plan.mode);
    yield* store(kernel, decoder, "dpa_size", `0x${part.toString(16)}`);
  }
  if (plan.uuid !== "") yield* store(kernel, region, "uuid", plan.uuid);
  yield* store(kernel, region, "size", `0x${(part * BigInt(plan.ways)).toString(16)}`);
  for (const [position, decoder] of decoders.entries()) yield* store(kernel, region, `target${position}`, decoder.name);
  yield* store(kernel, region, "commit", "1");
});

/** Best effort: what cannot be taken apart stays, as it would for a shell. */
const discard = task("isolation.discard", function* (kernel: Kernel, region: Device): Task<void> {
  try {
    yield* destroyRegion(kernel, region);
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
  }
});

const daxPolls = 100;
const daxPollTime = 1_000_000;

/** Binds the region's driver and waits until its dax device is there. @throws SystemError ENXIO it did not come */
export const activateRegion = task("isolation.activateRegion", function* (kernel: Kernel, region: Device): Task<void> {
  yield* attach(kernel, region);
  for (let poll = 0; daxDevicesOf(kernel, region)[0]?.driver == null; poll++) {
    if (poll === daxPolls) throw new SystemError("ENXIO", `${region.name}: no dax device appeared`);
    yield sleep(daxPollTime);
  }
});
