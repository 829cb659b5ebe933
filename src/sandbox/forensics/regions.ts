// Regions as they are, with the members that firmware wanted in them; regions that firmware programmed and that the kernel has not are named too (seeds S20, S21).

import { ownershipRecord } from "../../kernel/dax/decision.ts";
import { busDevices } from "../../kernel/base/device.ts";
import type { Device } from "../../kernel/base/device.ts";
import { endpointPart, memdevOf, regionOf, regionStates } from "../../kernel/cxl/types.ts";
import { daxBus } from "../../kernel/dax/types.ts";
import { resourceSize } from "../../kernel/resource/resource.ts";
import type { DaxExplanation, MemberExplanation, RegionExplanation } from "../../scenario/explanation.ts";
import type { FirmwareRegion } from "../../platform/firmware-setup.ts";
import { daxDeviceOf } from "../../kernel/dax/types.ts";
import { ownerOf, parentOf } from "./capacity.ts";
import { memberOf } from "./members.ts";
import type { Scene } from "./scene.ts";
import { hex, linesWith, rangeOf, regionsOf, spanOf } from "./scene.ts";

const stateNames = new Map<number, string>([[regionStates.idle, "without addresses"], [regionStates.interleaveActive, "not complete"], [regionStates.active, "not committed"], [regionStates.resetPending, "being reset"], [regionStates.commit, "complete"]]);
const decidedAt = (scene: Scene): number => ownershipRecord(scene.kernel)?.at ?? -1;

export const membersOf = (scene: Scene, { targets, base, size }: FirmwareRegion): MemberExplanation[] => targets.map((name) => memberOf(scene, name, rangeOf({ base, size }), decidedAt(scene)));

function present(scene: Scene, device: Device): RegionExplanation | undefined {
  const { resource, isAuto, state, ways, targetCount, targets } = regionOf(device);
  if (resource === null) return undefined;
  const planned = isAuto ? scene.firmware.regions.find(({ base, size }) => base === resource.start && size === resourceSize(resource)) : undefined;
  const now = targets.filter((target) => target !== null).map((target): MemberExplanation => {
    const { memdev } = endpointPart(target);
    return { port: "", serial: hex(memdevOf(memdev).serial), memdev: memdev.name, state: "joined", text: "is a member" };
  });
  return { name: device.name, madeBy: isAuto ? "firmware" : "user", ...spanOf(resource), state: stateNames.get(state) ?? "", driver: device.driver?.name ?? "", ways, arrived: targetCount, members: planned === undefined ? now : membersOf(scene, planned) };
}

/** In order of name, then those that are not there. */
export function regionsNow(scene: Scene): RegionExplanation[] {
  const regions = regionsOf(scene.kernel).flatMap((device) => present(scene, device) ?? []);
  const gone = scene.firmware.regions.filter(({ base, size }) => !regions.some(({ start, bytes }) => start === hex(base) && bytes === String(size)));
  return [...regions, ...gone.map((region): RegionExplanation => ({ name: "", madeBy: "firmware", ...spanOf(rangeOf(region)), state: "not there", driver: "", ways: region.targets.length, arrived: 0, members: membersOf(scene, region) }))];
}

/** Why a dax device has no driver, as the log's last word on it says. */
export const whyUnbound = (scene: Scene, device: Device): string => linesWith(scene, [`kmem ${device.name}: `, `device_dax ${device.name}: `], 1000).at(-1)?.text ?? "no driver took it";

export function daxNow(scene: Scene): DaxExplanation[] {
  return busDevices(scene.kernel, daxBus).flatMap((device) => daxDeviceOf(device).ranges.map(({ start, size }): DaxExplanation => ({
    name: device.name, ...spanOf({ start, end: start + size - 1n }), owner: ownerOf(device), parent: parentOf(device)?.name ?? "", driver: device.driver?.name ?? "", why: device.driver === null ? whyUnbound(scene, device) : "",
  })));
}
