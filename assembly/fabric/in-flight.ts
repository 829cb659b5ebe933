// The in-flight table of a root port: requests on their way, completed by media latency, timeout, isolation, or never (12.3, TB1, TB2).

import { isIsolated, setBusy, timeoutOf, transactionTimedOut } from "../component/timeout-isolation";
import { matchRequest } from "../fault/probes";
import { Completion, Entry, HOST_RESET, LIMIT_COMPLETIONS, Machine, NEVER, NONE, PLATFORM_HANG, PLATFORM_RESET, Port, STATUS_DROPPED, STATUS_FATAL, STATUS_OK, STATUS_ONES, STATUS_POISON, SYNC, entryAt, deviceAt, portAt, stalledAt } from "../machine";
import { RAM, readWord, writeMedia } from "../media/pages";
import { reschedule, setHostState } from "../time";
import { ACCESS_COMPLETION, ACCESS_REQUEST, HW_DROPPED, HW_LIMIT, HW_POISON, HW_STALL, LAYER_ACCESS, trace, traceHardware } from "../trace/ring";
import { deviceBelow, dpaAt, isRam, missIsPoison, routeToPort } from "./routing";

const OUTCOME_MEDIA: u32 = 0;
const OUTCOME_ISOLATED: u32 = 1;
const OUTCOME_FATAL: u32 = 2;
const OUTCOME_MISS: u32 = 3;
const OUTCOME_TIMEOUT: u32 = 4;
const OUTCOME_NEVER: u32 = 5;

/** Sends a request on its way. Returns false if the requester is stalled already or the completion queue has no room. */
export function issue(m: Machine, requester: u32, width: u32, address: u64, value: u64): bool {
  if (requester != SYNC && stalledAt(m, requester).isWaiting != 0) return false;
  if (m.armedRequest != 0) matchRequest(m, routeToPort(m, address), width != 0, address);
  if (requester != SYNC) trace(m, LAYER_ACCESS, ACCESS_REQUEST, requester, width, <u32>address, <u32>(address >> 32), <u32>value, <u32>(value >> 32));
  const index = isRam(m, address) ? NONE : routeToPort(m, address);
  if (index == NONE) {
    answerUnrouted(m, requester, width, address, value);
    return true;
  }
  const port = portAt(m, index);
  if (port.active == port.capacity) stall(m, port, requester, width, address, value);
  else enter(m, port, requester, width, address, value);
  return true;
}

function answerUnrouted(m: Machine, requester: u32, width: u32, address: u64, value: u64): void {
  if (isRam(m, address)) {
    if (width != 0) writeMedia(m, RAM, address, value, width);
    return complete(m, requester, width, address, m.now, STATUS_OK, width != 0 ? value : readWord(m, RAM, address));
  }
  complete(m, requester, width, address, m.now, width != 0 ? STATUS_DROPPED : STATUS_ONES, ~(<u64>0));
}

function stalledSlot(m: Machine, requester: u32): u32 {
  return requester == SYNC ? m.requesterCount : requester;
}

function stall(m: Machine, port: Port, requester: u32, width: u32, address: u64, value: u64): void {
  const slot = stalledSlot(m, requester);
  const waiting = stalledAt(m, slot);
  waiting.isWaiting = 1;
  waiting.width = width;
  waiting.next = NONE;
  waiting.port = port.index;
  waiting.address = address;
  waiting.value = value;
  if (port.stalledTail == NONE) port.stalledHead = slot;
  else stalledAt(m, port.stalledTail).next = slot;
  port.stalledTail = slot;
  traceHardware(m, HW_STALL, port.id, requester, address, width, 0);
}

/** A free entry goes to the requester that waits longest. */
function unstall(m: Machine, port: Port): void {
  if (port.stalledHead == NONE || port.active == port.capacity) return;
  const slot = port.stalledHead;
  const waiting = stalledAt(m, slot);
  port.stalledHead = waiting.next;
  if (port.stalledHead == NONE) port.stalledTail = NONE;
  waiting.isWaiting = 0;
  enter(m, port, slot == m.requesterCount ? SYNC : slot, waiting.width, waiting.address, waiting.value);
}

function freeEntry(port: Port): Entry {
  let index: u32 = 0;
  while (index + 1 < port.capacity && entryAt(port, index).state != 0) index++;
  return entryAt(port, index);
}

function enter(m: Machine, port: Port, requester: u32, width: u32, address: u64, value: u64): void {
  const entry = freeEntry(port);
  entry.state = 1;
  entry.requester = requester;
  entry.width = width;
  entry.sequence = m.sequence++;
  entry.address = address;
  entry.value = value;
  entry.issued = m.now;
  entry.device = NONE;
  port.active++;
  if (isIsolated(port)) plan(m, port, entry, OUTCOME_ISOLATED, m.now + m.isolationResponse);
  else if (deviceBelow(m, port) === null) meetDeadLink(m, port, entry);
  else planMedia(m, port, entry);
}

function plan(m: Machine, port: Port, entry: Entry, outcome: u32, deadline: u64): void {
  entry.outcome = outcome;
  entry.deadline = deadline;
  if (deadline < port.nextDeadline) port.nextDeadline = deadline;
  reschedule(m, deadline);
}

function planMedia(m: Machine, port: Port, entry: Entry): void {
  const device = deviceAt(m, port.plugged);
  entry.device = device.index;
  entry.dpa = dpaAt(device, entry.address);
  let outcome = entry.dpa == ~(<u64>0) ? OUTCOME_MISS : OUTCOME_MEDIA;
  let answered = m.now + (entry.width != 0 ? device.writeLatency : device.readLatency);
  if (port.dropResponses != 0) {
    port.dropResponses--;
    answered = NEVER;
  } else if (port.delayResponses != 0) {
    port.delayResponses--;
    answered += port.delayTime;
  }
  const timeout = timeoutOf(m, port);
  if (timeout != NEVER && m.now + timeout < answered) return plan(m, port, entry, OUTCOME_TIMEOUT, m.now + timeout);
  if (answered == NEVER) outcome = OUTCOME_NEVER;
  plan(m, port, entry, outcome, answered);
  if (answered == NEVER) startWatchdog(m, entry);
}

function startWatchdog(m: Machine, entry: Entry): void {
  m.watchdogAt = min(m.watchdogAt, entry.issued + m.watchdogTime);
  reschedule(m, m.watchdogAt);
}

/** T7, T9: no answer and no isolation; the platform decides. */
function meetDeadLink(m: Machine, port: Port, entry: Entry): void {
  if (m.platformFailure == PLATFORM_RESET) {
    plan(m, port, entry, OUTCOME_NEVER, NEVER);
    setHostState(m, HOST_RESET);
  } else if (m.platformFailure == PLATFORM_HANG) {
    plan(m, port, entry, OUTCOME_NEVER, NEVER);
    startWatchdog(m, entry);
  } else plan(m, port, entry, OUTCOME_FATAL, m.now + m.isolationResponse);
}

/** The link went down and nothing isolates: every outstanding request meets a dead link. */
export function loseLink(m: Machine, port: Port): void {
  for (let i: u32 = 0; i < port.capacity; i++) if (entryAt(port, i).state != 0) meetDeadLink(m, port, entryAt(port, i));
  findPortDeadline(port);
}

/** Isolation begins: everything outstanding is answered, one after another in order of issue (TB1, TB2, TB7). */
export function answerPending(m: Machine, port: Port): void {
  port.pendingAtTrigger = port.active;
  for (let i: u32 = 0; i < port.capacity; i++) {
    const entry = entryAt(port, i);
    if (entry.state == 0) continue;
    let rank: u64 = 1;
    for (let j: u32 = 0; j < port.capacity; j++) if (entryAt(port, j).state != 0 && entryAt(port, j).sequence < entry.sequence) rank++;
    entry.state = 2;
    plan(m, port, entry, OUTCOME_ISOLATED, m.now + rank * m.isolationResponse);
  }
  findPortDeadline(port);
}

function findPortDeadline(port: Port): void {
  let earliest = NEVER;
  for (let i: u32 = 0; i < port.capacity; i++) if (entryAt(port, i).state != 0) earliest = min(earliest, entryAt(port, i).deadline);
  port.nextDeadline = earliest;
}

/** Earliest entry whose end does more than answer its requester: a timeout, a failure, or one that root port busy waits for. */
export function disturbedDeadline(port: Port): u64 {
  let earliest = NEVER;
  if (port.active == 0) return earliest;
  for (let i: u32 = 0; i < port.capacity; i++) {
    const entry = entryAt(port, i);
    if (entry.state == 2 || (entry.state != 0 && entry.outcome >= OUTCOME_FATAL && entry.outcome != OUTCOME_MISS)) earliest = min(earliest, entry.deadline);
  }
  return earliest;
}

function earliestDue(m: Machine, port: Port): Entry | null {
  let found: Entry | null = null;
  for (let i: u32 = 0; i < port.capacity; i++) {
    const entry = entryAt(port, i);
    if (entry.state == 0 || entry.deadline > m.now) continue;
    if (found === null || entry.deadline < found.deadline || (entry.deadline == found.deadline && entry.sequence < found.sequence)) found = entry;
  }
  return found;
}

/** Completes what is due at this port. */
export function runEntries(m: Machine, port: Port): void {
  if (port.nextDeadline > m.now) return;
  for (let entry = earliestDue(m, port); entry !== null; entry = earliestDue(m, port)) finish(m, port, entry);
  findPortDeadline(port);
}

function finish(m: Machine, port: Port, entry: Entry): void {
  if (entry.outcome == OUTCOME_TIMEOUT) {
    if (!transactionTimedOut(m, port)) meetDeadLink(m, port, entry);
    return;
  }
  const isRead = entry.width == 0;
  let status = STATUS_OK;
  let value = entry.value;
  if (entry.outcome == OUTCOME_MEDIA) {
    if (isRead) value = readWord(m, entry.device, entry.dpa);
    else writeMedia(m, entry.device, entry.dpa, entry.value, entry.width);
  } else if (entry.outcome == OUTCOME_MISS) {
    status = isRead ? (missIsPoison(m, port.index, deviceAt(m, entry.device)) ? STATUS_POISON : STATUS_ONES) : STATUS_DROPPED;
    value = ~(<u64>0);
  } else {
    status = isRead ? (entry.outcome == OUTCOME_FATAL ? STATUS_FATAL : STATUS_POISON) : STATUS_DROPPED;
    traceHardware(m, isRead ? HW_POISON : HW_DROPPED, port.id, entry.requester, entry.address, 0, 0);
  }
  retire(m, port, entry, status, value);
}

function retire(m: Machine, port: Port, entry: Entry, status: u32, value: u64): void {
  const wasPending = entry.state == 2;
  entry.state = 0;
  port.active--;
  complete(m, entry.requester, entry.width, entry.address, entry.issued, status, value);
  if (wasPending) {
    port.pendingAtTrigger--;
    if (port.pendingAtTrigger == 0) setBusy(m, port, false);
  }
  unstall(m, port);
}

/** Puts a completion in the queue; the CPU's own access is answered in place. */
function complete(m: Machine, requester: u32, width: u32, address: u64, issued: u64, status: u32, value: u64): void {
  if (requester == SYNC) {
    m.waitingSync = 0;
    m.syncStatus = status;
    m.syncValue = value;
    return;
  }
  trace(m, LAYER_ACCESS, ACCESS_COMPLETION, requester, status, <u32>address, <u32>(address >> 32), <u32>value, <u32>(value >> 32));
  if (m.completionCount == m.completionCapacity) {
    m.limits |= LIMIT_COMPLETIONS;
    return traceHardware(m, HW_LIMIT, NONE, 3, address, requester, 0);
  }
  const slot = changetype<Completion>(m.completions + <usize>((m.completionHead + m.completionCount) % m.completionCapacity) * offsetof<Completion>());
  slot.requester = requester;
  slot.width = width;
  slot.status = status;
  slot.address = address;
  slot.issued = issued;
  slot.completed = m.now;
  slot.value = value;
  m.completionCount++;
}

