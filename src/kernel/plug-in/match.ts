// Which functions a driver wants. What costs no access is looked at first; a structure is looked for in the component registers last.

import type { DriverMatch } from "../../platform/driver.ts";
import type { Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { disableDevice, enableDevice, pciFunctionOf } from "../pci/device.ts";
import { hasComponent, kindOf, releaseUnused, structureNamed } from "./devices.ts";
import type { PlugIn, PlugInRecord } from "./state.ts";
import { bindingsOf } from "./state.ts";

function fitsIdentity(device: Device, match: DriverMatch): boolean {
  const record = pciFunctionOf(device);
  return (match.kind ?? kindOf(device)) === kindOf(device) && (match.vendor ?? record.vendor) === record.vendor && (match.device ?? record.device) === record.device && (match.class ?? record.classCode) === record.classCode;
}

/** A function that nobody has enabled does not answer in memory space: it is enabled for the look. */
function look(kernel: Kernel, device: Device, capability: string): boolean {
  const isAsleep = pciFunctionOf(device).enableCount === 0;
  try {
    if (isAsleep) enableDevice(kernel, device);
    return hasComponent(kernel, device, structureNamed(capability));
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
  readonly capability: string | null;
}

/** The first of a driver's matches that fits; undefined: none does, or another driver has the structure. */
export function matchOf(kernel: Kernel, plugIn: PlugInRecord, device: Device): Match | undefined {
  for (const match of matchesOf(plugIn)) {
    if (!fitsIdentity(device, match)) continue;
    const { capability } = match;
    if (capability === undefined) return { capability: null };
    const { name } = structureNamed(capability);
    if (bindingsOf(kernel, device).some((other) => other.plugIn !== plugIn && other.capability === name)) continue;
    if (look(kernel, device, capability)) return { capability: name };
    releaseUnused(kernel, device);
  }
  return undefined;
}
