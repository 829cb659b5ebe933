// Address ranges in a tree, with the rules of kernel/resource.c: request fails on any overlap, insert nests, regions go into what is not busy.

import type { Kernel } from "../base/kernel.ts";
import { SystemError } from "../base/errno.ts";
import { defineState } from "../base/kernel.ts";

/** Bytes, both inclusive, as in Linux. */
export interface Range {
  readonly start: bigint;
  readonly end: bigint;
}

export interface Resource extends Range {
  readonly name: string;
  start: bigint;
  end: bigint;
  /** Busy ranges refuse regions inside; others are containers. */
  isBusy: boolean;
  parent: Resource | null;
  /** Ascending, without overlap. */
  readonly children: Resource[];
}

export const lastAddress = 0xffff_ffff_ffff_ffffn;

export function createResource(name: string, start: bigint, size: bigint, isBusy = false): Resource {
  return { name, start, end: start + size - 1n, isBusy, parent: null, children: [] };
}

/** The root of a tree of its own; covers every address. */
export const createResourceTree = (name: string): Resource => ({ name, start: 0n, end: lastAddress, isBusy: false, parent: null, children: [] });

const iomemState = defineState("resource.iomem", () => createResourceTree("PCI mem"));

/** The tree behind /proc/iomem. */
export const iomem = (kernel: Kernel): Resource => iomemState(kernel);

export const resourceSize = (resource: Range): bigint => resource.end - resource.start + 1n;
export const contains = (outer: Range, inner: Range): boolean => outer.start <= inner.start && inner.end <= outer.end;
export const overlaps = (a: Range, b: Range): boolean => a.start <= b.end && b.start <= a.end;

/** What is left of a range without those that are cut out, ascending. */
export function subtract(range: Range, cuts: readonly Range[]): Range[] {
  return cuts.reduce<Range[]>((pieces, cut) => pieces.flatMap((piece) => {
    if (!overlaps(piece, cut)) return [piece];
    return [{ start: piece.start, end: cut.start - 1n }, { start: cut.end + 1n, end: piece.end }].filter(({ start, end }) => start <= end);
  }), [{ start: range.start, end: range.end }]);
}

/** `[mem 0x4d0000000-0x4efffffff]`, as %pr prints a memory range (without flags). */
export function formatRange(start: bigint, end: bigint): string {
  const digits = (value: bigint): string => `0x${value.toString(16).padStart(8, "0")}`;
  return `[mem ${digits(start)}-${digits(end)}]`;
}

/** Flags of a memory resource as %pr prints them: IORESOURCE_MEM, IORESOURCE_BUSY. */
const memoryFlag = 0x200;
const busyFlag = 0x8000_0000;

/** `[mem 0x4d0000000-0x4efffffff flags 0x200]`, as %pr prints a resource that is no bus window. */
export const describeResource = (resource: Resource): string => `${formatRange(resource.start, resource.end).slice(0, -1)} flags 0x${(memoryFlag + (resource.isBusy ? busyFlag : 0)).toString(16)}]`;

function adopt(parent: Resource, child: Resource): void {
  const at = parent.children.findIndex((other) => other.start > child.end);
  parent.children.splice(at < 0 ? parent.children.length : at, 0, child);
  child.parent = parent;
}

/** Puts a resource directly below `parent`. Returns what is in the way, or null when it is in the tree now (request_resource_conflict). */
export function requestConflict(parent: Resource, resource: Resource): Resource | null {
  if (resource.end < resource.start || !contains(parent, resource)) return parent;
  const conflict = parent.children.find((child) => overlaps(child, resource));
  if (conflict !== undefined) return conflict;
  adopt(parent, resource);
  return null;
}

/** @throws SystemError EBUSY */
export function requestResource(parent: Resource, resource: Resource): void {
  const conflict = requestConflict(parent, resource);
  if (conflict !== null) throw new SystemError("EBUSY", `${resource.name} ${formatRange(resource.start, resource.end)} conflicts with ${conflict.name}`);
}

/** Inserts where it belongs: below the smallest range that holds it, above those it holds. Returns a range that crosses it, or null. */
export function insertConflict(parent: Resource, resource: Resource): Resource | null {
  const first = requestConflict(parent, resource);
  if (first === null) return null;
  if (first === parent) return first;
  const goesInside = contains(first, resource) && !(first.start === resource.start && first.end === resource.end);
  if (goesInside) return insertConflict(first, resource);
  const inside = parent.children.filter((child) => overlaps(child, resource));
  const crossing = inside.find((child) => !contains(resource, child));
  if (crossing !== undefined) return crossing;
  for (const child of inside) {
    parent.children.splice(parent.children.indexOf(child), 1);
    adopt(resource, child);
  }
  adopt(parent, resource);
  return null;
}

/** @throws SystemError EBUSY */
export function insertResource(parent: Resource, resource: Resource): void {
  const conflict = insertConflict(parent, resource);
  if (conflict !== null) throw new SystemError("EBUSY", `${resource.name} ${formatRange(resource.start, resource.end)} crosses ${conflict.name}`);
}

/** Inserts, growing over whatever crosses it (insert_resource_expand_to_fit). Returns what it has grown over, in that order. */
export function insertExpanding(root: Resource, resource: Resource): Resource[] {
  const crossed: Resource[] = [];
  for (let conflict = insertConflict(root, resource); conflict !== null && conflict !== root; conflict = insertConflict(root, resource)) {
    crossed.push(conflict);
    if (conflict.start < resource.start) resource.start = conflict.start;
    if (conflict.end > resource.end) resource.end = conflict.end;
  }
  return crossed;
}

/** Takes a resource and everything below it out of the tree (release_resource). */
export function releaseResource(resource: Resource): void {
  const siblings = resource.parent?.children;
  if (siblings === undefined) return;
  const at = siblings.indexOf(resource);
  if (at >= 0) siblings.splice(at, 1);
  resource.parent = null;
}

/** Takes a resource out; its children move up to its parent (remove_resource). */
export function removeResource(resource: Resource): void {
  const parent = resource.parent;
  if (parent === null) return;
  releaseResource(resource);
  for (const child of resource.children.splice(0)) adopt(parent, child);
}

/** Claims a busy range inside whatever containers hold it. Undefined: a busy range, or one that crosses, is in the way. */
export function requestRegionIn(root: Resource, name: string, start: bigint, size: bigint): Resource | undefined {
  const region = createResource(name, start, size, true);
  let parent = root;
  for (;;) {
    const conflict = requestConflict(parent, region);
    if (conflict === null) return region;
    if (conflict === parent || conflict.isBusy || !contains(conflict, region)) return undefined;
    parent = conflict;
  }
}

/** Claims a busy range of physical address space (request_mem_region). Undefined: it is taken. */
export const requestRegion = (kernel: Kernel, start: bigint, size: bigint, name: string): Resource | undefined => requestRegionIn(iomem(kernel), name, start, size);

/** Gives a claimed range back. */
export const releaseRegion = (_kernel: Kernel, resource: Resource): void => releaseResource(resource);

/** Lowest `size` bytes of `parent` at a multiple of `align` with no child in it, at or above `from`. */
export function findFree(parent: Resource, size: bigint, align: bigint, from = parent.start): bigint | undefined {
  const up = (address: bigint): bigint => ((address + align - 1n) / align) * align;
  let at = up(from < parent.start ? parent.start : from);
  for (const child of parent.children) {
    if (at + size - 1n < child.start) break;
    if (child.end >= at) at = up(child.end + 1n);
  }
  return at + size - 1n <= parent.end ? at : undefined;
}

/** Every resource below `root` (itself not), outer before inner, ascending, with its depth. */
export function walkResources(root: Resource, depth = 0): { readonly resource: Resource; readonly depth: number }[] {
  return root.children.flatMap((resource) => [{ resource, depth }, ...walkResources(resource, depth + 1)]);
}

/** Ranges by this name that overlap `start`..`end` (region_intersects for one description). */
export function intersecting(root: Resource, name: string, start: bigint, end: bigint): Resource[] {
  return walkResources(root).map((entry) => entry.resource).filter((resource) => resource.name === name && overlaps(resource, { start, end }));
}

const deepestLevel = 5;

/** Text of /proc/iomem: two spaces per level, five levels deep at most. Who is not root sees every address as 0. */
export function formatResources(root: Resource, isForRoot = true): string {
  const digits = (value: bigint): string => (isForRoot ? value : 0n).toString(16).padStart(8, "0");
  return walkResources(root)
    .map(({ resource, depth }) => `${"  ".repeat(Math.min(depth, deepestLevel))}${digits(resource.start)}-${digits(resource.end)} : ${resource.name}\n`)
    .join("");
}
