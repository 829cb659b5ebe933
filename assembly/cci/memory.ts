// The payload of the mailbox whose command is being executed: input read by offset, output written by offset; UUIDs; the command table.

import * as C from "../generated/commands";
import { Mailbox } from "./state";

export function in8(mailbox: Mailbox, at: u32): u32 {
  return load<u8>(mailbox.payload + at);
}

export function in16(mailbox: Mailbox, at: u32): u32 {
  return load<u16>(mailbox.payload + at);
}

export function in32(mailbox: Mailbox, at: u32): u32 {
  return load<u32>(mailbox.payload + at);
}

export function in64(mailbox: Mailbox, at: u32): u64 {
  return load<u64>(mailbox.payload + at);
}

/** Starts an output of `bytes` zero bytes; a command that gives none writes nothing. */
export function startOutput(mailbox: Mailbox, bytes: u32): void {
  assert(bytes <= mailbox.payloadBytes);
  memory.fill(mailbox.payload, 0, bytes);
  mailbox.written = bytes;
}

/** More bytes of output, zero. Returns where they start. */
export function extendOutput(mailbox: Mailbox, bytes: u32): u32 {
  assert(mailbox.written + bytes <= mailbox.payloadBytes);
  const at = mailbox.written;
  memory.fill(mailbox.payload + at, 0, bytes);
  mailbox.written = at + bytes;
  return at;
}

export function out8(mailbox: Mailbox, at: u32, value: u32): void {
  assert(at < mailbox.written);
  store<u8>(mailbox.payload + at, value);
}

export function out16(mailbox: Mailbox, at: u32, value: u32): void {
  assert(at + 2 <= mailbox.written);
  store<u16>(mailbox.payload + at, value);
}

export function out32(mailbox: Mailbox, at: u32, value: u32): void {
  assert(at + 4 <= mailbox.written);
  store<u32>(mailbox.payload + at, value);
}

export function out64(mailbox: Mailbox, at: u32, value: u64): void {
  assert(at + 8 <= mailbox.written);
  store<u64>(mailbox.payload + at, value);
}

export function outBytes(mailbox: Mailbox, at: u32, from: usize, bytes: u32): void {
  assert(at + bytes <= mailbox.written);
  memory.copy(mailbox.payload + at, from, bytes);
}

/** Which of `count` UUIDs at `table` the 16 bytes at `id` are; `count` when none is. */
export function findId(table: usize, count: u32, id: usize): u32 {
  for (let i: u32 = 0; i < count; i++) {
    const at = table + <usize>(i << 4);
    if (load<u64>(at) == load<u64>(id) && load<u64>(at, 8) == load<u64>(id, 8)) return i;
  }
  return count;
}

export function opcodeOf(command: u32): u32 {
  return load<u32>(C.COMMANDS + (<usize>command << 4));
}

export function leastInput(command: u32): u32 {
  return load<u32>(C.COMMANDS + (<usize>command << 4), 4);
}

export function mostInput(command: u32): u32 {
  return load<u32>(C.COMMANDS + (<usize>command << 4), 8);
}

/** Effects in 15:0, flags above. */
export function effectsOf(command: u32): u32 {
  return load<u32>(C.COMMANDS + (<usize>command << 4), 12);
}

/** Number of the command with an opcode; COMMAND_COUNT when there is none. The table is in order of opcodes. */
export function findCommand(opcode: u32): u32 {
  let low: u32 = 0;
  let high: u32 = C.COMMAND_COUNT;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (opcodeOf(middle) < opcode) low = middle + 1;
    else high = middle;
  }
  return low < C.COMMAND_COUNT && opcodeOf(low) == opcode ? low : C.COMMAND_COUNT;
}
