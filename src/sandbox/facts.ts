// What became of the memory, asked of kernel and hardware together: the report's facts, not the kernel's knowledge.

import type { Device } from "../kernel/base/device.ts";
import { busDevices } from "../kernel/base/device.ts";
import { cxlBus, endpointPart, isRegion, memdevOf, regionOf, regionStates } from "../kernel/cxl/types.ts";
import type { RegionRecord } from "../kernel/cxl/types.ts";
import { daxBus, daxDeviceOf } from "../kernel/dax/types.ts";
import { blockStart, hotplug } from "../kernel/mm/memory-state.ts";
import { portsAbove } from "../kernel/pci/device.ts";
import { resourceSize } from "../kernel/resource/resource.ts";
import { serviceBytes } from "../kernel/isolation/report.ts";
import { placeOf } from "../kernel/isolation/regions.ts";
import { isRebootChosen, isRecoveryBlocked, recoveries } from "../kernel/isolation/state.ts";
import { interleaveOffsets } from "../platform/interleave.ts";
import type { FirmwareRegion } from "../platform/firmware-setup.ts";
import { placeOfPort } from "./references.ts";
import type { System } from "./system.ts";
import { isPortIsolated } from "./system.ts";

export interface MemoryFacts {
  readonly bytesServed: bigint;
  readonly bytesStranded: bigint;
  /** Bytes whose contents were forfeited: in service below a port when it was taken down, or stranded. */
  readonly bytesLost: bigint;
  /** System RAM that was online below a port when it was taken down. */
  readonly systemRamLost: bigint;
  readonly recoveries: number;
  readonly recoveryBlocked: boolean;
  readonly rebootChosen: boolean;
}

const linkUp = 2;

/** Places of ports below which CXL.mem does not answer now. */
export function deadPlaces({ hardware }: System): ReadonlySet<string> {
  const dead = new Set<string>();
  for (const [name, port] of hardware.entities.ports) {
    const place = placeOfPort(hardware.description, name);
    const isDead = (port.isRoot && isPortIsolated(hardware, name)) || hardware.exports.portState(port.index, 0) !== linkUp;
    if (place !== undefined && isDead) dead.add(place);
  }
  return dead;
}

/** System RAM whose dax device went and that stayed online, where some address of it does not answer: neither usable nor removable (dax-memory 5.6, error-recovery 5). */
function orphanedBytes({ kernel }: System): bigint {
  const spans = busDevices(kernel, daxBus).flatMap((device) => daxDeviceOf(device).ranges);
  const { memory } = kernel.platform;
  const orphans = [...hotplug(kernel).blocks.values()].filter((block) => {
    const start = blockStart(kernel, block);
    return block.isOnline && !block.isBoot && !spans.some((span) => span.start <= start && start < span.start + span.size) && interleaveOffsets.some((offset) => memory.route(start + offset) === undefined);
  });
  return orphans.reduce((sum, { present }) => sum + present, 0n);
}

export function memoryFacts(system: System): MemoryFacts {
  const { kernel } = system;
  const dead = deadPlaces(system);
  const { served, stranded, strandedUnnoticed } = serviceBytes(kernel, (port: Device) => dead.has(placeOf(port)));
  const forfeited = recoveries(kernel).reduce((sum, recovery) => sum + recovery.bytesForfeited, 0n);
  const systemRamLost = recoveries(kernel).reduce((sum, recovery) => sum + recovery.systemRamBefore, 0n);
  const orphaned = orphanedBytes(system);
  return { bytesServed: served, systemRamLost, bytesStranded: stranded + orphaned, bytesLost: forfeited + strandedUnnoticed + orphaned, recoveries: recoveries(kernel).length, recoveryBlocked: isRecoveryBlocked(kernel), rebootChosen: isRebootChosen(kernel) };
}

const regionsOf = ({ kernel }: System): readonly (readonly [string, RegionRecord])[] => busDevices(kernel, cxlBus).filter(isRegion).map((device) => [device.name, regionOf(device)]);

/** Regions that firmware made and that the kernel has not assembled whole (S9). */
export function lostFirmwareRegions(system: System, regions: readonly FirmwareRegion[]): readonly FirmwareRegion[] {
  const whole = regionsOf(system).filter(([, { state }]) => state >= regionStates.commit).flatMap(([, { resource }]) => (resource === null ? [] : [resource]));
  return regions.filter(({ base, size }) => !whole.some((resource) => resource.start === base && resourceSize(resource) === size));
}

/** One line for each region with members below more than one root port (POL-INTERLEAVE=contained, S78). */
export function spanWarnings(system: System): string[] {
  const { description } = system.hardware;
  const names = new Map(description.hostBridges.flatMap((bridge) => bridge.rootPorts).map((port) => [placeOfPort(description, port.name), port.name]));
  const rootPortOf = (target: Device): string => names.get(portsAbove(memdevOf(endpointPart(target).memdev).pciDevice).at(-1)?.name) ?? "?";
  return regionsOf(system).flatMap(([region, { targets }]) => {
    const ports = [...new Set(targets.flatMap((target) => (target === null ? [] : [rootPortOf(target)])))].toSorted();
    return ports.length > 1 ? [`${region} spans root ports ${ports.join(", ")}`] : [];
  });
}
