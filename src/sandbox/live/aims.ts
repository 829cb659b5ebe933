// From a target to what is looked for while the run goes on: whether it has to begin anew, when it is there, and what is shown then.

import type { HardwareSnapshot } from "../../hardware/machine.ts";
import { traceLayers } from "../../sim/trace.ts";
import { isBusy } from "../steps.ts";
import type { Position, Target } from "./contract.ts";
import type { GrowingTrace } from "./growing-trace.ts";
import type { Making } from "./making.ts";

/** A moment inside the run's last step, or among the records of its end. */
export interface View {
  readonly records: number;
  readonly atNs: number;
  /** The hardware at that moment; null: it is the same as at the end of the step. */
  readonly snapshot: HardwareSnapshot | null;
}

/** Where a live run stands. */
export interface Stand {
  readonly making: Making;
  readonly view: View | null;
  readonly position: Position;
  readonly trace: GrowingTrace;
}

/** What a run that has come there shows: a moment inside its last step, its own (null), or it has to be looked for anew, now that the records are known. */
export type Landing = { readonly view: View | null } | { readonly again: Aim };

export interface Aim {
  /** The target lies behind: from power-on. */
  readonly isAnew: boolean;
  /** It is there already, with this view (null: the run's own moment). */
  readonly here?: View | null;
  /** Called before the run goes on. */
  readonly prepare?: (making: Making) => void;
  readonly isThere: (making: Making) => boolean;
  readonly land: (making: Making) => Landing;
  readonly leave?: (making: Making) => void;
}

const accessLayer = traceLayers.indexOf("access");
/** Quiet virtual time (ns) after which a run that was touched counts as at its end. */
const quietTime = 5_000_000;
const own: Landing = { view: null };
const boundary = (isAnew: boolean, isThere: (making: Making) => boolean): Aim => ({ isAnew, isThere, land: () => own });

const staying = (view: View | null): Aim => ({ ...boundary(false, () => true), here: view });

/** What a run shows that has come to `wanted` records or more. */
function viewOf(making: Making, trace: GrowingTrace, wanted: number): View | null {
  if (making.drain() <= wanted) return null;
  const snapshot = making.watch.at(wanted) ?? null;
  // Behind the end nothing happens any more: its records judge the run.
  return snapshot === null && !isBehindEnd(making, wanted) ? null : { records: wanted, atNs: trace.record(wanted - 1).time, snapshot };
}

const isBehindEnd = ({ recordsAtEnd }: Making, records: number): boolean => recordsAtEnd >= 0 && records >= recordsAtEnd;

/** The moment behind record `index`. */
function aimAtRecord({ making, trace }: Stand, index: number): Aim {
  const wanted = index + 1;
  if (wanted === making.records) return staying(null);
  const view = viewOf(making, trace, wanted);
  if (view !== null) return staying(view);
  return {
    isAnew: wanted < making.records,
    prepare: (one) => one.watch.arm(wanted, one.drain()),
    isThere: (one) => one.records >= wanted,
    land: (one) => ({ view: viewOf(one, trace, wanted) }),
    leave: (one) => one.watch.disarm(),
  };
}

/** Virtual time `at`: to the nanosecond where time passes by itself, and between the records of a task that is at work. */
function aimAtTime(stand: Stand, at: number): Aim {
  const { making, position, trace } = stand;
  if (at === position.atNs) return staying(stand.view);
  const known = trace.countUntil(at);
  const isKnown = known < trace.length;
  let view: View | null = null;
  return {
    isAnew: at < position.atNs || at < making.hardware.now,
    prepare: (one) => {
      if (isKnown) one.watch.arm(known, one.drain());
      one.hardware.lookAt(at, () => void (view = { records: one.drain(), atNs: at, snapshot: one.hardware.snapshot() }));
    },
    isThere: (one) => one.isDone ? one.hardware.now >= at : one.hardware.now > at || (one.hardware.now === at && !one.isActive),
    land: (one) => {
      const records = one.drain();
      if (one.hardware.now === at && view === null) return own;
      if (view !== null) return { view };
      const snapshot = one.watch.at(known);
      if (isKnown && snapshot !== undefined && known < records) return { view: { records: known, atNs: at, snapshot } };
      return !isKnown && trace.countUntil(at) < records ? { again: { ...aimAtTime({ ...stand, making: one }, at), isAnew: true } } : own;
    },
    leave: (one) => {
      one.hardware.lookAt(at, null);
      one.watch.disarm();
    },
  };
}

function aimAtReady({ making, view }: Stand): Aim {
  const isPast = making.readyStep >= 0 && (making.steps > making.readyStep || view !== null);
  return boundary(isPast, (one) => one.readyStep >= 0);
}

/** The end of a run; one that was touched has none, and counts as at its end when nothing but workloads has been under way for a while. */
function aimAtEnd({ making }: Stand, isTouched: boolean): Aim {
  const start = making.hardware.now;
  let quietSince = -1;
  return boundary(false, (one) => {
    if (one.isDone || !isTouched) return one.isDone;
    const { now } = one.hardware;
    if (one.left > 0) return false;
    if (isBusy(one.run.system) || (one.isBusyWithTouch && !one.isIdle)) quietSince = -1;
    else if (quietSince < 0) quietSince = now;
    return (quietSince >= 0 && now - quietSince >= quietTime) || now - start >= one.run.plan.limits.time;
  });
}

/** Behind the next log line or mark that holds the text. */
function aimAtMark(stand: Stand, text: string): Aim {
  const { making, position, trace } = stand;
  const holds = trace.strings.map((one) => one.includes(text));
  for (let index = position.records; index < trace.length; index++) {
    const { layer, a } = trace.record(index);
    if ((layer === "log" || layer === "kernel") && holds[a] === true) return aimAtRecord(stand, index);
  }
  let view: View | null = null;
  const hear = (said: string): void => {
    if (view !== null || !said.includes(text)) return;
    view = { records: making.drain(), atNs: making.hardware.now, snapshot: making.hardware.snapshot() };
  };
  return {
    isAnew: false,
    prepare: () => void making.run.listeners.add(hear),
    isThere: () => view !== null,
    land: (one) => ({ view: view !== null && view.records < one.drain() ? view : null }),
    leave: () => void making.run.listeners.delete(hear),
  };
}

/** `event`: the next record that is no access; `access`: the next that is one. */
function aimAtNext(stand: Stand, wantsAccess: boolean): Aim {
  const { position, trace } = stand;
  const find = (from: number, to: number): number => {
    for (let index = from; index < to; index++) if ((trace.record(index).layer === "access") === wantsAccess) return index;
    return -1;
  };
  const known = find(position.records, trace.length);
  if (known >= 0) return aimAtRecord(stand, known);
  let searched = trace.length;
  let found = -1;
  const look = (one: Making): boolean => {
    const records = one.drain();
    if (found < 0) found = find(searched, records);
    searched = Math.max(searched, records);
    return found >= 0;
  };
  return {
    isAnew: false,
    prepare: (one) => one.watch.arm(one.drain() + 1, one.records, (layer) => (layer === accessLayer) === wantsAccess),
    isThere: look,
    land: (one) => {
      const view = viewOf(one, trace, found + 1);
      return view !== null || one.records === found + 1 ? { view } : { again: aimAtRecord({ ...stand, making: one }, found) };
    },
    leave: (one) => one.watch.disarm(),
  };
}

function aimAtTurn({ making, position, view }: Stand): Aim {
  // Inside a step: the turn is over when the step is.
  if (view !== null) return boundary(false, () => true);
  return boundary(false, (one) => one !== making || one.run.system.scheduler.turns > position.turns);
}

export function aimAt(stand: Stand, target: Target, isTouched: boolean): Aim {
  const { position } = stand;
  switch (target.kind) {
    case "start": return boundary(true, () => true);
    case "ready": return aimAtReady(stand);
    case "end": return aimAtEnd(stand, isTouched);
    case "time": return aimAtTime(stand, target.atNs);
    case "record": return target.index + 1 === position.records ? staying(stand.view) : aimAtRecord(stand, target.index);
    case "mark": return aimAtMark(stand, target.text);
    case "step": return target.unit === "turn" ? aimAtTurn(stand) : aimAtNext(stand, target.unit === "access");
  }
}
