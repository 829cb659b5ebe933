// Drivers hmem_platform and hmem: Soft Reserved memory becomes dax devices, unless CXL claims it (region-assembly 9; S27-S66). Who has a range is
// decided once, after device probing has come to rest; cxl's own dax driver registers only then.

import type { Task } from "../../sim/task.ts";
import { point, task } from "../../sim/task.ts";
import { targetNode } from "../mm/node.ts";
import type { Device, DeviceType, Driver } from "../base/device.ts";
import { addDevice, attach, busDevices, manage, registerDriver, removeDevice } from "../base/device.ts";
import { platformBus, platformRoot } from "../base/platform-bus.ts";
import type { Kernel } from "../base/kernel.ts";
import { defineState, mark, printk } from "../base/kernel.ts";
import { SystemError } from "../base/errno.ts";
import { stepFault } from "../base/steps.ts";
import { removeRegion } from "../cxl/region.ts";
import { cxlBus, cxlState, decoderOf, freeId, isRegion, portOf, regionOf, regionStates, takeId } from "../cxl/types.ts";
import type { Resource } from "../resource/resource.ts";
import { contains, createResource, describeResource, insertConflict, iomem, removeResource, resourceSize } from "../resource/resource.ts";
import { isSoftReserved, softReservedName, softReservedRanges } from "../resource/soft-reserved.ts";
import { daxDeviceType, daxRegionAttributes } from "./attributes.ts";
import { cxlDaxRegionDriver } from "./cxl.ts";
import { allocDaxRegion, createDaxDevice } from "./region.ts";
import { daxRegionTypeName, hugePageSize } from "./types.ts";

/** What one hmem device stands for. */
interface HmemRecord {
  readonly id: number;
  readonly range: Resource;
}

const hmemState = defineState("dax.hmem", () => ({ isDecided: false }));

const platformType: DeviceType = { name: "platform", attributes: [{ name: "modalias", show: (_kernel, device) => `platform:${device.name.split(".")[0] ?? ""}\n` }] };
const isHmem = (device: Device): boolean => device.name.startsWith("hmem.");

const probeHmem = task("hmem.probe", function* (kernel: Kernel, parent: Device): Task<void> {
  const { id, range } = parent.data as HmemRecord;
  const region = allocDaxRegion(kernel, parent, { id, start: range.start, size: resourceSize(range), align: hugePageSize, targetNode: targetNode(kernel, range.start), prefersKmem: true, memmapOnMemory: false, deviceType: daxDeviceType });
  const device = yield* createDaxDevice(kernel, region, region.size, region.memmapOnMemory);
  yield* attach(kernel, device);
});

const hmemDriver: Driver = {
  name: "hmem", bus: platformBus, match: (_kernel, device) => isHmem(device), probe: probeHmem, attributes: daxRegionAttributes,
  remove: task("hmem.remove", function* (): Task<void> {}),
};

/** Which windows a range touches is asked of the root decoders: cxl publishes nothing else before regions are there. */
function touchesWindow(kernel: Kernel, range: Resource): boolean {
  const { root } = cxlState(kernel);
  return root !== null && portOf(root).decoders.map(decoderOf).some(({ start, size }) => start <= range.end && range.start < start + size);
}

/** One committed region holds all of the range (cxl_region_contains_resource). */
const isClaimed = (kernel: Kernel, range: Resource): boolean =>
  busDevices(kernel, cxlBus).filter(isRegion).map(regionOf).some(({ state, resource }) => state >= regionStates.commit && resource !== null && contains(resource, range));

const unregister = (child: Device, published: Resource | null) => task("hmem.unregister", function* (kernel: Kernel): Task<void> {
  yield* removeDevice(kernel, child);
  freeId(cxlState(kernel).regionIds, (child.data as HmemRecord).id);
  if (published !== null) removeResource(published);
});

/** Makes a range an hmem device, whoever else lies over it. What is not Soft Reserved as a whole is left without a word. */
const register = task("hmem.register", function* (kernel: Kernel, platform: Device, range: Resource): Task<void> {
  if (!isSoftReserved(kernel, range)) return;
  const errno = stepFault(kernel, "hmem.register", describeResource(range));
  if (errno !== undefined) {
    printk(kernel, "err", `hmem_platform ${platform.name}: hmem device allocation failure for ${describeResource(range)}`);
    throw new SystemError(errno, "an hmem device cannot be made");
  }
  const late = kernel.policy.softReserved.publication === "late" ? createResource(softReservedName, range.start, resourceSize(range)) : null;
  if (late !== null) insertConflict(iomem(kernel), late);
  const id = takeId(cxlState(kernel).regionIds);
  const record: HmemRecord = { id, range };
  const device = addDevice(kernel, { name: `hmem.${id}`, bus: platformBus, type: platformType, parent: platform, data: record });
  manage(platform, device.name, unregister(device, late));
  mark(kernel, `${device.name} registered`, describeResource(range));
  yield* attach(kernel, device);
});

/** As above; the first failure ends the walk over the ranges. */
const tryRegister = task("hmem.tryRegister", function* (kernel: Kernel, platform: Device, range: Resource): Task<boolean> {
  try {
    yield* register(kernel, platform, range);
    return true;
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    return false;
  }
});

const say = (kernel: Kernel, platform: Device, text: string, range: Resource): void => printk(kernel, "debug", `hmem_platform ${platform.name}: ${text}: ${describeResource(range)}`);

const probePlatform = task("hmem_platform.probe", function* (kernel: Kernel, platform: Device): Task<void> {
  const owner = kernel.policy.softReserved.owner;
  for (const range of softReservedRanges(kernel)) {
    if (!touchesWindow(kernel, range)) yield* register(kernel, platform, range);
    else if (owner === "none" || hmemState(kernel).isDecided) say(kernel, platform, "deferring range to CXL", range);
    else say(kernel, platform, "await CXL initial probe", range);
  }
});

const hmemPlatformDriver: Driver = {
  name: "hmem_platform", bus: platformBus, match: (_kernel, device) => device.name.startsWith("hmem_platform."), probe: probePlatform,
  remove: task("hmem_platform.remove", function* (): Task<void> {}),
};

/** Every region of every window goes (`global-teardown`). */
const tearDown = task("hmem.tearDown", function* (kernel: Kernel): Task<void> {
  for (const region of busDevices(kernel, cxlBus).filter(isRegion)) yield* removeRegion(kernel, region);
});

/** The decision, once: CXL's, where one committed region holds all of a range; hmem's otherwise. */
const decide = task("hmem.decide", function* (kernel: Kernel, platform: Device): Task<void> {
  const owner = kernel.policy.softReserved.owner;
  hmemState(kernel).isDecided = true;
  if (platform.driver === null || owner === "none") return;
  const ranges = softReservedRanges(kernel).filter((range) => touchesWindow(kernel, range));
  const claims = new Map(ranges.map((range) => [range, isClaimed(kernel, range)]));
  // Up to version 6 of the series one range that was not claimed decided for all (S36).
  const isShared = owner !== "per-range" && [...claims.values()].includes(false);
  if (isShared && owner === "global-teardown") yield* tearDown(kernel);
  for (const range of ranges) {
    if (claims.get(range) === true && !isShared) {
      say(kernel, platform, "CXL claims resource, dropping", range);
      continue;
    }
    if (kernel.policy.softReserved.failover === false) continue;
    say(kernel, platform, "CXL did not claim resource, registering", range);
    if (!(yield* tryRegister(kernel, platform, range))) return;
  }
});

/** cxl's dax driver comes last; what waits for it is probed. With a mode variable that no range ever moved it never does (S29). */
const registerCxlDax = task("dax_cxl.register", function* (kernel: Kernel): Task<void> {
  if (kernel.policy.softReserved.owner === "mode-variable" && softReservedRanges(kernel).length === 0) return;
  registerDriver(kernel, cxlDaxRegionDriver);
  for (const device of busDevices(kernel, cxlBus).slice()) if (device.type.name === daxRegionTypeName) yield* attach(kernel, device);
});

/** Soft Reserved and cxl's dax regions find their owners. After device probing, once. */
export const startHmem = task("dax.startHmem", function* (kernel: Kernel): Task<void> {
  registerDriver(kernel, hmemPlatformDriver);
  registerDriver(kernel, hmemDriver);
  if (softReservedRanges(kernel).length > 0) {
    const platform = addDevice(kernel, { name: "hmem_platform.0", bus: platformBus, type: platformType, parent: platformRoot(kernel), data: {} });
    yield* attach(kernel, platform);
    yield point("work:hmem");
    yield* decide(kernel, platform);
  }
  yield* registerCxlDax(kernel);
});
