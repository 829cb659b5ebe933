// Discovery of functions through config space at boot: bus, device, function walk per host bridge, depth first; then addresses and drivers.

import * as walk from "../../platform/config-walk.ts";
import { formatPciAddress, pciAddress } from "../../platform/pci-address.ts";
import type { AcpiHostBridge } from "../../platform/platform.ts";
import type { Task } from "../../sim/task.ts";
import { join, point, task } from "../../sim/task.ts";
import type { Device, DeviceType } from "../base/device.ts";
import { addDevice, attach, attachLater, matchDriver } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { defineState, printk } from "../base/kernel.ts";
import type { Resource } from "../resource/resource.ts";
import { createResource, formatRange, insertConflict, iomem } from "../resource/resource.ts";
import { enableReporting } from "./aer-registers.ts";
import { assignHostBridge, rootBusName } from "./assign.ts";
import type { HostBridge } from "./buses.ts";
import { hostBridgeOf, takeBuses, writeBuses } from "./buses.ts";
import type { PciFunction } from "./device.ts";
import { isPciDevice, pciBus, pciDeviceType, pciFunctionOf, portTypeOf, portTypes, sizeBars } from "./device.ts";
import { configBus, dvsecIds, headerOf } from "./registers.ts";

export const hostBridgeType: DeviceType = { name: "pci_host_bridge", attributes: [{ name: "waiting_for_supplier", show: () => "0\n" }] };
const hostBridges = defineState("pci.hostBridges", () => ({ devices: [] as Device[] }));

export const hostBridgeDevices = (kernel: Kernel): readonly Device[] => hostBridges(kernel).devices;
export const isHostBridge = (device: Device): boolean => device.type === hostBridgeType;

const devicesPerBus = 32;
const functionsPerDevice = 8;
const noVendor = 0xffff;
const typeBars = { endpoint: 6, bridge: 2 } as const;

function addHostBridge(kernel: Kernel, bridge: AcpiHostBridge): Device {
  const windows: Resource[] = [];
  for (const range of bridge.memory) {
    const window = createResource(rootBusName(bridge.segment, bridge.busStart), range.base, range.size);
    const conflict = insertConflict(iomem(kernel), window);
    if (conflict === null) windows.push(window);
    else printk(kernel, "warn", `acpi ACPI0016: host bridge window ${formatRange(window.start, window.end)} conflicts with ${conflict.name}`);
  }
  const record: HostBridge = { uid: bridge.uid, segment: bridge.segment, busStart: bridge.busStart, busEnd: bridge.busEnd, keepsBuses: bridge.keepsBuses === true, nextBus: bridge.busStart + 1, lastBus: bridge.busEnd, windows };
  const name = `pci${formatPciAddress(pciAddress(bridge.segment, bridge.busStart, 0, 0)).slice(0, 7)}`;
  const device = addDevice(kernel, { name, bus: null, type: hostBridgeType, parent: null, data: record });
  hostBridges(kernel).devices.push(device);
  return device;
}

const portTexts: Readonly<Record<number, string>> = { 0: "PCIe Endpoint", 4: "PCIe Root Port", 5: "PCIe Switch Upstream Port", 6: "PCIe Switch Downstream Port" };

/** A link leads to one device: below a root or downstream port only device 0 is looked for (only_one_child). */
const hasOneChild = (device: Device): boolean => isPciDevice(device) && (pciFunctionOf(device).portType === portTypes.rootPort || pciFunctionOf(device).portType === portTypes.downstreamPort);

function typeText(record: PciFunction): string {
  if (record.bridge !== null) return "type 01";
  return "type 00";
}

/** Reads one function's identity and BARs. Undefined: nothing answers. */
function readFunction(kernel: Kernel, hostBridge: Device, address: number): PciFunction | undefined {
  const header = headerOf(kernel, address);
  const vendor = header.vendorId.get("value");
  if (vendor === noVendor) return undefined;
  const host = hostBridgeOf(hostBridge);
  const isBridge = header.headerType.get("value") === 1;
  const classCode = (header.subClass.get("value") << 8) | header.classCode.get("programmingInterface");
  const bars = sizeBars(kernel, address, isBridge ? typeBars.bridge : typeBars.endpoint);
  const buses = isBridge ? takeBuses(kernel, host, address) : undefined;
  if (isBridge && buses === undefined) {
    printk(kernel, "warn", `pci ${formatPciAddress(address)}: no bus number left behind ${hostBridge.name}; devices behind bridge are not found`);
    return undefined;
  }
  return {
    address, vendor, device: header.deviceId.get("value"), classCode, revision: header.revisionId.get("value"), bars, hostBridge,
    bridge: buses === undefined ? null : { ...buses, windows: { memory: null, prefetchable: null } },
    portType: portTypeOf(kernel, address), isCxl: walk.findDvsec(configBus(kernel, address), dvsecIds.flexBus) !== 0, messages: null, enableCount: 0, resetMethods: null, isDisconnected: false,
  };
}

function addFunction(kernel: Kernel, parent: Device, record: PciFunction): Device {
  const name = formatPciAddress(record.address);
  const id = (value: number): string => value.toString(16).padStart(4, "0");
  const kind = portTexts[record.portType] ?? "conventional PCI";
  printk(kernel, "info", `pci ${name}: [${id(record.vendor)}:${id(record.device)}] ${typeText(record)} class 0x${record.classCode.toString(16).padStart(6, "0")} ${kind}`);
  const device = addDevice(kernel, { name, bus: pciBus, type: pciDeviceType, parent, data: record });
  enableReporting(kernel, device);
  return device;
}

/** Walks one bus; what is found below its bridges comes right behind each. */
export const scanBus = task("pci.scanBus", function* (kernel: Kernel, parent: Device, hostBridge: Device, bus: number): Task<void> {
  const segment = hostBridgeOf(hostBridge).segment;
  for (let device = 0; device < devicesPerBus; device++) {
    if (device > 0 && hasOneChild(parent)) break;
    const functions = (headerOf(kernel, pciAddress(segment, bus, device, 0)).headerType.get("multiFunction") === 1) ? functionsPerDevice : 1;
    for (let fn = 0; fn < functions; fn++) {
      const record = readFunction(kernel, hostBridge, pciAddress(segment, bus, device, fn));
      if (record === undefined) break;
      yield* scanBridge(kernel, addFunction(kernel, parent, record));
    }
  }
});

/** Opens the bus range of a bridge, walks what is below, and closes the range at what was found; a range of firmware's stays as it is. */
const scanBridge = task("pci.scanBridge", function* (kernel: Kernel, device: Device): Task<void> {
  const record = pciFunctionOf(device);
  const bridge = record.bridge;
  if (bridge === null) return;
  const host = hostBridgeOf(record.hostBridge);
  const outer = host.lastBus;
  if (!bridge.isKept) writeBuses(kernel, record);
  host.lastBus = bridge.subordinate;
  yield* scanBus(kernel, device, record.hostBridge, bridge.secondary);
  host.lastBus = outer;
  if (bridge.isKept) host.nextBus = bridge.subordinate + 1;
  else {
    bridge.subordinate = Math.max(bridge.secondary, host.nextBus - 1);
    writeBuses(kernel, record);
  }
  printk(kernel, "info", `pci ${device.name}: PCI bridge to [bus ${bridge.secondary.toString(16).padStart(2, "0")}${bridge.subordinate > bridge.secondary ? `-${bridge.subordinate.toString(16).padStart(2, "0")}` : ""}]`);
});

/** Starts probing everything below; drivers that ask for it probe in tasks of their own. Returns those tasks. */
const attachBelow = task("pci.attachBelow", function* (kernel: Kernel, device: Device): Task<number[]> {
  const later: number[] = [];
  for (const child of device.children.filter(isPciDevice)) {
    if (matchDriver(kernel, child)?.isAsync === true) later.push(attachLater(kernel, child));
    else yield* attach(kernel, child);
    later.push(...(yield* attachBelow(kernel, child)));
  }
  return later;
});

/** Starts probing everything below host bridges or ports; functions whose driver asks for it go on in tasks of their own. */
export const startProbing = task("pci.startProbing", function* (kernel: Kernel, above: readonly Device[]): Task<number[]> {
  const later: number[] = [];
  for (const device of above) later.push(...(yield* attachBelow(kernel, device)));
  return later;
});

/** Probes everything below host bridges or ports and waits until all have come to an end. */
export const attachAll = task("pci.attachAll", function* (kernel: Kernel, above: readonly Device[]): Task<void> {
  for (const id of yield* startProbing(kernel, above)) yield* join(kernel.scheduler, id);
});

/** Finds, assigns and probes everything below one ACPI host bridge. Returns its device. */
export const enumerateHostBridge = task("pci.enumerateHostBridge", function* (kernel: Kernel, bridge: AcpiHostBridge): Task<Device> {
  yield point(`pci:scan:${bridge.uid}`);
  const device = addHostBridge(kernel, bridge);
  printk(kernel, "info", `PCI host bridge to bus ${formatPciAddress(pciAddress(bridge.segment, bridge.busStart, 0, 0)).slice(0, 7)}`);
  yield* scanBus(kernel, device, device, bridge.busStart);
  assignHostBridge(kernel, device);
  return device;
});
