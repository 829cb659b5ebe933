// The kernel's start: ACPI, PCI, CXL in Linux's order (region-assembly 2), with a named point between, and what every subsystem registers.

import type { Task } from "../sim/task.ts";
import { point, task } from "../sim/task.ts";
import { initializeAcpi, linkFirmwareNode } from "./acpi/acpi.ts";
import { registerDriver } from "./base/device.ts";
import type { Call, Handler, Kernel } from "./base/kernel.ts";
import { mark, printk } from "./base/kernel.ts";
import { cxlHandlers } from "./cxl/interrupts.ts";
import { memDriver, portDriver as cxlPortDriver } from "./cxl/mem-driver.ts";
import { nvdimmBridgeDriver, nvdimmBusDriver, nvdimmDriver, pmemRegionDriver } from "./cxl/nvdimm.ts";
import { pciDriver } from "./cxl/pci-driver.ts";
import { regionDriver } from "./cxl/region-driver.ts";
import { acpiDriver, startRoot } from "./cxl/root.ts";
import { registerDaxDrivers } from "./dax/cxl.ts";
import { startHmem } from "./dax/hmem.ts";
import { initializeIsolation, isolationHandlers, notifyHandler } from "./isolation/service.ts";
import { kernelPageHandlers } from "./mce/kernel-pages.ts";
import { memoryHandlers } from "./mm/pin.ts";
import { attachAll, enumerateHostBridge } from "./pci/enumerate.ts";
import { drivers as pciDrivers, handlers as pciHandlers } from "./pci/port-driver.ts";

/** Every named handler of the kernel, for `createKernel`. */
export const kernelHandlers: ReadonlyMap<string, Handler> = new Map<string, Handler>([...Object.entries(pciHandlers), ...memoryHandlers, ...kernelPageHandlers, ...cxlHandlers, ...isolationHandlers]);

/** What to call for an ACPI notify to a host bridge; its argument is the bridge's UID. */
export const onNotify: Call = { handler: notifyHandler, argument: 0 };

/** Drivers in the order in which they register. */
function registerDrivers(kernel: Kernel): void {
  for (const driver of [...pciDrivers, cxlPortDriver, acpiDriver, pciDriver, memDriver, regionDriver, nvdimmBridgeDriver, nvdimmBusDriver, nvdimmDriver, pmemRegionDriver]) registerDriver(kernel, driver);
  registerDaxDrivers(kernel, true);
}

/** Boots: afterwards everything that firmware and config space show is probed and services run. */
export const boot = task("boot", function* (kernel: Kernel): Task<void> {
  printk(kernel, "notice", "Linux version 7.3.0 (cxl-sandbox model)");
  registerDrivers(kernel);
  initializeAcpi(kernel);
  const bridges = [];
  for (const bridge of kernel.platform.firmware.hostBridges) {
    const device = yield* enumerateHostBridge(kernel, bridge);
    linkFirmwareNode(kernel, bridge.uid, device);
    bridges.push(device);
  }
  yield point("boot:cxl");
  yield* startRoot(kernel);
  yield point("boot:pci drivers");
  yield* attachAll(kernel, bridges);
  yield point("boot:hmem");
  yield* startHmem(kernel);
  yield point("boot:isolation");
  initializeIsolation(kernel);
  mark(kernel, "booted");
});
