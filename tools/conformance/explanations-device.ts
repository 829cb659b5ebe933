// Differences in device blocks that have a reason: registers, and which effects commands have.

import { primaryMailbox } from "../../registers/device-block.ts";
import type { CommandName } from "../../registers/commands.ts";
import { commandEffects } from "../../registers/payload-schema.ts";
import type { CommandEffect } from "../../registers/payload-schema.ts";
import type { CaptureKind } from "./capture.ts";
import { effectsLog } from "./command-effects.ts";
import type { FunctionKind } from "./topology.ts";
import type { Explanation, Row } from "./rule.ts";
import { rules } from "./rule.ts";

const devices: readonly FunctionKind[] = ["type3"];
const captures: readonly CaptureKind[] = ["device", "accesses", "mailbox"];
const theyHave = [[1, 0]] as const;
const weHave = [[0, 1]] as const;

/** A byte that stands in one place of a dword, or again in each. */
const isOneByte = (value: number): boolean => new Set([0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff).filter((byte) => byte !== 0)).size === 1;
const repeated = (theirs: number, ours: number): boolean => isOneByte(theirs) && ours === 0;
/** Low byte of the capability ids. */
const lastId = 3;
const narrowReads = "Bytes are read as they stand; reads of 1 and 2 bytes give the low bytes of the dword there, wherever in it they are.";
const narrow = { circumstance: "narrow", states: "low bytes of the dword / any" } as const;
const writable = "Read only; theirs keeps what is written.";
const inParts = { circumstance: "command written in parts", states: "0x0 / any" } as const;
const isDropped = (theirs: number, ours: number): boolean => theirs === 0 && ours !== 0;

const onlyHere = "Theirs did it at once; the register shows what ran in the background last.";
const inBackground = { circumstance: "in the background here" } as const;

const registers = rules(captures, [
  ["type of a device block", devices, "deviceCapabilities.array.type", weHave, "CXL 8.2.9.1", "1 for a memory device; theirs leaves it to the class code."],
  ["number of device capabilities", devices, "deviceCapabilities.array.count", [[3, 4]], "CXL 8.2.9.1", "Ours has a secondary mailbox, which is optional."],
  ["secondary mailbox", devices, "secondaryMailbox.list.", weHave, "CXL 8.2.9.2", "Optional; ours has one."],
  ["version of the array by bytes", devices, "deviceCapabilities.array.version", weHave, "CXL 8.2.9", narrowReads, { circumstance: "narrow" }],
  ["number of capabilities by bytes", devices, "deviceCapabilities.array.count", (theirs) => theirs < 0x10000, "CXL 8.2.9", narrowReads, { ...narrow, documentedOnly: true }],
  ["id in a header by bytes", devices, "deviceHeader.header.id", (theirs) => theirs % 0x100 === 0 && theirs <= lastId << 8, "CXL 8.2.9", narrowReads, narrow],
  ["version in a header by bytes", devices, "deviceHeader.header.version", (theirs) => theirs <= lastId, "CXL 8.2.9", narrowReads, narrow],
  ["length in a header by bytes", devices, "deviceHeader.length.length", (theirs) => theirs !== 0, "CXL 8.2.9", narrowReads, { ...narrow, documentedOnly: true }],
  ["event interrupts of a mailbox", devices, "primaryMailbox.capability.doorbellInterruptCapable", weHave, "CXL 8.2.9.4.3", "Optional; the doorbell of ours can interrupt."],
  ["payload size written", devices, "primaryMailbox.capability.payloadSize", [[0x1f, 0x0b], [0, 0x0b]], "CXL 8.2.9.4.3", writable],
  ["background interrupt written", devices, "primaryMailbox.capability.backgroundInterruptCapable", weHave, "CXL 8.2.9.4.3", writable],
  ["vector of the mailbox", devices, "primaryMailbox.capability.interruptMessage", [[7, 1], [6, 0], [0x0f, 1], [0, 1]], "CXL 8.2.9.4.3", "Which vector it uses is the implementation's: 7 there, 1 here (6: its upper bits read alone; 0xf and 0: theirs keeps what is written)."],
  ["ready time written", devices, "primaryMailbox.capability.readyTime", [[0xff, 0]], "CXL 8.2.9.4.3", writable],
  ["type of a mailbox", devices, "primaryMailbox.capability.type", [[0, 1], [0x0f, 1]], "CXL 8.2.9.4.3", "1 for a memory device; theirs leaves it to the class code (0xf: it keeps what is written)."],
  ["reserved bits of the capabilities", devices, "primaryMailbox.+0x0.reserved", [[0xff80_0000, 0]], "CXL 8.2.9.4.3", writable],
  ["reserved bits of the control register", devices, "primaryMailbox.+0x4.reserved", [[0xffff_fff8, 0]], "CXL 8.2.9.4.4", "Reserved: reads 0; theirs keeps what is written."],
  ["reserved bits of the command register", devices, "primaryMailbox.+0xc.reserved", [[0xffff_ffe0, 0]], "CXL 8.2.9.4.5", "Reserved: reads 0; theirs keeps what is written."],
  ["opcode written by dwords", devices, "primaryMailbox.command.opcode", isDropped, "CXL 8.2.9", "Dword writes are legal; theirs drops them.", inParts],
  ["payload length written by dwords", devices, "primaryMailbox.command.payloadLength", isDropped, "CXL 8.2.9", "Dword writes are legal; theirs drops them.", inParts],
  ["background operation at reset", devices, "primaryMailbox.status.backgroundOperation", theyHave, "CXL 8.2.9.4.5.1", "1 while an operation is under way; theirs says so until the first one has ended.", { circumstance: "no background operation yet" }],
  ["memory device status repeated, low", devices, "memoryDeviceStatus.+0x0.reserved", repeated, "CXL 8.2.9.5.1.1", "Reserved: reads 0; theirs repeats the low byte.", { states: "the low byte / 0x0" }],
  ["memory device status repeated, high", devices, "memoryDeviceStatus.+0x4.reserved", repeated, "CXL 8.2.9.5.1.1", "Reserved: reads 0; theirs repeats the low byte.", { states: "the low byte / 0x0" }],
  ["operation that only ours has in the background", devices, "primaryMailbox.status.backgroundOperation", weHave, "CXL 8.2.9.4.5.1", onlyHere, inBackground],
  ["opcode of what only ours has in the background", devices, "primaryMailbox.background.opcode", "any", "CXL 8.2.9.4.5.2", onlyHere, inBackground],
  ["percentage of what only ours has in the background", devices, "primaryMailbox.background.percentage", "any", "CXL 8.2.9.4.5.2", onlyHere, inBackground],
  ["end of what only ours has in the background", devices, "primaryMailbox.background.returnCode", "any", "CXL 8.2.9.4.5.2", onlyHere, { ...inBackground, documentedOnly: true }],
  ...(["informational", "warning", "failure"] as const).map((log): Row => [`event status of its own: ${log}`, devices, `deviceStatus.eventStatus.${log}`, weHave, "CXL 8.2.10.9.4.2", "Ours logs poison that is injected or found; theirs does not.", { circumstance: "logs of its own", documentedOnly: true }]),
  ["percentage of an operation under way", devices, "primaryMailbox.background.percentage", (theirs, ours) => theirs < 100 && ours < 100, "CXL 8.2.9.4.5.2", "How long an operation takes is each device's own.", { circumstance: "operation under way", states: "below 100", documentedOnly: true }],
]);

const inTheEmulator: readonly string[] = ["control", "command", "status"];
/** Writes of 1 and 2 bytes end the emulator. */
const ended = rules(captures, Object.entries(primaryMailbox.registers).map(([name, { clause }]): Row => [`narrow write to the ${name} register`, devices, `primaryMailbox.${name}.emulator ended`, theyHave, `CXL ${clause}`, "Writes of 1 and 2 bytes are legal; the emulator ends.", inTheEmulator.includes(name) ? {} : { documentedOnly: true }]));

type EffectRow = readonly [effect: CommandEffect, expect: readonly (readonly [number, number])[], reason: string, commands: readonly CommandName[]];
const abortable: readonly CommandName[] = ["transferFirmware", "activateFirmware", "scanMedia", "sanitize"];
const firmware: readonly CommandName[] = ["transferFirmware", "activateFirmware"];
const afterReset = "Firmware takes effect with a reset at the latest; theirs says nothing of it.";
const effectRows: readonly EffectRow[] = [
  ["secondaryMailbox", weHave, "Ours takes it on its secondary mailbox; theirs has none.", ["getEventRecords", "getEventInterruptPolicy", "getTimestamp", "getSupportedLogs", "getLog", "identifyMemoryDevice"]],
  ["secondaryMailbox", theyHave, "Bit 7 is support of the secondary mailbox, which theirs has not: it means Request Abort, whose bit is 8.", abortable],
  ["abortable", weHave, "Bit 8 is support of Request Abort; theirs says so in bit 7.", abortable],
  ["configurationAfterColdReset", weHave, afterReset, firmware],
  ["resetEffectsValid", weHave, afterReset, firmware],
  ["configurationAfterConventionalReset", weHave, afterReset, firmware],
  ["configurationAfterCxlReset", weHave, afterReset, firmware],
  ["immediateConfiguration", weHave, "Activation online changes the device at once; theirs says nothing of it.", ["activateFirmware"]],
  ["immediateConfiguration", theyHave, "It changes a policy and no configuration.", ["setEventInterruptPolicy"]],
  ["immediatePolicy", weHave, "It changes a policy; theirs calls it configuration.", ["setEventInterruptPolicy"]],
  ["configurationAfterColdReset", weHave, "Any effect that a feature can have; theirs leaves out the first.", ["setFeature"]],
  ["immediateData", weHave, "What is read of the line changes at once; theirs names no effect.", ["injectPoison", "clearPoison"]],
];

const effects = rules(["mailbox", "accesses"], effectRows.flatMap(([effect, expect, reason, commands]) => commands.map((command): Row => [`${effect} (bit ${commandEffects[effect]}) of ${command}${expect === theyHave ? ", theirs" : ""}`, devices, `${effectsLog}.${command}.${effect}`, expect, "CXL 8.2.10.5.2.1", reason])));

export const deviceExplanations: readonly Explanation[] = [...registers, ...ended, ...effects];
