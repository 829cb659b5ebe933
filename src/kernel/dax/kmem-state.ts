// What kmem has added for a dax device, and the device's `state` file of Linux 7.3: all of its memory plugged or unplugged at once (dax-memory 5.5).

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Attribute, Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import { parseWord } from "../base/parse.ts";
import type { Kernel } from "../base/kernel.ts";
import { defineState, printk } from "../base/kernel.ts";
import type { AddedMemory } from "../mm/memory-block.ts";
import { addMemory, removeMemory } from "../mm/memory-block.ts";
import { blocksIn } from "../mm/memory-state.ts";
import { offlineAll } from "../mm/offline.ts";
import type { OnlineType } from "../policy.ts";
import type { Resource } from "../resource/resource.ts";
import type { Span } from "./layout.ts";
import { daxDeviceOf } from "./types.ts";

export const kmemResourceName = "System RAM (kmem)";

export interface Added {
  readonly index: number;
  readonly span: Span;
  readonly resource: Resource;
}

export interface KmemRecord {
  readonly added: readonly Added[];
  /** As written through the file; what is done to single blocks does not show here. */
  mode: OnlineType | "unplugged";
}

const state = defineState("kmem", () => ({ records: new Map<number, KmemRecord>() }));

/** Records by id of the dax device. */
export const kmemRecords = (kernel: Kernel): Map<number, KmemRecord> => state(kernel).records;

const sizeOf = ({ span }: Added): bigint => span.end - span.start;

/** All blocks offline, then all memory removed; when one block does not go, those before it come back as they were. @throws SystemError of that block */
const unplug = task("kmem.unplug", function* (kernel: Kernel, device: Device, added: readonly Added[]): Task<void> {
  try {
    yield* offlineAll(kernel, added.flatMap((one) => blocksIn(kernel, one.span.start, sizeOf(one))));
  } catch (thrown) {
    printk(kernel, "err", `kmem ${device.name}: hotremove failed, device left online`);
    throw thrown;
  }
  for (const one of added) removeMemory(kernel, one.span.start, sizeOf(one));
});

/** A device is one static group; its own file says where its struct pages may be (dax-memory 5.3, 5.4). */
export const addedAs = (device: Device): AddedMemory => ({ group: device.id, memmapOnMemory: daxDeviceOf(device).memmapOnMemory });

const plugTypes = ["online", "online_kernel", "online_movable"] as const;

const storeState = task("kmem.state.store", function* (kernel: Kernel, device: Device, text: string): Task<void> {
  const wanted = [...plugTypes, "unplugged" as const].find((one) => one === parseWord(text));
  const record = kmemRecords(kernel).get(device.id);
  if (wanted === undefined || record === undefined) throw new SystemError("EINVAL", `"${text.trim()}" is no state to ask for`);
  if (wanted === record.mode) return;
  if (wanted === "unplugged") yield* unplug(kernel, device, record.added);
  else if (record.mode !== "unplugged") throw new SystemError("EBUSY", `${device.name} is ${record.mode}`);
  else for (const one of record.added) addMemory(kernel, daxDeviceOf(device).region.targetNode, one.span.start, sizeOf(one), kmemResourceName, { ...addedAs(device), type: wanted });
  record.mode = wanted;
});

/** Files of a device while kmem has it. */
export const kmemAttributes: readonly Attribute[] = [
  { name: "state", visible: (kernel) => kernel.policy.version === "7.3", show: (kernel, device) => `${kmemRecords(kernel).get(device.id)?.mode ?? "unknown"}\n`, store: storeState },
];
