// Poison: the list, its cursor and overflow, injection and clearing (mailbox.md 14, events.md 14).

import { eventRecords, recordFields, recordLength } from "../../../registers/events.ts";
import { mediaErrorRecord, poisonCommands } from "../../../registers/poison-commands.ts";
import { encodeFields, payloadBig, payloadNumber, uuidFrom } from "../../../src/platform/payload.ts";
import { KnownBytes } from "./known-bytes.ts";
import type { Reply } from "./reply.ts";
import { either, failure, success } from "./reply.ts";
import type { DeviceState, Handler } from "./state.ts";
import { lineBytes } from "./units.ts";

const sources = { injected: 3 } as const;
export const informationalLog = 0;
const overflowLog = 1;
const overflowDescriptor = 4;
const injectTransaction = 4;
const sourceBits = 7n;
const reservedBits = 0x38n;
const wholeLines = ~(lineBytes - 1n);

/** A record of a list: neighbouring lines. */
export interface PoisonRecord {
  readonly line: bigint;
  readonly count: bigint;
}

export class PoisonState {
  /** Lines that are poisoned, by source. */
  readonly lines = new Map<bigint, number>();
  /** What the list holds; in which order it is told, and in how many records, is the device's (open question `poisonOrder`). */
  list: PoisonRecord[] = [];
  hasOverflowed = false;
  overflowAt = 0n;
  /** Range that a list is being handed out for, and its lines that were given. */
  cursor: { readonly first: bigint; readonly end: bigint; readonly given: Set<bigint> } | undefined;

  /** Lines that count against the injection limit. */
  get injected(): number {
    return [...this.lines.values()].filter((source) => source === sources.injected).length;
  }

  add(line: bigint, source: number, state: DeviceState): void {
    this.lines.set(line, source);
    this.record({ line, count: 1n }, state);
  }

  record(record: PoisonRecord, state: DeviceState): void {
    if (this.hasOverflowed) return;
    if (this.list.length < state.settings.poisonListSize) this.list.push(record);
    else {
      this.hasOverflowed = true;
      this.overflowAt = state.timestamp;
      reportOverflow(state);
    }
  }

  /** The list anew; cut off again, it overflows again (open question `poisonRebuilt`). */
  rebuild(records: readonly PoisonRecord[], state: DeviceState): void {
    this.hasOverflowed = false;
    this.overflowAt = 0n;
    this.list = [];
    for (const record of records) this.record(record, state);
  }

  /** A line is clean again: its record ends before it, and what lay behind becomes a record of its own. */
  remove(line: bigint, state: DeviceState): void {
    this.lines.delete(line);
    const index = this.list.findIndex((record) => line >= record.line && line < record.line + record.count);
    const found = this.list[index];
    if (found === undefined) return;
    const before = { ...found, count: line - found.line };
    const behind = { ...found, line: line + 1n, count: found.line + found.count - line - 1n };
    const [first, second] = [before, behind].filter(({ count }) => count > 0n);
    this.list.splice(index, 1, ...(first === undefined ? [] : [first]));
    if (second !== undefined) this.record(second, state);
  }

  clear(): void {
    this.lines.clear();
    this.list = [];
    this.hasOverflowed = false;
    this.overflowAt = 0n;
    this.cursor = undefined;
  }
}

/** Records that overlap a range. */
export const recordsIn = (list: readonly PoisonRecord[], first: bigint, end: bigint): PoisonRecord[] => list.filter(({ line, count }) => line < end && line + count > first);

/** Poisoned lines of a range, neighbours of one source as one record, by address. */
export function runsOf(lines: ReadonlyMap<bigint, number>, first: bigint, end: bigint): PoisonRecord[] {
  const runs: PoisonRecord[] = [];
  for (const line of [...lines.keys()].filter((one) => one >= first && one < end).toSorted((a, b) => (a < b ? -1 : 1))) {
    const last = runs.at(-1);
    const goesOn = last !== undefined && last.line + last.count === line && lines.get(last.line) === lines.get(line);
    if (goesOn) runs[runs.length - 1] = { ...last, count: last.count + 1n };
    else runs.push({ line, count: 1n });
  }
  return runs;
}

/** What is wrong with records: a line that is not expected, or given before, or of another source; what is left out though no more follow. */
export function checkRecords(bytes: Uint8Array, at: number, hasMore: boolean, expected: ReadonlyMap<bigint, number>, given: Set<bigint>): string | undefined {
  const { length, fields } = mediaErrorRecord;
  for (let record = at; record + length <= bytes.length; record += length) {
    const address = payloadBig(bytes, fields.address, record);
    const first = address / lineBytes;
    const count = payloadBig(bytes, fields.lines, record);
    if (count === 0n || (address & reservedBits) !== 0n) return `record 0x${address.toString(16)} of ${count} lines`;
    for (let line = first; line < first + count; line++) {
      const isInside = expected.has(line);
      const source = expected.get(line);
      if (given.has(line) || (source !== undefined && source !== Number(address & sourceBits))) return `line 0x${line.toString(16)} twice, or of source ${address & sourceBits}`;
      if (!isInside) return `line 0x${line.toString(16)} is not in the list`;
      given.add(line);
    }
  }
  if (hasMore) return bytes.length > at ? undefined : "more records follow none";
  const missing = [...expected.keys()].find((line) => !given.has(line));
  return missing === undefined ? undefined : `line 0x${missing.toString(16)} is missing`;
}

/** Lines of records that overlap a range, by source. */
function linesIn(state: PoisonState, { first, end }: LineRange): Map<bigint, number> {
  const found = new Map<bigint, number>();
  for (const { line, count } of recordsIn(state.list, first, end)) for (let each = line; each < line + count; each++) if (each >= first && each < end) found.set(each, state.lines.get(each) ?? 0);
  return found;
}

export interface LineRange {
  readonly first: bigint;
  readonly end: bigint;
}

/** A range of an input: start DPA and lines; or what is wrong with it. `restart`: address bits below a line that mean something. */
export function rangeOf(state: DeviceState, input: Uint8Array, restart = 0n): { readonly range: LineRange; readonly wrong: Reply; readonly maybe: Reply } {
  const { address, lines } = poisonCommands.getPoisonList.input.fields;
  const first = (payloadBig(input, address) & wholeLines) / lineBytes;
  const count = payloadBig(input, lines);
  const end = first + count;
  const wrong = end * lineBytes > state.bytes || first * lineBytes >= state.bytes ? failure("invalidPhysicalAddress") : [];
  const isOdd = (payloadBig(input, address) & ~wholeLines & ~restart) !== 0n;
  const maybe = [...(count === 0n ? either("poisonLength", failure("invalidInput", "invalidPhysicalAddress")) : []), ...(isOdd ? either("rangeAddress", failure("invalidInput")) : [])];
  return { range: { first, end }, wrong, maybe };
}

const getList: Handler = (state, { input, payloadSize }) => {
  const { poison } = state;
  const { output, input: { fields } } = poisonCommands.getPoisonList;
  const { range, wrong, maybe } = rangeOf(state, input, 1n);
  if (wrong.length > 0) return [...wrong, ...maybe];
  const isRestart = (payloadBig(input, fields.address) & 1n) !== 0n;
  const { cursor } = poison;
  const goesOn = !isRestart && cursor !== undefined && cursor.first === range.first && cursor.end === range.end;
  const given = new Set(goesOn ? cursor.given : []);
  const scanning = state.background?.opcode === poisonCommands.scanMedia.opcode;
  const expected = linesIn(poison, range);
  const verify = (bytes: Uint8Array): string | undefined => {
    const flags = payloadNumber(bytes, output.fields.flags);
    const hasMore = (flags & 1) !== 0;
    const header = new Uint8Array(output.length);
    const count = (bytes.length - output.length) / mediaErrorRecord.length;
    encodeFields(header, output.fields, { flags: (flags & 1) | (poison.hasOverflowed ? 2 : 0) | (scanning ? 4 : 0) | (isRestart ? 8 : 0), overflowTimestamp: poison.overflowAt, count: Math.floor(count) });
    if (header.some((byte, at) => byte !== bytes[at]) || !Number.isInteger(count) || bytes.length > payloadSize) return `header ${bytes.slice(0, output.length).join(" ")}, expected ${header.join(" ")}`;
    poison.cursor = hasMore ? { ...range, given } : undefined;
    return checkRecords(bytes, output.length, hasMore, expected, given);
  };
  return [...maybe, ...success({ bytes: new Uint8Array(output.length), isOwn: true, verify })];
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

/** Event of an overflow (events.md 14); its log is the open question `poisonFull`. */
function reportOverflow(state: DeviceState): void {
  const { fields, uuid } = eventRecords.generalMedia;
  const record = looseRecord(overflowLog).put(0, uuidFrom(uuid));
  record.bytes[fields.descriptor[0]] = overflowDescriptor;
  record.known[fields.descriptor[0]] = overflowDescriptor;
  state.report(overflowLog, record);
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
  return poison.list.length >= settings.poisonListSize || poison.hasOverflowed ? [...done, ...either("poisonFull", failure("poisonLimitReached", "internalError"))] : done;
};

const clear: Handler = (state, { input }) => {
  const { line, wrong } = lineOf(state, input);
  return wrong.length > 0 ? wrong : success(undefined, () => state.poison.remove(line, state));
};

export const poisonHandlers = { getPoisonList: getList, injectPoison: inject, clearPoison: clear } as const satisfies Record<string, Handler>;
