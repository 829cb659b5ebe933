// CXL protocol errors for tests: masks opened as an administrator does it, with setpci and devmem.

import { cacheMemoryRange } from "../../registers/constants.ts";
import { ras } from "../../registers/ras-link.ts";
import type { Booted } from "./kernel.ts";
import { offsetOf } from "./machine.ts";

/** Physical address of a register of a function's RAS capability. */
export function rasAddress(booted: Booted, fn: string, register: keyof typeof ras.registers, block: "deviceComponent" | "rootPortComponent" = "deviceComponent"): number {
  const bar = Number.parseInt(booted.read(`/sys/bus/pci/devices/${fn}/resource`).split(" ")[0] ?? "", 16);
  return bar + cacheMemoryRange.offset + offsetOf(block, "ras", register);
}

const command = (booted: Booted, line: string): void => {
  const { exitCode, stderr } = booted.command(line);
  if (exitCode !== 0) throw new Error(`${line}: ${stderr}`);
};

/** Lets a memory device's protocol errors through to AER. `isFatal`: of which severity uncorrectable ones are. */
export function openMasks(booted: Booted, fn: string, isFatal: boolean): void {
  for (const register of ["ECAP_AER+8.l", "ECAP_AER+14.l"]) command(booted, `setpci -s ${fn} ${register}=0`);
  for (const register of ["uncorrectableMask", "correctableMask"] as const) command(booted, `devmem 0x${rasAddress(booted, fn, register).toString(16)} 32 0`);
  command(booted, `devmem 0x${rasAddress(booted, fn, "uncorrectableSeverity").toString(16)} 32 ${isFatal ? "0x1cfff" : "0"}`);
}

/** Lines of the log since a mark, of these words. */
export const linesSince = (booted: Booted, from: number, words: RegExp): string[] => booted.dmesg().slice(from).filter((line) => words.test(line));
