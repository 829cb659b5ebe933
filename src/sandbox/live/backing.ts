// What is behind addresses of CXL memory: the region or dax device that the kernel has there, the cards of the machine that hold it, and whether they answer.

import { busDevices } from "../../kernel/base/device.ts";
import type { Device } from "../../kernel/base/device.ts";
import { endpointPart, memdevOf, regionOf } from "../../kernel/cxl/types.ts";
import { daxBus, daxDeviceOf } from "../../kernel/dax/types.ts";
import { placeOf, regionReachesDeadPort } from "../../kernel/isolation/regions.ts";
import type { Range } from "../../kernel/resource/resource.ts";
import { overlaps } from "../../kernel/resource/resource.ts";
import { isSwitch, portsBelow } from "../../platform/description.ts";
import { deadPlaces } from "../facts.ts";
import { unanswered } from "../forensics/answers.ts";
import { parentOf } from "../forensics/capacity.ts";
import type { Scene } from "../forensics/scene.ts";
import { rangeOf, regionsOf } from "../forensics/scene.ts";

export interface Backing extends Range {
  /** `dax0.0`, `region0`; of firmware's region that the kernel has not: "". */
  readonly name: string;
  /** The region or hmem device above; "": none. */
  readonly region: string;
  /** Cards of the machine by name, in order of their position. */
  readonly parts: readonly string[];
  /** Some of it does not answer: a port above is dead, or no card is there. */
  readonly isLost: boolean;
}

/** Names of cards by serial number. */
const cardsBySerial = ({ system }: Scene): ReadonlyMap<bigint, string> =>
  new Map(system.hardware.description.hostBridges.flatMap(({ rootPorts }) => portsBelow(rootPorts)).flatMap(({ slots }) => slots.flatMap((slot) => (isSwitch(slot) ? [] : [[slot.serial, slot.name] as const]))));

const namesOf = (cards: ReadonlyMap<bigint, string>, region: Device): string[] => regionOf(region).targets.flatMap((target) => (target === null ? [] : [cards.get(memdevOf(endpointPart(target).memdev).serial) ?? ""])).filter((name) => name !== "");

/** Everything that has CXL memory: dax devices first, then regions, then firmware's regions. Ranges of one kind do not overlap. */
export function backingsOf(scene: Scene): Backing[] {
  const cards = cardsBySerial(scene);
  const places = deadPlaces(scene.system);
  const isDead = (region: Device): boolean => regionReachesDeadPort(region, (port) => places.has(placeOf(port)));
  const regions = regionsOf(scene.kernel);
  const planned = scene.firmware.regions.map((region) => ({ ...rangeOf(region), targets: region.targets }));
  const dax = busDevices(scene.kernel, daxBus).flatMap((device) => daxDeviceOf(device).ranges.map(({ start, size }): Backing => {
    const range = rangeOf({ base: start, size });
    const parent = parentOf(device);
    const region = parent !== null && regions.includes(parent) ? parent : null;
    const parts = region === null ? [...new Set(planned.filter((one) => overlaps(one, range)).flatMap(({ targets }) => targets))] : namesOf(cards, region);
    return { ...range, name: device.name, region: parent?.name ?? "", parts, isLost: (region !== null && isDead(region)) || unanswered(scene, range) > 0n };
  }));
  const own = regions.flatMap((device): Backing[] => {
    const { resource } = regionOf(device);
    if (resource === null) return [];
    const { start, end } = resource;
    return [{ start, end, name: device.name, region: device.name, parts: namesOf(cards, device), isLost: isDead(device) || unanswered(scene, { start, end }) > 0n }];
  });
  const firmware = planned.map(({ start, end, targets }): Backing => ({ start, end, name: "", region: "", parts: targets, isLost: unanswered(scene, { start, end }) > 0n }));
  return [...dax, ...own, ...firmware];
}

/** The first that holds an address. */
export const backingAt = (backings: readonly Backing[], address: bigint): Backing | undefined => backings.find(({ start, end }) => start <= address && address <= end);
