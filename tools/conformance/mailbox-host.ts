// Speaks through a primary mailbox of ours as a host does: payload, command, doorbell, wait, status.

import { memoryDeviceStatus, primaryMailbox } from "../../registers/device-block.ts";
import { armProbe, disarmProbe } from "../../src/hardware/probes.ts";
import type { ProbeAction } from "../../src/hardware/probes.ts";
import { decode } from "../../src/platform/registers.ts";
import type { Bench, Registers } from "./bench.ts";
import { readerOf } from "./bench.ts";
import { deviceStatusIdentity, deviceStructures, mailboxIdentity, memoryStatusIdentity, payloadIdentity, walkDevice } from "./device-layout.ts";
import type { Declared } from "./structures.ts";

/** A command's end: its registers, and what they say of its output. */
export interface Answer {
  readonly isStuck: boolean;
  readonly returnCode: number;
  readonly control: bigint;
  readonly command: bigint;
  readonly status: bigint;
  readonly background: bigint;
  readonly output: Uint8Array;
}

const { control, command, status, background } = primaryMailbox.registers;
const pause = 10_000;
/** Foreground commands end within 2 s (8.2.9.4). */
const patience = 2_000_000_000;
const second = 1_000_000_000;
/** The longest operation that is waited for. */
const longestOperation = 100_000;
const doorbell = 1n;
const chunk = 8;
const disabled = 3;

export class MailboxHost {
  readonly #bench: Bench;
  readonly #device: string;
  readonly #registers: Registers;
  /** Memory device status and event status; -1: none. */
  readonly #memoryStatus: number;
  readonly #eventStatus: number;
  readonly mailbox: Declared;
  readonly payload: number;
  readonly payloadBytes: number;

  /** Undefined: the function has no mailbox. */
  static of(bench: Bench, device: string): MailboxHost | undefined {
    const registers = bench.functions.get(device)?.device;
    const found = registers === undefined ? [] : walkDevice(readerOf(registers));
    const [mailbox, payload] = [mailboxIdentity, payloadIdentity].map((identity) => found.find((one) => one.identity === identity));
    return registers === undefined || mailbox === undefined || payload === undefined ? undefined : new MailboxHost(bench, device, registers, mailbox.at, payload);
  }

  private constructor(bench: Bench, device: string, registers: Registers, at: number, payload: { readonly at: number; readonly length: number }) {
    this.#bench = bench;
    this.#device = device;
    this.#registers = registers;
    const found = walkDevice(readerOf(registers));
    this.#memoryStatus = found.find((one) => one.identity === memoryStatusIdentity)?.at ?? -1;
    this.#eventStatus = found.find((one) => one.identity === deviceStatusIdentity)?.at ?? -1;
    this.mailbox = { at, structure: deviceStructures.find(({ name }) => name === primaryMailbox.name) ?? primaryMailbox };
    this.payload = payload.at;
    this.payloadBytes = payload.length;
  }

  /** Registers and payload. */
  get bytes(): number {
    return this.payload - this.mailbox.at + this.payloadBytes;
  }

  get registers(): Registers {
    return this.#registers;
  }

  advance(time: number): void {
    const { hardware } = this.#bench;
    hardware.advanceTo(hardware.now + time);
  }

  read(offset: number, width = 8): bigint {
    return this.#registers.read(this.mailbox.at + offset, width);
  }

  write(offset: number, width: number, value: bigint): void {
    this.#registers.write(this.mailbox.at + offset, width, value);
  }

  writePayload(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += chunk) {
      const part = bytes.subarray(at, at + chunk);
      if (part.length === chunk) this.#registers.write(this.payload + at, chunk, new DataView(part.buffer, part.byteOffset, chunk).getBigUint64(0, true));
      else for (const [index, byte] of part.entries()) this.#registers.write(this.payload + at + index, 1, BigInt(byte));
    }
  }

  readPayload(length: number): Uint8Array {
    return Uint8Array.from({ length: Math.min(length, this.payloadBytes) }, (_, at) => Number(this.#registers.read(this.payload + at, 1)));
  }

  /** Rings the doorbell, with the other bits of `value`, and waits until it is clear. */
  ring(value = doorbell): boolean {
    this.write(control.offset, 4, value | doorbell);
    for (let waited = 0; waited < patience; waited += pause) {
      this.advance(pause);
      if ((this.read(control.offset, 4) & doorbell) === 0n) return true;
    }
    return false;
  }

  /** One command: `length` bytes are announced, of which `input` is written. */
  run(opcode: number, input: Uint8Array, length = input.length, controlValue = doorbell): Answer {
    this.writePayload(input.subarray(0, this.payloadBytes));
    this.write(command.offset, 8, BigInt(opcode) | (BigInt(length) << 16n));
    const isDone = this.ring(controlValue);
    const [commandAfter, statusAfter] = [this.read(command.offset), this.read(status.offset)];
    return {
      isStuck: !isDone, returnCode: decode(status, statusAfter).returnCode, control: this.read(control.offset, 4), command: commandAfter, status: statusAfter, background: this.read(background.offset),
      output: this.readPayload(decode(command, commandAfter).payloadLength),
    };
  }

  get isMediaDisabled(): boolean {
    return this.#memoryStatus >= 0 && decode(memoryDeviceStatus.registers.status, this.#registers.read(this.#memoryStatus, 8)).mediaStatus === disabled;
  }

  /** Logs that hold a record. */
  get eventStatus(): bigint {
    return this.#eventStatus < 0 ? 0n : this.#registers.read(this.#eventStatus, 8);
  }

  get isUnderWay(): boolean {
    return decode(status, this.read(status.offset)).backgroundOperation === 1;
  }

  /** Lets time pass until no background operation is under way. */
  finish(): void {
    for (let seconds = 0; seconds < longestOperation && this.isUnderWay; seconds++) this.advance(second);
  }

  /** Makes something happen in the device now. @throws ProbeError */
  provoke(action: ProbeAction): void {
    const { hardware } = this.#bench;
    armProbe(hardware, 0, { match: { kind: "time", at: hardware.now + 1 }, action });
    this.advance(pause);
    disarmProbe(hardware, 0);
  }

  /** Runs `work`, and takes back whatever it did. */
  attempt<T>(work: () => T): { readonly result: T; readonly takeBack: () => void } {
    const { hardware } = this.#bench;
    const before = hardware.snapshot();
    return { result: work(), takeBack: () => hardware.restore(before) };
  }

  get device(): string {
    return this.#device;
  }
}
