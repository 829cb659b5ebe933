// Machines for regions of 1 to 16 ways over host bridges, root ports and switches; regions made by hand or by firmware; what is left of them.

import { decoderOf, isDecoder, isRegion, memdevOf, endpointPart, portOf as cxlPortOf, regionOf } from "../../src/kernel/cxl/types.ts";
import { busDevices } from "../../src/kernel/base/device.ts";
import type { Errno } from "../../src/kernel/base/errno.ts";
import type { DeviceDescription, MachineDescription } from "../../src/platform/description.ts";
import type { FirmwareDecoder, FirmwareRegion, FirmwareSetup } from "../../src/platform/firmware-setup.ts";
import { noSetup } from "../../src/platform/firmware-setup.ts";
import type { BootOptions, Booted } from "./kernel.ts";
import { bootMachine } from "./kernel.ts";
import { GiB, MiB, deviceOf, machineOf, portOf } from "./machine.ts";
import { memdevs as devices, store as storeAt } from "./memdev.ts";
import { downstreamOf, switchOf } from "./topology.ts";

export const start = 16n * GiB;
export const share = 256n * MiB;

/** How a region's ways are spread: host bridges, root ports below each, cards of a switch below each (1: no switch). */
export interface Shape {
  readonly bridges: number;
  readonly ports: number;
  readonly cards: number;
}

export const shapeOf = (bridges: number, ports = 1, cards = 1): Shape => ({ bridges, ports, cards });
export const waysOf = ({ bridges, ports, cards }: Shape): number => bridges * ports * cards;
export const shapeName = ({ bridges, ports, cards }: Shape): string => `${bridges * ports * cards} ways: ${bridges} x ${ports}${cards > 1 ? ` x ${cards}` : ""}`;

/** Card `d<bridge>_<port>_<place>`. */
export const cardName = (bridge: number, port: number, place = 0): string => `d${bridge}_${port}_${place}`;
export const serialOf = (name: string): bigint => {
  const [bridge = 0, port = 0, place = 0] = name.slice(1).split("_").map(Number);
  return BigInt(bridge * 256 + port * 16 + place + 1);
};

interface SpreadOptions {
  readonly granularity?: number;
  readonly card?: (name: string) => Partial<DeviceDescription>;
  readonly targetCount?: number;
  readonly decoders?: number;
  readonly xorMaps?: readonly bigint[];
}

/** One window over all bridges; cards of 512 MiB that can interleave in every way, where `card` does not say otherwise. */
export function spread(shape: Shape, options: SpreadOptions = {}): MachineDescription {
  const card = (b: number, p: number, d: number): DeviceDescription => {
    const name = cardName(b, p, d);
    return deviceOf(name, { serial: serialOf(name), volatileCapacity: 512n * MiB, interleave3612: true, interleave16: true, ...options.card?.(name) });
  };
  const below = (b: number, p: number) => (shape.cards === 1 ? card(b, p, 0) : switchOf(`sw${b}_${p}`, Array.from({ length: shape.cards }, (_, d) => downstreamOf(`dsp${b}_${p}_${d}`, d, [card(b, p, d)]))));
  const buses = Math.floor(240 / shape.bridges);
  const hostBridges = Array.from({ length: shape.bridges }, (_, b) => ({
    name: `hb${b}`, uid: b, segment: 0, busStart: 8 + buses * b, busEnd: 8 + buses * b + buses - 1, componentBase: 0xfe00_0000n + BigInt(b) * 0x1_0000n, decoders: options.decoders ?? 4, targetCount: options.targetCount ?? 8,
    rootPorts: Array.from({ length: shape.ports }, (__, p) => portOf(`rp${b}_${p}`, { portNumber: p, slots: [below(b, p)] })),
  }));
  const window = { base: start, size: 24n * GiB, ways: shape.bridges, granularity: options.granularity ?? 256, targets: hostBridges.map((_, index) => index) };
  return { ...machineOf([]), hostBridges, windows: [options.xorMaps === undefined ? window : { ...window, arithmetic: "xor", xorMaps: options.xorMaps }] };
}

/** Cards by position: the host bridge changes fastest, then the root port, then the switch's port (L3, L4). */
export const positionsOf = ({ bridges, ports, cards }: Shape): string[] =>
  Array.from({ length: bridges * ports * cards }, (_, n) => cardName(n % bridges, Math.floor(n / bridges) % ports, Math.floor(n / (bridges * ports))));

export const regionOver = (targets: readonly string[], values: Partial<FirmwareRegion> = {}): FirmwareRegion => ({ window: 0, base: start, size: share * BigInt(targets.length), granularity: 256, targets, isLocked: false, ...values });
export const decoderAt = (place: string, values: Partial<FirmwareDecoder> = {}): FirmwareDecoder => ({ place, index: 0, base: start, size: 2n * share, ways: 2, granularity: 256, targets: [], skip: 0n, isLocked: false, isCommitted: true, ...values });

/** Boots a machine whose firmware did `setup`. */
export const bootWith = (machine: MachineDescription, setup: Partial<FirmwareSetup>, options: Omit<BootOptions, "firmware"> = {}): Booted => bootMachine(machine, { firmware: { setup: { ...noSetup, ...setup } }, ...options });

export const read = (booted: Booted, path: string): string => booted.read(`${devices}/${path}`).trim();
export const store = (booted: Booted, path: string, text: string): Errno | "ok" => storeAt(booted, `${devices}/${path}`, text);
export const list = (booted: Booted, prefix: string): string[] => booted.files.list(devices).filter((name) => name.startsWith(prefix)).toSorted();
export const saying = (booted: Booted, pattern: RegExp): string[] => booted.dmesg().filter((line) => pattern.test(line));

/** Name of decoder `n` of the card's endpoint. */
export function decoderOfCard(booted: Booted, card: string, n = 0): string {
  const endpoint = list(booted, "endpoint").find((name) => BigInt(booted.read(`${booted.files.realpath(`${devices}/${name}/uport`)}/serial`).trim()) === serialOf(card));
  if (endpoint === undefined) throw new Error(`no endpoint of ${card}`);
  return `decoder${endpoint.slice("endpoint".length)}.${n}`;
}

/** Serial number of the card at a position, or null. */
export function serialAt(booted: Booted, region: string, position: number): bigint | null {
  const record = busDevices(booted.kernel, "cxl").find((device) => isRegion(device) && device.name === region);
  const target = record === undefined ? null : (regionOf(record).targets[position] ?? null);
  return target === null ? null : memdevOf(endpointPart(target).memdev).serial;
}

/** A region without a size. */
export function newRegion(booted: Booted, ways: number, granularity = 256, name = "region0"): void {
  for (const [path, text] of [["decoder0.0/create_ram_region", name], [`${name}/interleave_granularity`, String(granularity)], [`${name}/interleave_ways`, String(ways)]] as const) {
    const answer = store(booted, path, text);
    if (answer !== "ok") throw new Error(`${path} <- ${text}: ${answer}`);
  }
}

export const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** Gives a card's decoder DPA of the volatile partition. */
export function reserve(booted: Booted, card: string, size = share, n = 0): string {
  const decoder = decoderOfCard(booted, card, n);
  for (const [name, text] of [["mode", "ram"], ["dpa_size", hex(size)]] as const) {
    const answer = store(booted, `${decoder}/${name}`, text);
    if (answer !== "ok") throw new Error(`${decoder}/${name} <- ${text}: ${answer}`);
  }
  return decoder;
}

/** Sized, with a target at each position, not committed. Returns the answers of the target files. */
export function fillRegion(booted: Booted, cards: readonly string[], name = "region0"): (Errno | "ok")[] {
  const answer = store(booted, `${name}/size`, hex(share * BigInt(cards.length)));
  if (answer !== "ok") throw new Error(`${name}/size: ${answer}`);
  return cards.map((card, position) => store(booted, `${name}/target${position}`, reserve(booted, card)));
}

export interface Left {
  readonly commit: string;
  readonly size: bigint;
  /** Serial numbers by slot. */
  readonly targets: readonly (bigint | null)[];
  /** Decoders of ports and endpoints that name the region. */
  readonly decoders: number;
  /** References that ports keep of it. */
  readonly references: number;
}

/** What there is of a region, in the files and at the ports. */
export function leftOf(booted: Booted, name = "region0"): Left | null {
  const region = busDevices(booted.kernel, "cxl").find((device) => isRegion(device) && device.name === name);
  if (region === undefined) return null;
  const decoders = busDevices(booted.kernel, "cxl").filter(isDecoder);
  const ports = new Set(decoders.map((decoder) => decoderOf(decoder).port));
  return {
    commit: read(booted, `${name}/commit`), size: BigInt(read(booted, `${name}/size`)),
    targets: Array.from({ length: Number(read(booted, `${name}/interleave_ways`)) }, (_, position) => serialAt(booted, name, position)),
    decoders: decoders.filter((decoder) => decoderOf(decoder).region === region).length,
    references: [...ports].filter((port) => cxlPortOf(port).references.some((reference) => reference.region === region)).length,
  };
}

/** Hardware still decodes: how many decoders are enabled. */
export const enabledDecoders = (booted: Booted): number => busDevices(booted.kernel, "cxl").filter((device) => isDecoder(device) && decoderOf(device).kind !== "root" && decoderOf(device).isEnabled).length;
