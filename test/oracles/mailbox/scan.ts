// Scan media: estimate, the scan as a background operation, its results (mailbox.md 14).

import { mediaErrorRecord, poisonCommands } from "../../../registers/poison-commands.ts";
import { payloadNumber } from "../../../src/platform/payload.ts";
import { KnownBytes } from "./known-bytes.ts";
import type { LineRange } from "./poison.ts";
import { checkRecords, looseRecord, rangeOf, runsOf } from "./poison.ts";
import { either, failure, inBackground, success } from "./reply.ts";
import type { DeviceState, Handler } from "./state.ts";
import { lineBytes } from "./units.ts";
import { eventRecords } from "../../../registers/events.ts";

const scanTransaction = 3;
/** Log of what a scan finds. */
const foundLog = 2;
/** Source of a line that the list did not hold (open question `scanSource`). */
const foundSource = 2;

export interface ScanResults {
  /** Lines found, by source as far as it is known. */
  readonly lines: ReadonlyMap<bigint, number>;
  readonly isStopped: boolean;
  given: Set<bigint>;
}

const capabilities: Handler = (state, { input }) => {
  const { wrong, maybe } = rangeOf(state, input);
  return wrong.length > 0 ? [...wrong, ...maybe] : [...maybe, ...success(new KnownBytes(poisonCommands.getScanCapabilities.output.length).forget())];
};

function reportFound(state: DeviceState, line: bigint): void {
  const { address, type, transactionType } = eventRecords.generalMedia.fields;
  const record = looseRecord(foundLog);
  record.set(address, line * lineBytes).set(type, 0).set(transactionType, scanTransaction);
  record.known[address[0]] = 0xc0;
  state.report(foundLog, record);
}

/** The end of a scan: the list is rebuilt when all of the media was looked at. A line that the list did not hold gets a source of the scan's own. */
function finish(state: DeviceState, range: LineRange, isSilent: boolean): void {
  const { poison } = state;
  const listed = poison.list;
  const isListed = (line: bigint): boolean => listed.some((record) => line >= record.line && line < record.line + record.count);
  for (const line of poison.lines.keys()) if (line >= range.first && line < range.end && !isListed(line)) poison.lines.set(line, foundSource);
  const records = runsOf(poison.lines, range.first, range.end);
  const told = records.slice(0, state.settings.poisonListSize).flatMap(({ line, count }) => Array.from({ length: Number(count) }, (_, index) => line + BigInt(index)));
  const lines = new Map(told.map((line) => [line, poison.lines.get(line) ?? foundSource]));
  state.scan = { lines, isStopped: false, given: new Set() };
  if (range.first === 0n && range.end * lineBytes === state.bytes) {
    poison.rebuild(records, state);
  }
  if (!isSilent) for (const line of told) reportFound(state, line);
}

const scanMedia: Handler = (state, { input }) => {
  const { wrong, maybe } = rangeOf(state, input);
  if (wrong.length > 0) return [...wrong, ...maybe];
  const { range } = rangeOf(state, input);
  const isSilent = (payloadNumber(input, poisonCommands.scanMedia.input.fields.flags) & 1) !== 0;
  return [...maybe, ...inBackground({ finish: () => success(undefined, () => finish(state, range, isSilent)), stop: () => { state.scan = { lines: new Map(), isStopped: true, given: new Set() }; } })];
};

const getResults: Handler = (state, { payloadSize }) => {
  const { output } = poisonCommands.getScanResults;
  const { scan } = state;
  const isRunning = state.background?.opcode === poisonCommands.scanMedia.opcode;
  const maybe = isRunning ? either("scanResults", failure("busy", "unsupported", "retryRequired")) : [];
  if (scan === undefined) return isRunning ? maybe : failure("unsupported");
  const stopped = scan.isStopped ? either("scanResults", failure("unsupported")) : [];
  const verify = (bytes: Uint8Array): string | undefined => {
    const hasMore = ((bytes[output.fields.flags[0]] ?? 0) & 1) !== 0;
    const count = payloadNumber(bytes, output.fields.count);
    if (bytes.length !== output.length + count * mediaErrorRecord.length || bytes.length > payloadSize || bytes[output.fields.flags[0] + 1] !== 0) return `${count} records in ${bytes.length} bytes`;
    const given = new Set(scan.given);
    scan.given = hasMore ? given : new Set();
    return checkRecords(bytes, output.length, hasMore, scan.lines, given);
  };
  return [...maybe, ...stopped, ...success({ bytes: new Uint8Array(output.length), isOwn: true, verify })];
};

export const scanHandlers = { getScanCapabilities: capabilities, scanMedia, getScanResults: getResults } as const satisfies Record<string, Handler>;
