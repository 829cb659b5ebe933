// Steps of a transcript that its notes tell in words: sequences of register writes, injections from outside, lines injected up to a limit.

import { commands } from "../../registers/commands.ts";
import { primaryMailbox } from "../../registers/device-block.ts";
import type { ProbeAction } from "../../src/hardware/probes.ts";
import { encodePayload, payloadBig } from "../../src/platform/payload.ts";
import { returnCodes } from "../../registers/payload-schema.ts";
import type { Entry } from "./capture.ts";
import { numberOf } from "./capture.ts";
import type { MailboxHost } from "./mailbox-host.ts";

const { command } = primaryMailbox.registers;
type Sequence = (host: MailboxHost, opcode: number) => void;

/** By what a note begins with; the opcode is that of the command register in the end. */
const sequences: readonly (readonly [begins: RegExp, run: Sequence])[] = [
  // Theirs had ended the first command before the second write came.
  [/^doorbell written twice/i, (host, opcode) => {
    host.write(command.offset, 8, BigInt(opcode));
    host.ring();
    host.ring();
  }],
  [/^reserved command bit (\d+) set/i, (host, opcode) => {
    host.write(command.offset, 8, BigInt(opcode) | (1n << 40n));
    host.ring();
  }],
];

export const sequenceOf = (note: string): Sequence | undefined => sequences.find(([begins]) => begins.test(note))?.[1];

const poison = /^cxl-inject-poison\b.*?\bstart[ =:"]+(0x[0-9a-f]+|\d+).*?\blength[ =:"]+(0x[0-9a-f]+|\d+)/i;

/** Lines that are poisoned from outside; undefined: the words are not known. */
export function poisonOf(note: string, device: string): Extract<ProbeAction, { kind: "poison" | "clearPoison" }> | undefined {
  const [, start, length] = poison.exec(note) ?? [];
  return start === undefined || length === undefined ? undefined : { kind: "poison", device, dpa: BigInt(start), length: Number(length) };
}

/** An injection of an event record, whatever it says; changes of dynamic capacity have a record for each extent. */
export const isCapacity = (note: string): boolean => /^cxl-(?:add|release)-dynamic-capacity\b/i.test(note);
export const isEvent = (note: string): boolean => /^cxl-inject-(?:[a-z]+-)+event\b/i.test(note) || isCapacity(note);

/** Bytes between lines that an entry of op `limit` counts: it does not say where they lay. */
const apart = 0x1000n;
const mostInjected = 5000n;

/** Injects lines up to the one that was refused, and on until ours refuses too; how many it took. */
export function injectLimit(host: MailboxHost, limit: Entry, refused?: Uint8Array): number {
  const { injectPoison } = commands;
  const count = BigInt(numberOf(limit.value["injected"]));
  const last = refused === undefined ? (count + 1n) * apart : payloadBig(refused, injectPoison.input.fields.address);
  const first = last < count * apart ? 0n : last - count * apart;
  let taken = 0;
  for (let index = 0n; index < mostInjected; index++) {
    if (index === count) continue;
    if (host.run(injectPoison.opcode, encodePayload(injectPoison.input, { address: first + index * apart })).returnCode !== returnCodes.success) break;
    taken++;
  }
  return taken;
}
