// Rules of HDM decoders (CXL 3.2 8.2.4.20; ids C1..C18 of docs/rules.md): lock, commit, order, ranges, interleave.

import { hdmDecoderDevice, hdmDecoderPort } from "../../../registers/hdm-decoder.ts";
import { extract } from "../../platform/registers.ts";
import type { Part } from "./parts.ts";
import { held } from "./parts.ts";
import { maskOf } from "../../platform/register-places.ts";
import type { Finding, HardwareEvent, Known, Rule, Touch } from "./rule.ts";
import { hex } from "./rule.ts";

const structures = ["hdmDecoderPort", "hdmDecoderDevice"] as const;
const rangeRegisters = ["baseLow", "baseHigh", "sizeLow", "sizeHigh", "targetListLow", "targetListHigh", "skipLow", "skipHigh"];
const controls = structures.map((structure) => `${structure}.control`);
const ranges = structures.flatMap((structure) => rangeRegisters.map((register) => `${structure}.${register}`));

const { fields } = hdmDecoderPort.registers.control;
const capability = hdmDecoderPort.registers.capability.fields;
const structureOf = (part: Part): string => (part.kind === "device" ? "hdmDecoderDevice" : "hdmDecoderPort");
const register = (part: Part, name: string, decoder: number): bigint => held(part, "component", `${structureOf(part)}.${name}[${decoder}]`);
const pair = (part: Part, name: string, decoder: number): bigint => (register(part, `${name}High`, decoder) << 32n) | register(part, `${name}Low`, decoder);
const offered = (part: Part, field: keyof typeof capability): number => extract(capability[field], held(part, "component", `${structureOf(part)}.capability`));
const isCommitted = (part: Part, decoder: number): boolean => extract(fields.committed, register(part, "control", decoder)) === 1;

/** First field that a write would change. */
function changedField({ place, before, next }: Touch): string | null {
  return Object.entries(place.declaration.fields).find(([, field]) => field.access === "RWL" && ((before ^ next) & maskOf(field)) !== 0n)?.[0] ?? null;
}

/** The register of the write that a refusal answers. */
function refused({ part, e }: HardwareEvent, { lastWrite }: Known, reason: number, did: string): Finding | undefined {
  const touch = lastWrite.find((one) => one.part === part && one.place.name.startsWith("hdmDecoder"));
  if (e !== reason || touch === undefined) return undefined;
  const changed = changedField(touch);
  const field = changed ?? Object.keys(touch.place.declaration.fields)[0] ?? null;
  return { part, register: touch.place.label, field, clause: touch.place.declaration.clause, did: `${hex(touch.value)} was written${changed === null ? "" : ` (${changed} would change)`} while ${did}` };
}

/** Reasons of a refusal (assembly/trace/ring.ts). */
const reasons = { commit: 7, decoderLock: 9 } as const;

function changedWhileCommitted(touch: Touch): Finding | undefined {
  const { part, place } = touch;
  const control = register(part, "control", place.instance);
  if (extract(fields.committed, control) === 0 || extract(fields.lockOnCommit, control) === 1) return undefined;
  const isControl = place.name.endsWith(".control");
  if (isControl && (touch.next & maskOf(fields.commit)) === 0n) return undefined;
  const field = changedField(touch);
  if (field === null || field === "lockOnCommit") return undefined;
  return { part, register: place.label, field, clause: place.declaration.clause, did: `${field} was changed while commit is 1 and the decoder is in use` };
}

const isCommit = ({ before, next }: Touch): boolean => ((next & ~before) & maskOf(fields.commit)) !== 0n;

function outOfOrder(touch: Touch): Finding | undefined {
  const { part, place } = touch;
  const decoder = place.instance;
  if (!isCommit(touch) || decoder === 0) return undefined;
  if (!isCommitted(part, decoder - 1)) return { part, register: place.label, field: "commit", did: `decoder ${decoder} is committed while decoder ${decoder - 1} is not` };
  const base = pair(part, "base", decoder);
  if (pair(part, "size", decoder) === 0n) return undefined;
  for (let lower = decoder - 1; lower >= 0; lower--) {
    const size = pair(part, "size", lower);
    const from = pair(part, "base", lower);
    if (size === 0n || !isCommitted(part, lower) || base >= from + size) continue;
    const how = base + pair(part, "size", decoder) > from ? "overlaps" : "lies below";
    return { part, register: `${structureOf(part)}.baseLow[${decoder}]`, field: "base31to28", did: `decoder ${decoder} at ${hex(base)} ${how} decoder ${lower}, ${hex(from)} to ${hex(from + size)}` };
  }
  return undefined;
}

/** Ways of an encoding (sheet 6.6); undefined: reserved. */
const waysOf = (code: number): number | undefined => (code <= 4 ? 1 << code : code >= 8 && code <= 10 ? 3 << (code - 8) : undefined);

function badRange(touch: Touch): Finding | undefined {
  const { part, place, next } = touch;
  if (!isCommit(touch)) return undefined;
  const decoder = place.instance;
  const base = pair(part, "base", decoder);
  const size = pair(part, "size", decoder);
  const code = extract(fields.interleaveWays, next);
  const finding = (name: string, field: string, did: string): Finding => ({ part, register: `${structureOf(part)}.${name}[${decoder}]`, field, did });
  if (base + size > 1n << 64n) return finding("sizeHigh", "size63to32", `base ${hex(base)} and size ${hex(size)} of decoder ${decoder} run past 2^64`);
  if (code >= 8 && (size >> 28n) % 3n !== 0n) return finding("sizeLow", "size31to28", `size ${hex(size)} of decoder ${decoder} is no multiple of 3 times 256 MiB, with ${waysOf(code) ?? "?"} ways`);
  if (part.kind === "device" || code > 3) return undefined;
  const targets = pair(part, "targetList", decoder);
  const ports = Array.from({ length: 1 << code }, (_, way) => Number((targets >> BigInt(way * 8)) & 0xffn));
  const again = ports.findIndex((port, way) => ports.indexOf(port) !== way);
  if (again < 0) return undefined;
  return finding(again < 4 ? "targetListLow" : "targetListHigh", `way${again}`, `ways ${ports.indexOf(ports[again] ?? 0)} and ${again} of decoder ${decoder} both name port ${ports[again]}`);
}

function badInterleave(touch: Touch): Finding | undefined {
  const { part, place, next } = touch;
  if (!isCommit(touch)) return undefined;
  const granularity = extract(fields.interleaveGranularity, next);
  if (granularity > 6) return { part, register: place.label, field: "interleaveGranularity", did: `granularity code ${granularity} was committed; 0 to 6 are 256 bytes to 16 KiB, others are reserved` };
  const code = extract(fields.interleaveWays, next);
  const ways = waysOf(code);
  const refusal = ((): string | undefined => {
    if (ways === undefined) return `ways code ${code} is reserved`;
    if (part.kind !== "device") return code > 3 || ways > offered(part, "targetCount") ? `${ways} ways, and the component has ${offered(part, "targetCount")} targets per decoder` : undefined;
    if (code >= 8) return offered(part, "interleave3612") === 1 ? undefined : `${ways} ways, and capability.interleave3612 is 0`;
    return code === 4 && offered(part, "interleave16") === 0 ? "16 ways, and capability.interleave16 is 0" : undefined;
  })();
  return refusal === undefined ? undefined : { part, register: place.label, field: "interleaveWays", did: `decoder ${place.instance} was committed with ${refusal}` };
}

function commitAfterError({ part, place, before, next }: Touch): Finding | undefined {
  const failed = maskOf(fields.commit) | maskOf(fields.errorNotCommitted);
  if ((before & failed) !== failed || (next & maskOf(fields.commit)) === 0n) return undefined;
  return { part, register: place.label, field: "commit", did: "commit was written as 1 again while errorNotCommitted is 1: there is no edge, so nothing is checked" };
}

function dvsecRangesLeft({ part, place, value }: Touch): Finding | undefined {
  const enable = maskOf(hdmDecoderDevice.registers.globalControl.fields.decoderEnable);
  if ((value & enable) !== 0n) return undefined;
  const count = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].filter((decoder) => isCommitted(part, decoder) && pair(part, "size", decoder) > 0n).length;
  if (count === 0) return undefined;
  return { part, register: place.label, field: "decoderEnable", did: `decoderEnable was written as 0 with ${count} decoder${count === 1 ? "" : "s"} committed: the device goes back to its DVSEC ranges` };
}

export const decoderRules: readonly Rule[] = [
  {
    id: "C9", title: "A locked decoder is left alone", clause: "8.2.4.20.13",
    asks: "a committed decoder with Lock On Commit is read-only until the component is reset",
    remedy: "read control.committed and control.lockOnCommit first; use another decoder, or take the range that firmware set",
    watches: [{ on: "event", of: ["refused"], judge: (event, known) => refused(event, known, reasons.decoderLock, "the decoder is committed and locked") }],
  },
  {
    id: "C7", title: "Nothing of a decoder is written while its commit is checked", clause: "8.2.4.20.12",
    asks: "from setting commit until committed or errorNotCommitted reads 1 the decoder's registers are not to be written",
    remedy: "poll control until one of the two is 1, for at least 10 ms (C1)",
    watches: [{ on: "event", of: ["refused"], judge: (event, known) => refused(event, known, reasons.commit, "the commit of the decoder is under way") }],
  },
  {
    id: "C10", title: "A decoder is uncommitted before it is changed", clause: "8.2.4.20.13",
    asks: "fields are changed with commit 0 only; otherwise the result is undefined",
    remedy: "quiesce the range, write commit 0, change the fields, commit again",
    watches: [{ on: "write", of: [...controls, ...ranges], judge: changedWhileCommitted }],
  },
  {
    id: "C4", title: "Decoders are committed in order, by ascending address, without overlap", clause: "8.2.4.20.12",
    asks: "software commits decoder m before m+1, each above the one before (without Lock On Commit nobody checks it)",
    remedy: "choose the next free decoder and an address above all that are committed",
    watches: [{ on: "write", of: controls, judge: outOfOrder }],
  },
  {
    id: "C2", title: "Ranges do not wrap, fit their ways, and name each target once", clause: "8.2.4.20.12",
    asks: "base plus size stays below 2^64, a size of 3, 6 or 12 ways is divisible by 3, and the targets are distinct (checked by hardware only with Lock On Commit)",
    remedy: "correct the field before commit is set",
    watches: [{ on: "write", of: controls, judge: badRange }],
  },
  {
    id: "C11", title: "Only interleaves that the component has are committed", clause: "8.2.4.20.7", isInferred: true,
    asks: "granularity and ways are legal encodings that the capability offers",
    remedy: "read capability.targetCount, interleave3612 and interleave16 before choosing",
    watches: [{ on: "write", of: controls, judge: badInterleave }],
  },
  {
    id: "C8", title: "After an error Commit is cleared before it is set again", clause: "8.2.4.20.12",
    asks: "a commit starts with commit going from 0 to 1",
    remedy: "write commit 0, correct the fields, write commit 1",
    watches: [{ on: "write", of: controls, judge: commitAfterError }],
  },
  {
    id: "decoder-enable", title: "A device with committed decoders keeps HDM Decoder Enable", clause: "8.2.4.20.2",
    asks: "with HDM Decoder Enable 0 a device decodes by its DVSEC ranges and ignores its decoders",
    remedy: "change other bits of globalControl by read, modify, write",
    watches: [{ on: "write", of: ["hdmDecoderDevice.globalControl"], judge: dvsecRangesLeft }],
  },
];
