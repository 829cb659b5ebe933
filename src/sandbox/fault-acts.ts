// What faults did, from the hardware's own records: the record that a probe writes, those that directly follow, and those that come of it later.

import type { TraceRecord } from "../sim/trace.ts";
import { hardwareKinds, probeActions } from "../scenario/trace/hardware-words.ts";
import type { FaultTable } from "./faults.ts";
import { noteAct } from "./faults.ts";

/** Records that are kept of one act. */
const mostChanges = 8;

type Kind = (typeof hardwareKinds)[number];
const kindOf = (name: Kind): number => hardwareKinds.indexOf(name);
export const probeKind = kindOf("probe");
const accountKind = kindOf("account");
const interruptKind = kindOf("interrupt");

/** What comes of an action later, at the part that it is done to. */
const later: Readonly<Partial<Record<(typeof probeActions)[number], Kind>>> = {
  linkUp: "link", flapLink: "link", dropResponse: "timeout", loseInterrupt: "interrupt lost", duplicateInterrupt: "interrupt", delayInterrupt: "interrupt", refuseCommit: "commit", neverCommit: "commit", lateCommit: "commit", mailboxFault: "command",
};
const laterKinds = new Set(Object.values(later).map(kindOf));
/** Of an interrupt: it went as any other. */
const undisturbed = 0;

interface Open {
  readonly changed: string[];
  readonly target: number;
  readonly at: number;
  readonly later: number;
}

export interface ActWatch {
  /** Whether records of this kind are looked at now. */
  wants(kind: number): boolean;
  take(record: TraceRecord): void;
}

/** The fault that a probe belongs to, by index; -1: none of the plan's. */
export function faultOfProbe({ plan, firstProbes, armed }: FaultTable, probe: number): number {
  const index = firstProbes.findLastIndex((first, at) => first <= probe && plan.faults[at]?.do.kernelStep === undefined);
  return armed.get(index)?.includes(probe) === true ? index : -1;
}

/** What takes the changes of an act that has begun; undefined: it is none of those that are kept. */
function changesAt({ acts }: FaultTable, index: number, time: number): string[] | undefined {
  const latest = acts.get(index)?.at(-1);
  return latest?.atNs === time ? latest.changed : undefined;
}

/** Keeps, in the table, what each fault's first acts changed. */
export function createActWatch(faults: FaultTable, wordsOf: (record: TraceRecord) => string): ActWatch {
  let last: Open | null = null;
  /** The newest act of each fault that has consequences later, by the fault's index. */
  const waiting = new Map<number, Open>();
  const note = (open: Open, record: TraceRecord): void => {
    if (open.changed.length < mostChanges) open.changed.push(wordsOf(record));
  };
  const begin = ({ a, b, e, time }: TraceRecord): void => {
    const index = faultOfProbe(faults, b);
    if (index < 0) {
      last = null;
      return;
    }
    const name = probeActions[e];
    const changed = b === faults.firstProbes[index] ? noteAct(faults, index, time) : changesAt(faults, index, time);
    const kind = name === undefined ? undefined : later[name];
    last = { changed: changed ?? [], target: a, at: time, later: kind === undefined ? -1 : kindOf(kind) };
    if (changed !== undefined && kind !== undefined) waiting.set(index, last);
  };
  return {
    wants: (kind) => kind === probeKind || last !== null || (waiting.size > 0 && laterKinds.has(kind)),
    take: (record) => {
      if (record.kind === probeKind) return begin(record);
      if (last !== null && record.time !== last.at) last = null;
      if (last !== null && record.kind !== accountKind) note(last, record);
      if (!laterKinds.has(record.kind) || (record.kind === interruptKind && record.e === undisturbed)) return;
      for (const [index, open] of waiting) {
        if (open === last || open.later !== record.kind || open.target !== record.a) continue;
        note(open, record);
        if (open.changed.length === mostChanges) waiting.delete(index);
      }
    },
  };
}
