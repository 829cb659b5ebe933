// Driver cxl_pci: memory-class functions (0x0502) become memdevs, in the order of the captured probe (region-assembly 4.1): registers, media, vectors,
// mailbox, commands, clock, identity, memdev, firmware upload, event logs.

import type { Task } from "../../sim/task.ts";
import { sleep, task } from "../../sim/task.ts";
import type { Device, Driver } from "../base/device.ts";
import { addDevice, attach, manage, removeDevice } from "../base/device.ts";
import { SystemError, errnoTable } from "../base/errno.ts";
import type { Errno } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { mark, printk } from "../base/kernel.ts";
import { failStep, stepFault } from "../base/steps.ts";
import { classOf, disableDevice, enableDevice, pciBus, pciFunctionOf, serialNumberOf } from "../pci/device.ts";
import { disableMessages } from "../pci/messages.ts";
import { memdevType } from "./attributes.ts";
import type { DeviceRegisters } from "./device-registers.ts";
import { mapDeviceRegisters, mediaReady, memoryStatusOf } from "./device-registers.ts";
import type { DeviceState } from "./device-state.ts";
import { addDeviceState, dropDeviceState } from "./device-state.ts";
import { configureEvents } from "./events.ts";
import { addUpload } from "./firmware-upload.ts";
import { enumerateCommands, identify, setTimestamp } from "./identify.ts";
import { openMailbox } from "./mailbox.ts";
import { errorHandlers } from "./ras.ts";
import { noteReset } from "./reset-done.ts";
import type { ComponentRegisters } from "./registers.ts";
import { deviceDvsec, findComponentBlock, mapComponents } from "./registers.ts";
import { reportingTrouble } from "./trouble.ts";
import type { MemdevRecord } from "./types.ts";
import { cxlBus, cxlState, freeId, memdevOf, takeId } from "./types.ts";
import { allocateVectors, enableMailboxInterrupt } from "./vectors.ts";

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

/** Memory_Info_Valid within about 1 s, Memory_Active within 60 s, media ready (cxl_await_media_ready). Returns null for media that is usable, or why it is not. */
const awaitMedia = task("cxl_pci.awaitMedia", function* (kernel: Kernel, device: Device, dvsec: DeviceDvsec, registers: DeviceRegisters): Task<Errno | null> {
  for (const [index, range] of rangesOf(dvsec).entries()) {
    if (range.low.get("memoryInfoValid") === 0) yield sleep(second);
    if (range.low.get("memoryInfoValid") === 0) {
      printk(kernel, "warn", `cxl_pci ${device.name}: Timed out awaiting memory_info_valid for range ${index}`);
      return "ETIMEDOUT";
    }
    let tries = activeTimeout;
    while (range.low.get("memoryActive") === 0 && tries-- > 0) yield sleep(second);
    if (range.low.get("memoryActive") === 0) {
      printk(kernel, "err", `cxl_pci ${device.name}: timeout awaiting memory active after ${activeTimeout} seconds`);
      return "ETIMEDOUT";
    }
  }
  return memoryStatusOf(registers).mediaStatus === mediaReady ? null : "EIO";
});

function mapDevice(kernel: Kernel, device: Device): ComponentRegisters | null {
  try {
    failStep(kernel, "pci.components", device.name);
    const block = findComponentBlock(kernel, device);
    if (block !== undefined) {
      const components = mapComponents(kernel, block);
      printk(kernel, "debug", `cxl_pci ${device.name}: Mapped CXL Memory Device resource 0x${block.toString(16).padStart(16, "0")}`);
      printk(kernel, "debug", `cxl_pci ${device.name}: Set up component registers`);
      return components;
    }
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
  }
  printk(kernel, "warn", `cxl_pci ${device.name}: No component registers`);
  return null;
}

const removeMemdev = task("cxl_pci.removeMemdev", function* (kernel: Kernel, device: Device): Task<void> {
  const memdev = device.children.find((child) => child.type === memdevType);
  if (memdev === undefined) return;
  memdevOf(memdev).state.memdev = null;
  yield* removeDevice(kernel, memdev);
  freeId(cxlState(kernel).memdevIds, memdevOf(memdev).id);
  memdevOf(memdev).components?.handle.unmap();
});

const disable = task("cxl_pci.disable", function* (kernel: Kernel, device: Device): Task<void> {
  disableDevice(kernel, device);
});

const dropRegisters = task("cxl_pci.dropRegisters", function* (kernel: Kernel, device: Device): Task<void> {
  dropDeviceState(kernel, device);
});

const dropVectors = task("cxl_pci.dropVectors", function* (kernel: Kernel, device: Device): Task<void> {
  disableMessages(kernel, device);
});

/** Mailbox, commands, clock, identity. Returns whether there are interrupts. */
const talk = task("cxl_pci.talk", function* (kernel: Kernel, state: DeviceState, isMediaReady: boolean): Task<boolean> {
  const { device } = state;
  const hasVectors = allocateVectors(kernel, state);
  if (hasVectors) manage(device, "vectors", dropVectors);
  failStep(kernel, "pci.mailbox", device.name);
  yield* openMailbox(kernel, state);
  enableMailboxInterrupt(kernel, state, hasVectors);
  failStep(kernel, "pci.commands", device.name);
  yield* enumerateCommands(kernel, state);
  failStep(kernel, "pci.timestamp", device.name);
  yield* setTimestamp(kernel, state);
  failStep(kernel, "pci.identify", device.name);
  if (isMediaReady) yield* identify(kernel, state);
  printk(kernel, "debug", `cxl_pci ${device.name}: No CXL Features discovered`);
  return hasVectors;
});

const addMemdev = task("cxl_pci.addMemdev", function* (kernel: Kernel, state: DeviceState, components: ComponentRegisters | null, isMediaReady: boolean): Task<void> {
  const { device } = state;
  failStep(kernel, "pci.memdev", device.name);
  const id = takeId(cxlState(kernel).memdevIds);
  const record: MemdevRecord = { id, pciDevice: device, serial: serialNumberOf(kernel, device), components, isMediaReady, state, ports: [], endpoint: null, isDetaching: false };
  const memdev = addDevice(kernel, { name: `mem${id}`, bus: cxlBus, type: memdevType, parent: device, data: record });
  state.memdev = memdev;
  manage(device, "memdev", removeMemdev);
  mark(kernel, `${memdev.name} added`, device.name);
  yield* attach(kernel, memdev);
});

const probe = task("cxl_pci.probe", function* (kernel: Kernel, device: Device): Task<void> {
  failStep(kernel, "pci.enable", device.name);
  enableDevice(kernel, device, true);
  manage(device, "disable", disable);
  const dvsec = deviceDvsec(kernel, device);
  if (dvsec === undefined) {
    printk(kernel, "warn", `cxl_pci ${device.name}: Device DVSEC not present, skip CXL.mem init`);
    throw new SystemError("ENXIO", `${device.name} has no device DVSEC`);
  }
  failStep(kernel, "pci.registers", device.name);
  const state = addDeviceState(kernel, device, mapDeviceRegisters(kernel, device));
  manage(device, "registers", dropRegisters);
  const components = mapDevice(kernel, device);
  const mediaFault = stepFault(kernel, "pci.media", device.name) ?? (yield* awaitMedia(kernel, device, dvsec, state.registers));
  const isMediaReady = mediaFault === null;
  if (mediaFault !== null) printk(kernel, "warn", `cxl_pci ${device.name}: Media not active (-${errnoTable[mediaFault][0]})`);
  const hasVectors = yield* talk(kernel, state, isMediaReady);
  yield* addMemdev(kernel, state, components, isMediaReady);
  failStep(kernel, "pci.upload", device.name);
  addUpload(kernel, state);
  printk(kernel, "debug", `cxl_pci ${device.name}: No CXL FWCTL setup`);
  failStep(kernel, "pci.events", device.name);
  yield* configureEvents(kernel, state, hasVectors);
});

export const pciDriver: Driver = reportingTrouble({
  name: "cxl_pci", bus: pciBus, isAsync: true, match: (_kernel, device) => classOf(pciFunctionOf(device)) === memoryClass, probe,
  remove: task("cxl_pci.remove", function* (): Task<void> {}), resetDone: noteReset, errors: errorHandlers,
});
