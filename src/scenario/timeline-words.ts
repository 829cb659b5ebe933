// What a hardware record means to somebody who looks at a time line: its kind and a short sentence. assembly/trace/ring.ts has the numbers and arguments.

import { commands } from "../../registers/commands.ts";
import type { TraceRecord } from "../sim/trace.ts";

export type EventKind =
  | "fault" | "mark" | "expectation" | "command" | "log" | "kernel" | "recovery" | "machine check" | "interrupt"
  | "link" | "isolation" | "error" | "decoder" | "reset" | "mailbox" | "memory" | "host";

/** Words of a record; absent words: it is not shown. `merges`: records of this kind in a row are one burst, whatever their arguments. */
export interface EventWords {
  readonly kind: EventKind;
  readonly text: string;
  readonly merges?: true;
}

const hex = (value: number): string => `0x${value.toString(16)}`;
const wide = (low: number, high: number): string => `0x${((BigInt(high) << 32n) | BigInt(low)).toString(16)}`;
const none = 0xffff_ffff;

const linkWords = ["link down", "link trains", "link up"] as const;
const resetWords = ["reset: cold", "reset: hot", "reset: function level", "reset: CXL"] as const;
const commitWords = ["refused", "committed", "taken back"] as const;
const messageWords = ["ERR_COR", "ERR_NONFATAL", "ERR_FATAL"] as const;
const violationWords: Readonly<Record<number, string>> = { 1: "isolation enable changed with requests under way", 2: "isolation status cleared while the port is busy", 3: "isolation status cleared without the link having been down" };
const causeWords = ["CXL.mem isolated: timeout", "CXL.mem isolated: link down", "CXL.cache isolated: timeout", "CXL.cache isolated: link down"] as const;
const hostWords = ["host runs", "host was reset", "host hangs"] as const;

const opcodeNames: ReadonlyMap<number, string> = new Map(Object.entries(commands).map(([name, { opcode }]) => [opcode, name] as const));
const commandName = (opcode: number): string => opcodeNames.get(opcode) ?? hex(opcode);

type Wording = (record: TraceRecord, partOf: (id: number) => string) => EventWords;

/** By kind of record. Kinds that say nothing to a reader of a time line (reserved bits, requests that were accounted for) are absent. */
const wordings: Readonly<Record<number, Wording>> = {
  1: ({ b }) => ({ kind: "link", text: linkWords[b] ?? `link ${b}` }),
  2: ({ b, c }) => ({ kind: "isolation", text: `${causeWords[b] ?? "isolated"}${c === 0 ? "" : `, ${c} requests under way`}` }),
  3: ({ d, c }) => ({ kind: "isolation", text: c === 0 && d === 0 ? "CXL.mem isolation cleared" : "CXL.cache isolation cleared" }),
  4: ({ b }) => ({ kind: "error", text: `violation: ${violationWords[b] ?? String(b)}` }),
  5: ({ b }) => ({ kind: "isolation", text: b === 0 ? "root port no longer busy" : "root port busy" }),
  6: ({ b, e }) => ({ kind: "interrupt", text: `interrupt ${b}${e === 1 ? ", once more" : e === 2 ? ", late" : ""}` }),
  7: ({ b }) => ({ kind: "interrupt", text: `interrupt ${b} lost` }),
  8: ({ b, c, d, e }) => ({ kind: "decoder", text: b === none ? "back-invalidate decoder committed" : `decoder ${b} at ${wide(c, d)} ${commitWords[e] ?? String(e)}` }),
  9: ({ e }) => ({ kind: "reset", text: resetWords[e] ?? "reset" }),
  10: ({ b }) => ({ kind: "isolation", text: b === 0 ? "CXL.mem transaction timed out" : "CXL.cache transaction timed out" }),
  11: () => ({ kind: "memory", text: "write dropped", merges: true }),
  12: () => ({ kind: "memory", text: "read answered with poison", merges: true }),
  13: () => ({ kind: "memory", text: "requester stalls: the in-flight table is full", merges: true }),
  14: ({ b }) => ({ kind: "host", text: hostWords[b] ?? "host" }),
  15: ({ b }) => ({ kind: "error", text: `write refused at ${hex(b)}`, merges: true }),
  16: () => ({ kind: "fault", text: "a fault acts" }),
  17: ({ b }, partOf) => ({ kind: "link", text: b === none ? "slot emptied" : `${partOf(b)} plugged in` }),
  18: () => ({ kind: "memory", text: "media ready" }),
  19: ({ b, c }) => ({ kind: "error", text: `${messageWords[b] ?? "error message"} from ${hex(c)}` }),
  20: ({ b }) => ({ kind: "host", text: `a limit of the hardware was reached (${b})` }),
  23: ({ b, c, e }) => ({ kind: "error", text: `${e === 0 ? "correctable" : c === 0 ? "uncorrectable" : "fatal"} protocol error, bit ${b}` }),
  24: ({ b }) => ({ kind: "error", text: `contained by DPC, reason ${b}` }),
  25: ({ b, c, d }) => ({ kind: "memory", text: b === 16 ? `poison at ${wide(c, d)}` : b === 17 ? `poison cleared at ${wide(c, d)}` : `media state ${b}` }),
  26: ({ b }) => ({ kind: "fault", text: `register ${hex((b & 0x3fff_ffff) >>> 0)} changed by a fault` }),
  28: ({ b, e }) => ({ kind: "mailbox", text: `command ${commandName(b)}: ${e === 0 ? "done" : e === 0xffff ? "never ends" : `return code ${e}`}` }),
  29: ({ b, e, f }) => ({ kind: "mailbox", text: f === 0 ? `background ${commandName(b)} begins` : `background ${commandName(b)} ends${e === 0 ? "" : `, return code ${e}`}` }),
  30: ({ b, f }) => ({ kind: "error", text: f === 0 ? `event record in log ${b}` : `event record lost, log ${b} is full`, merges: true }),
  32: () => ({ kind: "memory", text: "CPU caches invalidated" }),
};

/** Words of a hardware record; undefined: nothing that a time line shows. */
export const hardwareWords = (record: TraceRecord, partOf: (id: number) => string): EventWords | undefined => wordings[record.kind]?.(record, partOf);
