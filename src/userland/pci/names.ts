// Names of classes, as the public list of PCI ids has them: those that a machine here can show, and the base classes. Vendor 1e98 has no name there.

import { hex } from "./config.ts";

const classes: Readonly<Record<number, string>> = { 0x0502: "CXL", 0x0604: "PCI bridge" };
const baseClasses: readonly string[] = [
  "Unclassified device", "Mass storage controller", "Network controller", "Display controller", "Multimedia controller", "Memory controller", "Bridge", "Communication controller", "Generic system peripheral", "Input device controller",
  "Docking station", "Processor", "Serial bus controller", "Wireless controller", "Intelligent controller", "Satellite communications controller", "Encryption controller", "Signal processing controller", "Processing accelerators", "Non-Essential Instrumentation",
];
const interfaces: Readonly<Record<number, string>> = { 0x050200: "CXL Memory Device - vendor specific", 0x050210: "CXL Memory Device (CXL 2.0 or later)", 0x060400: "Normal decode", 0x060401: "Subtractive decode" };

/** How ids are shown: as names, as numbers (-n), as both (-nn). */
export type Naming = "names" | "numbers" | "both";

const baseName = (code: number): string | undefined => (code >>> 8 === 0xff ? "Unassigned class" : baseClasses[code >>> 8]);

/** What is not listed is known by its base class, with its number. */
export function className(code: number, naming: Naming): string {
  const number = hex(code, 4);
  if (naming === "numbers") return number;
  const name = classes[code];
  if (name !== undefined) return naming === "both" ? `${name} [${number}]` : name;
  const base = baseName(code);
  if (base !== undefined) return `${base} [${number}]`;
  return naming === "both" ? `Class [${number}]` : `Class ${number}`;
}

export const interfaceName = (code: number, programmingInterface: number): string | undefined => interfaces[code * 256 + programmingInterface];

export function deviceName(vendor: number, device: number, naming: Naming): string {
  const numbers = `${hex(vendor, 4)}:${hex(device, 4)}`;
  if (naming === "numbers") return numbers;
  if (vendor === 0xffff) return naming === "both" ? `Illegal Vendor ID Device [${numbers}]` : `Illegal Vendor ID Device ${hex(device, 4)}`;
  return naming === "both" ? `Device [${numbers}]` : `Device ${numbers}`;
}
