// Random systems, seeded: groups of host bridges with a window, cards and switches of their own, firmware's regions right and wrong, Soft Reserved ranges of
// every shape, policies, load orders, schedules, faults of hardware and of kernel steps. Plain data: the same seed gives the same system.

import type { ModuleName, ModulePlan } from "../../src/kernel/base/module-plan.ts";
import { moduleNames } from "../../src/kernel/base/module-plan.ts";
import type { StepFaultSpec } from "../../src/kernel/base/steps.ts";
import { stepNames } from "../../src/kernel/base/steps.ts";
import { planDecoders } from "../../src/firmware/plan-decoders.ts";
import type { ProbeAction } from "../../src/hardware/probes.ts";
import type { DeviceDescription, HostBridgeDescription, MachineDescription, SlotDescription, WindowDescription } from "../../src/platform/description.ts";
import type { FirmwareDecoder, FirmwareRegion, FirmwareSetup, SoftReservedRange } from "../../src/platform/firmware-setup.ts";
import type { PolicyName, PolicyValues } from "../../src/scenario/policies.ts";
import { policies, policyChoices, policyNames, presetNames, presetValues } from "../../src/scenario/policies.ts";
import { takerSteps } from "../../src/sandbox/invariants.ts";
import type { RandomState } from "../../src/sim/random.ts";
import { createRandom, nextBelow } from "../../src/sim/random.ts";
import { GiB, MiB, deviceOf, machineOf, portOf } from "./machine.ts";
import { pick } from "./store-texts.ts";
import { downstreamOf, switchOf } from "./topology.ts";

/** Host bridges, a window and cards that share nothing with those of another group. */
export interface Group {
  readonly window: WindowDescription;
  readonly bridges: readonly string[];
  /** Cards by name, by bridge. */
  readonly cards: readonly (readonly string[])[];
}

export type Fault =
  | { readonly kind: "step"; readonly group: number; readonly spec: StepFaultSpec }
  | { readonly kind: "hardware"; readonly group: number; readonly action: ProbeAction; /** Virtual ns since power-on. */ readonly at: number };

export interface RandomSystem {
  readonly seed: number;
  readonly machine: MachineDescription;
  readonly setup: FirmwareSetup;
  readonly groups: readonly Group[];
  readonly preset: string;
  readonly policies: PolicyValues;
  readonly modules: ModulePlan;
  readonly schedule: "fixed" | "seeded";
  readonly fault: Fault | null;
}

const unit = 256n * MiB;
const encodableWays = [1, 2, 3, 4, 6, 8, 12, 16];
const chance = (random: RandomState, oneIn: number): boolean => nextBelow(random, oneIn) === 0;
const between = (random: RandomState, least: number, most: number): number => least + nextBelow(random, most - least + 1);

/** Bitmaps of XOR windows by ways, as capture and sheet have them; one set serves all windows of a granularity. */
const xorMaps: Readonly<Record<number, readonly bigint[]>> = { 2: [0x2020_8100n], 4: [0x404_0900n, 0x808_1200n] };

interface Made {
  readonly bridges: HostBridgeDescription[];
  readonly windows: WindowDescription[];
  readonly groups: Group[];
  serial: number;
  hasXor: boolean;
}

function cardOf(random: RandomState, made: Made, name: string): DeviceDescription {
  made.serial++;
  return deviceOf(name, { serial: BigInt(made.serial), volatileCapacity: unit * BigInt(pick(random, [1, 2, 2, 4])), interleave3612: !chance(random, 8), interleave16: true, decoders: pick(random, [2, 4, 4, 10]) });
}

function slotOf(random: RandomState, made: Made, name: string, cards: string[]): SlotDescription {
  if (!chance(random, 6)) {
    cards.push(name);
    return cardOf(random, made, name);
  }
  const below = [0, 1].map((port) => `${name}s${port}`);
  cards.push(...below);
  return switchOf(`${name}sw`, below.map((card, port) => downstreamOf(`${card}p`, port, [cardOf(random, made, card)])));
}

function addBridge(random: RandomState, made: Made, ports: number, cards: string[]): number {
  const index = made.bridges.length;
  const rootPorts = Array.from({ length: ports }, (_, p) => portOf(`b${index}p${p}`, { portNumber: p, present: !chance(random, 12), slots: [slotOf(random, made, `d${index}x${p}`, cards)] }));
  made.bridges.push({
    name: `hb${index}`, uid: index, segment: 0, busStart: 16 + 40 * index, busEnd: 16 + 40 * index + 39, componentBase: 0xfe00_0000n + BigInt(index) * 0x1_0000n,
    decoders: 4, targetCount: 8, rootPorts,
  });
  return index;
}

function addGroup(random: RandomState, made: Made, mostBridges: number): void {
  const ways = pick(random, [1, 1, 2, Math.min(4, mostBridges), Math.min(2, mostBridges)]);
  const count = Math.min(ways, mostBridges);
  const ports = count > 2 ? pick(random, [1, 1, 2]) : pick(random, [1, 1, 2, 2, 3, 4]);
  const cards: string[][] = [];
  const targets = Array.from({ length: count }, () => {
    const own: string[] = [];
    cards.push(own);
    return addBridge(random, made, ports, own);
  });
  const maps = xorMaps[count];
  const isXor = maps !== undefined && !made.hasXor && chance(random, 3);
  if (isXor) made.hasXor = true;
  const window: WindowDescription = {
    base: 16n * GiB + 32n * GiB * BigInt(made.groups.length), size: 12n * GiB, ways: count, granularity: isXor ? 256 : pick(random, [256, 256, 1024, 4096]), targets,
    ...(isXor ? { arithmetic: "xor" as const, xorMaps: maps } : {}),
  };
  made.windows.push(window);
  made.groups.push({ window, bridges: targets.map((index) => `hb${index}`), cards });
}

/** Positions that alternate between bridges, as many as each bridge has of. */
function alternating(cards: readonly (readonly string[])[], perBridge: number): string[] {
  return Array.from({ length: perBridge }, (_, n) => cards.flatMap((own) => own[n] ?? [])).flat();
}

/** Regions of firmware's in a window, one behind the other. */
function regionsOf(random: RandomState, group: Group, window: number): FirmwareRegion[] {
  const regions: FirmwareRegion[] = [];
  let base = group.window.base;
  for (let count = nextBelow(random, 4); count > 0; count--) {
    const least = Math.min(...group.cards.map((cards) => cards.length));
    const targets = chance(random, 3) && group.cards.length === 1 ? [pick(random, (group.cards[0] ?? []) as [string, ...string[]])] : alternating(group.cards, pick(random, [1, 2, least, least]));
    if (!encodableWays.includes(targets.length)) continue;
    const size = unit * BigInt(targets.length);
    if (chance(random, 6)) base += unit;
    regions.push({ window, base, size, granularity: chance(random, 10) ? 512 : group.window.granularity, targets: chance(random, 10) ? targets.toReversed() : targets, isLocked: chance(random, 10) });
    base += size;
  }
  return regions;
}

/** Every decoder that the region needs has ways and a granularity that can be written. */
function isProgrammable(machine: MachineDescription, region: FirmwareRegion): boolean {
  return planDecoders(machine, { regions: [region], decoders: [], softReserved: [] }).every(({ ways, granularity }) => encodableWays.includes(ways) && granularity <= 16_384 && (granularity & (granularity - 1)) === 0);
}

/** Ranges over a window: as the regions, larger, smaller, over two of them, over none; now and then none at all. */
function rangesOf(random: RandomState, group: Group, regions: readonly FirmwareRegion[]): SoftReservedRange[] {
  const ranges: SoftReservedRange[] = [];
  const { base: low, size: all } = group.window;
  const first = regions[0];
  const last = regions.at(-1);
  const free = last === undefined ? low : last.base + last.size;
  if (first !== undefined && last !== undefined && chance(random, 8)) return [{ base: first.base, size: last.base + last.size - first.base }];
  for (const { base, size } of regions) {
    const shape = nextBelow(random, 10);
    if (shape < 6) ranges.push({ base, size });
    else if (shape === 6) ranges.push({ base, size: size / 2n });
    else if (shape === 7 && base === last?.base) ranges.push({ base, size: size + unit });
    else if (shape === 8) ranges.push({ base: base + 64n * MiB, size: size - 128n * MiB });
  }
  if (chance(random, 4)) ranges.push({ base: free + 2n * unit, size: pick(random, [unit, 2n * unit, 96n * MiB, 3n * MiB]) });
  if (chance(random, 12)) ranges.push({ base: low + all - unit, size: 2n * unit });
  return ranges;
}

/** A decoder that firmware got wrong, in place of the right one. */
function wrongDecoders(random: RandomState, group: Group, regions: readonly FirmwareRegion[]): FirmwareDecoder[] {
  const region = regions[nextBelow(random, Math.max(1, regions.length))];
  if (region === undefined || !chance(random, 5)) return [];
  const place = chance(random, 2) ? (region.targets[0] ?? "") : (group.bridges[0] ?? "");
  const right: FirmwareDecoder = { place, index: 0, base: region.base, size: region.size, ways: place.startsWith("hb") ? 1 : region.targets.length, granularity: region.granularity, targets: place.startsWith("hb") ? [0] : [], skip: 0n, isLocked: false, isCommitted: true };
  return [pick(random, [
    { ...right, isCommitted: false }, { ...right, base: region.base + 8n * unit }, { ...right, size: 2n * region.size }, { ...right, ways: 2, targets: place.startsWith("hb") ? [1, 0] : [] }, { ...right, granularity: 16_384 }, { ...right, index: 1 },
    { ...right, base: 8n * GiB },
  ])];
}

/** Who a fault may fall upon before the decision, and the steps that take memory themselves. */
const bootSteps = stepNames.filter((step) => /^(pci|mem|port)\.|^region\.(window|construct|insert|attach|probe|daxRegion)/.test(step) || takerSteps.includes(step));

function faultOf(random: RandomState, groups: readonly Group[], machine: MachineDescription): Fault | null {
  if (chance(random, 2)) return null;
  const group = nextBelow(random, groups.length);
  const cards = groups[group]?.cards.flat() ?? [];
  const device = cards[nextBelow(random, cards.length)] ?? "";
  if (chance(random, 2)) {
    const step = bootSteps[nextBelow(random, bootSteps.length)] ?? "pci.enable";
    // Said of a function, whose name is no race; it stands below the group's own bridge.
    const bridge = machine.hostBridges.find(({ name }) => name === groups[group]?.bridges[0]);
    const of = `0000:${((bridge?.busStart ?? 0) + 1).toString(16)}:00.0`;
    return { kind: "step", group, spec: { step, of, count: between(random, 1, 3) } };
  }
  const count = between(random, 1, 3);
  const action = pick<ProbeAction>(random, [
    { kind: "mediaState", device, state: pick(random, ["not-ready", "error", "disabled"]) }, { kind: "deviceStatus", device, status: pick(random, ["fatal", "firmware-halt"]) },
    { kind: "mailboxFault", device, fault: "return-code", value: pick(random, [2, 4, 9]), skip: nextBelow(random, 8), count }, { kind: "mailboxFault", device, fault: "never-ends", skip: nextBelow(random, 8), count: 1 },
    { kind: "mailboxFault", device, fault: "truncate", value: pick(random, [0, 4]), skip: nextBelow(random, 8), count }, { kind: "mailboxFault", device, fault: "corrupt", value: 0xff, skip: nextBelow(random, 8), count },
    { kind: "resetDevice", device },
  ]);
  return { kind: "hardware", group, action, at: pick(random, [1, 1, 1000, 100_000, 2_000_000]) };
}

/** Policies that the boot and Soft Reserved are about; the others stay as the preset has them. */
const drawn: readonly PolicyName[] = ["asm", "failover", "unwind", "log", "excl", "own", "blast", "srpub", "resetgate", "sr", "leftover", "quiesce", "use", "online", "hpahold"];

function policiesOf(random: RandomState): { readonly preset: string; readonly policies: PolicyValues } {
  const preset = chance(random, 3) ? "linux-7.2" : presetNames[nextBelow(random, presetNames.length)] ?? "linux-7.2";
  const values: Record<string, string> = { ...presetValues(preset) };
  if (chance(random, 2)) for (let count = between(random, 1, 3); count > 0; count--) {
    const name = pick(random, drawn as readonly [PolicyName, ...PolicyName[]]);
    values[name] = pick(random, policyChoices(name) as [string, ...string[]]);
  }
  if (policyNames.some((name) => !(name in values) || !(name in policies))) throw new Error(`${preset} lacks a policy`);
  return { preset, policies: values as PolicyValues };
}

/** All built in, or all or some as modules in any order. */
function modulesOf(random: RandomState): ModulePlan {
  if (chance(random, 3)) return { builtIn: moduleNames, modules: [] };
  const modules: ModuleName[] = [];
  for (const name of moduleNames) if (!chance(random, 3)) modules.splice(nextBelow(random, modules.length + 1), 0, name);
  return { builtIn: moduleNames.filter((name) => !modules.includes(name)), modules };
}

export function randomSystem(seed: number): RandomSystem {
  const random = createRandom(seed, 5);
  const made: Made = { bridges: [], windows: [], groups: [], serial: 0, hasXor: false };
  for (let count = pick(random, [1, 2, 2, 3]); count > 0 && made.bridges.length < 4; count--) addGroup(random, made, Math.min(4 - made.bridges.length, count > 1 ? 2 : 4));
  const machine: MachineDescription = { ...machineOf([]), hostBridges: made.bridges, windows: made.windows, platformFailure: "machine-check", limits: { mediaPages: 64, traceRecords: 1024, probes: 32, requesters: 64 } };
  const regions = made.groups.map((group, window) => regionsOf(random, group, window).filter((region) => isProgrammable(machine, region)));
  const softReserved = made.groups.flatMap((group, index) => (chance(random, 8) ? [] : rangesOf(random, group, regions[index] ?? [])));
  if (chance(random, 4)) softReserved.push({ base: 8n * GiB, size: unit });
  const decoders = made.groups.flatMap((group, index) => wrongDecoders(random, group, regions[index] ?? []));
  return {
    seed, machine, setup: { regions: regions.flat(), decoders, softReserved }, groups: made.groups, ...policiesOf(random), modules: modulesOf(random),
    schedule: chance(random, 3) ? "fixed" : "seeded", fault: faultOf(random, made.groups, machine),
  };
}
