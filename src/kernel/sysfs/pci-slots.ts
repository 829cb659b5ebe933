// /sys/bus/pci/slots: hot-plug slots by number, with their power (sysfs-bus-pci, pci_hotplug_core; error-recovery 4.3).

import { formatPciAddress, pciAddress, segmentOf } from "../../platform/pci-address.ts";
import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { parseUnsigned } from "../base/parse.ts";
import { vacate } from "../isolation/managed-removal.ts";
import { pciFunctionOf } from "../pci/device.ts";
import { requestPower, slotPorts } from "../pci/hotplug.ts";
import { isLinkUp, isPresent, isSlotPowered, slotNumberOf } from "../pci/link.ts";
import { devicesBelow } from "../pci/rescan.ts";
import type { Node } from "./node.ts";
import { directory, file } from "./node.ts";

/** @throws SystemError EINVAL neither 0 nor 1; ENODEV it is so already; EBUSY policy, memory below is in use */
const storePower = task("power.store", function* (kernel: Kernel, port: Device, text: string): Task<void> {
  const wanted = parseUnsigned(text);
  if (wanted > 1n) throw new SystemError("EINVAL", "power takes 0 and 1");
  if (wanted === 0n && kernel.policy.isRemovalVetoed) for (const device of devicesBelow(port)) yield* vacate(kernel, device);
  yield* requestPower(kernel, port, wanted === 1n);
});

/** Bus and device of the card, without a function. */
function cardAddress(port: Device): string {
  const { address, bridge } = pciFunctionOf(port);
  return formatPciAddress(pciAddress(segmentOf(address), bridge?.secondary ?? 0, 0, 0)).slice(0, -2);
}

const bit = (isSet: boolean): string => (isSet ? "1\n" : "0\n");

const slotNode = (kernel: Kernel, port: Device): Node => directory(() => new Map([
  ["adapter", file(() => bit(isPresent(kernel, port) || isLinkUp(kernel, port)))],
  ["address", file(() => `${cardAddress(port)}\n`)],
  ["power", file(() => bit(isSlotPowered(kernel, port)), (text) => storePower(kernel, port, text))],
]));

export const slotsNode = (kernel: Kernel): Node => directory(() => new Map(slotPorts(kernel).map((port) => [String(slotNumberOf(kernel, port)), slotNode(kernel, port)])));
