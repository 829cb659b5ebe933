// The event records that a fault puts into a log, of the machine's own devices. Checking a fault makes them, and so does running it.

import type { EventLog } from "../../../registers/events.ts";
import { eventLogs } from "../../../registers/events.ts";
import type { DeviceDescription, MachineDescription } from "../../platform/description.ts";
import { isSwitch, mailboxOf, portsBelow } from "../../platform/description.ts";
import { EventArgumentError, dynamicRegionBase, encodeCapacity, encodeEvent, encodeRecord } from "../../platform/events.ts";
import type { EventValues } from "../../platform/events.ts";
import { eventActions, eventKinds } from "./device-faults.ts";
import type { DeviceActionFile, EventFault } from "./device-faults.ts";

export interface LoggedRecord {
  readonly log: EventLog;
  /** 128 bytes. */
  readonly record: Uint8Array;
  /** How often it is put in. */
  readonly times: number;
}

export const deviceNamed = (machine: MachineDescription, name: string): DeviceDescription | undefined =>
  machine.hostBridges.flatMap((bridge) => portsBelow(bridge.rootPorts)).flatMap((port) => port.slots).find((slot): slot is DeviceDescription => !isSwitch(slot) && slot.name === name);

function eventOf(action: DeviceActionFile): LoggedRecord | undefined {
  for (const name of eventActions) {
    const fault: EventFault | undefined = action[name];
    if (fault === undefined) continue;
    const { of: _, path: __, log, times, ...values } = fault;
    return { log, record: encodeEvent(eventKinds[name], values as EventValues), times: times ?? 1 };
  }
  return undefined;
}

type CapacityFile = NonNullable<DeviceActionFile["addDynamicCapacity"]> | NonNullable<DeviceActionFile["releaseDynamicCapacity"]>;

function capacityRecords(file: CapacityFile, device: DeviceDescription): LoggedRecord[] {
  const { region, tag } = file;
  const regions = mailboxOf(device).dynamicRegions;
  const found = regions[region];
  if (found === undefined) throw new EventArgumentError("region", regions.length === 0 ? `${device.name} has no dynamic capacity; give it mailbox: { dynamicRegions: [{ length: 1GiB }] }` : `${region} is not one of the ${regions.length} regions of ${device.name}`);
  for (const [index, { offset, len }] of file.extents.entries()) {
    if (len === 0n || offset % found.blockSize !== 0n || len % found.blockSize !== 0n) throw new EventArgumentError(`extents.${index}`, `offset and len are multiples of the region's block of ${found.blockSize} bytes, and len is not 0`);
    if (offset + len > found.length) throw new EventArgumentError(`extents.${index}`, `ends at ${offset + len} of a region of ${found.length} bytes`);
  }
  const isAdding = "selection-policy" in file;
  const policy = isAdding ? "selection-policy" : "removal-policy";
  if ((isAdding ? file["selection-policy"] : file["removal-policy"]) !== "prescriptive") throw new EventArgumentError(policy, "only prescriptive requests are made here: the extents are those of the request");
  const type = isAdding ? "add" : file["forced-removal"] === true ? "forcedRelease" : "release";
  const extents = file.extents.map(({ offset, len }) => ({ offset, length: len }));
  const base = dynamicRegionBase(device.volatileCapacity + (device.persistentCapacity ?? 0n), regions, region);
  return encodeCapacity({ type, host: file["host-id"], region, extents, ...(tag === undefined ? {} : { tag }) }, base).map((record) => ({ log: "dynamicCapacity", record, times: 1 }));
}

/** Fills a log, and `lost` records more: plain media events of the log's own severity. */
function overflowing({ log, lost }: NonNullable<DeviceActionFile["overflowEventLog"]>, device: DeviceDescription): LoggedRecord {
  const severity = eventLogs.indexOf(log);
  const record = encodeEvent("generalMedia", { flags: severity, dpa: 0, descriptor: 0, type: 0, "transaction-type": 0 });
  return { log, record, times: (mailboxOf(device).logDepths[severity] ?? 0) + (lost ?? 1) };
}

/** Records of an action on a device, in order; none when it is not about events. @throws EventArgumentError */
export function recordsOf(action: DeviceActionFile, device: DeviceDescription): readonly LoggedRecord[] {
  const event = eventOf(action);
  if (event !== undefined) return [event];
  const { injectRecord, addDynamicCapacity, releaseDynamicCapacity, overflowEventLog } = action;
  if (injectRecord !== undefined) {
    const { of: _, path: __, log, times, uuid, data, ...values } = injectRecord;
    return [{ log, record: encodeRecord(uuid, values, data ?? new Uint8Array(0)), times: times ?? 1 }];
  }
  const capacity = addDynamicCapacity ?? releaseDynamicCapacity;
  if (capacity !== undefined) return capacityRecords(capacity, device);
  return overflowEventLog === undefined ? [] : [overflowing(overflowEventLog, device)];
}
