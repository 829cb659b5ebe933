// The command interface of a device as the module is told of it: room, logs, regions, firmware, and the machine keys of it.

import { commandNames, commands } from "../../registers/commands.ts";
import { deviceBlock } from "../../registers/device-block.ts";
import { eventLogs } from "../../registers/events.ts";
import type { MachineKey } from "../../registers/keys.ts";
import type { PayloadFields } from "../../registers/payload-schema.ts";
import { messageNumbers } from "../../registers/constants.ts";
import type { DeviceDescription, MailboxDescription } from "../platform/description.ts";
import { mailboxOf } from "../platform/description.ts";
import { encodeFields } from "../platform/payload.ts";
import type { ModuleExports } from "./module.ts";

const unitShift = 28n;
const slotBytes = 16;
const second = 1_000_000_000;
const mostReadySeconds = 255;

const low = (value: bigint): number => Number(value & 0xffff_ffffn);
const high = (value: bigint): number => Number(value >> 32n);
const payloadShift = ({ payloadSize }: MailboxDescription): number => Math.log2(payloadSize);

/** Bytes of module memory for a device's command interface. */
export function mailboxBytes(exports: ModuleExports, device: DeviceDescription): number {
  const mailbox = mailboxOf(device);
  const records = mailbox.logDepths.reduce((sum, depth) => sum + depth, 0);
  return exports.sizeOfMailbox(payloadShift(mailbox), records, mailbox.poisonListSize, mailbox.dynamicRegions.length, mailbox.dynamicExtents) >>> 0;
}

/** Gives a device its command interface, right after the device itself. */
export function addMailbox(exports: ModuleExports, id: number, device: DeviceDescription): void {
  const mailbox = mailboxOf(device);
  const { readyTime } = mailbox;
  exports.addMailbox(id, payloadShift(mailbox), mailbox.poisonListSize, mailbox.dynamicRegions.length, mailbox.dynamicExtents, readyTime % 0x1_0000_0000 >>> 0, Math.floor(readyTime / 0x1_0000_0000));
  for (const number of eventLogs.keys()) exports.addEventLog(id, number, mailbox.logDepths[number] ?? 0);
  let base = device.volatileCapacity + (device.persistentCapacity ?? 0n);
  for (const region of mailbox.dynamicRegions) {
    exports.addRegion(id, low(base), high(base), low(region.length), high(region.length), low(region.blockSize), high(region.blockSize));
    base += region.length;
  }
  writeFactory(exports, id, mailbox);
  const slots = exports.firmwareSlots(id) >>> 0;
  const bytes = new Uint8Array(exports.memory.buffer);
  for (const [slot, revision] of mailbox.firmware.entries()) bytes.set(new TextEncoder().encode(revision).subarray(0, slotBytes), slots + slot * slotBytes);
}

/** Unsigned as the field has it. */
const unsigned = (value: number, size: number): number => (value < 0 ? value + 2 ** (8 * size) : value);

/** Fields of an answer as it is at first, where the device has them otherwise than most. */
function writeAnswer(exports: ModuleExports, at: number, fields: PayloadFields, values: Readonly<Record<string, number | undefined>>): void {
  const given = Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, unsigned(value, fields[name]?.[1] ?? 1)] as const]));
  encodeFields(new Uint8Array(exports.memory.buffer), fields, Object.fromEntries(given), at);
}

/** Parts of `factoryPart`. */
const factory = { health: 0, alerts: 1, revision: 2, activeSlot: 3 } as const;

function writeFactory(exports: ModuleExports, id: number, { health, alerts, revision, activeSlot }: MailboxDescription): void {
  const part = (number: number): number => exports.factoryPart(id, number) >>> 0;
  if (health !== undefined) writeAnswer(exports, part(factory.health), commands.getHealth.output.fields, health);
  if (alerts !== undefined) writeAnswer(exports, part(factory.alerts), commands.getAlerts.output.fields, alerts);
  const bytes = new Uint8Array(exports.memory.buffer);
  if (revision !== undefined) bytes.set(new TextEncoder().encode(revision).subarray(0, slotBytes), part(factory.revision));
  if (activeSlot !== undefined) bytes[part(factory.activeSlot)] = activeSlot;
}

/** A bit for every command of a device: 0..31, and 32..63. */
function commandBits(mailbox: MailboxDescription): readonly [number, number] {
  const has = new Set<string>(mailbox.commands);
  const bits: [number, number] = [0, 0];
  for (const [number, name] of commandNames.entries()) if (has.has(name)) bits[number < 32 ? 0 : 1] |= 1 << (number % 32);
  return bits;
}

/** Machine keys of a device's command interface. */
export function mailboxKeys(device: DeviceDescription, vectors: number): Partial<Record<MachineKey, number>> {
  const mailbox = mailboxOf(device);
  const [commandsLow, commandsHigh] = commandBits(mailbox);
  const [informationalDepth, warningDepth, failureDepth, fatalDepth, dynamicCapacityDepth] = mailbox.logDepths;
  return {
    mailboxPayloadShift: payloadShift(mailbox), mailboxLength: deviceBlock.mailboxRegisters + mailbox.payloadSize, mailboxVector: Math.min(messageNumbers.mailbox, vectors - 1),
    mailboxReadySeconds: Math.min(mostReadySeconds, Math.ceil(mailbox.readyTime / second)), commandTime: mailbox.commandTime, backgroundTime: mailbox.backgroundTime, commandsLow, commandsHigh,
    informationalDepth, warningDepth, failureDepth, fatalDepth, dynamicCapacityDepth, poisonListSize: mailbox.poisonListSize, injectPoisonLimit: mailbox.injectPoisonLimit,
    labelAreaSize: Number(device.labelArea ?? 0n), partitionAlignment: Number(mailbox.partitionAlignment >> unitShift), firmwareSlots: mailbox.firmware.length, onlineActivation: mailbox.onlineActivation ? 1 : 0,
    dynamicRegions: mailbox.dynamicRegions.length, dynamicExtents: mailbox.dynamicExtents,
  };
}
