// Bus numbers of bridges (pci_scan_bridge in outline): depth first; a bridge's range is open as far as it may go while what is below is walked,
// then closed behind the last number given. Numbers that firmware gave are kept where it asks for that.

import type { PciAddress } from "../../platform/pci-address.ts";
import { busOf } from "../../platform/pci-address.ts";
import type { Device } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import type { HostWindows } from "./assign.ts";
import type { BridgeState, PciFunction } from "./device.ts";
import { isPciDevice, pciFunctionOf } from "./device.ts";
import { bridgeOf } from "./registers.ts";

/** The record of a `pciSSSS:BB` device. */
export interface HostBridge extends HostWindows {
  readonly uid: number;
  readonly segment: number;
  readonly busStart: number;
  readonly busEnd: number;
  /** Firmware numbered the bridges below, and wants that kept. */
  readonly keepsBuses: boolean;
  /** Of the walk under way: the next number, and the last one that it may give. */
  nextBus: number;
  lastBus: number;
}

export const hostBridgeOf = (device: Device): HostBridge => device.data as HostBridge;

type Range = Pick<BridgeState, "secondary" | "subordinate">;

/** What firmware left in a bridge, if it fits into the walk. */
function keptRange(kernel: Kernel, host: HostBridge, address: PciAddress): Range | undefined {
  const registers = bridgeOf(kernel, address);
  const secondary = registers.secondaryBus.get("value");
  const subordinate = registers.subordinateBus.get("value");
  const isSound = registers.primaryBus.get("value") === busOf(address) && secondary >= host.nextBus && subordinate >= secondary && subordinate <= host.lastBus;
  return isSound ? { secondary, subordinate } : undefined;
}

/** The range of a bridge that was just found: firmware's, or the next number. Undefined: none is left. */
export function takeBuses(kernel: Kernel, host: HostBridge, address: PciAddress): (Range & { readonly isKept: boolean }) | undefined {
  const kept = host.keepsBuses ? keptRange(kernel, host, address) : undefined;
  if (kept === undefined && host.nextBus > host.lastBus) return undefined;
  const range = kept ?? { secondary: host.nextBus, subordinate: host.lastBus };
  host.nextBus = range.secondary + 1;
  return { ...range, isKept: kept !== undefined };
}

export function writeBuses(kernel: Kernel, record: PciFunction): void {
  if (record.bridge === null) return;
  const registers = bridgeOf(kernel, record.address);
  registers.primaryBus.write({ value: busOf(record.address) });
  registers.secondaryBus.write({ value: record.bridge.secondary });
  registers.subordinateBus.write({ value: record.bridge.subordinate });
}

/** Bridges on the way up from a port, itself first. */
function bridgesUpwards(port: Device): PciFunction[] {
  const found: PciFunction[] = [];
  for (let device: Device | null = port; device !== null && isPciDevice(device); device = device.parent) found.push(pciFunctionOf(device));
  return found;
}

/** The lowest range behind a port's own on the same bus. */
function firstBehind(port: Device, bridge: BridgeState): number | undefined {
  const behind = (port.parent?.children ?? []).filter(isPciDevice).flatMap((other) => pciFunctionOf(other).bridge?.secondary ?? []).filter((secondary) => secondary > bridge.secondary);
  return behind.length === 0 ? undefined : Math.min(...behind);
}

/** The last number that a walk below a port may give: up to the range behind it, or where the last one on a bus may grow, on to the end. */
function limitBelow(port: Device, bridge: BridgeState): { readonly limit: number; readonly isLast: boolean } {
  const behind = firstBehind(port, bridge);
  if (behind !== undefined) return { limit: Math.max(bridge.subordinate, behind - 1), isLast: false };
  const above = port.parent !== null && isPciDevice(port.parent) ? pciFunctionOf(port.parent).bridge : null;
  if (above !== null && port.parent !== null) return { limit: limitBelow(port.parent, above).limit, isLast: true };
  return { limit: hostBridgeOf(pciFunctionOf(port).hostBridge).busEnd, isLast: true };
}

function setSubordinate(kernel: Kernel, record: PciFunction, subordinate: number): void {
  if (record.bridge === null) return;
  record.bridge.subordinate = subordinate;
  writeBuses(kernel, record);
}

/** A walk below one port: the bridges whose ranges it opened, itself first, with what they were. */
export interface BusWalk {
  readonly opened: readonly { readonly record: PciFunction; readonly before: number }[];
  readonly limit: number;
  readonly isLast: boolean;
}

/** Opens the range of a port, and of bridges above it that must grow with it, for a walk below. */
export function openBuses(kernel: Kernel, port: Device, bridge: BridgeState): BusWalk {
  const host = hostBridgeOf(pciFunctionOf(port).hostBridge);
  const { limit, isLast } = limitBelow(port, bridge);
  const opened = bridgesUpwards(port).map((record) => ({ record, before: record.bridge?.subordinate ?? 0 })).filter(({ before }, index) => index === 0 || before < limit);
  host.nextBus = bridge.secondary + 1;
  host.lastBus = limit;
  for (const { record } of opened) setSubordinate(kernel, record, limit);
  return { opened, limit, isLast };
}

/** Closes them behind the last number given; none becomes smaller than it was. */
export function closeBuses(kernel: Kernel, port: Device, walk: BusWalk): void {
  const host = hostBridgeOf(pciFunctionOf(port).hostBridge);
  for (const { record, before } of walk.opened) {
    const subordinate = Math.max(before, host.nextBus - 1);
    if (subordinate !== walk.limit || walk.isLast) setSubordinate(kernel, record, subordinate);
  }
}
