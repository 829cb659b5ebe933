// Discovery of functions through config space: bus, device, function walk per host bridge, bus numbers, and the walk below one port again.

import { busOf, formatPciAddress, pciAddress } from "../../platform/pci-address.ts";
import type { AcpiHostBridge } from "../../platform/platform.ts";
import type { Task } from "../../sim/task.ts";
import { join, point, task } from "../../sim/task.ts";
import type { Device, DeviceType } from "../base/device.ts";
import { addDevice, attach, attachLater, matchDriver, removeDevice } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { defineState, mark, printk } from "../base/kernel.ts";
import type { Resource } from "../resource/resource.ts";
import { createResource, formatRange, insertConflict, iomem } from "../resource/resource.ts";
import type { HostWindows } from "./assign.ts";
import { assignHostBridge, reassignPort, releaseFunction, rootBusName } from "./assign.ts";
import type { PciFunction } from "./device.ts";
import type { BridgeState } from "./device.ts";
import { isPciDevice, pciBus, pciDeviceType, pciFunctionOf, portTypeOf, sizeBars } from "./device.ts";
import { bridgeOf, headerOf } from "./registers.ts";

/** The record of a `pciSSSS:BB` device. */
export interface HostBridge extends HostWindows {
  readonly uid: number;
  readonly segment: number;
  readonly busStart: number;
  readonly busEnd: number;
  /** Next free bus number, and the last one that the walk under way may give. */
  nextBus: number;
  lastBus: number;
}

export const hostBridgeType: DeviceType = { name: "pci_host_bridge", attributes: [] };
const hostBridges = defineState("pci.hostBridges", () => ({ devices: [] as Device[] }));

export const hostBridgeDevices = (kernel: Kernel): readonly Device[] => hostBridges(kernel).devices;
export const hostBridgeOf = (device: Device): HostBridge => device.data as HostBridge;
export const hostBridgeByUid = (kernel: Kernel, uid: number): Device | undefined => hostBridges(kernel).devices.find((device) => hostBridgeOf(device).uid === uid);
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
  const record: HostBridge = { uid: bridge.uid, segment: bridge.segment, busStart: bridge.busStart, busEnd: bridge.busEnd, nextBus: bridge.busStart + 1, lastBus: bridge.busEnd, windows };
  const name = `pci${formatPciAddress(pciAddress(bridge.segment, bridge.busStart, 0, 0)).slice(0, 7)}`;
  const device = addDevice(kernel, { name, bus: null, type: hostBridgeType, parent: null, data: record });
  hostBridges(kernel).devices.push(device);
  return device;
}

/** Kinds of functions as the PCIe capability numbers them (7.5.3.2). */
const portTypes = { rootPort: 4, upstreamPort: 5, downstreamPort: 6 } as const;
const portTexts: Readonly<Record<number, string>> = { 0: "PCIe Endpoint", 4: "PCIe Root Port", 5: "PCIe Switch Upstream Port", 6: "PCIe Switch Downstream Port" };

/** A link leads to one device: below a root or downstream port only device 0 is looked for (only_one_child). */
const hasOneChild = (device: Device): boolean => isPciDevice(device) && (pciFunctionOf(device).portType === portTypes.rootPort || pciFunctionOf(device).portType === portTypes.downstreamPort);

function typeText(record: PciFunction): string {
  if (record.bridge !== null) return "type 01";
  return "type 00";
}

function setBusNumbers(kernel: Kernel, record: PciFunction): void {
  if (record.bridge === null) return;
  const registers = bridgeOf(kernel, record.address);
  registers.primaryBus.write({ value: busOf(record.address) });
  registers.secondaryBus.write({ value: record.bridge.secondary });
  registers.subordinateBus.write({ value: record.bridge.subordinate });
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
  const bus = isBridge ? host.nextBus : 0;
  if (isBridge && bus > host.lastBus) {
    printk(kernel, "warn", `pci ${formatPciAddress(address)}: no bus number left behind ${hostBridge.name}; devices behind bridge are not found`);
    return undefined;
  }
  if (isBridge) host.nextBus++;
  return {
    address, vendor, device: header.deviceId.get("value"), classCode, revision: header.revisionId.get("value"), bars, hostBridge,
    bridge: isBridge ? { secondary: bus, subordinate: bus, windows: { memory: null, prefetchable: null } } : null,
    portType: portTypeOf(kernel, address), messages: null, isDisconnected: false,
  };
}

function addFunction(kernel: Kernel, parent: Device, record: PciFunction): Device {
  const name = formatPciAddress(record.address);
  const id = (value: number): string => value.toString(16).padStart(4, "0");
  const kind = portTexts[record.portType] ?? "conventional PCI";
  printk(kernel, "info", `pci ${name}: [${id(record.vendor)}:${id(record.device)}] ${typeText(record)} class 0x${record.classCode.toString(16).padStart(6, "0")} ${kind}`);
  return addDevice(kernel, { name, bus: pciBus, type: pciDeviceType, parent, data: record });
}

const scanBus = task("pci.scanBus", function* (kernel: Kernel, parent: Device, hostBridge: Device, bus: number): Task<void> {
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

/** Opens the bus range of a bridge, walks what is below, and closes the range at what was found. */
const scanBridge = task("pci.scanBridge", function* (kernel: Kernel, device: Device): Task<void> {
  const record = pciFunctionOf(device);
  const bridge = record.bridge;
  if (bridge === null) return;
  const host = hostBridgeOf(record.hostBridge);
  bridge.subordinate = host.lastBus;
  setBusNumbers(kernel, record);
  yield* scanBus(kernel, device, record.hostBridge, bridge.secondary);
  bridge.subordinate = Math.max(bridge.secondary, host.nextBus - 1);
  setBusNumbers(kernel, record);
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

/** Probes everything below a host bridge or port and waits until all have come to an end (wait_for_device_probe). */
export const attachAll = task("pci.attachAll", function* (kernel: Kernel, above: readonly Device[]): Task<void> {
  const later: number[] = [];
  for (const device of above) later.push(...(yield* attachBelow(kernel, device)));
  for (const id of later) yield* join(kernel.scheduler, id);
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

/** The same for one host bridge (pci_bus_add_devices). */
export const attachHostBridge = task("pci.attachHostBridge", function* (kernel: Kernel, hostBridge: Device): Task<void> {
  yield* attachAll(kernel, [hostBridge]);
});

/** Every device on the bus below a port, without looking at config space. */
export const devicesBelow = (port: Device): readonly Device[] => port.children.filter(isPciDevice);

/** Marks everything below a port as unreachable (pci_dev_set_disconnected). */
export function markDisconnected(port: Device): void {
  for (const device of devicesBelow(port)) {
    pciFunctionOf(device).isDisconnected = true;
    markDisconnected(device);
  }
}

/** Unbinds and removes one function and everything below it; its BAR ranges become free. */
export const removeFunction = task("pci.removeFunction", function* (kernel: Kernel, device: Device): Task<void> {
  yield* removeDevice(kernel, device);
  releaseFunction(pciFunctionOf(device));
});

/** Removes everything below a port (pci_stop_and_remove_bus_device in reverse order). */
export const removeBelow = task("pci.removeBelow", function* (kernel: Kernel, port: Device): Task<void> {
  for (const device of [...devicesBelow(port)].reverse()) yield* removeFunction(kernel, device);
});

/** Walks below a port with the bus numbers that it has; the last port of a bridge may take free ones behind them. */
const scanAgain = task("pci.scanAgain", function* (kernel: Kernel, port: Device, bridge: BridgeState): Task<void> {
  const { hostBridge } = pciFunctionOf(port);
  const host = hostBridgeOf(hostBridge);
  const after = host.nextBus;
  const isLast = bridge.subordinate + 1 === after && port.parent === hostBridge;
  host.nextBus = bridge.secondary + 1;
  host.lastBus = isLast ? host.busEnd : bridge.subordinate;
  if (isLast) bridge.subordinate = host.lastBus;
  setBusNumbers(kernel, pciFunctionOf(port));
  try {
    yield* scanBus(kernel, port, hostBridge, bridge.secondary);
    if (isLast) {
      bridge.subordinate = Math.max(after, host.nextBus) - 1;
      setBusNumbers(kernel, pciFunctionOf(port));
    }
  } finally {
    host.nextBus = Math.max(after, host.nextBus);
    host.lastBus = host.busEnd;
  }
});

/**
 * Walks the bus below a port anew: identity, BARs, windows and memory enable are all read and written again, then drivers probe.
 * Returns the functions found. @throws SystemError EBUSY functions from before are still there
 */
export const rescan = task("pci.rescan", function* (kernel: Kernel, port: Device): Task<readonly Device[]> {
  const record = pciFunctionOf(port);
  if (record.bridge === null) throw new SystemError("EINVAL", `${port.name} is no bridge`);
  if (devicesBelow(port).length > 0) throw new SystemError("EBUSY", `${port.name} still has functions below it`);
  yield point(`pci:rescan:${port.name}`);
  yield* scanAgain(kernel, port, record.bridge);
  reassignPort(kernel, port);
  mark(kernel, `${port.name} re-enumerated`, `${devicesBelow(port).length} functions`);
  yield* attachAll(kernel, [port]);
  return devicesBelow(port);
});

