// Files in sysfs of ports, decoders and memdevs, names and formats as in the kernel's ABI (user-interface 5; captures of 7.2).

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Attribute, Device, DeviceType } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { failStep } from "../base/steps.ts";
import { parseWord } from "../base/parse.ts";
import { cdatAttribute } from "./cdat.ts";
import type { DeviceState } from "./device-state.ts";
import { setDpaSize, setMode } from "./dpa.ts";
import { hex, identity, line, parseNumber, wideHex } from "./format.ts";
import { lockRegionsForStore, unlockRegions } from "./lock.ts";
import { createRegion, deleteRegion, nextRegionName } from "./region.ts";
import { securityAttributes } from "./security.ts";
import type { PartitionMode } from "./types.ts";
import { decoderOf, endpointPart, memdevMajor, memdevOf, portOf, rootPart } from "./types.ts";

const absentDpa = 0xffff_ffff_ffff_ffffn;

const decoderBase: readonly Attribute[] = [
  line("start", (device) => hex(decoderOf(device).start)),
  line("size", (device) => hex(decoderOf(device).size)),
  line("locked", (device) => (decoderOf(device).isLocked ? "1" : "0")),
  line("interleave_ways", (device) => String(decoderOf(device).ways)),
  line("interleave_granularity", (device) => String(decoderOf(device).granularity)),
];

const region = line("region", (device) => decoderOf(device).region?.name ?? "");
const targetType = line("target_type", (device) => (decoderOf(device).isHostOnly ? "expander" : "accelerator"));
const targetList = line("target_list", (device) => {
  const { targets, ways } = decoderOf(device);
  const inUse = targets.slice(0, ways);
  const missing = inUse.indexOf(null);
  // The list ends before the first target that is not there.
  return inUse.slice(0, missing < 0 ? ways : missing).map((target) => String(target?.id)).join(",");
});

const capability = (name: string, has: (device: Device) => boolean): Attribute => line(name, (device) => (has(device) ? "1" : "0"));

const create = task("create_region.store", function* (kernel: Kernel, device: Device, text: string, mode: PartitionMode): Task<void> {
  failStep(kernel, "region.create", text.trim(), device.name);
  yield* createRegion(kernel, device, text, mode);
});

const remove = task("delete_region.store", function* (kernel: Kernel, device: Device, text: string): Task<void> {
  yield* deleteRegion(kernel, device, parseWord(text));
});

const canCreate = (device: Device, mode: PartitionMode): boolean => rootPart(device).restrictions.type3 && rootPart(device).restrictions[mode];

const creation = (mode: PartitionMode): Attribute => ({
  ...line(`create_${mode}_region`, nextRegionName), visible: (_kernel, device) => canCreate(device, mode), store: (kernel, device, text) => create(kernel, device, text, mode),
});

export const rootDecoderType: DeviceType = {
  name: "cxl_decoder_root",
  attributes: [
    ...identity("cxl_decoder_root", 0), ...decoderBase,
    capability("cap_pmem", (device) => rootPart(device).restrictions.pmem), capability("cap_ram", (device) => rootPart(device).restrictions.ram),
    capability("cap_type2", (device) => rootPart(device).restrictions.type2), capability("cap_type3", (device) => rootPart(device).restrictions.type3),
    targetList, line("qos_class", (device) => String(rootPart(device).qosClass)),
    creation("pmem"), creation("ram"),
    { name: "delete_region", visible: (_kernel, device) => canCreate(device, "pmem") || canCreate(device, "ram"), store: remove },
  ],
};

export const switchDecoderType: DeviceType = { name: "cxl_decoder_switch", attributes: [...identity("cxl_decoder_switch", 0), ...decoderBase, targetType, targetList, region] };

const storeMode = task("mode.store", function* (_kernel: Kernel, device: Device, text: string): Task<void> {
  setMode(device, parseWord(text));
});

const storeDpaSize = task("dpa_size.store", function* (kernel: Kernel, device: Device, text: string): Task<void> {
  const size = parseNumber(text);
  yield* lockRegionsForStore(kernel);
  try {
    setDpaSize(kernel, device, size);
  } finally {
    unlockRegions(kernel);
  }
});

export const endpointDecoderType: DeviceType = {
  name: "cxl_decoder_endpoint",
  attributes: [
    ...identity("cxl_decoder_endpoint", 0), ...decoderBase, targetType, region,
    { ...line("mode", (device) => endpointPart(device).mode), store: storeMode },
    line("dpa_resource", (device) => hex(endpointPart(device).dpa?.start ?? absentDpa)),
    { ...line("dpa_size", (device) => wideHex(endpointPart(device).dpa?.size ?? 0n)), store: storeDpaSize },
  ],
};

const decodersCommitted = line("decoders_committed", (device) => String(portOf(device).commitEnd + 1));

export const rootPortType: DeviceType = { name: "cxl_port", attributes: [...identity("cxl_port", 4), decodersCommitted] };
export const portType: DeviceType = { name: "cxl_port", attributes: [...identity("cxl_port", 3), decodersCommitted, cdatAttribute] };

const stateOf = (device: Device): DeviceState => memdevOf(device).state;

/**
 * No partition was made, since the media is not ready or there is no capacity: the kernel's first one is as it was allocated, all zeros, which reads as volatile
 * memory from address 0 to address 0, one byte, of class 0.
 */
const hasBlankPartition = (device: Device): boolean => stateOf(device).capacity.ram === 0n && stateOf(device).capacity.pmem === 0n;
const ramSize = (device: Device): bigint => (hasBlankPartition(device) ? 1n : stateOf(device).capacity.ram);

/** A partition's class, when there is one that some window has. */
const qosClass = (partition: PartitionMode): Attribute => {
  const isBlank = (device: Device): boolean => partition === "ram" && hasBlankPartition(device);
  return {
    ...line(`${partition}/qos_class`, (device) => String(isBlank(device) ? 0 : (stateOf(device).performance[partition]?.qosClass ?? -1))),
    visible: (_kernel, device) => isBlank(device) || stateOf(device).performance[partition] !== null,
  };
};

export const memdevType: DeviceType = {
  name: "cxl_memdev",
  attributes: [
    line("firmware_version", (device) => stateOf(device).firmwareVersion), line("payload_max", (device) => String(stateOf(device).payloadSize)),
    line("label_storage_size", (device) => String(stateOf(device).labelSize)), line("numa_node", () => "-1"),
    line("serial", (device) => hex(memdevOf(device).serial)), line("dev", (device) => `${memdevMajor}:${memdevOf(device).id}`),
    line("ram/size", (device) => hex(ramSize(device))), qosClass("ram"), line("pmem/size", (device) => hex(stateOf(device).capacity.pmem)), qosClass("pmem"), ...securityAttributes,
  ],
};
