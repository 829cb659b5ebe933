// The host at the position: is it alive, what /proc/iomem says, what firmware's memory map says and who has it, who waits for what, blocks, counters.

import { hungTaskSeconds } from "../../kernel/watchdog/tasks.ts";
import { checksTaken } from "../../kernel/mce/check-log.ts";
import type { Kernel } from "../../kernel/base/kernel.ts";
import { failuresOf, corruptedBytes, poisonWithin } from "../../kernel/mm/poison.ts";
import { blockStart, hotplug, isHotplugKnown } from "../../kernel/mm/memory-state.ts";
import { iomem, lastAddress, walkResources } from "../../kernel/resource/resource.ts";
import { basePage } from "../../kernel/mm/page-types.ts";
import type { RangeExplanation, Span } from "../../scenario/explanation.ts";
import { sceneOf } from "../forensics/explain.ts";
import { rangesNow } from "../forensics/owners.ts";
import type { Scene } from "../forensics/scene.ts";
import { rangeOf, spanOf } from "../forensics/scene.ts";
import type { Backing } from "./backing.ts";
import { backingAt, backingsOf } from "./backing.ts";
import type { LiveRun } from "./contract.ts";
import type { TaskLine } from "./host-tasks.ts";
import { taskLines } from "./host-tasks.ts";

export interface HostQuestion {
  /** Who has Soft Reserved ranges and why: costs a look at the log. */
  readonly withOwners: boolean;
}

/** A line of /proc/iomem. */
export interface IomemLine extends Span {
  readonly name: string;
  /** From 0. */
  readonly depth: number;
  readonly isBusy: boolean;
  /** Cards of the machine behind it, by name; empty where there are none. */
  readonly parts: readonly string[];
}

/** An entry of firmware's memory map. */
export interface MapEntry extends Span {
  readonly kind: string;
}

export type HostState = "running" | "panicked" | "reset" | "hangs" | "stopped";

/** A memory block, or neighbours that are alike. */
export interface BlockRun extends Span {
  /** Number of the first as in `memory32`, and how many. */
  readonly first: number;
  readonly count: number;
  readonly node: number;
  readonly zone: string;
  readonly state: "online" | "offline" | "going offline";
  readonly isBoot: boolean;
}

export interface NodeFailures {
  readonly node: number;
  readonly ignored: number;
  readonly failed: number;
  readonly delayed: number;
  readonly recovered: number;
}

export interface HostLook {
  readonly atNs: number;
  /** Virtual ns; -1: not reached. */
  readonly readyAtNs: number;
  readonly state: HostState;
  /** Of a panic, or why the host does nothing more; "" while it runs. */
  readonly message: string;
  /** The kernel's version, as "7.2". */
  readonly version: string;
  readonly iomem: readonly IomemLine[];
  readonly firmwareMap: readonly MapEntry[];
  /** Empty where it was not asked for. */
  readonly softReserved: readonly RangeExplanation[];
  readonly tasks: readonly TaskLine[];
  /** Seconds after which a task that waits is called hung. */
  readonly hungAfterSeconds: number;
  /** Bytes of a block, decimal; "0": the kernel does not know its memory yet. */
  readonly blockBytes: string;
  readonly blocks: readonly BlockRun[];
  /** HardwareCorrupted of /proc/meminfo, bytes. */
  readonly corruptedBytes: string;
  readonly poisonedPages: number;
  readonly machineChecks: number;
  readonly failures: readonly NodeFailures[];
}

const stateOf = ({ run }: LiveRun): Pick<HostLook, "state" | "message"> => {
  const { kernel, hardware } = run.system;
  if (kernel.panic !== null) return { state: "panicked", message: kernel.panic.message };
  if (hardware.hostState !== "running") return { state: hardware.hostState === "reset" ? "reset" : "hangs", message: hardware.hostState === "reset" ? "the platform was reset" : "a processor waits for an answer that never comes" };
  if (run.end?.kind === "limit") return { state: "stopped", message: `the machine is out of ${run.end.what} (machine.limits)` };
  return { state: "running", message: run.failure ?? "" };
};

const iomemLines = (kernel: Kernel, backings: readonly Backing[]): IomemLine[] => walkResources(iomem(kernel)).map(({ resource, depth }) => ({
  ...spanOf(resource), name: resource.name, depth, isBusy: resource.isBusy, parts: backingAt(backings, resource.start)?.parts ?? [],
}));

/** Blocks as they are, neighbours that are alike as one. */
function blockRuns(kernel: Kernel): BlockRun[] {
  if (!isHotplugKnown(kernel)) return [];
  const { blocks, blockSize } = hotplug(kernel);
  const runs: BlockRun[] = [];
  for (const block of [...blocks.values()].toSorted((a, b) => a.id - b.id)) {
    const own: BlockRun = {
      ...spanOf(rangeOf({ base: blockStart(kernel, block), size: blockSize })), first: block.id, count: 1, node: block.node, zone: block.zone ?? (block.isOnline ? "more than one" : ""),
      state: block.isGoing ? "going offline" : block.isOnline ? "online" : "offline", isBoot: block.isBoot,
    };
    const last = runs.at(-1);
    if (last !== undefined && last.first + last.count === own.first && last.node === own.node && last.zone === own.zone && last.state === own.state && last.isBoot === own.isBoot) {
      runs.splice(-1, 1, { ...last, end: own.end, bytes: String(BigInt(last.bytes) + BigInt(own.bytes)), count: last.count + 1 });
    } else runs.push(own);
  }
  return runs;
}

function failures(kernel: Kernel): NodeFailures[] {
  if (!isHotplugKnown(kernel)) return [];
  return [...hotplug(kernel).nodes].toSorted((a, b) => a - b).map((node) => ({ node, ...failuresOf(kernel, node) })).filter(({ ignored, failed, delayed, recovered }) => ignored + failed + delayed + recovered > 0);
}

export function hostLook(live: LiveRun, { withOwners }: HostQuestion): HostLook {
  const { run } = live;
  const scene: Scene = sceneOf(run);
  const { kernel } = scene;
  const isKnown = isHotplugKnown(kernel);
  return {
    atNs: run.system.hardware.now, readyAtNs: run.readyAt, ...stateOf(live), version: kernel.policy.version,
    iomem: iomemLines(kernel, backingsOf(scene)),
    firmwareMap: (kernel.platform.firmware.memoryMap ?? []).map(({ base, size, kind }) => ({ ...spanOf(rangeOf({ base, size })), kind })),
    // Before the kernel knows its memory nobody has any of it; asking would make it look.
    softReserved: withOwners && isKnown ? rangesNow(scene) : [],
    tasks: taskLines(kernel), hungAfterSeconds: hungTaskSeconds(kernel),
    blockBytes: isKnown ? String(hotplug(kernel).blockSize) : "0", blocks: blockRuns(kernel),
    corruptedBytes: String(corruptedBytes(kernel)),
    poisonedPages: Number(poisonWithin(kernel, { start: 0n, end: lastAddress }).reduce((sum, { start, end }) => sum + end - start, 0n) / basePage),
    machineChecks: checksTaken(kernel), failures: failures(kernel),
  };
}
