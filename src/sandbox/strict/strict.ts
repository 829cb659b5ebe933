// The checker of accesses: reads the trace as it is written and names what a sheet forbids (docs/strict.md). It knows the registers and the trace,
// and neither who made the accesses nor how the machine was made: a library's user, a driver, a Linux model or a foreign kernel.

import type { Hardware } from "../../hardware/machine.ts";
import type { TraceRecord } from "../../sim/trace.ts";
import { layerIndex, readRecord, recordWords } from "../../sim/trace.ts";
import type { Violation } from "../library/contract.ts";
import { accessKinds, hardwareKinds } from "../../scenario/trace/words.ts";
import { followEvent, followRead, followWrite } from "./follow.ts";
import type { Part } from "./parts.ts";
import { copyParts, createParts, valueAt } from "./parts.ts";
import { createAtlas, placesAt, spaces } from "../../platform/register-places.ts";
import type { Access, Finding, HardwareEvent, Judgement, Rule, Touch, Watch } from "./rule.ts";
import { cite } from "./rule.ts";
import { strictRules } from "./rules.ts";

export interface Strict {
  /** What was found so far, oldest first. Accesses that are still in the ring are looked at first. */
  readonly violations: readonly Violation[];
  /** Takes records of the trace, in order. */
  accept(words: Uint32Array): void;
  /** What it knows and has found, to go on from there with a copy of the machine or with this one put back. */
  remember(): StrictMemory;
}

export interface StrictMemory {
  readonly found: readonly Violation[];
  readonly alike: ReadonlyMap<string, number>;
  readonly parts: ReadonlyMap<number, Part>;
}

/** Findings kept of one rule at one field of one part, and of all. */
const keptAlike = 16;
const keptFindings = 4096;

const judgements: readonly Judgement[] = ["done", "wrong width", "reserved", "unanswered"];
const configKinds = [accessKinds.indexOf("config read"), accessKinds.indexOf("config write")];
const memoryKinds = [accessKinds.indexOf("mmio read"), accessKinds.indexOf("mmio write")];

interface Watcher<W> {
  readonly rule: Rule;
  readonly watch: W;
}

/** Rules with what they watch of one kind. */
function watchers<O extends Watch["on"]>(on: O): readonly Watcher<Extract<Watch, { on: O }>>[] {
  return strictRules.flatMap((rule) => rule.watches.filter((watch): watch is Extract<Watch, { on: O }> => watch.on === on).map((watch) => ({ rule, watch })));
}

const watching = { access: watchers("access"), write: watchers("write"), event: watchers("event"), overdue: watchers("overdue") };

function accessOf(record: TraceRecord, parts: ReadonlyMap<number, Part>): Access | undefined {
  const { time, kind, a, b, c, d, e, f } = record;
  const width = e & 0xff;
  const judgement = judgements[(e >>> 8) & 0xff] ?? "unanswered";
  if (configKinds.includes(kind)) {
    const part = parts.get(f) ?? null;
    return { time, isWrite: kind === configKinds[1], part, space: part === null ? null : "config", offset: b, width, low: c, high: 0, judgement, address: null };
  }
  if (!memoryKinds.includes(kind)) return undefined;
  const isAnswered = judgement !== "unanswered";
  const part = isAnswered ? (parts.get(a) ?? null) : null;
  const space = part === null ? null : (spaces[(e >>> 16) & 0xff] ?? null);
  return { time, isWrite: kind === memoryKinds[1], part, space, offset: b, width, low: c, high: d, judgement, address: isAnswered ? null : (BigInt(f) << 32n) | BigInt(b) };
}

/** Registers that an answered access touches. */
function touchesOf(access: Access): Touch[] {
  const { part, space, offset, width, low, high } = access;
  const registers = part === null || space === null ? undefined : part.registers[space];
  if (part === null || registers === undefined) return [];
  const bits = (BigInt(high) << 32n) | BigInt(low);
  const all = (1n << BigInt(width * 8)) - 1n;
  return placesAt(registers.places, offset, width).map((place) => {
    const shift = BigInt((offset - place.at) * 8);
    const own = (1n << BigInt(place.bytes * 8)) - 1n;
    const lanes = (shift >= 0n ? all << shift : all >> -shift) & own;
    const value = (shift >= 0n ? (bits & all) << shift : (bits & all) >> -shift) & own;
    const before = valueAt(registers.held, place);
    return { access, part, registers, place, lanes, value, before, next: (before & ~lanes) | value };
  });
}

class Checker implements Strict {
  readonly #hardware: Hardware;
  readonly parts: ReadonlyMap<number, Part>;
  readonly #found: Violation[];
  readonly #alike: Map<string, number>;
  #lastWrite: readonly Touch[] = [];
  /** Earliest time at which a part may owe a read, or Infinity. */
  #dueAt = Infinity;

  constructor(hardware: Hardware, memory: StrictMemory | undefined) {
    this.#hardware = hardware;
    this.#found = [...(memory?.found ?? [])];
    this.#alike = new Map(memory?.alike);
    this.parts = memory === undefined ? createParts(hardware, createAtlas()) : copyParts(memory.parts);
    for (const { statusDueAt } of this.parts.values()) this.#dueAt = Math.min(this.#dueAt, statusDueAt ?? Infinity);
  }

  remember(): StrictMemory {
    return { found: [...this.violations], alike: new Map(this.#alike), parts: copyParts(this.parts) };
  }

  get violations(): readonly Violation[] {
    this.#hardware.drainTrace();
    this.#judgeOverdue(this.#hardware.now);
    return this.#found;
  }

  accept(words: Uint32Array): void {
    for (let index = 0; index < words.length / recordWords; index++) {
      const layer = ((words[index * recordWords + 1] ?? 0) >>> 21) & 7;
      if (layer > layerIndex.hardware) continue;
      const record = readRecord(words, index);
      if (record.time > this.#dueAt) this.#judgeOverdue(record.time);
      if (record.layer === "access") this.#acceptAccess(record);
      else this.#acceptEvent(record);
    }
  }

  #acceptAccess(record: TraceRecord): void {
    const access = accessOf(record, this.parts);
    if (access === undefined) return;
    if (access.isWrite) this.#trustBefore(access, record);
    for (const { rule, watch } of watching.access) this.#keep(rule, access.time, watch.judge(access, this));
    if (!access.isWrite) return followRead(access);
    const touches = access.judgement === "done" ? touchesOf(access) : [];
    this.#lastWrite = touches;
    for (const touch of touches) this.#judgeWrite(touch);
    for (const touch of touches) followWrite(touch);
    for (const { part } of touches) if (part.statusDueAt !== null) this.#dueAt = Math.min(this.#dueAt, part.statusDueAt);
  }

  /** The record of a write has the dword that was there. */
  #trustBefore({ part, space, offset, judgement }: Access, { kind, d, f }: TraceRecord): void {
    const registers = part === null || space === null ? undefined : part.registers[space];
    if (judgement !== "done" || registers?.places.byDword.has(offset >>> 2) !== true) return;
    registers.held.set(offset >>> 2, kind === configKinds[1] ? d : f);
  }

  #judgeWrite(touch: Touch): void {
    for (const { rule, watch } of watching.write) {
      if (watch.of === undefined || watch.of.includes(touch.place.name)) this.#keep(rule, touch.access.time, watch.judge(touch, this));
    }
  }

  #acceptEvent(record: TraceRecord): void {
    const part = this.parts.get(record.a);
    if (part === undefined) return;
    const { time, b, c, d, e, f } = record;
    const event: HardwareEvent = { time, kind: hardwareKinds[record.kind] ?? "", part, b, c, d, e, f };
    for (const { rule, watch } of watching.event) if (watch.of.includes(event.kind)) this.#keep(rule, time, watch.judge(event, this));
    followEvent(event, this.parts, this.#lastWrite);
  }

  #judgeOverdue(now: number): void {
    this.#dueAt = Infinity;
    for (const part of this.parts.values()) {
      if (part.statusDueAt === null) continue;
      if (part.statusDueAt >= now) {
        this.#dueAt = Math.min(this.#dueAt, part.statusDueAt);
        continue;
      }
      for (const { rule, watch } of watching.overdue) this.#keep(rule, part.statusDueAt, watch.judge(part));
      part.statusDueAt = null;
    }
  }

  get lastWrite(): readonly Touch[] {
    return this.#lastWrite;
  }

  #keep(rule: Rule, time: number, finding: Finding | undefined): void {
    // Whoever finds new offsets for ever makes nothing grow.
    if (finding === undefined || this.#found.length >= keptFindings) return;
    const key = `${rule.id} ${finding.part.name} ${finding.register} ${finding.field ?? ""}`;
    const alike = (this.#alike.get(key) ?? 0) + 1;
    this.#alike.set(key, alike);
    if (alike <= keptAlike) this.#found.push(violationOf(rule, time, finding));
  }
}

function violationOf(rule: Rule, at: number, { part, register, field, did, clause }: Finding): Violation {
  const place = field === null ? register : `${register}.${field}`;
  const cited = cite(clause ?? rule.clause);
  const asked = cite(rule.clause);
  const message = `${part.name} ${place} (${cited}): ${did}. Rule ${rule.id}${asked === cited ? "" : ` (${asked})`}: ${rule.asks}. To do: ${rule.remedy}.`;
  return { rule: rule.id, at, part: part.name, register, field, clause: cited, message };
}

/** Watches a machine from its present state on (`memory`: as another checker knew it): hand it the trace with `hardware.storeTrace`. After a restore, make a new one. */
export function createStrict(hardware: Hardware, memory?: StrictMemory): Strict {
  return new Checker(hardware, memory);
}
