// `mappingN` of a dax device: where one of its ranges lies.

import type { Device, DeviceType } from "../base/device.ts";
import type { FileRange } from "../mm/mapping.ts";
import { pageSize } from "./types.ts";

const hexLine = (value: bigint): string => `0x${value.toString(16)}\n`;
const rangeOf = (device: Device): FileRange => device.data as FileRange;

export const mappingType: DeviceType = {
  name: "dax_mapping",
  attributes: [
    { name: "end", show: (_kernel, device) => hexLine(rangeOf(device).start + rangeOf(device).size - 1n) },
    { name: "page_offset", show: (_kernel, device) => hexLine(rangeOf(device).fileOffset / pageSize) },
    { name: "start", show: (_kernel, device) => hexLine(rangeOf(device).start) },
  ],
};
