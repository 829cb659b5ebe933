// `cxl list`: memdevs, decoders and regions from the tree, as the real tool shows them.

import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Json } from "./json.ts";
import { attribute, devicesOf, driverOf, naturalOrder, numberAttribute, pathOf } from "./tree.ts";

export interface ListOptions {
  readonly isIdleShown: boolean;
  readonly areTargetsShown: boolean;
}

const none = (1n << 64n) - 1n;

/** Endpoint of a memdev: the one whose uport is it. */
export function endpointOf(files: FileSystem, memdev: string): string | undefined {
  return devicesOf(files, "cxl", "endpoint").find((name) => files.readlink(`/sys/bus/cxl/devices/${name}/uport`).split("/").at(-1) === memdev);
}

/** Memdev of an endpoint decoder. */
export function memdevOfDecoder(files: FileSystem, decoder: string): string | undefined {
  const endpoint = pathOf(files, "cxl", decoder).at(-2);
  if (endpoint === undefined || !endpoint.startsWith("endpoint")) return undefined;
  return files.readlink(`/sys/bus/cxl/devices/${endpoint}/uport`).split("/").at(-1);
}

export function describeMemdev(files: FileSystem, name: string): Json {
  const path = pathOf(files, "cxl", name);
  const numa = numberAttribute(files, "cxl", name, "numa_node");
  const size = (what: string): bigint | undefined => (numberAttribute(files, "cxl", name, `${what}/size`) > 0n ? numberAttribute(files, "cxl", name, `${what}/size`) : undefined);
  return {
    memdev: name,
    pmem_size: size("pmem"),
    ram_size: size("ram"),
    serial: numberAttribute(files, "cxl", name, "serial"),
    numa_node: numa > 0n ? numa : undefined,
    host: path.at(-2),
    firmware_version: attribute(files, "cxl", name, "firmware_version"),
    state: driverOf(files, "cxl", name) === undefined ? "disabled" : undefined,
  };
}

/** Mappings, highest position first. */
function mappings(files: FileSystem, region: string): Json[] {
  const ways = Number(numberAttribute(files, "cxl", region, "interleave_ways"));
  const found: Json[] = [];
  for (let position = ways - 1; position >= 0; position--) {
    const decoder = attribute(files, "cxl", region, `target${position}`) ?? "";
    if (decoder !== "") found.push({ position, memdev: memdevOfDecoder(files, decoder), decoder });
  }
  return found;
}

export function describeRegion(files: FileSystem, name: string, options: ListOptions): Json {
  const targets = options.areTargetsShown ? mappings(files, name) : [];
  const size = numberAttribute(files, "cxl", name, "size");
  return {
    region: name,
    resource: size > 0n ? numberAttribute(files, "cxl", name, "resource") : undefined,
    size: size > 0n ? size : undefined,
    type: attribute(files, "cxl", name, "mode"),
    interleave_ways: numberAttribute(files, "cxl", name, "interleave_ways"),
    interleave_granularity: numberAttribute(files, "cxl", name, "interleave_granularity"),
    decode_state: attribute(files, "cxl", name, "commit") === "1" ? "commit" : "reset",
    locked: attribute(files, "cxl", name, "locked") === "1",
    state: driverOf(files, "cxl", name) === undefined ? "disabled" : undefined,
    mappings: targets.length > 0 ? targets : undefined,
  };
}

export function describeDecoder(files: FileSystem, name: string): Json {
  const read = (what: string): bigint => numberAttribute(files, "cxl", name, what);
  const size = read("size");
  const ways = read("interleave_ways");
  const type = attribute(files, "cxl", name, "devtype");
  const dpaSize = read("dpa_size");
  const region = attribute(files, "cxl", name, "region") ?? "";
  return {
    decoder: name,
    resource: size > 0n ? read("start") : undefined,
    size: size > 0n ? size : undefined,
    interleave_ways: ways,
    interleave_granularity: ways > 1n ? read("interleave_granularity") : undefined,
    region: region === "" ? undefined : region,
    max_available_extent: type === "cxl_decoder_root" ? maximumExtent(files, name) : undefined,
    pmem_capable: attribute(files, "cxl", name, "cap_pmem") === "1" ? true : undefined,
    volatile_capable: attribute(files, "cxl", name, "cap_ram") === "1" ? true : undefined,
    qos_class: type === "cxl_decoder_root" ? read("qos_class") : undefined,
    dpa_resource: dpaSize > 0n && read("dpa_resource") !== none ? read("dpa_resource") : undefined,
    dpa_size: dpaSize > 0n ? dpaSize : undefined,
    mode: dpaSize > 0n ? attribute(files, "cxl", name, "mode") : undefined,
    state: size === 0n ? "disabled" : undefined,
  };
}

/** Largest hole of a window between regions that have a size and are committed. */
export function maximumExtent(files: FileSystem, decoder: string): bigint {
  const start = numberAttribute(files, "cxl", decoder, "start");
  const end = start + numberAttribute(files, "cxl", decoder, "size");
  const taken = regionsOf(files, decoder)
    .filter((region) => attribute(files, "cxl", region, "commit") === "1")
    .map((region) => ({ from: numberAttribute(files, "cxl", region, "resource"), size: numberAttribute(files, "cxl", region, "size") }))
    .filter((range) => range.size > 0n)
    .sort((a, b) => (a.from < b.from ? -1 : 1));
  let best = 0n;
  let at = start;
  for (const range of [...taken, { from: end, size: 0n }]) {
    if (range.from - at > best) best = range.from - at;
    at = range.from + range.size;
  }
  return best;
}

export const regionsOf = (files: FileSystem, decoder: string): string[] => devicesOf(files, "cxl", "region").filter((region) => pathOf(files, "cxl", region).includes(decoder));

/** Names of one kind that are shown: bound ones, and with -i the others too. */
export function shown(files: FileSystem, kind: "mem" | "region" | "decoder", options: ListOptions, filter: readonly string[]): string[] {
  const names = devicesOf(files, "cxl", kind).filter((name) => filter.length === 0 || filter.includes(name) || filter.includes(/\d[\d.]*$/.exec(name)?.[0] ?? ""));
  if (options.isIdleShown) return names.sort(naturalOrder);
  if (kind === "decoder") return names.filter((name) => numberAttribute(files, "cxl", name, "size") > 0n);
  return names.filter((name) => driverOf(files, "cxl", name) !== undefined);
}
