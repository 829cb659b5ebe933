// The module's exports: build a machine, access it, let time pass, arm probes, look inside. Every argument and result is 32 bits; the upper
// half of a 64-bit result is `resultHigh`. See docs/decisions/0001-main-interfaces.md.

export { addBridge, addCdat, addDevice, addPort, addRam, addSwitch, addWindow, addXorMap, begin, finish, setKey, setOption } from "./build";
export { addEventLog, addMailbox, addRegion, factoryPart, firmwareSlots, sizeOfMailbox } from "./cci/build";
export { arm, comes, deviceState, disarm, entityState, nextPoisonedLine, peek, probeBefore, probeFired, probeFirst, probeLast, probeMatches, probePayload, portState, setProbeTimes, fieldOffset, decodeMany } from "./inspect";
export { lookUpHandles, map, unmap, unmapAll } from "./handles";
import { findLine, isCacheable, lineWord } from "./fabric/cache";
import { invalidateLines } from "./fabric/cache-path";
import { issue } from "./fabric/in-flight";
import { zeroRange } from "./fabric/zero";
import { resetMachine as resetAll } from "./fabric/machine-reset";
import { handleRead, handleWrite } from "./fabric/mmio";
import { FOUND, isLive, isRam, locate, routeToPort } from "./fabric/routing";
import { isIsolated } from "./component/timeout-isolation";
import { handleAt } from "./handles";
import { Completion, Device, HOST_RUNNING, INTERRUPTS, Machine, NEVER, NONE, STATUS_DROPPED, STATUS_NEVER, STATUS_OK, STATUS_ONES, STATUS_POISON, SYNC, deviceAt, pendingAt, portAt, root, stalledAt } from "./machine";
import { RAM, writeMedia, readWord } from "./media/pages";
import { configRead as readConfig, configWrite as writeConfig } from "./pci/config-space";
import { advance, findEvent, settle, spend as spendTime } from "./time";
import { ACCESS_LOAD, ACCESS_STORE, HW_ACCOUNT, LAYERS, LAYER_ACCESS, trace, traceHardware } from "./trace/ring";

export function rootAddress(): usize {
  return changetype<usize>(root());
}

export function configRead(address: u32, offset: u32, width: u32): u32 {
  const m = root();
  settle(m);
  const value = readConfig(m, address, offset, width);
  spendTime(m, <u64>m.costConfig);
  return value;
}

export function configWrite(address: u32, offset: u32, width: u32, value: u32): void {
  const m = root();
  settle(m);
  writeConfig(m, address, offset, width, value);
  spendTime(m, <u64>m.costConfig);
}

export function read(index: u32, offset: u32, width: u32): u32 {
  const m = root();
  settle(m);
  const value = handleRead(m, handleAt(m, index), offset, width);
  spendTime(m, <u64>m.costRead);
  return value;
}

export function write(index: u32, offset: u32, width: u32, low: u32, high: u32): void {
  const m = root();
  settle(m);
  handleWrite(m, handleAt(m, index), offset, width, low, high);
  spendTime(m, <u64>m.costWrite);
}

/** For benchmarks: the first 32 dwords of a handle's range read over and over, without a call from outside for each. Their sum. */
export function readMany(index: u32, count: u32): u32 {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < count; i++) sum += read(index, (i & 31) << 2, 4);
  return sum;
}

/** Waits, in virtual time, for the answer to the CPU's own request. */
function waitForAnswer(m: Machine): u32 {
  while (m.waitingSync != 0) {
    if (m.hostState != HOST_RUNNING || m.nextDeadline == NEVER) return STATUS_NEVER;
    advance(m, m.nextDeadline);
  }
  return m.syncStatus;
}

function access(m: Machine, address: u64, value: u64, width: u32): u32 {
  settle(m);
  m.waitingSync = 1;
  issue(m, SYNC, width, address, value, 0);
  return waitForAnswer(m);
}

/** CPU load of `width` <= 8 bytes inside an aligned 8-byte word. Value in `syncValue` of the root; returns the status. */
export function loadMemory(low: u32, high: u32, width: u32): u32 {
  const m = root();
  const address = (<u64>high << 32) | <u64>low;
  const status = access(m, address, 0, 0);
  const shifted = m.syncValue >> ((address & 7) << 3);
  m.syncValue = width >= 8 ? shifted : shifted & ((<u64>1 << (<u64>width << 3)) - 1);
  trace(m, LAYER_ACCESS, ACCESS_LOAD, status, width, low, high, <u32>m.syncValue, <u32>(m.syncValue >> 32));
  spendTime(m, <u64>m.costMemory);
  return status;
}

/** A store to a line that the cache does not hold reads it first (ownership); one that cannot be read takes nothing, and raises nothing (machine-check 8: INFERRED). */
function storeThroughCache(m: Machine, address: u64, value: u64, width: u32): u32 {
  settle(m);
  if (isCacheable(m, address) && findLine(m, address) == NONE) {
    const status = access(m, address & ~7, 0, 0);
    if (status == STATUS_POISON || status == STATUS_ONES) return STATUS_DROPPED;
    if (status != STATUS_OK) return status;
  }
  return access(m, address, value, width);
}

/** CPU store of `width` <= 8 bytes inside an aligned 8-byte word. */
export function storeMemory(low: u32, high: u32, width: u32, valueLow: u32, valueHigh: u32): u32 {
  const m = root();
  const address = (<u64>high << 32) | <u64>low;
  const value = (<u64>valueHigh << 32) | <u64>valueLow;
  const status = m.cacheSets != 0 ? storeThroughCache(m, address, value, width) : access(m, address, value, width);
  trace(m, LAYER_ACCESS, ACCESS_STORE, status, width, low, high, valueLow, valueHigh);
  spendTime(m, <u64>m.costMemory);
  return status;
}

/** Puts a line request of a requester on the way; `isDirect`: a device's, which the processors' cache does not keep. Returns 1, or 0 if the requester is stalled. */
export function request(requester: u32, width: u32, low: u32, high: u32, valueLow: u32, valueHigh: u32, isDirect: u32): u32 {
  const m = root();
  if (requester >= m.requesterCount) return 0;
  settle(m);
  return issue(m, requester, width, (<u64>high << 32) | <u64>low, (<u64>valueHigh << 32) | <u64>valueLow, isDirect) ? 1 : 0;
}

/** Writes the cache's dirty lines of a range back and forgets all of its lines. */
export function invalidateCache(low: u32, high: u32, sizeLow: u32, sizeHigh: u32): void {
  const m = root();
  settle(m);
  if (m.cacheSets != 0) invalidateLines(m, (<u64>high << 32) | <u64>low, (<u64>sizeHigh << 32) | <u64>sizeLow);
}

/** Clears what was written in a range of CXL memory that is reached now; no time passes. */
export function zeroMemory(low: u32, high: u32, sizeLow: u32, sizeHigh: u32): void {
  const m = root();
  settle(m);
  zeroRange(m, (<u64>high << 32) | <u64>low, (<u64>sizeHigh << 32) | <u64>sizeLow);
}

/** Address of the oldest completion, which is then taken from the queue; 0 when there is none. */
export function takeCompletion(): usize {
  const m = root();
  if (m.completionCount == 0) return 0;
  const at = m.completions + <usize>m.completionHead * offsetof<Completion>();
  m.completionHead = (m.completionHead + 1) % m.completionCapacity;
  m.completionCount--;
  return at;
}

/** Address of the oldest pending interrupt (address, data, entity that sent it), taken; 0 when there is none. */
export function takeInterrupt(): usize {
  const m = root();
  if (m.interruptCount == 0) return 0;
  const at = pendingAt(m, 0);
  m.interruptHead = (m.interruptHead + 1) % INTERRUPTS;
  m.interruptCount--;
  return changetype<usize>(at);
}

export function isStalled(requester: u32): u32 {
  const m = root();
  return requester < m.requesterCount ? stalledAt(m, requester).isWaiting : 0;
}

/** Root port that a request to this address would use; NONE when none: RAM, or nothing claims it. */
export function routeOf(low: u32, high: u32): u32 {
  const m = root();
  const address = (<u64>high << 32) | <u64>low;
  return isRam(m, address) ? NONE : routeToPort(m, address);
}

/** Undisturbed latency (ns) of the device that an address reaches through a root port, switches on the way included; 0: none. */
export function latencyOf(port: u32, low: u32, high: u32, isWrite: u32): u32 {
  const m = root();
  if (port >= m.portCount || !isLive(portAt(m, port))) return 0;
  locate(m, portAt(m, port), (<u64>high << 32) | <u64>low);
  if (m.foundDevice == 0) return <u32>m.foundLatency;
  const device = changetype<Device>(m.foundDevice);
  return <u32>(m.foundLatency + (isWrite != 0 ? device.writeLatency : device.readLatency));
}

export function advanceTo(low: u32, high: u32): void {
  const m = root();
  advance(m, (<u64>high << 32) | <u64>low);
}

/** Time of the next event beside undisturbed answers of requests, ~0: none. */
export function nextEvent(): u32 {
  const m = root();
  const time = findEvent(m);
  m.resultHigh = <u32>(time >> 32);
  return <u32>time;
}

export function spend(nanoseconds: u32): void {
  spendTime(root(), <u64>nanoseconds);
}

/** Requests counted in closed form. */
export function account(port: u32, reads: u32, writes: u32, dropped: u32): void {
  const m = root();
  traceHardware(m, HW_ACCOUNT, port < m.portCount ? portAt(m, port).id : NONE, reads, <u64>writes, dropped, 0);
}

/** The whole machine is reset; `isWarm` spares sticky registers. */
export function resetMachine(isWarm: u32): void {
  resetAll(root(), isWarm != 0);
}

export function traceWrite(layer: u32, kind: u32, a: u32, b: u32, c: u32, d: u32, e: u32, f: u32): void {
  if (layer < LAYERS) trace(root(), layer, kind & 0xff, a, b, c, d, e, f);
}

/** Power-on contents of host DRAM, one byte at a time; no time passes. */
export function pokeRam(low: u32, high: u32, byte: u32): void {
  writeMedia(root(), RAM, (<u64>high << 32) | <u64>low, <u64>byte, 1);
}

/** Where a load of an address would be answered now: 0 by the cache, 1 by media, NONE nowhere. Eight aligned bytes are put at `syncValue`; no time, no trace. */
export function peekView(low: u32, high: u32): u32 {
  const m = root();
  const address = (<u64>high << 32) | <u64>low;
  const slot = m.cacheSets != 0 && isCacheable(m, address) ? findLine(m, address) : NONE;
  if (slot != NONE) {
    m.syncValue = lineWord(m, slot, address);
    return 0;
  }
  const port = isRam(m, address) ? NONE : routeToPort(m, address);
  if (port == NONE || isIsolated(portAt(m, port)) || !isLive(portAt(m, port)) || locate(m, portAt(m, port), address) != FOUND) return NONE;
  m.syncValue = readWord(m, changetype<Device>(m.foundDevice).index, m.foundDpa);
  return 1;
}

/** Eight aligned bytes of a device's media, without time or trace. */
export function peekMedia(device: u32, low: u32, high: u32): u32 {
  const m = root();
  const word = device < m.deviceCount || device == RAM ? readWord(m, device, (<u64>high << 32) | <u64>low) : 0;
  m.resultHigh = <u32>(word >> 32);
  return <u32>word;
}

