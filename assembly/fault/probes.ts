// The one fault table: what is matched, how often it is skipped, what then happens, and the evidence that it did.

import { SOURCE_PROBES, setDeadline } from "../deadlines";
import { act } from "./actions";
import { Block, Entity, KIND_PORT, Machine, NEVER, NONE, Probe, entityAt } from "../machine";
import { getDword } from "../registers";
import { HW_PROBE, traceHardware } from "../trace/ring";

export const MATCH_TIME: u32 = 1;
export const MATCH_ACCESS: u32 = 2;
export const MATCH_REQUEST: u32 = 3;
export const MATCH_REGISTER: u32 = 4;
/** Another probe has had an effect: its number in `low`. */
export const MATCH_PROBE: u32 = 5;
/** The host says when. */
export const MATCH_CALL: u32 = 6;

/** In `high` of a register match: every change of the bits, not a value reached. */
const CHANGES: u32 = 1;

/** Flags in the place of a register: config space, or CXL device registers, rather than the component block. */
export const CONFIG_FLAG: u32 = 0x8000_0000;
export const DEVICE_FLAG: u32 = 0x4000_0000;
const SPACE_FLAGS: u32 = CONFIG_FLAG | DEVICE_FLAG;
const READ: u32 = 1;
const WRITE: u32 = 2;
const ARMED: u32 = 1;
const SPENT: u32 = 2;
/** It has matched and acts later. */
const PUT_OFF: u32 = 3;
const MAX_DEPTH: u32 = 4;
/** Beside the bits of the last look: there has been one. */
const KNOWN: u64 = 1 << 32;

export function isInUse(probe: Probe): bool {
  return probe.state == ARMED || probe.state == PUT_OFF;
}

export function probeAt(m: Machine, id: u32): Probe {
  return changetype<Probe>(m.probes + <usize>id * offsetof<Probe>());
}

/** Counts armed probes per kind, so that the paths they watch cost nothing while there are none. */
export function recount(m: Machine): void {
  m.armedAccess = 0;
  m.armedRequest = 0;
  m.armedRegister = 0;
  m.armedFollowers = 0;
  m.nextProbeTime = NEVER;
  for (let id: u32 = 0; id < m.probeCount; id++) {
    const probe = probeAt(m, id);
    if (probe.state == PUT_OFF) m.nextProbeTime = min(m.nextProbeTime, probe.due);
    if (probe.state != ARMED) continue;
    if (probe.match == MATCH_ACCESS) m.armedAccess++;
    else if (probe.match == MATCH_REQUEST) m.armedRequest++;
    else if (probe.match == MATCH_REGISTER) m.armedRegister++;
    else if (probe.match == MATCH_PROBE) m.armedFollowers++;
    else if (probe.match == MATCH_TIME) m.nextProbeTime = min(m.nextProbeTime, probe.time);
  }
  setDeadline(m, SOURCE_PROBES, m.nextProbeTime);
}

/** What a probe did comes to effect now, or (`uncount`) has had none: evidence of actions that act on something yet to come. */
export function countEffect(m: Machine, id: u32): void {
  countFired(m, id);
  follow(m, id);
}

function countFired(m: Machine, id: u32): void {
  const probe = probeAt(m, id);
  probe.fired++;
  if (probe.fired == 1) probe.firstAt = m.now;
  probe.lastAt = m.now;
}

export function uncountFired(probe: Probe): void {
  probe.fired--;
}

/** One match: skipped, put off, or acted upon. Returns whether the set of armed probes changed. */
function hit(m: Machine, id: u32): bool {
  const probe = probeAt(m, id);
  probe.matches++;
  if (probe.matches <= probe.skip) return false;
  if (probe.delay == 0 && probe.match != MATCH_PROBE && probe.match != MATCH_CALL) return fire(m, id);
  probe.state = PUT_OFF;
  probe.due = m.now + probe.delay;
  return true;
}

/** A probe acts: once and for all, again after its period, or at its next match. Returns whether it is no longer armed. */
function fire(m: Machine, id: u32): bool {
  const probe = probeAt(m, id);
  const fired = probe.fired;
  probe.acts++;
  countFired(m, id);
  if (probe.count != 0 && probe.acts == probe.count) probe.state = SPENT;
  else if (probe.period != 0) {
    probe.state = PUT_OFF;
    probe.due = m.now + probe.period;
  } else {
    probe.state = ARMED;
    // What its register came to while the act was put off is no match.
    if (probe.match == MATCH_REGISTER) isReached(probe, bitsOf(m, probe));
  }
  traceHardware(m, HW_PROBE, probe.target, id, <u64>probe.fired, probe.action, <u32>probe.argument);
  act(m, probe);
  if (probe.fired != fired) follow(m, id);
  return probe.state != ARMED;
}

/** Probes that wait for another one to have an effect: they act after it, never within it. */
function follow(m: Machine, id: u32): void {
  if (m.armedFollowers == 0) return;
  let changed = false;
  for (let other: u32 = 0; other < m.probeCount; other++) {
    const probe = probeAt(m, other);
    if (probe.state == ARMED && probe.match == MATCH_PROBE && probe.low == id && hit(m, other)) changed = true;
  }
  if (changed) recount(m);
}

/** What the host watches for has come. */
export function callProbe(m: Machine, id: u32): void {
  const probe = probeAt(m, id);
  if (probe.state == ARMED && probe.match == MATCH_CALL && hit(m, id)) recount(m);
}

function isDue(m: Machine, probe: Probe): bool {
  if (probe.state == PUT_OFF) return probe.due <= m.now;
  return probe.state == ARMED && probe.match == MATCH_TIME && probe.time <= m.now;
}

export function runTimeProbes(m: Machine): void {
  if (m.nextProbeTime > m.now) return;
  for (let id: u32 = 0; id < m.probeCount; id++) {
    const probe = probeAt(m, id);
    if (!isDue(m, probe)) continue;
    if (probe.match == MATCH_TIME) {
      if (probe.state == ARMED) probe.matches++;
      if (probe.period == 0) probe.count = 1;
    }
    fire(m, id);
  }
  recount(m);
}

/** Block and dword of a register's place. */
export function blockAt(entity: Entity, place: u32): Block {
  return (place & CONFIG_FLAG) != 0 ? entity.config : (place & DEVICE_FLAG) != 0 ? entity.registers : entity.component;
}

export function indexAt(place: u32): u32 {
  return (place & ~SPACE_FLAGS) >> 2;
}

/** A register access of software, before it takes effect: `width` bytes at `offset` of the block. The value of a read is not looked at. */
export function matchAccess(m: Machine, entity: u32, space: u32, offset: u32, width: u32, isWrite: bool, value: u32): void {
  let changed = false;
  for (let id: u32 = 0; id < m.probeCount; id++) {
    const probe = probeAt(m, id);
    if (probe.state != ARMED || probe.match != MATCH_ACCESS || probe.entity != entity) continue;
    if ((probe.low & SPACE_FLAGS) != space || offset + width <= (probe.low & ~SPACE_FLAGS) || offset > probe.high) continue;
    if ((<u32>probe.time & (isWrite ? WRITE : READ)) == 0) continue;
    if (isWrite && (value & probe.mask) != (probe.value & probe.mask)) continue;
    if (hit(m, id)) changed = true;
  }
  if (changed) recount(m);
}

/** A CXL.mem request of a root port, before it is issued. A match names the port, or NONE for any, and an inclusive range of addresses. */
export function matchRequest(m: Machine, portIndex: u32, isWrite: bool, address: u64): void {
  let changed = false;
  for (let id: u32 = 0; id < m.probeCount; id++) {
    const probe = probeAt(m, id);
    if (probe.state != ARMED || probe.match != MATCH_REQUEST) continue;
    if (probe.entity != NONE && !isPort(m, probe.entity, portIndex)) continue;
    if (address < ((<u64>probe.high << 32) | <u64>probe.low) || address > ((<u64>probe.value << 32) | <u64>probe.mask)) continue;
    if ((<u32>probe.time & (isWrite ? WRITE : READ)) == 0) continue;
    if (hit(m, id)) changed = true;
  }
  if (changed) recount(m);
}

function isPort(m: Machine, entity: u32, portIndex: u32): bool {
  const found = entityAt(m, entity);
  return found.kind == KIND_PORT && found.index == portIndex;
}

/** Register values reached: an edge from not equal to equal is a match, or every change. */
export function checkRegisterProbes(m: Machine): void {
  if (m.probeDepth == MAX_DEPTH) return;
  m.probeDepth++;
  let changed = false;
  for (let id: u32 = 0; id < m.probeCount; id++) {
    const probe = probeAt(m, id);
    if (probe.state != ARMED || probe.match != MATCH_REGISTER) continue;
    if (isReached(probe, bitsOf(m, probe)) && hit(m, id)) changed = true;
  }
  m.probeDepth--;
  if (changed) recount(m);
}

/** The bits that a register match looks at, as they are now. */
function bitsOf(m: Machine, probe: Probe): u32 {
  return getDword(blockAt(entityAt(m, probe.entity), probe.low), indexAt(probe.low)) & probe.mask;
}

/** Holds the bits against those of the last look, which it remembers. */
function isReached(probe: Probe, bits: u32): bool {
  const known = probe.time;
  if (probe.high == CHANGES) {
    probe.time = <u64>bits | KNOWN;
    return known != 0 && known != probe.time;
  }
  const holds = bits == (probe.value & probe.mask);
  probe.time = holds ? 1 : 0;
  return holds && known == 0;
}
