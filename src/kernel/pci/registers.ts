// Named access to config space: the one place of this folder that knows where declarations live.

import { cacheMemoryRange, dvsecIdentity } from "../../../registers/blocks.ts";
import { dvsecDevice, dvsecLocatorPort, dvsecPort } from "../../../registers/dvsec.ts";
import { aerRootPort, bridgeHeader, endpointHeader, msi, pcieEndpoint, pcieRootPort, serialNumber } from "../../../registers/pci.ts";
import { configBus as busOf } from "../../platform/config-walk.ts";
import type { PciAddress } from "../../platform/pci-address.ts";
import type { RegisterAccess, RegisterBus } from "../../platform/registers.ts";
import { decode, extract, registerAt } from "../../platform/registers.ts";
import type { Kernel } from "../base/kernel.ts";

export { aerRootPort, bridgeHeader, cacheMemoryRange, dvsecDevice, dvsecPort, endpointHeader, msi, pcieEndpoint, pcieRootPort, serialNumber };

/** Ids by which capabilities are found. */
export const capabilityIds = { pcie: pcieEndpoint.identity.id, msi: msi.identity.id } as const;
export const extendedIds = { aer: aerRootPort.identity.id, serialNumber: serialNumber.identity.id } as const;
export const dvsecIds = { device: dvsecDevice.identity.id, port: dvsecPort.identity.id, locator: dvsecLocatorPort.identity.id } as const;
export { dvsecIdentity };

/** First extended capability (PCIe 7.6.2). */
export const extendedStart = 0x100;

/** Config space of one function as a register bus. */
export const configBus = (kernel: Kernel, address: PciAddress): RegisterBus => busOf(kernel.platform.config, address);

/** Raw 32-bit access to BAR `index` of a function. */
export function barAccess(kernel: Kernel, address: PciAddress, index: number): { readonly read: () => number; readonly write: (value: number) => void } {
  const offset = endpointHeader.registers.bar0.offset + index * 4;
  return { read: () => kernel.platform.config.read32(address, offset), write: (value) => kernel.platform.config.write32(address, offset, value) };
}

/** What the low half of a BAR says of itself after all ones were written: [address bits, 64-bit, prefetchable]. */
export function decodeBar(raw: number): { readonly addressMask: number; readonly is64Bit: boolean; readonly isPrefetchable: boolean } {
  const fields = endpointHeader.registers.bar0.fields;
  const values = decode(endpointHeader.registers.bar0, BigInt(raw));
  const typeBits = (1 << (fields.prefetchable.bits + 1)) - 1;
  return { addressMask: (raw & ~typeBits) >>> 0, is64Bit: extract(fields.type, BigInt(raw)) === fields.type.reset, isPrefetchable: values.prefetchable === 1 };
}

const header = endpointHeader.registers;
const bridge = bridgeHeader.registers;
const pcie = pcieRootPort.registers;

/** Registers that every function has. */
export const headerOf = (kernel: Kernel, address: PciAddress) => ({
  vendorId: registerAt(configBus(kernel, address), 0, header.vendorId),
  deviceId: registerAt(configBus(kernel, address), 0, header.deviceId),
  command: registerAt(configBus(kernel, address), 0, header.command),
  programmingInterface: registerAt(configBus(kernel, address), 0, header.classCode),
  subClass: registerAt(configBus(kernel, address), 0, header.subClass),
  revision: registerAt(configBus(kernel, address), 0, header.revisionId),
  headerType: registerAt(configBus(kernel, address), 0, header.headerType),
  capabilitiesPointer: registerAt(configBus(kernel, address), 0, header.capabilitiesPointer),
});

export const bridgeOf = (kernel: Kernel, address: PciAddress) => ({
  primaryBus: registerAt(configBus(kernel, address), 0, bridge.primaryBus),
  secondaryBus: registerAt(configBus(kernel, address), 0, bridge.secondaryBus),
  subordinateBus: registerAt(configBus(kernel, address), 0, bridge.subordinateBus),
  memoryBase: registerAt(configBus(kernel, address), 0, bridge.memoryBase),
  memoryLimit: registerAt(configBus(kernel, address), 0, bridge.memoryLimit),
  prefetchableBase: registerAt(configBus(kernel, address), 0, bridge.prefetchableBase),
  prefetchableLimit: registerAt(configBus(kernel, address), 0, bridge.prefetchableLimit),
  prefetchableBaseHigh: registerAt(configBus(kernel, address), 0, bridge.prefetchableBaseHigh),
  prefetchableLimitHigh: registerAt(configBus(kernel, address), 0, bridge.prefetchableLimitHigh),
});

/** Link, slot and port registers of the PCIe capability at `at`. */
export const pcieOf = (kernel: Kernel, address: PciAddress, at: number) => ({
  flags: registerAt(configBus(kernel, address), at, pcie.flags),
  deviceControl: registerAt(configBus(kernel, address), at, pcie.deviceControl),
  linkCapabilities: registerAt(configBus(kernel, address), at, pcie.linkCapabilities),
  linkControl: registerAt(configBus(kernel, address), at, pcie.linkControl),
  linkStatus: registerAt(configBus(kernel, address), at, pcie.linkStatus),
  slotControl: registerAt(configBus(kernel, address), at, pcie.slotControl),
  slotStatus: registerAt(configBus(kernel, address), at, pcie.slotStatus),
});

/** Id and next pointer of a capability, extended capability or DVSEC. */
export const capabilityHeader = (kernel: Kernel, address: PciAddress, at: number): RegisterAccess<typeof msi.registers.header> => registerAt(configBus(kernel, address), at, msi.registers.header);
export const extendedHeader = (kernel: Kernel, address: PciAddress, at: number): RegisterAccess<typeof serialNumber.registers.header> => registerAt(configBus(kernel, address), at, serialNumber.registers.header);
export const dvsecHeaders = (kernel: Kernel, address: PciAddress, at: number) => ({
  vendor: registerAt(configBus(kernel, address), at, dvsecPort.registers.header1),
  id: registerAt(configBus(kernel, address), at, dvsecPort.registers.header2),
});

/** Entry `n` of the register locator DVSEC at `at`. */
export const locatorEntry = (kernel: Kernel, address: PciAddress, at: number, n: number) => ({
  low: registerAt(configBus(kernel, address), at + n * locatorEntrySize, dvsecLocatorPort.registers.entry0Low),
  high: registerAt(configBus(kernel, address), at + n * locatorEntrySize, dvsecLocatorPort.registers.entry0High),
});
const locatorEntrySize = dvsecLocatorPort.registers.entry0High.offset + 4 - dvsecLocatorPort.registers.entry0Low.offset;
/** Number of entries of a register locator of `length` bytes. */
export const locatorEntries = (length: number): number => Math.floor((length - dvsecLocatorPort.registers.entry0Low.offset) / locatorEntrySize);
