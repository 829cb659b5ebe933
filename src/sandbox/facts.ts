// What became of the memory, asked of kernel and hardware together: the report's facts, not the kernel's knowledge.

import type { Device } from "../kernel/base/device.ts";
import { serviceBytes } from "../kernel/isolation/report.ts";
import { placeOf } from "../kernel/isolation/regions.ts";
import { isRebootChosen, isRecoveryBlocked, recoveries } from "../kernel/isolation/state.ts";
import { placeOfPort } from "./references.ts";
import type { System } from "./system.ts";
import { isPortIsolated } from "./system.ts";

export interface MemoryFacts {
  readonly bytesServed: bigint;
  readonly bytesStranded: bigint;
  /** Bytes whose contents were forfeited: in service below a port when it was taken down, or stranded. */
  readonly bytesLost: bigint;
  readonly recoveries: number;
  readonly recoveryBlocked: boolean;
  readonly rebootChosen: boolean;
}

const linkUp = 2;

/** Places of ports below which CXL.mem does not answer now. */
function deadPlaces({ hardware }: System): ReadonlySet<string> {
  const dead = new Set<string>();
  for (const [name, port] of hardware.entities.ports) {
    const place = placeOfPort(hardware.description, name);
    const isDead = (port.isRoot && isPortIsolated(hardware, name)) || hardware.exports.portState(port.index, 0) !== linkUp;
    if (place !== undefined && isDead) dead.add(place);
  }
  return dead;
}

export function memoryFacts(system: System): MemoryFacts {
  const { kernel } = system;
  const dead = deadPlaces(system);
  const { served, stranded } = serviceBytes(kernel, (port: Device) => dead.has(placeOf(port)));
  const forfeited = recoveries(kernel).reduce((sum, recovery) => sum + recovery.bytesBefore, 0n);
  return { bytesServed: served, bytesStranded: stranded, bytesLost: forfeited + stranded, recoveries: recoveries(kernel).length, recoveryBlocked: isRecoveryBlocked(kernel), rebootChosen: isRebootChosen(kernel) };
}
