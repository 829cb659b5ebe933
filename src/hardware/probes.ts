// The hardware's fault table from the host's side: typed matches and actions, evidence.

import { healthFields } from "../../registers/commands.ts";
import type { EventLog } from "../../registers/events.ts";
import { eventLogs, recordLength } from "../../registers/events.ts";
import type { RegisterSpace } from "../../registers/schema.ts";
import { encodeFields } from "../platform/payload.ts";
import type { Hardware } from "./machine.ts";

export type ProbeMatch =
  | { readonly kind: "time"; /** Virtual ns since power-on. */ readonly at: number }
  | { readonly kind: "access"; readonly entity: string; readonly space: RegisterSpace; /** Bytes, inclusive range in the block. */ readonly from: number; readonly to: number; readonly direction: "read" | "write" | "any"; readonly mask?: number; readonly value?: number }
  | { readonly kind: "request"; /** Root port, or any. */ readonly port?: string; readonly direction: "read" | "write" | "any"; /** Inclusive range of host physical addresses; all when absent. */ readonly from?: bigint; readonly to?: bigint }
  /** The bits come to hold `value`, or, without one, whenever they change. */
  | { readonly kind: "register"; readonly entity: string; readonly space: RegisterSpace; readonly offset: number; readonly mask: number; readonly value?: number }
  /** Another probe has had an effect. */
  | { readonly kind: "probe"; readonly id: number }
  /** Whenever `callProbe` is called. */
  | { readonly kind: "call" };

/** Where a register's bits lie: a dword of an entity's register image. */
export interface RegisterPlace {
  readonly entity: string;
  readonly space: RegisterSpace;
  /** Bytes from the start of the block; of a component block, from the CXL.cache/mem range. */
  readonly offset: number;
  readonly mask: number;
}

/**
 * What a probe does. `port` is a root port or a switch's downstream port; `device` a type-3 device; `function` any of them, or a switch.
 * Times are ns.
 */
export type ProbeAction =
  | { readonly kind: "linkDown" | "linkUp" | "neverRetrain"; readonly port: string }
  /** Down, and up again after `time`. */
  | { readonly kind: "flapLink"; readonly port: string; readonly time: number }
  | { readonly kind: "dropResponse"; readonly port: string; readonly count: number }
  | { readonly kind: "delayResponse"; readonly port: string; readonly by: number; readonly count: number }
  /** A CXL.cache transaction of the root port times out. */
  | { readonly kind: "cacheTimeout"; readonly port: string }
  | { readonly kind: "loseInterrupt" | "duplicateInterrupt"; readonly function: string; readonly message?: number; readonly count: number }
  | { readonly kind: "delayInterrupt"; readonly function: string; readonly message?: number; readonly by: number; readonly count: number }
  | { readonly kind: "plug"; readonly port: string; /** A device or switch declared in this port's slots. */ readonly device: string }
  /** The card is pulled. */
  | { readonly kind: "unplug"; readonly port: string }
  /** The error of this bit number is detected, with its header (up to 16 dwords). */
  | { readonly kind: "uncorrectableError" | "correctableError"; readonly function: string; readonly bit: number; readonly header?: readonly number[] }
  /** Lines from `dpa` on, `length` bytes, become poisoned (or clean again). Multiples of 64. */
  | { readonly kind: "poison" | "clearPoison"; readonly device: string; readonly dpa: bigint; readonly length: number }
  | { readonly kind: "mediaState"; readonly device: string; readonly state: "ready" | "not-ready" | "error" | "disabled" }
  /** Bits read `value` from now on, whatever is written and whatever the hardware does; `release` ends it. */
  | { readonly kind: "stuckRegister"; readonly at: RegisterPlace; readonly value: number }
  | { readonly kind: "releaseRegister"; readonly at: RegisterPlace }
  /** Bits are written by somebody else (firmware, a management controller): all that software's write would do happens. */
  | { readonly kind: "writeRegister"; readonly at: RegisterPlace; readonly value: number }
  /** Bits change once; nothing else happens. */
  | { readonly kind: "corruptRegister"; readonly at: RegisterPlace; readonly value: number }
  /** The next `count` commits of the function's decoders: end with the error bit, never end, or end late by `by`. */
  | { readonly kind: "refuseCommit" | "neverCommit"; readonly function: string; readonly count: number }
  | { readonly kind: "lateCommit"; readonly function: string; readonly count: number; readonly by: number }
  /** The device resets itself: everything not sticky, decoders and media included. */
  | { readonly kind: "resetDevice"; readonly device: string }
  /** A record of 128 bytes comes into an event log, `times` times (1); handle, timestamp and length are the device's own. */
  | { readonly kind: "injectEvent"; readonly device: string; readonly log: EventLog; readonly record: Uint8Array; readonly times?: number }
  /**
   * The next `count` mailbox commands (of one opcode), after `skip` that are let through: never end, end with return code `value`, give only
   * `value` bytes of their output, or give it with every byte XORed by `value`.
   */
  | { readonly kind: "mailboxFault"; readonly device: string; readonly fault: "never-ends" | "return-code" | "truncate" | "corrupt"; readonly opcode?: number; readonly skip?: number; readonly count: number; readonly value?: number }
  /** Memory device status: commands wait until a reset, or (`clear`) go on. */
  | { readonly kind: "deviceStatus"; readonly device: string; readonly status: "clear" | "fatal" | "firmware-halt" | "mailbox-not-ready" }
  /** The background operation under way ends now with a return code. */
  | { readonly kind: "endBackground"; readonly device: string; readonly returnCode: number }
  /** Fields of Get Health Info change, as the device itself would see it; records follow. The temperature is in degrees C. */
  | { readonly kind: "changeHealth"; readonly device: string; readonly values: Partial<Record<keyof typeof healthFields, number>> }
  /** The firmware transfer under way is forgotten: its next part is out of order. */
  | { readonly kind: "breakFirmwareTransfer"; readonly device: string };

export interface ProbeSpec {
  readonly match: ProbeMatch;
  readonly action: ProbeAction;
  /** Matches that pass before the first action. */
  readonly skip?: number;
  /** Actions before the probe disarms itself; 0: no limit; default 1. */
  readonly count?: number;
  /** From a match to the action, virtual ns; default 0. Matches on the way are not counted. */
  readonly delay?: number;
  /** From one action to the next, virtual ns; absent: each action has a match of its own. */
  readonly period?: number;
}

export interface ProbeEvidence {
  readonly matches: number;
  readonly fired: number;
  /** Virtual ns of the first and the last action, or null. */
  readonly firstAt: number | null;
  readonly lastAt: number | null;
}

/** A probe names something that the machine does not have, or the table is full. */
export class ProbeError extends Error {
  constructor(problem: string) {
    super(problem);
    this.name = "ProbeError";
  }
}

/** Which block a place is in, in the module. */
const spaceFlags = { component: 0, device: 0x4000_0000, config: 0x8000_0000 } as const satisfies Record<RegisterSpace, number>;
const none = 0xffff_ffff;
const lastAddress = 0xffff_ffff_ffff_ffffn;
const directions = { read: 1, write: 2, any: 3 } as const;
const actions = {
  linkDown: 1, linkUp: 2, neverRetrain: 3, dropResponse: 4, delayResponse: 5, loseInterrupt: 6, plug: 7, unplug: 8, flapLink: 9, cacheTimeout: 10, duplicateInterrupt: 11, delayInterrupt: 12,
  uncorrectableError: 13, correctableError: 14, poison: 15, clearPoison: 16, mediaState: 17, stuckRegister: 18, releaseRegister: 19, corruptRegister: 20, refuseCommit: 21, neverCommit: 22, lateCommit: 23, resetDevice: 24, injectEvent: 25, mailboxFault: 26, deviceStatus: 27, endBackground: 28, breakFirmwareTransfer: 29, changeHealth: 30, writeRegister: 31,
} as const satisfies Record<ProbeAction["kind"], number>;
/** As in the memory device status (CXL 3.2 8.2.8.5.1.1). */
const mediaStates = { "not-ready": 0, ready: 1, error: 2, disabled: 3 } as const;
const lineBytes = 64;
const mailboxFaults = { "never-ends": 1, "return-code": 2, truncate: 3, corrupt: 4 } as const;
const deviceStatuses = { clear: 0, fatal: 1, "firmware-halt": 2, "mailbox-not-ready": 3 } as const;
const headerDwords = 16;
const payloadDwords = 32;
const lowOf = (value: number): number => value % 0x1_0000_0000 >>> 0;
const highOf = (value: number): number => Math.floor(value / 0x1_0000_0000);

type EntityKind = "bridges" | "ports" | "switches" | "devices";
const anyEntity: readonly EntityKind[] = ["bridges", "ports", "switches", "devices"];
const anyFunction: readonly EntityKind[] = ["ports", "switches", "devices"];

function find(hardware: Hardware, name: string, kinds: readonly EntityKind[], what: string): number {
  for (const kind of kinds) {
    const found = hardware.entities[kind].get(name);
    if (found !== undefined) return found.id;
  }
  throw new ProbeError(`the machine has no ${what} "${name}"; it has ${kinds.flatMap((kind) => [...hardware.entities[kind].keys()]).join(", ")}`);
}

const portOf = (hardware: Hardware, name: string): number => find(hardware, name, ["ports"], "port");

interface RawMatch { readonly kind: number; readonly entity: number; readonly low: number; readonly high: number; readonly mask: number; readonly value: number; readonly time: number }

function encodeMatch(hardware: Hardware, match: ProbeMatch): RawMatch {
  const nothing = { entity: none, low: 0, high: 0, mask: 0, value: 0, time: 0 };
  if (match.kind === "probe") return { ...nothing, kind: 5, low: match.id };
  if (match.kind === "call") return { ...nothing, kind: 6 };
  if (match.kind === "time") return { kind: 1, entity: none, low: 0, high: 0, mask: 0, value: 0, time: match.at };
  if (match.kind === "request") {
    const from = match.from ?? 0n;
    const to = match.to ?? lastAddress;
    if (from < 0n || to > lastAddress || from > to) throw new ProbeError(`addresses ${from}..${to} of a request are no range`);
    const entity = match.port === undefined ? none : portOf(hardware, match.port);
    return { kind: 3, entity, low: Number(from & 0xffff_ffffn), high: Number(from >> 32n), mask: Number(to & 0xffff_ffffn), value: Number(to >> 32n), time: directions[match.direction] };
  }
  const flag = spaceFlags[match.space];
  const entity = find(hardware, match.entity, anyEntity, "part");
  if (match.kind === "register") return { kind: 4, entity, low: (match.offset | flag) >>> 0, high: match.value === undefined ? 1 : 0, mask: match.mask, value: match.value ?? 0, time: 0 };
  return { kind: 2, entity, low: (match.from | flag) >>> 0, high: match.to, mask: match.mask ?? 0, value: match.value ?? 0, time: directions[match.direction] };
}

interface RawAction {
  readonly target: number;
  readonly argument: bigint;
  readonly extra: number;
  readonly header?: readonly number[];
}

function registerAction(hardware: Hardware, at: RegisterPlace, value: number): RawAction {
  const place = (at.offset | spaceFlags[at.space]) >>> 0;
  return { target: find(hardware, at.entity, anyEntity, "part"), argument: (BigInt(at.mask >>> 0) << 32n) | BigInt(place), extra: value >>> 0 };
}

function lines(hardware: Hardware, action: { readonly device: string; readonly dpa: bigint; readonly length: number }): RawAction {
  const { device, dpa, length } = action;
  if (dpa < 0n || dpa % BigInt(lineBytes) !== 0n || length <= 0 || length % lineBytes !== 0) throw new ProbeError(`poison: dpa ${dpa} and length ${length} are not multiples of ${lineBytes} bytes`);
  return { target: find(hardware, device, ["devices"], "device"), argument: dpa, extra: length / lineBytes };
}

function messages(hardware: Hardware, action: { readonly function: string; readonly message?: number }): { readonly target: number; readonly extra: number } {
  return { target: find(hardware, action.function, anyFunction, "function"), extra: action.message ?? none };
}

function plugged(hardware: Hardware, port: string, name: string): number {
  const card = hardware.entities.devices.get(name) ?? hardware.entities.switches.get(name);
  if (card === undefined || card.port !== port) throw new ProbeError(`"${name}" is no device or switch declared below ${port}`);
  return card.id;
}

function encodeError(hardware: Hardware, action: { readonly function: string; readonly bit: number; readonly header?: readonly number[] }): RawAction {
  if (!Number.isInteger(action.bit) || action.bit < 0 || action.bit > 31) throw new ProbeError(`error bit ${action.bit} is not in 0..31`);
  if ((action.header?.length ?? 0) > headerDwords) throw new ProbeError(`a header has ${headerDwords} dwords at most, not ${action.header?.length}`);
  return { target: find(hardware, action.function, anyFunction, "function"), argument: BigInt(action.bit), extra: 0, header: action.header ?? [] };
}

function encodeAction(hardware: Hardware, action: ProbeAction): RawAction {
  switch (action.kind) {
    case "linkDown":
    case "linkUp":
    case "neverRetrain":
    case "cacheTimeout":
    case "unplug":
      return { target: portOf(hardware, action.port), argument: 0n, extra: 0 };
    case "flapLink":
      return { target: portOf(hardware, action.port), argument: BigInt(action.time), extra: 0 };
    case "dropResponse":
      return { target: portOf(hardware, action.port), argument: BigInt(action.count), extra: 0 };
    case "delayResponse":
      return { target: portOf(hardware, action.port), argument: BigInt(action.by), extra: action.count };
    case "plug":
      return { target: portOf(hardware, action.port), argument: BigInt(plugged(hardware, action.port, action.device)), extra: 0 };
    case "loseInterrupt":
    case "duplicateInterrupt":
      return { ...messages(hardware, action), argument: BigInt(action.count) };
    case "delayInterrupt":
      return { ...messages(hardware, action), argument: BigInt(action.by), header: [action.count] };
    case "uncorrectableError":
    case "correctableError":
      return encodeError(hardware, action);
    case "poison":
    case "clearPoison":
      return lines(hardware, action);
    case "injectEvent":
    case "mailboxFault":
    case "deviceStatus":
    case "endBackground":
    case "breakFirmwareTransfer":
    case "changeHealth":
      return encodeCommandFault(hardware, action);
    default:
      return encodeOther(hardware, action);
  }
}

/** Bytes of Get Health Info, and a bit for every byte that is given. */
function encodeHealth(values: Partial<Record<keyof typeof healthFields, number>>): Omit<RawAction, "target"> {
  const bytes = new Uint8Array(payloadDwords * 4);
  let mask = 0;
  for (const [name, value] of Object.entries(values) as [keyof typeof healthFields, number][]) {
    const [offset, size, meaning] = healthFields[name];
    const limit = 2 ** (8 * size);
    const isSigned = name === "temperature";
    if (!Number.isInteger(value) || value >= (isSigned ? limit / 2 : limit) || value < (isSigned ? -limit / 2 : 0)) throw new ProbeError(`${name} (${meaning}): ${value} does not fit ${size} bytes`);
    encodeFields(bytes, healthFields, { [name]: value < 0 ? value + limit : value });
    for (let at = offset; at < offset + size; at++) mask |= 1 << at;
  }
  const view = new DataView(bytes.buffer);
  return { argument: BigInt(mask), extra: 0, header: Array.from({ length: payloadDwords }, (_, index) => view.getUint32(index * 4, true)) };
}

type CommandFault = Extract<ProbeAction, { kind: "injectEvent" | "mailboxFault" | "deviceStatus" | "endBackground" | "breakFirmwareTransfer" | "changeHealth" }>;

function encodeCommandFault(hardware: Hardware, action: CommandFault): RawAction {
  const target = find(hardware, action.device, ["devices"], "device");
  switch (action.kind) {
    case "injectEvent": {
      if (action.record.length !== recordLength) throw new ProbeError(`an event record has ${recordLength} bytes, not ${action.record.length}`);
      const view = new DataView(action.record.buffer, action.record.byteOffset, recordLength);
      return { target, argument: BigInt(eventLogs.indexOf(action.log)), extra: action.times ?? 1, header: Array.from({ length: payloadDwords }, (_, index) => view.getUint32(index * 4, true)) };
    }
    case "mailboxFault":
      return { target, argument: (BigInt(action.count) << 32n) | BigInt(mailboxFaults[action.fault]), extra: action.value ?? 0, header: [action.opcode ?? none, action.skip ?? 0] };
    case "deviceStatus":
      return { target, argument: BigInt(deviceStatuses[action.status]), extra: 0 };
    case "changeHealth":
      return { target, ...encodeHealth(action.values) };
    case "endBackground":
      return { target, argument: BigInt(action.returnCode), extra: 0 };
    default:
      return { target, argument: 0n, extra: 0 };
  }
}

function encodeOther(hardware: Hardware, action: Extract<ProbeAction, { kind: "mediaState" | "stuckRegister" | "releaseRegister" | "corruptRegister" | "writeRegister" | "refuseCommit" | "neverCommit" | "lateCommit" | "resetDevice" }>): RawAction {
  switch (action.kind) {
    case "mediaState":
      return { target: find(hardware, action.device, ["devices"], "device"), argument: BigInt(mediaStates[action.state]), extra: 0 };
    case "resetDevice":
      return { target: find(hardware, action.device, ["devices"], "device"), argument: 0n, extra: 0 };
    case "stuckRegister":
    case "corruptRegister":
    case "writeRegister":
      return registerAction(hardware, action.at, action.value);
    case "releaseRegister":
      return registerAction(hardware, action.at, 0);
    case "lateCommit":
      return { target: find(hardware, action.function, anyEntity, "part"), argument: BigInt(action.by), extra: action.count };
    default:
      return { target: find(hardware, action.function, anyEntity, "part"), argument: BigInt(action.count), extra: 0 };
  }
}

function writePayload(hardware: Hardware, id: number, header: readonly number[]): void {
  const at = hardware.exports.probePayload(id) >>> 2;
  if (at === 0) return;
  for (let i = 0; i < payloadDwords; i++) hardware.words[at + i] = header[i] ?? 0;
}

/** Arms probe `id` (0..limits.probes-1). Returns the id. @throws ProbeError */
export function armProbe(hardware: Hardware, id: number, spec: ProbeSpec): number {
  if (spec.match.kind === "time" && (spec.skip ?? 0) !== 0) throw new ProbeError("a point in time comes once: skip must be 0");
  const match = encodeMatch(hardware, spec.match);
  const { target, argument, extra, header } = encodeAction(hardware, spec.action);
  writePayload(hardware, id, header ?? []);
  const { delay = 0, period = 0 } = spec;
  hardware.exports.setProbeTimes(id, lowOf(delay), highOf(delay), lowOf(period), highOf(period));
  const armed = hardware.exports.arm(id, match.kind, match.entity, match.low, match.high, match.mask, match.value, lowOf(match.time), highOf(match.time), spec.skip ?? 0, spec.count ?? 1, actions[spec.action.kind], target, Number(argument & 0xffff_ffffn), Number(argument >> 32n), extra);
  if (armed === 0) throw new ProbeError(`probe ${id} is armed already, or beyond limits.probes (${hardware.description.limits.probes})`);
  return id;
}

/** What a probe with a `call` match waits for has come. */
export function callProbe(hardware: Hardware, id: number): void {
  hardware.exports.comes(id);
}

/** What the bits held that the last action of a register fault changed. */
export const bitsBefore = (hardware: Hardware, id: number): number => hardware.exports.probeBefore(id) >>> 0;

export function disarmProbe(hardware: Hardware, id: number): void {
  hardware.exports.disarm(id);
}

export function probeEvidence(hardware: Hardware, id: number): ProbeEvidence {
  const { exports } = hardware;
  const fired = exports.probeFired(id) >>> 0;
  const timeOf = (lower: number): number => hardware.resultHigh * 0x1_0000_0000 + (lower >>> 0);
  const firstAt = fired === 0 ? null : timeOf(exports.probeFirst(id));
  return { matches: exports.probeMatches(id) >>> 0, fired, firstAt, lastAt: fired === 0 ? null : timeOf(exports.probeLast(id)) };
}
