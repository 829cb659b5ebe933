// The hardware's fault table from the host's side: typed matches and actions, evidence.

import type { Hardware } from "./machine.ts";

export type ProbeMatch =
  | { readonly kind: "time"; /** Virtual ns since power-on. */ readonly at: number }
  | { readonly kind: "access"; readonly entity: string; readonly space: "config" | "component"; /** Bytes, inclusive range in the block. */ readonly from: number; readonly to: number; readonly direction: "read" | "write" | "any"; readonly mask?: number; readonly value?: number }
  | { readonly kind: "request"; /** Root port, or any. */ readonly port?: string; readonly direction: "read" | "write" | "any"; /** Inclusive range of host physical addresses; all when absent. */ readonly from?: bigint; readonly to?: bigint }
  | { readonly kind: "register"; readonly entity: string; readonly space: "config" | "component"; readonly offset: number; readonly mask: number; readonly value: number };

/** Where a register's bits lie: a dword of an entity's register image. */
export interface RegisterPlace {
  readonly entity: string;
  readonly space: RegisterSpace;
  /** Bytes from the start of the block; of a component block, from the CXL.cache/mem range. */
  readonly offset: number;
  readonly mask: number;
}
export type RegisterSpace = "config" | "component";

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
  /** Bits change once; nothing else happens. */
  | { readonly kind: "corruptRegister"; readonly at: RegisterPlace; readonly value: number }
  /** The next `count` commits of the function's decoders: end with the error bit, never end, or end late by `by`. */
  | { readonly kind: "refuseCommit" | "neverCommit"; readonly function: string; readonly count: number }
  | { readonly kind: "lateCommit"; readonly function: string; readonly count: number; readonly by: number }
  /** The device resets itself: everything not sticky, decoders and media included. */
  | { readonly kind: "resetDevice"; readonly device: string };

export interface ProbeSpec {
  readonly match: ProbeMatch;
  readonly action: ProbeAction;
  /** Matches that pass before the first action. */
  readonly skip?: number;
  /** Actions before the probe disarms itself; 0: no limit; default 1. */
  readonly count?: number;
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

const configFlag = 0x8000_0000;
const none = 0xffff_ffff;
const lastAddress = 0xffff_ffff_ffff_ffffn;
const directions = { read: 1, write: 2, any: 3 } as const;
const actions = { linkDown: 1, linkUp: 2, neverRetrain: 3, dropResponse: 4, delayResponse: 5, loseInterrupt: 6, plug: 7 } as const;
const lowOf = (value: number): number => value % 0x1_0000_0000 >>> 0;
const highOf = (value: number): number => Math.floor(value / 0x1_0000_0000);

function entityOf(hardware: Hardware, name: string): number {
  const { bridges, ports, devices } = hardware.entities;
  const found = bridges.get(name) ?? ports.get(name) ?? devices.get(name);
  if (found === undefined) throw new ProbeError(`the machine has nothing named "${name}"; it has ${[...bridges.keys(), ...ports.keys(), ...devices.keys()].join(", ")}`);
  return found.id;
}

function portOf(hardware: Hardware, name: string): number {
  const found = hardware.entities.ports.get(name);
  if (found === undefined) throw new ProbeError(`the machine has no root port "${name}"; it has ${[...hardware.entities.ports.keys()].join(", ")}`);
  return found.id;
}

interface RawMatch { readonly kind: number; readonly entity: number; readonly low: number; readonly high: number; readonly mask: number; readonly value: number; readonly time: number }

function encodeMatch(hardware: Hardware, match: ProbeMatch): RawMatch {
  if (match.kind === "time") return { kind: 1, entity: none, low: 0, high: 0, mask: 0, value: 0, time: match.at };
  if (match.kind === "request") {
    const from = match.from ?? 0n;
    const to = match.to ?? lastAddress;
    if (from < 0n || to > lastAddress || from > to) throw new ProbeError(`addresses ${from}..${to} of a request are no range`);
    const entity = match.port === undefined ? none : portOf(hardware, match.port);
    return { kind: 3, entity, low: Number(from & 0xffff_ffffn), high: Number(from >> 32n), mask: Number(to & 0xffff_ffffn), value: Number(to >> 32n), time: directions[match.direction] };
  }
  const flag = match.space === "config" ? configFlag : 0;
  const entity = entityOf(hardware, match.entity);
  if (match.kind === "register") return { kind: 4, entity, low: (match.offset | flag) >>> 0, high: 0, mask: match.mask, value: match.value, time: 0 };
  return { kind: 2, entity, low: (match.from | flag) >>> 0, high: match.to, mask: match.mask ?? 0, value: match.value ?? 0, time: directions[match.direction] };
}

function encodeAction(hardware: Hardware, action: ProbeAction): { readonly argument: number; readonly extra: number } {
  switch (action.kind) {
    case "dropResponse":
      return { argument: action.count, extra: 0 };
    case "delayResponse":
      return { argument: action.by, extra: action.count };
    case "loseInterrupt":
      return { argument: action.count, extra: action.message ?? none };
    case "plug": {
      const device = hardware.entities.devices.get(action.device);
      if (device === undefined || device.port !== action.port) throw new ProbeError(`"${action.device}" is no device declared below ${action.port}`);
      return { argument: device.index, extra: 0 };
    }
    default:
      return { argument: 0, extra: 0 };
  }
}

/** Arms probe `id` (0..limits.probes-1). Returns the id. @throws ProbeError */
export function armProbe(hardware: Hardware, id: number, spec: ProbeSpec): number {
  if (spec.match.kind === "time" && (spec.skip ?? 0) !== 0) throw new ProbeError("a point in time comes once: skip must be 0");
  const match = encodeMatch(hardware, spec.match);
  const { argument, extra } = encodeAction(hardware, spec.action);
  const target = portOf(hardware, spec.action.port);
  const armed = hardware.exports.arm(id, match.kind, match.entity, match.low, match.high, match.mask, match.value, lowOf(match.time), highOf(match.time), spec.skip ?? 0, spec.count ?? 1, actions[spec.action.kind], target, lowOf(argument), highOf(argument), extra);
  if (armed === 0) throw new ProbeError(`probe ${id} is armed already, or beyond limits.probes (${hardware.description.limits.probes})`);
  return id;
}

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
