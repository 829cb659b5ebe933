// HDM decoders (CXL 3.2 8.2.4.20): commit, error, lock, decode. Rule ids C1..C14 are those of docs/rules.md.

import * as R from "../generated/registers";
import { Block, Device, Entity, KIND_DEVICE, Machine, NEVER, keyOf } from "../machine";
import { getDword, setBits } from "../registers";
import { HW_COMMIT, HW_REFUSED, traceHardware } from "../trace/ring";
import { reschedule } from "../time";

const STRIDE: u32 = R.HDM_DECODER_PORT_CONTROL_STRIDE;
const BASE_HIGH: u32 = R.HOST_BRIDGE_COMPONENT_HDM_DECODER_PORT_BASE_HIGH - R.HOST_BRIDGE_COMPONENT_HDM_DECODER_PORT_BASE_LOW;
const SIZE_LOW: u32 = R.HOST_BRIDGE_COMPONENT_HDM_DECODER_PORT_SIZE_LOW - R.HOST_BRIDGE_COMPONENT_HDM_DECODER_PORT_BASE_LOW;
const SIZE_HIGH: u32 = R.HOST_BRIDGE_COMPONENT_HDM_DECODER_PORT_SIZE_HIGH - R.HOST_BRIDGE_COMPONENT_HDM_DECODER_PORT_BASE_LOW;
const CONTROL: u32 = R.HOST_BRIDGE_COMPONENT_HDM_DECODER_PORT_CONTROL - R.HOST_BRIDGE_COMPONENT_HDM_DECODER_PORT_BASE_LOW;
const TARGETS: u32 = R.HOST_BRIDGE_COMPONENT_HDM_DECODER_PORT_TARGET_LIST_LOW - R.HOST_BRIDGE_COMPONENT_HDM_DECODER_PORT_BASE_LOW;

const COMMIT: u32 = R.HDM_DECODER_PORT_CONTROL_COMMIT;
const COMMITTED: u32 = R.HDM_DECODER_PORT_CONTROL_COMMITTED;
const NOT_COMMITTED: u32 = R.HDM_DECODER_PORT_CONTROL_ERROR_NOT_COMMITTED;
const LOCK: u32 = R.HDM_DECODER_PORT_CONTROL_LOCK_ON_COMMIT;

function dwordOf(entity: Entity, decoder: u32, register: u32): u32 {
  return entity.decoderBase + decoder * STRIDE + register;
}

function read(entity: Entity, decoder: u32, register: u32): u32 {
  return getDword(entity.component, dwordOf(entity, decoder, register));
}

export function decoderBase(entity: Entity, decoder: u32): u64 {
  return (<u64>read(entity, decoder, BASE_HIGH) << 32) | <u64>read(entity, decoder, 0);
}

export function decoderSize(entity: Entity, decoder: u32): u64 {
  return (<u64>read(entity, decoder, SIZE_HIGH) << 32) | <u64>read(entity, decoder, SIZE_LOW);
}

function decoderSkip(entity: Entity, decoder: u32): u64 {
  return (<u64>read(entity, decoder, TARGETS + 1) << 32) | <u64>read(entity, decoder, TARGETS);
}

export function isCommitted(entity: Entity, decoder: u32): bool {
  return (read(entity, decoder, CONTROL) & COMMITTED) != 0;
}

function granularityCode(control: u32): u32 {
  return (control & R.HDM_DECODER_PORT_CONTROL_INTERLEAVE_GRANULARITY) >> R.HDM_DECODER_PORT_CONTROL_INTERLEAVE_GRANULARITY_SHIFT;
}

function waysCode(control: u32): u32 {
  return (control & R.HDM_DECODER_PORT_CONTROL_INTERLEAVE_WAYS) >> R.HDM_DECODER_PORT_CONTROL_INTERLEAVE_WAYS_SHIFT;
}

/** Ways of an encoding; reserved encodings count as 1. */
export function waysOf(code: u32): u32 {
  if (code <= 4) return 1 << code;
  if (code >= 8 && code <= 10) return 3 << (code - 8);
  return 1;
}

function targetAt(entity: Entity, decoder: u32, way: u32): u32 {
  return (read(entity, decoder, TARGETS + (way >> 2)) >> ((way & 3) << 3)) & 0xff;
}

/** C9, and C7: while the check runs the fields are not to be written. */
export function isDecoderLocked(entity: Entity, decoder: u32): bool {
  if (decoder >= entity.decoderCount) return true;
  if ((entity.committing >> decoder) & 1) return true;
  const control = read(entity, decoder, CONTROL);
  return (control & (COMMITTED | LOCK)) == (COMMITTED | LOCK);
}

/** C11: encodings that this component cannot do. */
function isEncodingLegal(entity: Entity, control: u32): bool {
  const code = waysCode(control);
  if (granularityCode(control) > 6) return false;
  if (entity.kind != KIND_DEVICE) return code <= 3 && waysOf(code) <= keyOf(entity, R.KEY_TARGET_COUNT);
  if (code <= 3) return true;
  if (code == 4) return keyOf(entity, R.KEY_WAYS16) != 0;
  return code >= 8 && code <= 10 && keyOf(entity, R.KEY_WAYS3612) != 0;
}



/** C2, only with Lock On Commit. */
function passesLockChecks(entity: Entity, decoder: u32, control: u32): bool {
  const base = decoderBase(entity, decoder);
  const size = decoderSize(entity, decoder);
  const end = base + size;
  if (end < base && end != 0) return false;
  if (waysCode(control) >= 8 && size % 3 != 0) return false;
  if (entity.kind != KIND_DEVICE && !hasDistinctTargets(entity, decoder, waysOf(waysCode(control)))) return false;
  if (decoder == 0) return true;
  if (!isCommitted(entity, decoder - 1)) return false;
  const previousBase = decoderBase(entity, decoder - 1);
  const previousEnd = previousBase + decoderSize(entity, decoder - 1);
  return previousEnd >= previousBase && base >= previousEnd;
}

function hasDistinctTargets(entity: Entity, decoder: u32, ways: u32): bool {
  for (let i: u32 = 0; i < ways; i++) {
    for (let j: u32 = i + 1; j < ways; j++) if (targetAt(entity, decoder, i) == targetAt(entity, decoder, j)) return false;
  }
  return true;
}

function finishCommit(m: Machine, entity: Entity, decoder: u32): void {
  const index = dwordOf(entity, decoder, CONTROL);
  const control = getDword(entity.component, index);
  const isGood = isEncodingLegal(entity, control) && ((control & LOCK) == 0 || passesLockChecks(entity, decoder, control));
  setBits(entity.component, index, isGood ? COMMITTED : NOT_COMMITTED, true);
  m.routeGeneration++;
  traceHardware(m, HW_COMMIT, entity.id, decoder, decoderBase(entity, decoder), isGood ? 1 : 0, control);
}

/** Ends the checks that are due (decoderCommitTime). */
export function runCommits(m: Machine, entity: Entity): void {
  if (entity.committing == 0 || entity.commitUntil > m.now) return;
  const due = entity.committing;
  entity.committing = 0;
  entity.commitUntil = NEVER;
  for (let decoder: u32 = 0; decoder < entity.decoderCount; decoder++) if ((due >> decoder) & 1) finishCommit(m, entity, decoder);
}

/** Write of a decoder's control register (C1, C8, C10). */
export function writeControl(m: Machine, block: Block, index: u32, decoder: u32, old: u32): void {
  const entity = block.entity;
  if (decoder >= entity.decoderCount || isRefused(m, entity, decoder, old)) return;
  const next = getDword(block, index);
  m.routeGeneration++;
  if ((next & COMMIT) == 0) {
    if ((old & (COMMIT | COMMITTED | NOT_COMMITTED)) == 0) return;
    setBits(block, index, COMMITTED | NOT_COMMITTED, false);
    traceHardware(m, HW_COMMIT, entity.id, decoder, decoderBase(entity, decoder), 2, next);
    return;
  }
  if ((old & COMMIT) != 0) return;
  if (m.commitTime == 0) return finishCommit(m, entity, decoder);
  entity.committing |= 1 << decoder;
  entity.commitUntil = m.now + m.commitTime;
  reschedule(m, entity.commitUntil);
}

function isRefused(m: Machine, entity: Entity, decoder: u32, old: u32): bool {
  const isBusy = ((entity.committing >> decoder) & 1) != 0;
  const isLocked = (old & (COMMITTED | LOCK)) == (COMMITTED | LOCK);
  if (!isBusy && !isLocked) return false;
  traceHardware(m, HW_REFUSED, entity.id, decoder, <u64>old, isBusy ? 7 : 9, 0);
  return true;
}

/** Write of a decoder's base, size, targets or skip: live while committed and unlocked. */
export function writeField(m: Machine, block: Block, decoder: u32): void {
  if (decoder < block.entity.decoderCount) m.routeGeneration++;
}

/** Lowest-numbered committed decoder that the address hits, or -1 (6.8; size 0 takes no part: C5). The hot path of routing. */
export function findDecoder(entity: Entity, address: u64): i32 {
  let at = entity.component.image + (<usize>entity.decoderBase << 2);
  const count = entity.decoderCount;
  for (let decoder: u32 = 0; decoder < count; decoder++, at += <usize>STRIDE << 2) {
    if ((load<u32>(at, <usize>CONTROL << 2) & COMMITTED) == 0) continue;
    const base = (<u64>load<u32>(at, <usize>BASE_HIGH << 2) << 32) | <u64>load<u32>(at);
    if (address < base) continue;
    if (address - base < ((<u64>load<u32>(at, <usize>SIZE_HIGH << 2) << 32) | <u64>load<u32>(at, <usize>SIZE_LOW << 2))) return decoder;
  }
  return -1;
}

/** Target port number for an address that decoder `decoder` of a port or host bridge claims: way bits of the absolute HPA. */
export function targetOf(entity: Entity, decoder: u32, address: u64): u32 {
  const control = read(entity, decoder, CONTROL);
  const code = waysCode(control);
  const mask: u32 = code <= 3 ? (1 << code) - 1 : 0;
  return targetAt(entity, decoder, <u32>(address >> (granularityCode(control) + 8)) & mask);
}

/** DPA of an address that decoder `decoder` of a device claims (cedt.md 3; DPABase accumulates over all lower decoders). */
export function dpaOf(device: Device, decoder: u32, address: u64): u64 {
  let dpaBase: u64 = 0;
  for (let i: u32 = 0; i < decoder; i++) dpaBase += decoderSkip(device, i) + decoderSize(device, i) / <u64>waysOf(waysCode(read(device, i, CONTROL)));
  const control = read(device, decoder, CONTROL);
  const shift = <u64>(granularityCode(control) + 8);
  const offset = address - decoderBase(device, decoder);
  const chunk = (offset >> shift) / <u64>waysOf(waysCode(control));
  return dpaBase + decoderSkip(device, decoder) + (chunk << shift) + (offset & ((<u64>1 << shift) - 1));
}
