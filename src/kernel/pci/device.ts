// The record of a PCI function, and what drivers do with one: enable it, walk its capabilities, read its identity.

import type { PciAddress } from "../../platform/pci-address.ts";
import type { IoHandle } from "../../platform/platform.ts";
import type { Attribute, Device, DeviceType } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import type { Resource } from "../resource/resource.ts";
import * as walk from "../../platform/config-walk.ts";
import { structureAt } from "../../platform/registers.ts";
import { serialNumber } from "../../../registers/pci.ts";
import { barAccess, capabilityIds, configBus, decodeBar, extendedIds, headerOf, pcieOf } from "./registers.ts";

export const pciBus = "pci";

export interface Bar {
  readonly index: number;
  readonly size: bigint;
  readonly is64Bit: boolean;
  readonly isPrefetchable: boolean;
  /** Where it was put, once assigned. */
  resource: Resource | null;
}

/** A bridge's buses and windows; null for endpoints. */
export interface BridgeState {
  readonly secondary: number;
  subordinate: number;
  /** The numbers are firmware's. */
  readonly isKept: boolean;
  /** Memory window and prefetchable window. */
  readonly windows: { memory: Resource | null; prefetchable: Resource | null };
}

/** A block of messages that the kernel granted: message `n` arrives as `data + n`. */
export interface Messages {
  readonly data: number;
  readonly count: number;
  /** The mapped MSI-X table; null: MSI. */
  readonly table: IoHandle | null;
  /** Numbers of those that somebody has bound. */
  readonly bound: Set<number>;
}

/** Ways to reset a function that this kernel knows, by sysfs' names. */
export type ResetMethod = "flr" | "bus" | "cxl_bus";

export interface PciFunction {
  readonly address: PciAddress;
  readonly vendor: number;
  readonly device: number;
  /** 24 bits: base class, sub-class, programming interface. */
  readonly classCode: number;
  readonly revision: number;
  readonly bars: readonly Bar[];
  readonly bridge: BridgeState | null;
  /** Device/Port Type of the PCIe capability, or -1 without one. */
  readonly portType: number;
  /** The record of the host bridge above. */
  readonly hostBridge: Device;
  /** It has CXL's link registers (pcie_is_cxl; all links here train to CXL). */
  readonly isCxl: boolean;
  messages: Messages | null;
  /** Enabled less disabled by drivers and users. */
  enableCount: number;
  /** Ways to reset it, in the order in which they are tried; null: those it has, which nobody has asked for yet. */
  resetMethods: readonly ResetMethod[] | null;
  /** Known to be gone: config accesses are pointless. */
  isDisconnected: boolean;
}

const hex = (value: number, digits: number): string => `0x${value.toString(16).padStart(digits, "0")}`;
const showOf = (name: string, text: (record: PciFunction) => string): Attribute => ({ name, show: (_kernel, device) => `${text(pciFunctionOf(device))}\n` });

export const pciDeviceType: DeviceType = {
  name: "pci",
  attributes: [
    showOf("vendor", (record) => hex(record.vendor, 4)),
    showOf("device", (record) => hex(record.device, 4)),
    showOf("class", (record) => hex(record.classCode, 6)),
    showOf("revision", (record) => hex(record.revision, 2)),
    showOf("numa_node", () => "-1"),
    { ...showOf("secondary_bus_number", (record) => String(record.bridge?.secondary ?? "")), visible: (_kernel, device) => pciFunctionOf(device).bridge !== null },
    { ...showOf("subordinate_bus_number", (record) => String(record.bridge?.subordinate ?? "")), visible: (_kernel, device) => pciFunctionOf(device).bridge !== null },
  ],
};

export const isPciDevice = (device: Device): boolean => device.bus === pciBus;
export const pciFunctionOf = (device: Device): PciFunction => device.data as PciFunction;
export const addressOf = (device: Device): PciAddress => pciFunctionOf(device).address;
/** Class and sub-class, 16 bits. */
export const classOf = (record: PciFunction): number => record.classCode >>> 8;
export const bridgeClass = 0x0604;
/** Kinds of bridges as the PCIe capability numbers them (7.5.3.2). */
export const portTypes = { rootPort: 4, upstreamPort: 5, downstreamPort: 6 } as const;
export const isRootPort = (device: Device): boolean => isPciDevice(device) && pciFunctionOf(device).portType === portTypes.rootPort;

/** The bridge (root or downstream port, or upstream port) above a function, or undefined on the root bus. */
export const portAbove = (device: Device): Device | undefined => (device.parent !== null && isPciDevice(device.parent) ? device.parent : undefined);

/** Functions on the bus below a port. */
export const functionsOnBus = (port: Device): readonly Device[] => port.children.filter(isPciDevice);

/** Every root and downstream port above a function, the nearest first. */
export function portsAbove(device: Device): Device[] {
  const ports: Device[] = [];
  for (let above = portAbove(device); above !== undefined; above = portAbove(above)) if (pciFunctionOf(above).portType !== portTypes.upstreamPort) ports.push(above);
  return ports;
}

/** An offset as the walk gives it, 0 for none. */
const orAbsent = (at: number): number | undefined => (at === 0 ? undefined : at);

/** Offset of a capability in the first 256 bytes, or undefined. */
export const findCapability = (kernel: Kernel, device: Device, id: number): number | undefined => orAbsent(walk.findCapability(configBus(kernel, addressOf(device)), id));

/** Device/Port Type (PCIe 7.5.3.2) of the function at an address, or -1. */
export function portTypeOf(kernel: Kernel, address: PciAddress): number {
  const at = walk.findCapability(configBus(kernel, address), capabilityIds.pcie);
  return at === 0 ? -1 : pcieOf(kernel, address, at).flags.get("portType");
}

/** Offset of a CXL DVSEC (vendor 0x1e98), or undefined. */
export const findDvsec = (kernel: Kernel, device: Device, id: number): number | undefined => orAbsent(walk.findDvsec(configBus(kernel, addressOf(device)), id));

/** 64-bit serial number, or 0 without the capability (pci_get_dsn). */
export function serialNumberOf(kernel: Kernel, device: Device): bigint {
  const bus = configBus(kernel, addressOf(device));
  const at = walk.findFirstExtended(bus, extendedIds.serialNumber);
  if (at === 0) return 0n;
  const { low, high } = structureAt(bus, at, serialNumber);
  return low.readRaw() | (high.readRaw() << 32n);
}

/** As lines about it in the log begin (dev_driver_string): the driver that has it, or its bus. */
export const nameInLog = (device: Device): string => `${device.driver?.name ?? "pci"} ${device.name}`;

/** Memory decode on, and bus mastering when asked. @throws SystemError ENODEV the function does not answer; EINVAL a BAR has no address */
export function enableDevice(kernel: Kernel, device: Device, isMaster = false): void {
  const record = pciFunctionOf(device);
  if (headerOf(kernel, record.address).vendorId.get("value") !== record.vendor) throw new SystemError("ENODEV", `${device.name} does not answer`);
  if (record.bars.some((bar) => bar.resource === null)) throw new SystemError("EINVAL", `${device.name}: BAR not assigned`);
  headerOf(kernel, record.address).command.modify(isMaster ? { memorySpaceEnable: 1, busMasterEnable: 1 } : { memorySpaceEnable: 1 });
  record.enableCount++;
}

/** Takes one enabling back; with the last one bus mastering goes off, and memory decode stays (pci_disable_device). */
export function disableDevice(kernel: Kernel, device: Device): void {
  const record = pciFunctionOf(device);
  if (record.enableCount > 0) record.enableCount--;
  if (record.enableCount === 0 && !record.isDisconnected) headerOf(kernel, record.address).command.modify({ busMasterEnable: 0 });
}

/** Physical address of BAR `index`. @throws SystemError EINVAL */
export function barAddress(device: Device, index: number): bigint {
  const bar = pciFunctionOf(device).bars.find((candidate) => candidate.index === index);
  if (bar?.resource == null) throw new SystemError("EINVAL", `${device.name}: BAR ${index} has no address`);
  return bar.resource.start;
}

/** Bytes of BAR `index`; 0 without one. */
export const barSize = (device: Device, index: number): bigint => pciFunctionOf(device).bars.find((candidate) => candidate.index === index)?.size ?? 0n;

function sizeOneBar(kernel: Kernel, address: PciAddress, index: number): Bar | undefined {
  const access = barAccess(kernel, address, index);
  const was = access.read();
  access.write(0xffff_ffff);
  const low = access.read();
  access.write(was);
  if (low === 0 || low === 0xffff_ffff) return undefined;
  const { addressMask, is64Bit, isPrefetchable } = decodeBar(low);
  let mask = BigInt(addressMask) | 0xffff_ffff_0000_0000n;
  if (is64Bit) {
    const upper = barAccess(kernel, address, index + 1);
    const upperWas = upper.read();
    upper.write(0xffff_ffff);
    mask = (mask & 0xffff_ffffn) | (BigInt(upper.read()) << 32n);
    upper.write(upperWas);
  }
  return { index, size: (~mask & 0xffff_ffff_ffff_ffffn) + 1n, is64Bit, isPrefetchable, resource: null };
}

/** Sizes the BARs of a function by writing ones, with decode off meanwhile, as pci_read_bases does. */
export function sizeBars(kernel: Kernel, address: PciAddress, count: number): Bar[] {
  const { command } = headerOf(kernel, address);
  const before = command.get("memorySpaceEnable");
  command.modify({ memorySpaceEnable: 0 });
  const bars: Bar[] = [];
  for (let index = 0; index < count; index++) {
    const bar = sizeOneBar(kernel, address, index);
    if (bar === undefined) continue;
    bars.push(bar);
    if (bar.is64Bit) index++;
  }
  command.modify({ memorySpaceEnable: before });
  return bars;
}

/** Writes the assigned address of every BAR. */
export function programBars(kernel: Kernel, record: PciFunction): void {
  for (const bar of record.bars) {
    if (bar.resource === null) continue;
    barAccess(kernel, record.address, bar.index).write(Number(bar.resource.start & 0xffff_ffffn));
    if (bar.is64Bit) barAccess(kernel, record.address, bar.index + 1).write(Number(bar.resource.start >> 32n));
  }
}
