// Second statement of where a host physical address goes: windows, host bridges, switches, devices (component sheet 6.8, cedt sheet 3 to 5,
// config sheet 3). Pure functions of a machine description and of what software programmed into the decoders.

import type { DeviceDescription, DownstreamPortDescription, HostBridgeDescription, MachineDescription, SlotDescription, SwitchDescription, WindowDescription } from "../../../src/platform/description.ts";

/** One HDM decoder as programmed; encodings as in its control register (6.5, 6.6). */
export interface Decoder {
  readonly isCommitted: boolean;
  readonly base: bigint;
  readonly size: bigint;
  readonly granularity: number;
  readonly ways: number;
  /** Port number per way (ports), or the DPA skip (devices). */
  readonly targets: readonly number[];
  readonly skip: bigint;
}

export interface HubProgramming {
  readonly returnsPoison: boolean;
  readonly decoders: readonly Decoder[];
}

/** A DVSEC range: base is software's, size and whether its memory is active the device's. */
export interface Range {
  readonly base: bigint;
  readonly size: bigint;
  readonly isActive: boolean;
}

export interface DeviceProgramming extends HubProgramming {
  /** HDM Decoder Enable of Global Control. */
  readonly usesDecoders: boolean;
  /** Mem_Enable of the device DVSEC. */
  readonly isMemoryEnabled: boolean;
  readonly ranges: readonly [Range, Range];
}

/** What software programmed, by name of the host bridge, switch or device. */
export interface Programming {
  readonly bridge: (name: string) => HubProgramming;
  readonly upstream: (name: string) => HubProgramming;
  readonly device: (name: string) => DeviceProgramming;
  /** What is plugged into a port, if its link is up. Absent: every port has its slot 0. */
  readonly card?: (port: DownstreamPortDescription) => SlotDescription | undefined;
}

export type Answer =
  /** No window: nothing in the fabric is asked. */
  | { readonly kind: "outside" }
  /** Nobody claims it: writes are dropped, reads end as `read`. `at` is who did not know further. */
  | { readonly kind: "miss"; readonly at: string; readonly read: "ones" | "poison"; readonly path: readonly DownstreamPortDescription[] }
  /** The last port of the path has nothing behind it. */
  | { readonly kind: "dead end"; readonly path: readonly DownstreamPortDescription[] }
  | { readonly kind: "device"; readonly device: DeviceDescription; readonly dpa: bigint; readonly path: readonly DownstreamPortDescription[] };

const waysOfCode: Readonly<Record<number, number>> = { 0: 1, 1: 2, 2: 4, 3: 8, 4: 16, 8: 3, 9: 6, 10: 12 };
const lastPortCode = 3;

/** 6.6; a reserved encoding (possible only by a change while committed, which is undefined: C10) counts as one way. */
export const waysOf = (code: number): number => waysOfCode[code] ?? 1;
export const codeOf = (ways: number): number => Number(Object.entries(waysOfCode).find(([, count]) => count === ways)?.[0]);
export const granularityOf = (code: number): bigint => 256n << BigInt(code);

/** Odd number of bits set (cedt 5). */
function parity(value: bigint): number {
  let odd = 0;
  for (let rest = value; rest > 0n; rest &= rest - 1n) odd ^= 1;
  return odd;
}

/** Position in a window's target list: cedt 4 (absolute address, not the offset) and 5. */
export function windowPosition({ ways, granularity, arithmetic, xorMaps = [] }: WindowDescription, hpa: bigint): number {
  const chunk = hpa / BigInt(granularity);
  if (arithmetic !== "xor" || ways === 1 || ways === 3) return Number(chunk % BigInt(ways));
  const isThree = ways % 3 === 0;
  const maps = xorMaps.slice(0, Math.log2(isThree ? ways / 3 : ways));
  const low = maps.reduce((bits, map, index) => bits | (parity(hpa & map) << index), 0);
  return isThree ? low + 2 ** maps.length * Number((chunk >> BigInt(maps.length)) % 3n) : low;
}

/** Of overlapping committed decoders (C3 leaves them to software) the first one wins. Ends do not wrap. */
const hit = (decoders: readonly Decoder[], hpa: bigint): number => decoders.findIndex(({ isCommitted, base, size }) => isCommitted && base <= hpa && hpa < base + size);

/** 6.8: the way of a port is a slice of the absolute address. */
export function portWay({ ways, granularity }: Decoder, hpa: bigint): number {
  const count = ways <= lastPortCode ? waysOf(ways) : 1;
  return Number((hpa / granularityOf(granularity)) % BigInt(count));
}

/** cedt 3, the identity for every number of ways. */
export function dpaOffset(offset: bigint, ways: number, granularity: bigint): bigint {
  return (offset / granularity / BigInt(ways)) * granularity + (offset % granularity);
}

/** cedt 3: the offset in a region from the offset in a device at `position`. */
export function hpaOffset(offset: bigint, position: number, ways: number, granularity: bigint): bigint {
  return ((offset / granularity) * BigInt(ways) + BigInt(position)) * granularity + (offset % granularity);
}

/** 6.8: DPABase[0] = skip[0]; DPABase[m+1] = skip[m+1] + DPABase[m] + size[m]/ways[m]. */
export function dpaBase(decoders: readonly Decoder[], index: number): bigint {
  let base = decoders[0]?.skip ?? 0n;
  for (let m = 0; m < index; m++) {
    const here = decoders[m];
    if (here !== undefined) base += (decoders[m + 1]?.skip ?? 0n) + here.size / BigInt(waysOf(here.ways));
  }
  return BigInt.asUintN(64, base);
}

const capacityOf = (device: DeviceDescription): bigint => device.volatileCapacity + (device.persistentCapacity ?? 0n);

/** DPA of an address at a device, or undefined: not claimed. C14: what lies beyond the capacity is not there. */
export function deviceDpa(device: DeviceDescription, programming: DeviceProgramming, hpa: bigint): bigint | undefined {
  if (!programming.isMemoryEnabled) return undefined;
  if (!programming.usesDecoders) return rangeDpa(programming.ranges, hpa);
  const index = hit(programming.decoders, hpa);
  const decoder = programming.decoders[index];
  if (decoder === undefined) return undefined;
  const dpa = BigInt.asUintN(64, dpaBase(programming.decoders, index) + dpaOffset(hpa - decoder.base, waysOf(decoder.ways), granularityOf(decoder.granularity)));
  return dpa < capacityOf(device) ? dpa : undefined;
}

/** config sheet 3: range 2 lies behind range 1 in DPA (INFERRED). */
function rangeDpa([first, second]: readonly [Range, Range], hpa: bigint): bigint | undefined {
  if (first.isActive && first.base <= hpa && hpa < first.base + first.size) return hpa - first.base;
  if (second.isActive && second.base <= hpa && hpa < second.base + second.size) return first.size + hpa - second.base;
  return undefined;
}

export const windowAt = ({ windows }: MachineDescription, hpa: bigint): WindowDescription | undefined => windows.find(({ base, size }) => base <= hpa && hpa < base + size);

/** cedt 4.1, step by step. */
export function route(machine: MachineDescription, programming: Programming, hpa: bigint): Answer {
  const window = windowAt(machine, hpa);
  if (window === undefined) return { kind: "outside" };
  const bridge = machine.hostBridges[window.targets[windowPosition(window, hpa)] ?? -1];
  if (bridge === undefined) return { kind: "outside" };
  let hub: HostBridgeDescription | SwitchDescription = bridge;
  let registers = programming.bridge(bridge.name);
  const path: DownstreamPortDescription[] = [];
  const cardOf = programming.card ?? ((port: DownstreamPortDescription) => port.slots[0]);
  for (;;) {
    const port = portBehind(hub, registers, hpa);
    if (port === undefined) return { kind: "miss", at: hub.name, read: registers.returnsPoison ? "poison" : "ones", path };
    path.push(port);
    const card = cardOf(port);
    if (card === undefined) return { kind: "dead end", path };
    if (card.kind !== "switch") return deviceAnswer(card, programming.device(card.name), hpa, path);
    hub = card;
    registers = programming.upstream(card.name);
  }
}

/** The port that a hub sends an address to; a target number that no port has is not claimed by anyone. */
function portBehind(hub: HostBridgeDescription | SwitchDescription, { decoders }: HubProgramming, hpa: bigint): DownstreamPortDescription | undefined {
  const ports: readonly DownstreamPortDescription[] = "rootPorts" in hub ? hub.rootPorts : hub.ports;
  if (hub.decoders === 0) return ports[0];
  const decoder = decoders[hit(decoders, hpa)];
  if (decoder === undefined) return undefined;
  const target = decoder.targets[portWay(decoder, hpa)];
  return ports.find(({ portNumber }) => portNumber === target);
}

function deviceAnswer(device: DeviceDescription, programming: DeviceProgramming, hpa: bigint, path: readonly DownstreamPortDescription[]): Answer {
  const dpa = deviceDpa(device, programming, hpa);
  if (dpa === undefined) return { kind: "miss", at: device.name, read: programming.returnsPoison ? "poison" : "ones", path };
  return { kind: "device", device, dpa, path };
}

/** Every address that reaches a DPA of a device: the inverse of `route`, by its own arithmetic (cedt 3) and a look at who is routed there. */
export function addressesOf(machine: MachineDescription, programming: Programming, name: string, dpa: bigint): bigint[] {
  const { decoders, usesDecoders, ranges } = programming.device(name);
  const candidates = usesDecoders ? decoders.flatMap((decoder, index) => decoderAddresses(decoder, dpaBase(decoders, index), dpa)) : rangeAddresses(ranges, dpa);
  const found = candidates.filter((hpa) => {
    const answer = route(machine, programming, hpa);
    return answer.kind === "device" && answer.device.name === name && answer.dpa === dpa;
  });
  return [...new Set(found)].toSorted((a, b) => (a < b ? -1 : 1));
}

function decoderAddresses(decoder: Decoder, base: bigint, dpa: bigint): bigint[] {
  if (!decoder.isCommitted || dpa < base) return [];
  const ways = waysOf(decoder.ways);
  const offsets = Array.from({ length: ways }, (_, position) => hpaOffset(dpa - base, position, ways, granularityOf(decoder.granularity)));
  return offsets.filter((offset) => offset < decoder.size).map((offset) => decoder.base + offset);
}

const rangeAddresses = ([first, second]: readonly [Range, Range], dpa: bigint): bigint[] => [dpa < first.size ? first.base + dpa : undefined, dpa >= first.size && dpa < first.size + second.size ? second.base + dpa - first.size : undefined].filter((address) => address !== undefined);
