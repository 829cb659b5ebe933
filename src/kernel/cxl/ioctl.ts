// What user space can do with /dev/cxl/memX: ask which commands there are, and send one (error-recovery 6.1; mailbox.md 3). Raw commands are off, as
// a kernel is built by default.

import type { CommandName } from "../../../registers/commands.ts";
import { commands } from "../../../registers/commands.ts";
import { deviceLogs } from "../../../registers/features.ts";
import type { CommandDeclaration, PayloadLayout } from "../../../registers/payload-schema.ts";
import { returnCodes } from "../../../registers/payload-schema.ts";
import { payloadBytes, payloadNumber, uuidText } from "../../platform/payload.ts";
import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import type { DeviceState } from "./device-state.ts";
import { identifyLength } from "./identify.ts";
import { CommandError } from "./mailbox-errors.ts";
import { sendCommand } from "./mailbox.ts";
import { memdevOf } from "./types.ts";

/** Commands that the kernel takes from user space, in the order of its table. */
const offered = [
  "identifyMemoryDevice", "getSupportedLogs", "firmwareInfo", "getPartitionInfo", "getLabels", "getHealth", "getLog", "setPartitionInfo", "setLabels", "getAlerts", "setAlerts", "getShutdown", "setShutdown",
  "getScanCapabilities", "getTimestamp", "getLogCapabilities", "clearLog", "getSupportedLogsSubList",
] as const satisfies readonly CommandName[];
export type UserCommand = (typeof offered)[number];

/** Payloads of the commands, as the kernel's header for user space declares them. */
export { commands as userPayloads };

/** A size that depends on the request. */
export const variableSize = -1;
const immediately = 1;

export interface UserCommandInfo {
  readonly name: UserCommand;
  /** Bytes, or `variableSize`. */
  readonly input: number;
  readonly output: number;
  readonly isEnabled: boolean;
}

const sizeOf = (layout: PayloadLayout & { readonly most?: number }): number => (layout.hasData === true || layout.items !== undefined ? variableSize : (layout.most ?? layout.length));

function describe(state: DeviceState, name: UserCommand): UserCommandInfo {
  const { input, output }: CommandDeclaration = commands[name];
  return { name, input: sizeOf(input), output: name === "identifyMemoryDevice" ? identifyLength : sizeOf(output), isEnabled: state.commands.has(name) };
}

/** The table of commands (QUERY). */
export const queryCommands = (memdev: Device): UserCommandInfo[] => offered.map((name) => describe(memdevOf(memdev).state, name));

/** What user space may not do through a command that it may send. */
function isAllowed(name: UserCommand, input: Uint8Array): boolean {
  if (name === "setPartitionInfo") return (payloadNumber(input, commands.setPartitionInfo.input.fields.flags) & immediately) === 0;
  if (name === "clearLog") return uuidText(payloadBytes(input, commands.clearLog.input.fields.id)) === deviceLogs.vendorDebug.uuid;
  return true;
}

/**
 * Sends a command (SEND); what the device thinks of it is in the answer's return code.
 * @throws SystemError ENXIO the memdev is gone; ENOTTY no such command, or the device has it not; EINVAL input beyond the payload; ENOMEM wrong size
 * of input or too little room for output; EBUSY what the kernel keeps to itself, and what the mailbox throws
 */
export const sendFromUser = task("cxl.ioctl", function* (kernel: Kernel, memdev: Device, name: string, input: Uint8Array, room: number): Task<{ readonly returnCode: number; readonly output: Uint8Array }> {
  if (memdev.isDead) throw new SystemError("ENXIO", `${memdev.name} is gone`);
  const { state } = memdevOf(memdev);
  const info = queryCommands(memdev).find((candidate) => candidate.name === name);
  if (info === undefined) throw new SystemError("ENOTTY", `no command ${name}`);
  if (input.length > state.payloadSize) throw new SystemError("EINVAL", `${name}: ${input.length} bytes do not fit the mailbox`);
  if (!info.isEnabled) throw new SystemError("ENOTTY", `${memdev.name} has no ${name}`);
  if (state.exclusive.has(info.name)) throw new SystemError("EBUSY", `${name}: a driver of ${memdev.name} has it to itself`);
  if (info.input !== variableSize && info.input !== input.length) throw new SystemError("ENOMEM", `${name} takes ${info.input} bytes, not ${input.length}`);
  if (info.output !== variableSize && room < info.output) throw new SystemError("ENOMEM", `${name} gives ${info.output} bytes; there is room for ${room}`);
  if (!isAllowed(info.name, input)) throw new SystemError("EBUSY", `${name}: not from user space`);
  try {
    const output = yield* sendCommand(kernel, state, { name: info.name, input, output: info.output === variableSize ? state.payloadSize : info.output, least: 0 });
    return { returnCode: returnCodes.success, output: output.subarray(0, room) };
  } catch (thrown) {
    if (!(thrown instanceof CommandError)) throw thrown;
    return { returnCode: thrown.returnCode, output: new Uint8Array(0) };
  }
});
