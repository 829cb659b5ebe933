// Walking the capability lists of one function's config space, and config space as a register bus. Bounded: a broken list ends the walk.

import { dvsecIdentity } from "../../registers/blocks.ts";
import { dvsecDevice } from "../../registers/dvsec.ts";
import { endpointHeader, msi, serialNumber } from "../../registers/pci.ts";
import type { PciAddress } from "./pci-address.ts";
import type { ConfigSpace } from "./platform.ts";
import { structureAt } from "./registers.ts";
import type { RegisterBus } from "./registers.ts";

const maximumCapabilities = 48;
const firstExtended = 0x100;
const allOnes = 0xffff_ffff;

/** One function's config space as a register bus; 64-bit accesses are two of 32 bits, low first. */
export function configBus(config: ConfigSpace, address: PciAddress): RegisterBus {
  return {
    read8: (offset) => config.read8(address, offset),
    read16: (offset) => config.read16(address, offset),
    read32: (offset) => config.read32(address, offset),
    read64: (offset) => BigInt(config.read32(address, offset)) | (BigInt(config.read32(address, offset + 4)) << 32n),
    write8: (offset, value) => config.write8(address, offset, value),
    write16: (offset, value) => config.write16(address, offset, value),
    write32: (offset, value) => config.write32(address, offset, value),
    write64: (offset, value) => {
      config.write32(address, offset, Number(value & 0xffff_ffffn));
      config.write32(address, offset + 4, Number(value >> 32n));
    },
  };
}

/** Offset of the capability with this id, or 0. */
export function findCapability(bus: RegisterBus, id: number): number {
  let at = structureAt(bus, 0, endpointHeader).capabilitiesPointer.get("value") & ~3;
  for (let count = 0; at !== 0 && count < maximumCapabilities; count++) {
    const header = structureAt(bus, at, msi).header.read();
    if (header.id === 0xff) return 0;
    if (header.id === id) return at;
    at = header.next & ~3;
  }
  return 0;
}

/** Offsets of all extended capabilities with this id, in list order. */
export function findExtended(bus: RegisterBus, id: number): number[] {
  const found: number[] = [];
  let at = firstExtended;
  for (let count = 0; at >= firstExtended && count < maximumCapabilities; count++) {
    const raw = bus.read32(at);
    if (raw === allOnes || raw === 0) break;
    const header = structureAt(bus, at, serialNumber).header.read();
    if (header.id === id) found.push(at);
    at = header.next & ~3;
  }
  return found;
}

/** Offset of the CXL DVSEC with this id, or 0. */
export function findDvsec(bus: RegisterBus, id: number): number {
  for (const at of findExtended(bus, dvsecIdentity.capability)) {
    const dvsec = structureAt(bus, at, dvsecDevice);
    if (dvsec.header1.get("vendor") === dvsecIdentity.vendor && dvsec.header2.get("id") === id) return at;
  }
  return 0;
}

/** Offset, from the start of a CXL.cache/mem range, of the structure with this capability id; 0 when absent. */
export function findComponentCapability(bus: RegisterBus, id: number): number {
  const header = bus.read32(0);
  const count = header === allOnes ? 0 : header >>> 24;
  for (let entry = 1; entry <= count; entry++) {
    const raw = bus.read32(entry * 4);
    if ((raw & 0xffff) === id) return raw >>> 20;
  }
  return 0;
}
