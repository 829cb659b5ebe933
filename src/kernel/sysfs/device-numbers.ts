// Character devices: their numbers, their nodes in /dev and their links in /sys/dev/char. A node is there as long as its device, bound or not.

import type { Device } from "../base/device.ts";
import { busDevices } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { cxlBus, isMemdev, memdevMajor, memdevOf } from "../cxl/types.ts";
import { daxBus, daxDeviceOf, deviceMajor } from "../dax/types.ts";
import type { Entries, FileNode, Node } from "./node.ts";
import { directory } from "./node.ts";

export interface CharacterDevice {
  readonly major: number;
  readonly minor: number;
  /** Path below /dev. */
  readonly node: string;
}

/** Numbers and node of a device that has them. */
export function characterDeviceOf(device: Device): CharacterDevice | undefined {
  if (device.bus === daxBus) return { major: deviceMajor, minor: daxDeviceOf(device).minor, node: device.name };
  if (device.bus === cxlBus && isMemdev(device)) return { major: memdevMajor, minor: memdevOf(device).id, node: `cxl/${device.name}` };
  return undefined;
}

const nodeOf = ({ major, minor }: CharacterDevice, read: () => string): Node => ({ kind: "file", read, write: null, device: { major, minor } });

/** Minors of the memory devices, major 1, that are there without a device of the model. */
const memoryMajor = 1;
const memoryMinors = { mem: 1, null: 3, kmsg: 11 } as const;

/** /dev: `own` are the nodes of memory devices. */
export function deviceFiles(kernel: Kernel, own: Readonly<Record<keyof typeof memoryMinors, FileNode>>): Entries {
  const entries: Entries = new Map(Object.entries(own).map(([name, node]) => [name, { ...node, device: { major: memoryMajor, minor: memoryMinors[name as keyof typeof own] } }]));
  const memdevs: Entries = new Map();
  for (const device of [...busDevices(kernel, daxBus), ...busDevices(kernel, cxlBus)]) {
    const found = characterDeviceOf(device);
    if (found === undefined) continue;
    (isMemdev(device) ? memdevs : entries).set(device.name, nodeOf(found, () => ""));
  }
  if (memdevs.size > 0) entries.set("cxl", directory(() => memdevs));
  return entries;
}

/** /sys/dev/char: a link by number to every device that has one. */
export const numberedNode = (kernel: Kernel, linkTo: (device: Device) => Node): Node => directory(() => new Map([...busDevices(kernel, daxBus), ...busDevices(kernel, cxlBus)].flatMap((device) => {
  const found = characterDeviceOf(device);
  return found === undefined ? [] : [[`${found.major}:${found.minor}`, linkTo(device)] as const];
})));
