// What is due next, over everything that happens by itself: a winner tree, one leaf per source. The left half holds probes, links, media and
// commits, the right half the in-flight tables and the watchdog. Of equal times the lower leaf runs first.

import { Machine, NEVER } from "./machine";

export const SOURCE_PROBES: u32 = 0;

/** Bytes of the tree for this many sources; `leavesFor` of them in each half. */
export function leavesFor(bridges: u32, ports: u32, devices: u32): u32 {
  const most = max<u32>(1 + ports + 2 * devices + bridges, ports + 1);
  let leaves: u32 = 2;
  while (leaves < most) leaves <<= 1;
  return leaves * 2;
}

export function linkSource(port: u32): u32 {
  return 1 + port;
}

export function mediaSource(m: Machine, device: u32): u32 {
  return 1 + m.portCount + device;
}

export function deviceCommitSource(m: Machine, device: u32): u32 {
  return 1 + m.portCount + m.deviceCount + device;
}

export function bridgeCommitSource(m: Machine, bridge: u32): u32 {
  return 1 + m.portCount + 2 * m.deviceCount + bridge;
}

export function entrySource(m: Machine, port: u32): u32 {
  return (m.deadlineLeaves >> 1) + port;
}

export function watchdogSource(m: Machine): u32 {
  return (m.deadlineLeaves >> 1) + m.portCount;
}

function timeAt(m: Machine, node: u32): u64 {
  return load<u64>(m.deadlines + (<usize>node << 3));
}

export function clearDeadlines(m: Machine): void {
  for (let node: u32 = 0; node < m.deadlineLeaves * 2; node++) store<u64>(m.deadlines + (<usize>node << 3), NEVER);
  m.nextDeadline = NEVER;
}

/** Source `leaf` is due at `time` next; NEVER takes it out. */
export function setDeadline(m: Machine, leaf: u32, time: u64): void {
  assert(leaf < m.deadlineLeaves);
  let node = m.deadlineLeaves + leaf;
  store<u64>(m.deadlines + (<usize>node << 3), time);
  while (node > 1) {
    const least = min(timeAt(m, node), timeAt(m, node ^ 1));
    node >>= 1;
    if (timeAt(m, node) == least) break;
    store<u64>(m.deadlines + (<usize>node << 3), least);
  }
  m.nextDeadline = timeAt(m, 1);
}

/** The source that is due first. */
export function firstSource(m: Machine): u32 {
  let node: u32 = 1;
  const time = timeAt(m, 1);
  while (node < m.deadlineLeaves) {
    node <<= 1;
    if (timeAt(m, node) != time) node++;
  }
  return node - m.deadlineLeaves;
}

/** Earliest time of everything but the in-flight tables: the left half, and the watchdog. */
export function outsideDeadline(m: Machine): u64 {
  return min(timeAt(m, 2), timeAt(m, m.deadlineLeaves + watchdogSource(m)));
}
