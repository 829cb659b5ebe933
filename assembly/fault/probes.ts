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

/** Flags in the place of a register: config space, or CXL device registers, rather than the component block. */
export const CONFIG_FLAG: u32 = 0x8000_0000;
export const DEVICE_FLAG: u32 = 0x4000_0000;
const SPACE_FLAGS: u32 = CONFIG_FLAG | DEVICE_FLAG;
const READ: u32 = 1;
const WRITE: u32 = 2;
const ARMED: u32 = 1;
const SPENT: u32 = 2;
const MAX_DEPTH: u32 = 4;

export function probeAt(m: Machine, id: u32): Probe {
  return changetype<Probe>(m.probes + <usize>id * offsetof<Probe>());
}

/** Counts armed probes per kind, so that the paths they watch cost nothing while there are none. */
export function recount(m: Machine): void {
  m.armedAccess = 0;
  m.armedRequest = 0;
  m.armedRegister = 0;
  m.nextProbeTime = NEVER;
  for (let id: u32 = 0; id < m.probeCount; id++) {
    const probe = probeAt(m, id);
    if (probe.state != ARMED) continue;
    if (probe.match == MATCH_ACCESS) m.armedAccess++;
    else if (probe.match == MATCH_REQUEST) m.armedRequest++;
    else if (probe.match == MATCH_REGISTER) m.armedRegister++;
    else m.nextProbeTime = min(m.nextProbeTime, probe.time);
  }
  setDeadline(m, SOURCE_PROBES, m.nextProbeTime);
}

/** What a probe did comes to effect now, or (`uncount`) has had none: evidence of actions that act on something yet to come. */
export function countFired(m: Machine, id: u32): void {
  const probe = probeAt(m, id);
  probe.fired++;
  if (probe.fired == 1) probe.firstAt = m.now;
  probe.lastAt = m.now;
}

export function uncountFired(probe: Probe): void {
  probe.fired--;
}

/** One match: skipped, or acted upon. Returns whether the set of armed probes changed. */
function hit(m: Machine, id: u32): bool {
  const probe = probeAt(m, id);
  probe.matches++;
  if (probe.matches <= probe.skip) return false;
  probe.fired++;
  if (probe.fired == 1) probe.firstAt = m.now;
  probe.lastAt = m.now;
  if (probe.count != 0 && probe.fired == probe.count) probe.state = SPENT;
  traceHardware(m, HW_PROBE, probe.target, id, <u64>probe.fired, probe.action, <u32>probe.argument);
  act(m, probe);
  return probe.state == SPENT;
}

export function runTimeProbes(m: Machine): void {
  if (m.nextProbeTime > m.now) return;
  for (let id: u32 = 0; id < m.probeCount; id++) {
    const probe = probeAt(m, id);
    if (probe.state != ARMED || probe.match != MATCH_TIME || probe.time > m.now) continue;
    probe.skip = 0;
    probe.count = 1;
    hit(m, id);
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

/** Register values reached: an edge from not equal to equal is a match. */
export function checkRegisterProbes(m: Machine): void {
  if (m.probeDepth == MAX_DEPTH) return;
  m.probeDepth++;
  let changed = false;
  for (let id: u32 = 0; id < m.probeCount; id++) {
    const probe = probeAt(m, id);
    if (probe.state != ARMED || probe.match != MATCH_REGISTER) continue;
    const entity = entityAt(m, probe.entity);
    const holds = (getDword(blockAt(entity, probe.low), indexAt(probe.low)) & probe.mask) == (probe.value & probe.mask);
    const held = probe.time != 0;
    probe.time = holds ? 1 : 0;
    if (holds && !held && hit(m, id)) changed = true;
  }
  m.probeDepth--;
  if (changed) recount(m);
}
