// Reset of the whole machine, as a reboot does it (PCIe 6.6.1: fundamental reset of everything, warm with power kept, cold with power cycled). What was
// under way is forgotten; what is broken stays broken: cables, cards, links that never train, stuck bits. Warm spares sticky registers.

import { setRootPortNumbers } from "../component/extended-security";
import { forgetBackInvalidate } from "../component/back-invalidate";
import { forgetCommits } from "../component/hdm-decoder";
import { forgetErrors } from "../component/ras";
import { SOURCE_MESSAGES, entrySource, setDeadline, watchdogSource } from "../deadlines";
import { HOST_RUNNING, Machine, NEVER, NONE, Port, bridgeAt, entityAt, entryAt, portAt, stalledAt } from "../machine";
import { endContainment } from "../pci/dpc";
import { resetBlock } from "../registers";
import { HW_HOST, traceHardware } from "../trace/ring";
import { forgetCache } from "./cache-path";
import { evaluateLink } from "./link-state";
import { resetCard, resetPort } from "./reset";
import { giveBack, tableDeadline } from "./table";

/** Requests of a root port, answered to nobody. */
function forgetRequests(m: Machine, port: Port): void {
  while (port.oldest != NONE) giveBack(port, entryAt(port, port.oldest));
  port.stalledHead = NONE;
  port.stalledTail = NONE;
  port.pendingAtTrigger = 0;
  setDeadline(m, entrySource(m, port.index), tableDeadline(port));
}

/** Processors stop: no request waits, no answer and no message is on its way. */
function forgetProcessors(m: Machine): void {
  for (let i: u32 = 0; i < m.portCount; i++) if (portAt(m, i).isRoot != 0) forgetRequests(m, portAt(m, i));
  for (let i: u32 = 0; i <= m.requesterCount; i++) stalledAt(m, i).isWaiting = 0;
  setDeadline(m, watchdogSource(m), NEVER);
  if (m.cacheSets != 0) forgetCache(m);
  m.completionCount = 0;
  m.interruptCount = 0;
  m.lateCount = 0;
  setDeadline(m, SOURCE_MESSAGES, NEVER);
  m.waitingSync = 0;
}

function resetRootPort(m: Machine, port: Port, isWarm: bool): void {
  resetPort(m, port, isWarm);
  if (isWarm) return;
  forgetErrors(port);
  if (port.plugged != NONE) resetCard(m, entityAt(m, port.plugged), false);
}

/** Everything is reset at once; links begin to train again where they may. */
export function resetMachine(m: Machine, isWarm: bool): void {
  m.hostState = HOST_RUNNING;
  m.hostStateAt = m.now;
  forgetProcessors(m);
  for (let i: u32 = 0; i < m.portCount; i++) if (portAt(m, i).isRoot != 0) resetRootPort(m, portAt(m, i), isWarm);
  for (let i: u32 = 0; i < m.portCount; i++) endContainment(portAt(m, i));
  for (let i: u32 = 0; i < m.bridgeCount; i++) {
    const bridge = bridgeAt(m, i);
    resetBlock(bridge.component, bridge, isWarm);
    if (!isWarm) forgetErrors(bridge);
    if (bridge.decoderCount != 0) forgetCommits(m, bridge);
    forgetBackInvalidate(m, bridge);
    setRootPortNumbers(bridge);
  }
  m.routeGeneration++;
  m.mmioGeneration++;
  traceHardware(m, HW_HOST, NONE, HOST_RUNNING, isWarm ? 1 : 0, 0, 0);
  for (let i: u32 = 0; i < m.portCount; i++) if (portAt(m, i).isRoot != 0) evaluateLink(m, portAt(m, i));
}
