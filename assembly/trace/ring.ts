// The trace ring and its digests: 32-byte records, five layers (docs/decisions/0001-main-interfaces.md).

import { Machine } from "../machine";

export const LAYER_ACCESS: u32 = 0;
export const LAYER_HARDWARE: u32 = 1;
export const LAYER_KERNEL: u32 = 2;
export const LAYERS: u32 = 5;

/**
 * Kinds of access records. Config: address, offset, value, for a write the dword before it, width with the judgement in 15:8, entity. Registers in memory: entity,
 * offset in its block, value low and high, width with the judgement in 15:8 and the block's space in 23:16, for a write the dword before it; unanswered: no entity,
 * the physical address in the second and sixth argument.
 */
export const ACCESS_CONFIG_READ: u32 = 1;
export const ACCESS_CONFIG_WRITE: u32 = 2;
export const ACCESS_MMIO_READ: u32 = 3;
export const ACCESS_MMIO_WRITE: u32 = 4;
export const ACCESS_LOAD: u32 = 5;
export const ACCESS_STORE: u32 = 6;
export const ACCESS_REQUEST: u32 = 7;
export const ACCESS_COMPLETION: u32 = 8;

/** Kinds of hardware records; the first argument is the entity. */
export const HW_LINK: u32 = 1;
export const HW_ISOLATION: u32 = 2;
export const HW_ISOLATION_CLEARED: u32 = 3;
export const HW_VIOLATION: u32 = 4;
export const HW_BUSY: u32 = 5;
export const HW_INTERRUPT: u32 = 6;
export const HW_INTERRUPT_LOST: u32 = 7;
export const HW_COMMIT: u32 = 8;
export const HW_RESET: u32 = 9;
export const HW_TIMEOUT: u32 = 10;
export const HW_DROPPED: u32 = 11;
export const HW_POISON: u32 = 12;
export const HW_STALL: u32 = 13;
export const HW_HOST: u32 = 14;
export const HW_REFUSED: u32 = 15;
export const HW_PROBE: u32 = 16;
export const HW_PLUG: u32 = 17;
export const HW_READY: u32 = 18;
export const HW_ERROR_MESSAGE: u32 = 19;
export const HW_LIMIT: u32 = 20;
export const HW_ACCOUNT: u32 = 21;
export const HW_UNMODELLED: u32 = 22;
export const HW_RAS: u32 = 23;
export const HW_CONTAINED: u32 = 24;
export const HW_MEDIA: u32 = 25;
export const HW_REGISTER: u32 = 26;
/** Software wrote bits that no field names; the register takes nothing. */
export const HW_RESERVED: u32 = 27;
/** A mailbox command has ended: opcode, bytes of output, return code (0xffff: it never ends), 1 on the primary mailbox. */
export const HW_COMMAND: u32 = 28;
/** A background operation: opcode, its end; fifth argument the return code, sixth 0 at its start and 1 at its end. */
export const HW_BACKGROUND: u32 = 29;
/** An event record: log, handle; or lost: records lost, 1. */
export const HW_EVENT: u32 = 30;

/** A line left the processors' cache: how it ended, its address; no entity: no decoder claims it. */
export const HW_WRITE_BACK: u32 = 31;
/** Caches were made to agree: dirty lines, start of the range, lines. */
export const HW_CACHES_INVALIDATED: u32 = 32;

/** Reasons of a refusal, fifth argument of HW_REFUSED: wrong width or alignment, a commit under way (C7), a locked register, a locked decoder (C9). */
export const REFUSED_WIDTH: u32 = 1;
export const REFUSED_COMMIT: u32 = 7;
export const REFUSED_LOCK: u32 = 8;
export const REFUSED_DECODER_LOCK: u32 = 9;

@external("env", "traceFull")
declare function traceFull(): void;

const PRIME_A: u64 = 0x9e3779b97f4a7c15;
const PRIME_B: u64 = 0xc2b2ae3d27d4eb4f;

function mix(hash: u64, word: u64): u64 {
  const mixed = (hash ^ word) * PRIME_A;
  return mixed ^ (mixed >> 29);
}

/** Writes a record at the present time and folds it into its layer's digest. */
export function trace(m: Machine, layer: u32, kind: u32, a: u32, b: u32, c: u32, d: u32, e: u32, f: u32): void {
  if (m.tracePending == m.traceCapacity) {
    if (m.traceStoring) traceFull();
    m.tracePending = 0;
  }
  const at = m.traceBase + (<usize>m.tracePending << 5);
  m.tracePending++;
  const tag = (layer << 21) | (kind << 24);
  const first = (m.now & 0x1f_ffff_ffff_ffff) | (<u64>tag << 32);
  const second = (<u64>b << 32) | <u64>a;
  const third = (<u64>d << 32) | <u64>c;
  const fourth = (<u64>f << 32) | <u64>e;
  store<u64>(at, first);
  store<u64>(at, second, 8);
  store<u64>(at, third, 16);
  store<u64>(at, fourth, 24);
  const slot = m.digests + (<usize>layer << 3);
  const timed = layer == LAYER_ACCESS || layer == LAYER_KERNEL;
  let hash = mix(load<u64>(slot), timed ? first : <u64>tag);
  if (layer < LAYER_KERNEL) hash = mix(hash, second);
  hash = mix(hash, third);
  store<u64>(slot, (hash ^ fourth) * PRIME_B + (hash >> 31));
}

export function traceHardware(m: Machine, kind: u32, entity: u32, b: u32, c: u64, e: u32, f: u32): void {
  trace(m, LAYER_HARDWARE, kind, entity, b, <u32>c, <u32>(c >> 32), e, f);
}
