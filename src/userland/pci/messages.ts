// MSI and MSI-X as lspci shows them (PCIe 7.7.1, 7.7.2).

import type { Config } from "./config.ts";
import { bits, has, hex, showFlags, u16, u32 } from "./config.ts";

/** Offsets that depend on the width of the address. */
const places = { narrow: { data: 8, mask: 12 }, wide: { data: 12, mask: 16 } } as const;

export function messageLines(config: Config, where: number, verbosity: number): string[] {
  const control = u16(config, where + 2);
  const isWide = (control & 0x80) !== 0;
  const { data, mask } = isWide ? places.wide : places.narrow;
  const lines = [`MSI: ${showFlags(control, { Enable: 1 })} Count=${1 << bits(control, 6, 4)}/${1 << bits(control, 3, 1)} ${showFlags(control, { Maskable: 0x100, "64bit": 0x80 })}`];
  if (verbosity < 2 || !has(config, where + 4, data - 2)) return lines;
  lines.push(`\t\tAddress: ${isWide ? hex(u32(config, where + 8), 8) : ""}${hex(u32(config, where + 4), 8)}  Data: ${hex(u16(config, where + data), 4)}`);
  if ((control & 0x100) !== 0 && has(config, where + mask, 8)) lines.push(`\t\tMasking: ${hex(u32(config, where + mask), 8)}  Pending: ${hex(u32(config, where + mask + 4), 8)}`);
  return lines;
}

export function vectorLines(config: Config, where: number, verbosity: number): string[] {
  const control = u16(config, where + 2);
  const lines = [`MSI-X: ${showFlags(control, { Enable: 0x8000 })} Count=${bits(control, 10, 0) + 1} ${showFlags(control, { Masked: 0x4000 })}`];
  if (verbosity < 2 || !has(config, where + 4, 8)) return lines;
  const place = (at: number): string => `BAR=${bits(u32(config, at), 2, 0)} offset=${hex((u32(config, at) & ~7) >>> 0, 8)}`;
  return [...lines, `\t\tVector table: ${place(where + 4)}`, `\t\tPBA: ${place(where + 8)}`];
}
