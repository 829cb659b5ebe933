// Invariants 1 to 4 of the seeds over a booted system. A violation names the policy, or the rule of a sheet, that allows it; one without is a fault
// of the model.

import { busDevices } from "../../src/kernel/base/device.ts";
import type { Device } from "../../src/kernel/base/device.ts";
import { armStep } from "../../src/kernel/base/steps.ts";
import type { StepFault } from "../../src/kernel/base/steps.ts";
import { boot, kernelHandlers, onNotify } from "../../src/kernel/boot.ts";
import type { Kernel } from "../../src/kernel/base/kernel.ts";
import { cxlBus, isMemdev, isPort, isRegion, portOf, regionOf, regionStates } from "../../src/kernel/cxl/types.ts";
import { daxRegions } from "../../src/kernel/dax/region.ts";
import { trimToBlocks } from "../../src/kernel/dax/kmem.ts";
import { daxBus, daxDeviceOf, hugePageSize } from "../../src/kernel/dax/types.ts";
import { targetNode } from "../../src/kernel/mm/node.ts";
import { hotplug } from "../../src/kernel/mm/memory-state.ts";
import { createFileSystem } from "../../src/kernel/sysfs/file-system.ts";
import { armProbe, probeEvidence } from "../../src/hardware/probes.ts";
import { endState } from "../../src/sandbox/end-state.ts";
import { DriveError, runTask, settle } from "../../src/sandbox/drive.ts";
import { kernelPolicies } from "../../src/sandbox/policies.ts";
import type { System } from "../../src/sandbox/system.ts";
import { createSystem, step as advance } from "../../src/sandbox/system.ts";
import { runCommand } from "../../src/userland/run.ts";
import { modules } from "./machine.ts";
import type { Group, RandomSystem } from "./random-systems.ts";
import { takerSteps } from "./random-systems.ts";

export interface Violation {
  readonly invariant: 1 | 2 | 3 | 4;
  readonly what: string;
  /** What allows it; null: nothing does. */
  readonly allowedBy: string | null;
}

export interface Booted {
  readonly system: System;
  readonly kernel: Kernel;
  /** The fault of a kernel step, with its evidence. */
  readonly step: StepFault | null;
  readonly isHit: boolean;
  /** A fault took memory from under the kernel: there is no state to look at. */
  readonly hasPanicked: boolean;
}

/** Boots and runs on until every wait and time limit is over. False: the kernel panicked. */
function run(system: System, random: RandomSystem): boolean {
  try {
    runTask(system, "boot", boot(system.kernel, random.modules));
    settle(system);
    // Two runs are compared at the same time.
    while (advance(system, restTime).kind === "progress") continue;
    return system.kernel.panic === null;
  } catch (thrown) {
    if (thrown instanceof DriveError && system.kernel.panic !== null) return false;
    throw thrown;
  }
}

/** Virtual ns: every wait of a boot and every time limit is over. */
const restTime = 300_000_000_000;
const restrictions = { deviceCoherent: true, hostOnlyCoherent: true, volatile: true, persistent: false, fixed: false };

/** Boots a random system, with or without its fault. */
export function bootSystem(random: RandomSystem, withFault: boolean): Booted {
  const { machine, setup, policies, seed, schedule, fault } = random;
  const system = createSystem(modules.release, { machine, firmware: { isolationOwner: "os", restrictions, setup }, policies: kernelPolicies(policies), handlers: kernelHandlers, seed, schedule, onNotify });
  const step = withFault && fault?.kind === "step" ? armStep(system.kernel, fault.spec) : null;
  if (withFault && fault?.kind === "hardware") armProbe(system.hardware, 0, { match: { kind: "time", at: fault.at }, action: fault.action });
  const isAlive = run(system, random);
  const isHit = step === null ? withFault && fault?.kind === "hardware" && probeEvidence(system.hardware, 0).fired > 0 : step.fired > 0;
  return { system, kernel: system.kernel, step, isHit, hasPanicked: !isAlive };
}

interface Span {
  readonly start: bigint;
  readonly end: bigint;
}

const overlap = (a: Span, b: Span): boolean => a.start < b.end && b.start < a.end;
/** They overlap, and neither holds the other. */
const crosses = (a: Span, b: Span): boolean => overlap(a, b) && !(a.start <= b.start && b.end <= a.end) && !(b.start <= a.start && a.end <= b.end);
const show = ({ start, end }: Span): string => `0x${start.toString(16)}-0x${(end - 1n).toString(16)}`;

/** 1: no address is in two live dax regions (S27, S34). */
export function checkOwners({ policies }: RandomSystem, kernel: Kernel): Violation[] {
  const spans = daxRegions(kernel).map((region) => ({ start: region.start, end: region.start + region.size, name: region.parent.name }));
  return spans.flatMap((one, index) => spans.slice(index + 1).filter((other) => overlap(one, other)).map((other): Violation => ({ invariant: 1, what: `${one.name} and ${other.name} both have ${show(one)}`, allowedBy: policies.excl === "none" ? "excl: none" : null })));
}

/** Spans of `from` that none of `taken` covers. */
function uncovered(from: Span, taken: readonly Span[]): Span[] {
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
function wasteReason(random: RandomSystem, { kernel, step, isHit }: Booted, range: Span, lost: Span): string | null {
  const { policies } = random;
  const regions = busDevices(kernel, cxlBus).filter(isRegion).flatMap((device): RegionSpan[] => {
    const { resource, state } = regionOf(device);
    return resource === null ? [] : [{ device, start: resource.start, end: resource.end + 1n, isCommitted: state >= regionStates.commit }];
  });
  if (range.start % hugePageSize !== 0n || range.end % hugePageSize !== 0n) return "alignment of 2 MiB (dax-memory 2)";
  const { blockSize } = hotplug(kernel);
  const isRam = policies.use === "system-ram-normal" || policies.use === "system-ram-movable";
  if (isRam && trimToBlocks({ start: lost.start, size: lost.end - lost.start, fileOffset: 0n }, blockSize) === undefined) return "size of memory blocks (dax-memory 5.1)";
  if (isRam && targetNode(kernel, lost.start) < 0) return "no node in the firmware tables (dax-memory 5.1)";
  if (step !== null && isHit && takerSteps.includes(step.step)) return `fault of the step ${step.step} itself`;
  const over = regions.filter((region) => overlap(region, range));
  const holder = over.find((region) => region.isCommitted && region.start <= lost.start && lost.end <= region.end);
  const isStranded = holder !== undefined && (holder.device.driver === null || !holder.device.children.some((child) => child.driver !== null));
  const online = [...hotplug(kernel).resources.values()].map(({ start, end }) => ({ start, end: end + 1n }));
  if (uncovered(lost, online).length === 0) return "memory of a dax device that went stays online (dax-memory 5.6)";
  if (isStranded && isHit) return "a committed region without its driver (region-assembly 9.5)";
  const window = random.groups.map((group) => ({ start: group.window.base, end: group.window.base + group.window.size })).find((one) => overlap(one, range));
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
    const wasHeld = random.setup.regions.some((region) => overlap({ start: region.base, end: region.base + region.size }, range));
    if (over.length === 0 && wasHeld && policies.asm !== "leave") return `asm: ${policies.asm} (the region went after the decision, S51)`;
    if (range.start < window.start || window.end < range.end) return `leftover: ${policies.leftover} (S52, the range crosses the end of its window)`;
  }
  return null;
}

/** 2: at quiesce every Soft Reserved byte is in a dax device that a driver has (S58). */
export function checkCapacity(random: RandomSystem, booted: Booted): Violation[] {
  const taken = busDevices(booted.kernel, daxBus).filter((device) => device.driver !== null).flatMap((device) => daxDeviceOf(device).ranges.map((range) => ({ start: range.start, end: range.start + range.size })));
  return random.setup.softReserved.flatMap(({ base, size }) => {
    const range = { start: base, end: base + size };
    return uncovered(range, taken).map((lost): Violation => ({ invariant: 2, what: `${show(lost)} of ${show(range)} is nobody's`, allowedBy: wasteReason(random, booted, range, lost) }));
  });
}

/** What of a system's end state is a group's: addresses in its window, objects of its bridges and cards. */
function stateOf({ kernel }: Booted, random: RandomSystem, group: Group): string[] {
  const inWindow = (address: bigint): boolean => address >= group.window.base && address < group.window.base + group.window.size;
  const hosts = random.machine.hostBridges.filter(({ name }) => group.bridges.includes(name)).map(({ busStart }) => `pci0000:${busStart.toString(16).padStart(2, "0")}`);
  const serials = new Set<string>();
  for (const device of busDevices(kernel, cxlBus).filter(isMemdev)) {
    let above: Device = device;
    while (above.parent !== null) above = above.parent;
    if (hosts.includes(above.name)) serials.add(`<${(device.data as { readonly serial: bigint }).serial.toString(16)}>`);
  }
  const isOwn = (line: string): boolean => hosts.some((host) => line.includes(host)) || [...serials].some((serial) => line.includes(serial)) || [...line.matchAll(/\b([0-9a-f]{8,16})\b/g)].some(([, digits]) => inWindow(BigInt(`0x${digits}`)));
  // Members of a region that is not complete stand in order of arrival, which is a race.
  const inOrder = (part: string): string => (part.includes("devtype: cxl_region\n") && part.includes("commit: 0") ? part.split("\n").map((line) => line.replace(/^ {2}target\d+:/, "  target:")).toSorted().join("\n") : part);
  return endState(kernel).split(/\n(?=[^ ])|\n(?= *[0-9a-f]+-)/).filter((part) => isOwn(part.split("\n", 1)[0] ?? "")).map(inOrder);
}

/** Policies by which one failure reaches everybody. */
function reachReason({ policies }: RandomSystem, step: StepFault | null): string | null {
  if (policies.blast === "global") return "blast: global";
  if (policies.own === "global-teardown" || policies.own === "mode-variable") return `own: ${policies.own}`;
  if (policies.sr === "all-or-nothing") return "sr: all-or-nothing";
  if (policies.asm.startsWith("timeout") && policies.quiesce === "barrier") return "quiesce: barrier (one slow probe delays the decision beyond the others' time limits)";
  if (step?.step === "hmem.register") return "the first failure ends the walk over the ranges (region-assembly 9.3)";
  return null;
}

/** 3: the fault of one group changes nothing observable on the others (S33). */
export function checkBlast(random: RandomSystem, withFault: Booted, without: Booted): Violation[] {
  return random.groups.flatMap((group, index) => {
    if (index === random.fault?.group) return [];
    const [before, after] = [stateOf(without, random, group), stateOf(withFault, random, group)];
    const changed = [...before.filter((part) => !after.includes(part)), ...after.filter((part) => !before.includes(part))];
    if (changed.length === 0) return [];
    return [{ invariant: 3 as const, what: `group ${index} is not as without the fault: ${changed.map((part) => part.slice(0, 400)).join(" | ")}`, allowedBy: reachReason(random, withFault.step) }];
  });
}

interface Breadcrumb {
  readonly tool: "cxl" | "daxctl";
  readonly name: string;
}

/** Devices that ought to have a driver and have none. A dax region bridge shows by its region, which then has none. */
function breadcrumbs(kernel: Kernel): Breadcrumb[] {
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
export function checkListings({ system, kernel }: Booted): Violation[] {
  const files = createFileSystem(kernel);
  const left = breadcrumbs(kernel);
  return (["cxl", "daxctl"] as const).flatMap((tool) => {
    const names = left.filter((one) => one.tool === tool).map(({ name }) => name);
    if (names.length === 0) return [];
    const text = runTask(system, "list", runCommand(kernel, files, listings[tool])).stdout;
    return names.filter((name) => !text.includes(`"${name}"`)).map((name): Violation => ({ invariant: 4, what: `${name} is not in "${listings[tool]}"`, allowedBy: null }));
  });
}
