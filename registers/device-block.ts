// CXL device registers of a memory device (CXL 3.2 8.2.9): capability array, event status, memory device status, secondary and primary mailbox.
// The payload of the primary mailbox follows its registers, to the size that the machine gives it; nothing in the block lies behind it.

import type { StructureDeclaration } from "./schema.ts";

/** Bytes of a mailbox's registers, and of the secondary mailbox's payload; places from the start of the device block. */
export const deviceBlock = { status: 0x80, memoryStatus: 0x90, secondaryMailbox: 0x100, primaryMailbox: 0x220, mailboxRegisters: 0x20, secondaryPayload: 0x100 } as const;

/** Capability ids (8.2.9.2). */
export const deviceCapabilityIds = { deviceStatus: 0x0001, primaryMailbox: 0x0002, secondaryMailbox: 0x0003, memoryDeviceStatus: 0x4000 } as const;

/** A capability header: id and place of structure `index`, and its length, which the machine decides for the primary mailbox. */
const header = (index: number, id: number, version: number, offset: number) => ({
  offset: index * 0x10, width: 64, clause: "8.2.9.2", meaning: "Capability header: id and place",
  fields: { id: { bits: [15, 0], access: "RO", reset: id, meaning: "Capability id" }, version: { bits: [23, 16], access: "RO", reset: version, meaning: "Version" }, offset: { bits: [63, 32], access: "RO", reset: offset, meaning: "Bytes from the start of the block" } },
} as const);
const length = (index: number, bytes: number | "mailboxLength") => ({
  offset: index * 0x10 + 8, width: 64, clause: "8.2.9.2", meaning: "Capability header: length",
  fields: { length: { bits: [31, 0], ...(bytes === "mailboxLength" ? { access: "HwInit" as const, key: bytes } : { access: "RO" as const, reset: bytes }), meaning: "Bytes" } },
} as const);

export const deviceCapabilities = {
  name: "deviceCapabilities", clause: "8.2.9.1", length: 0x50, widths: [1, 2, 4, 8],
  registers: {
    array: {
      offset: 0x00, width: 64, clause: "8.2.9.1", meaning: "Device capabilities array",
      fields: { id: { bits: [15, 0], access: "RO", meaning: "0: the array" }, version: { bits: [23, 16], access: "RO", reset: 1, meaning: "Version" }, type: { bits: [27, 24], access: "RO", reset: 1, meaning: "Device type", values: { 0: "by class code", 1: "memory device", 2: "switch mailbox" } }, count: { bits: [47, 32], access: "RO", reset: 4, meaning: "Headers that follow" } },
    },
    header1: header(1, deviceCapabilityIds.deviceStatus, 2, deviceBlock.status), length1: length(1, 8),
    header2: header(2, deviceCapabilityIds.primaryMailbox, 1, deviceBlock.primaryMailbox), length2: length(2, "mailboxLength"),
    header3: header(3, deviceCapabilityIds.secondaryMailbox, 1, deviceBlock.secondaryMailbox), length3: length(3, deviceBlock.mailboxRegisters + deviceBlock.secondaryPayload),
    header4: header(4, deviceCapabilityIds.memoryDeviceStatus, 1, deviceBlock.memoryStatus), length4: length(4, 8),
  },
} as const satisfies StructureDeclaration;

export const deviceStatus = {
  name: "deviceStatus", clause: "8.2.9.3", length: 8, widths: [1, 2, 4, 8],
  registers: {
    eventStatus: {
      offset: 0x00, width: 64, clause: "8.2.9.3.1", meaning: "Event logs that hold a record",
      fields: {
        informational: { bits: 0, access: "RO", meaning: "Informational event log" },
        warning: { bits: 1, access: "RO", meaning: "Warning event log" },
        failure: { bits: 2, access: "RO", meaning: "Failure event log" },
        fatal: { bits: 3, access: "RO", meaning: "Fatal event log" },
        dynamicCapacity: { bits: 4, access: "RO", meaning: "Dynamic capacity event log" },
      },
    },
  },
} as const satisfies StructureDeclaration;

const resets = { 0: "none", 1: "cold", 2: "warm", 3: "hot", 4: "CXL reset" } as const;

export const memoryDeviceStatus = {
  name: "memoryDeviceStatus", clause: "8.2.9.5.1.1", length: 8, widths: [1, 2, 4, 8],
  registers: {
    status: {
      offset: 0x00, width: 64, clause: "8.2.9.5.1.1", meaning: "Memory device status",
      fields: {
        deviceFatal: { bits: 0, access: "RO", meaning: "Fatal error: the device needs a reset" },
        firmwareHalt: { bits: 1, access: "RO", meaning: "Firmware has halted" },
        mediaStatus: { bits: [3, 2], access: "RO", meaning: "State of the media", values: { 0: "not ready", 1: "ready", 2: "error", 3: "disabled" } },
        mailboxReady: { bits: 4, access: "RO", meaning: "Mailboxes accept commands" },
        resetNeeded: { bits: [7, 5], access: "RO", meaning: "Reset that would bring it back", values: resets },
      },
    },
  },
} as const satisfies StructureDeclaration;

/** Registers of a mailbox. The secondary one has no interrupts and no background operations. */
const mailboxRegisters = (isPrimary: boolean) => ({
  capability: {
    offset: 0x00, width: 32, clause: "8.2.9.4.3", clauseInferred: true, meaning: "Mailbox capabilities",
    fields: {
      payloadSize: { bits: [4, 0], ...(isPrimary ? { access: "HwInit" as const, key: "mailboxPayloadShift" as const } : { access: "RO" as const, reset: 8 }), meaning: "Payload size, log2 of bytes" },
      doorbellInterruptCapable: { bits: 5, access: "RO", reset: isPrimary ? 1 : 0, meaning: "The doorbell's clearing can interrupt" },
      backgroundInterruptCapable: { bits: 6, access: "RO", reset: isPrimary ? 1 : 0, meaning: "The end of a background operation can interrupt" },
      interruptMessage: { bits: [10, 7], ...(isPrimary ? { access: "HwInit" as const, key: "mailboxVector" as const } : { access: "RO" as const }), meaning: "MSI-X vector of both" },
      readyTime: { bits: [18, 11], access: "HwInit", key: "mailboxReadySeconds", meaning: "Longest time from reset until ready, s; 0: not said" },
      type: { bits: [22, 19], access: "RO", reset: 1, meaning: "Commands it takes", values: { 0: "by class code", 1: "memory device", 2: "FM API" } },
    },
  },
  control: {
    offset: 0x04, width: 32, clause: "8.2.9.4.4", clauseInferred: true, meaning: "Mailbox control", onWrite: isPrimary ? "mailboxControl" : "secondaryControl",
    fields: {
      doorbell: { bits: 0, access: "RWO", meaning: "1 hands the command to the device, which clears it; writing 0 has no effect" },
      doorbellInterrupt: { bits: 1, access: isPrimary ? "RWL" : "RO", meaning: "Interrupt when the doorbell clears; locked while it is set" },
      backgroundInterrupt: { bits: 2, access: isPrimary ? "RWL" : "RO", meaning: "Interrupt when a background operation ends; locked while the doorbell is set" },
    },
  },
  command: {
    offset: 0x08, width: 64, clause: "8.2.9.4.5", clauseInferred: true, meaning: "Command; locked while the doorbell is set (INFERRED)",
    fields: { opcode: { bits: [15, 0], access: "RWL", meaning: "Opcode" }, payloadLength: { bits: [36, 16], access: "RWL", meaning: "Bytes of input, then of output" } },
  },
  status: {
    offset: 0x10, width: 64, clause: "8.2.9.4.5.1", clauseInferred: true, meaning: "Mailbox status",
    fields: { backgroundOperation: { bits: 0, access: "RO", meaning: "A background operation is under way" }, returnCode: { bits: [47, 32], access: "RO", meaning: "Return code of the last command" }, vendorStatus: { bits: [63, 48], access: "RO", meaning: "Vendor specific status" } },
  },
  background: {
    offset: 0x18, width: 64, clause: "8.2.9.4.5.2", clauseInferred: true, meaning: "Background command status",
    fields: { opcode: { bits: [15, 0], access: "RO", meaning: "Opcode of the operation under way, or of the last one" }, percentage: { bits: [22, 16], access: "RO", meaning: "Per cent done" }, returnCode: { bits: [47, 32], access: "RO", meaning: "How it ended" }, vendorStatus: { bits: [63, 48], access: "RO", meaning: "Vendor specific status" } },
  },
} as const);

export const primaryMailbox = { name: "primaryMailbox", clause: "8.2.9.4", length: deviceBlock.mailboxRegisters, widths: [1, 2, 4, 8], registers: mailboxRegisters(true) } as const satisfies StructureDeclaration;

export const secondaryMailbox = {
  name: "secondaryMailbox", clause: "8.2.9.4", length: deviceBlock.mailboxRegisters + deviceBlock.secondaryPayload, widths: [1, 2, 4, 8],
  registers: {
    ...mailboxRegisters(false),
    payload: { offset: deviceBlock.mailboxRegisters, width: 32, clause: "8.2.9.4.7", clauseInferred: true, meaning: "Command payload", repeat: { count: deviceBlock.secondaryPayload / 4, stride: 4 }, fields: { bytes: { bits: [31, 0], access: "RWL", meaning: "Four bytes; locked while the doorbell is set" } } },
  },
} as const satisfies StructureDeclaration;
