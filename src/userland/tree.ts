// What the tools share in reading the tree: attributes as text, numbers, names of devices and of what stands above them.

import { SystemError } from "../kernel/base/errno.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";

type Key = readonly (string | number)[];
const keyOf = (name: string): Key => name.split(/(\d+)/).map((part, index) => (index % 2 === 1 ? Number(part) : part));

function compareKeys(left: Key, right: Key): number {
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const [x, y] = [left[i] ?? "", right[i] ?? ""];
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}

/** Names in order of their numbers ("decoder2.10" after "decoder2.9"), without locale rules; each name is taken apart once. */
export const inNaturalOrder = (names: readonly string[]): string[] => names.map((name) => ({ name, key: keyOf(name) })).toSorted((a, b) => compareKeys(a.key, b.key)).map((entry) => entry.name);

export const deviceFolder = (bus: string, name: string): string => `/sys/bus/${bus}/devices/${name}`;

const isDigit = (letter: string | undefined): boolean => letter !== undefined && letter >= "0" && letter <= "9";

const numbered = (files: FileSystem, folder: string, prefix: string): string[] => inNaturalOrder(files.list(folder).filter((name) => name.startsWith(prefix) && isDigit(name[prefix.length])));

/** Devices of a bus whose names begin with `prefix` and a digit. */
export function devicesOf(files: FileSystem, bus: string, prefix: string): string[] {
  const folder = `/sys/bus/${bus}/devices`;
  return files.exists(folder) ? numbered(files, folder, prefix) : [];
}

/** Devices right below another one of the bus, whose names begin with `prefix` and a digit. */
export const childrenOf = (files: FileSystem, bus: string, parent: string, prefix: string): string[] => numbered(files, deviceFolder(bus, parent), prefix);

/** Text of an attribute without its line end; undefined when it is not there or cannot be read. */
export function attribute(files: FileSystem, bus: string, name: string, what: string): string | undefined {
  try {
    return files.read(`${deviceFolder(bus, name)}/${what}`).trimEnd();
  } catch (thrown) {
    if (thrown instanceof SystemError) return undefined;
    throw thrown;
  }
}

/** An attribute as a number; 0 when it is not there. */
export function numberAttribute(files: FileSystem, bus: string, name: string, what: string): bigint {
  const text = attribute(files, bus, name, what) ?? "";
  return /^-?(0x[0-9a-fA-F]+|\d+)$/.test(text) ? BigInt(text) : 0n;
}

/** Name of the driver a device is bound to, or undefined. */
export function driverOf(files: FileSystem, bus: string, name: string): string | undefined {
  const link = `${deviceFolder(bus, name)}/driver`;
  return files.exists(link) ? files.readlink(link).split("/").at(-1) : undefined;
}

/** Names on the path of a device, from the top. */
export const pathOf = (files: FileSystem, bus: string, name: string): string[] => files.readlink(deviceFolder(bus, name)).split("/").filter((part) => part !== "..");

/** Name of what one of a device's links leads to. */
export function linkOf(files: FileSystem, bus: string, name: string, link: string): string | undefined {
  const path = `${deviceFolder(bus, name)}/${link}`;
  if (!files.exists(path)) return undefined;
  return files.readlink(path).split("/").at(-1);
}
