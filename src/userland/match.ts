// Names that a user gives to cxl's commands: device names, their numbers, hosts, serial numbers, and "all"; several in one word.

import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import { devicesOf, numberAttribute, pathOf } from "./tree.ts";

/** Words of an argument: separated by blanks or commas. */
export const wordsOf = (text: string): string[] => text.split(/[ ,]+/).filter((word) => word !== "");

const idOf = (name: string): string => /\d+(\.\d+)?$/.exec(name)?.[0] ?? "";

/** A device by "all", name or number. */
export const isNamed = (name: string, text: string): boolean => wordsOf(text).some((word) => word === "all" || word === name || word === idOf(name));

export function isMemdevNamed(files: FileSystem, memdev: string, text: string): boolean {
  return isNamed(memdev, text) || wordsOf(text).includes(pathOf(files, "cxl", memdev).at(-2) ?? "");
}

export function isSerialNamed(files: FileSystem, memdev: string, text: string): boolean {
  const serial = numberAttribute(files, "cxl", memdev, "serial");
  return wordsOf(text).some((word) => word === "all" || (/^(0x[0-9a-fA-F]+|\d+)$/.test(word) && BigInt(word) === serial));
}

/** Memdevs below the bridges of a root decoder. */
export function memdevsBelow(files: FileSystem, bridges: readonly string[]): string[] {
  return devicesOf(files, "cxl", "mem").filter((memdev) => pathOf(files, "cxl", memdev).some((part) => bridges.includes(part)));
}
