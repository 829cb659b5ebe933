// Rules of a memory device's mailboxes (CXL 3.2 8.2.9.4, 8.2.9.5.1.1; device-registers sheet 4).

import { deviceBlock, memoryDeviceStatus, primaryMailbox } from "../../../registers/device-block.ts";
import { extract } from "../../platform/registers.ts";
import type { Part } from "./parts.ts";
import { held } from "./parts.ts";
import { maskOf } from "../../platform/register-places.ts";
import type { Access, Finding, Rule, Touch } from "./rule.ts";

const { control, command, capability } = primaryMailbox.registers;
const doorbell = maskOf(control.fields.doorbell);
const mailboxes = ["primaryMailbox", "secondaryMailbox"] as const;
const controls = mailboxes.map((mailbox) => `${mailbox}.control`);

const isBusy = (part: Part, mailbox: string): boolean => extract(control.fields.doorbell, held(part, "device", `${mailbox}.control`)) === 1;
const mailboxOf = (name: string): string => name.split(".")[0] ?? "";

function rungWhileBusy({ part, place, value, before }: Touch): Finding | undefined {
  if ((value & doorbell) === 0n || (before & doorbell) === 0n) return undefined;
  return { part, register: place.label, field: "doorbell", did: "doorbell was written as 1 while it is 1: no second command starts" };
}

/** The mailbox whose command or payload an access touches, with the register's name. */
function contentOf({ part, space, offset }: Access): { readonly part: Part; readonly mailbox: string; readonly register: string } | undefined {
  if (space !== "device" || part === null) return undefined;
  for (const [mailbox, start] of [["primaryMailbox", deviceBlock.primaryMailbox], ["secondaryMailbox", deviceBlock.secondaryMailbox]] as const) {
    const end = mailbox === "primaryMailbox" ? Infinity : start + deviceBlock.mailboxRegisters + deviceBlock.secondaryPayload;
    if (offset >= start + deviceBlock.mailboxRegisters && offset < end) return { part, mailbox, register: `${mailbox}.payload` };
    if (offset >= start + command.offset && offset < start + command.offset + command.width / 8) return { part, mailbox, register: `${mailbox}.command` };
  }
  return undefined;
}

function touchedWhileBusy(access: Access): Finding | undefined {
  const found = contentOf(access);
  if (access.judgement !== "done" || found === undefined || !isBusy(found.part, found.mailbox)) return undefined;
  const { part, register } = found;
  return { part, register, field: null, did: `${access.isWrite ? "it was written" : "it was read"} while doorbell is 1: ${access.isWrite ? "the bytes are lost" : "what it shows is not the answer"}` };
}

function tooLong({ part, place, next }: Touch): Finding | undefined {
  const mailbox = mailboxOf(place.name);
  const length = extract(command.fields.payloadLength, next);
  const room = 2 ** extract(capability.fields.payloadSize, held(part, "device", `${mailbox}.capability`));
  if (length <= room) return undefined;
  return { part, register: place.label, field: "payloadLength", did: `${length} was written to payloadLength; the mailbox has ${room} bytes` };
}

const isReady = (part: Part): boolean => extract(memoryDeviceStatus.registers.status.fields.mailboxReady, held(part, "device", "memoryDeviceStatus.status")) === 1;

function rungBeforeReady({ part, place, value, before }: Touch): Finding | undefined {
  if ((value & ~before & doorbell) === 0n || isReady(part)) return undefined;
  return { part, register: place.label, field: "doorbell", did: "doorbell was written as 1, but memoryDeviceStatus.status.mailboxReady has not been read as 1 since the device was reset" };
}

function interruptLocked({ part, place, before, next }: Touch): Finding | undefined {
  const enables = maskOf(control.fields.doorbellInterrupt) | maskOf(control.fields.backgroundInterrupt);
  const raised = next & ~before & enables;
  if ((before & doorbell) === 0n || raised === 0n) return undefined;
  const field = (raised & maskOf(control.fields.doorbellInterrupt)) === 0n ? "backgroundInterrupt" : "doorbellInterrupt";
  return { part, register: place.label, field, did: `1 was written to ${field} while doorbell is 1, which locks it` };
}

export const mailboxRules: readonly Rule[] = [
  {
    id: "doorbell", title: "The doorbell is rung only when it reads 0", clause: "8.2.9.4.4",
    asks: "while doorbell is 1 the mailbox is the device's",
    remedy: "poll doorbell until it is 0, or take the interrupt, before the next command",
    watches: [{ on: "write", of: controls, judge: rungWhileBusy }],
  },
  {
    id: "mailbox-busy", title: "Command and payload are left alone while the doorbell is set", clause: "8.2.9.4.4",
    asks: "command and payload are the device's from the doorbell until it clears",
    remedy: "wait for doorbell 0 first",
    watches: [{ on: "access", judge: touchedWhileBusy }],
  },
  {
    id: "interrupt-locked", title: "Interrupt enables of a mailbox are set before the doorbell", clause: "8.2.9.4.4",
    asks: "the interrupt enables are locked while doorbell is 1",
    remedy: "set the enable before the doorbell, or in the same write",
    watches: [{ on: "write", of: controls, judge: interruptLocked }],
  },
  {
    id: "payload-length", title: "The payload fits the mailbox", clause: "8.2.9.4.5",
    asks: "payloadLength is at most the payload size of the capability register",
    remedy: "split the input (Set Feature, Transfer FW and others take parts)",
    watches: [{ on: "write", of: mailboxes.map((mailbox) => `${mailbox}.command`), judge: tooLong }],
  },
  {
    id: "not-ready", title: "Commands wait for Mailbox Interfaces Ready", clause: "8.2.9.5.1.1",
    asks: "after a reset the mailboxes take commands only once memoryDeviceStatus.status.mailboxReady is 1, for which capability.readyTime gives the longest time",
    remedy: "poll memoryDeviceStatus.status until mailboxReady is 1, and stop at deviceFatal or firmwareHalt",
    watches: [{ on: "write", of: controls, judge: rungBeforeReady }],
  },
];
