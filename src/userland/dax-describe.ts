// dax regions and devices as `daxctl list` and `cxl list -X` print them.

import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Json } from "./json.ts";
import { deviceFolder, devicesOf, driverOf, numberAttribute, pathOf } from "./tree.ts";

const modes: Readonly<Record<string, string>> = { device_dax: "devdax", kmem: "system-ram" };

/** Name of the device that a dax device's region hangs on. */
export const daxRegionOf = (files: FileSystem, device: string): string => pathOf(files, "dax", device).at(-2) ?? "";

function mappingsOf(files: FileSystem, device: string): Json[] {
  const found: Json[] = [];
  for (let number = 0; files.exists(`${deviceFolder("dax", device)}/mapping${number}`); number++) {
    const read = (what: string): bigint => numberAttribute(files, "dax", device, `mapping${number}/${what}`);
    found.push({ page_offset: read("page_offset"), start: read("start"), end: read("end"), size: read("end") - read("start") + 1n });
  }
  return found;
}

export function describeDaxDevice(files: FileSystem, device: string, withMappings: boolean): Json {
  const driver = driverOf(files, "dax", device);
  const mappings = withMappings ? mappingsOf(files, device) : [];
  return {
    chardev: device,
    size: numberAttribute(files, "dax", device, "size"),
    target_node: numberAttribute(files, "dax", device, "target_node"),
    align: numberAttribute(files, "dax", device, "align"),
    mode: modes[driver ?? "device_dax"] ?? "unknown",
    state: driver === undefined ? "disabled" : undefined,
    mappings: mappings.length > 0 ? mappings : undefined,
  };
}

/** Devices of a dax region; those without size only with `isIdle`. */
export const daxDevicesOf = (files: FileSystem, region: string, isIdle: boolean): string[] =>
  devicesOf(files, "dax", "dax").filter((device) => daxRegionOf(files, device) === region && (isIdle || numberAttribute(files, "dax", device, "size") > 0n));

/** The `daxregion` object of a cxl region. */
export function describeDaxRegion(files: FileSystem, region: string): Json {
  const read = (what: string): bigint => numberAttribute(files, "cxl", region, `dax_region/${what}`);
  const devices = daxDevicesOf(files, region, true).map((device) => describeDaxDevice(files, device, false));
  return { id: read("id"), size: read("size"), available_size: read("available_size") > 0n ? read("available_size") : undefined, align: read("align"), devices: devices.length > 0 ? devices : undefined };
}
