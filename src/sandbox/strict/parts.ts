// What the checker knows of each part: its registers as they stand now by the trace, and what software has read of them.

import type { BlockName } from "../../../registers/blocks.ts";
import { cacheMemoryRange } from "../../../registers/blocks.ts";
import type { Hardware } from "../../hardware/machine.ts";
import type { DownstreamPortDescription } from "../../platform/description.ts";
import { isSwitch } from "../../platform/description.ts";
import { extract } from "../../platform/registers.ts";
import type { Atlas, BlockPlaces, PartKind, Place, Space } from "../../platform/register-places.ts";
import { blocksOfPart, lowBit, maskOf } from "../../platform/register-places.ts";

/** Registers of one space. All maps are by dword index. */
export interface Registers {
  readonly places: BlockPlaces;
  /** What the hardware holds, as far as the trace tells. */
  readonly held: Map<number, number>;
  /** What software read last. */
  readonly read: Map<number, number>;
  /** Write-1-to-clear bits that software has read as set and not cleared since. */
  readonly seen: Map<number, number>;
}

/** One half of a root port's isolation. */
export interface IsolationWatch {
  /** Software has read the status with Root Port Busy 0 since the port isolated. */
  hasSeenIdle: boolean;
  /** The link has been down since the port isolated. */
  wasLinkDown: boolean;
}

export interface Part {
  readonly id: number;
  readonly name: string;
  readonly kind: PartKind;
  /** Part above; null for a host bridge. */
  readonly parent: string | null;
  /** Bytes of BAR 0. */
  readonly barSize: bigint;
  readonly registers: Readonly<Partial<Record<Space, Registers>>>;
  readonly memoryIsolation: IsolationWatch;
  readonly cacheIsolation: IsolationWatch;
  /** Time by which the isolation status must be read, since an interrupt was enabled too late; null: nothing is owed. */
  statusDueAt: number | null;
  isLinkUp: boolean;
  /** BAR 0 before the last reset took it, or null. */
  barBefore: bigint | null;
}

function deviceBars(ports: readonly DownstreamPortDescription[], into: Map<string, bigint>): Map<string, bigint> {
  for (const slot of ports.flatMap((port) => port.slots)) {
    if (isSwitch(slot)) deviceBars(slot.ports, into);
    else into.set(slot.name, slot.barSize);
  }
  return into;
}

/** Every part of a machine as it stands now. */
export function createParts(hardware: Hardware, atlas: Atlas): ReadonlyMap<number, Part> {
  const { bridges, ports, switches, devices } = hardware.entities;
  const bars = deviceBars(hardware.description.hostBridges.flatMap((bridge) => bridge.rootPorts), new Map());
  const parts = new Map<number, Part>();
  const add = (kind: PartKind, name: string, id: number, parent: string | null): void => {
    const registers: Partial<Record<Space, Registers>> = {};
    for (const [space, block] of Object.entries(blocksOfPart[kind]) as [Space, BlockName][]) registers[space] = { places: atlas[block], held: peekAll(hardware, id, space, atlas[block]), read: new Map(), seen: new Map() };
    const isPort = kind === "root port" || kind === "downstream port";
    const watch = (): IsolationWatch => ({ hasSeenIdle: false, wasLinkDown: isPort && hardware.port(name).link !== "up" });
    parts.set(id, {
      id, name, kind, parent, registers, barSize: bars.get(name) ?? BigInt(cacheMemoryRange.blockSize),
      memoryIsolation: watch(), cacheIsolation: watch(), statusDueAt: null, isLinkUp: isPort && hardware.port(name).link === "up", barBefore: null,
    });
  };
  for (const [name, { id }] of bridges) add("host bridge", name, id, null);
  for (const [name, { id, isRoot, parent }] of ports) add(isRoot ? "root port" : "downstream port", name, id, parent);
  for (const [name, { id, port }] of switches) add("switch", name, id, port);
  for (const [name, { id, port }] of devices) add("device", name, id, port);
  return parts;
}

/** Parts that go their own way from here on. */
export function copyParts(parts: ReadonlyMap<number, Part>): ReadonlyMap<number, Part> {
  const copy = ({ places, held: holds, read, seen }: Registers): Registers => ({ places, held: new Map(holds), read: new Map(read), seen: new Map(seen) });
  return new Map([...parts].map(([id, part]) => [id, {
    ...part, memoryIsolation: { ...part.memoryIsolation }, cacheIsolation: { ...part.cacheIsolation },
    registers: Object.fromEntries(Object.entries(part.registers).map(([space, registers]) => [space, copy(registers)])),
  }]));
}

function peekAll(hardware: Hardware, id: number, space: Space, places: BlockPlaces): Map<number, number> {
  if (space === "messages") return new Map();
  const peek = { component: hardware.peekComponent, config: hardware.peekConfig, device: hardware.peekDevice }[space].bind(hardware);
  return new Map([...places.byDword.keys()].map((dword) => [dword, peek(id, dword * 4)]));
}

const wordOf = (words: ReadonlyMap<number, number>, dword: number): bigint => BigInt(words.get(dword) ?? 0);

/** Value of a register in one of the maps. */
export function valueAt(words: ReadonlyMap<number, number>, { at, bytes }: Place): bigint {
  const wide = bytes === 8 ? wordOf(words, at >> 2) | (wordOf(words, (at >> 2) + 1) << 32n) : wordOf(words, at >> 2) >> BigInt((at & 3) * 8);
  return BigInt.asUintN(bytes * 8, wide);
}

/** What a register of a part holds, by its label; 0 where the part has none. */
export function held(part: Part, space: Space, label: string): bigint {
  const registers = part.registers[space];
  const place = registers?.places.byName.get(label);
  return registers === undefined || place === undefined ? 0n : valueAt(registers.held, place);
}

/** Fields of a register whose capability bit reads 0 (`when` of the declaration), with that bit's name. */
export function unsupportedFields(part: Part, space: Space, { name, declaration }: Place): readonly { readonly field: string; readonly mask: bigint; readonly capability: string }[] {
  const [structure = ""] = name.split(".");
  return Object.entries(declaration.fields).flatMap(([field, declared]) => {
    if (declared.when === undefined) return [];
    const [register = "", flag = ""] = declared.when.split(".");
    const capability = part.registers[space]?.places.byName.get(`${structure}.${register}`)?.declaration.fields[flag];
    const isOffered = capability === undefined || extract(capability, held(part, space, `${structure}.${register}`)) !== 0;
    return isOffered ? [] : [{ field, mask: maskOf(declared), capability: `${structure}.${declared.when}` }];
  });
}

/** Puts the bits of `mask` of a register. */
export function putValue(words: Map<number, number>, { at, bytes }: Place, value: bigint, mask: bigint): void {
  const shift = BigInt((at & 3) * 8);
  const upper = bytes === 8 ? 1 : 0;
  for (let half = 0; half <= upper; half++) {
    const down = BigInt(half * 32);
    const chosen = Number(((mask << shift) >> down) & 0xffff_ffffn);
    const bits = Number(((value << shift) >> down) & 0xffff_ffffn);
    const dword = (at >> 2) + half;
    words.set(dword, (((words.get(dword) ?? 0) & ~chosen) | (bits & chosen)) >>> 0);
  }
}

/** Puts a part's registers of one space to what a reset leaves: HwInit fields stay, sticky ones when `keepsSticky`. */
export function resetRegisters(registers: Registers | undefined, keepsSticky: boolean, isAffected: (place: Place) => boolean = () => true): void {
  if (registers === undefined) return;
  for (const place of registers.places.all.filter(isAffected)) {
    for (const field of Object.values(place.declaration.fields)) {
      if (field.access === "HwInit" || (keepsSticky && field.access.endsWith("S"))) continue;
      putValue(registers.held, place, BigInt(field.reset ?? 0) << BigInt(lowBit(field)), maskOf(field));
    }
  }
  registers.read.clear();
  registers.seen.clear();
}
