// Which functions a driver wants. What costs no access is looked at first; a structure is looked for in the component registers last.

import type { StructureDeclaration } from "../../../registers/schema.ts";
import type { DriverMatch } from "../../platform/driver.ts";
import type { Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { disableDevice, enableDevice, pciFunctionOf } from "../pci/device.ts";
import { componentId, hasComponent, kindOf, releaseUnused, structureNamed } from "./devices.ts";
import type { PlugIn, PlugInRecord } from "./state.ts";
import { bindingsOf } from "./state.ts";

function fitsIdentity(device: Device, match: DriverMatch): boolean {
  const record = pciFunctionOf(device);
  return (match.kind ?? kindOf(device)) === kindOf(device) && (match.vendor ?? record.vendor) === record.vendor && (match.device ?? record.device) === record.device && (match.class ?? record.classCode) === record.classCode;
}

/** A function that nobody has enabled does not answer in memory space: it is enabled for the look. */
function look(kernel: Kernel, device: Device, structure: StructureDeclaration): boolean {
  const isAsleep = pciFunctionOf(device).enableCount === 0;
  try {
    if (isAsleep) enableDevice(kernel, device);
    return hasComponent(kernel, device, structure);
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    return false;
  } finally {
    if (isAsleep && pciFunctionOf(device).enableCount > 0) disableDevice(kernel, device);
  }
}

/** What a driver wants, each of it enough. */
export const matchesOf = ({ module }: PlugIn): readonly DriverMatch[] => (Array.isArray(module.match) ? (module.match as readonly DriverMatch[]) : [module.match as DriverMatch]);

export interface Match {
  /** Id of the structure that decided. */
  readonly capability: number | null;
}

/** The first of a driver's matches that fits; undefined: none does, or another driver has the structure. */
export function matchOf(kernel: Kernel, plugIn: PlugInRecord, device: Device): Match | undefined {
  for (const match of matchesOf(plugIn)) {
    if (!fitsIdentity(device, match)) continue;
    if (match.capability === undefined) return { capability: null };
    const structure = structureNamed(match.capability);
    const capability = componentId(structure);
    if (bindingsOf(kernel, device).some((other) => other.plugIn !== plugIn && other.capability === capability)) continue;
    if (look(kernel, device, structure)) return { capability };
    releaseUnused(kernel, device);
  }
  return undefined;
}
