// The `regions`, `decoders` and `softReserved` parts of a file's `firmware:`: names and defaults filled in. Reports what cannot be; what firmware may
// well do wrong is left to it.

import type { DeviceDescription, DownstreamPortDescription, MachineDescription } from "../platform/description.ts";
import { isSwitch, portsBelow } from "../platform/description.ts";
import type { FirmwareDecoder, FirmwareRegion, FirmwareSetup, SoftReservedRange, ThrottlingGroup } from "../platform/firmware-setup.ts";
import type { Path } from "./load.ts";
import type { PathProblem } from "./machine.ts";
import type { ScenarioFile } from "./schema.ts";
import { suggestion } from "./suggest.ts";

type FirmwareFile = NonNullable<ScenarioFile["firmware"]>;
type RegionFile = NonNullable<FirmwareFile["regions"]>[number];
type DecoderFile = NonNullable<FirmwareFile["decoders"]>[number];

const granule = 256n << 20n;
const encodableWays = [1, 2, 3, 4, 6, 8, 12, 16];

interface Context {
  readonly machine: MachineDescription;
  readonly problems: PathProblem[];
  /** Devices by their own name and by that of the port they are plugged into. */
  readonly devices: ReadonlyMap<string, DeviceDescription>;
  /** First free address per window. */
  readonly next: bigint[];
}

function devicesOf(ports: readonly DownstreamPortDescription[]): Map<string, DeviceDescription> {
  const found = new Map<string, DeviceDescription>();
  for (const port of portsBelow(ports)) {
    for (const [index, slot] of port.slots.entries()) {
      if (isSwitch(slot)) continue;
      found.set(slot.name, slot);
      if (index === 0) found.set(port.name, slot);
    }
  }
  return found;
}

function checkGranularity(context: Context, granularity: bigint, path: Path): number {
  const value = Number(granularity);
  if (value < 256 || value > 16_384 || (value & (value - 1)) !== 0) context.problems.push({ path, message: `granularity ${value} is not a power of two from 256 to 16KiB` });
  return value;
}

function describeRegion(context: Context, file: RegionFile, path: Path): FirmwareRegion | undefined {
  const { machine, problems } = context;
  const targets = file.targets.map((name, position) => {
    const device = context.devices.get(name);
    if (device === undefined) problems.push({ path: [...path, "targets", position], message: `no device "${name}"; ${suggestion(name, [...context.devices.keys()])}` });
    return device;
  });
  const index = file.window ?? 0;
  const window = machine.windows[index];
  if (window === undefined) problems.push({ path: [...path, "window"], message: `no window ${index}; the file declares ${machine.windows.length}` });
  if (!encodableWays.includes(targets.length)) problems.push({ path: [...path, "targets"], message: `${targets.length} ways cannot be encoded; use 1, 2, 3, 4, 6, 8, 12 or 16 targets` });
  if (window === undefined || targets.includes(undefined)) return undefined;
  const shares = targets.map((device) => (device?.volatileCapacity ?? 0n) + (device?.persistentCapacity ?? 0n));
  const smallest = shares.reduce((least, share) => (share < least ? share : least));
  const size = file.size ?? smallest * BigInt(targets.length);
  if (size === 0n || size % (granule * BigInt(targets.length)) !== 0n) problems.push({ path: [...path, "size"], message: `the size of a region of ${targets.length} ways is a positive multiple of ${256 * targets.length}MiB` });
  const base = file.base ?? context.next[index] ?? window.base;
  if (base % granule !== 0n) problems.push({ path: [...path, "base"], message: "a decoder's base is a multiple of 256MiB (8.2.4.20.3)" });
  context.next[index] = base + size;
  return { window: index, base, size, granularity: checkGranularity(context, file.granularity ?? BigInt(window.granularity), [...path, "granularity"]), targets: targets.map((device) => device?.name ?? ""), isLocked: file.locked ?? false };
}

function describeDecoder(context: Context, file: DecoderFile, places: readonly string[], path: Path): FirmwareDecoder {
  const { problems } = context;
  const place = context.devices.get(file.of)?.name ?? file.of;
  if (!places.includes(place)) problems.push({ path: [...path, "of"], message: `nothing named "${file.of}" has decoders; ${suggestion(file.of, places)}` });
  const ways = file.ways ?? file.targets?.length ?? 1;
  if (!encodableWays.includes(ways)) problems.push({ path: [...path, "ways"], message: `${ways} ways cannot be encoded; use 1, 2, 3, 4, 6, 8, 12 or 16` });
  for (const key of ["base", "size", "skip"] as const) if ((file[key] ?? 0n) % granule !== 0n) problems.push({ path: [...path, key], message: `a decoder's ${key} is a multiple of 256MiB (8.2.4.20)` });
  return {
    place, index: file.index ?? 0, base: file.base, size: file.size, ways, granularity: checkGranularity(context, file.granularity ?? 256n, [...path, "granularity"]),
    targets: file.targets ?? [], skip: file.skip ?? 0n, isLocked: file.locked ?? false, isCommitted: file.committed ?? true,
  };
}

function checkSoftReserved(context: Context, ranges: readonly SoftReservedRange[]): void {
  for (const [index, range] of ranges.entries()) {
    const path: Path = ["firmware", "softReserved", index];
    if (range.size === 0n) context.problems.push({ path, message: "the range is empty" });
    const other = [...context.machine.ram, ...ranges.slice(0, index)].find((before) => range.base < before.base + before.size && before.base < range.base + range.size);
    if (other !== undefined) context.problems.push({ path, message: `0x${range.base.toString(16)} overlaps the range at 0x${other.base.toString(16)} of the memory map` });
  }
}

/** Throttling groups, when the file names any; bounds that are not given are left out. */
function describeGroups(file: FirmwareFile["qos"]): Pick<FirmwareSetup, "throttlingGroups"> {
  if (file === undefined) return {};
  const given = (group: NonNullable<FirmwareFile["qos"]>[number]): ThrottlingGroup => ({ id: group.id, ...Object.fromEntries(Object.entries(group).filter(([, value]) => value !== undefined)) });
  return { throttlingGroups: file.map(given) };
}

/** Resolves the file's firmware part against the machine it declares. */
export function describeFirmware(file: FirmwareFile | undefined, machine: MachineDescription): { readonly setup: FirmwareSetup; readonly problems: readonly PathProblem[] } {
  const ports = machine.hostBridges.flatMap((bridge) => bridge.rootPorts);
  const switches = portsBelow(ports).flatMap((port) => port.slots.filter(isSwitch).map((slot) => slot.name));
  const devices = devicesOf(ports);
  const context: Context = { machine, problems: [], devices, next: machine.windows.map((window) => window.base) };
  const places = [...machine.hostBridges.map((bridge) => bridge.name), ...switches, ...new Set([...devices.values()].map((device) => device.name))];
  const described = (file?.regions ?? []).map((region, index) => describeRegion(context, region, ["firmware", "regions", index]));
  const regions = described.filter((region) => region !== undefined);
  const decoders = (file?.decoders ?? []).map((decoder, index) => describeDecoder(context, decoder, places, ["firmware", "decoders", index]));
  const ofRegions = described.filter((region, index) => region !== undefined && file?.regions?.[index]?.softReserved === true).filter((region) => region !== undefined);
  const softReserved = [...(file?.softReserved ?? []), ...ofRegions.map(({ base, size }) => ({ base, size }))];
  checkSoftReserved(context, softReserved);
  return { setup: { regions, decoders, softReserved, ...describeGroups(file?.qos) }, problems: context.problems };
}
