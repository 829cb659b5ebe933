// Scan media: estimate, the scan as a background operation, its results (mailbox.md 14).

import { mediaErrorRecord, poisonCommands } from "../../../registers/poison-commands.ts";
import { encodeFields, payloadNumber } from "../../../src/platform/payload.ts";
import { KnownBytes } from "./known-bytes.ts";
import type { LineRange, PoisonRecord } from "./poison.ts";
import { looseRecord, putRecords, rangeOf, runsOf } from "./poison.ts";
import { either, failure, inBackground, success } from "./reply.ts";
import type { DeviceState, Handler } from "./state.ts";
import { lineBytes } from "./units.ts";
import { eventRecords } from "../../../registers/events.ts";

const scanTransaction = 3;
/** Log of what a scan finds. */
const foundLog = 2;
/** Source of what a scan finds, however it came there (open question `scanSource`). */
const foundSource = 2;

export interface ScanResults {
  readonly range: LineRange;
  readonly records: readonly PoisonRecord[];
  readonly isStopped: boolean;
  given: number;
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

/** The end of a scan: the list is rebuilt when all of the media was looked at. */
function finish(state: DeviceState, range: LineRange, isSilent: boolean): void {
  const { poison } = state;
  const records = runsOf(poison.lines, range.first, range.end, foundSource);
  state.scan = { range, records: records.slice(0, state.settings.poisonListSize), isStopped: false, given: 0 };
  if (range.first === 0n && range.end * lineBytes === state.bytes) {
    poison.hasOverflowed = false;
    poison.overflowAt = 0n;
    poison.list = [];
    for (const record of records) poison.record(record, state);
  }
  if (!isSilent) for (const { line, count } of records) for (let each = line; each < line + count; each++) reportFound(state, each);
}

const scanMedia: Handler = (state, { input }) => {
  const { wrong, maybe } = rangeOf(state, input);
  if (wrong.length > 0) return [...wrong, ...maybe];
  const { range } = rangeOf(state, input);
  const isSilent = (payloadNumber(input, poisonCommands.scanMedia.input.fields.flags) & 1) !== 0;
  return [...maybe, ...inBackground({ finish: () => success(undefined, () => finish(state, range, isSilent)), stop: () => { state.scan = { range, records: [], isStopped: true, given: 0 }; } })];
};

const getResults: Handler = (state, { payloadSize }) => {
  const { output } = poisonCommands.getScanResults;
  const { scan } = state;
  const isRunning = state.background?.opcode === poisonCommands.scanMedia.opcode;
  const maybe = isRunning ? either("scanResults", failure("busy", "unsupported", "retryRequired")) : [];
  if (scan === undefined) return isRunning ? maybe : failure("unsupported");
  const stopped = scan.isStopped ? either("scanResults", failure("unsupported")) : [];
  const left = scan.records.slice(scan.given);
  const count = Math.min(left.length, Math.floor((payloadSize - output.length) / mediaErrorRecord.length));
  const bytes = new KnownBytes(output.length + count * mediaErrorRecord.length);
  encodeFields(bytes.bytes, output.fields, { flags: (count < left.length ? 1 : 0) | (scan.isStopped ? 2 : 0), count });
  if (scan.isStopped) bytes.forgetField(output.fields.restartAddress).forgetField(output.fields.restartLines);
  putRecords(bytes.bytes, output.length, left.slice(0, count));
  return [...maybe, ...stopped, ...success(bytes, () => { scan.given = count < left.length ? scan.given + count : 0; })];
};

export const scanHandlers = { getScanCapabilities: capabilities, scanMedia, getScanResults: getResults } as const satisfies Record<string, Handler>;
