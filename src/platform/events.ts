// Event records from arguments: the 128 bytes that a device puts into a log (CXL 3.2 8.2.10.2.1). Handle and timestamp are left 0: the device fills them in.

import { eventRecords, recordFields, recordFlags, recordLayout, recordLength } from "../../registers/events.ts";
import type { PayloadField } from "../../registers/payload-schema.ts";
import type { DynamicRegionDescription } from "./description.ts";
import { componentFormat, eventArguments } from "./event-arguments.ts";
import type { EventArgument, EventArguments, InjectedEvent } from "./event-arguments.ts";
import { encodeFields, uuidFrom } from "./payload.ts";

export type EventNumber = number | bigint;
/** Text or bytes for an identifier, numbers for a list of 64-bit words. */
export type EventValue = EventNumber | string | boolean | readonly EventNumber[];
export type EventValues = Readonly<Record<string, EventValue | undefined>>;

const wordBytes = 8;
const dataAt = 0x30;

function textBytes(text: string): Uint8Array {
  if (!/^[ -~]*$/.test(text)) throw new RangeError(`"${text}" is not ASCII; write the bytes as a list of numbers`);
  return Uint8Array.from(text, (letter) => letter.codePointAt(0) ?? 0);
}

function unsigned(value: EventValue, bytes: number): bigint {
  const limit = 1n << BigInt(8 * bytes);
  if (typeof value !== "bigint" && (typeof value !== "number" || !Number.isInteger(value))) throw new RangeError(`${String(value)} is no whole number`);
  const whole = BigInt(value);
  if (whole < 0n || whole >= limit) throw new RangeError(`${whole} is not in 0..${limit - 1n}`);
  return whole;
}

/** A two's complement number. */
function signed(value: EventValue, bytes: number): bigint {
  const half = 1n << BigInt(8 * bytes - 1);
  if (typeof value !== "bigint" && (typeof value !== "number" || !Number.isInteger(value))) throw new RangeError(`${String(value)} is no whole number`);
  const whole = BigInt(value);
  if (whole < -half || whole >= half) throw new RangeError(`${whole} is not in ${-half}..${half - 1n}`);
  return BigInt.asUintN(8 * bytes, whole);
}

function words(value: EventValue, bytes: number): Uint8Array {
  if (!Array.isArray(value) || value.length === 0 || value.length > bytes / wordBytes) throw new RangeError(`1 to ${bytes / wordBytes} numbers of 64 bits are expected`);
  const into = new Uint8Array(bytes);
  for (const [index, word] of (value as readonly EventNumber[]).entries()) encodeFields(into, { word: [index * wordBytes, wordBytes, "word"] }, { word: unsigned(word, wordBytes) });
  return into;
}

/** Text, or its bytes. */
function identifier(value: EventValue, bytes: number): Uint8Array {
  const given = typeof value === "string" ? textBytes(value) : Array.isArray(value) ? Uint8Array.from(value as readonly EventNumber[], (byte) => Number(unsigned(byte, 1))) : undefined;
  if (given === undefined) throw new RangeError("a text or a list of bytes is expected");
  if (given.length > bytes) throw new RangeError(`${given.length} bytes, but there are ${bytes}; shorten it`);
  return given;
}

function valueOf(argument: EventArgument, bytes: number, value: EventValue): bigint | Uint8Array {
  if (argument.form === "text") return identifier(value, bytes);
  if (argument.form === "numbers") return words(value, bytes);
  return argument.form === "signed" ? signed(value, bytes) : unsigned(value, bytes);
}

const within = <T>(name: string, work: () => T): T => {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError) throw new EventArgumentError(name, error.message);
    throw error;
  }
};

/** An argument of an event that cannot be. `argument` is its name. */
export class EventArgumentError extends RangeError {
  readonly argument: string;
  readonly problem: string;
  constructor(argument: string, problem: string) {
    super(`${argument}: ${problem}`);
    this.name = "EventArgumentError";
    this.argument = argument;
    this.problem = problem;
  }
}

/** A record of a kind from its arguments. Those given set their validity bits. @throws EventArgumentError */
export function encodeEvent(kind: InjectedEvent, values: EventValues): Uint8Array {
  const { uuid, fields, validity } = eventRecords[kind];
  const layout: Readonly<Record<string, PayloadField>> = recordLayout(kind).fields;
  const known: EventArguments = eventArguments[kind];
  const bits: Readonly<Record<string, number>> = validity;
  const record = new Uint8Array(recordLength);
  const written: Record<string, bigint | Uint8Array> = { id: uuidFrom(uuid), length: BigInt(recordLength) };
  let [flags, valid, descriptor] = [0n, 0n, 0n];
  for (const [name, argument] of Object.entries(known)) {
    const value = values[name];
    if (value === undefined && argument.isRequired === true) throw new EventArgumentError(name, "is missing");
    if (value === undefined) continue;
    written[argument.field] = within(name, () => valueOf(argument, layout[argument.field]?.[1] ?? 0, value));
    if (argument.validity !== undefined) valid |= 1n << BigInt(bits[argument.validity] ?? 0);
    if (argument.flag !== undefined) flags |= 1n << BigInt(recordFlags[argument.flag]);
    descriptor |= BigInt(argument.descriptor ?? 0);
  }
  for (const name of Object.keys(values)) if (known[name] === undefined && name !== componentFormat && values[name] !== undefined) throw new EventArgumentError(name, `is no argument; there are ${Object.keys(known).join(", ")}`);
  if (values[componentFormat] === true) valid |= formatBit(bits, values);
  written["flags"] = flags | BigInt((written["flags"] as bigint | undefined) ?? 0n);
  written["validity"] = valid;
  if ("descriptor" in fields) written["descriptor"] = descriptor | BigInt((written["descriptor"] as bigint | undefined) ?? 0n);
  if (kind === "memorySparing") Object.assign(written, { class: written["maintenanceClass"] ?? 0n, subclass: written["maintenanceSubclass"] ?? 0n });
  encodeFields(record, layout, written);
  return record;
}

function formatBit(bits: Readonly<Record<string, number>>, values: EventValues): bigint {
  if (values["component-id"] === undefined) throw new EventArgumentError(componentFormat, "speaks of a component-id; give one");
  return 1n << BigInt(bits["componentFormat"] ?? 0);
}

const commonFields: Readonly<Record<string, PayloadField>> = recordFields;

/** A record of any kind by its UUID, with up to 80 bytes of data behind the common part. @throws EventArgumentError */
export function encodeRecord(uuid: string, values: EventValues, data: Uint8Array): Uint8Array {
  const record = new Uint8Array(recordLength);
  if (data.length > recordLength - dataAt) throw new EventArgumentError("data", `${data.length} bytes, but a record has ${recordLength - dataAt}`);
  const { flags, "maint-op-class": maintenanceClass, "maint-op-subclass": maintenanceSubclass, "ld-id": logicalDevice, "head-id": head } = values;
  const given = { flags, maintenanceClass, maintenanceSubclass, logicalDevice, head };
  const written = Object.fromEntries(Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, within(name, () => unsigned(value, commonFields[name]?.[1] ?? 0))]])));
  encodeFields(record, commonFields, { ...written, id: within("uuid", () => uuidFrom(uuid)), length: recordLength });
  record.set(data, dataAt);
  return record;
}

export interface CapacityRequest {
  readonly type: "add" | "release" | "forcedRelease";
  readonly host: number;
  readonly region: number;
  /** UUID; absent: none. */
  readonly tag?: string;
  /** Bytes from the start of the region. */
  readonly extents: readonly { readonly offset: bigint; readonly length: bigint }[];
}

const capacityTypes = { add: 0, release: 1, forcedRelease: 2 } as const;

/** DPA at which a dynamic capacity region starts: behind the static capacity and the regions before it. */
export const dynamicRegionBase = (staticCapacity: bigint, regions: readonly DynamicRegionDescription[], index: number): bigint => regions.slice(0, index).reduce((sum, { length }) => sum + length, staticCapacity);

/** One record for each extent of a request; all but the last say that more follow (8.2.10.2.1.6). `base` is the region's DPA. */
export function encodeCapacity(request: CapacityRequest, base: bigint): Uint8Array[] {
  const { uuid } = eventRecords.dynamicCapacity;
  const layout: Readonly<Record<string, PayloadField>> = recordLayout("dynamicCapacity").fields;
  return request.extents.map(({ offset, length }, index) => {
    const record = new Uint8Array(recordLength);
    const tag = request.tag === undefined || request.tag === "" ? {} : { tag: within("tag", () => uuidFrom(request.tag ?? "")) };
    const more = index + 1 < request.extents.length ? 1 : 0;
    encodeFields(record, layout, { id: uuidFrom(uuid), length: recordLength, type: capacityTypes[request.type], validity: 1 << eventRecords.dynamicCapacity.validity.host, host: request.host, more, address: base + offset, bytes: length, ...tag });
    return record;
  });
}
