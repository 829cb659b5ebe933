// Seeded mailbox transactions: a command from its input to its output, misuse of the registers, events, resets, time. The sequence depends on seed and
// description alone.

import type { CommandName } from "../../../registers/commands.ts";
import { commandNames, commands } from "../../../registers/commands.ts";
import { deviceBlock } from "../../../registers/device-block.ts";
import { recordLength } from "../../../registers/events.ts";
import type { DeviceDescription, MailboxDescription } from "../../../src/platform/description.ts";
import { mailboxOf } from "../../../src/platform/description.ts";
import { Choice } from "../differential/accesses.ts";
import type { Action } from "./actions.ts";
import type { Width } from "./bench.ts";
import { mailboxBases } from "./bench.ts";
import type { MailboxName } from "./execute.ts";
import { InputSource } from "./inputs.ts";
import { mailboxPlaces } from "./mailbox.ts";
import { second } from "./units.ts";

const widths = [1, 2, 4, 8] as const;
const maskOf = (width: number): bigint => (1n << BigInt(8 * width)) - 1n;
const million = 1_000_000;
/** Commands that matter most, some more often than others. */
const favourites: readonly CommandName[] = ["getEventRecords", "clearEventRecords", "setEventInterruptPolicy", "transferFirmware", "transferFirmware", "setFeature", "getFeature", "injectPoison", "injectPoison", "getPoisonList", "clearPoison", "setPassphrase", "getTimestamp"];
/** Commands after which much is the same: rare. */
const finals: readonly CommandName[] = ["freezeSecurityState", "sanitize"];

export class TransactionSource {
  readonly #choice: Choice;
  readonly #inputs: InputSource;
  readonly #settings: MailboxDescription;
  #list: Action[] = [];

  constructor(description: DeviceDescription, seed: number) {
    this.#choice = new Choice(seed);
    this.#inputs = new InputSource(description, this.#choice);
    this.#settings = mailboxOf(description);
  }

  /** Actions of one transaction. */
  next(): Action[] {
    this.#list = [];
    const kind = this.#choice.below(1000);
    if (kind < 780) this.#command();
    else if (kind < 860) this.#stray();
    else if (kind < 930) this.#events();
    else if (kind < 965) this.#drain();
    else if (kind < 993) this.#time();
    else this.#add({ kind: "reset", how: this.#choice.pick(["hot", "hot", "cxl", "function", "cold"] as const) });
    this.#add({ kind: "interrupts" });
    return this.#list;
  }

  #add(...actions: readonly Action[]): void {
    this.#list.push(...actions);
  }

  #write(offset: number, width: Width, value: bigint): void {
    this.#add({ kind: "write", offset, width, value: value & maskOf(width) });
  }

  #opcode(): { readonly opcode: number; readonly input: Uint8Array } {
    const choice = this.#choice;
    if (choice.chance(25)) return { opcode: choice.pick([0, 0x0001, 0x0104, 0x3fff, 0x4806, 0xffff, choice.word & 0xffff]), input: new Uint8Array(choice.below(20)) };
    let name = choice.pick(choice.chance(3) ? favourites : commandNames);
    if (finals.includes(name) && !choice.chance(5)) name = choice.pick(favourites);
    return { opcode: commands[name].opcode, input: this.#inputs.of(name) };
  }

  /** Mostly the input's own length; sometimes one that is not legal. */
  #length(length: number, payload: number): number {
    const choice = this.#choice;
    return choice.chance(12) ? choice.pick([0, length + 1, Math.max(0, length - 1), length + 8, payload, payload + 1, 0x1f_ffff]) : length;
  }

  #payload(base: number, input: Uint8Array): void {
    const choice = this.#choice;
    const step: Width = choice.chance(4) ? choice.pick(widths) : 8;
    for (let at = 0; at < input.length; ) {
      const width = (widths.findLast((one) => one <= step && one <= input.length - at) ?? 1);
      let value = 0n;
      for (let index = width - 1; index >= 0; index--) value = (value << 8n) | BigInt(input[at + index] ?? 0);
      this.#write(base + mailboxPlaces.payload + at, width, value);
      at += width;
    }
  }

  #commandRegister(base: number, value: bigint): void {
    const choice = this.#choice;
    const at = base + mailboxPlaces.command;
    const width = choice.chance(4) ? choice.pick(widths) : 8;
    for (let offset = 0; offset < 8; offset += width) this.#write(at + offset, width, value >> BigInt(8 * offset));
  }

  /** Control as Linux writes it, or with enables, in any width. */
  #doorbell(base: number): void {
    const choice = this.#choice;
    const bits = BigInt(1 | choice.pick([0, 2, 4, 6, 6]) | (choice.chance(8) ? 0xf8 : 0));
    const at = base + mailboxPlaces.control;
    if (choice.chance(6)) this.#write(base, 8, bits << 32n);
    else this.#write(at, choice.pick([1, 2, 4, 4, 4] as const), bits);
  }

  #command(): void {
    const choice = this.#choice;
    const mailbox: MailboxName = choice.chance(8) ? "secondary" : "primary";
    const base = mailboxBases[mailbox];
    const payload = mailbox === "primary" ? this.#settings.payloadSize : deviceBlock.secondaryPayload;
    const { opcode, input } = this.#opcode();
    const length = this.#length(input.length, payload);
    this.#payload(base, input.subarray(0, payload));
    if (choice.chance(4)) this.#noise(base, payload);
    this.#commandRegister(base, BigInt(opcode) | (BigInt(length) << 16n) | (choice.chance(8) ? 0xffn << 56n : 0n));
    this.#doorbell(base);
    this.#wait(base, payload);
    this.#add({ kind: "output", mailbox });
    if (choice.chance(12)) this.#add({ kind: "payload", mailbox, bytes: payload + 16 });
    else this.#add({ kind: "read", offset: base + mailboxPlaces.payload + 8 * choice.below(payload / 8), width: 8 });
    this.#glance();
  }

  /** Time until the doorbell clears, in one piece or with misuse on the way. */
  #wait(base: number, payload: number): void {
    const choice = this.#choice;
    const { commandTime } = this.#settings;
    if (choice.chance(12)) return;
    if (!choice.chance(5)) {
      this.#add({ kind: "advance", by: commandTime + (choice.chance(4) ? choice.below(1000) : 0) });
      return;
    }
    const part = choice.pick([1, commandTime - 1, choice.below(commandTime)]);
    this.#add({ kind: "advance", by: part }, { kind: "read", offset: base, width: 8 });
    for (let count = choice.below(4); count > 0; count--) this.#noise(base, payload);
    this.#add({ kind: "read", offset: base + mailboxPlaces.control, width: choice.pick([1, 2, 4]) }, { kind: "advance", by: commandTime - part });
  }

  /** A write somewhere in a mailbox. */
  #noise(base: number, payload: number): void {
    const choice = this.#choice;
    const width = choice.pick(widths);
    const at = choice.pick([mailboxPlaces.control, mailboxPlaces.command, mailboxPlaces.status, mailboxPlaces.background, mailboxPlaces.payload + choice.below(payload), 0]);
    // No ringing by accident: that is for #doorbell.
    const value = choice.value(width) & ~(at === 0 ? 1n << 32n : 1n);
    this.#write(base + (at - (at % width)), width, value);
  }

  /** Accesses to anywhere in the device block. */
  #stray(): void {
    const choice = this.#choice;
    const { primaryMailbox, mailboxRegisters } = deviceBlock;
    const end = primaryMailbox + mailboxRegisters + this.#settings.payloadSize;
    for (let count = 1 + choice.below(6); count > 0; count--) {
      const width = choice.pick(widths);
      const at = choice.pick([choice.below(0x240), choice.below(0x240), choice.below(end + 64), end - 8 + choice.below(16)]);
      const offset = at - (at % width);
      if (choice.chance(2)) this.#write(offset, width, choice.value(width));
      this.#add({ kind: "read", offset, width });
    }
    this.#add({ kind: "advance", by: choice.below(2 * this.#settings.commandTime) });
  }

  #events(): void {
    const choice = this.#choice;
    for (let count = choice.pick([1, 1, 2, 5]); count > 0; count--) {
      const record = Uint8Array.from({ length: recordLength }, () => choice.word & 0xff);
      const logs = this.#settings.logDepths[4] === 0 ? 4 : 5;
      this.#add({ kind: "event", log: choice.below(logs), record });
      if (choice.chance(3)) this.#add({ kind: "interrupts" });
    }
    this.#glance();
  }

  #drain(): void {
    const choice = this.#choice;
    this.#add({ kind: "drain", log: choice.below(5), most: choice.pick([1, 1, 2, 16]), spoil: choice.chance(5) ? 1 : 0, time: this.#settings.commandTime });
    this.#glance();
  }

  #time(): void {
    const choice = this.#choice;
    const { backgroundTime } = this.#settings;
    this.#add({ kind: "advance", by: choice.pick([choice.below(100), backgroundTime * million, Math.floor((backgroundTime * million) / 2), choice.below(4) * million, choice.below(4) * second, 31 * second]) });
    this.#glance();
  }

  /** Event status, device status, background status. */
  #glance(): void {
    const choice = this.#choice;
    this.#add({ kind: "read", offset: choice.pick([deviceBlock.status, deviceBlock.memoryStatus, deviceBlock.primaryMailbox + mailboxPlaces.background, deviceBlock.secondaryMailbox + mailboxPlaces.background]), width: choice.pick(widths) });
  }
}
