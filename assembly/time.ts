// Virtual time: it moves with every access and by request, and what is due runs at its own instant on the way.

import { runCci } from "./cci/mailbox";
import { runBackInvalidate } from "./component/back-invalidate";
import { runCommits } from "./component/hdm-decoder";
import { SOURCE_MESSAGES, SOURCE_PROBES, entityOfSource, entrySource, firstSource, outsideDeadline, refreshDeadline, setDeadline } from "./deadlines";
import { checkRegisterProbes, runTimeProbes } from "./fault/probes";
import { disturbedDeadline, runEntries, runWatchdog } from "./fabric/in-flight";
import { runHits } from "./fabric/cache-path";
import { runCable, runLink } from "./fabric/link-state";
import { runDevice } from "./fabric/reset";
import { Device, Entity, HOST_RUNNING, KIND_DEVICE, KIND_PORT, Machine, NEVER, NONE, Port, entityAt, portAt } from "./machine";
import { runLateMessages } from "./pci/messages";
import { HW_HOST, traceHardware } from "./trace/ring";

export function setHostState(m: Machine, state: u32): void {
  if (m.hostState != HOST_RUNNING) return;
  m.hostState = state;
  m.hostStateAt = m.now;
  traceHardware(m, HW_HOST, NONE, state, 0, 0, 0);
}

/** Earliest thing beside the undisturbed answers of requests: what a caller that counts in closed form must not cross. */
export function findEvent(m: Machine): u64 {
  let earliest = outsideDeadline(m);
  for (let i: u32 = 0; i < m.portCount; i++) if (portAt(m, i).disturbing != 0) earliest = min(earliest, disturbedDeadline(portAt(m, i)));
  return earliest;
}

/** What an entity has due now: its decoders' commits, then its link, its media or the end of its reset. */
function runEntity(m: Machine, entity: Entity): void {
  if (entity.commitAt <= m.now) runCommits(m, entity);
  if (entity.backInvalidateAt <= m.now) runBackInvalidate(m, entity);
  if (entity.kind == KIND_PORT) {
    if (entity.linkAt <= m.now) runLink(m, changetype<Port>(entity));
    if (changetype<Port>(entity).cableBackAt <= m.now) runCable(m, changetype<Port>(entity));
  } else if (entity.kind == KIND_DEVICE) {
    if (entity.linkAt <= m.now) runDevice(m, changetype<Device>(entity));
    if (changetype<Device>(entity).cci.nextAt <= m.now) runCci(m, changetype<Device>(entity));
  }
  refreshDeadline(m, entity);
}

/** Runs what source `leaf` has due now. A source that has more to do says so itself. */
function runSource(m: Machine, leaf: u32): void {
  setDeadline(m, leaf, NEVER);
  if (leaf >= entrySource(m, 0)) {
    const port = leaf - entrySource(m, 0);
    if (port < m.portCount) runEntries(m, portAt(m, port));
    else if (port == m.portCount) runWatchdog(m);
    else runHits(m);
  } else if (leaf == SOURCE_PROBES) runTimeProbes(m);
  else if (leaf == SOURCE_MESSAGES) runLateMessages(m);
  else runEntity(m, entityAt(m, entityOfSource(leaf)));
  if (m.armedRegister != 0) checkRegisterProbes(m);
}

/** Moves time to `until`, running everything due at its own instant. In a reset or hung host nothing happens any more, but time passes. */
export function advance(m: Machine, until: u64): void {
  if (m.running != 0) return;
  m.running = 1;
  while (m.nextDeadline <= until && m.hostState == HOST_RUNNING) {
    if (m.nextDeadline > m.now) m.now = m.nextDeadline;
    runSource(m, firstSource(m));
  }
  if (until > m.now) m.now = until;
  m.running = 0;
}

/** What is due at this instant runs before an access looks at anything. */
export function settle(m: Machine): void {
  if (m.nextDeadline <= m.now) advance(m, m.now);
}

/** Time passes because the CPU did something. */
export function spend(m: Machine, nanoseconds: u64): void {
  const end = m.now + nanoseconds;
  if (m.nextDeadline <= end) advance(m, end);
  else m.now = end;
}
