// PCI addresses SSSS:BB:DD.F as one number: segment 31:16, bus 15:8, device 7:3, function 2:0.

export type PciAddress = number;

export function pciAddress(segment: number, bus: number, device: number, fn: number): PciAddress {
  return ((segment << 16) | (bus << 8) | (device << 3) | fn) >>> 0;
}

export const segmentOf = (address: PciAddress): number => address >>> 16;
export const busOf = (address: PciAddress): number => (address >>> 8) & 0xff;
export const deviceOf = (address: PciAddress): number => (address >>> 3) & 0x1f;
export const functionOf = (address: PciAddress): number => address & 7;

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");

/** `0000:0c:00.0` */
export function formatPciAddress(address: PciAddress): string {
  return `${hex(segmentOf(address), 4)}:${hex(busOf(address), 2)}:${hex(deviceOf(address), 2)}.${functionOf(address)}`;
}
