// One mailbox: its registers, its payload, and what may be written when (device-registers.md 4).

import type { Known } from "./known-bytes.ts";
import { KnownBytes } from "./known-bytes.ts";

/** Places from the start of a mailbox. */
export const mailboxPlaces = { control: 0x04, command: 0x08, status: 0x10, background: 0x18, payload: 0x20 } as const;
const controlBits = { doorbell: 1, doorbellInterrupt: 2, backgroundInterrupt: 4 } as const;
const enables = controlBits.doorbellInterrupt | controlBits.backgroundInterrupt;
const commandBits = (1n << 37n) - 1n;
const capabilityFields = { interrupts: 0x60, vector: 7, readyTime: 11, type: 19 } as const;

export interface MailboxSettings {
  readonly isPrimary: boolean;
  readonly payloadSize: number;
  readonly vector: number;
  readonly readySeconds: number;
}

export class Mailbox {
  readonly settings: MailboxSettings;
  payload: KnownBytes;
  enabled = 0;
  command = 0n;
  returnCode = 0;
  /** When the doorbell clears; undefined: it is clear. */
  endsAt: number | undefined;

  constructor(settings: MailboxSettings) {
    this.settings = settings;
    this.payload = new KnownBytes(settings.payloadSize);
  }

  get isBusy(): boolean {
    return this.endsAt !== undefined;
  }

  get capability(): bigint {
    const { isPrimary, payloadSize, vector, readySeconds } = this.settings;
    return BigInt(Math.log2(payloadSize) | (isPrimary ? capabilityFields.interrupts | (vector << capabilityFields.vector) : 0) | (readySeconds << capabilityFields.readyTime) | (1 << capabilityFields.type));
  }

  get opcode(): number {
    return Number(this.command & 0xffffn);
  }

  get length(): number {
    return Number((this.command >> 16n) & 0x1f_ffffn);
  }

  interruptsAt(what: "doorbellInterrupt" | "backgroundInterrupt"): boolean {
    return (this.enabled & controlBits[what]) !== 0;
  }

  /** Control and capability, one word of 8 bytes. */
  get first(): bigint {
    return this.capability | (BigInt(this.enabled | (this.isBusy ? controlBits.doorbell : 0)) << 32n);
  }

  /** Status: known without its return code while a command is under way. */
  status(isRunning: boolean): Known {
    const value = (BigInt(this.returnCode) << 32n) | (isRunning ? 1n : 0n);
    const all = (1n << 64n) - 1n;
    const secondary = !this.settings.isPrimary && isRunning ? 1n : 0n;
    return { value, known: (this.isBusy ? 0xffff_ffffn : all) & ~secondary };
  }

  /** Writes what of a mailbox software can write; `at` from its start. True: the doorbell was rung. */
  write(at: number, width: number, value: bigint): boolean {
    if (this.isBusy) return false;
    if (at >= mailboxPlaces.payload) {
      const { payload } = mailboxPlaces;
      this.payload.write(at - payload, width, value);
      return false;
    }
    if (at >= mailboxPlaces.command && at < mailboxPlaces.status) {
      const shift = BigInt(8 * (at - mailboxPlaces.command));
      const mask = ((1n << BigInt(8 * width)) - 1n) << shift;
      this.command = ((this.command & ~mask) | ((value << shift) & mask)) & commandBits;
      return false;
    }
    return this.#writeControl(at, width, value);
  }

  #writeControl(at: number, width: number, value: bigint): boolean {
    const { control } = mailboxPlaces;
    if (at > control || at + width <= control) return false;
    const byte = Number((value >> BigInt(8 * (control - at))) & 0xffn);
    if (this.settings.isPrimary) this.enabled = byte & enables;
    return (byte & controlBits.doorbell) !== 0;
  }

  /** Registers as at the start; `isWhole`: the payload too (open question `payloadAfterReset`). */
  reset(isWhole: boolean): void {
    this.enabled = 0;
    this.command = 0n;
    this.returnCode = 0;
    this.endsAt = undefined;
    if (isWhole) this.payload = new KnownBytes(this.settings.payloadSize);
  }
}
