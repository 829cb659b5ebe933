// Designated vendor-specific capabilities as lspci 3.15 shows them (PCIe 7.9.6; CXL 8.1, 8.2.1.3): those of CXL in full. Where the tool takes a bit's
// number for its mask, or names a line twice, it is so here too: what is held against it is its output.

import type { Config, Flags } from "./config.ts";
import { bits, has, hex, showFlags, u16, u32, u64, u8 } from "./config.ts";

const cxlVendor = 0x1e98;
const shortest = 16;

interface Dvsec {
  readonly config: Config;
  readonly where: number;
  readonly revision: number;
  readonly length: number;
}

const word = ({ config, where }: Dvsec, at: number): number => u16(config, where + at);
const long = ({ config, where }: Dvsec, at: number): number => u32(config, where + at);

const rangeTypes = ["Volatile", "Non-volatile", "CDAT"];
const rangeClasses = ["DRAM", "Storage", "CDAT"];
const interleaves = [0, 256, 4096, 512, 1024, 2048, 8192, 16384];

function rangeLines(dvsec: Dvsec, number: 1 | 2): string[] {
  const at = dvsec.where + (number === 1 ? 0x18 : 0x28);
  const low = u32(dvsec.config, at + 4);
  const size = u64(dvsec.config, at + 4, at) & ~0xfff_ffffn;
  const base = u64(dvsec.config, at + 12, at + 8);
  const name = (names: readonly (string | number)[], index: number): string => String(names[index] ?? "<?>");
  return [
    `\t\tRange${number}: ${hex(base, 16)}-${hex(BigInt.asUintN(64, base + size - 1n), 16)} [size=0x${hex(size, 1)}]`,
    `\t\t\t${showFlags(low, { Valid: 1, Active: 2 })} Type=${name(rangeTypes, bits(low, 4, 2))} Class=${name(rangeClasses, bits(low, 7, 5))} interleave=${name(interleaves, bits(low, 12, 8))} timeout=${1 << (bits(low, 15, 13) * 2)}s`,
  ];
}

function cacheText(value: number): string {
  const [unit, size] = [bits(value, 3, 0), bits(value, 15, 8)];
  if (unit === 0) return "Cache Size Not Reported";
  if (unit === 1) return `Cache Size: ${hex(size * 0x1_0000, 8)}`;
  return unit === 2 ? `Cache Size: ${hex(size * 0x10_0000, 8)}` : `Cache Size: ${size} of unknown unit size (${unit})`;
}

const resetFlags: Flags = { DisableCaching: 1, "InitCacheWB&Inval": 2, InitRst: 3, RstMemClrEn: 4 };
const volatileFlags: Flags = { ColdReset: 1, WarmReset: 2, HotReset: 3, HotResetConfigurability: 4 };

function deviceLines(dvsec: Dvsec): string[] {
  const { revision, length } = dvsec;
  if (revision === 0) return [];
  const lines: string[] = [];
  if (length >= 0x38) {
    const [can, control, control2] = [word(dvsec, 0x0a), word(dvsec, 0x0c), word(dvsec, 0x10)];
    lines.push(
      `\t\tCXLCap:\t${showFlags(can, { Cache: 1, IO: 2, Mem: 4, MemHWInit: 8 })} HDMCount ${bits(can, 5, 4)} ${showFlags(can, { Viral: 0x4000 })}`,
      `\t\tCXLCtl:\t${showFlags(control, { Cache: 1, IO: 2, Mem: 4 })} CacheSFCov ${bits(control, 7, 3)} CacheSFGran ${bits(control, 10, 8)} ${showFlags(control, { CacheClean: 0x800, Viral: 0x4000 })}`,
      `\t\tCXLSta:\t${showFlags(word(dvsec, 0x0e), { Viral: 0x4000 })}`,
      `\t\tCXLCtl2:\t${showFlags(control2, resetFlags)}${revision >= 2 ? ` ${showFlags(control2, { DesiredVolatileHDMStateAfterHotReset: 5 })}` : ""}`,
      `\t\tCXLSta2:\t${showFlags(word(dvsec, 0x12), { ResetComplete: 2, ResetError: 4, PMComplete: 0x8000 })}`,
      `\t\tCXLCap2:\t${cacheText(word(dvsec, 0x16))}`,
      ...rangeLines(dvsec, 1),
      ...rangeLines(dvsec, 2),
    );
  }
  if (revision >= 2 && length >= 0x3c) lines.push(`\t\tCXLCap3:\tDefaultVolatile HDM State After:\t${showFlags(word(dvsec, 0x38), volatileFlags)}`);
  if (length > 0x3c) lines.push("\t\t<?>");
  return lines;
}

function portLines(dvsec: Dvsec): string[] {
  if (dvsec.length < 0x28) return [];
  const byte = (at: number): string => hex(u8(dvsec.config, dvsec.where + at), 2);
  return [
    `\t\tCXLPortSta:\t${showFlags(word(dvsec, 0x0a), { PMComplete: 0x0a })}`,
    `\t\tCXLPortCtl:\t${showFlags(word(dvsec, 0x0c), { UnmaskSBR: 1, UnmaskLinkDisable: 2, AltMem: 4, AltBME: 8, ViralEnable: 0x4000 })}`,
    `\t\tAlternateBus:\t${byte(0x0e)}-${byte(0x0f)}`,
    `\t\tAlternateBus:\t${hex(word(dvsec, 0x10), 4)}-${hex(word(dvsec, 0x12), 4)}`,
  ];
}

/** A time of 4 bits in a unit of 10 to the power of the scale, in microseconds; scales go up to 7. */
function duration(what: string, value: number): string[] {
  const [base, scale] = [bits(value, 3, 0), bits(value, 11, 8)];
  const complaint = scale > 7 ? [`\t\tReserved time scale encoding ${hex(scale, 1)}`] : [];
  const factor = scale > 7 ? 1 : [1, 10, 100][scale % 3];
  const unit = scale < 3 ? "us" : scale < 6 ? "ms" : scale <= 7 ? "s" : "<?>";
  return [...complaint, `\t\tGPF ${what}: ${base * (factor ?? 1)}${unit}`];
}

const flushPortLines = (dvsec: Dvsec): string[] => [...duration("Phase 1 Timeout", word(dvsec, 0x0c)), ...duration("Phase 2 Timeout", word(dvsec, 0x0e))];
const flushDeviceLines = (dvsec: Dvsec): string[] => [...duration("Phase 2 Duration", word(dvsec, 0x0a)), `\t\tGPF Phase 2 Power: ${long(dvsec, 0x0c)}mW`];

const protocols: Flags = { Cache: 1, IO: 2, Mem: 4 };
const modes: Flags = { "68BFlit": 0x20, MltLogDev: 0x40 };
const helpers: Flags = { SynHdrByp: 8, DrftBuf: 0x10 };
const flits: Flags = { "256BFlit": 0x2000, PBRFlit: 0x4000 };
const flexBusLengths = [0x10, 0x14, 0x20];

function flexBusLines(dvsec: Dvsec): string[] {
  const { revision, length } = dvsec;
  const [can, control, status] = [word(dvsec, 0x0a), word(dvsec, 0x0c), word(dvsec, 0x0e)];
  const more = (value: number): string => (revision > 1 ? ` ${showFlags(value, flits)}` : "");
  const lines = (flexBusLengths[revision] ?? length) === length ? [] : [`\t\t<Wrong length for Revision ${revision}>`];
  lines.push(
    `\t\tFBCap:\t${showFlags(can, { ...protocols, ...modes })}${more(can)}`,
    `\t\tFBCtl:\t${showFlags(control, { ...protocols, ...helpers, ...modes, RCD: 0x80, Retimer1: 0x100, Retimer2: 0x200 })}${more(control)}`,
    `\t\tFBSta:\t${showFlags(status, { ...protocols, ...helpers, ...modes })}${more(status)}`,
  );
  if (revision >= 1) lines.push(`\t\tFBModTS:\tReceived FB Data: ${hex(bits(long(dvsec, 0x10), 23, 0), 6)}`);
  if (revision >= 2) lines.push(`\t\tFBCap2:\t${showFlags(long(dvsec, 0x14), { NOPHint: 1 })}`, `\t\tFBCtl2:\t${showFlags(long(dvsec, 0x18), { NOPHint: 1 })}`, `\t\tFBSta2:\tNOPHintInfo: ${bits(long(dvsec, 0x1c), 1, 0)}`);
  if (length > 0x20) lines.push("\t\t<?>");
  return lines;
}

const blockNames: Readonly<Record<number, string>> = { 1: "component registers", 2: "BAR virtualization", 3: "CXL device registers", 4: "CPMU registers", 0xff: "vendor-specific" };

function locatorLines(dvsec: Dvsec): string[] {
  const lines: string[] = [];
  for (let entry = 0, at = 0x0c; at + 8 <= dvsec.length; entry++, at += 8) {
    const low = long(dvsec, at);
    const block = bits(low, 15, 8);
    const offset = (BigInt(long(dvsec, at + 4)) << 32n) | BigInt(bits(low, 31, 16) * 0x1_0000);
    if (block !== 0) lines.push(`\t\tBlock${entry + 1}: BIR: bar${bits(low, 2, 0)}, ID: ${blockNames[block] ?? "<?>"}, offset: ${hex(offset, 16)}`);
  }
  return lines;
}

function logicalLines(dvsec: Dvsec): string[] {
  const count = word(dvsec, 0x0a);
  return count > 0 && count <= 16 ? [`\t\tNumLogDevs: ${count}`] : [];
}

function functionMapLines(dvsec: Dvsec): string[] {
  return Array.from({ length: 8 }, (_, n) => `\t\tFuncMap ${n}: ${hex(word(dvsec, 0x0c + 4 * n), 8)}`);
}

const kinds: Readonly<Record<number, readonly [string, (dvsec: Dvsec) => string[]]>> = {
  0: ["PCIe DVSEC for CXL Devices", deviceLines], 2: ["Non-CXL Function Map DVSEC", functionMapLines], 3: ["CXL Extensions DVSEC for Ports", portLines], 4: ["GPF DVSEC for CXL Ports", flushPortLines],
  5: ["GPF DVSEC for CXL Devices", flushDeviceLines], 7: ["PCIe DVSEC for Flex Bus Port", flexBusLines], 8: ["Register Locator DVSEC", locatorLines], 9: ["MLD DVSEC", logicalLines], 10: ["PCIe DVSEC for Test Capability <?>", () => []],
};

/** Lines of the DVSEC at `where`, the first without its place. */
export function vendorSpecificLines(config: Config, where: number, verbosity: number): string[] {
  if (!has(config, where + 4, 8)) return ["Designated Vendor-Specific: <unreadable>"];
  const first = u32(config, where + 4);
  const id = u16(config, where + 8);
  const vendor = bits(first, 15, 0);
  const dvsec: Dvsec = { config, where, revision: bits(first, 19, 16), length: bits(first, 31, 20) };
  const isCxl = vendor === cxlVendor && dvsec.length >= shortest;
  const lines = [`Designated Vendor-Specific: Vendor=${hex(vendor, 4)} ID=${hex(id, 4)} Rev=${dvsec.revision} Len=${dvsec.length}${isCxl ? ": CXL" : " <?>"}`];
  if (!isCxl || verbosity < 2 || !has(config, where, dvsec.length)) return lines;
  const kind = kinds[id];
  return kind === undefined ? [...lines, `\t\tUnknown ID ${hex(id, 4)}`] : [...lines, `\t\t${kind[0]}`, ...kind[1](dvsec)];
}
