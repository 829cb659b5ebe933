// Event logs in a transcript: records that ours logs of itself are told and taken away again, handles are translated, for they are each device's
// own, and an event from outside is the record that the transcript shows of it later.

import { commands } from "../../registers/commands.ts";
import { deviceStatus } from "../../registers/device-block.ts";
import { eventLogs, eventRecords, recordFields, recordLength } from "../../registers/events.ts";
import type { EventRecordName } from "../../registers/events.ts";
import { returnCodes } from "../../registers/payload-schema.ts";
import { encodePayload, payloadNumber, uuidText } from "../../src/platform/payload.ts";
import { decode } from "../../src/platform/registers.ts";
import type { Entry } from "./capture.ts";
import { numberOf, textOf } from "./capture.ts";
import type { Sent } from "./command-circumstances.ts";
import type { Pointed, Tally } from "./compare.ts";
import { count } from "./compare.ts";
import type { MailboxHost } from "./mailbox-host.ts";

const { getEventRecords, clearEventRecords } = commands;
const clearAll = 1;
const dynamicCapacity = eventLogs.indexOf("dynamicCapacity");
const mostRecords = 4096;
const kinds = new Map((Object.keys(eventRecords) as EventRecordName[]).map((kind) => [eventRecords[kind].uuid as string, kind]));

/** Records of an output, oldest first. */
const recordsOf = (output: Uint8Array): Uint8Array[] => Array.from({ length: Math.max(0, Math.floor((output.length - getEventRecords.output.length) / recordLength)) }, (_, index) => output.subarray(getEventRecords.output.length + index * recordLength, getEventRecords.output.length + (index + 1) * recordLength));
const bytesOf = (text: string): Uint8Array => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const handleOf = (record: Uint8Array): number => payloadNumber(record, recordFields.handle);

export class EventTrack {
  readonly #host: MailboxHost;
  readonly #tally: Tally;
  /** Records from outside that the logs hold here, by log. */
  readonly #injected = new Map<number, number>();
  /** Our handles by log and handle of theirs, as the logs were read last. */
  readonly #handles = new Map<string, number>();
  /** Records of the transcript that were injected here. */
  readonly #shown = new Set<string>();

  constructor(host: MailboxHost, tally: Tally) {
    this.#host = host;
    this.#tally = tally;
  }

  /** A Clear names our handles where theirs are known. */
  translated({ name, input }: Sent): Uint8Array {
    if (name !== "clearEventRecords") return input;
    const copy = Uint8Array.from(input);
    const view = new DataView(copy.buffer);
    for (let at: number = clearEventRecords.input.length; at + 2 <= copy.length; at += 2) {
      const known = this.#handles.get(`${copy[0]} ${view.getUint16(at, true)}`);
      if (known !== undefined) view.setUint16(at, known, true);
    }
    return copy;
  }

  /** Takes a command that both answered. */
  note({ name, input }: Sent, theirCode: number, theirs: Uint8Array, ours: Uint8Array): void {
    const log = input[0] ?? 0;
    if (theirCode !== returnCodes.success) return;
    if (name === "getEventRecords") {
      for (const record of recordsOf(theirs)) this.#shown.add(`${log} ${handleOf(record)}`);
      const here = recordsOf(ours);
      for (const [index, record] of recordsOf(theirs).entries()) if (here[index] !== undefined) this.#handles.set(`${log} ${handleOf(record)}`, handleOf(here[index]));
    }
    if (name !== "clearEventRecords") return;
    const left = this.#injected.get(log) ?? 0;
    this.#injected.set(log, ((input[1] ?? 0) & clearAll) === 0 ? Math.max(0, left - payloadNumber(input, clearEventRecords.input.fields.count)) : left);
  }

  /** Tells what ours logged by itself, and takes it away where nothing else is in the log and theirs logged nothing either. */
  dropOwn(place: Pointed, later: readonly Entry[]): void {
    const status = decode(deviceStatus.registers.eventStatus, this.#host.eventStatus);
    for (const [log, name] of eventLogs.entries()) {
      if (status[name] === 0 || (this.#injected.get(log) ?? 0) > 0 || this.#nextOf(later, log) !== undefined) continue;
      const records = recordsOf(this.#host.run(getEventRecords.opcode, Uint8Array.of(log)).output);
      const items = records.map((record) => ({ handle: handleOf(record) }));
      this.#host.run(clearEventRecords.opcode, encodePayload(clearEventRecords.input, { log, count: items.length }, { items }));
      this.#tally.lists++;
      count(this.#tally, records.map((record) => ({ ...place, structure: kinds.get(uuidText(record.slice(0, 16))) ?? "unknown record", register: name, field: "logged", theirs: 0, ours: 1 })));
    }
  }

  /** A record of a log that the transcript reads next and that was not seen before. */
  #nextOf(later: readonly Entry[], log: number): Uint8Array | undefined {
    const read = later.find(({ value }) => value["op"] === "cmd" && numberOf(value["opcode"]) === getEventRecords.opcode && Number.parseInt(textOf(value["in"]).slice(0, 2), 16) === log);
    return read === undefined ? undefined : recordsOf(bytesOf(textOf(read.value["out"]))).find((record) => !this.#shown.has(`${log} ${handleOf(record)}`));
  }

  /** The next record that the transcript shows, from outside: what is compared is what becomes of it. One that it never shows is left out. */
  inject(device: string, later: readonly Entry[]): void {
    const order = later.flatMap(({ value }) => (value["op"] === "cmd" && numberOf(value["opcode"]) === getEventRecords.opcode ? [Number.parseInt(textOf(value["in"]).slice(0, 2), 16)] : []));
    if (![...new Set(order)].some((log) => this.#injectInto(device, later, log))) this.#tally.notes.add("an injected event that the transcript never shows was left out");
  }

  /** Every record of dynamic capacity that the transcript shows next. */
  injectAll(device: string, later: readonly Entry[]): void {
    for (let left = mostRecords; left > 0 && this.#injectInto(device, later, dynamicCapacity); left--);
  }

  #injectInto(device: string, later: readonly Entry[], log: number): boolean {
    const [name, record] = [eventLogs[log], this.#nextOf(later, log)];
    if (name === undefined || record === undefined) return false;
    this.#shown.add(`${log} ${handleOf(record)}`);
    this.#injected.set(log, (this.#injected.get(log) ?? 0) + 1);
    this.#host.provoke({ kind: "injectEvent", device, log: name, record: Uint8Array.from(record) });
    return true;
  }
}
