// Poison: the list, its cursor and overflow, injection and clearing (mailbox.md 14, events.md 14).

import { eventRecords, recordFields, recordLength } from "../../../registers/events.ts";
import { mediaErrorRecord, poisonCommands } from "../../../registers/poison-commands.ts";
import { encodeFields, payloadBig } from "../../../src/platform/payload.ts";
import { KnownBytes } from "./known-bytes.ts";
import type { Reply } from "./reply.ts";
import { either, failure, success } from "./reply.ts";
import type { DeviceState, Handler } from "./state.ts";
import { lineBytes } from "./units.ts";

const sources = { injected: 3 } as const;
export const informationalLog = 0;
const injectTransaction = 4;
const wholeLines = ~(lineBytes - 1n);

/** A record of the list: one poisoned line. */
export interface PoisonRecord {
  readonly line: bigint;
  readonly source: number;
}

export class PoisonState {
  /** Lines that are poisoned, by source. */
  readonly lines = new Map<bigint, number>();
  /** Records of the list, by line. */
  list = new Map<bigint, number>();
  hasOverflowed = false;
  overflowAt = 0n;
  /** Range that a list is being handed out for, and the line behind the last one given. */
  cursor: { readonly first: bigint; readonly end: bigint; readonly from: bigint } | undefined;

  get injected(): number {
    return [...this.lines.values()].filter((source) => source === sources.injected).length;
  }

  add(line: bigint, source: number, state: DeviceState): void {
    this.lines.set(line, source);
    if (this.hasOverflowed) return;
    if (this.list.size < state.settings.poisonListSize) this.list.set(line, source);
    else {
      this.hasOverflowed = true;
      this.overflowAt = state.timestamp;
    }
  }

  remove(line: bigint): void {
    this.lines.delete(line);
    this.list.delete(line);
  }

  clear(): void {
    this.lines.clear();
    this.list.clear();
    this.hasOverflowed = false;
    this.overflowAt = 0n;
    this.cursor = undefined;
  }
}

export const recordsIn = (list: ReadonlyMap<bigint, number>, first: bigint, end: bigint): PoisonRecord[] =>
  [...list].filter(([line]) => line >= first && line < end).map(([line, source]) => ({ line, source })).toSorted((a, b) => (a.line < b.line ? -1 : 1));

/** Writes records behind a header. */
export function putRecords(bytes: Uint8Array, at: number, records: readonly PoisonRecord[]): void {
  for (const [index, { line, source }] of records.entries()) encodeFields(bytes, mediaErrorRecord.fields, { address: (line * lineBytes) | BigInt(source), lines: 1 }, at + index * mediaErrorRecord.length);
}

export interface LineRange {
  readonly first: bigint;
  readonly end: bigint;
}

/** A range of an input: start DPA and lines; or what is wrong with it. */
export function rangeOf(state: DeviceState, input: Uint8Array): { readonly range: LineRange; readonly wrong: Reply; readonly maybe: Reply } {
  const { address, lines } = poisonCommands.getPoisonList.input.fields;
  const first = (payloadBig(input, address) & wholeLines) / lineBytes;
  const count = payloadBig(input, lines);
  const end = first + count;
  const wrong = end * lineBytes > state.bytes || first * lineBytes >= state.bytes ? failure("invalidPhysicalAddress") : [];
  return { range: { first, end }, wrong, maybe: count === 0n ? either("poisonLength", failure("invalidInput", "invalidPhysicalAddress")) : [] };
}

const getList: Handler = (state, { input, payloadSize }) => {
  const { poison } = state;
  const { output, input: { fields } } = poisonCommands.getPoisonList;
  const { range, wrong, maybe } = rangeOf(state, input);
  if (wrong.length > 0) return [...wrong, ...maybe];
  const isRestart = (payloadBig(input, fields.address) & 1n) !== 0n;
  const { cursor } = poison;
  const goesOn = !isRestart && cursor !== undefined && cursor.first === range.first && cursor.end === range.end;
  const found = recordsIn(poison.list, goesOn ? cursor.from : range.first, range.end);
  const count = Math.min(found.length, Math.floor((payloadSize - output.length) / mediaErrorRecord.length));
  const given = found.slice(0, count);
  const hasMore = count < found.length;
  const scanning = state.background?.opcode === poisonCommands.scanMedia.opcode;
  const bytes = new Uint8Array(output.length + count * mediaErrorRecord.length);
  encodeFields(bytes, output.fields, { flags: (hasMore ? 1 : 0) | (poison.hasOverflowed ? 2 : 0) | (scanning ? 4 : 0) | (isRestart ? 8 : 0), overflowTimestamp: poison.overflowAt, count });
  putRecords(bytes, output.length, given);
  return [...maybe, ...success(bytes, () => {
    poison.cursor = hasMore ? { ...range, from: (given.at(-1)?.line ?? range.first) + 1n } : undefined;
  })];
};

/** Which line, and what is wrong with the address. */
function lineOf(state: DeviceState, input: Uint8Array): { readonly line: bigint; readonly wrong: Reply } {
  const address = payloadBig(input, poisonCommands.injectPoison.input.fields.address);
  return { line: address / lineBytes, wrong: [...(address % lineBytes === 0n ? [] : failure("invalidInput")), ...(address < state.bytes ? [] : failure("invalidPhysicalAddress"))] };
}

/** An event record of which the sheets say little: length, severity, and what `put` adds. */
export function looseRecord(severity: number): KnownBytes {
  const record = new KnownBytes(recordLength).forget();
  record.set(recordFields.length, recordLength);
  record.bytes[recordFields.flags[0]] = severity;
  record.known[recordFields.flags[0]] = 3;
  return record;
}

function reportInjection(state: DeviceState, line: bigint): void {
  const { address, transactionType } = eventRecords.generalMedia.fields;
  const record = looseRecord(informationalLog);
  record.set(address, line * lineBytes).set(transactionType, injectTransaction);
  // 5:2 are reserved, 1 and 0 say things that the sheet does not tie to an injection.
  record.known[address[0]] = 0xc0;
  state.report(informationalLog, record);
}

const inject: Handler = (state, { input }) => {
  const { poison, settings } = state;
  const { line, wrong } = lineOf(state, input);
  if (wrong.length > 0) return wrong;
  if (poison.lines.has(line)) return success();
  const done = success(undefined, () => {
    poison.add(line, sources.injected, state);
    reportInjection(state, line);
  });
  if (settings.injectPoisonLimit !== 0 && poison.injected >= settings.injectPoisonLimit) return failure("poisonLimitReached");
  return poison.list.size >= settings.poisonListSize || poison.hasOverflowed ? [...done, ...either("poisonFull", failure("poisonLimitReached", "internalError"))] : done;
};

const clear: Handler = (state, { input }) => {
  const { line, wrong } = lineOf(state, input);
  return wrong.length > 0 ? wrong : success(undefined, () => state.poison.remove(line));
};

export const poisonHandlers = { getPoisonList: getList, injectPoison: inject, clearPoison: clear } as const satisfies Record<string, Handler>;
