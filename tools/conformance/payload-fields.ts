// Two payloads, field by field: the vocabulary that comparisons of outputs share.

import type { CommandName } from "../../registers/commands.ts";
import type { PayloadField, PayloadFields } from "../../registers/payload-schema.ts";
import { payloadBig, payloadBytes } from "../../src/platform/payload.ts";
import type { Circumstance, Difference, Pointed } from "./compare.ts";

export type Bits = readonly [high: number, low: number];
const policyBits = { mode: [1, 0], message: [7, 4] } as const satisfies Readonly<Record<string, Bits>>;

/** Parts of fields that say several things, by command and field. */
export const partsOf: Partial<Record<CommandName, Readonly<Record<string, Readonly<Record<string, Bits>>>>>> = {
  getEventRecords: { flags: { overflow: [0, 0], more: [1, 1] } },
  getEventInterruptPolicy: { informational: policyBits, warning: policyBits, failure: policyBits, fatal: policyBits, dynamicCapacity: policyBits },
  firmwareInfo: { slot: { active: [2, 0], staged: [5, 3] } },
  getPoisonList: { flags: { more: [0, 0], overflow: [1, 1], scanning: [2, 2], restarted: [3, 3] } },
  getScanResults: { flags: { more: [0, 0], stopped: [1, 1] } },
};

/** Where payloads stand: a command's (or a record's) name, and what of it. */
export interface Named {
  readonly place: Pointed;
  readonly structure: string;
  readonly register: string;
  readonly circumstances?: readonly Circumstance[];
}

export interface Outputs {
  readonly place: Pointed;
  readonly name: CommandName;
  readonly input: Uint8Array;
  readonly theirs: Uint8Array;
  readonly ours: Uint8Array;
  readonly circumstances: readonly Circumstance[];
  /** Lines that theirs has poisoned because it took what ours refused. */
  readonly refusedLines: ReadonlySet<bigint>;
}

export function differ({ place, structure, register, circumstances = [] }: Named, field: string, theirs: number, ours: number): Difference {
  return { ...place, structure, register, field, theirs, ours, ...(circumstances.length === 0 ? {} : { circumstances }) };
}

const widestInteger = 8;

/** Long fields differ in their first byte that differs. */
export function longDifference(named: Named, field: string, theirs: Uint8Array, ours: Uint8Array): Difference[] {
  const at = theirs.findIndex((byte, index) => byte !== ours[index]);
  return at < 0 ? [] : [differ(named, field, theirs[at] ?? 0, ours[at] ?? 0)];
}

function integerDifferences(named: Named, name: string, theirs: bigint, ours: bigint, parts: Readonly<Record<string, Bits>> | undefined): Difference[] {
  if (theirs === ours) return [];
  if (parts === undefined) return [differ(named, name, Number(theirs), Number(ours))];
  let rest = theirs ^ ours;
  const found: Difference[] = [];
  for (const [part, [high, low]] of Object.entries(parts)) {
    const mask = ((1n << BigInt(high - low + 1)) - 1n) << BigInt(low);
    if ((rest & mask) !== 0n) found.push(differ(named, `${name} ${part}`, Number((theirs & mask) >> BigInt(low)), Number((ours & mask) >> BigInt(low))));
    rest &= ~mask;
  }
  return rest === 0n ? found : [...found, differ(named, `${name} reserved`, Number(theirs & rest), Number(ours & rest))];
}

/** Named fields of `length` bytes from `at` on, and the bytes that have no name. */
export function fieldDifferences(named: Named, fields: PayloadFields, length: number, theirs: Uint8Array, ours: Uint8Array, at = 0, parts: Readonly<Record<string, Readonly<Record<string, Bits>>>> = {}): Difference[] {
  const found: Difference[] = [];
  const covered = new Set<number>();
  for (const [name, field] of Object.entries(fields) as [string, PayloadField][]) {
    const [offset, size] = field;
    for (let byte = 0; byte < size; byte++) covered.add(offset + byte);
    if (offset >= length) continue;
    if (size > widestInteger) found.push(...longDifference(named, name, payloadBytes(theirs, field, at), payloadBytes(ours, field, at)));
    else found.push(...integerDifferences(named, name, payloadBig(theirs, field, at), payloadBig(ours, field, at), parts[name]));
  }
  for (let byte = 0; byte < length; byte++) if (!covered.has(byte) && theirs[at + byte] !== ours[at + byte]) found.push(differ(named, `reserved +0x${byte.toString(16)}`, theirs[at + byte] ?? 0, ours[at + byte] ?? 0));
  return found;
}
