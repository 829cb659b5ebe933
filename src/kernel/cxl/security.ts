// memX/security: state, sanitize, erase, with Linux's refusals before the device is asked (error-recovery 7; mailbox.md 15, 16).

import { commands } from "../../../registers/commands.ts";
import { payloadNumber } from "../../platform/payload.ts";
import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Attribute, Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { printk } from "../base/kernel.ts";
import { parseBoolean } from "./format.ts";
import { lockRegions, unlockRegions } from "./lock.ts";
import type { Command } from "./mailbox.ts";
import { sendCommand } from "./mailbox.ts";
import { memdevOf, portOf } from "./types.ts";

/** Bits of Get Security State. */
const securityBits = { userSet: 1, locked: 4, frozen: 8, userAttempts: 16, masterAttempts: 32 } as const;
const frozen = securityBits.frozen | securityBits.userAttempts | securityBits.masterAttempts;

export function securityStateOf(memdev: Device): "sanitize" | "disabled" | "frozen" | "locked" | "unlocked" {
  const { sanitize, security } = memdevOf(memdev).state;
  if (sanitize.isActive) return "sanitize";
  if ((security & securityBits.userSet) === 0) return "disabled";
  if ((security & frozen) !== 0) return "frozen";
  return (security & securityBits.locked) === 0 ? "unlocked" : "locked";
}

/** Prints why and goes on throwing. */
const send = task("security.send", function* (kernel: Kernel, memdev: Device, command: Command, failure: string): Task<Uint8Array> {
  const { state } = memdevOf(memdev);
  try {
    return yield* sendCommand(kernel, state, command);
  } catch (thrown) {
    if (thrown instanceof SystemError) printk(kernel, "err", `cxl_pci ${state.device.name}: ${failure} : -${thrown.number}`);
    throw thrown;
  }
});

/**
 * Sanitizes (goes on by itself) or erases (at once) all user data.
 * @throws SystemError EBUSY no endpoint, or a decoder is committed; EINVAL a passphrase is set, or an erase of a locked device; what a command throws
 */
const wipe = task("security.wipe", function* (kernel: Kernel, memdev: Device, name: "sanitize" | "secureErase"): Task<void> {
  const { output } = commands.getSecurityState;
  yield* lockRegions(kernel);
  try {
    const { endpoint } = memdevOf(memdev);
    if (endpoint === null || portOf(endpoint).commitEnd >= 0) throw new SystemError("EBUSY", `${memdev.name} is in use`);
    const flags = payloadNumber(yield* send(kernel, memdev, { name: "getSecurityState", output: output.length }, "Failed to get security state"), output.fields.state);
    memdevOf(memdev).state.security = flags;
    const refused = name === "sanitize" ? securityBits.userSet : securityBits.userSet | securityBits.locked;
    if ((flags & refused) !== 0) throw new SystemError("EINVAL", `${memdev.name}: security state 0x${flags.toString(16)}`);
    yield* send(kernel, memdev, { name }, "Failed to sanitize device");
  } finally {
    unlockRegions(kernel);
  }
});

const store = (file: string, name: "sanitize" | "secureErase"): Attribute => ({
  name: `security/${file}`,
  visible: (_kernel, memdev) => memdevOf(memdev).state.commands.has(name),
  store: task(`security.${file}.store`, function* (kernel: Kernel, memdev: Device, text: string): Task<void> {
    if (!parseBoolean(text)) throw new SystemError("EINVAL", `only 1 starts ${file}`);
    yield* wipe(kernel, memdev, name);
  }),
});

export const securityAttributes: readonly Attribute[] = [{ name: "security/state", show: (_kernel, memdev) => `${securityStateOf(memdev)}\n` }, store("sanitize", "sanitize"), store("erase", "secureErase")];
