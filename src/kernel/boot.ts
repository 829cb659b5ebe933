// The kernel's start: ACPI, PCI, CXL in Linux's order (region-assembly 2), with a named point between, and what every subsystem registers.

import type { Task } from "../sim/task.ts";
import { point, task } from "../sim/task.ts";
import { initializeAcpi, linkFirmwareNode } from "./acpi/acpi.ts";
import { initializeHest } from "./acpi/hest.ts";
import { registerDriver } from "./base/device.ts";
import type { Call, Handler, Kernel } from "./base/kernel.ts";
import { mark, printk } from "./base/kernel.ts";
import type { ModulePlan } from "./base/module-plan.ts";
import { defaultModulePlan, moduleState } from "./base/module-plan.ts";
import { awaitProbing } from "./base/probing.ts";
import { cperHandlers } from "./cxl/cper.ts";
import { cxlHandlers } from "./cxl/interrupts.ts";
import { nvdimmBridgeDriver, nvdimmBusDriver, nvdimmDriver, pmemRegionDriver } from "./cxl/nvdimm.ts";
import { awaitEndings } from "./cxl/region-watch.ts";
import { regionDriver } from "./cxl/region-driver.ts";
import { addRootDevice } from "./cxl/root.ts";
import { registerDaxDrivers } from "./dax/cxl.ts";
import { awaitOwnership } from "./dax/decision.ts";
import { correctedHandlers } from "./mce/corrected.ts";
import { failureQueueHandlers } from "./mce/failure-queue.ts";
import { ghesHandlers } from "./mce/ghes.ts";
import { kernelPageHandlers } from "./mce/kernel-pages.ts";
import { referenceHandlers } from "./mm/page-reference.ts";
import { memoryHandlers } from "./mm/pin.ts";
import { initializeBuiltIn, loadModules } from "./modules.ts";
import { aerRecoverHandlers } from "./pci/aer-recover.ts";
import { enumerateHostBridge, startProbing } from "./pci/enumerate.ts";
import { bindServices, notifyHandler, plugInHandlers, startPlugIns } from "./plug-in/host.ts";
import { drivers as pciDrivers, handlers as pciHandlers } from "./pci/port-driver.ts";

/** Every named handler of the kernel, for `createKernel`. */
export const kernelHandlers: ReadonlyMap<string, Handler> = new Map<string, Handler>([...Object.entries(pciHandlers), ...memoryHandlers, ...kernelPageHandlers, ...correctedHandlers, ...failureQueueHandlers, ...ghesHandlers, ...aerRecoverHandlers, ...cperHandlers, ...referenceHandlers, ...cxlHandlers, ...plugInHandlers]);

/** What to call for an ACPI notify to a host bridge; its argument is the bridge's UID. */
export const onNotify: Call = { handler: notifyHandler, argument: 0 };

/** Drivers that are there whatever the plan of modules says. */
function registerCore(kernel: Kernel): void {
  for (const driver of [...pciDrivers, regionDriver, nvdimmBridgeDriver, nvdimmBusDriver, nvdimmDriver, pmemRegionDriver]) registerDriver(kernel, driver);
  registerDaxDrivers(kernel);
}

/**
 * Boots: afterwards modules are loaded, everything that firmware and config space show is probed, Soft Reserved has its owner (unless that is decided
 * after a fixed delay, which nobody waits for) and services run.
 */
export const boot = task("boot", function* (kernel: Kernel, plan: ModulePlan = defaultModulePlan): Task<void> {
  moduleState(kernel).plan = plan;
  printk(kernel, "notice", `Linux version ${kernel.policy.version}.0 (cxl-sandbox model)`);
  startPlugIns(kernel);
  registerCore(kernel);
  initializeAcpi(kernel);
  initializeHest(kernel);
  const bridges = [];
  for (const bridge of kernel.platform.firmware.hostBridges) {
    const device = yield* enumerateHostBridge(kernel, bridge);
    linkFirmwareNode(kernel, bridge.uid, device);
    bridges.push(device);
  }
  yield point("boot:cxl");
  addRootDevice(kernel);
  yield* initializeBuiltIn(kernel, true);
  yield point("boot:pci drivers");
  yield* startProbing(kernel, bridges);
  yield* initializeBuiltIn(kernel, false);
  yield* loadModules(kernel);
  yield* awaitOwnership(kernel);
  yield* awaitProbing(kernel);
  yield* awaitEndings(kernel);
  yield point("boot:isolation");
  yield* bindServices(kernel);
  mark(kernel, "booted");
});
