// The command interface of a device when a machine is built: room for it, logs, regions, firmware (see docs/decisions/0004).

import { addBlock, entityAddress } from "../build";
import * as C from "../generated/commands";
import * as R from "../generated/registers";
import { Device, Machine, NEVER, SPACE_DEVICE, root, take } from "../machine";
import { factoryDefaults } from "./health";
import { Background, Cci, EXTENT_STRIDE, EventLog, FACTORY_ACTIVE_SLOT, FACTORY_ALERTS, FACTORY_BYTES, FACTORY_REVISION, FEATURE_BYTES, HEALTH_BYTES, HISTORY, MAILBOX_FAULTS, Mailbox, MailboxFault, PASSPHRASE_BYTES, POISON_STRIDE, REGION_STRIDE, SLOT_BYTES } from "./state";

const FIRMWARE_SLOTS: u32 = 4;
const SECURITY_MESSAGE_BYTES: u32 = 64;

/** Bytes that a device's command interface takes. */
export function sizeOfMailbox(payloadShift: u32, records: u32, poisonRecords: u32, regions: u32, extents: u32): u32 {
  const fixed = offsetof<Cci>() + 2 * offsetof<Mailbox>() + offsetof<Background>() + C.LOG_COUNT * offsetof<EventLog>() + 2 * C.FEATURE_COUNT * FEATURE_BYTES + FEATURE_BYTES + (FIRMWARE_SLOTS + 1) * SLOT_BYTES
    + 2 * PASSPHRASE_BYTES + SECURITY_MESSAGE_BYTES + 2 * HEALTH_BYTES + FACTORY_BYTES + 2 * HISTORY * 8 + MAILBOX_FAULTS * offsetof<MailboxFault>();
  return <u32>fixed + (1 << payloadShift) + records * C.RECORD_BYTES + 2 * poisonRecords * POISON_STRIDE + regions * REGION_STRIDE + 2 * extents * EXTENT_STRIDE + 512;
}

/** The command interface of a device: right after it, before its keys. Depths are given by `addEventLog`, in order of logs. */
export function addMailbox(entity: u32, payloadShift: u32, poisonRecords: u32, regions: u32, extents: u32, readyLow: u32, readyHigh: u32): void {
  const m = root();
  const device = changetype<Device>(entityAddress(m, entity));
  const cci = changetype<Cci>(take(m, offsetof<Cci>()));
  device.cci = cci;
  device.registers = addBlock(m, device, SPACE_DEVICE, R.BLOCK_DEVICE_REGISTERS, 1 << payloadShift);
  cci.primary = addOneMailbox(m, R.DEVICE_PRIMARY_MAILBOX_CAPABILITY, device.registers.image + (<usize>device.registers.dwords << 2), payloadShift, 1);
  cci.secondary = addOneMailbox(m, R.DEVICE_SECONDARY_MAILBOX_CAPABILITY, device.registers.image + (<usize>R.DEVICE_SECONDARY_MAILBOX_PAYLOAD << 2), C.SECONDARY_PAYLOAD_SHIFT, 0);
  cci.background = changetype<Background>(take(m, offsetof<Background>()));
  cci.background.nextAt = NEVER;
  cci.readyAt = NEVER;
  cci.nextAt = NEVER;
  cci.readyTime = (<u64>readyHigh << 32) | <u64>readyLow;
  cci.logs = take(m, <usize>C.LOG_COUNT * offsetof<EventLog>());
  cci.poison = take(m, <usize>(poisonRecords * POISON_STRIDE));
  cci.scan = take(m, <usize>(poisonRecords * POISON_STRIDE));
  cci.poisonCapacity = poisonRecords;
  cci.slots = take(m, FIRMWARE_SLOTS * SLOT_BYTES);
  cci.package = take(m, SLOT_BYTES);
  cci.features = take(m, C.FEATURE_COUNT * FEATURE_BYTES);
  cci.savedFeatures = take(m, C.FEATURE_COUNT * FEATURE_BYTES);
  cci.part = take(m, FEATURE_BYTES);
  cci.userPassphrase = take(m, PASSPHRASE_BYTES);
  cci.masterPassphrase = take(m, PASSPHRASE_BYTES);
  cci.securityMessage = take(m, SECURITY_MESSAGE_BYTES);
  cci.health = take(m, HEALTH_BYTES);
  cci.alerts = take(m, HEALTH_BYTES);
  cci.factory = take(m, FACTORY_BYTES);
  factoryDefaults(cci);
  cci.history = take(m, HISTORY * 8);
  cci.vendorLog = take(m, HISTORY * 8);
  cci.regions = take(m, <usize>(regions * REGION_STRIDE));
  cci.extents = take(m, <usize>(extents * EXTENT_STRIDE));
  cci.offers = take(m, <usize>(extents * EXTENT_STRIDE));
  cci.extentCapacity = extents;
  cci.faults = take(m, <usize>MAILBOX_FAULTS * offsetof<MailboxFault>());
}

function addOneMailbox(m: Machine, index: u32, payload: usize, payloadShift: u32, isPrimary: u32): Mailbox {
  const mailbox = changetype<Mailbox>(take(m, offsetof<Mailbox>()));
  mailbox.index = index;
  mailbox.payload = payload;
  mailbox.payloadBytes = 1 << payloadShift;
  mailbox.isPrimary = isPrimary;
  mailbox.endAt = NEVER;
  return mailbox;
}

/** How many records event log `number` of a device holds; 0: it has no such log. */
export function addEventLog(entity: u32, number: u32, depth: u32): void {
  const m = root();
  const log = changetype<EventLog>(changetype<Device>(entityAddress(m, entity)).cci.logs + <usize>number * offsetof<EventLog>());
  log.capacity = depth;
  log.nextHandle = 1;
  log.records = take(m, <usize>(depth * C.RECORD_BYTES));
}

/** A dynamic capacity region of a device, in order. */
export function addRegion(entity: u32, baseLow: u32, baseHigh: u32, sizeLow: u32, sizeHigh: u32, blockLow: u32, blockHigh: u32): void {
  const cci = changetype<Device>(entityAddress(root(), entity)).cci;
  const region = cci.regions + <usize>(cci.regionCount++ * REGION_STRIDE);
  store<u64>(region, (<u64>baseHigh << 32) | <u64>baseLow);
  store<u64>(region, (<u64>sizeHigh << 32) | <u64>sizeLow, 8);
  store<u64>(region, (<u64>blockHigh << 32) | <u64>blockLow, 16);
}

/** Where the host writes how a device leaves the factory, where that is not as the defaults: 0 health, 1 alerts, 2 the revision that Identify gives, 3 the active slot. */
export function factoryPart(entity: u32, part: u32): usize {
  const factory = changetype<Device>(entityAddress(root(), entity)).cci.factory;
  if (part == 0) return factory;
  return factory + (part == 1 ? FACTORY_ALERTS : part == 2 ? FACTORY_REVISION : FACTORY_ACTIVE_SLOT);
}

/** Where the host writes the revisions of a device's firmware slots: four of 16 bytes. */
export function firmwareSlots(entity: u32): usize {
  return changetype<Device>(entityAddress(root(), entity)).cci.slots;
}
