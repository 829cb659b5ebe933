// /sys/kernel/debug/cxl: poison by DPA of a memdev and by offset into a region, and what of a memdev's DPA is in use.

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Device } from "../base/device.ts";
import { busDevices, findDevice } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { parseNumber } from "../cxl/format.ts";
import type { PoisonChange } from "../cxl/poison.ts";
import { canPoison, canPoisonRegion, changePoison, changePoisonOfRegion } from "../cxl/poison.ts";
import { cxlBus, endpointPart, isMemdev, isRegion, memdevOf, portOf } from "../cxl/types.ts";
import type { Node } from "./node.ts";
import { directory, file, fixed } from "./node.ts";

type Change = (kernel: Kernel, device: Device, what: PoisonChange, at: bigint) => Task<void>;

const storeAddress = task("poison.store", function* (kernel: Kernel, device: Device, what: PoisonChange, change: Change, text: string): Task<void> {
  yield* change(kernel, device, what, parseNumber(text));
});

const poisonFile = (kernel: Kernel, device: Device, what: PoisonChange, change: Change): [string, Node] => [`${what}_poison`, file(null, (text) => storeAddress(kernel, device, what, change, text))];

/** Partitions, and below them the decoders that hold parts of them. */
function showDpa(memdev: Device): string {
  const { endpoint, state } = memdevOf(memdev);
  const { ram, pmem } = state.capacity;
  const hex = (value: bigint): string => value.toString(16).padStart(8, "0");
  const line = (indent: string, start: bigint, size: bigint, name: string): string => `${indent}${hex(start)}-${hex(start + size - 1n)} : ${name}\n`;
  const held = endpoint === null ? [] : portOf(endpoint).decoders.flatMap((decoder) => { const { dpa } = endpointPart(decoder); return dpa === null ? [] : [{ ...dpa, name: decoder.name }]; });
  const partition = (start: bigint, size: bigint, name: string): string => (size === 0n ? "" : line("", start, size, name) + held.filter((part) => part.start >= start && part.start < start + size).map((part) => line("  ", part.start, part.size, part.name)).join(""));
  return partition(0n, ram, "ram") + partition(ram, pmem, "pmem");
}

function memdevEntries(kernel: Kernel, memdev: Device): ReadonlyMap<string, Node> {
  const changes = (["clear", "inject"] as const).filter((what) => canPoison(memdev, what)).map((what) => poisonFile(kernel, memdev, what, changePoison));
  return new Map([...changes, ["dpamem", file(() => showDpa(memdev))]]);
}

const regionEntries = (kernel: Kernel, region: Device): ReadonlyMap<string, Node> => new Map((["clear", "inject"] as const).map((what) => poisonFile(kernel, region, what, changePoisonOfRegion)));

const mailboxNode = fixed({ raw_allow_all: file(() => "N\n") });

/** Directory of a device whose driver made one. */
function deviceNode(kernel: Kernel, device: Device | undefined): Node | undefined {
  if (device === undefined || device.driver === null) return undefined;
  if (isMemdev(device)) return directory(() => memdevEntries(kernel, device));
  return isRegion(device) && canPoisonRegion(device) ? directory(() => regionEntries(kernel, device)) : undefined;
}

function cxlEntries(kernel: Kernel): ReadonlyMap<string, Node> {
  const devices = busDevices(kernel, cxlBus).flatMap((device): [string, Node][] => {
    const node = deviceNode(kernel, device);
    return node === undefined ? [] : [[device.name, node]];
  });
  return new Map([["mbox", mailboxNode], ...devices]);
}

const cxlNode = (kernel: Kernel): Node => directory(() => cxlEntries(kernel), (name) => (name === "mbox" ? mailboxNode : deviceNode(kernel, findDevice(kernel, cxlBus, name))));

export const debugNode = (kernel: Kernel): Node => directory(() => new Map([["cxl", cxlNode(kernel)]]));
