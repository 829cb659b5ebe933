// What holds where a command is compared, beyond its values: what its input asks for, and what went before.

import { commands, mediaRange } from "../../registers/commands.ts";
import type { CommandName } from "../../registers/commands.ts";
import { payloadBig, payloadNumber, uuidText } from "../../src/platform/payload.ts";
import type { FeatureDeclaration } from "../../registers/features.ts";
import { deviceLogs, features } from "../../registers/features.ts";

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
  /** Of a feature: not the current value, bytes behind its end, no feature of this id, a version that is not its own. */
  | "not the current value"
  | "beyond the feature"
  | "no such feature"
  | "version of another feature"
  | "part of a feature"
  /** A list is asked for from behind its last entry. */
  | "behind the last entry"
  | "reserved operation"
  | "no ranges"
  /** Poison that is put in or cleared while a scan is under way. */
  | "during a scan"
  /** Theirs counts the offset of a part of its log in entries. */
  | "offset in entries"
  | "lists differ"
  /** Ours has logged poison that was injected. */
  | "logs of its own";

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
const transferMask = 7;
const featureOf = (uuid: string): FeatureDeclaration | undefined => Object.values(features).find((one) => one.uuid === uuid);
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

/** Get and Set Feature. */
function ofFeature({ name, input }: Sent): CommandCircumstance[] {
  const feature = featureOf(uuidText(input.slice(0, 16)));
  if (feature === undefined) return ["no such feature"];
  const found: CommandCircumstance[] = [];
  if (name === "getFeature") {
    const { offset, count, selection } = commands.getFeature.input.fields;
    if (payloadNumber(input, selection) !== 0) found.push("not the current value");
    if (payloadNumber(input, offset) + payloadNumber(input, count) > feature.readable.length) found.push("beyond the feature");
    return found;
  }
  const { flags, offset, version } = commands.setFeature.input.fields;
  const bytes = input.length - commands.setFeature.input.length;
  if (payloadNumber(input, version) !== feature.version) found.push("version of another feature");
  if (payloadNumber(input, offset) + bytes > feature.writable.length) found.push("beyond the feature");
  if ((payloadNumber(input, flags) & transferMask) !== 0 || bytes < feature.writable.length) found.push("part of a feature");
  return found;
}

/** Media operations: what there is none of. */
function ofOperation({ input, capacity }: Sent): CommandCircumstance[] {
  const { class: kind, subclass, count } = commands.mediaOperations.input.fields;
  const [wanted = 0, sub = 0, ranges = 0] = [kind, subclass, count].map((field) => payloadNumber(input, field));
  const found: CommandCircumstance[] = wanted > 1 || sub > wanted ? ["reserved operation"] : [];
  if (wanted !== 0 && ranges === 0) found.push("no ranges");
  const { address, length } = mediaRange.fields;
  const starts = Array.from({ length: Math.floor((input.length - commands.mediaOperations.input.length) / mediaRange.length) }, (_, index) => commands.mediaOperations.input.length + index * mediaRange.length);
  if (wanted !== 0 && starts.some((at) => payloadBig(input, address, at) + payloadBig(input, length, at) > capacity)) found.push("beyond the capacity");
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
  if (name === "getFeature" || name === "setFeature") found.push(...ofFeature(sent));
  if ((name === "addDynamicCapacity" || name === "releaseDynamicCapacity") && payloadNumber(input, commands[name].input.fields.count) === 0) found.push("no ranges");
  if (name === "mediaOperations") found.push(...ofOperation(sent));
  if (name === "getSupportedFeatures" && payloadNumber(input, commands.getSupportedFeatures.input.fields.start) >= Object.keys(features).length) found.push("behind the last entry");
  if (name === "performMaintenance" && ((input[0] ?? 0) === 0 || (input[0] ?? 0) > 2)) found.push("reserved operation");
  if ((input[0] ?? 0) > (largest[name] ?? 0xff)) found.push("reserved action");
  if (sent.isMediaDisabled) found.push("media disabled");
  return found;
}
