// Invariants 1, 2 and 4 of the seeds over a booted system, and what may break them and 3. A violation names the policy, or the rule of a sheet, that
// allows it; one without is a fault of the model.

import { busDevices } from "../kernel/base/device.ts";
import type { Device } from "../kernel/base/device.ts";
import type { Kernel } from "../kernel/base/kernel.ts";
import type { StepName } from "../kernel/base/steps.ts";
import { cxlBus, isMemdev, isPort, isRegion, portOf, regionOf, regionStates } from "../kernel/cxl/types.ts";
import { trimToBlocks } from "../kernel/dax/kmem.ts";
import { daxRegions } from "../kernel/dax/region.ts";
import { daxBus, daxDeviceOf, hugePageSize } from "../kernel/dax/types.ts";
import { hotplug } from "../kernel/mm/memory-state.ts";
import { targetNode } from "../kernel/mm/node.ts";
import { createFileSystem } from "../kernel/sysfs/file-system.ts";
import type { FirmwareSetup } from "../platform/firmware-setup.ts";
import type { PolicyValues } from "../scenario/policies.ts";
import { runCommand } from "../userland/run.ts";
import { runTask } from "./drive.ts";
import type { System } from "./system.ts";

export interface Violation {
  readonly invariant: 1 | 2 | 3 | 4 | 5 | 6;
  readonly what: string;
  /** What allows it; null: nothing does. */
  readonly allowedBy: string | null;
}

/** What a system was made from, as far as invariants ask. */
export interface Premises {
  readonly policies: PolicyValues;
  readonly setup: FirmwareSetup;
  readonly windows: readonly { readonly base: bigint; readonly size: bigint }[];
  /** dax_hmem is part of the kernel: somebody takes Soft Reserved ranges (S62). */
  readonly hasConsumer: boolean;
  /** A fault was met; and the kernel's step that failed, if it was one. */
  readonly isHit: boolean;
  readonly step: StepName | null;
}

/** Steps that take memory themselves: where they fail it is nobody's. */
export const takerSteps: readonly StepName[] = ["hmem.register", "dax.region", "dax.device", "dax.bind", "kmem.reserve", "kmem.add"];

export interface Span {
  readonly start: bigint;
  readonly end: bigint;
}

export const overlap = (a: Span, b: Span): boolean => a.start < b.end && b.start < a.end;
/** They overlap, and neither holds the other. */
const crosses = (a: Span, b: Span): boolean => overlap(a, b) && !(a.start <= b.start && b.end <= a.end) && !(b.start <= a.start && a.end <= b.end);
const show = ({ start, end }: Span): string => `0x${start.toString(16)}-0x${(end - 1n).toString(16)}`;

/** 1: no address is in two live dax regions (S27, S34). */
export function checkOwners({ policies }: Pick<Premises, "policies">, kernel: Kernel): Violation[] {
  const spans = daxRegions(kernel).map((region) => ({ start: region.start, end: region.start + region.size, name: region.parent.name }));
  return spans.flatMap((one, index) => spans.slice(index + 1).filter((other) => overlap(one, other)).map((other): Violation => ({ invariant: 1, what: `${one.name} and ${other.name} both have ${show(one)}`, allowedBy: policies.excl === "none" ? "excl: none" : null })));
}

/** Spans of `from` that none of `taken` covers. */
export function uncovered(from: Span, taken: readonly Span[]): Span[] {
  const left: Span[] = [];
  let at = from.start;
  for (const span of taken.filter((one) => overlap(one, from)).toSorted((a, b) => (a.start < b.start ? -1 : 1))) {
    if (span.start > at) left.push({ start: at, end: span.start });
    if (span.end > at) at = span.end;
  }
  if (at < from.end) left.push({ start: at, end: from.end });
  return left;
}

interface RegionSpan extends Span {
  readonly device: Device;
  readonly isCommitted: boolean;
}

/** What allows a range, or a part of it, to be nobody's. Rules first that hold whatever the policies are. */
function wasteReason({ policies, setup, windows, hasConsumer, isHit, step }: Premises, kernel: Kernel, range: Span, lost: Span): string | null {
  const regions = busDevices(kernel, cxlBus).filter(isRegion).flatMap((device): RegionSpan[] => {
    const { resource, state } = regionOf(device);
    return resource === null ? [] : [{ device, start: resource.start, end: resource.end + 1n, isCommitted: state >= regionStates.commit }];
  });
  if (range.start % hugePageSize !== 0n || range.end % hugePageSize !== 0n) return "alignment of 2 MiB (dax-memory 2)";
  if (!hasConsumer) return "no dax_hmem in this kernel (S62)";
  const { blockSize } = hotplug(kernel);
  const isRam = policies.use === "system-ram-normal" || policies.use === "system-ram-movable";
  if (isRam && trimToBlocks({ start: lost.start, size: lost.end - lost.start, fileOffset: 0n }, blockSize) === undefined) return "size of memory blocks (dax-memory 5.1)";
  if (isRam && targetNode(kernel, lost.start) < 0) return "no node in the firmware tables (dax-memory 5.1)";
  if (step !== null && isHit && takerSteps.includes(step)) return `fault of the step ${step} itself`;
  const over = regions.filter((region) => overlap(region, range));
  const holder = over.find((region) => region.isCommitted && region.start <= lost.start && lost.end <= region.end);
  const isStranded = holder !== undefined && (holder.device.driver === null || !holder.device.children.some((child) => child.driver !== null));
  const online = [...hotplug(kernel).resources.values()].map(({ start, end }) => ({ start, end: end + 1n }));
  if (uncovered(lost, online).length === 0) return "memory of a dax device that went stays online (dax-memory 5.6)";
  if (isStranded && isHit) return "a committed region without its driver (region-assembly 9.5)";
  const window = windows.map(({ base, size }) => ({ start: base, end: base + size })).find((one) => overlap(one, range));
  if (window !== undefined) {
    if (policies.own === "none") return "own: none";
    if (policies.sr === "none") return "sr: none";
    if (policies.failover === "off") return "failover: off";
    if (policies.sr === "trim" && (over.length === 0 || over.some((region) => !region.isCommitted))) return "sr: trim (S65)";
    if (policies.sr === "all-or-nothing" && policies.leftover !== "to-dax") return "sr: all-or-nothing";
    if (policies.leftover === "waste") return "leftover: waste";
    if (holder !== undefined && policies.srpub === "always") return "srpub: always (a line of Soft Reserved that is smaller than its region)";
    if (over.some((region) => holder !== undefined && !region.isCommitted && crosses(region, holder))) return `hpahold: ${policies.hpahold} (a region that failed holds a part)`;
    const straddled = over.filter((region) => !(region.start <= range.start && range.end <= region.end));
    if (straddled.some((region) => !region.isCommitted)) return `hpahold: ${policies.hpahold} (a region that failed holds a part)`;
    if (straddled.length > 0) return `leftover: ${policies.leftover} (S54)`;
    const wasHeld = setup.regions.some((region) => overlap({ start: region.base, end: region.base + region.size }, range));
    if (over.length === 0 && wasHeld && policies.asm !== "leave") return `asm: ${policies.asm} (the region went after the decision, S51)`;
    if (range.start < window.start || window.end < range.end) return `leftover: ${policies.leftover} (S52, the range crosses the end of its window)`;
  }
  return null;
}

/** 2: at quiesce every Soft Reserved byte is in a dax device that a driver has (S58). */
export function checkCapacity(premises: Premises, kernel: Kernel): Violation[] {
  const taken = busDevices(kernel, daxBus).filter((device) => device.driver !== null).flatMap((device) => daxDeviceOf(device).ranges.map((range) => ({ start: range.start, end: range.start + range.size })));
  return premises.setup.softReserved.flatMap(({ base, size }) => {
    const range = { start: base, end: base + size };
    return uncovered(range, taken).map((lost): Violation => ({ invariant: 2, what: `${show(lost)} of ${show(range)} is nobody's`, allowedBy: wasteReason(premises, kernel, range, lost) }));
  });
}

/** Policies by which one failure reaches everybody. */
export function reachReason({ policies }: Pick<Premises, "policies">, step: StepName | null): string | null {
  if (policies.blast === "global") return "blast: global";
  if (policies.own === "global-teardown" || policies.own === "mode-variable") return `own: ${policies.own}`;
  if (policies.sr === "all-or-nothing") return "sr: all-or-nothing";
  if (policies.asm.startsWith("timeout") && policies.quiesce === "barrier") return "quiesce: barrier (one slow probe delays the decision beyond the others' time limits)";
  if (step === "hmem.register") return "the first failure ends the walk over the ranges (region-assembly 9.3)";
  return null;
}

export interface Breadcrumb {
  readonly tool: "cxl" | "daxctl";
  readonly name: string;
}

/** Devices that ought to have a driver and have none. A dax region bridge shows by its region, which then has none. */
export function breadcrumbs(kernel: Kernel): Breadcrumb[] {
  const unbound = [...busDevices(kernel, cxlBus), ...busDevices(kernel, daxBus)].filter((device) => device.driver === null);
  return unbound.flatMap((device): Breadcrumb[] => {
    if (device.bus === daxBus) return [{ tool: "daxctl", name: device.name }];
    if (device.type.name === "cxl_dax_region") return [{ tool: "cxl", name: device.parent?.name ?? "" }];
    const isDriven = isMemdev(device) || isRegion(device) || (isPort(device) && portOf(device).kind !== "root");
    return isDriven ? [{ tool: "cxl", name: device.name }] : [];
  });
}

/** What `-vvvi` shows, less decoders and what memdevs tell about themselves. */
const listings = { cxl: "cxl list -BPEMRi", daxctl: "daxctl list -DRMi" } as const;

/** 4: what has no driver is in a listing with idle objects shown (S20, S28). */
export function checkListings(system: System): Violation[] {
  const { kernel } = system;
  const files = createFileSystem(kernel);
  const left = breadcrumbs(kernel);
  return (["cxl", "daxctl"] as const).flatMap((tool) => {
    const names = left.filter((one) => one.tool === tool).map(({ name }) => name);
    if (names.length === 0) return [];
    const text = runTask(system, "list", runCommand(kernel, files, listings[tool])).stdout;
    return names.filter((name) => !text.includes(`"${name}"`)).map((name): Violation => ({ invariant: 4, what: `${name} is not in "${listings[tool]}"`, allowedBy: null }));
  });
}
