// The primary mailbox of a device, driven as a driver does: payload, command, doorbell, and waiting with an end.

import { deviceBlock } from "../../registers/device-block.ts";
import type { CommandName } from "../../registers/commands.ts";
import { commands } from "../../registers/commands.ts";
import type { Hardware } from "../../src/hardware/machine.ts";
import type { IoHandle } from "../../src/platform/platform.ts";

const { primaryMailbox: at, mailboxRegisters } = deviceBlock;
const payloadAt = at + mailboxRegisters;
const patience = 2_000_000_000;
const pause = 1000;

export interface Answer {
  /** Undefined: the doorbell did not clear within 2 s. */
  readonly code: number | undefined;
  readonly output: Uint8Array;
}

export const isBusy = (handle: IoHandle): boolean => (handle.read32(at + 4) & 1) !== 0;

/** One command. @throws Error when the mailbox is busy before it */
export function send(hardware: Hardware, handle: IoHandle, command: CommandName | number, input: Uint8Array = new Uint8Array(0)): Answer {
  if (isBusy(handle)) throw new Error("the mailbox is busy");
  const opcode = typeof command === "number" ? command : commands[command].opcode;
  for (const [index, byte] of input.entries()) handle.write8(payloadAt + index, byte);
  handle.write64(at + 8, BigInt(opcode) | (BigInt(input.length) << 16n));
  handle.write32(at + 4, 1);
  const end = hardware.now + patience;
  while (isBusy(handle)) {
    if (hardware.now > end) return { code: undefined, output: new Uint8Array(0) };
    hardware.advanceTo(hardware.now + pause);
  }
  const length = Number((handle.read64(at + 8) >> 16n) & 0x1f_ffffn);
  return { code: Number((handle.read64(at + 0x10) >> 32n) & 0xffffn), output: Uint8Array.from({ length }, (_, index) => handle.read8(payloadAt + index)) };
}

/** Background operation: opcode, percentage, return code, and whether it runs. */
export function backgroundOf(handle: IoHandle): { readonly opcode: number; readonly percentage: number; readonly code: number; readonly isRunning: boolean } {
  const status = handle.read64(at + 0x18);
  return { opcode: Number(status & 0xffffn), percentage: Number((status >> 16n) & 0x7fn), code: Number((status >> 32n) & 0xffffn), isRunning: (handle.read64(at + 0x10) & 1n) !== 0n };
}
