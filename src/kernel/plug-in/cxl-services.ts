// What the link, the slot and Linux's CXL and dax subsystems do for a driver. Regions and their plans reach it as names and figures alone.

import type { CacheHandling, CxlServices, DriverDevice, DriverRegion, DriverRegionPlan, LinkServices, MadeDriverRegion, SlotServices } from "../../platform/driver.ts";
import type { Task } from "../../sim/task.ts";
import { oscGranted } from "../acpi/acpi.ts";
import type { Device } from "../base/device.ts";
import { unbind } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { dportOfDevice } from "../cxl/types.ts";
import { daxDeviceOf } from "../dax/types.ts";
import { clearMemory } from "../isolation/clear.ts";
import { aliveBytes, daxDevicesOf, fence, pinOwners, restoreDax } from "../isolation/dax-plan.ts";
import { openRecovery } from "../isolation/record.ts";
import type { RegionPlan } from "../isolation/regions.ts";
import { activateRegion, affectedRegions, createFromPlan, planRegion, releaseRegion } from "../isolation/regions.ts";
import { awaitHolders, pageHolders, vacateRegion } from "../isolation/system-ram.ts";
import { kernelRangesIn } from "../mm/direct-map.ts";
import { waitForPins } from "../mm/pin.ts";
import { hostBridgeOf } from "../pci/buses.ts";
import { pciFunctionOf } from "../pci/device.ts";
import { holdSlot } from "../pci/hotplug.ts";
import { disableLink, enableLink, isLinkUp, waitForLink } from "../pci/link.ts";
import { markDisconnected, removeBelow, rescan } from "../pci/rescan.ts";
import { deviceOf } from "./devices.ts";
import type { Waiting } from "./services.ts";

export const linkServices = (kernel: Kernel, waiting: Waiting): LinkServices => ({
  isUp: (port) => isLinkUp(kernel, deviceOf(kernel, port)),
  disable: (port) => disableLink(kernel, deviceOf(kernel, port)),
  enable: (port) => enableLink(kernel, deviceOf(kernel, port)),
  wait: (port, isUp, timeout) => waiting("link.wait", () => waitForLink(kernel, deviceOf(kernel, port), isUp, timeout)),
});

function* countBelow(kernel: Kernel, port: Device): Task<number> {
  return (yield* rescan(kernel, port)).length;
}

export const slotServices = (kernel: Kernel, waiting: Waiting): SlotServices => ({
  hold: (port, isHeld) => holdSlot(kernel, deviceOf(kernel, port), isHeld),
  disconnect: (port) => markDisconnected(deviceOf(kernel, port)),
  removeBelow: (port) => waiting("slot.removeBelow", () => removeBelow(kernel, deviceOf(kernel, port))),
  rescan: (port) => waiting("slot.rescan", () => countBelow(kernel, deviceOf(kernel, port))),
});

/** Regions and plans behind what a driver holds. */
class Handles {
  readonly #regions = new WeakMap<DriverRegion, Device>();
  readonly #views = new Map<Device, DriverRegion>();
  readonly #plans = new WeakMap<DriverRegionPlan, RegionPlan>();

  view(region: Device): DriverRegion {
    const known = this.#views.get(region);
    if (known !== undefined) return known;
    const view: DriverRegion = Object.freeze({
      name: region.name,
      get isGone() {
        return region.isDead;
      },
    });
    this.#views.set(region, view);
    this.#regions.set(view, region);
    return view;
  }

  region(view: DriverRegion): Device {
    const region = this.#regions.get(view);
    if (region === undefined) throw new SystemError("EINVAL", "this is no region that the kernel gave");
    return region;
  }

  planView(plan: RegionPlan): DriverRegionPlan {
    const view: DriverRegionPlan = Object.freeze({ name: plan.name, start: plan.start, size: plan.size, aliveBytes: plan.aliveBytes });
    this.#plans.set(view, plan);
    return view;
  }

  plan(view: DriverRegionPlan): RegionPlan {
    const plan = this.#plans.get(view);
    if (plan === undefined) throw new SystemError("EINVAL", "this is no plan that the kernel gave");
    return plan;
  }
}

function* allPins(kernel: Kernel, regions: readonly Device[]): Task<void> {
  for (const region of regions) {
    for (const device of daxDevicesOf(kernel, region)) yield* waitForPins(kernel, daxDeviceOf(device));
    yield* awaitHolders(kernel, region);
  }
}

/** System RAM first: while a block is online its dax device does not let go of it (S81, S84). @throws SystemError EBUSY a block stays */
function* takeAway(kernel: Kernel, region: Device): Task<void> {
  yield* vacateRegion(kernel, region);
  yield* unbind(kernel, region);
}

function* recreated(kernel: Kernel, handles: Handles, plan: RegionPlan, caches: CacheHandling): Task<MadeDriverRegion> {
  const made = yield* createFromPlan(kernel, plan, caches);
  return { region: handles.view(made.region), start: made.start, size: made.size };
}

function* activated(kernel: Kernel, region: Device): Task<void> {
  yield* activateRegion(kernel, region);
}

export function cxlServices(kernel: Kernel, waiting: Waiting): CxlServices {
  const handles = new Handles();
  const of = (device: DriverDevice): Device => deviceOf(kernel, device);
  const all = (regions: readonly DriverRegion[]): Device[] => regions.map((region) => handles.region(region));
  return {
    granted: (device) => ({ ...oscGranted(kernel, hostBridgeOf(pciFunctionOf(of(device)).hostBridge).uid) }),
    setIsolated: (port, isIsolated) => {
      const dport = dportOfDevice(kernel, of(port));
      if (dport === undefined || dport.isIsolated === isIsolated) return;
      dport.isIsolated = isIsolated;
      // Hot-plug and containment leave an isolated port to its driver (error-recovery 9, row 8).
      holdSlot(kernel, dport.device, isIsolated);
    },
    recovery: (port) => openRecovery(kernel, of(port)),
    regionsBelow: (port) => affectedRegions(kernel, of(port)).map((region) => handles.view(region)),
    plan: (region) => {
      const device = handles.region(region);
      return handles.planView(planRegion(kernel, device, aliveBytes(kernel, device)));
    },
    fence: (regions) => waiting("cxl.fence", () => fence(kernel, all(regions))),
    isKernelMapped: (plan) => kernelRangesIn(kernel, plan.start, plan.size).length > 0,
    pinOwners: (regions) => [...new Set([...pinOwners(kernel, all(regions)), ...all(regions).flatMap((region) => pageHolders(kernel, region))])],
    waitForPins: (regions) => waiting("cxl.waitForPins", () => allPins(kernel, all(regions))),
    unbind: (region) => waiting("cxl.unbind", () => takeAway(kernel, handles.region(region))),
    release: (region, plan, port, caches = "invalidate") => waiting("cxl.release", () => releaseRegion(kernel, handles.region(region), handles.plan(plan), of(port), caches)),
    recreate: (plan, caches = "invalidate") => waiting("cxl.recreate", () => recreated(kernel, handles, handles.plan(plan), caches)),
    clear: (start, size) => waiting("cxl.clear", () => clearMemory(kernel, start, size)),
    activate: (region) => waiting("cxl.activate", () => activated(kernel, handles.region(region))),
    restoreDax: (region, plan) => waiting("cxl.restoreDax", () => restoreDax(kernel, handles.region(region), handles.plan(plan).dax)),
    aliveBytes: (region) => aliveBytes(kernel, handles.region(region)),
  };
}
