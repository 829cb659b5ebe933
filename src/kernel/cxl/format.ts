// How cxl attributes look and are parsed.

import type { Attribute, Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";

export const hex = (value: bigint): string => `0x${value.toString(16)}`;
export const wideHex = (value: bigint): string => `0x${value.toString(16).padStart(16, "0")}`;

/** A readable one-line file. */
export const line = (name: string, show: (device: Device, kernel: Kernel) => string): Attribute => ({ name, show: (kernel, device) => `${show(device, kernel)}\n` });

/** `devtype` and `modalias` that every cxl device but a memdev has. */
export const identity = (devtype: string, number: number): readonly Attribute[] => [line("devtype", () => devtype), line("modalias", () => `cxl:t${number}`)];

/** A number as kstrtoull takes it. @throws SystemError EINVAL */
export function parseNumber(text: string): bigint {
  const trimmed = text.trim();
  if (!/^(0[xX][0-9a-fA-F]+|[0-9]+)$/.test(trimmed)) throw new SystemError("EINVAL", `"${trimmed}" is no number`);
  return BigInt(trimmed);
}

/** A boolean as kstrtobool takes it. @throws SystemError EINVAL */
export function parseBoolean(text: string): boolean {
  const trimmed = text.trim();
  if (/^([1yYtT]|on$)/.test(trimmed)) return true;
  if (/^([0nNfF]|off$)/.test(trimmed)) return false;
  throw new SystemError("EINVAL", `"${trimmed}" is neither 0 nor 1`);
}
