// For the host: the probe table and a look at registers and states, without time and without trace.

import { CONFIG_FLAG, DEVICE_FLAG, MATCH_REGISTER, blockAt, callProbe, checkRegisterProbes, indexAt, isInUse, probeAt, recount } from "./fault/probes";
import { Completion, Device, KIND_BRIDGE, KIND_DEVICE, Machine, NONE, Window, deviceAt, entityAt, portAt, root } from "./machine";
import { holdsLinkDown } from "./component/timeout-isolation";
import { isDisabled, isInBusReset, isSlotOff } from "./fabric/link-state";
import { isContained } from "./pci/dpc";
import { routeToPort } from "./fabric/routing";
import { nextPoisoned, poisonedLinesOf } from "./media/pages";
import { getDword } from "./registers";

/** Arms probe `id` with what was written into the root's probe record before; see src/hardware/probes.ts. Returns 0 if it is armed already. */
export function arm(id: u32, match: u32, entity: u32, low: u32, high: u32, mask: u32, value: u32, timeLow: u32, timeHigh: u32, skip: u32, count: u32, action: u32, target: u32, argumentLow: u32, argumentHigh: u32, extra: u32): u32 {
  const m = root();
  if (id >= m.probeCount || isInUse(probeAt(m, id))) return 0;
  const probe = probeAt(m, id);
  probe.match = match;
  probe.entity = entity;
  probe.low = low;
  probe.high = high;
  probe.mask = mask;
  probe.value = value;
  probe.time = (<u64>timeHigh << 32) | <u64>timeLow;
  probe.skip = skip;
  probe.count = count;
  probe.action = action;
  probe.target = target;
  probe.argument = (<u64>argumentHigh << 32) | <u64>argumentLow;
  probe.extra = extra;
  probe.matches = 0;
  probe.fired = 0;
  probe.firstAt = 0;
  probe.lastAt = 0;
  probe.acts = 0;
  probe.before = 0;
  probe.state = 1;
  if (match == MATCH_REGISTER) probe.time = 0;
  recount(m);
  if (match == MATCH_REGISTER) checkRegisterProbes(m);
  return 1;
}

/** Where the host writes a probe's header or record (32 dwords) before it arms it; 0: no such probe, or armed already. */
export function probePayload(id: u32): usize {
  return id < root().probeCount && !isInUse(probeAt(root(), id)) ? probeAt(root(), id).payload : 0;
}

/** How long after a match a probe acts, and after its first act again; ns. To be called before it is armed. */
export function setProbeTimes(id: u32, delayLow: u32, delayHigh: u32, periodLow: u32, periodHigh: u32): void {
  const m = root();
  if (id >= m.probeCount || isInUse(probeAt(m, id))) return;
  probeAt(m, id).delay = (<u64>delayHigh << 32) | <u64>delayLow;
  probeAt(m, id).period = (<u64>periodHigh << 32) | <u64>periodLow;
}

/** What the host watches for on behalf of a probe has come. */
export function comes(id: u32): void {
  if (id < root().probeCount) callProbe(root(), id);
}

/** What the bits held that a probe's last act changed. */
export function probeBefore(id: u32): u32 {
  return id < root().probeCount ? probeAt(root(), id).before : 0;
}

export function disarm(id: u32): void {
  const m = root();
  if (id < m.probeCount && isInUse(probeAt(m, id))) probeAt(m, id).state = 2;
  recount(m);
}

export function probeFired(id: u32): u32 {
  return id < root().probeCount ? probeAt(root(), id).fired : 0;
}

export function probeMatches(id: u32): u32 {
  return id < root().probeCount ? probeAt(root(), id).matches : 0;
}

/** Time of a probe's first action; the upper half is `resultHigh`. */
export function probeFirst(id: u32): u32 {
  return split(id < root().probeCount ? probeAt(root(), id).firstAt : 0);
}

export function probeLast(id: u32): u32 {
  return split(id < root().probeCount ? probeAt(root(), id).lastAt : 0);
}

function split(value: u64): u32 {
  root().resultHigh = <u32>(value >> 32);
  return <u32>value;
}

/** Dword at a byte offset of an entity's component block, of its config space with CONFIG_FLAG set, of its CXL device registers with DEVICE_FLAG set. */
export function peek(id: u32, offset: u32): u32 {
  const m = root();
  if (id >= m.entityCount) return 0xffff_ffff;
  const entity = entityAt(m, id);
  if ((offset & CONFIG_FLAG) != 0 && entity.kind == KIND_BRIDGE) return 0xffff_ffff;
  if ((offset & DEVICE_FLAG) != 0 && entity.kind != KIND_DEVICE) return 0xffff_ffff;
  const block = blockAt(entity, offset);
  const index = indexAt(offset);
  return index < block.dwords ? getDword(block, index) : 0;
}

export function entityState(id: u32): u32 {
  const m: Machine = root();
  return id < m.entityCount ? entityAt(m, id).kind : NONE;
}

/**
 * What of a port: 0 link state, 1 entries in flight, 2 plugged card's entity id, 3 a requester is stalled, 4 cable out, 5 disabled,
 * 6 in bus reset, 7 held down by isolation, 8 never retrains, 9 entity id of the card that the next link-up finds,
 * 10 contained (DPC), 11 slot power off.
 */
export function portState(index: u32, what: u32): u32 {
  const m = root();
  if (index >= m.portCount) return NONE;
  const port = portAt(m, index);
  switch (what) {
    case 0: return port.linkState;
    case 1: return port.active;
    case 2: return port.plugged;
    case 3: return port.stalledHead == NONE ? 0 : 1;
    case 4: return port.cableOut;
    case 5: return isDisabled(port) ? 1 : 0;
    case 6: return isInBusReset(port) ? 1 : 0;
    case 7: return holdsLinkDown(port) ? 1 : 0;
    case 8: return port.neverRetrain;
    case 9: return port.nextPlugged;
    case 10: return isContained(port) ? 1 : 0;
    case 11: return isSlotOff(port) ? 1 : 0;
    default: return NONE;
  }
}

/** What of a device: 0 media state, 1 resets so far, 2 poisoned lines of its media. */
export function deviceState(index: u32, what: u32): u32 {
  const m = root();
  if (index >= m.deviceCount) return NONE;
  const device: Device = deviceAt(m, index);
  return what == 0 ? device.mediaState : what == 1 ? device.resetCount : what == 2 ? poisonedLinesOf(m, index) : NONE;
}

/** The first poisoned line of a device's media from an address on; all ones in both halves when there is none. */
export function nextPoisonedLine(index: u32, low: u32, high: u32): u32 {
  const m = root();
  return split(index < m.deviceCount ? nextPoisoned(m, index, (<u64>high << 32) | <u64>low, u64.MAX_VALUE) : u64.MAX_VALUE);
}

/** Byte offsets of fields that the host reads straight from memory; order as in src/hardware/memory-map.ts. */
export function fieldOffset(field: u32): u32 {
  switch (field) {
    case 0: return offsetof<Machine>("now");
    case 1: return offsetof<Machine>("nextDeadline");
    case 2: return offsetof<Machine>("digests");
    case 3: return offsetof<Machine>("tracePending");
    case 4: return offsetof<Machine>("traceBase");
    case 5: return offsetof<Machine>("resultHigh");
    case 6: return offsetof<Machine>("routeGeneration");
    case 7: return offsetof<Machine>("hostState");
    case 8: return offsetof<Machine>("hostStateAt");
    case 9: return offsetof<Machine>("limits");
    case 10: return offsetof<Machine>("interruptCount");
    case 11: return offsetof<Machine>("armedRequest");
    case 12: return offsetof<Machine>("stateEnd");
    case 13: return offsetof<Machine>("mediaBase");
    case 14: return offsetof<Machine>("mediaUsed");
    case 15: return offsetof<Machine>("syncValue");
    case 16: return offsetof<Completion>("requester");
    case 17: return offsetof<Completion>("width");
    case 18: return offsetof<Completion>("status");
    case 19: return offsetof<Completion>("address");
    case 20: return offsetof<Completion>("issued");
    case 21: return offsetof<Completion>("completed");
    case 22: return offsetof<Completion>("value");
    case 23: return offsetof<Machine>("pendingEffects");
    case 24: return offsetof<Machine>("poisonedLines");
    case 25: return offsetof<Machine>("nextProbeTime");
    case 26: return offsetof<Machine>("traceCapacity");
    default: return 0xffff_ffff;
  }
}

/** Decodes `count` pseudo-random addresses of the first window, for the benchmark: the sum of the root ports found. */
export function decodeMany(count: u32): u32 {
  const m = root();
  const base = changetype<Window>(m.windows).base;
  let state: u32 = 1;
  let sum: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    state = state * 1664525 + 1013904223;
    sum += routeToPort(m, base + <u64>(state & 0xffff_ffc0));
  }
  return sum;
}
