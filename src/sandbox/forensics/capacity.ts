// Capacity that firmware promised (Soft Reserved of the memory map, and its regions) against what there is to use, part by part (seeds S23, S58). What is promised is
// delivered or gap: the parts of a promise are disjoint and cover it.

import type { Device } from "../../kernel/base/device.ts";
import { busDevices } from "../../kernel/base/device.ts";
import { regionOf, regionStates } from "../../kernel/cxl/types.ts";
import { daxBus, daxDeviceOf } from "../../kernel/dax/types.ts";
import { kmemRecords } from "../../kernel/dax/kmem-state.ts";
import { regionReachesDeadPort, placeOf } from "../../kernel/isolation/regions.ts";
import { blocksIn, hotplug } from "../../kernel/mm/memory-state.ts";
import type { Range } from "../../kernel/resource/resource.ts";
import { overlaps, subtract } from "../../kernel/resource/resource.ts";
import { softReservedEntries } from "../../kernel/resource/soft-reserved.ts";
import type { CapacityPart, OwnerName, Promise } from "../../scenario/explanation.ts";
import { unanswered } from "./answers.ts";
import { deadPlaces } from "../facts.ts";
import type { Scene } from "./scene.ts";
import { bytesOf, meet, rangeOf, regionsOf, spanOf } from "./scene.ts";

export type PartState = CapacityPart["state"];

/** A range that something has, in use or not. */
export interface Part extends Range {
  readonly state: PartState;
  readonly owner: OwnerName;
  readonly device: string;
}

const inUse: readonly PartState[] = ["online", "devdax", "pmem", "boot"];
export const isDelivered = ({ state }: Pick<Part, "state">): boolean => inUse.includes(state);

/** The device above a dax device that says whose it is: a cxl region, or an hmem device. */
export function parentOf(device: Device): Device | null {
  let above = device.parent;
  while (above !== null && above.type.name !== "cxl_region" && !above.name.startsWith("hmem.")) above = above.parent;
  return above;
}

export const ownerOf = (device: Device): OwnerName => (parentOf(device)?.name.startsWith("hmem.") === true ? "hmem" : "cxl");

const daxRanges = (device: Device): Range[] => daxDeviceOf(device).ranges.map(({ start, size }) => ({ start, end: start + size - 1n }));

/** Memory that kmem has added of a dax device, block by block; blocks side by side that are alike are one part. */
function memoryParts({ kernel }: Scene, device: Device): Part[] {
  const own = { owner: ownerOf(device), device: device.name };
  const { blockSize } = hotplug(kernel);
  const added = kmemRecords(kernel).get(device.id)?.added ?? [];
  const blocks = added.flatMap(({ span }) => blocksIn(kernel, span.start, span.end - span.start)).map((block): Part => ({ start: BigInt(block.id) * blockSize, end: BigInt(block.id + 1) * blockSize - 1n, state: block.isOnline ? "online" : "offline", ...own }));
  const rest = daxRanges(device).flatMap((range) => subtract(range, blocks)).map((range): Part => ({ ...range, state: "alignment", ...own }));
  return joined([...blocks, ...rest]);
}

function joined(parts: readonly Part[]): Part[] {
  const result: Part[] = [];
  for (const part of parts.toSorted((a, b) => (a.start < b.start ? -1 : 1))) {
    const last = result.at(-1);
    if (last !== undefined && last.end + 1n === part.start && last.state === part.state && last.device === part.device) result.splice(-1, 1, { ...last, end: part.end });
    else result.push(part);
  }
  return result;
}

function daxParts(scene: Scene, isDead: (port: Device) => boolean): Part[] {
  return busDevices(scene.kernel, daxBus).flatMap((device): Part[] => {
    const own = { owner: ownerOf(device), device: device.name };
    const parent = parentOf(device);
    const as = (state: PartState): Part[] => daxRanges(device).map((range) => ({ ...range, state, ...own }));
    if (parent !== null && ownerOf(device) === "cxl" && regionReachesDeadPort(parent, isDead)) return as("dead-port");
    if (device.driver === null) return as("no-driver");
    return device.driver.name === "kmem" ? memoryParts(scene, device) : as("devdax");
  });
}

/** Regions of persistent memory have no dax device here: with their driver they are in use. */
const persistentParts = ({ kernel }: Scene): Part[] => regionsOf(kernel).flatMap((device): Part[] => {
  const { resource, mode, state } = regionOf(device);
  if (resource === null || mode !== "pmem" || state < regionStates.commit || device.driver === null) return [];
  return [{ start: resource.start, end: resource.end, state: "pmem", owner: "cxl", device: device.name }];
});

/** Memory that is the kernel's without any dax device: firmware gave it as RAM, or a device that had it left it behind (dax-memory 5.6). */
function otherMemory({ kernel }: Scene): Part[] {
  const { blockSize } = hotplug(kernel);
  return joined([...hotplug(kernel).blocks.values()].map((block): Part => ({ start: BigInt(block.id) * blockSize, end: BigInt(block.id + 1) * blockSize - 1n, state: block.isOnline ? (block.isBoot ? "boot" : "online") : "offline", owner: "nobody", device: "" })));
}

/** Everything that something has, disjoint; where two have the same, the first named. */
export function partsOf(scene: Scene): Part[] {
  const places = deadPlaces(scene.system);
  const all = [...daxParts(scene, (port) => places.has(placeOf(port))), ...persistentParts(scene), ...otherMemory(scene)];
  const result: Part[] = [];
  for (const part of all.toSorted((a, b) => Number(isDelivered(b)) - Number(isDelivered(a)))) for (const left of subtract(part, result)) result.push({ ...part, ...left });
  return result.toSorted((a, b) => (a.start < b.start ? -1 : 1));
}

export interface PromisedRange extends Range {
  readonly by: Promise["by"];
}

/** What firmware described, disjoint: ranges of the memory map, then what its regions have beyond them. */
function promisesOf({ kernel, firmware }: Pick<Scene, "kernel" | "firmware">): PromisedRange[] {
  const entries = softReservedEntries(kernel);
  const result: PromisedRange[] = entries.map(({ start, end }) => ({ start, end, by: "Soft Reserved" }));
  for (const region of firmware.regions) for (const left of subtract(rangeOf(region), result)) result.push({ ...left, by: "firmware region" });
  return result;
}

/** A range cut into what has it and what nobody has. */
export function partsIn(range: Range, parts: readonly Part[]): Part[] {
  const taken = parts.filter((part) => overlaps(part, range)).flatMap((part) => meet(range, part).map((cut): Part => ({ ...part, ...cut })));
  const free = subtract(range, taken).map((left): Part => ({ ...left, state: "nobody", owner: "nobody", device: "" }));
  return [...taken, ...free].toSorted((a, b) => (a.start < b.start ? -1 : 1));
}

export interface Balance {
  readonly promised: bigint;
  readonly delivered: bigint;
}

/** The sums alone, for whoever asks often. */
export function balanceOf(scene: Scene): Balance {
  const parts = partsOf(scene).filter(isDelivered);
  const promised = promisesOf(scene);
  return { promised: bytesOf(promised), delivered: bytesOf(promised.flatMap((range) => parts.flatMap((part) => meet(range, part)))) };
}

export function promises(scene: Scene): { readonly promises: readonly Promise[]; readonly beyond: bigint } {
  const parts = partsOf(scene);
  const promised = promisesOf(scene);
  const cxlParts = parts.filter((part) => isDelivered(part) && part.device !== "");
  return {
    promises: promised.map((range): Promise => {
      const own = partsIn(range, parts);
      const delivered = bytesOf(own.filter(isDelivered));
      return { ...spanOf(range), by: range.by, bytesDelivered: String(delivered), bytesGap: String(bytesOf([range]) - delivered), parts: own.map((part) => ({ ...spanOf(part), state: part.state, owner: part.owner, device: part.device, bytesUnanswered: String(isDelivered(part) ? unanswered(scene, part) : 0n) })) };
    }),
    beyond: bytesOf(cxlParts.flatMap((part) => subtract(part, promised))),
  };
}
