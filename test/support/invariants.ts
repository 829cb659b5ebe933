// Random systems booted for the invariants of the seeds (src/sandbox/invariants.ts), and invariant 3, which asks for two of them: what the fault of one
// group did to the others.

import { busDevices } from "../../src/kernel/base/device.ts";
import type { Device } from "../../src/kernel/base/device.ts";
import { armStep } from "../../src/kernel/base/steps.ts";
import type { StepFault } from "../../src/kernel/base/steps.ts";
import { boot, kernelHandlers, onNotify } from "../../src/kernel/boot.ts";
import type { Kernel } from "../../src/kernel/base/kernel.ts";
import { cxlBus, isMemdev } from "../../src/kernel/cxl/types.ts";
import { armProbe, probeEvidence } from "../../src/hardware/probes.ts";
import { endState } from "../../src/sandbox/end-state.ts";
import { DriveError, runTask, settle } from "../../src/sandbox/drive.ts";
import type { Premises, Violation } from "../../src/sandbox/invariants.ts";
import { reachReason } from "../../src/sandbox/invariants.ts";
import { kernelPolicies } from "../../src/sandbox/policies.ts";
import type { System } from "../../src/sandbox/system.ts";
import { createSystem, step as advance } from "../../src/sandbox/system.ts";
import { modules } from "./machine.ts";
import type { Group, RandomSystem } from "./random-systems.ts";

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

/** What of a random system and its run the invariants ask. */
export const premisesOf = ({ policies, setup, groups }: RandomSystem, { step, isHit }: Pick<Booted, "step" | "isHit">): Premises => ({ policies, setup, windows: groups.map(({ window }) => window), isHit, step: step?.step ?? null });

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

/** 3: the fault of one group changes nothing observable on the others (S33). */
export function checkBlast(random: RandomSystem, withFault: Booted, without: Booted): Violation[] {
  return random.groups.flatMap((group, index) => {
    if (index === random.fault?.group) return [];
    const [before, after] = [stateOf(without, random, group), stateOf(withFault, random, group)];
    const changed = [...before.filter((part) => !after.includes(part)), ...after.filter((part) => !before.includes(part))];
    if (changed.length === 0) return [];
    return [{ invariant: 3 as const, what: `group ${index} is not as without the fault: ${changed.map((part) => part.slice(0, 400)).join(" | ")}`, allowedBy: reachReason(random, withFault.step?.step ?? null) }];
  });
}
