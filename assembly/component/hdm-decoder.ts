// HDM decoders (CXL 3.2 8.2.4.20): commit, error, lock, decode. Rule ids C1..C14 are those of docs/rules.md.

import * as R from "../generated/registers";
import { Block, Device, Entity, KIND_DEVICE, Machine, NEVER, keyOf } from "../machine";
import { getDword, setBits } from "../registers";
import { HW_COMMIT, HW_REFUSED, REFUSED_COMMIT, REFUSED_DECODER_LOCK, traceHardware } from "../trace/ring";
import { refreshDeadline } from "../deadlines";

/** The same for ports and devices. */
const DECODERS: u32 = R.COMPONENT_HDM_DECODER_PORT_BASE_LOW;
const STRIDE: u32 = R.HDM_DECODER_PORT_CONTROL_STRIDE;
const BASE_HIGH: u32 = R.COMPONENT_HDM_DECODER_PORT_BASE_HIGH - R.COMPONENT_HDM_DECODER_PORT_BASE_LOW;
const SIZE_LOW: u32 = R.COMPONENT_HDM_DECODER_PORT_SIZE_LOW - R.COMPONENT_HDM_DECODER_PORT_BASE_LOW;
const SIZE_HIGH: u32 = R.COMPONENT_HDM_DECODER_PORT_SIZE_HIGH - R.COMPONENT_HDM_DECODER_PORT_BASE_LOW;
const CONTROL: u32 = R.COMPONENT_HDM_DECODER_PORT_CONTROL - R.COMPONENT_HDM_DECODER_PORT_BASE_LOW;
const TARGETS: u32 = R.COMPONENT_HDM_DECODER_PORT_TARGET_LIST_LOW - R.COMPONENT_HDM_DECODER_PORT_BASE_LOW;

const COMMIT: u32 = R.HDM_DECODER_PORT_CONTROL_COMMIT;
const COMMITTED: u32 = R.HDM_DECODER_PORT_CONTROL_COMMITTED;
const COMMITTED_SHIFT: u32 = R.HDM_DECODER_PORT_CONTROL_COMMITTED_SHIFT;
const NOT_COMMITTED: u32 = R.HDM_DECODER_PORT_CONTROL_ERROR_NOT_COMMITTED;
const LOCK: u32 = R.HDM_DECODER_PORT_CONTROL_LOCK_ON_COMMIT;

/** Tells the hot path where the decoders lie, up to the last one that is committed. */
export function placeRows(entity: Entity): void {
  let count: u32 = 0;
  for (let decoder: u32 = 0; decoder < entity.decoderCount; decoder++) if (isCommitted(entity, decoder)) count = decoder + 1;
  entity.rows = entity.component.image + (<usize>DECODERS << 2);
  entity.rowsEnd = entity.rows + <usize>count * (<usize>STRIDE << 2);
}

function dwordOf(entity: Entity, decoder: u32, register: u32): u32 {
  return DECODERS + decoder * STRIDE + register;
}

function read(entity: Entity, decoder: u32, register: u32): u32 {
  return getDword(entity.component, dwordOf(entity, decoder, register));
}

export function decoderBase(entity: Entity, decoder: u32): u64 {
  assert(BASE_HIGH == 1 && SIZE_HIGH == SIZE_LOW + 1);
  return (<u64>read(entity, decoder, BASE_HIGH) << 32) | <u64>read(entity, decoder, 0);
}

export function decoderSize(entity: Entity, decoder: u32): u64 {
  return (<u64>read(entity, decoder, SIZE_HIGH) << 32) | <u64>read(entity, decoder, SIZE_LOW);
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
  const isRefused = entity.refuseCommits != 0;
  if (isRefused) entity.refuseCommits--;
  const isGood = !isRefused && isEncodingLegal(entity, control) && ((control & LOCK) == 0 || passesLockChecks(entity, decoder, control));
  setBits(entity.component, index, isGood ? COMMITTED : NOT_COMMITTED, true);
  placeRows(entity);
  m.routeGeneration++;
  traceHardware(m, HW_COMMIT, entity.id, decoder, decoderBase(entity, decoder), isGood ? 1 : 0, control);
}

function commitTimeOf(entity: Entity, decoder: u32): u64 {
  return load<u64>(entity.commitTimes + (<usize>decoder << 3));
}

/** Ends the checks that are due (decoderCommitTime), each at its own time. */
export function runCommits(m: Machine, entity: Entity): void {
  for (let decoder: u32 = 0; decoder < entity.decoderCount; decoder++) {
    if (((entity.committing >> decoder) & 1) == 0 || commitTimeOf(entity, decoder) > m.now) continue;
    entity.committing &= ~(1 << decoder);
    finishCommit(m, entity, decoder);
  }
  awaitCommits(m, entity);
}

function awaitCommits(m: Machine, entity: Entity): void {
  let earliest = NEVER;
  for (let decoder: u32 = 0; decoder < entity.decoderCount; decoder++) if ((entity.committing >> decoder) & 1) earliest = min(earliest, commitTimeOf(entity, decoder));
  entity.commitAt = earliest;
  refreshDeadline(m, entity);
}

/** A reset has taken every commit back, and ends every check without a result. */
export function forgetCommits(m: Machine, entity: Entity): void {
  entity.committing = 0;
  placeRows(entity);
  awaitCommits(m, entity);
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
    placeRows(entity);
    traceHardware(m, HW_COMMIT, entity.id, decoder, decoderBase(entity, decoder), 2, next);
    return;
  }
  if ((old & COMMIT) != 0) return;
  startCheck(m, entity, decoder);
}

/** The check ends after the machine's commit time; a fault may put it off, or let it never end. */
function startCheck(m: Machine, entity: Entity, decoder: u32): void {
  let ends = m.now + m.commitTime;
  if (entity.neverCommits != 0) {
    entity.neverCommits--;
    ends = NEVER;
  } else if (entity.lateCommits != 0) {
    entity.lateCommits--;
    ends += entity.lateCommitTime;
  }
  if (ends == m.now) return finishCommit(m, entity, decoder);
  entity.committing |= 1 << decoder;
  store<u64>(entity.commitTimes + (<usize>decoder << 3), ends);
  awaitCommits(m, entity);
}

function isRefused(m: Machine, entity: Entity, decoder: u32, old: u32): bool {
  const isBusy = ((entity.committing >> decoder) & 1) != 0;
  const isLocked = (old & (COMMITTED | LOCK)) == (COMMITTED | LOCK);
  if (!isBusy && !isLocked) return false;
  traceHardware(m, HW_REFUSED, entity.id, decoder, <u64>old, isBusy ? REFUSED_COMMIT : REFUSED_DECODER_LOCK, 0);
  return true;
}

/** Write of a decoder's base, size, targets or skip: live while committed and unlocked, else refused (C7, C9). */
export function writeField(m: Machine, block: Block, decoder: u32): void {
  const entity = block.entity;
  if (decoder >= entity.decoderCount || isRefused(m, entity, decoder, read(entity, decoder, CONTROL))) return;
  m.routeGeneration++;
}

/**
 * Registers of the lowest-numbered committed decoder that the address hits, or 0 (6.8; size 0 takes no part: C5). The hot path of routing:
 * from the last to the first without a branch on the address, which no predictor could guess.
 */
export function findRow(entity: Entity, address: u64): usize {
  const first = entity.rows;
  let found: usize = 0;
  for (let row = entity.rowsEnd; row > first; ) {
    row -= <usize>STRIDE << 2;
    const offset = address - load<u64>(row);
    const isHit = <u32>(offset < sizeOf(row)) & <u32>(offset <= address) & (load<u32>(row, <usize>CONTROL << 2) >> COMMITTED_SHIFT);
    found = select<usize>(row, found, isHit != 0);
  }
  return found;
}

/** Target port number for an address that a decoder of a host bridge claims: way bits of the absolute HPA. */
export function targetOf(row: usize, address: u64): u32 {
  const control = load<u32>(row, <usize>CONTROL << 2);
  const code = waysCode(control);
  const mask: u32 = code <= 3 ? (1 << code) - 1 : 0;
  return load<u8>(row + <usize>(<u32>(address >> (granularityCode(control) + 8)) & mask), <usize>TARGETS << 2);
}

/** DPA of an address that a decoder of a device claims (cedt.md 3; DPABase accumulates over all lower decoders, as they read). */
export function dpaOf(device: Device, row: usize, address: u64): u64 {
  let dpaBase: u64 = 0;
  for (let lower = device.rows; lower < row; lower += <usize>STRIDE << 2) dpaBase += skipOf(lower) + sizeOf(lower) / <u64>waysOf(waysCode(load<u32>(lower, <usize>CONTROL << 2)));
  const control = load<u32>(row, <usize>CONTROL << 2);
  const shift = <u64>(granularityCode(control) + 8);
  const offset = address - load<u64>(row);
  const ways = waysOf(waysCode(control));
  const chunk = offset >> shift;
  const own = (ways & (ways - 1)) == 0 ? chunk >> <u64>ctz(ways) : chunk / <u64>ways;
  return dpaBase + skipOf(row) + (own << shift) + (offset & ((<u64>1 << shift) - 1));
}

/** The next committed decoder of a device after a row; 0 for the first; 0: there is none. */
export function nextRow(device: Device, row: usize): usize {
  for (let next = row == 0 ? device.rows : row + (<usize>STRIDE << 2); next < device.rowsEnd; next += <usize>STRIDE << 2) if ((load<u32>(next, <usize>CONTROL << 2) & COMMITTED) != 0) return next;
  return 0;
}

/** The inverse of `dpaOf` for one way of the interleave; NEVER: the decoder has no such way, or does not reach the DPA. Which way is the device's own it does not know. */
export function hpaAt(device: Device, row: usize, dpa: u64, way: u32): u64 {
  const control = load<u32>(row, <usize>CONTROL << 2);
  const ways = waysOf(waysCode(control));
  const base = load<u64>(row);
  const start = dpaOf(device, row, base);
  if (way >= ways || dpa < start) return NEVER;
  const shift = <u64>(granularityCode(control) + 8);
  const offset = dpa - start;
  const address = ((((offset >> shift) * <u64>ways) + <u64>way) << shift) + (offset & ((<u64>1 << shift) - 1));
  return address < sizeOf(row) ? base + address : NEVER;
}

/** A decoder's registers as the hot path reads them: low and high halves lie side by side. */
function sizeOf(row: usize): u64 {
  return load<u64>(row, <usize>SIZE_LOW << 2);
}

function skipOf(row: usize): u64 {
  return load<u64>(row, <usize>TARGETS << 2);
}
