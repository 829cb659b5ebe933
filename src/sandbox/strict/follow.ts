// Keeps what is known of the parts in step with the trace, after the rules have judged a record.

import { hdmDecoderPort } from "../../../registers/hdm-decoder.ts";
import { primaryMailbox } from "../../../registers/device-block.ts";
import { timeoutIsolation } from "../../../registers/timeout-isolation.ts";
import { extract } from "../../platform/registers.ts";
import type { Part, Registers } from "./parts.ts";
import { held, putValue, resetRegisters, unsupportedFields, valueAt } from "./parts.ts";
import { maskOf } from "../../platform/register-places.ts";
import type { Access, HardwareEvent, Touch } from "./rule.ts";

/** Time that software has, after enabling the interrupt of a port that is isolated already, to read its status (ns). */
const wakeUpTime = 1_000_000;

const { control, status } = timeoutIsolation.registers;
const decoder = hdmDecoderPort.registers.control.fields;
const doorbell = primaryMailbox.registers.control.fields.doorbell;

/** A read shows what is held, and counts as having seen it. */
export function followRead({ part, space, offset, width, low, high, judgement }: Access): void {
  const registers = space === null ? undefined : part?.registers[space];
  if (judgement !== "done" || registers === undefined || part === null) return;
  const shift = (offset & 3) * 8;
  const lanes = width >= 4 ? 0xffff_ffff : ((1 << (width * 8)) - 1) << shift;
  readDword(registers, offset >>> 2, low << shift, lanes);
  if (width === 8) readDword(registers, (offset >>> 2) + 1, high, 0xffff_ffff);
  if (part.kind === "root port" && space === "component") followStatusRead(part, registers, offset);
}

function readDword({ places, held: holds, read, seen }: Registers, dword: number, value: number, lanes: number): void {
  if (!places.byDword.has(dword)) return;
  for (const words of [holds, read]) words.set(dword, (((words.get(dword) ?? 0) & ~lanes) | (value & lanes)) >>> 0);
  const events = (places.clearBits.get(dword) ?? 0) & value & lanes;
  if (events !== 0) seen.set(dword, ((seen.get(dword) ?? 0) | events) >>> 0);
}

function followStatusRead(part: Part, registers: Registers, offset: number): void {
  const place = registers.places.byName.get("timeoutIsolation.status");
  if (place === undefined || place.at !== offset) return;
  part.statusDueAt = null;
  const value = valueAt(registers.held, place);
  if (extract(status.fields.rootPortBusy, value) === 1) return;
  if (extract(status.fields.memoryIsolation, value) === 1) part.memoryIsolation.hasSeenIdle = true;
  if (extract(status.fields.cacheIsolation, value) === 1) part.cacheIsolation.hasSeenIdle = true;
}

/** What a write leaves by its fields' kinds of access; what hardware makes of it comes as records. */
export function followWrite({ access, part, registers, place, value, before, next }: Touch): void {
  const { write, clear, once } = place.masks;
  const refused = access.space === null ? 0n : unsupportedFields(part, access.space, place).reduce((mask, field) => mask | field.mask, 0n);
  const taken = isMailboxLocked(part, place.name) ? 0n : write & ~refused & ~sizeBits(part, place.name);
  const after = (((before & ~taken) | (next & taken)) & ~(value & clear)) | (value & once);
  putValue(registers.held, place, after, ~0n);
  putValue(registers.seen, place, 0n, value & clear);
  if (place.name !== "timeoutIsolation.control") return;
  const isRaised = (next & ~before & maskOf(control.fields.interruptEnable)) !== 0n;
  const stands = held(part, "component", "timeoutIsolation.status");
  const isIsolated = extract(status.fields.memoryIsolation, stands) === 1 || extract(status.fields.cacheIsolation, stands) === 1;
  if (isRaised && isIsolated) part.statusDueAt = access.time + wakeUpTime;
}

/** Bits of BAR 0 that its size keeps at 0. */
const sizeBits = ({ barSize }: Part, name: string): bigint => (name.endsWith("Header.bar0") ? barSize - 1n : 0n);

const isMailboxLocked = (part: Part, name: string): boolean => /^(primary|secondary)Mailbox\./.test(name) && extract(doorbell, held(part, "device", `${name.split(".")[0]}.control`)) === 1;

/** Results of a commit record (assembly/component/hdm-decoder.ts). */
const commitResults = { error: 0, done: 1 } as const;
const linkStates = { down: 0, up: 2 } as const;
/** Return code of a command that never ends. */
const neverEnds = 0xffff;

function setFields(part: Part, space: "component" | "device", label: string, field: Parameters<typeof maskOf>[0], value: 0 | 1): void {
  const registers = part.registers[space];
  const place = registers?.places.byName.get(label);
  if (registers !== undefined && place !== undefined) putValue(registers.held, place, value === 1 ? ~0n : 0n, maskOf(field));
}

function followIsolation(part: Part, { b, e }: HardwareEvent): void {
  const place = part.registers.component?.places.byName.get("timeoutIsolation.status");
  if (place !== undefined && part.registers.component !== undefined) putValue(part.registers.component.held, place, BigInt(e), ~0n);
  const half = b >= 2 ? part.cacheIsolation : part.memoryIsolation;
  half.hasSeenIdle = false;
  half.wasLinkDown = !part.isLinkUp;
}

function followCommit(part: Part, { b, e }: HardwareEvent): void {
  const label = `${part.kind === "device" ? "hdmDecoderDevice" : "hdmDecoderPort"}.control[${b}]`;
  setFields(part, "component", label, decoder.committed, e === commitResults.done ? 1 : 0);
  setFields(part, "component", label, decoder.errorNotCommitted, e === commitResults.error ? 1 : 0);
}

function followLink(part: Part, state: number): void {
  part.isLinkUp = state === linkStates.up;
  if (state !== linkStates.down) return;
  part.memoryIsolation.wasLinkDown = true;
  part.cacheIsolation.wasLinkDown = true;
}

/** Kinds of resets (assembly/fabric/reset.ts). */
const resets = { cold: 0, hot: 1, function: 2, cxl: 3 } as const;

function followReset(part: Part, kind: number, parts: Iterable<Part>): void {
  const { config, component, device, messages } = part.registers;
  const keepsSticky = kind !== resets.cold;
  if (kind === resets.cold || kind === resets.hot) part.barBefore = barOf(part) || part.barBefore;
  const isConventional = kind === resets.cold || kind === resets.hot;
  // A function level reset leaves the CXL DVSEC as it is.
  resetRegisters(config, keepsSticky, (place) => isConventional || !place.name.startsWith("dvsecDevice."));
  if (kind !== resets.function) resetRegisters(component, keepsSticky);
  resetRegisters(device, keepsSticky, (place) => isConventional || /Mailbox\./.test(place.name));
  resetRegisters(messages, false);
  if (part.kind !== "switch" || !isConventional) return;
  for (const below of parts) if (below.parent === part.name) followReset(below, kind, []);
}

function barOf(part: Part): bigint {
  const header = part.kind === "device" ? "endpointHeader" : "bridgeHeader";
  return (held(part, "config", `${header}.bar1`) << 32n) | (held(part, "config", `${header}.bar0`) & ~0xffffn);
}

/** What hardware says it did. */
export function followEvent(event: HardwareEvent, parts: ReadonlyMap<number, Part>, lastWrite: readonly Touch[]): void {
  const { part, kind, b, e, f } = event;
  switch (kind) {
    case "link": return followLink(part, b);
    case "isolation": return followIsolation(part, event);
    case "busy": return setFields(part, "component", "timeoutIsolation.status", status.fields.rootPortBusy, b === 1 ? 1 : 0);
    case "commit": return followCommit(part, event);
    case "reset": return followReset(part, e, parts.values());
    case "command": if (e !== neverEnds) setFields(part, "device", f === 1 ? "primaryMailbox.control" : "secondaryMailbox.control", doorbell, 0); return;
    case "refused": for (const touch of lastWrite) if (touch.part === part) putValue(touch.registers.held, touch.place, touch.before, ~0n); return;
    case "violation": for (const touch of lastWrite) if (touch.part === part && b > 1) putValue(touch.registers.held, touch.place, touch.before, ~0n); return;
  }
}
