// dax regions and devices as `daxctl list` and `cxl list -X` print them.

import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import { blocksOf } from "./dax-memory.ts";
import { inDirectoryOrder, inToolOrder } from "./directory-order.ts";
import { humanize } from "./human.ts";
import type { Json } from "./json.ts";
import { toJson } from "./json.ts";
import type { Output } from "./output.ts";
import { deviceFolder, devicesOf, driverOf, numberAttribute, pathOf } from "./tree.ts";

/** Name of the device that a dax device's region hangs on. */
export const daxRegionOf = (files: FileSystem, device: string): string => pathOf(files, "dax", device).at(-2) ?? "";

export interface DaxRegion {
  /** Of the parent device: cxl for `dax_regionN`, platform for `hmem.N`. */
  readonly bus: string;
  readonly name: string;
  /** Folder of the region's own files. */
  readonly folder: string;
  readonly id: bigint;
}

/** Device that a dax device's region hangs on, from the device's path. */
function regionOf(files: FileSystem, device: string): DaxRegion {
  const name = daxRegionOf(files, device);
  const bus = name.startsWith("dax_region") ? "cxl" : "platform";
  return { bus, name, folder: `${deviceFolder(bus, name)}/dax_region`, id: numberAttribute(files, bus, name, "dax_region/id") };
}

/** dax regions that have devices, in the tool's order: each goes in front when its first device is found. */
export function daxRegions(files: FileSystem): DaxRegion[] {
  const found = new Map<string, DaxRegion>();
  for (const device of inDirectoryOrder(devicesOf(files, "dax", "dax"))) {
    const region = regionOf(files, device);
    if (!found.has(region.name)) found.set(region.name, region);
  }
  return [...found.values()].toReversed();
}

/** A region by "all", its number, or the name of the cxl region or dax region. */
export const isRegionNamed = (region: DaxRegion, text: string | undefined): boolean => text === undefined || ["all", String(region.id), region.name, `region${region.id}`, `dax_region${region.id}`].includes(text);

function mappingsOf(files: FileSystem, device: string): Json[] {
  const found: Json[] = [];
  for (let number = 0; files.exists(`${deviceFolder("dax", device)}/mapping${number}`); number++) {
    const read = (what: string): bigint => numberAttribute(files, "dax", device, `mapping${number}/${what}`);
    found.push({ page_offset: read("page_offset"), start: read("start"), end: read("end"), size: read("end") - read("start") + 1n });
  }
  return found;
}

/** Counters of memory blocks, in system-ram mode; `movable` while any is on line. */
function describeMemory(files: FileSystem, device: string): { readonly [key: string]: Json | undefined } {
  const blocks = blocksOf(files, device);
  const online = blocks.filter((block) => block.isOnline);
  return { online_memblocks: online.length, total_memblocks: blocks.length, movable: online.length === 0 ? undefined : online.every((block) => block.isMovable) };
}

export function describeDaxDevice(files: FileSystem, device: string, withMappings: boolean): Json {
  const driver = driverOf(files, "dax", device);
  const mappings = withMappings ? mappingsOf(files, device) : [];
  const read = (what: string): bigint => numberAttribute(files, "dax", device, what);
  return {
    chardev: device,
    size: read("size"),
    target_node: read("target_node") >= 0n ? read("target_node") : undefined,
    align: read("align"),
    mode: driver === "kmem" ? "system-ram" : "devdax",
    ...(driver === "kmem" ? describeMemory(files, device) : {}),
    state: driver === undefined ? "disabled" : undefined,
    mappings: mappings.length > 0 ? mappings : undefined,
  };
}

/** Devices of a dax region in the tool's order; those without size only with `isIdle`. */
export const daxDevicesOf = (files: FileSystem, region: string, isIdle: boolean): string[] =>
  inToolOrder(devicesOf(files, "dax", "dax").filter((device) => daxRegionOf(files, device) === region && (isIdle || numberAttribute(files, "dax", device, "size") > 0n)));

/** A dax region: `daxregion` of a cxl region, or with its path an item of `daxctl list -R`. `devices` are listed when given. */
export function describeDaxRegion(files: FileSystem, region: DaxRegion, devices: readonly Json[], isPathShown: boolean): Json {
  const read = (what: string): bigint => numberAttribute(files, region.bus, region.name, `dax_region/${what}`);
  const available = read("available_size");
  return {
    path: isPathShown ? files.realpath(deviceFolder(region.bus, region.name)).slice("/sys/devices".length) : undefined,
    id: region.id,
    size: read("size"),
    available_size: available > 0n ? available : undefined,
    align: read("align"),
    devices: devices.length > 0 ? devices : undefined,
  };
}

/** An array; with -u one item stands alone. Nothing at all is printed of an empty one. */
export function display(items: readonly Json[], isHuman: boolean, output: Output): void {
  if (items.length === 0) return;
  const shown = isHuman ? items.map(humanize) : items;
  output.out(toJson(isHuman && shown.length === 1 ? (shown[0] ?? []) : shown));
}
