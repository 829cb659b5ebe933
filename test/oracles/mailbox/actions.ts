// What random transactions are made of, and doing it. A list of actions stands for itself: any part of it can be left out.

import { commands } from "../../../registers/commands.ts";
import type { Driver, Width } from "./bench.ts";
import { mailboxBases } from "./bench.ts";
import type { MailboxName } from "./execute.ts";
import { mailboxPlaces } from "./mailbox.ts";
import type { ResetKind } from "./resets.ts";

export type Action =
  | { readonly kind: "read"; readonly offset: number; readonly width: Width }
  | { readonly kind: "write"; readonly offset: number; readonly width: Width; readonly value: bigint }
  | { readonly kind: "advance"; readonly by: number }
  | { readonly kind: "event"; readonly log: number; readonly record: Uint8Array }
  | { readonly kind: "reset"; readonly how: ResetKind }
  /** Reads status, command and the output of a mailbox. */
  | { readonly kind: "output"; readonly mailbox: MailboxName }
  /** Reads the whole payload, and what lies behind it. */
  | { readonly kind: "payload"; readonly mailbox: MailboxName; readonly bytes: number }
  /** Gets the records of a log and clears the oldest of them by their handles; `spoil` is added to the last handle. */
  | { readonly kind: "drain"; readonly log: number; readonly most: number; readonly spoil: number; readonly time: number }
  | { readonly kind: "interrupts" };

const handlesAt = 6;
const recordsAt = 0x20;
const recordBytes = 0x80;
const handleAt = 0x14;
const lengthBits = 0x1f_ffffn;

export function readRange(driver: Driver, offset: number, bytes: number): bigint[] {
  return Array.from({ length: Math.ceil(bytes / 8) }, (_, index) => driver.read(offset + 8 * index, 8));
}

/** Writes a command and rings. */
export function ring(driver: Driver, mailbox: MailboxName, opcode: number, input: Uint8Array): void {
  const base = mailboxBases[mailbox];
  for (const [index, byte] of input.entries()) driver.write(base + mailboxPlaces.payload + index, 1, BigInt(byte));
  driver.write(base + mailboxPlaces.command, 8, BigInt(opcode) | (BigInt(input.length) << 16n));
  driver.write(base + mailboxPlaces.control, 1, (driver.read(base + mailboxPlaces.control, 1) & 6n) | 1n);
}

export function readOutput(driver: Driver, mailbox: MailboxName): Uint8Array {
  const base = mailboxBases[mailbox];
  driver.read(base + mailboxPlaces.control, 4);
  driver.read(base + mailboxPlaces.status, 8);
  driver.read(base + mailboxPlaces.background, 8);
  const length = Number((driver.read(base + mailboxPlaces.command, 8) >> 16n) & lengthBits);
  const words = readRange(driver, base + mailboxPlaces.payload, Math.min(length, 0x1_0000));
  return Uint8Array.from({ length }, (_, index) => Number(((words[index >> 3] ?? 0n) >> BigInt(8 * (index & 7))) & 0xffn));
}

function drain(driver: Driver, { log, most, spoil, time }: Extract<Action, { kind: "drain" }>): void {
  ring(driver, "primary", commands.getEventRecords.opcode, Uint8Array.of(log));
  driver.advance(time);
  const output = readOutput(driver, "primary");
  const count = Math.min(most, Math.max(0, Math.floor((output.length - recordsAt) / recordBytes)));
  const input = new Uint8Array(handlesAt + 2 * count);
  input.set([log, 0, count]);
  for (let index = 0; index < count; index++) {
    const at = recordsAt + index * recordBytes + handleAt;
    const handle = ((output[at] ?? 0) | ((output[at + 1] ?? 0) << 8)) + (index === count - 1 ? spoil : 0);
    input.set([handle & 0xff, (handle >> 8) & 0xff], handlesAt + 2 * index);
  }
  ring(driver, "primary", commands.clearEventRecords.opcode, input);
  driver.advance(time);
  readOutput(driver, "primary");
}

export function perform(driver: Driver, action: Action): void {
  switch (action.kind) {
    case "read": driver.read(action.offset, action.width); break;
    case "write": driver.write(action.offset, action.width, action.value); break;
    case "advance": driver.advance(action.by); break;
    case "event": driver.injectEvent(action.log, action.record); break;
    case "reset": driver.reset(action.how); break;
    case "output": readOutput(driver, action.mailbox); break;
    case "payload": readRange(driver, mailboxBases[action.mailbox] + mailboxPlaces.payload, action.bytes); break;
    case "drain": drain(driver, action); break;
    default: driver.takeInterrupts();
  }
}

/** One line about an action. */
export function tell(action: Action): string {
  switch (action.kind) {
    case "read": return `read +0x${action.offset.toString(16)} w${action.width}`;
    case "write": return `write +0x${action.offset.toString(16)} w${action.width} <- 0x${action.value.toString(16)}`;
    case "advance": return `advance ${action.by} ns`;
    case "event": return `event into log ${action.log}`;
    case "reset": return `reset: ${action.how}`;
    case "output": return `read the ${action.mailbox} mailbox's answer`;
    case "payload": return `read the ${action.mailbox} mailbox's payload`;
    case "drain": return `clear up to ${action.most} records of log ${action.log}${action.spoil === 0 ? "" : ", the last handle wrong"}`;
    default: return "take interrupts";
  }
}
