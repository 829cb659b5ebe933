// How cxl attributes look and are parsed.

import type { Attribute, Device } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { parseUnsigned } from "../base/parse.ts";

export { parseBoolean } from "../base/parse.ts";

export const hex = (value: bigint): string => `0x${value.toString(16)}`;
export const wideHex = (value: bigint): string => `0x${value.toString(16).padStart(16, "0")}`;

/** A readable one-line file. */
export const line = (name: string, show: (device: Device, kernel: Kernel) => string): Attribute => ({ name, show: (kernel, device) => `${show(device, kernel)}\n` });

/** `devtype` and `modalias` that every cxl device but a memdev has. */
export const identity = (devtype: string, number: number): readonly Attribute[] => [line("devtype", () => devtype), line("modalias", () => `cxl:t${number}`)];

/** A number of 64 bits as kstrtoull takes it. @throws SystemError EINVAL no number; ERANGE too large */
export const parseNumber = (text: string): bigint => parseUnsigned(text);
