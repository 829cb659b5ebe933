// Message-signalled interrupts on their way to the CPU (PCIe 6.1.4): through the bridges above, past the faults, into the queue.

import { SOURCE_MESSAGES, setDeadline } from "../deadlines";
import * as R from "../generated/registers";
import { Entity, INTERRUPTS, KIND_BRIDGE, LATE_MESSAGES, LateMessage, MESSAGE_EFFECTS, Machine, MessageEffect, NEVER, NONE, effectAt, lateAt, pendingAt } from "../machine";
import { testBits } from "../registers";
import { HW_INTERRUPT, HW_INTERRUPT_LOST, HW_LIMIT, traceHardware } from "../trace/ring";

export const EFFECT_LOSE: u32 = 1;
export const EFFECT_DUPLICATE: u32 = 2;
export const EFFECT_DELAY: u32 = 3;

/** A memory write of a function reaches the host: it and every bridge above may be bus master. */
export function reachesHost(entity: Entity): bool {
  for (let at = entity; at.kind != KIND_BRIDGE; at = at.parent) if (!testBits(at.config, R.CONFIG_BRIDGE_HEADER_COMMAND, R.BRIDGE_HEADER_COMMAND_BUS_MASTER_ENABLE)) return false;
  return true;
}

/** The next `count` messages of a function, of one number or any (NONE), are lost, sent twice or late. */
export function disturbMessages(m: Machine, kind: u32, entity: u32, number: u32, count: u32, time: u64): void {
  if (m.messageEffectCount == MESSAGE_EFFECTS) return traceHardware(m, HW_LIMIT, entity, 4, 0, 0, 0);
  const effect = effectAt(m, m.messageEffectCount++);
  effect.kind = kind;
  effect.entity = entity;
  effect.number = number;
  effect.count = count;
  effect.time = time;
}

/** Takes one of the oldest effect of a kind that fits; its time, or NEVER when none does. */
function takeEffect(m: Machine, kind: u32, entity: u32, number: u32): u64 {
  for (let i: u32 = 0; i < m.messageEffectCount; i++) {
    const effect = effectAt(m, i);
    if (effect.kind != kind || effect.entity != entity || (effect.number != NONE && effect.number != number)) continue;
    const time = effect.time;
    effect.count--;
    if (effect.count == 0) {
      m.messageEffectCount--;
      for (let j = i; j < m.messageEffectCount; j++) memory.copy(changetype<usize>(effectAt(m, j)), changetype<usize>(effectAt(m, j + 1)), offsetof<MessageEffect>());
    }
    return time;
  }
  return NEVER;
}

/** Sends a message; `number` is what the function calls it. The caller has seen that it may. */
export function send(m: Machine, entity: Entity, number: u32, address: u32, data: u32): void {
  if (m.messageEffectCount != 0) {
    if (takeEffect(m, EFFECT_LOSE, entity.id, number) != NEVER) return traceHardware(m, HW_INTERRUPT_LOST, entity.id, number, 0, 0, 0);
    const late = takeEffect(m, EFFECT_DELAY, entity.id, number);
    if (late != NEVER) return delay(m, entity, number, address, data, m.now + late);
    if (takeEffect(m, EFFECT_DUPLICATE, entity.id, number) != NEVER) {
      traceHardware(m, HW_INTERRUPT, entity.id, number, <u64>data, 1, 0);
      queue(m, entity.id, address, data, true);
      return queue(m, entity.id, address, data, true);
    }
  }
  traceHardware(m, HW_INTERRUPT, entity.id, number, <u64>data, 0, 0);
  queue(m, entity.id, address, data, false);
}

function delay(m: Machine, entity: Entity, number: u32, address: u32, data: u32, due: u64): void {
  if (m.lateCount == LATE_MESSAGES) return traceHardware(m, HW_LIMIT, entity.id, 5, <u64>data, number, 0);
  const late = lateAt(m, m.lateCount++);
  late.due = due;
  late.address = address;
  late.data = data;
  late.entity = entity.id;
  traceHardware(m, HW_INTERRUPT, entity.id, number, <u64>data, 2, 0);
  awaitLate(m);
}

function awaitLate(m: Machine): void {
  let due = NEVER;
  for (let i: u32 = 0; i < m.lateCount; i++) due = min(due, lateAt(m, i).due);
  setDeadline(m, SOURCE_MESSAGES, due);
}

/** Messages that were late arrive, in the order they were sent. */
export function runLateMessages(m: Machine): void {
  let kept: u32 = 0;
  for (let i: u32 = 0; i < m.lateCount; i++) {
    const late = lateAt(m, i);
    if (late.due <= m.now) queue(m, late.entity, late.address, late.data, false);
    else {
      if (kept != i) memory.copy(changetype<usize>(lateAt(m, kept)), changetype<usize>(late), offsetof<LateMessage>());
      kept++;
    }
  }
  m.lateCount = kept;
  awaitLate(m);
}

/** The queue in front of the CPU. A message pending already, whoever sent it, is not queued again, but for a duplicate. */
function queue(m: Machine, entity: u32, address: u32, data: u32, isDuplicate: bool): void {
  for (let i: u32 = 0; i < m.interruptCount && !isDuplicate; i++) {
    const other = pendingAt(m, i);
    if (other.address == address && other.data == data) return;
  }
  if (m.interruptCount == INTERRUPTS) return traceHardware(m, HW_LIMIT, NONE, 1, <u64>data, 0, 0);
  const last = pendingAt(m, m.interruptCount++);
  last.address = address;
  last.data = data;
  last.entity = entity;
}
