// `uevent` of devices: what an event about the device tells user space, line by line as the driver core and the bus write it; a store asks for an event,
// which nobody hears.

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { parseWord } from "../base/parse.ts";
import { cxlBus, isMemdev } from "../cxl/types.ts";
import { characterDeviceOf } from "./device-numbers.ts";
import type { Node } from "./node.ts";
import { file } from "./node.ts";

const memdevAlias = "cxl:t5";

/** Alias that a bus puts into its devices' events; a memdev has no file for it. */
function aliasOf(kernel: Kernel, device: Device): string | undefined {
  if (device.bus === cxlBus && isMemdev(device)) return memdevAlias;
  if (device.bus === "nd") return "nd:t0";
  return device.type.attributes.find((attribute) => attribute.name === "modalias")?.show?.(kernel, device).trim();
}

export function ueventText(kernel: Kernel, device: Device): string {
  const numbers = characterDeviceOf(device);
  const alias = aliasOf(kernel, device);
  return [
    ...(numbers === undefined ? [] : [`MAJOR=${numbers.major}`, `MINOR=${numbers.minor}`, `DEVNAME=${numbers.node}`]),
    ...(device.bus === cxlBus ? [`DEVTYPE=${device.type.name}`] : []),
    ...(device.driver === null ? [] : [`DRIVER=${device.driver.name}`]),
    ...(alias === undefined ? [] : [`MODALIAS=${alias}`]),
  ].map((line) => `${line}\n`).join("");
}

const actions = ["add", "remove", "change", "move", "online", "offline", "bind", "unbind"];

const storeUevent = task("uevent.store", function* (_kernel: Kernel, text: string): Task<void> {
  const action = parseWord(text).split(" ", 1)[0] ?? "";
  if (!actions.includes(action)) throw new SystemError("EINVAL", `"${action}" is no action`);
});

/** `show`: the lines of a device, from the bus where it has more to tell. */
export const ueventNode = (kernel: Kernel, show: () => string): Node => file(show, (text) => storeUevent(kernel, text));

/** Of a driver, a bus, a memory block or a node: nothing to tell. */
export const storedUevent = (kernel: Kernel): Node => file(null, (text) => storeUevent(kernel, text));
export const emptyUevent = (kernel: Kernel): Node => ueventNode(kernel, () => "");
