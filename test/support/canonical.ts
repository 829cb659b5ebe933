// A booted machine's state without what is a race: devices by serial number, ports by what they stand on.

import { busDevices } from "../../src/kernel/base/device.ts";
import type { Kernel } from "../../src/kernel/base/kernel.ts";
import { cxlBus, isMemdev, isPort, memdevOf, portOf } from "../../src/kernel/cxl/types.ts";
import { attributesText } from "../../tools/conformance/linux/host.ts";
import type { Names } from "../../tools/conformance/linux/names.ts";
import { lasting } from "../../tools/conformance/linux/names.ts";
import type { Booted } from "./kernel.ts";

/** Lasting names of memdevs, endpoints and ports. */
export function namesOf(kernel: Kernel): Names {
  const names = new Map<string, string>();
  for (const device of busDevices(kernel, cxlBus)) {
    if (isMemdev(device)) names.set(device.name, `mem<${memdevOf(device).serial}>`);
    else if (isPort(device) && portOf(device).kind === "endpoint") names.set(device.name, `endpoint<${memdevOf(portOf(device).uport).serial}>`);
    else if (isPort(device) && portOf(device).kind === "switch") names.set(device.name, `port<${portOf(device).uport.name}>`);
  }
  return names;
}

/** Every device of the buses cxl, dax and nd with its driver and attributes, in order of their lasting names, and /proc/iomem. */
export function canonicalState(booted: Booted): string {
  const names = namesOf(booted.kernel);
  // Minors are given in the order of names.
  const devices = attributesText(booted).replaceAll(/^dev: \d+:\d+$/gm, "dev").split(/^## /m).map((text) => lasting(names, text)).toSorted().join("## ");
  return devices + lasting(names, booted.read("/proc/iomem"));
}
