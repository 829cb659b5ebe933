// The run beside a run: the same scenario with nothing wrong, and what the wrong of it touches. Wrong are its faults, what its steps inject, cards of
// firmware's regions that are not there or come late, single decoders that firmware programs, and Soft Reserved ranges that end elsewhere than regions.

import type { DeviceDescription, DownstreamPortDescription, MachineDescription, RootPortDescription, SlotDescription } from "../../platform/description.ts";
import { isSwitch, portsBelow } from "../../platform/description.ts";
import type { FirmwareSetup, SoftReservedRange } from "../../platform/firmware-setup.ts";
import type { ActionFile, ScenarioPlan } from "../../scenario/plan.ts";
import { kindOf } from "../../scenario/machine-parts.ts";
import { presetValues } from "../../scenario/policies.ts";
import { countsFromBoot } from "../../scenario/faults/trigger.ts";
import type { Span } from "../invariants.ts";
import { overlap, uncovered } from "../invariants.ts";

/** What something wrong of a scenario touches. */
export interface Touched {
  /** Cards by name. */
  readonly cards: ReadonlySet<string>;
  /** Functions and memdevs that steps of the kernel fail on, as the file names them. */
  readonly objects: readonly string[];
  readonly spans: readonly Span[];
  /** A step of the kernel fails on whatever comes first. */
  readonly isAnything: boolean;
}

/** A card that needs this long (ns) comes late. */
const late = 1_000_000_000;
const usualMediaReadyTime = 10_000;

const spanOf = ({ base, size }: SoftReservedRange): Span => ({ start: base, end: base + size });

/** Cards below ports, by name; alternates too. */
export const cardsBelow = (ports: readonly DownstreamPortDescription[]): DeviceDescription[] => portsBelow(ports).flatMap(({ slots }) => slots.filter((slot): slot is DeviceDescription => !isSwitch(slot)));
export const rootPorts = (machine: MachineDescription): RootPortDescription[] => machine.hostBridges.flatMap((bridge) => bridge.rootPorts);

/** Every text in a value, at any depth. */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** Cards that a part of the machine stands for: itself, or all below it. */
function cardsOf(machine: MachineDescription, name: string): string[] {
  const kind = kindOf(machine, name);
  if (kind === undefined) return [];
  if (kind === "device") return [name];
  const ports = portsBelow(rootPorts(machine));
  const below = kind === "bridge" ? (machine.hostBridges.find((bridge) => bridge.name === name)?.rootPorts ?? [])
    : kind === "switch" ? ports.flatMap((port) => port.slots.filter(isSwitch)).filter((card) => card.name === name).flatMap((card) => card.ports)
    : ports.filter((port) => port.name === name);
  return cardsBelow(below).map((card) => card.name);
}

const isLate = (card: DeviceDescription): boolean => card.mediaReadyTime >= late || (card.mailbox?.readyTime ?? 0) >= late;

/** Cards of firmware's regions that are not plugged in at power-on. */
const missing = ({ machine, firmware }: ScenarioPlan): string[] => {
  const members = firmware.regions.flatMap(({ targets }) => targets);
  return portsBelow(rootPorts(machine)).filter((port) => !port.present).flatMap(({ slots }) => slots.map(({ name }) => name)).filter((name) => members.includes(name));
};

/** Ranges that lie over a window and are not made of whole regions. */
function misfits({ machine, firmware }: ScenarioPlan): SoftReservedRange[] {
  const regions = firmware.regions.map(spanOf);
  return firmware.softReserved.filter((range) => {
    const span = spanOf(range);
    const own = regions.filter((region) => overlap(region, span));
    const isOverWindow = machine.windows.some((window) => overlap(spanOf(window), span));
    return isOverWindow && (uncovered(span, own).length > 0 || own.some((region) => region.start < span.start || region.end > span.end));
  });
}

const actionsOf = ({ faults }: ScenarioPlan): ActionFile[] => faults.map((fault) => fault.do);

export function touchedBy(plan: ScenarioPlan): Touched {
  const { machine, firmware } = plan;
  const actions = actionsOf(plan);
  const kernelSteps = actions.flatMap((action) => (action.kernelStep === undefined ? [] : [action.kernelStep]));
  const named = actions.filter((action) => action.kernelStep === undefined).flatMap(textsIn);
  const decoders = firmware.decoders.filter(({ place }) => kindOf(machine, place) === "device");
  const cards = [...named.flatMap((name) => cardsOf(machine, name)), ...missing(plan), ...cardsBelow(rootPorts(machine)).filter(isLate).map(({ name }) => name), ...decoders.map(({ place }) => place)];
  return {
    cards: new Set(cards),
    objects: kernelSteps.flatMap(({ of }) => (of === undefined ? [] : [of])),
    spans: [...misfits(plan), ...firmware.decoders].map(spanOf),
    isAnything: kernelSteps.some(({ of }) => of === undefined),
  };
}

function mapPort<T extends DownstreamPortDescription>(port: T, isMember: (name: string) => boolean): T {
  const slots = port.slots.map((slot): SlotDescription => {
    if (isSwitch(slot)) return { ...slot, ports: slot.ports.map((below) => mapPort(below, isMember)) };
    if (!isLate(slot)) return slot;
    return { ...slot, mediaReadyTime: Math.min(slot.mediaReadyTime, usualMediaReadyTime), ...(slot.mailbox === undefined ? {} : { mailbox: { ...slot.mailbox, readyTime: 0 } }) };
  });
  return { ...port, slots, present: port.present || slots.some(({ name }) => isMember(name)) };
}

/** Soft Reserved as it would be if it were made for the regions. */
function fitted(plan: ScenarioPlan): SoftReservedRange[] {
  const wrong = misfits(plan);
  const regions = plan.firmware.regions.filter((region) => wrong.some((range) => overlap(spanOf(range), spanOf(region))));
  return [...plan.firmware.softReserved.filter((range) => !wrong.includes(range)), ...regions.map(({ base, size }) => ({ base, size }))];
}

/** The scenario without what happens to it while it runs; what is wrong with the machine stays. */
export const withoutFaults = (plan: ScenarioPlan): ScenarioPlan => ({ ...plan, faults: [], steps: plan.steps.filter((step) => !("inject" in step)) });

/** The scenario with nothing wrong. */
export function healthy(plan: ScenarioPlan): ScenarioPlan {
  const members = plan.firmware.regions.flatMap(({ targets }) => targets);
  const machine: MachineDescription = { ...plan.machine, hostBridges: plan.machine.hostBridges.map((bridge) => ({ ...bridge, rootPorts: bridge.rootPorts.map((port) => mapPort(port, (name) => members.includes(name))) })) };
  const firmware: FirmwareSetup = { regions: plan.firmware.regions, decoders: [], softReserved: fitted(plan) };
  return { ...withoutFaults(plan), machine, firmware };
}

/** Nothing wrong, under a kernel of today that hands memory out as dax devices: what the cards are good for, whatever is compared. */
export function reference(plan: ScenarioPlan): ScenarioPlan {
  const today = presetValues("linux-7.2") ?? plan.policies;
  return { ...healthy(plan), policies: { ...today, use: "device-dax-only", platform: plan.policies.platform } };
}

/** Whether the scenario is its boot alone already. */
export const isBootOnly = ({ steps, workloads, faults }: ScenarioPlan): boolean => steps.length === 0 && workloads.length === 0 && faults.every((fault) => countsFromBoot(faults, fault));

/** The boot alone, with what goes wrong in it: nobody types and nobody uses the memory. */
export function bootOnly(plan: ScenarioPlan): ScenarioPlan {
  return { ...plan, steps: [], workloads: [], faults: plan.faults.filter((fault) => countsFromBoot(plan.faults, fault)) };
}

/** Nothing wrong, and every region System RAM: the kernel tells bandwidth of memory that is online (S78). Null: firmware gives no figures. */
export function measured(plan: ScenarioPlan): ScenarioPlan | null {
  if (plan.machine.hostBridges.every((bridge) => bridge.performance === undefined)) return null;
  return { ...healthy(plan), workloads: [], policies: { ...plan.policies, use: "system-ram-movable", online: "online_movable", isoact: "none" } };
}
