// CXL Timeout and Isolation of a root port (CXL 3.2 8.2.4.24, 12.3). Rule ids T1..T12, TB1.., TR1.. of docs/rules.md. The CXL.cache half
// follows the same rules; memory devices send nothing on CXL.cache, so it is entered by link down and by a fault.

import * as R from "../generated/registers";
import { LINK_UP, Machine, NEVER, Port, keyOf } from "../machine";
import { getDword, setBits, testBits } from "../registers";
import { HW_BUSY, HW_ISOLATION, HW_ISOLATION_CLEARED, HW_TIMEOUT, HW_VIOLATION, traceHardware } from "../trace/ring";
import { answerPending } from "../fabric/in-flight";
import { evaluateLink } from "../fabric/link-state";
import { sendErrCor } from "../pci/aer";
import { sendMessage } from "../pci/msi";
import { checkRegisterProbes } from "../fault/probes";

const CONTROL: u32 = R.COMPONENT_TIMEOUT_ISOLATION_CONTROL;
const STATUS: u32 = R.COMPONENT_TIMEOUT_ISOLATION_STATUS;
const CAPABILITY: u32 = R.COMPONENT_TIMEOUT_ISOLATION_CAPABILITY;
const ISOLATED: u32 = R.TIMEOUT_ISOLATION_STATUS_MEMORY_ISOLATION;
const BY_LINK_DOWN: u32 = R.TIMEOUT_ISOLATION_STATUS_MEMORY_ISOLATION_LINK_DOWN;
const CACHE_ISOLATED: u32 = R.TIMEOUT_ISOLATION_STATUS_CACHE_ISOLATION;
const CACHE_BY_LINK_DOWN: u32 = R.TIMEOUT_ISOLATION_STATUS_CACHE_ISOLATION_LINK_DOWN;
const BUSY: u32 = R.TIMEOUT_ISOLATION_STATUS_ROOT_PORT_BUSY;

/** Only root ports can have the structure. */
function has(port: Port, index: u32, mask: u32): bool {
  return port.isRoot != 0 && testBits(port.component, index, mask);
}

export function isIsolated(port: Port): bool {
  return has(port, STATUS, ISOLATED);
}

export function isIsolationEnabled(port: Port): bool {
  return has(port, CONTROL, R.TIMEOUT_ISOLATION_CONTROL_MEMORY_ISOLATION_ENABLE);
}

/** T4: the link is held down while status[8] is 1; the CXL.cache half likewise. */
export function holdsLinkDown(port: Port): bool {
  if (isIsolated(port) && has(port, CONTROL, R.TIMEOUT_ISOLATION_CONTROL_MEMORY_ISOLATION_LINK_DOWN_ENABLE)) return true;
  return has(port, STATUS, CACHE_ISOLATED) && has(port, CONTROL, R.TIMEOUT_ISOLATION_CONTROL_CACHE_ISOLATION_LINK_DOWN_ENABLE);
}

/** Nanoseconds after which a request issued now times out; NEVER when detection is off (T2). A value without its range behaves as 0. */
export function timeoutOf(m: Machine, port: Port): u64 {
  const control = getDword(port.component, CONTROL);
  if ((control & R.TIMEOUT_ISOLATION_CONTROL_MEMORY_TIMEOUT_ENABLE) == 0) return NEVER;
  const ranges = <u64>(getDword(port.component, CAPABILITY) & R.TIMEOUT_ISOLATION_CAPABILITY_MEMORY_TIMEOUT_RANGES);
  const value = <u64>(control & R.TIMEOUT_ISOLATION_CONTROL_MEMORY_TIMEOUT_VALUE);
  let shortest = R.TIMEOUT_DEFAULT_SHORTEST;
  let longest = R.TIMEOUT_DEFAULT_LONGEST;
  for (let i: u32 = 0; i < R.TIMEOUT_SPAN_COUNT; i++) {
    const row = R.TIMEOUT_SPANS + (<usize>i << 5);
    if (load<u64>(row) != value || (load<u64>(row, 8) & ranges) == 0) continue;
    shortest = load<u64>(row, 16);
    longest = load<u64>(row, 24);
  }
  if (m.timeoutInstant == 0) return shortest;
  return m.timeoutInstant == 1 ? shortest + (longest - shortest) / 2 : longest;
}

/** T2, T3, T9: a request of the port got no answer in time. Returns whether the port isolated. */
export function transactionTimedOut(m: Machine, port: Port): bool {
  setBits(port.component, STATUS, R.TIMEOUT_ISOLATION_STATUS_MEMORY_TIMEOUT, true);
  traceHardware(m, HW_TIMEOUT, port.id, 0, 0, 0, 0);
  if (!isIsolationEnabled(port)) return false;
  isolate(m, port, false);
  return true;
}

/** T1, T3: enters isolation; already isolated, nothing happens again. */
export function isolate(m: Machine, port: Port, byLinkDown: bool): void {
  if (isIsolated(port)) return;
  const control = getDword(port.component, CONTROL);
  setBits(port.component, STATUS, byLinkDown ? ISOLATED | BY_LINK_DOWN : ISOLATED, true);
  setBits(port.component, STATUS, BY_LINK_DOWN, byLinkDown);
  port.linkDownSeen = port.linkState == LINK_UP ? 0 : 1;
  m.routeGeneration++;
  traceHardware(m, HW_ISOLATION, port.id, byLinkDown ? 1 : 0, <u64>port.active, getDword(port.component, STATUS), control);
  setBusy(m, port, port.active != 0);
  answerPending(m, port);
  if (m.hotplugFirst == 0) signal(m, port, control);
  if ((control & R.TIMEOUT_ISOLATION_CONTROL_MEMORY_ISOLATION_LINK_DOWN_ENABLE) != 0) evaluateLink(m, port);
  if (m.hotplugFirst != 0) signal(m, port, control);
  if (m.armedRegister != 0) checkRegisterProbes(m);
}

/** T1: the link went down. Both halves enter isolation where they are enabled: each rule is unconditional. */
export function isolateOnLinkDown(m: Machine, port: Port): void {
  if (isIsolationEnabled(port)) isolate(m, port, true);
  if (has(port, CONTROL, R.TIMEOUT_ISOLATION_CONTROL_CACHE_ISOLATION_ENABLE)) isolateCache(m, port, true);
}

/** T10: a CXL.cache transaction got no complete answer in time. */
export function cacheTimedOut(m: Machine, port: Port): void {
  if (!has(port, CONTROL, R.TIMEOUT_ISOLATION_CONTROL_CACHE_TIMEOUT_ENABLE)) return;
  setBits(port.component, STATUS, R.TIMEOUT_ISOLATION_STATUS_CACHE_TIMEOUT, true);
  traceHardware(m, HW_TIMEOUT, port.id, 1, 0, 0, 0);
  if (has(port, CONTROL, R.TIMEOUT_ISOLATION_CONTROL_CACHE_ISOLATION_ENABLE)) isolateCache(m, port, false);
}

/** The CXL.cache half enters isolation; nothing is outstanding there, so the port is not busy for it. */
function isolateCache(m: Machine, port: Port, byLinkDown: bool): void {
  if (has(port, STATUS, CACHE_ISOLATED)) return;
  const control = getDword(port.component, CONTROL);
  setBits(port.component, STATUS, CACHE_ISOLATED, true);
  setBits(port.component, STATUS, CACHE_BY_LINK_DOWN, byLinkDown);
  port.cacheLinkDownSeen = port.linkState == LINK_UP ? 0 : 1;
  traceHardware(m, HW_ISOLATION, port.id, byLinkDown ? 3 : 2, 0, getDword(port.component, STATUS), control);
  if (m.hotplugFirst == 0) signal(m, port, control);
  if ((control & R.TIMEOUT_ISOLATION_CONTROL_CACHE_ISOLATION_LINK_DOWN_ENABLE) != 0) evaluateLink(m, port);
  if (m.hotplugFirst != 0) signal(m, port, control);
  if (m.armedRegister != 0) checkRegisterProbes(m);
}

/** T5, T6: one message and one ERR_COR per entry. */
function signal(m: Machine, port: Port, control: u32): void {
  if ((control & R.TIMEOUT_ISOLATION_CONTROL_INTERRUPT_ENABLE) != 0) sendMessage(m, port, keyOf(port, R.KEY_ISOLATION_MESSAGE));
  if ((control & R.TIMEOUT_ISOLATION_CONTROL_ERR_COR_ENABLE) != 0) sendErrCor(m, port);
}

export function setBusy(m: Machine, port: Port, isBusy: bool): void {
  if (testBits(port.component, STATUS, BUSY) == isBusy) return;
  setBits(port.component, STATUS, BUSY, isBusy);
  traceHardware(m, HW_BUSY, port.id, isBusy ? 1 : 0, 0, 0, 0);
  if (m.armedRegister != 0) checkRegisterProbes(m);
}

/** The forced link down may be switched while isolated: the link follows. */
export function writeIsolationControl(m: Machine, port: Port, old: u32): void {
  m.routeGeneration++;
  const changed = old ^ getDword(port.component, CONTROL);
  if ((changed & R.TIMEOUT_ISOLATION_CONTROL_MEMORY_ISOLATION_ENABLE) != 0 && port.active != 0) traceHardware(m, HW_VIOLATION, port.id, 1, <u64>port.active, old, 0);
  if (has(port, STATUS, ISOLATED | CACHE_ISOLATED)) evaluateLink(m, port);
}

/** TR1, TR2: clearing status[8] or [12] leaves isolation, while busy only if implemented so; seed-strict also wants a link down since the trigger. */
export function writeIsolationStatus(m: Machine, port: Port, old: u32): void {
  leave(m, port, old, ISOLATED, port.linkDownSeen);
  leave(m, port, old, CACHE_ISOLATED, port.cacheLinkDownSeen);
}

function leave(m: Machine, port: Port, old: u32, bit: u32, wasLinkDownSeen: u32): void {
  if ((old & bit) == 0 || has(port, STATUS, bit)) return;
  const isBusy = (old & BUSY) != 0;
  const isStrict = m.strictExit != 0 && wasLinkDownSeen == 0;
  const isRefused = isStrict || (isBusy && m.busyClearEnds == 0);
  if (isRefused) setBits(port.component, STATUS, bit, true);
  if (isBusy || isStrict) traceHardware(m, HW_VIOLATION, port.id, isBusy ? 2 : 3, <u64>port.active, old, 0);
  if (isRefused) return;
  m.routeGeneration++;
  traceHardware(m, HW_ISOLATION_CLEARED, port.id, port.linkState, bit == ISOLATED ? 0 : 1, old, 0);
  evaluateLink(m, port);
}
