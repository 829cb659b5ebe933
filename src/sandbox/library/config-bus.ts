// Config space by address, written as SSSS:BB:DD.F or as its number.

import type { PciAddress } from "../../platform/pci-address.ts";
import { pciAddress } from "../../platform/pci-address.ts";
import type { ConfigSpace } from "../../platform/platform.ts";
import type { ConfigBus } from "./contract.ts";

const shape = /^(?:([0-9a-fA-F]{1,4}):)?([0-9a-fA-F]{1,2}):([0-9a-fA-F]{1,2})\.([0-7])$/;
const mostRemembered = 1024;
const spaceBytes = 4096;

/** Number of "0000:0c:00.0"; the segment may be left out. @throws RangeError */
export function parsePciAddress(text: string): PciAddress {
  const [, segment = "0", bus = "", device = "", fn = ""] = shape.exec(text) ?? [];
  const number = Number.parseInt(device, 16);
  if (bus === "" || number > 31) throw new RangeError(`"${text}" is no PCI address; write SSSS:BB:DD.F in hexadecimal, like 0000:0d:00.0`);
  return pciAddress(Number.parseInt(segment, 16), Number.parseInt(bus, 16), number, Number(fn));
}

export class ConfigByAddress implements ConfigBus {
  readonly #space: () => ConfigSpace;
  readonly #parsed = new Map<string, PciAddress>();

  constructor(space: () => ConfigSpace) {
    this.#space = space;
  }

  #number(address: PciAddress | string, offset: number): PciAddress {
    if (!(offset >= 0 && offset < spaceBytes)) throw new RangeError(`config offset ${offset} is not in 0..${spaceBytes - 1}`);
    if (typeof address === "number") return address;
    const known = this.#parsed.get(address);
    if (known !== undefined) return known;
    const number = parsePciAddress(address);
    if (this.#parsed.size >= mostRemembered) this.#parsed.clear();
    this.#parsed.set(address, number);
    return number;
  }

  read8(address: PciAddress | string, offset: number): number {
    return this.#space().read8(this.#number(address, offset), offset);
  }

  read16(address: PciAddress | string, offset: number): number {
    return this.#space().read16(this.#number(address, offset), offset);
  }

  read32(address: PciAddress | string, offset: number): number {
    return this.#space().read32(this.#number(address, offset), offset);
  }

  write8(address: PciAddress | string, offset: number, value: number): void {
    this.#space().write8(this.#number(address, offset), offset, value);
  }

  write16(address: PciAddress | string, offset: number, value: number): void {
    this.#space().write16(this.#number(address, offset), offset, value);
  }

  write32(address: PciAddress | string, offset: number, value: number): void {
    this.#space().write32(this.#number(address, offset), offset, value);
  }
}
