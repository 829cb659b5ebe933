// Addresses for BARs and bridge windows inside a host bridge's windows (_CRS), and their programming, as drivers/pci/setup-bus.c does in outline:
// sizes from the bottom up, addresses from the top down.

import type { PciAddress } from "../../platform/pci-address.ts";
import { segmentOf } from "../../platform/pci-address.ts";
import type { Device } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { printk } from "../base/kernel.ts";
import type { Resource } from "../resource/resource.ts";
import { createResource, findFree, formatRange, releaseResource, requestResource } from "../resource/resource.ts";
import type { Bar, PciFunction } from "./device.ts";
import { functionsOnBus, isPciDevice, pciFunctionOf, programBars } from "./device.ts";
import { bridgeOf } from "./registers.ts";

const windowGranule = 1n << 20n;
const limit32 = 0x1_0000_0000n;
/** What a hot-plug capable port gets when nothing is below it yet (hpmmioprefsize in outline). */
const emptyPortWindow = 2n * windowGranule;

const busName = (address: PciAddress, bus: number): string => `PCI Bus ${segmentOf(address).toString(16).padStart(4, "0")}:${bus.toString(16).padStart(2, "0")}`;

/** The host bridge's memory windows in the resource tree. */
export interface HostWindows {
  readonly windows: readonly Resource[];
}

const alignUp = (value: bigint, align: bigint): bigint => ((value + align - 1n) / align) * align;


interface Need {
  size: bigint;
  align: bigint;
}

function addNeed(need: Need, size: bigint, align: bigint): void {
  need.size = alignUp(need.size, align) + size;
  if (align > need.align) need.align = align;
}

const isEmptyBridge = (device: Device): boolean => functionsOnBus(device).length === 0;

/** Space that everything below a bridge needs in its window of one kind. */
function windowNeed(device: Device, isPrefetchable: boolean): Need {
  const need: Need = { size: 0n, align: windowGranule };
  const bars = functionsOnBus(device).flatMap((child) => pciFunctionOf(child).bars.filter((bar) => bar.isPrefetchable === isPrefetchable));
  for (const bar of [...bars].toSorted((a, b) => (a.size > b.size ? -1 : a.size < b.size ? 1 : 0))) addNeed(need, bar.size, bar.size);
  for (const child of functionsOnBus(device)) {
    if (pciFunctionOf(child).bridge === null) continue;
    const inner = isEmptyBridge(child) && isPrefetchable ? { size: emptyPortWindow, align: windowGranule } : windowNeed(child, isPrefetchable);
    if (inner.size > 0n) addNeed(need, alignUp(inner.size, windowGranule), inner.align);
  }
  return need;
}

/** Takes `size` bytes from the first parent that has them; 32-bit users stay below 4 GiB. */
function allocate(parents: readonly Resource[], name: string, size: bigint, align: bigint, is64Bit: boolean): Resource | null {
  for (const parent of parents) {
    const start = findFree(parent, size, align);
    if (start === undefined || (!is64Bit && start + size > limit32)) continue;
    const resource = createResource(name, start, size);
    requestResource(parent, resource);
    return resource;
  }
  return null;
}

/** High windows first for what may live above 4 GiB, low ones for the rest. */
function preferred(windows: readonly Resource[], isPrefetchable: boolean): Resource[] {
  const isHigh = (window: Resource): boolean => window.start >= limit32;
  return [...windows].toSorted((a, b) => Number(isHigh(b)) - Number(isHigh(a))).filter((window) => isPrefetchable || !isHigh(window));
}

function assignBar(kernel: Kernel, device: Device, bar: Bar, parents: readonly Resource[]): void {
  if (bar.resource !== null) return;
  bar.resource = allocate(parents, device.name, bar.size, bar.size, bar.is64Bit);
  if (bar.resource === null) printk(kernel, "warn", `pci ${device.name}: BAR ${bar.index} [mem size 0x${bar.size.toString(16).padStart(8, "0")}]: can't assign; no space`);
}

function assignWindow(kernel: Kernel, device: Device, record: PciFunction, isPrefetchable: boolean, parents: readonly Resource[]): void {
  const bridge = record.bridge;
  if (bridge === null) return;
  const key = isPrefetchable ? "prefetchable" : "memory";
  if (bridge.windows[key] !== null) return;
  const need = windowNeed(device, isPrefetchable);
  const size = isEmptyBridge(device) && isPrefetchable ? emptyPortWindow : alignUp(need.size, windowGranule);
  if (size === 0n) return;
  bridge.windows[key] = allocate(parents, busName(record.address, bridge.secondary), size, need.align, isPrefetchable);
  const window = bridge.windows[key];
  if (window === null) printk(kernel, "warn", `pci ${device.name}: bridge window [mem size 0x${size.toString(16).padStart(8, "0")}${isPrefetchable ? " 64bit pref" : ""}]: can't assign; no space`);
  else printk(kernel, "info", `pci ${device.name}:   bridge window ${formatRange(window.start, window.end).slice(0, -1)}${isPrefetchable ? " 64bit pref]" : "]"}`);
}

/** Programs a bridge's windows; one that is not assigned is closed (base above limit). */
export function programWindows(kernel: Kernel, record: PciFunction): void {
  if (record.bridge === null) return;
  const registers = bridgeOf(kernel, record.address);
  const { memory, prefetchable } = record.bridge.windows;
  const page = (address: bigint): number => Number((address >> 20n) & 0xfffn);
  registers.memoryBase.write({ address31to20: memory === null ? 0xfff : page(memory.start) });
  registers.memoryLimit.write({ address31to20: memory === null ? 0 : page(memory.end) });
  registers.prefetchableBaseHigh.write({ address63to32: prefetchable === null ? 0 : Number(prefetchable.start >> 32n) });
  registers.prefetchableBase.write({ address31to20: prefetchable === null ? 0xfff : page(prefetchable.start) });
  registers.prefetchableLimit.write({ address31to20: prefetchable === null ? 0 : page(prefetchable.end) });
  registers.prefetchableLimitHigh.write({ address63to32: prefetchable === null ? 0 : Number(prefetchable.end >> 32n) });
}

function assignBelow(kernel: Kernel, devices: readonly Device[], memory: readonly Resource[], prefetchable: readonly Resource[]): void {
  const bridges = devices.filter((device) => pciFunctionOf(device).bridge !== null);
  for (const device of bridges) {
    assignWindow(kernel, device, pciFunctionOf(device), true, prefetchable);
    assignWindow(kernel, device, pciFunctionOf(device), false, memory);
  }
  for (const device of devices) {
    const record = pciFunctionOf(device);
    for (const bar of record.bars) assignBar(kernel, device, bar, bar.isPrefetchable && bar.is64Bit ? prefetchable : memory);
    programBars(kernel, record);
    programWindows(kernel, record);
  }
  for (const device of bridges) assignBridge(kernel, device);
}

/** Assigns and programs everything below a bridge, inside its windows. */
export function assignBridge(kernel: Kernel, device: Device): void {
  const windows = pciFunctionOf(device).bridge?.windows;
  if (windows === undefined) return;
  assignBelow(kernel, functionsOnBus(device), windows.memory === null ? [] : [windows.memory], windows.prefetchable === null ? [] : [windows.prefetchable]);
}

/** Assigns and programs everything below a host bridge. */
export function assignHostBridge(kernel: Kernel, hostBridge: Device): void {
  const { windows } = hostBridge.data as HostWindows;
  assignBelow(kernel, functionsOnBus(hostBridge), preferred(windows, false), preferred(windows, true));
}

/** Gives a port's windows back and sizes them again for what is below it now; the port and all below are programmed anew. */
export function reassignPort(kernel: Kernel, port: Device): void {
  const record = pciFunctionOf(port);
  if (record.bridge === null) return;
  const { windows } = record.hostBridge.data as HostWindows;
  for (const key of ["prefetchable", "memory"] as const) {
    const window = record.bridge.windows[key];
    if (window !== null) releaseResource(window);
    record.bridge.windows[key] = null;
    const above = port.parent !== null && isPciDevice(port.parent) ? pciFunctionOf(port.parent).bridge?.windows[key] : undefined;
    assignWindow(kernel, port, record, key === "prefetchable", above == null ? preferred(windows, key === "prefetchable") : [above]);
  }
  programBars(kernel, record);
  programWindows(kernel, record);
  assignBridge(kernel, port);
}

/** A function is gone: its ranges are free again. */
export function releaseFunction(record: PciFunction): void {
  for (const bar of record.bars) {
    if (bar.resource !== null) releaseResource(bar.resource);
    bar.resource = null;
  }
  if (record.bridge === null) return;
  for (const key of ["prefetchable", "memory"] as const) {
    const window = record.bridge.windows[key];
    if (window !== null) releaseResource(window);
    record.bridge.windows[key] = null;
  }
}

/** Name of a root bus's windows in /proc/iomem. */
export const rootBusName = (segment: number, bus: number): string => `PCI Bus ${segment.toString(16).padStart(4, "0")}:${bus.toString(16).padStart(2, "0")}`;
