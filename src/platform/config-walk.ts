// Walking the capability lists of one function's config space, and config space as a register bus: firmware, kernel and tools all walk here.
// Bounded: a broken list, or a function that stops answering half-way, ends the walk.

import { dvsecIdentity } from "../../registers/blocks.ts";
import { dvsecDevice } from "../../registers/dvsec.ts";
import { endpointHeader, msi, serialNumber } from "../../registers/pci.ts";
import type { PciAddress } from "./pci-address.ts";
import type { ConfigSpace } from "./platform.ts";
import { decode, registerAt } from "./registers.ts";
import type { RegisterBus } from "./registers.ts";

/** As many as fit behind the header, and behind the first 256 bytes (pci_find_capability and its extended form). */
const maximumCapabilities = 48;
const maximumExtended = 480;
const firstExtended = 0x100;
const allOnes = 0xffff_ffff;
const noCapability = 0xff;
/** The two lowest bits of a pointer are reserved (PCIe 7.5.1.1.11, 7.6.3). */
const pointerMask = ~3;

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
  let at = registerAt(bus, 0, endpointHeader.registers.capabilitiesPointer).get("value") & pointerMask;
  for (let count = 0; at !== 0 && at !== (noCapability & pointerMask) && count < maximumCapabilities; count++) {
    const header = registerAt(bus, at, msi.registers.header).read();
    if (header.id === id) return at;
    if (header.id === noCapability) return 0;
    at = header.next & pointerMask;
  }
  return 0;
}

/** Every extended capability in list order; none of a function that does not answer. */
export function* extendedCapabilities(bus: RegisterBus): Generator<{ readonly at: number; readonly id: number }> {
  let at = firstExtended;
  for (let count = 0; at >= firstExtended && count < maximumExtended; count++) {
    const raw = bus.read32(at);
    if (raw === allOnes || raw === 0) return;
    const header = decode(serialNumber.registers.header, raw);
    yield { at, id: header.id };
    at = header.next & pointerMask;
  }
}

/** Offsets of all extended capabilities with this id, in list order. */
export const findExtended = (bus: RegisterBus, id: number): number[] => [...extendedCapabilities(bus)].filter((one) => one.id === id).map((one) => one.at);

/** Offset of the first extended capability with this id, or 0. */
export function findFirstExtended(bus: RegisterBus, id: number): number {
  for (const found of extendedCapabilities(bus)) if (found.id === id) return found.at;
  return 0;
}

/** Offset of the CXL DVSEC with this id, or 0. */
export function findDvsec(bus: RegisterBus, id: number): number {
  for (const found of extendedCapabilities(bus)) {
    if (found.id !== dvsecIdentity.capability) continue;
    const { header1, header2 } = dvsecDevice.registers;
    if (registerAt(bus, found.at, header1).get("vendor") === dvsecIdentity.vendor && registerAt(bus, found.at, header2).get("id") === id) return found.at;
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
