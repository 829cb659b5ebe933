// Event logs and their commands (events.md 1, 2, 10 to 13).

import { clearEventRecords, getEventRecords } from "../../../registers/event-commands.ts";
import { recordFields, recordLength } from "../../../registers/events.ts";
import { encodePayload, payloadNumber } from "../../../src/platform/payload.ts";
import { deviates } from "./deviations.ts";
import { KnownBytes } from "./known-bytes.ts";
import type { Reply } from "./reply.ts";
import { either, failure, success } from "./reply.ts";
import type { DeviceState, Handler } from "./state.ts";

const lastHandle = 0xffff;
const mostLost = 0xffff;
export const policyModes = { none: 0, message: 1, firmware: 2, reserved: 3 } as const;

/** One log: records in the order in which they came; what came while it was full is counted only. */
export class EventLog {
  readonly depth: number;
  readonly records: KnownBytes[] = [];
  lost = 0;
  hasOverflowed = false;
  firstLost = 0n;
  lastLost = 0n;
  nextHandle = 1;
  mode: number = policyModes.none;

  constructor(depth: number) {
    this.depth = depth;
  }

  /** True: the log was empty and is not any more. */
  insert(record: KnownBytes, timestamp: bigint): boolean {
    if (this.records.length >= this.depth) {
      if (!this.hasOverflowed) this.firstLost = timestamp;
      this.hasOverflowed = true;
      this.lastLost = timestamp;
      this.lost = Math.min(this.lost + 1, mostLost);
      return false;
    }
    record.set(recordFields.handle, this.nextHandle).set(recordFields.timestamp, timestamp);
    this.nextHandle = this.nextHandle === lastHandle ? 1 : this.nextHandle + 1;
    this.records.push(record);
    return this.records.length === 1;
  }

  remove(count: number): void {
    if (count === 0) return;
    this.records.splice(0, count);
    this.hasOverflowed = false;
    this.lost = 0;
    this.firstLost = 0n;
    this.lastLost = 0n;
  }

  handleOf(index: number): number {
    const record = this.records[index];
    return record === undefined ? 0 : payloadNumber(record.bytes, recordFields.handle);
  }
}

export const eventStatus = (state: DeviceState): bigint => state.logs.reduce((bits, log, number) => (log.records.length > 0 ? bits | (1n << BigInt(number)) : bits), 0n);

const getRecords: Handler = (state, { input, payloadSize }) => {
  const log = state.logs[payloadNumber(input, getEventRecords.input.fields.log)];
  if (log === undefined || log.depth === 0) return failure("invalidInput");
  const header = getEventRecords.output;
  const count = Math.min(log.records.length, Math.floor((payloadSize - header.length) / recordLength));
  const flags = (log.hasOverflowed ? 1 : 0) | (count < log.records.length ? 2 : 0);
  const output = new KnownBytes(header.length + count * recordLength);
  output.put(0, encodePayload(header, { flags, overflowCount: log.lost, firstOverflow: log.firstLost, lastOverflow: log.lastLost, count }));
  for (const [index, record] of log.records.slice(0, count).entries()) output.put(header.length + index * recordLength, record.bytes, record.known);
  return success(output);
};

const clearRecords: Handler = (state, { input, length }) => {
  const { fields, items, length: fixed } = clearEventRecords.input;
  const count = payloadNumber(input, fields.count);
  const isAll = (payloadNumber(input, fields.flags) & 1) !== 0;
  const log = state.logs[payloadNumber(input, fields.log)];
  const fits = length === fixed + count * items.length;
  if (!fits && !isAll) return failure("invalidPayloadLength");
  const wrongLength: Reply = fits ? [] : failure("invalidPayloadLength");
  if (log === undefined || log.depth === 0) return either("clearAllLength", wrongLength, failure("invalidInput"));
  if (isAll) {
    const answer = log.hasOverflowed ? success(undefined, () => log.remove(log.records.length)) : failure("invalidInput");
    return either("clearAllLength", wrongLength, answer);
  }
  if (count === 0) return either("clearNone", success(), failure("invalidInput", "invalidHandle"));
  for (let index = 0; index < count; index++) {
    const handle = payloadNumber(input, items.fields.handle, fixed + index * items.length);
    if (handle === 0 || handle !== log.handleOf(index)) return failure("invalidHandle");
  }
  return success(undefined, () => log.remove(count));
};

/** Bytes of a policy: 4, or 5 with dynamic capacity. */
const policyBytes = (state: DeviceState): number => (state.logs[4]?.depth === 0 ? 4 : 5);

const getPolicy: Handler = (state) => success(Uint8Array.from(state.logs.slice(0, policyBytes(state)), (log, number) => log.mode | ((state.choices.eventVectors[number] ?? 0) << 4)));

const setPolicy: Handler = (state, { input, length }) => {
  const all = state.logs.slice(0, policyBytes(state));
  const logs = deviates("shortPolicy") ? all.slice(0, length) : all;
  const modes = logs.map((_, number) => (input[number] ?? 0) & 3);
  const apply = (): void => {
    for (const [number, log] of logs.entries()) log.mode = modes[number] ?? 0;
  };
  const answers: Reply[] = [];
  if (length > all.length) answers.push(either("policyLength", failure("invalidPayloadLength")));
  if (modes.some((mode, number) => mode === policyModes.reserved || (number === 4 && mode === policyModes.firmware))) return [...answers.flat(), ...either("policyReserved", failure("invalidInput"))];
  if (modes.includes(policyModes.firmware)) answers.push(either("policyFirmware", failure("invalidInput")));
  return [...answers.flat(), ...success(undefined, apply)];
};

export const eventHandlers = { getEventRecords: getRecords, clearEventRecords: clearRecords, getEventInterruptPolicy: getPolicy, setEventInterruptPolicy: setPolicy } as const satisfies Record<string, Handler>;
