// What holds where a command is compared, beyond its values: what its input asks for, and what went before.

import { commands } from "../../registers/commands.ts";
import type { CommandName } from "../../registers/commands.ts";
import { payloadBig, payloadNumber, uuidText } from "../../src/platform/payload.ts";
import { deviceLogs } from "../../registers/features.ts";

export type CommandCircumstance =
  /** An address that is no multiple of 64. */
  | "unaligned address"
  /** Bit 0 of the address of Get Poison List. */
  | "restart requested"
  | "beyond the capacity"
  | "no lines"
  | "past the end of the log"
  /** The input is not as long as its count asks. */
  | "length is not of its count"
  | "longer than its fields"
  | "clear all"
  /** The handles of a Clear are not those that the log was last read to begin with. */
  | "not the oldest handles"
  /** Of an interrupt policy. */
  | "reserved mode"
  | "reserved action"
  /** Of firmware: no transfer is open, or the part is not the next one. */
  | "no transfer open"
  | "part out of order"
  | "transfer aborted"
  /** Media status: disabled. */
  | "media disabled"
  /** Theirs holds it because it took what ours refused. */
  | "refused here"
  /** The clock was set: it counts on. */
  | "clock runs"
  /** The command ended the emulator. */
  | "emulator ended"
  /** Theirs did at once what ours does in the background. */
  | "in the background here"
  /** An operation is under way on both. */
  | "operation under way"
  | "reserved bits"
  | "same lines"
  /** Theirs refuses values that its own thresholds do not leave room for. */
  | "beyond their thresholds"
  | "firmware was transferred"
  /** Theirs counts the offset of a part of its log in entries. */
  | "offset in entries"
  | "lists differ";

/** A command as it is sent, to a device that stands as it stands. */
export interface Sent {
  readonly name: CommandName;
  readonly input: Uint8Array;
  /** Bytes that the command register announces. */
  readonly length: number;
  /** Bytes of the device's memory, and of its log of command effects. */
  readonly capacity: bigint;
  readonly effectsLog: number;
  readonly isMediaDisabled: boolean;
}

const line = 64n;
const ranged = new Set<CommandName>(["getPoisonList", "getScanCapabilities", "scanMedia"]);
const addressed = new Set<CommandName>(["injectPoison", "clearPoison"]);
const policies = [0, 1, 2, 3, 4];
const firmwareMode = 2;
/** The log that has no firmware mode. */
const dynamicCapacity = 4;
const alerts = 0x1f;

function ofAddresses({ name, input, capacity }: Sent): CommandCircumstance[] {
  const found: CommandCircumstance[] = [];
  const address = payloadBig(input, [0, 8, ""]);
  const isRange = ranged.has(name);
  const lines = isRange ? payloadBig(input, [8, 8, ""]) : 1n;
  const isRestart = name === "getPoisonList" && address % 2n === 1n;
  if (isRestart) found.push("restart requested");
  if ((isRestart ? address - 1n : address) % line !== 0n) found.push("unaligned address");
  if (address / line + lines > capacity / line) found.push("beyond the capacity");
  if (lines === 0n) found.push("no lines");
  return found;
}

function ofLog({ input, effectsLog }: Sent): CommandCircumstance[] {
  const { id, offset, length } = commands.getLog.input.fields;
  const isEffects = uuidText(input.slice(id[0], id[0] + id[1])) === deviceLogs.commandEffects.uuid;
  return isEffects && payloadNumber(input, offset) + payloadNumber(input, length) > effectsLog ? ["past the end of the log"] : [];
}

function ofClear({ input }: Sent): CommandCircumstance[] {
  const { flags, count } = commands.clearEventRecords.input.fields;
  const found: CommandCircumstance[] = [];
  if ((payloadNumber(input, flags) & 1) === 1) found.push("clear all");
  if (input.length !== commands.clearEventRecords.input.length + 2 * payloadNumber(input, count)) found.push("length is not of its count");
  return found;
}

const largest: Partial<Record<CommandName, number>> = { activateFirmware: 1, transferFirmware: 4 };

/** What an input asks for. */
export function circumstancesOf(sent: Sent): CommandCircumstance[] {
  const { name, input } = sent;
  const found: CommandCircumstance[] = [];
  if (ranged.has(name) || addressed.has(name)) found.push(...ofAddresses(sent));
  if (name === "getLog") found.push(...ofLog(sent));
  if (name === "clearEventRecords") found.push(...ofClear(sent));
  if (name === "setEventInterruptPolicy" && policies.some((index) => ((input[index] ?? 0) & 3) > (index === dynamicCapacity ? 1 : firmwareMode))) found.push("reserved mode");
  if (name === "setAlerts" && (((input[0] ?? 0) | (input[1] ?? 0)) & ~alerts) !== 0) found.push("reserved bits");
  if (name === "setEventInterruptPolicy" && input.length > commands.setEventInterruptPolicy.input.length) found.push("longer than its fields");
  if ((input[0] ?? 0) > (largest[name] ?? 0xff)) found.push("reserved action");
  if (sent.isMediaDisabled) found.push("media disabled");
  return found;
}
