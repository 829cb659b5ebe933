// The in-flight table of a root port: requests on their way, completed by media latency, timeout, isolation, or never (12.3, TB1, TB2).
// A request that meets a link that is down while isolation is enabled isolates the port again (T1 taken as a condition: INFERRED).

import { isIsolated, isIsolationEnabled, isolate, setBusy, timeoutOf, transactionTimedOut } from "../component/timeout-isolation";
import { answersDevice, answersProcessor, carryLine, endWriteBack, fillLine, storeLine } from "./cache-path";
import { entrySource, setDeadline, watchdogSource } from "../deadlines";
import { matchRequest } from "../fault/probes";
import { Completion, Device, Entry, HOST_HUNG, HOST_RESET, HOST_RUNNING, LIMIT_COMPLETIONS, Machine, NEVER, NONE, PLATFORM_HANG, PLATFORM_RESET, Port, STATUS_DROPPED, STATUS_FATAL, STATUS_NEVER, STATUS_OK, STATUS_ONES, STATUS_POISON, SYNC, WRITE_BACK, deviceAt, entryAt, portAt, stalledAt } from "../machine";
import { LOCKED } from "../cci/security";
import { RAM, isPoisoned, readWord, writeMedia } from "../media/pages";
import { setHostState } from "../time";
import { ACCESS_COMPLETION, ACCESS_REQUEST, HW_DROPPED, HW_LIMIT, HW_POISON, HW_STALL, LAYER_ACCESS, trace, traceHardware } from "../trace/ring";
import { MEDIA_READY } from "./reset";
import { FOUND, MISS_POISON, MISS_SILENT, isLive, isRam, locate, routeToPort, unroutedIsPoison } from "./routing";
import { firstEntry, giveBack, setEntryDeadline, tableDeadline, takeEntry } from "./table";

const OUTCOME_MEDIA: u32 = 0;
const OUTCOME_MISS: u32 = 1;
const OUTCOME_MISS_POISON: u32 = 2;
const OUTCOME_ISOLATED: u32 = 3;
/** From here on an end does more than answer the requester. */
const OUTCOME_FATAL: u32 = 4;
const OUTCOME_TIMEOUT: u32 = 5;
const OUTCOME_NEVER: u32 = 6;

/** Sends a request on its way. Returns false if the requester is stalled already, or the host is dead. */
export function issue(m: Machine, requester: u32, width: u32, address: u64, value: u64, isDirect: u32): bool {
  if (requester != SYNC && stalledAt(m, requester).isWaiting != 0) return false;
  if (m.cacheSets != 0) {
    const isAnswered = isDirect != 0 ? answersDevice(m, requester, width, address) : answersProcessor(m, requester, width, address, value);
    if (isAnswered) {
      traceRequest(m, requester, width, address, value);
      return true;
    }
  }
  const index = isRam(m, address) ? NONE : routeToPort(m, address);
  if (m.armedRequest != 0 && index != NONE) matchRequest(m, index, width != 0, address);
  traceRequest(m, requester, width, address, value);
  if (index == NONE) {
    answerUnrouted(m, requester, width, address, value);
    return true;
  }
  if (m.hostState != HOST_RUNNING) {
    if (requester == SYNC) complete(m, SYNC, width, address, m.now, STATUS_NEVER, 0);
    return false;
  }
  send(m, portAt(m, index), requester, width, address, value, isDirect);
  return true;
}

function traceRequest(m: Machine, requester: u32, width: u32, address: u64, value: u64): void {
  if (requester != SYNC) trace(m, LAYER_ACCESS, ACCESS_REQUEST, requester, width, <u32>address, <u32>(address >> 32), <u32>value, <u32>(value >> 32));
}

/** Enters a request into its port's table, or lets it wait for an entry. */
export function send(m: Machine, port: Port, requester: u32, width: u32, address: u64, value: u64, isDirect: u32): void {
  let isDropped: u32 = 0;
  let delay: u64 = 0;
  if ((port.dropResponses | port.delayResponses) != 0 && !isIsolated(port) && isLive(port)) {
    if (port.dropResponses != 0) {
      port.dropResponses--;
      isDropped = 1;
    } else {
      port.delayResponses--;
      delay = port.delayTime;
    }
    countEffects(m);
  }
  if (port.active == port.capacity) stall(m, port, requester, width, address, value, isDropped, delay, isDirect);
  else enter(m, port, requester, width, address, value, isDropped, delay, isDirect);
}

/** Ports with responses to drop or delay: while there are any, single requests are watched. */
export function countEffects(m: Machine): void {
  m.pendingEffects = 0;
  for (let i: u32 = 0; i < m.portCount; i++) if ((portAt(m, i).dropResponses | portAt(m, i).delayResponses) != 0) m.pendingEffects++;
}

function answerUnrouted(m: Machine, requester: u32, width: u32, address: u64, value: u64): void {
  if (isRam(m, address)) {
    if (width != 0) writeMedia(m, RAM, address, value, width);
    return complete(m, requester, width, address, m.now, STATUS_OK, width != 0 ? value : readWord(m, RAM, address));
  }
  const status = width != 0 ? STATUS_DROPPED : unroutedIsPoison(m, address) ? STATUS_POISON : STATUS_ONES;
  complete(m, requester, width, address, m.now, status, ~(<u64>0));
}

function stall(m: Machine, port: Port, requester: u32, width: u32, address: u64, value: u64, isDropped: u32, delay: u64, isDirect: u32): void {
  const slot = requester == SYNC ? m.requesterCount : requester;
  const waiting = stalledAt(m, slot);
  assert(waiting.isWaiting == 0);
  waiting.isWaiting = 1;
  waiting.width = width;
  waiting.next = NONE;
  waiting.isDropped = isDropped;
  waiting.address = address;
  waiting.value = value;
  waiting.delay = delay;
  waiting.isDirect = isDirect;
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
  enter(m, port, slot == m.requesterCount ? SYNC : slot, waiting.width, waiting.address, waiting.value, waiting.isDropped, waiting.delay, waiting.isDirect);
}

function enter(m: Machine, port: Port, requester: u32, width: u32, address: u64, value: u64, isDropped: u32, delay: u64, isDirect: u32): void {
  const entry = takeEntry(port);
  entry.requester = requester;
  entry.width = width;
  entry.sequence = m.sequence++;
  entry.address = address;
  entry.value = value;
  entry.issued = m.now;
  entry.device = NONE;
  entry.isDropped = isDropped;
  entry.delay = delay;
  entry.isDirect = isDirect;
  if (requester == WRITE_BACK) carryLine(m, entry);
  if (isIsolated(port)) plan(port, entry, OUTCOME_ISOLATED, m.now + m.isolationResponse);
  else if (isLive(port)) planMedia(m, port, entry);
  else if (isIsolationEnabled(port)) isolate(m, port, true);
  else meetDeadLink(m, port, entry);
  setDeadline(m, entrySource(m, port.index), tableDeadline(port));
}

function plan(port: Port, entry: Entry, outcome: u32, deadline: u64): void {
  entry.outcome = outcome;
  const isDisturbing: u32 = entry.state == 2 || outcome >= OUTCOME_FATAL ? 1 : 0;
  port.disturbing += isDisturbing - entry.isDisturbing;
  entry.isDisturbing = isDisturbing;
  setEntryDeadline(port, entry, deadline);
}

function planMedia(m: Machine, port: Port, entry: Entry): void {
  const miss = locate(m, port, entry.address);
  let answered = NEVER;
  let outcome = miss == MISS_POISON ? OUTCOME_MISS_POISON : OUTCOME_MISS;
  let latency = m.foundLatency;
  if (m.foundDevice != 0) {
    const device = changetype<Device>(m.foundDevice);
    entry.device = device.index;
    // Byte lanes are those of the address, also where a decoder's share (size over 3 ways) is no multiple of eight bytes (C12: not checked).
    entry.dpa = (m.foundDpa & ~7) | (entry.address & 7);
    latency += entry.width != 0 ? device.writeLatency : device.readLatency;
    if (miss == FOUND) outcome = OUTCOME_MEDIA;
  }
  if (miss != MISS_SILENT && entry.isDropped == 0) answered = m.now + latency + entry.delay;
  planAnswer(m, port, entry, outcome, answered);
}

/** The answer comes, or the transaction times out first, or neither. */
function planAnswer(m: Machine, port: Port, entry: Entry, outcome: u32, answered: u64): void {
  const timeout = timeoutOf(m, port);
  const limit = timeout == NEVER ? NEVER : max(entry.issued + timeout, m.now);
  if (limit != NEVER && limit < answered) return plan(port, entry, OUTCOME_TIMEOUT, limit);
  if (answered != NEVER) return plan(port, entry, outcome, answered);
  plan(port, entry, OUTCOME_NEVER, NEVER);
  startWatchdog(m);
}

/** A switch's downstream port went down: answers of devices below it will not come. */
export function loseBelow(m: Machine, port: Port): void {
  let top = port;
  while (top.isRoot == 0) top = changetype<Port>(top.parent.parent);
  for (let at = top.oldest; at != NONE; at = entryAt(top, at).newer) {
    const entry = entryAt(top, at);
    if (entry.outcome <= OUTCOME_MISS_POISON && entry.device != NONE && isBelow(deviceAt(m, entry.device), port)) planAnswer(m, top, entry, OUTCOME_MISS, NEVER);
  }
  setDeadline(m, entrySource(m, top.index), tableDeadline(top));
}

function isBelow(device: Device, port: Port): bool {
  let above = changetype<Port>(device.parent);
  while (above.id != port.id) {
    if (above.isRoot != 0) return false;
    above = changetype<Port>(above.parent.parent);
  }
  return true;
}

/** When the watchdog bites: the oldest request that will never be answered is `watchdogTime` old. */
function watchdogDue(m: Machine): u64 {
  let issued = NEVER;
  for (let i: u32 = 0; i < m.portCount; i++) {
    const port = portAt(m, i);
    for (let at = port.oldest; at != NONE; at = entryAt(port, at).newer) if (entryAt(port, at).outcome == OUTCOME_NEVER) issued = min(issued, entryAt(port, at).issued);
  }
  return issued == NEVER ? NEVER : issued + m.watchdogTime;
}

function startWatchdog(m: Machine): void {
  setDeadline(m, watchdogSource(m), watchdogDue(m));
}

/** The watchdog is due; what it waited for may have been answered since. */
export function runWatchdog(m: Machine): void {
  const due = watchdogDue(m);
  if (due > m.now) setDeadline(m, watchdogSource(m), due);
  else setHostState(m, HOST_HUNG);
}

/** T7, T9: no answer and no isolation; the platform decides. */
function meetDeadLink(m: Machine, port: Port, entry: Entry): void {
  if (m.platformFailure == PLATFORM_RESET) {
    plan(port, entry, OUTCOME_NEVER, NEVER);
    setHostState(m, HOST_RESET);
  } else if (m.platformFailure == PLATFORM_HANG) {
    plan(port, entry, OUTCOME_NEVER, NEVER);
    startWatchdog(m);
  } else plan(port, entry, OUTCOME_FATAL, m.now + m.isolationResponse);
}

/** The link went down and nothing isolates: every outstanding request meets a dead link. */
export function loseLink(m: Machine, port: Port): void {
  for (let at = port.oldest; at != NONE; at = entryAt(port, at).newer) meetDeadLink(m, port, entryAt(port, at));
  setDeadline(m, entrySource(m, port.index), tableDeadline(port));
}

/** Isolation begins: everything outstanding is answered, one after another in order of issue (TB1, TB2, TB7). */
export function answerPending(m: Machine, port: Port): void {
  port.pendingAtTrigger = port.active;
  let answered = m.now;
  for (let at = port.oldest; at != NONE; at = entryAt(port, at).newer) {
    const entry = entryAt(port, at);
    entry.state = 2;
    answered += m.isolationResponse;
    plan(port, entry, OUTCOME_ISOLATED, answered);
  }
  setDeadline(m, entrySource(m, port.index), tableDeadline(port));
}

/** Earliest entry whose end does more than answer its requester: a timeout, a failure, or one that root port busy waits for. */
export function disturbedDeadline(port: Port): u64 {
  let earliest = NEVER;
  if (port.disturbing == 0) return earliest;
  for (let at = port.oldest; at != NONE; at = entryAt(port, at).newer) if (entryAt(port, at).isDisturbing != 0) earliest = min(earliest, entryAt(port, at).deadline);
  return earliest;
}

/** Completes what is due at this port. */
export function runEntries(m: Machine, port: Port): void {
  while (tableDeadline(port) <= m.now && m.hostState == HOST_RUNNING) finish(m, port, firstEntry(port));
  setDeadline(m, entrySource(m, port.index), tableDeadline(port));
}

function finish(m: Machine, port: Port, entry: Entry): void {
  if (entry.outcome == OUTCOME_TIMEOUT) {
    if (!transactionTimedOut(m, port)) meetDeadLink(m, port, entry);
    return;
  }
  const isRead = entry.width == 0;
  let status = STATUS_OK;
  let value = entry.value;
  if (entry.outcome == OUTCOME_MEDIA) status = accessMedia(m, entry);
  else if (entry.outcome <= OUTCOME_MISS_POISON) status = isRead ? (entry.outcome == OUTCOME_MISS_POISON ? STATUS_POISON : STATUS_ONES) : STATUS_DROPPED;
  else {
    status = isRead ? (entry.outcome == OUTCOME_FATAL ? STATUS_FATAL : STATUS_POISON) : STATUS_DROPPED;
    traceHardware(m, isRead ? HW_POISON : HW_DROPPED, port.id, entry.requester, entry.address, 0, 0);
  }
  if (entry.outcome == OUTCOME_MEDIA) value = entry.value;
  else if (entry.outcome <= OUTCOME_MISS_POISON) value = ~(<u64>0);
  retire(m, port, entry, status, value);
}

/** The access to the media itself; a read leaves its value in the entry. Media that is not ready, or persistent and locked, gives all ones and takes nothing. */
function accessMedia(m: Machine, entry: Entry): u32 {
  const isRead = entry.width == 0;
  const device = deviceAt(m, entry.device);
  if (device.mediaState != MEDIA_READY || ((device.cci.security & LOCKED) != 0 && entry.dpa >= device.volatileCapacity)) {
    entry.value = ~(<u64>0);
    return isRead ? STATUS_ONES : STATUS_DROPPED;
  }
  if (!isRead) {
    if (entry.requester == WRITE_BACK) storeLine(m, entry);
    else writeMedia(m, entry.device, entry.dpa, entry.value, entry.width);
    return STATUS_OK;
  }
  entry.value = readWord(m, entry.device, entry.dpa);
  return isPoisoned(m, entry.device, entry.dpa) ? STATUS_POISON : STATUS_OK;
}

function retire(m: Machine, port: Port, entry: Entry, status: u32, value: u64): void {
  const wasPending = entry.state == 2;
  const requester = entry.requester;
  const isKept = m.cacheSets != 0 && entry.outcome == OUTCOME_MEDIA && entry.width == 0 && status == STATUS_OK && entry.isDirect == 0;
  const device = entry.device;
  const dpa = entry.dpa;
  const address = entry.address;
  giveBack(port, entry);
  if (requester == WRITE_BACK) endWriteBack(m, port.id, address, status);
  else complete(m, requester, entry.width, entry.address, entry.issued, status, value);
  if (wasPending) {
    port.pendingAtTrigger--;
    if (port.pendingAtTrigger == 0) setBusy(m, port, false);
  }
  unstall(m, port);
  if (isKept) fillLine(m, address, device, dpa);
}

/** Puts a completion in the queue; the CPU's own access is answered in place. */
export function complete(m: Machine, requester: u32, width: u32, address: u64, issued: u64, status: u32, value: u64): void {
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
