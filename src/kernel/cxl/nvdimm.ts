// The way to libnvdimm: a bridge under the root port as soon as one window takes persistent memory, with its nvdimm bus; below each memdev with
// persistent capacity an object that stands for its dimm; below each running region of persistent memory one that stands for the region
// (region-assembly 3, 4.2, 6.5). What libnvdimm makes of them (dimms, regions, namespaces) is not modelled (docs/fidelity.md).

import { commands } from "../../../registers/commands.ts";
import { encodePayload } from "../../platform/payload.ts";
import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Device, DeviceType, Driver } from "../base/device.ts";
import { addDevice, attach, busDevices, manage, removeDevice } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { printk } from "../base/kernel.ts";
import { failStep } from "../base/steps.ts";
import type { Resource } from "../resource/resource.ts";
import { createResource, insertResource, iomem, removeResource, resourceSize } from "../resource/resource.ts";
import { identity, line } from "./format.ts";
import { sendCommand } from "./mailbox.ts";
import { cxlBus, cxlState, endpointPart, memdevOf, portOf, regionOf, rootPart } from "./types.ts";

const nvdimmBus = "nd";
const noTask = task("cxl_pmem.remove", function* (): Task<void> {});

const bridgeType: DeviceType = { name: "cxl_nvdimm_bridge", attributes: identity("cxl_nvdimm_bridge", 1) };
const nvdimmType: DeviceType = { name: "cxl_nvdimm", attributes: identity("cxl_nvdimm", 2) };
const pmemRegionType: DeviceType = { name: "cxl_pmem_region", attributes: identity("cxl_pmem_region", 7) };

const busType: DeviceType = { name: "ndbus", attributes: [line("commands", () => ""), line("provider", () => "CXL"), line("wait_probe", () => "1")] };

export const nvdimmBusDriver: Driver = {
  name: "nd_bus", bus: nvdimmBus, suppressesBind: true, match: (_kernel, device) => device.type === busType, probe: task("nd_bus.probe", function* (): Task<void> {}), remove: noTask,
};

/** Everything that leads to libnvdimm goes with the bridge's driver, newest first, and the bus last. */
const dropBus = task("nvdimm_bus_unregister", function* (kernel: Kernel, bridge: Device): Task<void> {
  const users = busDevices(kernel, cxlBus).filter((device) => device.type === nvdimmType || device.type === pmemRegionType);
  for (const device of users.toReversed()) yield* removeDevice(kernel, device);
  for (const bus of bridge.children.slice()) yield* removeDevice(kernel, bus);
});

export const nvdimmBridgeDriver: Driver = {
  name: "cxl_nvdimm_bridge", bus: cxlBus, suppressesBind: true, match: (_kernel, device) => device.type === bridgeType,
  probe: task("cxl_nvdimm_bridge.probe", function* (kernel: Kernel, bridge: Device): Task<void> {
    const bus = addDevice(kernel, { name: "ndbus0", bus: nvdimmBus, type: busType, parent: bridge, data: {} });
    manage(bridge, bus.name, dropBus);
    yield* attach(kernel, bus);
  }),
  remove: noTask,
};

/** Adds the bridge when a window takes persistent memory; it goes before the root port does. */
export const addNvdimmBridge = task("cxl_acpi.addNvdimmBridge", function* (kernel: Kernel, acpi: Device, root: Device): Task<void> {
  if (!portOf(root).decoders.some((decoder) => rootPart(decoder).restrictions.pmem)) return;
  failStep(kernel, "acpi.nvdimmBridge", root.name);
  const bridge = addDevice(kernel, { name: "nvdimm-bridge0", bus: cxlBus, type: bridgeType, parent: root, data: {} });
  manage(acpi, bridge.name, task("unregister_nvb", function* (): Task<void> { yield* removeDevice(kernel, bridge); }));
  yield* attach(kernel, bridge);
  printk(kernel, "debug", `cxl_acpi ${acpi.name}: ${root.name}: add: ${bridge.name}`);
});

/** @throws SystemError ENODEV no window takes persistent memory; ENXIO the bridge has no driver */
function needBridge(kernel: Kernel): void {
  const bridge = cxlState(kernel).root?.children.find((child) => child.type === bridgeType);
  if (bridge === undefined) throw new SystemError("ENODEV", "no bridge to libnvdimm");
  if (bridge.driver === null) throw new SystemError("ENXIO", `${bridge.name} has no driver`);
}

const dropChild = (type: DeviceType) => task("cxl_pmem.unregister", function* (kernel: Kernel, parent: Device): Task<void> {
  const child = parent.children.find((candidate) => candidate.type === type);
  if (child !== undefined) yield* removeDevice(kernel, child);
});

const dropNvdimm = dropChild(nvdimmType);
const dropPmemRegion = dropChild(pmemRegionType);

/** The object for a memdev's dimm (devm_cxl_add_nvdimm). @throws SystemError ENODEV the platform has persistent memory disabled; ENXIO */
export const addNvdimm = task("cxl_mem.addNvdimm", function* (kernel: Kernel, memdev: Device): Task<void> {
  try {
    needBridge(kernel);
  } catch (thrown) {
    if (thrown instanceof SystemError && thrown.errno === "ENODEV") printk(kernel, "info", `cxl_mem ${memdev.name}: PMEM disabled by platform`);
    throw thrown;
  }
  const nvdimm = addDevice(kernel, { name: `pmem${memdevOf(memdev).id}`, bus: cxlBus, type: nvdimmType, parent: memdev, data: {} });
  printk(kernel, "debug", `cxl_mem ${memdev.name}: register ${nvdimm.name}`);
  manage(memdev, nvdimm.name, dropNvdimm);
  yield* attach(kernel, nvdimm);
});

/** Commands that are libnvdimm's alone while it has the dimm. */
const exclusive = ["setLabels", "setShutdown"] as const;
const dirty = 1;

/** From now on a loss of power counts, unless the device is told that all was written. */
const armDirtyShutdown = task("cxl_nvdimm.armDirtyShutdown", function* (kernel: Kernel, nvdimm: Device, memdev: Device): Task<void> {
  try {
    yield* sendCommand(kernel, memdevOf(memdev).state, { name: "setShutdown", input: encodePayload(commands.setShutdown.input, { state: dirty }) });
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    printk(kernel, "warn", `cxl_nvdimm ${nvdimm.name}: GPF: could not set dirty shutdown state`);
  }
});

const memdevOfNvdimm = (nvdimm: Device): Device => nvdimm.parent ?? nvdimm;

const clearExclusive = task("cxl_nvdimm.clearExclusive", function* (_kernel: Kernel, nvdimm: Device): Task<void> {
  for (const name of exclusive) memdevOf(memdevOfNvdimm(nvdimm)).state.exclusive.delete(name);
});

export const nvdimmDriver: Driver = {
  name: "cxl_nvdimm", bus: cxlBus, suppressesBind: true, match: (_kernel, device) => device.type === nvdimmType,
  probe: task("cxl_nvdimm.probe", function* (kernel: Kernel, nvdimm: Device): Task<void> {
    const memdev = memdevOfNvdimm(nvdimm);
    for (const name of exclusive) memdevOf(memdev).state.exclusive.add(name);
    manage(nvdimm, "exclusive", clearExclusive);
    yield* armDirtyShutdown(kernel, nvdimm, memdev);
  }),
  remove: noTask,
};

interface PmemRegionRecord {
  /** The range as persistent memory in /proc/iomem, while the driver is bound. */
  resource: Resource | null;
}

/** The object for a region of persistent memory (devm_cxl_add_pmem_region). @throws SystemError ENODEV, ENXIO no bridge to libnvdimm */
export const addPmemRegion = task("cxl_region.addPmemRegion", function* (kernel: Kernel, region: Device): Task<void> {
  needBridge(kernel);
  const bridge = addDevice(kernel, { name: `pmem_region${regionOf(region).id}`, bus: cxlBus, type: pmemRegionType, parent: region, data: { resource: null } satisfies PmemRegionRecord });
  printk(kernel, "debug", `cxl_region ${region.name}: ${region.name}: register ${bridge.name}`);
  manage(region, "pmem_region", dropPmemRegion);
  yield* attach(kernel, bridge);
});

/** Each member's dimm must be there, and its serial number. @throws SystemError ENODEV, ENXIO */
function checkMember(kernel: Kernel, bridge: Device, decoder: Device, position: number): void {
  const { memdev } = endpointPart(decoder);
  if (!memdev.children.some((child) => child.type === nvdimmType && child.driver !== null)) {
    printk(kernel, "debug", `cxl_pmem_region ${bridge.name}: [${position}]: ${memdev.name}: no nvdimm found`);
    throw new SystemError("ENODEV", `${memdev.name} has no nvdimm`);
  }
  if (memdevOf(memdev).serial !== 0n) return;
  printk(kernel, "err", `cxl_pmem_region ${bridge.name}: ${memdev.name}: invalid or missing serial number`);
  throw new SystemError("ENXIO", `${memdev.name} has no serial number`);
}

const dropResource = task("cxl_pmem_region.removeResource", function* (_kernel: Kernel, bridge: Device): Task<void> {
  const record = bridge.data as PmemRegionRecord;
  if (record.resource !== null) removeResource(record.resource);
  record.resource = null;
});

export const pmemRegionDriver: Driver = {
  name: "cxl_pmem_region", bus: cxlBus, suppressesBind: true, match: (_kernel, device) => device.type === pmemRegionType,
  probe: task("cxl_pmem_region.probe", function* (kernel: Kernel, bridge: Device): Task<void> {
    const { resource: range, targets } = regionOf(bridge.parent ?? bridge);
    if (range === null) throw new SystemError("ENXIO", `${bridge.name} has no addresses`);
    const resource = createResource("Persistent Memory", range.start, resourceSize(range));
    insertResource(iomem(kernel), resource);
    (bridge.data as PmemRegionRecord).resource = resource;
    manage(bridge, "resource", dropResource);
    for (const [position, target] of targets.entries()) if (target !== null) checkMember(kernel, bridge, target, position);
  }),
  remove: noTask,
};
