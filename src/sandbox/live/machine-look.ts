// The machine at the position, for the drawing: hardware as it is there, and the kernel's objects over it.

import type { Kernel } from "../../kernel/base/kernel.ts";
import type { Hardware } from "../../hardware/machine.ts";
import { checksTaken } from "../../kernel/mce/check-log.ts";
import { hotplug, isHotplugKnown } from "../../kernel/mm/memory-state.ts";
import { sizeText } from "../forensics/scene.ts";
import type { PartState } from "../part-states.ts";
import { partStates } from "../part-states.ts";
import type { LiveRun } from "./contract.ts";
import type { Reach } from "./machine-memory.ts";
import { daxLooks, regionLooks, windowLooks } from "./machine-memory.ts";
import { partLook, sightOf } from "./machine-parts.ts";
import type { HostLook, MachineLook, MachineQuestion } from "./machine-types.ts";
import { standingOf } from "./standing.ts";

function stateOf(hardware: Hardware, kernel: Kernel): HostLook["state"] {
  if (hardware.hostState !== "running") return hardware.hostState;
  return kernel.panic === null ? "running" : "panicked";
}

function hostLook(hardware: Hardware, kernel: Kernel): HostLook {
  const state = stateOf(hardware, kernel);
  const ram = hardware.description.ram.reduce((sum, { size }) => sum + size, 0n);
  const { cpus, processor } = kernel.settings;
  const blocks = isHotplugKnown(kernel) ? [...hotplug(kernel).blocks.values()] : [];
  const online = blocks.filter(({ isOnline }) => isOnline).reduce((sum, { present }) => sum + present, 0n);
  return {
    state, processors: cpus, summary: `${cpus} processors, ${sizeText(ram)}`,
    facts: [
      { label: "State", value: kernel.panic === null ? state : `panicked: ${kernel.panic.message}` }, { label: "Processors", value: `${cpus}, ${processor}` }, { label: "Host DRAM", value: sizeText(ram) },
      { label: "Memory online", value: blocks.length === 0 ? "not known yet" : sizeText(online) }, { label: "Machine checks taken", value: String(checksTaken(kernel)) },
    ],
  };
}

/** Parts by the name of their function. */
function reachOf(parts: readonly PartState[]): Map<string, Reach> {
  const found = new Map<string, Reach>();
  const walk = (part: PartState): void => {
    if (part.kind === "device" && part.address !== "") found.set(part.address, { part: part.name, isCutOff: part.isCutOff });
    part.below.forEach(walk);
  };
  parts.forEach(walk);
  return found;
}

export function machineLook(live: LiveRun, { most }: MachineQuestion): MachineLook {
  const { kernel } = live.run.system;
  return live.atHardware((hardware) => {
    const parts = partStates(hardware, kernel);
    const regions = regionLooks(kernel, hardware.description, reachOf(parts), live.run.workloads);
    const sight = sightOf(hardware, kernel, regions, most);
    const bridges = parts.map((part) => partLook(sight, part));
    return {
      ...standingOf(live), generation: live.status.generation, atNs: hardware.now, isInsideStep: live.status.isInsideStep, host: hostLook(hardware, kernel), windows: windowLooks(kernel, hardware.description), regions,
      loose: daxLooks(kernel).filter(({ region }) => region === null), bridges, leftOut: sight.leftOut,
    };
  });
}
