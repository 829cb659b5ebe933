// The root's way to libnvdimm: a bridge under the root port as soon as one window takes persistent memory, and its nvdimm bus (region-assembly 3).
// Memdevs' own nvdimm objects and pmem regions are not modelled (docs/fidelity.md).

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Device, DeviceType, Driver } from "../base/device.ts";
import { addDevice, attach, manage, removeDevice } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { printk } from "../base/kernel.ts";
import { failStep } from "../base/steps.ts";
import { identity, line } from "./format.ts";
import { cxlBus, portOf, rootPart } from "./types.ts";

const nvdimmBus = "nd";

const bridgeType: DeviceType = { name: "cxl_nvdimm_bridge", attributes: identity("cxl_nvdimm_bridge", 1) };

const busType: DeviceType = { name: "ndbus", attributes: [line("commands", () => ""), line("provider", () => "CXL"), line("wait_probe", () => "1")] };

export const nvdimmBusDriver: Driver = {
  name: "nd_bus", bus: nvdimmBus, suppressesBind: true, match: (_kernel, device) => device.type === busType,
  probe: task("nd_bus.probe", function* (): Task<void> {}), remove: task("nd_bus.remove", function* (): Task<void> {}),
};

export const nvdimmBridgeDriver: Driver = {
  name: "cxl_nvdimm_bridge", bus: cxlBus, suppressesBind: true, match: (_kernel, device) => device.type === bridgeType,
  probe: task("cxl_nvdimm_bridge.probe", function* (kernel: Kernel, bridge: Device): Task<void> {
    const bus = addDevice(kernel, { name: "ndbus0", bus: nvdimmBus, type: busType, parent: bridge, data: {} });
    manage(bridge, bus.name, task("nvdimm_bus_unregister", function* (): Task<void> { yield* removeDevice(kernel, bus); }));
    yield* attach(kernel, bus);
  }),
  remove: task("cxl_nvdimm_bridge.remove", function* (): Task<void> {}),
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
