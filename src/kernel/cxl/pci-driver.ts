// Driver cxl_pci: memory-class functions (0x0502) become memdevs (region-assembly 4.1). Until the mailbox exists capacity comes from the device
// DVSEC's range registers and the serial number from its capability.

import type { Task } from "../../sim/task.ts";
import { sleep, task } from "../../sim/task.ts";
import type { Device, Driver } from "../base/device.ts";
import { addDevice, attach, manage, removeDevice } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { mark, printk } from "../base/kernel.ts";
import { classOf, disableDevice, enableDevice, pciBus, pciFunctionOf, serialNumberOf } from "../pci/device.ts";
import { memdevType } from "./attributes.ts";
import type { ComponentRegisters } from "./registers.ts";
import { deviceDvsec, findComponentBlock, mapComponents } from "./registers.ts";
import type { MemdevRecord } from "./types.ts";
import { cxlBus, cxlState, freeId, memdevOf, takeId } from "./types.ts";

export const memoryClass = 0x0502;

const second = 1_000_000_000;
const activeTimeout = 60;

type DeviceDvsec = NonNullable<ReturnType<typeof deviceDvsec>>;

/** Ranges that the device says it has. A dead device has none. */
function rangesOf(dvsec: DeviceDvsec) {
  const count = dvsec.capability.get("rangeCount");
  const all = [{ low: dvsec.range1SizeLow, high: dvsec.range1SizeHigh }, { low: dvsec.range2SizeLow, high: dvsec.range2SizeHigh }];
  return all.slice(0, count > 2 ? 0 : count);
}

/** Memory_Info_Valid within about 1 s, Memory_Active within 60 s (cxl_await_media_ready). Returns whether the media is usable. */
const awaitMedia = task("cxl_pci.awaitMedia", function* (kernel: Kernel, device: Device, dvsec: DeviceDvsec): Task<boolean> {
  for (const [index, range] of rangesOf(dvsec).entries()) {
    if (range.low.get("memoryInfoValid") === 0) yield sleep(second);
    if (range.low.get("memoryInfoValid") === 0) {
      printk(kernel, "warn", `cxl_pci ${device.name}: Timed out awaiting memory_info_valid for range ${index}`);
      return false;
    }
    let tries = activeTimeout;
    while (range.low.get("memoryActive") === 0 && tries-- > 0) yield sleep(second);
    if (range.low.get("memoryActive") === 0) {
      printk(kernel, "err", `cxl_pci ${device.name}: timeout awaiting memory active after ${activeTimeout} seconds`);
      return false;
    }
  }
  return true;
});

function capacityOf(dvsec: DeviceDvsec): bigint {
  return rangesOf(dvsec).reduce((sum, range) => sum + (BigInt(range.high.get("size63to32")) << 32n) + (BigInt(range.low.get("size31to28")) << 28n), 0n);
}

function mapDevice(kernel: Kernel, device: Device): ComponentRegisters | null {
  try {
    const block = findComponentBlock(kernel, device);
    if (block !== undefined) return mapComponents(kernel, block);
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
  }
  printk(kernel, "warn", `cxl_pci ${device.name}: No component registers`);
  return null;
}

const removeMemdev = task("cxl_pci.removeMemdev", function* (kernel: Kernel, device: Device): Task<void> {
  const memdev = device.children.find((child) => child.type === memdevType);
  if (memdev === undefined) return;
  yield* removeDevice(kernel, memdev);
  freeId(cxlState(kernel).memdevIds, memdevOf(memdev).id);
  memdevOf(memdev).components?.handle.unmap();
});

const disable = task("cxl_pci.disable", function* (kernel: Kernel, device: Device): Task<void> {
  disableDevice(kernel, device);
});

const probe = task("cxl_pci.probe", function* (kernel: Kernel, device: Device): Task<void> {
  enableDevice(kernel, device, true);
  manage(device, "disable", disable);
  const dvsec = deviceDvsec(kernel, device);
  if (dvsec === undefined) {
    printk(kernel, "warn", `cxl_pci ${device.name}: Device DVSEC not present, skip CXL.mem init`);
    throw new SystemError("ENXIO", `${device.name} has no device DVSEC`);
  }
  const components = mapDevice(kernel, device);
  const isMediaReady = yield* awaitMedia(kernel, device, dvsec);
  if (!isMediaReady) printk(kernel, "warn", `cxl_pci ${device.name}: Media not active (-5)`);
  const ramSize = capacityOf(dvsec);
  printk(kernel, "debug", `cxl_pci ${device.name}: DPA(ram): [mem 0x00000000-0x${(ramSize - 1n).toString(16).padStart(8, "0")} flags 0x200]`);
  const id = takeId(cxlState(kernel).memdevIds);
  const record: MemdevRecord = { id, pciDevice: device, serial: serialNumberOf(kernel, device), ramSize, components, isMediaReady, ports: [], endpoint: null };
  const memdev = addDevice(kernel, { name: `mem${id}`, bus: cxlBus, type: memdevType, parent: device, data: record });
  manage(device, "memdev", removeMemdev);
  mark(kernel, `${memdev.name} added`, device.name);
  yield* attach(kernel, memdev);
});

export const pciDriver: Driver = {
  name: "cxl_pci", bus: pciBus, isAsync: true, match: (_kernel, device) => classOf(pciFunctionOf(device)) === memoryClass, probe,
  remove: task("cxl_pci.remove", function* (): Task<void> {}),
};
