// Virtual time: it moves with every access and by request, and what is due runs at its own instant on the way.

import { runCommits } from "./component/hdm-decoder";
import { runTimeProbes } from "./fault/probes";
import { disturbedDeadline, runEntries } from "./fabric/in-flight";
import { runLink, runMedia } from "./fabric/link-state";
import { HOST_HUNG, HOST_RUNNING, Machine, NEVER, NONE, bridgeAt, deviceAt, portAt } from "./machine";
import { HW_HOST, traceHardware } from "./trace/ring";

/** Something new is due at `time`. */
export function reschedule(m: Machine, time: u64): void {
  if (time < m.nextDeadline) m.nextDeadline = time;
}

export function setHostState(m: Machine, state: u32): void {
  if (m.hostState != HOST_RUNNING) return;
  m.hostState = state;
  m.hostStateAt = m.now;
  traceHardware(m, HW_HOST, NONE, state, 0, 0, 0);
}

/** Earliest thing that will happen by itself. Order of looking is the order at equal times: probes, links, media, commits, requests. */
function findDeadline(m: Machine): u64 {
  let earliest = findOutsideDeadline(m);
  for (let i: u32 = 0; i < m.portCount; i++) earliest = min(earliest, portAt(m, i).nextDeadline);
  return earliest;
}

/** Everything but requests. */
function findOutsideDeadline(m: Machine): u64 {
  let earliest = min(m.nextProbeTime, m.watchdogAt);
  for (let i: u32 = 0; i < m.bridgeCount; i++) earliest = min(earliest, bridgeAt(m, i).commitUntil);
  for (let i: u32 = 0; i < m.portCount; i++) earliest = min(earliest, portAt(m, i).trainedAt);
  for (let i: u32 = 0; i < m.deviceCount; i++) {
    const device = deviceAt(m, i);
    earliest = min(earliest, min(device.readyAt, device.commitUntil));
  }
  return earliest;
}

/** Earliest thing beside the undisturbed answers of requests: what a caller that counts in closed form must not cross. */
export function findEvent(m: Machine): u64 {
  let earliest = findOutsideDeadline(m);
  for (let i: u32 = 0; i < m.portCount; i++) earliest = min(earliest, disturbedDeadline(portAt(m, i)));
  return earliest;
}

function runInstant(m: Machine): void {
  runTimeProbes(m);
  for (let i: u32 = 0; i < m.portCount; i++) runLink(m, portAt(m, i));
  for (let i: u32 = 0; i < m.deviceCount; i++) {
    runMedia(m, deviceAt(m, i));
    runCommits(m, deviceAt(m, i));
  }
  for (let i: u32 = 0; i < m.bridgeCount; i++) runCommits(m, bridgeAt(m, i));
  for (let i: u32 = 0; i < m.portCount; i++) runEntries(m, portAt(m, i));
  if (m.watchdogAt <= m.now) {
    m.watchdogAt = NEVER;
    setHostState(m, HOST_HUNG);
  }
}

/** Moves time to `until`, running everything due at its own instant. A reset or hung host goes no further by itself. */
export function advance(m: Machine, until: u64): void {
  if (m.running != 0) return;
  m.running = 1;
  while (m.nextDeadline <= until && m.hostState == HOST_RUNNING) {
    if (m.nextDeadline > m.now) m.now = m.nextDeadline;
    m.nextDeadline = NEVER;
    runInstant(m);
    m.nextDeadline = min(m.nextDeadline, findDeadline(m));
  }
  if (m.hostState == HOST_RUNNING && until > m.now) m.now = until;
  m.running = 0;
}

/** Time passes because the CPU did something. */
export function spend(m: Machine, nanoseconds: u64): void {
  const end = m.now + nanoseconds;
  if (m.nextDeadline <= end) advance(m, end);
  else m.now = end;
}
