// A region that keeps its place: where a host bridge has decoders above the region's own, giving it up would leave a hole that no new region
// may fill (C15, HPA order), while the bridge keeps its programming across a link down (TR5). Then only the endpoint below the dead port leaves
// and the one that comes back joins.

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { mark } from "../base/kernel.ts";
import { setDpaSize, setMode } from "../cxl/dpa.ts";
import { commitDecoder } from "../cxl/hdm.ts";
import { lockRegions, unlockRegions } from "../cxl/lock.ts";
import { countTargets, referenceOf } from "../cxl/region-reference.ts";
import { decoderOf, endpointPart, portOf, portsUpwards, regionOf, regionStates } from "../cxl/types.ts";
import { resourceSize } from "../resource/resource.ts";

/** Whether a decoder above the region's own is in use at some host bridge on its way. */
export function hasRegionsAbove(region: Device): boolean {
  for (const target of regionOf(region).targets) {
    if (target === null) continue;
    for (const port of portsUpwards(decoderOf(target).port)) {
      const own = referenceOf(port, region);
      if (own === undefined || portOf(port).kind !== "switch") continue;
      if (portOf(port).references.some((other) => decoderOf(other.decoder).id > decoderOf(own.decoder).id)) return true;
    }
  }
  return false;
}

/** Takes one endpoint decoder out of the region's books, without touching decode: its registers are behind a dead link. */
export function leaveRegion(kernel: Kernel, region: Device, target: Device): void {
  const record = regionOf(region);
  const part = endpointPart(target);
  const endpoint = decoderOf(target).port;
  for (const port of portsUpwards(endpoint)) {
    const reference = referenceOf(port, region);
    if (reference === undefined) continue;
    const at = reference.endpoints.indexOf(target);
    if (at >= 0) reference.endpoints.splice(at, 1);
    countTargets(port, reference);
    if (port === endpoint) portOf(port).references.splice(portOf(port).references.indexOf(reference), 1);
  }
  record.targets[part.position] = null;
  record.targetCount--;
  record.state = regionStates.interleaveActive;
  record.isAwaited = true;
  part.position = -1;
  decoderOf(target).region = null;
  mark(kernel, `${target.name} left`, region.name);
}

/** Puts the returned endpoint's decoder at a position and commits it alone. @throws SystemError ENOSPC too small; EIO, ETIMEDOUT */
export const rejoinRegion = task("isolation.rejoinRegion", function* (kernel: Kernel, region: Device, decoder: Device, position: number): Task<void> {
  const record = regionOf(region);
  if (record.resource === null) throw new SystemError("ENXIO", `${region.name} has no address range`);
  const size = resourceSize(record.resource);
  setMode(decoder, regionOf(region).mode);
  setDpaSize(kernel, decoder, size / BigInt(record.ways));
  yield* lockRegions(kernel);
  try {
    const values = decoderOf(decoder);
    Object.assign(values, { start: record.resource.start, size, ways: record.ways, granularity: record.granularity, region });
    endpointPart(decoder).position = position;
    record.targets[position] = decoder;
    record.targetCount++;
    for (const port of portsUpwards(values.port)) {
      const reference = referenceOf(port, region);
      if (port === values.port) portOf(port).references.push({ region, decoder, endpoints: [decoder], targetCount: 0 });
      if (reference === undefined) continue;
      reference.endpoints.push(decoder);
      countTargets(port, reference);
    }
    yield* commitDecoder(kernel, decoder);
    if (record.targetCount === record.ways) {
      record.state = regionStates.commit;
      record.isAwaited = false;
    }
    mark(kernel, `${decoder.name} rejoined`, region.name);
  } catch (thrown) {
    leaveRegion(kernel, region, decoder);
    throw thrown;
  } finally {
    unlockRegions(kernel);
  }
});
