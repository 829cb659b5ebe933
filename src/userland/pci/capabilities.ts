// The two lists of capabilities as lspci walks them (PCIe 7.5.1.1.11, 7.6.3): a loop, a broken chain and what cannot be read each end it with a word.
// Capabilities that no machine here has are named by their number.

import type { Config } from "./config.ts";
import { bits, has, header, hex, showFlags, u16, u32, u8 } from "./config.ts";
import { vendorSpecificLines } from "./cxl-dvsec.ts";
import { containmentLines, errorReportingLines } from "./errors.ts";
import { expressLines } from "./express.ts";
import type { PciFunction } from "./functions.ts";
import { hasCapabilities } from "./header.ts";
import { messageLines, vectorLines } from "./messages.ts";

export const capabilityIds = { power: 0x01, msi: 0x05, vendor: 0x09, express: 0x10, msix: 0x11 } as const;
export const extendedIds = { errors: 0x01, serial: 0x03, containment: 0x1d, vendorSpecific: 0x23, exchange: 0x2e } as const;
const noCapability = 0xff;
const firstExtended = 0x100;
const allOnes = 0xffff_ffff;

function serialLine(config: Config, where: number): string {
  if (!has(config, where + 4, 8)) return "Device Serial Number <unreadable>";
  const digits = Array.from({ length: 8 }, (_, n) => hex(u8(config, where + 11 - n), 2));
  return `Device Serial Number ${digits.join("-")}`;
}

/** Data Object Exchange (7.9.24). */
function exchangeLines(config: Config, where: number, verbosity: number): string[] {
  const lines = ["Data Object Exchange"];
  if (verbosity < 2) return lines;
  if (!has(config, where + 4, 20)) return [...lines, "\t\t<unreadable>"];
  const can = u32(config, where + 4);
  return [
    ...lines,
    `\t\tDOECap: ${showFlags(can, { IntSup: 1 })}`,
    ...((can & 1) === 0 ? [] : [`\t\t\tIntMsgNum ${bits(can, 11, 1)}`]),
    `\t\tDOECtl: ${showFlags(u32(config, where + 8), { IntEn: 2 })}`,
    `\t\tDOESta: ${showFlags(u32(config, where + 12), { Busy: 1, IntSta: 2, Error: 4, ObjectReady: 0x8000_0000 })}`,
  ];
}

interface Found {
  readonly lines: string[];
  /** Of the port, where this is the PCIe capability; -1 elsewhere. */
  readonly type: number;
}

function standard(one: PciFunction, where: number, id: number, verbosity: number): Found {
  const { config } = one;
  if (id === capabilityIds.express) return expressLines(one, where, verbosity);
  const lines =
    id === 0 ? ["Null"] : id === capabilityIds.msi ? messageLines(config, where, verbosity) : id === capabilityIds.msix ? vectorLines(config, where, verbosity) : [`Capability ID 0x${hex(id, 1)} [${hex(u16(config, where + 2), 4)}]`];
  return { lines, type: -1 };
}

function extended(config: Config, where: number, id: number, verbosity: number, type: number): string[] {
  if (id === 0) return ["Null"];
  if (id === extendedIds.errors) return errorReportingLines(config, where, verbosity, type);
  if (id === extendedIds.serial) return [serialLine(config, where)];
  if (id === extendedIds.containment) return containmentLines(config, where, verbosity);
  if (id === extendedIds.vendorSpecific) return vendorSpecificLines(config, where, verbosity);
  if (id === extendedIds.exchange) return exchangeLines(config, where, verbosity);
  return [`Extended Capability ID 0x${hex(id, 1)}`];
}

const placed = (place: string, lines: readonly string[]): string[] => lines.map((line, index) => (index === 0 ? `\tCapabilities: [${place}] ${line}` : line));

function extendedLines(config: Config, type: number, verbosity: number): string[] {
  const lines: string[] = [];
  const seen = new Set<number>();
  for (let where = firstExtended; has(config, where, 4); ) {
    const head = u32(config, where);
    if (head === 0 || head === allOnes) break;
    const place = `${hex(where, 3)}${verbosity > 1 ? ` v${bits(head, 19, 16)}` : ""}`;
    if (seen.has(where)) return [...lines, ...placed(place, ["<chain looped>"])];
    seen.add(where);
    lines.push(...placed(place, extended(config, where, bits(head, 15, 0), verbosity, type)));
    where = bits(head, 31, 20) & ~3;
    if (where === 0) break;
  }
  return lines;
}

/** Every capability; those of the extended list follow where there is a PCIe capability. */
export function capabilityLines(one: PciFunction, verbosity: number): string[] {
  const { config } = one;
  const lines: string[] = [];
  const seen = new Set<number>();
  let type = -1;
  let isExpress = false;
  for (let where = hasCapabilities(one) ? u8(config, header.capabilities) & ~3 : 0; where !== 0; ) {
    if (!has(config, where, 4)) {
      lines.push("\tCapabilities: <access denied>");
      break;
    }
    const id = u8(config, where);
    if (seen.has(where) || id === noCapability) {
      lines.push(...placed(hex(where, 2), [seen.has(where) ? "<chain looped>" : "<chain broken>"]));
      break;
    }
    seen.add(where);
    const found = standard(one, where, id, verbosity);
    if (id === capabilityIds.express) [type, isExpress] = [found.type, true];
    lines.push(...placed(hex(where, 2), found.lines));
    where = u8(config, where + 1) & ~3;
  }
  return isExpress ? [...lines, ...extendedLines(config, type, verbosity)] : lines;
}

/** Where capabilities with an id stand, in list order; each place once. */
export function findCapabilities(config: Config, id: number, isExtended: boolean): number[] {
  const found: number[] = [];
  const seen = new Set<number>();
  let where = isExtended ? firstExtended : (u16(config, header.status) & 0x10) === 0 ? 0 : u8(config, header.capabilities) & ~3;
  while (where !== 0 && !seen.has(where) && has(config, where, 4)) {
    seen.add(where);
    const head = isExtended ? u32(config, where) : u16(config, where);
    if (isExtended ? head === 0 || head === allOnes : (head & 0xff) === noCapability) break;
    if ((isExtended ? head & 0xffff : head & 0xff) === id) found.push(where);
    where = (isExtended ? head >>> 20 : head >>> 8) & ~3;
  }
  return found;
}
