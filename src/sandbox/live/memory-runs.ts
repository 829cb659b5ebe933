// Memory as runs of pages that are alike: what they are used for and by whom, with what is special about them. As the kernel has them, not page by page.

import { busDevices } from "../../kernel/base/device.ts";
import type { Kernel } from "../../kernel/base/kernel.ts";
import { daxBus, daxDeviceOf } from "../../kernel/dax/types.ts";
import { fileOffsetOf, mappingsOf } from "../../kernel/mm/mapping.ts";
import type { MemoryBlock } from "../../kernel/mm/memory-state.ts";
import { blockStart, hotplug } from "../../kernel/mm/memory-state.ts";
import { targetNode } from "../../kernel/mm/node.ts";
import type { PageHolder } from "../../kernel/mm/page-reference.ts";
import { allReferences, holderName } from "../../kernel/mm/page-reference.ts";
import type { PageKind } from "../../kernel/mm/page-types.ts";
import { kernelPageKinds } from "../../kernel/mm/page-types.ts";
import { runsIn } from "../../kernel/mm/pages.ts";
import { pinsOf } from "../../kernel/mm/pin.ts";
import { poisonWithin } from "../../kernel/mm/poison.ts";
import { gapsWithin } from "../../kernel/mm/run-list.ts";
import type { Extent } from "../../kernel/mm/run-list.ts";
import { memoryOf, onlineAreas } from "../../kernel/mm/zone-areas.ts";
import { subtract } from "../../kernel/resource/resource.ts";
import type { Backing } from "./backing.ts";

/** `free`, `used` (of a process or file), `kernel`, `offline` are System RAM; `device` is a dax device's own; `idle` is CXL memory that nobody uses. */
export type MemoryUse = "free" | "used" | "kernel" | "offline" | "device" | "idle";

/** A run before it is told: [start, end). */
export interface MemoryPiece extends Extent {
  readonly node: number;
  /** "DMA" ... "Movable"; "Device" for what is no System RAM, "" for blocks that are offline. */
  readonly zone: string;
  readonly use: MemoryUse;
  /** Kind of page; "" where nobody has any. */
  readonly kind: PageKind | "";
  /** As reports name it: `name:pid`; "" where there is none. */
  readonly owner: string;
  readonly isPoisoned: boolean;
  /** Loads there do not answer. */
  readonly isLost: boolean;
  /** The block is going offline: nothing new comes here. */
  readonly isGoing: boolean;
  /** Who holds pages for long, and shortly. */
  readonly longPins: readonly string[];
  readonly shortPins: readonly string[];
}

const plain = { kind: "", owner: "", isPoisoned: false, isLost: false, isGoing: false, longPins: [], shortPins: [] } as const;

function ramPieces(kernel: Kernel): MemoryPiece[] {
  const areas = onlineAreas(kernel).flatMap(({ start, end, node, zone }): MemoryPiece[] => {
    const own = { ...plain, node, zone };
    const runs = runsIn(kernel, start, end - start);
    const taken = runs.map((run): MemoryPiece => ({ ...own, start: run.start, end: run.start + run.size, use: kernelPageKinds.includes(run.kind) ? "kernel" : "used", kind: run.kind, owner: holderName(run) }));
    const free = gapsWithin(runs, { start, end }).map((gap): MemoryPiece => ({ ...own, ...gap, use: "free" }));
    return [...taken, ...free];
  });
  const offline = [...hotplug(kernel).blocks.values()].filter(({ isOnline }) => !isOnline).flatMap((block) => memoryOf(kernel, block).map((extent): MemoryPiece => ({ ...plain, ...extent, node: block.node, zone: "", use: "offline" })));
  return [...areas, ...offline];
}

/** CXL memory that is no System RAM: of dax devices, of regions of persistent memory, of nobody. */
function devicePieces(kernel: Kernel, backings: readonly Backing[]): MemoryPiece[] {
  const { blockSize } = hotplug(kernel);
  const covered = [...hotplug(kernel).blocks.values()].map((block) => ({ start: blockStart(kernel, block), end: blockStart(kernel, block) + blockSize - 1n }));
  const devices = new Map(busDevices(kernel, daxBus).map((device) => [device.name, device]));
  return backings.flatMap((backing) => {
    const left = subtract(backing, covered);
    covered.push({ start: backing.start, end: backing.end });
    const device = devices.get(backing.name);
    const isInUse = device?.driver?.name === "device_dax" || device?.driver?.name === "fsdev_dax";
    const users = device === undefined ? [] : [...new Set(mappingsOf(kernel, daxDeviceOf(device)).map(({ process }) => holderName({ owner: process.name, pid: process.pid })))];
    return left.map(({ start, end }): MemoryPiece => ({ ...plain, start, end: end + 1n, node: Math.max(0, targetNode(kernel, start)), zone: "Device", use: isInUse ? "device" : "idle", owner: users.join(", ") }));
  });
}

interface Held extends Extent, PageHolder {}

/** Everything that holds pages, by address. */
function holds(kernel: Kernel): Held[] {
  const references = allReferences(kernel).filter(({ isReserved }) => !isReserved).map(({ start, size, owner, pid, kind }) => ({ start, end: start + size, owner, pid, kind }));
  const pins = busDevices(kernel, daxBus).map(daxDeviceOf).flatMap((file) => pinsOf(kernel, file).flatMap((pin) => file.ranges.flatMap(({ start, size }) => {
    const at = fileOffsetOf(file, start) ?? 0n;
    const from = pin.offset > at ? pin.offset : at;
    const to = pin.offset + pin.length < at + size ? pin.offset + pin.length : at + size;
    return from < to ? [{ start: start + from - at, end: start + to - at, owner: pin.owner, pid: pin.pid, kind: pin.kind }] : [];
  })));
  return [...references, ...pins];
}

/** Cuts a piece where some extents begin and end. */
function cutAt(piece: MemoryPiece, extents: readonly Extent[]): MemoryPiece[] {
  const cuts = [...new Set(extents.flatMap(({ start, end }) => [start, end]).filter((cut) => piece.start < cut && cut < piece.end))].toSorted((a, b) => (a < b ? -1 : 1));
  return [...cuts, piece.end].map((end, index) => ({ ...piece, start: cuts[index - 1] ?? piece.start, end }));
}

const touches = (a: Extent, b: Extent): boolean => a.start < b.end && b.start < a.end;

function isAlike(a: MemoryPiece, b: MemoryPiece): boolean {
  return a.end === b.start && a.node === b.node && a.zone === b.zone && a.use === b.use && a.kind === b.kind && a.owner === b.owner && a.isPoisoned === b.isPoisoned && a.isLost === b.isLost && a.isGoing === b.isGoing
    && a.longPins.join() === b.longPins.join() && a.shortPins.join() === b.shortPins.join();
}

function joined(pieces: readonly MemoryPiece[]): MemoryPiece[] {
  const result: MemoryPiece[] = [];
  for (const piece of pieces) {
    const last = result.at(-1);
    if (last !== undefined && isAlike(last, piece)) result.splice(-1, 1, { ...last, end: piece.end });
    else result.push(piece);
  }
  return result;
}

const goingExtents = (kernel: Kernel): Extent[] => [...hotplug(kernel).blocks.values()].filter(({ isGoing }: MemoryBlock) => isGoing).map((block) => ({ start: blockStart(kernel, block), end: blockStart(kernel, block) + hotplug(kernel).blockSize }));

/** All memory in order of address, holes left out. The kernel has to know its memory (`isHotplugKnown`). */
export function memoryPieces(kernel: Kernel, backings: readonly Backing[]): MemoryPiece[] {
  const held = holds(kernel);
  const going = goingExtents(kernel);
  const lost = backings.filter(({ isLost }) => isLost).map(({ start, end }) => ({ start, end: end + 1n }));
  const base = [...ramPieces(kernel), ...devicePieces(kernel, backings)].toSorted((a, b) => (a.start < b.start ? -1 : 1));
  const pieces = base.flatMap((piece) => {
    const own = held.filter((one) => touches(one, piece));
    const poison = poisonWithin(kernel, piece);
    return cutAt(piece, [...own, ...poison, ...going, ...lost]).map((part): MemoryPiece => {
      const holders = own.filter((one) => touches(one, part));
      const namesOf = (kind: "long" | "short"): string[] => [...new Set(holders.filter((one) => one.kind === kind).map(holderName))];
      return { ...part, isPoisoned: poison.some((one) => touches(one, part)), isLost: lost.some((one) => touches(one, part)), isGoing: going.some((one) => touches(one, part)), longPins: namesOf("long"), shortPins: namesOf("short") };
    });
  });
  return joined(pieces);
}
