// A reference device for examples worked by hand: commands are sent with the answer that is expected; an answer that no sheet allows throws.

import type { CommandName } from "../../../registers/commands.ts";
import { commands } from "../../../registers/commands.ts";
import { deviceBlock } from "../../../registers/device-block.ts";
import type { DeviceDescription, MailboxDescription } from "../../../src/platform/description.ts";
import { device } from "../reference/descriptions.ts";
import type { DeviceChoices } from "./choices.ts";
import { exampleChoices } from "./choices.ts";
import type { Observer } from "./device.ts";
import { ReferenceDevice } from "./device.ts";
import type { MailboxName } from "./execute.ts";
import { mailboxPlaces } from "./mailbox.ts";

const commandTime = 2000;
export const bases = { primary: deviceBlock.primaryMailbox, secondary: deviceBlock.secondaryMailbox } as const;

export class Example {
  readonly device: ReferenceDevice;
  #code = 0;
  #backgroundCode = 0;
  #own: readonly number[] = [];
  readonly #observer: Observer = { returnCode: () => this.#code, backgroundCode: () => this.#backgroundCode, outputLength: () => this.#own.length, payloadByte: (_, index) => this.#own[index] ?? 0xa5 };

  constructor(settings: Partial<MailboxDescription> = {}, description: Partial<DeviceDescription> = {}, choices: Partial<DeviceChoices> = {}) {
    this.device = new ReferenceDevice(device("dev0", { ...description, mailbox: { commandTime, backgroundTime: 5000, ...settings } }), { ...exampleChoices, ...choices });
  }

  get now(): number {
    return this.device.state.now;
  }

  wait(time: number, backgroundCode = 0): void {
    this.#backgroundCode = backgroundCode;
    this.device.advance(this.now + time, this.#observer);
  }

  /** What the device gives next where bytes are its own choice. */
  answers(bytes: readonly number[]): this {
    this.#own = bytes;
    return this;
  }

  put(bytes: Uint8Array | readonly number[], mailbox: MailboxName = "primary"): void {
    for (const [index, byte] of Array.from(bytes).entries()) this.device.write(bases[mailbox] + mailboxPlaces.payload + index, 1, BigInt(byte));
  }

  ring(opcode: number, length: number, mailbox: MailboxName = "primary"): void {
    this.device.write(bases[mailbox] + mailboxPlaces.command, 8, BigInt(opcode) | (BigInt(length) << 16n));
    this.device.write(bases[mailbox] + mailboxPlaces.control, 4, 1n | (this.device.read(bases[mailbox] + mailboxPlaces.control, 4).value & 6n));
  }

  /** Sends a command; the device answers `code`. Gives the output. @throws AnswerError when no sheet allows that */
  send(command: CommandName | number, input: Uint8Array | readonly number[] = [], code = 0, mailbox: MailboxName = "primary"): Uint8Array {
    const opcode = typeof command === "number" ? command : commands[command].opcode;
    this.put(input, mailbox);
    this.ring(opcode, input.length, mailbox);
    this.#code = code;
    this.wait(commandTime);
    const base = bases[mailbox];
    const length = Number((this.device.read(base + mailboxPlaces.command, 8).value >> 16n) & 0x1f_ffffn);
    return Uint8Array.from({ length }, (_, index) => Number(this.device.read(base + mailboxPlaces.payload + index, 1).value));
  }
}

export const u32 = (value: number): number[] => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
export const u64 = (value: bigint): number[] => Array.from({ length: 8 }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));
