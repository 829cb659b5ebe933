// The group cxl_isolation in a root port's directory, as the July 2025 series has it: isolation_ctrl, timeout_ctrl, timeout_range (timeout-isolation sheet 10).

import type { DriverAttribute, DriverDevice, DriverServices } from "../../platform/driver.ts";
import type { Task } from "../../sim/task.ts";
import type { Arming, Capability, IsolationRegisters } from "./control.ts";
import { arm, disable, parseRange } from "./control.ts";
import { spanNameOf } from "./timeout.ts";

export interface Controlled {
  readonly port: DriverDevice;
  readonly registers: IsolationRegisters;
  readonly capability: Capability;
  readonly arming: Arming;
  /** _OSC gave control of the enable bit. */
  readonly isOurs: boolean;
}

/** A truth value as kstrtobool knows it. @throws EINVAL */
function truthOf(kernel: DriverServices, text: string): boolean {
  if (/^([1yt]|on)/i.test(text)) return true;
  if (/^([0nf]|of)/i.test(text)) return false;
  throw kernel.error("EINVAL", `"${text.trim()}" is no truth value`);
}

/** CXL.mem is to be quiesced when the enable bit changes: nothing may be decoded through the port (INFERRED: the series does not ask). */
function checkQuiesced(kernel: DriverServices, port: DriverDevice): void {
  const [region] = kernel.cxl.regionsBelow(port);
  if (region !== undefined) throw kernel.error("EBUSY", `${region.name} is decoded through ${port.name}`);
}

function* storeIsolation(kernel: DriverServices, { port, registers, capability, arming, isOurs }: Controlled, text: string): Task<void> {
  const isOn = truthOf(kernel, text);
  if (!isOurs) throw kernel.error("EPERM", "platform firmware controls CXL.mem isolation");
  checkQuiesced(kernel, port);
  if (isOn) arm(kernel, registers, capability, arming);
  else yield* disable(kernel, registers, arming.defects);
}

function storeTimeout(kernel: DriverServices, { registers, capability, arming }: Controlled, text: string): void {
  const isOn = truthOf(kernel, text);
  if (capability.memoryTimeout !== (arming.defects.has("timeout-when-unsupported") ? 0 : 1)) throw kernel.error("EOPNOTSUPP", "the port has no transaction timeout");
  registers.control.modify({ memoryTimeoutEnable: isOn ? 1 : 0 });
}

/** The files of one port. */
export function isolationFiles(kernel: DriverServices, controlled: Controlled): Readonly<Record<string, DriverAttribute>> {
  const { registers, capability, arming } = controlled;
  const bit = (field: "memoryIsolationEnable" | "memoryTimeoutEnable") => (): string => `${registers.control.get(field)}\n`;
  return {
    isolation_ctrl: { show: bit("memoryIsolationEnable"), store: (text) => storeIsolation(kernel, controlled, text) },
    timeout_ctrl: { show: bit("memoryTimeoutEnable"), store: (text) => storeTimeout(kernel, controlled, text) },
    timeout_range: {
      show: () => `${spanNameOf(registers.control.get("memoryTimeoutValue"))}\n`,
      store: (text) => registers.control.modify({ memoryTimeoutValue: parseRange(kernel, text.replace(/\n$/, ""), capability.memoryTimeoutRanges, arming.defects) }),
    },
  };
}
