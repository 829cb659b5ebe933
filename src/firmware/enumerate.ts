// What a BIOS does to PCI before an operating system runs: bus numbers depth first, BARs and bridge windows, memory space and bus mastering on.
// Over the platform only; who needs a machine without a kernel (tests, replays, a library user) starts here.

import { bridgeHeader, endpointHeader, pcieRootPort } from "../../registers/pci.ts";
import { configBus, findCapability } from "../platform/config-walk.ts";
import type { PciAddress } from "../platform/pci-address.ts";
import { pciAddress } from "../platform/pci-address.ts";
import type { ConfigSpace } from "../platform/platform.ts";
import { structureAt } from "../platform/registers.ts";

export type FunctionKind = "root port" | "upstream port" | "downstream port" | "endpoint";

export interface FoundFunction {
  readonly address: PciAddress;
  readonly kind: FunctionKind;
  /** Where BAR 0 was put, and its size. */
  readonly bar: bigint;
  readonly barSize: bigint;
  readonly below: readonly FoundFunction[];
}

export interface BusRange {
  readonly segment: number;
  readonly busStart: number;
  readonly busEnd: number;
}

const kinds: Readonly<Record<number, FunctionKind>> = { 0: "endpoint", 4: "root port", 5: "upstream port", 6: "downstream port" };
const noVendor = 0xffff;
const megabyte = 1n << 20n;
const low = (value: bigint): number => Number(value & 0xffff_ffffn);
const high = (value: bigint): number => Number(value >> 32n);
const alignUp = (value: bigint, align: bigint): bigint => ((value + align - 1n) / align) * align;

interface Cursor {
  readonly config: ConfigSpace;
  readonly range: BusRange;
  nextBus: number;
  nextAddress: bigint;
}

/** Bus numbers ran out, or what was found is no PCIe function. */
export class EnumerationError extends Error {
  constructor(address: PciAddress, problem: string) {
    super(`PCI function ${address.toString(16)}: ${problem}`);
    this.name = "EnumerationError";
  }
}

const headerAt = (config: ConfigSpace, address: PciAddress) => structureAt(configBus(config, address), 0, endpointHeader);
const bridgeAt = (config: ConfigSpace, address: PciAddress) => structureAt(configBus(config, address), 0, bridgeHeader);

function placeBar(cursor: Cursor, address: PciAddress): { readonly bar: bigint; readonly barSize: bigint } {
  const header = headerAt(cursor.config, address);
  header.bar0.writeRaw(0xffff_ffffn);
  header.bar1.writeRaw(0xffff_ffffn);
  const mask = (BigInt(header.bar1.get("address63to32")) << 32n) | (BigInt(header.bar0.get("address31to16")) << 16n);
  const barSize = (~mask & 0xffff_ffff_ffff_ffffn) + 1n;
  const bar = alignUp(cursor.nextAddress, barSize);
  header.bar0.writeRaw(BigInt(low(bar)));
  header.bar1.writeRaw(BigInt(high(bar)));
  cursor.nextAddress = bar + barSize;
  return { bar, barSize };
}

/** Opens a bridge for what lies in [from, to); an empty range closes it. */
function openWindow(config: ConfigSpace, address: PciAddress, from: bigint, to: bigint): void {
  const header = bridgeAt(config, address);
  const isEmpty = to <= from;
  const last = to - 1n;
  const page = (value: bigint): number => Number((value >> 20n) & 0xfffn);
  header.memoryBase.write({ address31to20: 0xfff });
  header.memoryLimit.write({ address31to20: 0 });
  header.prefetchableBase.write({ address31to20: isEmpty ? 0xfff : page(from) });
  header.prefetchableBaseHigh.write({ address63to32: isEmpty ? 0 : high(from) });
  header.prefetchableLimit.write({ address31to20: isEmpty ? 0 : page(last) });
  header.prefetchableLimitHigh.write({ address63to32: isEmpty ? 0 : high(last) });
}

function enumerateBelow(cursor: Cursor, address: PciAddress, bus: number, devices: number): FoundFunction[] {
  const { config, range } = cursor;
  const secondary = cursor.nextBus++;
  if (secondary > range.busEnd) throw new EnumerationError(address, `no bus number left up to ${range.busEnd}`);
  const header = bridgeAt(config, address);
  header.primaryBus.write({ value: bus });
  header.secondaryBus.write({ value: secondary });
  header.subordinateBus.write({ value: range.busEnd });
  cursor.nextAddress = alignUp(cursor.nextAddress, megabyte);
  const from = cursor.nextAddress;
  const below = enumerateBus(cursor, secondary, devices);
  cursor.nextAddress = alignUp(cursor.nextAddress, megabyte);
  header.subordinateBus.write({ value: cursor.nextBus - 1 });
  openWindow(config, address, from, cursor.nextAddress);
  return below;
}

function enumerateBus(cursor: Cursor, bus: number, devices: number): FoundFunction[] {
  const found: FoundFunction[] = [];
  for (let device = 0; device < devices; device++) {
    const address = pciAddress(cursor.range.segment, bus, device, 0);
    const header = headerAt(cursor.config, address);
    if (header.vendorId.get("value") === noVendor) continue;
    const at = findCapability(configBus(cursor.config, address), pcieRootPort.identity.id);
    const kind = at === 0 ? undefined : kinds[structureAt(configBus(cursor.config, address), at, pcieRootPort).flags.get("portType")];
    if (kind === undefined) throw new EnumerationError(address, "is of no kind that is known here");
    const { bar, barSize } = placeBar(cursor, address);
    const below = kind === "endpoint" ? [] : enumerateBelow(cursor, address, bus, kind === "upstream port" ? 32 : 1);
    header.command.modify({ memorySpaceEnable: 1, busMasterEnable: 1 });
    found.push({ address, kind, bar, barSize, below });
  }
  return found;
}

/**
 * Gives buses, BARs (from `memory` on, upwards) and windows to everything below a host bridge. Returns its root ports and the first address
 * that is still free. @throws EnumerationError
 */
export function enumeratePci(config: ConfigSpace, range: BusRange, memory: bigint): { readonly rootPorts: readonly FoundFunction[]; readonly end: bigint } {
  const cursor: Cursor = { config, range, nextBus: range.busStart + 1, nextAddress: memory };
  return { rootPorts: enumerateBus(cursor, range.busStart, 32), end: cursor.nextAddress };
}
