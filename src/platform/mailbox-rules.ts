// What a device's command interface must satisfy, said once: the scenario file adds the place, the hardware refuses.

import { commandNames, commands } from "../../registers/commands.ts";
import { deviceBlock } from "../../registers/device-block.ts";
import { eventLogs } from "../../registers/events.ts";
import type { PayloadFields } from "../../registers/payload-schema.ts";
import type { DeviceDescription, DynamicRegionDescription, MailboxDescription } from "./description.ts";
import { mailboxOf } from "./description.ts";

export interface MailboxProblem {
  readonly key: keyof MailboxDescription;
  /** Which one of a list. */
  readonly index?: number;
  readonly message: string;
}

const granule = 256n << 20n;
/** Where the device block starts in BAR 0, and the primary payload in it. */
const payloadAt = 0x2_0000 + deviceBlock.primaryMailbox + deviceBlock.mailboxRegisters;
const addressLimit = 1n << 52n;
const word = 0xffff_ffff;
const most = 4096;
const mostRegions = 8;
const revisionLength = 16;
/** The mailbox ready time is a byte of seconds. */
const longestReady = 255_000_000_000;

const isPowerOfTwo = (value: bigint): boolean => value > 0n && (value & (value - 1n)) === 0n;

interface Range {
  readonly key: keyof MailboxDescription;
  readonly value: number;
  readonly from: number;
  readonly to: number;
  readonly unit: string;
  readonly index?: number;
}

const outside = ({ value, from, to }: Range): boolean => !Number.isInteger(value) || value < from || value > to;
const outsideProblem = ({ key, value, from, to, unit, index }: Range): MailboxProblem => ({ key, ...(index === undefined ? {} : { index }), message: `${value} is not in ${from}..${to}${unit}` });

function ranges(mailbox: MailboxDescription): readonly Range[] {
  const logs = mailbox.logDepths.map((value, index): Range => ({ key: "logDepths", index, value, from: index < 4 || mailbox.dynamicRegions.length > 0 ? 1 : 0, to: most, unit: ` records of the ${eventLogs[index]} log` }));
  return [
    { key: "commandTime", value: mailbox.commandTime, from: 0, to: Number.MAX_SAFE_INTEGER, unit: " ns" },
    { key: "readyTime", value: mailbox.readyTime, from: 0, to: longestReady, unit: " ns; a device announces 255 s at most (8.2.9.4.3)" },
    { key: "backgroundTime", value: mailbox.backgroundTime, from: 0, to: word, unit: " whole milliseconds" },
    { key: "poisonListSize", value: mailbox.poisonListSize, from: 1, to: most, unit: " media error records" },
    { key: "injectPoisonLimit", value: mailbox.injectPoisonLimit, from: 0, to: 0xffff, unit: " lines; 0 is no limit" },
    { key: "dynamicExtents", value: mailbox.dynamicExtents, from: 1, to: most, unit: " extents" },
    ...logs,
  ];
}

function payloadProblem({ payloadSize }: MailboxDescription, barSize: bigint): string | undefined {
  if (!Number.isInteger(payloadSize) || payloadSize < 256 || payloadSize > 1 << 20 || !isPowerOfTwo(BigInt(payloadSize))) return `${payloadSize} bytes is not a power of two from 256 bytes to 1 MiB (8.2.9.4.3)`;
  const needed = payloadAt + payloadSize;
  if (BigInt(needed) <= barSize) return undefined;
  return `${payloadSize} bytes end at ${needed} of BAR 0, which has ${barSize}; give the device a barSize of ${2 ** Math.ceil(Math.log2(needed))}, or take a smaller payload`;
}

function firmwareProblem({ firmware, activeSlot = 1 }: MailboxDescription): { readonly index?: number; readonly message: string } | undefined {
  if (firmware.length < 2 || firmware.length > 4) return { message: `${firmware.length} slots; a device has 2 to 4, an empty text is an empty slot` };
  if (!Number.isInteger(activeSlot) || activeSlot < 1 || activeSlot > firmware.length) return { message: `slot ${activeSlot} is not there to be active; there are 1 to ${firmware.length}` };
  if (firmware[activeSlot - 1] === "") return { index: activeSlot - 1, message: `slot ${activeSlot} is the active one; give it a revision` };
  const index = firmware.findIndex((revision) => revision.length > revisionLength || !/^[ -~]*$/.test(revision));
  return index < 0 ? undefined : { index, message: `"${firmware[index]}" is not a revision of at most ${revisionLength} ASCII characters` };
}

/** Whether a field of an answer holds a value: temperatures are signed. */
function answerProblem(fields: PayloadFields, values: Readonly<Record<string, number | undefined>>): string | undefined {
  for (const [name, value] of Object.entries(values)) {
    const field = fields[name];
    if (value === undefined || field === undefined) continue;
    const [, size, meaning] = field;
    const [from, to] = meaning.startsWith("Signed") ? [-(2 ** (8 * size - 1)), 2 ** (8 * size - 1) - 1] : [0, 2 ** (8 * size) - 1];
    if (!Number.isInteger(value) || value < from || value > to) return `${name} is ${from}..${to}, not ${value}`;
  }
  return undefined;
}

const revisionProblem = ({ revision }: MailboxDescription): string | undefined => (revision === undefined || (revision !== "" && revision.length <= revisionLength && /^[ -~]*$/.test(revision)) ? undefined : `"${revision}" is not a revision of 1 to ${revisionLength} ASCII characters`);

function regionProblem({ length, blockSize }: DynamicRegionDescription): string | undefined {
  if (length <= 0n || length % granule !== 0n) return `a length of ${length} bytes is not a positive multiple of 256 MiB`;
  if (blockSize < 64n || !isPowerOfTwo(blockSize)) return `a block of ${blockSize} bytes is not a power of two of at least 64`;
  return length % blockSize === 0n ? undefined : `a length of ${length} bytes is no whole number of blocks of ${blockSize}`;
}

function regionsProblems({ dynamicRegions }: MailboxDescription, capacity: bigint): MailboxProblem[] {
  const key = "dynamicRegions";
  const problems = dynamicRegions.flatMap((region, index): MailboxProblem[] => {
    const message = regionProblem(region);
    return message === undefined ? [] : [{ key, index, message }];
  });
  if (dynamicRegions.length > mostRegions) problems.push({ key, message: `${dynamicRegions.length} regions; a device has ${mostRegions} at most` });
  if (capacity + dynamicRegions.reduce((sum, region) => sum + region.length, 0n) > addressLimit) problems.push({ key, message: "static and dynamic capacity together are more than 2^52 bytes; make the regions shorter" });
  return problems;
}

function alignmentProblem({ partitionAlignment }: MailboxDescription, parts: readonly bigint[]): string | undefined {
  if (partitionAlignment < 0n || partitionAlignment % granule !== 0n) return `${partitionAlignment} bytes is no multiple of 256 MiB; 0 is a device that cannot be partitioned`;
  const odd = partitionAlignment === 0n ? undefined : parts.find((part) => part % partitionAlignment !== 0n);
  return odd === undefined ? undefined : `a capacity of ${odd} bytes is no multiple of ${partitionAlignment}; volatile and persistent capacity start on the alignment`;
}

/** Everything wrong with a device's command interface, in order of its keys. */
export function mailboxProblems(device: DeviceDescription): readonly MailboxProblem[] {
  const mailbox = mailboxOf(device);
  const parts = [device.volatileCapacity, device.persistentCapacity ?? 0n] as const;
  const problems: MailboxProblem[] = [];
  const add = (key: keyof MailboxDescription, message: string | undefined, index?: number): void => {
    if (message !== undefined) problems.push({ key, message, ...(index === undefined ? {} : { index }) });
  };
  add("payloadSize", payloadProblem(mailbox, device.barSize));
  for (const [index, name] of mailbox.commands.entries()) if (!commandNames.includes(name)) add("commands", `there is no command "${name}"`, index);
  problems.push(...ranges(mailbox).filter(outside).map(outsideProblem));
  add("partitionAlignment", alignmentProblem(mailbox, parts));
  const firmware = firmwareProblem(mailbox);
  add("firmware", firmware?.message, firmware?.index);
  add("revision", revisionProblem(mailbox));
  add("health", answerProblem(commands.getHealth.output.fields, mailbox.health ?? {}));
  add("alerts", answerProblem(commands.getAlerts.output.fields, mailbox.alerts ?? {}));
  problems.push(...regionsProblems(mailbox, parts[0] + parts[1]));
  return problems;
}
