// Lists of poisoned lines: compared as stretches of one source, for how many records they are told with and in which order is each device's own.

import { commands } from "../../registers/commands.ts";
import { mediaErrorRecord } from "../../registers/poison-commands.ts";
import type { PayloadLayout } from "../../registers/payload-schema.ts";
import { payloadBig, payloadNumber } from "../../src/platform/payload.ts";
import type { Circumstance, Difference } from "./compare.ts";
import type { Named, Outputs } from "./payload-fields.ts";
import { differ, fieldDifferences, partsOf } from "./payload-fields.ts";

const line = 64n;
const sources = 8n;

/** Lines from `from` on, up to `to`, of one source. */
interface Stretch {
  readonly from: bigint;
  readonly to: bigint;
  readonly source: number;
}

const compareBig = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

/** Records as stretches in order, those that touch as one. */
export function stretchesOf(bytes: Uint8Array, start: number): Stretch[] {
  const { address, lines } = mediaErrorRecord.fields;
  const records = Array.from({ length: Math.max(0, Math.floor((bytes.length - start) / mediaErrorRecord.length)) }, (_, index) => start + index * mediaErrorRecord.length).map((at): Stretch => {
    const value = payloadBig(bytes, address, at);
    const from = value - (value % line);
    return { from, to: from + line * payloadBig(bytes, lines, at), source: Number(value % sources) };
  });
  const merged: Stretch[] = [];
  for (const one of records.toSorted((a, b) => a.source - b.source || compareBig(a.from, b.from))) {
    const last = merged.at(-1);
    if (last === undefined || last.source !== one.source || one.from > last.to) merged.push(one);
    else if (one.to > last.to) merged[merged.length - 1] = { ...last, to: one.to };
  }
  return merged;
}

const keyOf = ({ from, to, source }: Stretch): string => `${from} ${to} ${source}`;

/** As far as stretches lie in the range that was asked for: a record may go beyond it. */
function within(stretches: readonly Stretch[], name: string, input: Uint8Array): Stretch[] {
  const { address, lines } = commands.getPoisonList.input.fields;
  const [from, count] = [payloadBig(input, address), payloadBig(input, lines)];
  const start = from - (from % line);
  if (name !== "getPoisonList" || count === 0n) return [...stretches];
  const end = start + count * line;
  return stretches.flatMap((one) => (one.to <= start || one.from >= end ? [] : [{ ...one, from: one.from < start ? start : one.from, to: one.to > end ? end : one.to }]));
}

/** Without the lines that only theirs can have; stretches are cut where such lines lie. */
function without(stretches: readonly Stretch[], lines: ReadonlySet<bigint>): Stretch[] {
  return stretches.flatMap((stretch) => {
    let parts = [stretch];
    for (const at of lines) parts = parts.flatMap((part) => (at < part.from || at >= part.to ? [part] : [{ ...part, to: at }, { ...part, from: at + line }].filter(({ from, to }) => from < to)));
    return parts;
  });
}

export function poisonDifferences({ place, name, input, theirs, ours, circumstances, refusedLines }: Outputs, layout: PayloadLayout): Difference[] {
  const { count: counter, ...others } = layout.fields as { readonly count: readonly [number, number, string] };
  const named: Named = { place, structure: name, register: "output", circumstances };
  const fixed = fieldDifferences(named, { ...others, count: counter }, layout.length, theirs, ours, 0, partsOf[name]).filter(({ field }) => field !== "count");
  const [all, right] = [within(stretchesOf(theirs, layout.length), name, input), within(stretchesOf(ours, layout.length), name, input)];
  const left = without(all, refusedLines);
  const taken = all.length === left.length && all.every((one, index) => keyOf(one) === keyOf(left[index] ?? one)) ? [] : [differ({ ...named, register: "item", circumstances: ["refused here"] }, "listed", 1, 0)];
  const [there, here] = [new Set(left.map(keyOf)), new Set(right.map(keyOf))];
  const item = (one: Stretch): Named => ({ ...named, place: { ...place, text: `${place.text}, 0x${one.from.toString(16)} and ${(one.to - one.from) / line - 1n} lines more, source ${one.source}` }, register: "item" });
  const [lost, added] = [left.filter((one) => !here.has(keyOf(one))), right.filter((one) => !there.has(keyOf(one)))];
  const counterpart = (one: Stretch, candidates: readonly Stretch[]): Stretch | undefined => candidates.find(({ from, to }) => from === one.from && to === one.to);
  const items = [
    ...lost.map((one) => { const other = counterpart(one, added); return other === undefined ? differ(item(one), "listed", 1, 0) : differ(item(one), "source", one.source, other.source); }),
    ...added.filter((one) => counterpart(one, lost) === undefined).map((one) => differ(item(one), "listed", 0, 1)),
  ];
  const [told, counted] = [theirs, ours].map((bytes) => payloadNumber(bytes, counter));
  const same: Circumstance[] = items.every(({ field }) => field === "source") ? ["same lines"] : [];
  const count = told === counted ? [] : [differ({ ...named, circumstances: [...circumstances, ...same] }, "count", told ?? 0, counted ?? 0)];
  return [...fixed, ...taken, ...items, ...count];
}
