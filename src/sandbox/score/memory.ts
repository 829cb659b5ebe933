// The memory of a system as a score asks for it: regions with their members, dax devices, and whether an address holds what is written to it.

import type { Device } from "../../kernel/base/device.ts";
import { busDevices } from "../../kernel/base/device.ts";
import type { Kernel } from "../../kernel/base/kernel.ts";
import { cxlBus, endpointPart, isMemdev, isRegion, memdevOf, regionOf, regionStates } from "../../kernel/cxl/types.ts";
import { daxBus, daxDeviceOf } from "../../kernel/dax/types.ts";
import { resourceSize } from "../../kernel/resource/resource.ts";
import type { MachineDescription } from "../../platform/description.ts";
import type { System } from "../system.ts";
import { cardsBelow, rootPorts } from "./twin.ts";

export interface DaxFacts {
  readonly name: string;
  readonly ranges: readonly { readonly start: bigint; readonly size: bigint }[];
  readonly size: bigint;
  readonly isAlive: boolean;
  readonly driver: string | null;
  /** The region above it; null: hmem's. */
  readonly region: string | null;
}

export interface RegionFacts {
  readonly name: string;
  readonly start: bigint;
  readonly size: bigint;
  readonly ways: number;
  readonly granularity: number;
  readonly mode: "ram" | "pmem";
  readonly isCommitted: boolean;
  readonly driver: string | null;
  /** Cards by position; null: an empty slot. */
  readonly members: readonly (string | null)[];
  readonly dax: readonly DaxFacts[];
}

/** Card of a memdev, by its serial number. */
const cardOf = (machine: MachineDescription, memdev: Device): string | null => cardsBelow(rootPorts(machine)).find(({ serial }) => serial === memdevOf(memdev).serial)?.name ?? null;

function regionAbove(device: Device): Device | null {
  let above = device.parent;
  while (above !== null && !isRegion(above)) above = above.parent;
  return above;
}

export function daxFacts(kernel: Kernel): DaxFacts[] {
  return busDevices(kernel, daxBus).map((device) => {
    const { ranges, isAlive } = daxDeviceOf(device);
    return { name: device.name, ranges, size: ranges.reduce((sum, range) => sum + range.size, 0n), isAlive, driver: device.driver?.name ?? null, region: regionAbove(device)?.name ?? null };
  });
}

export function regionFacts({ kernel, hardware }: System): RegionFacts[] {
  const dax = daxFacts(kernel);
  return busDevices(kernel, cxlBus).filter(isRegion).map((device) => {
    const { resource, ways, granularity, mode, state, targets } = regionOf(device);
    return {
      name: device.name, start: resource?.start ?? 0n, size: resource === null ? 0n : resourceSize(resource), ways, granularity, mode, isCommitted: state >= regionStates.commit, driver: device.driver?.name ?? null,
      members: targets.slice(0, ways).map((target) => (target === null ? null : cardOf(hardware.description, endpointPart(target).memdev))),
      dax: dax.filter(({ region }) => region === device.name),
    };
  });
}

/** Cards of the memdevs that carry one of these names, or stand on a function of one. */
export function cardsNamed({ kernel, hardware }: System, names: readonly string[]): string[] {
  const memdevs = busDevices(kernel, cxlBus).filter(isMemdev).filter((device) => names.includes(device.name) || names.includes(memdevOf(device).pciDevice.name));
  return memdevs.flatMap((device) => cardOf(hardware.description, device) ?? []);
}

const wordSize = 8n;
const firstGranules = 64n;
const granule = 256n;
/** A value that no other address has. */
const markOf = (address: bigint): bigint => BigInt.asUintN(64, address * 0x1_0000_0001n + 1n);

/** Offsets that any mistake in ways, granularity or target would send to the same place twice, or nowhere: the first granules, every power of two, the end. */
function samplesOf(size: bigint): bigint[] {
  const offsets = new Set<bigint>();
  for (let at = 0n; at < firstGranules * granule && at < size; at += granule) offsets.add(at);
  for (let at = granule; at < size; at *= 2n) offsets.add(at);
  offsets.add(size - wordSize);
  return [...offsets];
}

/** Whether every sample of some ranges keeps a value of its own. The system is as before afterwards. */
function holds({ hardware, platform }: System, ranges: DaxFacts["ranges"]): boolean {
  const { windows } = hardware.description;
  // Outside every window there is no CXL to ask: what the memory map says is taken for true.
  const samples = ranges.flatMap(({ start, size }) => samplesOf(size).map((offset) => start + offset)).filter((address) => windows.some(({ base, size }) => address >= base && address < base + size));
  const before = hardware.snapshot();
  const isKept = samples.every((address) => platform.memory.store(address, 8, markOf(address)) === "ok") && samples.every((address) => {
    const { status, value } = platform.memory.load(address, 8);
    return status === "ok" && value === markOf(address);
  });
  hardware.restore(before);
  return isKept;
}

/** Bytes of living dax devices that hold what is written to them, each device being a unit. */
export const decodingBytes = (system: System): bigint => daxFacts(system.kernel).filter((device) => device.isAlive && holds(system, device.ranges)).reduce((sum, { size }) => sum + size, 0n);
