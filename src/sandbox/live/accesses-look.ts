// Every access to one register in the trace as far as it is known, and what the hardware changed in it by itself; newest last.

import type { Hardware } from "../../hardware/machine.ts";
import type { Place } from "../../platform/register-places.ts";
import type { RegisterAccess } from "../../scenario/trace/register-words.ts";
import { beforeWrite, inRegister, registerAccessOf } from "../../scenario/trace/register-words.ts";
import { createTraceWords } from "../../scenario/trace/words.ts";
import type { TraceRecord } from "../../sim/trace.ts";
import { readRecord } from "../../sim/trace.ts";
import type { PartStructure, RegisterPart } from "../part-registers.ts";
import { registerHex, registerPart, registersOf, structuresOf } from "../part-registers.ts";
import { AccessIndex } from "./access-index.ts";
import type { LiveRun, LiveTrace, PlacedTouch } from "./contract.ts";
import { pageOf } from "./number-list.ts";

export interface AccessesQuestion {
  readonly of: string;
  /** `timeoutIsolation.status`, `hdmDecoderDevice.control[1]`. */
  readonly register: string;
  /** Number of the first that is wanted, from the oldest; absent: so that the newest is the last. */
  readonly from?: number;
  readonly most: number;
  /** Writes and changes only. */
  readonly withoutReads?: boolean;
}

export interface AccessRow {
  /** Number of its record. */
  readonly record: number;
  readonly atNs: number;
  /** `change`: the hardware by itself. */
  readonly kind: "read" | "write" | "change";
  /** In the register, hexadecimal as wide as it is; "": a change, or nothing was done. */
  readonly value: string;
  /** Bits that the access covers, hexadecimal; null: the whole register. */
  readonly covers: string | null;
  /** A write: what the register held; null: the record does not have all of it. */
  readonly before: string | null;
  /** The record in words. */
  readonly text: string;
  /** Why nothing was done: "wrong width", "reserved"; "": it was done. */
  readonly refused: string;
  /** "by hand"; "": the kernel, a driver, firmware or a tool, whom the trace does not name. */
  readonly by: string;
  /** What the kernel said last before it: a step, an interrupt, a choice; "": nothing. */
  readonly after: string;
}

export interface AccessesLook {
  readonly of: string;
  readonly register: string;
  readonly total: number;
  /** Number of the first of `rows`. */
  readonly from: number;
  readonly rows: readonly AccessRow[];
}

const mostRows = 1000;

/** What is known of one trace. */
interface Known {
  readonly index: AccessIndex;
  readonly words: (record: TraceRecord) => string;
  readonly generation: number;
  length: number;
}

/** By trace, so that it goes when the trace goes; a cut-off future begins it anew. */
const knownTraces = new WeakMap<LiveTrace, Known>();

function knownOf(trace: LiveTrace, generation: number): Known {
  let known = knownTraces.get(trace);
  if (known === undefined || known.generation !== generation || trace.length < known.length) {
    known = { index: new AccessIndex(trace), words: createTraceWords(trace), generation, length: 0 };
    knownTraces.set(trace, known);
  }
  known.index.catchUp();
  known.length = trace.length;
  return known;
}

function find(hardware: Hardware, of: string, register: string): { readonly part: RegisterPart; readonly structure: PartStructure; readonly place: Place } | undefined {
  const part = registerPart(hardware, of);
  if (part === undefined) return undefined;
  const structure = structuresOf(hardware, part).find(({ name }) => register.startsWith(`${name}.`));
  const place = structure === undefined ? undefined : registersOf(hardware, of, structure).find(({ label }) => label === register);
  return structure === undefined || place === undefined ? undefined : { part, structure, place };
}

function accessPart(place: Place, access: RegisterAccess): Pick<AccessRow, "kind" | "value" | "covers" | "before" | "refused"> {
  const { width } = place.declaration;
  const all = (1n << BigInt(width)) - 1n;
  const { lanes, value } = inRegister(place, access);
  const before = beforeWrite(place, access);
  const isDone = access.judgement === "done";
  return {
    kind: access.isWrite ? "write" : "read", value: isDone ? registerHex(value, width) : "", covers: lanes === all ? null : registerHex(lanes, width),
    before: access.isWrite && isDone && before.known === all ? registerHex(before.value, width) : null, refused: isDone ? "" : (access.judgement ?? "unknown"),
  };
}

const change: Pick<AccessRow, "kind" | "value" | "covers" | "before" | "refused"> = { kind: "change", value: "", covers: null, before: null, refused: "" };

/** Records from where a write by hand to this register began, ascending. */
const ownTouches = (touches: readonly PlacedTouch[], of: string, register: string): number[] => touches.flatMap(({ position, touch }) => (touch.kind === "write" && touch.of === of && touch.register === register ? [position.records] : []));

/** One write and one read, in dwords perhaps, stand right behind where a touch began; other tasks may have come between. */
const nearTouch = 64;

export function accessesLook(live: Pick<LiveRun, "atHardware" | "trace" | "status">, { of, register, from, most, withoutReads = false }: AccessesQuestion): AccessesLook {
  const found = live.atHardware((hardware) => find(hardware, of, register));
  if (found === undefined) return { of, register, total: 0, from: 0, rows: [] };
  const { part, structure, place } = found;
  const { trace } = live;
  const { touches, generation } = live.status;
  const { index, words } = knownOf(trace, generation);
  const lists = index.listsOf({ part: part.entity, space: structure.space, at: place.at, bytes: place.bytes, label: place.label }, !withoutReads);
  const total = lists.reduce((sum, { length }) => sum + length, 0);
  const wanted = Math.max(0, Math.min(most, mostRows));
  const first = Math.max(0, Math.min(from ?? total - wanted, total));
  const own = ownTouches(touches, of, register);
  const recordAt = (number: number): TraceRecord => readRecord(trace.words(number, 1), 0);
  const rows = pageOf(lists, first, wanted).map((number): AccessRow => {
    const record = recordAt(number);
    const access = registerAccessOf(record);
    const kernel = index.kernelBefore(number);
    return {
      record: number, atNs: record.time, text: words(record), ...(access === undefined ? change : accessPart(place, access)),
      by: access !== undefined && own.some((start) => number >= start && number < start + nearTouch) ? "by hand" : "", after: kernel < 0 ? "" : words(recordAt(kernel)),
    };
  });
  return { of, register, total, from: first, rows };
}
