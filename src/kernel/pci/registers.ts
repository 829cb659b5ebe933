// Config space of a function by name, for the kernel: structures over the walk of src/platform/config-walk.ts, and what one of them says.

import { dvsecDevice, dvsecLocatorPort, dvsecPort } from "../../../registers/dvsec.ts";
import { dvsecFlexBusPort } from "../../../registers/dvsec-flex-bus.ts";
import { msix } from "../../../registers/messages.ts";
import { bridgeHeader, endpointHeader, msi, pcieEndpoint, pcieRootPort, serialNumber } from "../../../registers/pci.ts";
import * as walk from "../../platform/config-walk.ts";
import type { PciAddress } from "../../platform/pci-address.ts";
import type { RegisterBus, StructureAccess } from "../../platform/registers.ts";
import { decode, structureAt } from "../../platform/registers.ts";
import type { Kernel } from "../base/kernel.ts";

/** Ids by which capabilities are found. */
export const capabilityIds = { pcie: pcieRootPort.identity.id, msi: msi.identity.id, msix: msix.identity.id } as const;
export const extendedIds = { serialNumber: serialNumber.identity.id } as const;
export const dvsecIds = { device: dvsecDevice.identity.id, port: dvsecPort.identity.id, locator: dvsecLocatorPort.identity.id, flexBus: dvsecFlexBusPort.identity.id } as const;

/** Config space of one function as a register bus. */
export const configBus = (kernel: Kernel, address: PciAddress): RegisterBus => walk.configBus(kernel.platform.config, address);

/** Registers that every function has. */
export const headerOf = (kernel: Kernel, address: PciAddress): StructureAccess<typeof endpointHeader> => structureAt(configBus(kernel, address), 0, endpointHeader);
export const bridgeOf = (kernel: Kernel, address: PciAddress): StructureAccess<typeof bridgeHeader> => structureAt(configBus(kernel, address), 0, bridgeHeader);
/** Port, link and slot registers of the PCIe capability at `at`. */
export const pcieOf = (kernel: Kernel, address: PciAddress, at: number): StructureAccess<typeof pcieRootPort> => structureAt(configBus(kernel, address), at, pcieRootPort);

/** The same of an endpoint, which has what only functions without a bus below have. */
export const endpointPcieOf = (kernel: Kernel, address: PciAddress, at: number): StructureAccess<typeof pcieEndpoint> => structureAt(configBus(kernel, address), at, pcieEndpoint);

/** Raw 32-bit access to BAR `index` of a function. */
export function barAccess(kernel: Kernel, address: PciAddress, index: number): { readonly read: () => number; readonly write: (value: number) => void } {
  const offset = endpointHeader.registers.bar0.offset + index * 4;
  return { read: () => kernel.platform.config.read32(address, offset), write: (value) => kernel.platform.config.write32(address, offset, value) };
}

/** What the low half of a BAR says of itself after all ones were written. */
export function decodeBar(raw: number): { readonly addressMask: number; readonly is64Bit: boolean; readonly isPrefetchable: boolean } {
  const { fields } = endpointHeader.registers.bar0;
  const values = decode(endpointHeader.registers.bar0, raw);
  const typeBits = (1 << (fields.prefetchable.bits + 1)) - 1;
  return { addressMask: (raw & ~typeBits) >>> 0, is64Bit: values.type === fields.type.reset, isPrefetchable: values.prefetchable === 1 };
}
