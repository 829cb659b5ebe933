// Names for the numbers in trace records: parts of the machine, addresses, requesters, bits; and text made safe for one line.

import { eventLogs } from "../../../registers/events.ts";
import { commands } from "../../../registers/commands.ts";
import { returnCodes } from "../../../registers/payload-schema.ts";
import type { PartKind } from "../../platform/register-places.ts";

/** What a trace has beside its records. */
export interface TraceNames {
  /** Names of the machine's parts by their numbers in records. */
  readonly parts: ReadonlyMap<number, string>;
  /** Kinds of the same, which say what registers they have. */
  readonly kinds: ReadonlyMap<number, PartKind>;
  /** Texts of the layers above the hardware, by number. */
  readonly strings: readonly string[];
}

export const none = 0xffff_ffff;

export const hex = (value: number | bigint): string => `0x${value.toString(16)}`;
/** A 64-bit argument of two words. */
export const wide = (low: number, high: number): string => (high === 0 ? hex(low) : `0x${high.toString(16)}${low.toString(16).padStart(8, "0")}`);
/** A 64-bit count of two words. */
export const count64 = (low: number, high: number): string => (high === 0 ? String(low) : String((BigInt(high) << 32n) | BigInt(low)));

export const many = (count: number | string, what: string): string => `${count} ${what}${String(count) === "1" ? "" : "s"}`;

/** The name at a number, or the number. */
export const named = (names: readonly string[], value: number, what: string): string => names[value] ?? `${what} ${value}`;

export const partName = ({ parts }: Pick<TraceNames, "parts">, id: number): string => parts.get(id) ?? (id === none ? "nobody" : `part ${id}`);

/** Who issued a request, by its number. */
export function requester(id: number): string {
  if (id === 0xffff_fffe) return "the processor";
  return id === 0xffff_fffd ? "a write-back" : `requester ${id}`;
}

/** How a request ended, by the module's number. */
export const statuses = ["ok", "poison", "dropped", "all ones", "fatal", "never"] as const;

export const logName = (log: number): string => named(eventLogs, log, "log");

const commandNames = new Map(Object.entries(commands).map(([name, { opcode }]) => [opcode as number, name]));
const codeNames = new Map(Object.entries(returnCodes).map(([name, code]) => [code as number, name]));

/** `identifyMemoryDevice` */
export const commandName = (opcode: number): string => commandNames.get(opcode) ?? `command ${hex(opcode)}`;
export const codeName = (code: number): string => codeNames.get(code) ?? `return code ${hex(code)}`;

// eslint-disable-next-line no-control-regex -- These are what is looked for.
const unsafe = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;
const escapes: Readonly<Record<string, string>> = { "\n": "\\n", "\t": "\\t", "\r": "\\r" };

/** A text on one line: control characters are written out. */
export const onOneLine = (text: string): string => text.replace(unsafe, (found) => escapes[found] ?? `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`);
