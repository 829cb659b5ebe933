// CXL objects as `cxl list` prints them: keys, order and presence as version 85 of the tool (user-interface sheet, section 2; captures).

import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Answers } from "./cxl-questions.ts";
import { daxDevicesOf, daxRegions, describeDaxDevice, describeDaxRegion } from "./dax-describe.ts";
import { inDirectoryOrder, inToolOrder } from "./directory-order.ts";
import type { Json } from "./json.ts";
import { attribute, childrenOf, deviceFolder, devicesOf, driverOf, linkOf, numberAttribute, pathOf } from "./tree.ts";

export interface DescribeOptions {
  readonly areTargetsShown: boolean;
  readonly isDaxShown?: boolean;
  /** What devices answered, by name of memdev or region. */
  readonly answers?: Answers;
  /** What the library says on standard error while it looks things up. */
  readonly warn?: (text: string) => void;
}

export type JsonObject = { readonly [key: string]: Json | undefined };

const none = (1n << 64n) - 1n;
const isBound = (files: FileSystem, name: string): boolean => driverOf(files, "cxl", name) !== undefined;
const lastOf = (path: string): string => path.split("/").at(-1) ?? "";
const read = (files: FileSystem, name: string, what: string): bigint => numberAttribute(files, "cxl", name, what);

/** Name of the port above a device on the cxl bus. */
export const parentOf = (files: FileSystem, name: string): string => pathOf(files, "cxl", name).at(-2) ?? "";

/** Endpoint of a memdev: the one whose uport is it. */
export const endpointOf = (files: FileSystem, memdev: string): string | undefined => devicesOf(files, "cxl", "endpoint").find((name) => linkOf(files, "cxl", name, "uport") === memdev);

/** Memdev of an endpoint port. */
export const memdevOfEndpoint = (files: FileSystem, endpoint: string): string | undefined => linkOf(files, "cxl", endpoint, "uport");

/** Memdev of an endpoint decoder. */
export function memdevOfDecoder(files: FileSystem, decoder: string): string | undefined {
  const endpoint = parentOf(files, decoder);
  return endpoint.startsWith("endpoint") ? memdevOfEndpoint(files, endpoint) : undefined;
}

export function describeMemdev(files: FileSystem, name: string, options: DescribeOptions = { areTargetsShown: false }): JsonObject {
  const answer = options.answers?.get(name);
  const numa = read(files, name, "numa_node");
  const size = (what: string): bigint | undefined => (read(files, name, `${what}/size`) > 0n ? read(files, name, `${what}/size`) : undefined);
  const qosClass = (what: string): bigint | undefined => (attribute(files, "cxl", name, `${what}/qos_class`) === undefined ? undefined : read(files, name, `${what}/qos_class`));
  return {
    memdev: name,
    pmem_size: size("pmem"),
    pmem_qos_class: qosClass("pmem"),
    ram_size: size("ram"),
    ram_qos_class: qosClass("ram"),
    health: answer?.["health"],
    alert_config: answer?.["alert_config"],
    serial: read(files, name, "serial"),
    numa_node: numa >= 0n ? numa : undefined,
    host: pathOf(files, "cxl", name).at(-2),
    firmware_version: attribute(files, "cxl", name, "firmware_version"),
    state: isBound(files, name) ? undefined : "disabled",
    poison_injectable: files.exists(`/sys/kernel/debug/cxl/${name}/inject_poison`),
    partition_info: answer?.["partition_info"],
    firmware: answer?.["firmware"],
    media_errors: answer?.["media_errors"],
  };
}

interface DportView {
  readonly id: number;
  readonly name: string;
  readonly alias: string | undefined;
}

function dportsOf(files: FileSystem, port: string): DportView[] {
  const folder = deviceFolder("cxl", port);
  const links = files.list(folder).filter((name) => /^dport\d+$/.test(name));
  return inToolOrder(links).map((link) => {
    const node = `${folder}/${link}/firmware_node`;
    return { id: Number(link.slice(5)), name: lastOf(files.readlink(`${folder}/${link}`)), alias: files.exists(node) ? lastOf(files.readlink(node)) : undefined };
  });
}

const describeDports = (dports: readonly DportView[]): JsonObject => (dports.length === 0 ? {} : {
  nr_dports: dports.length,
  dports: dports.map((dport) => ({ dport: dport.name, alias: dport.alias, id: dport.id, protocol_injectable: false })),
});

export const describeBus = (files: FileSystem, name: string, options: DescribeOptions): JsonObject => ({
  bus: name, provider: "ACPI.CXL", injectable_protocol_errors: [], ...(options.areTargetsShown ? describeDports(dportsOf(files, name)) : {}),
});

export function describePort(files: FileSystem, name: string, options: DescribeOptions): JsonObject {
  const isEndpoint = name.startsWith("endpoint");
  const depth = pathOf(files, "cxl", name).filter((part) => /^(port|endpoint)\d+$/.test(part)).length;
  return {
    [isEndpoint ? "endpoint" : "port"]: name,
    host: linkOf(files, "cxl", name, "uport"),
    parent_dport: depth > 1 ? linkOf(files, "cxl", name, "parent_dport") : undefined,
    depth,
    decoders_committed: read(files, name, "decoders_committed"),
    state: isBound(files, name) ? undefined : "disabled",
    ...(options.areTargetsShown && !isEndpoint ? describeDports(dportsOf(files, name)) : {}),
  };
}

/** Mappings, highest position first. */
function mappings(files: FileSystem, region: string, options: DescribeOptions): Json[] {
  const ways = Number(read(files, region, "interleave_ways"));
  const found: Json[] = [];
  for (let position = 0; position < ways; position++) {
    const decoder = attribute(files, "cxl", region, `target${position}`) ?? "";
    const memdev = decoder === "" ? undefined : memdevOfDecoder(files, decoder);
    if (memdev !== undefined) found.push({ position, memdev, decoder });
    else options.warn?.(`libcxl: cxl_mappings_init: ${region} target${position}: ${decoder} lookup failure\n`);
  }
  return found.toReversed();
}

/** True when no member reports the window's quality-of-service class. */
function isClassMismatched(files: FileSystem, region: string): boolean {
  const partition = attribute(files, "cxl", region, "mode") ?? "ram";
  const wanted = attribute(files, "cxl", parentOf(files, region), "qos_class");
  const ways = Number(read(files, region, "interleave_ways"));
  for (let position = 0; position < ways; position++) {
    const decoder = attribute(files, "cxl", region, `target${position}`) ?? "";
    const memdev = decoder === "" ? undefined : memdevOfDecoder(files, decoder);
    if (memdev !== undefined && attribute(files, "cxl", memdev, `${partition}/qos_class`) !== wanted) return true;
  }
  return false;
}

/** A dax region that no driver has taken shows its number only (capture 4-events). */
function describeDaxOf(files: FileSystem, region: string): Json | undefined {
  const id = region.slice("region".length);
  const dax = daxRegions(files).find((found) => found.name === `dax_region${id}`);
  if (dax !== undefined) return describeDaxRegion(files, dax, daxDevicesOf(files, dax.name, true).map((device) => describeDaxDevice(files, device, false)), false);
  return files.exists(deviceFolder("cxl", `dax_region${id}`)) ? { id: Number(id) } : undefined;
}

/** Where a region begins; 0 while it has no addresses. */
const regionStart = (files: FileSystem, region: string): bigint => (read(files, region, "size") > 0n ? read(files, region, "resource") : 0n);

export function describeRegion(files: FileSystem, name: string, options: DescribeOptions): JsonObject {
  const ways = read(files, name, "interleave_ways");
  return {
    region: name,
    resource: regionStart(files, name),
    size: read(files, name, "size"),
    type: attribute(files, "cxl", name, "mode"),
    interleave_ways: ways,
    interleave_granularity: read(files, name, "interleave_granularity"),
    decode_state: attribute(files, "cxl", name, "commit") === "1" ? "commit" : "reset",
    state: isBound(files, name) ? undefined : "disabled",
    locked: attribute(files, "cxl", name, "locked") === "1",
    media_errors: options.answers?.get(name)?.["media_errors"],
    mappings: options.areTargetsShown && ways > 0n ? mappings(files, name, options) : undefined,
    daxregion: options.isDaxShown === true ? describeDaxOf(files, name) : undefined,
    qos_class_mismatch: isClassMismatched(files, name) ? true : undefined,
  };
}

/** Names of the dports that a port's or root's decoder sends to. */
export function targetsOf(files: FileSystem, decoder: string): string[] {
  const ids = (attribute(files, "cxl", decoder, "target_list") ?? "").split(",");
  return dportsOf(files, parentOf(files, decoder)).filter((dport) => ids.includes(String(dport.id))).map((dport) => dport.name);
}

/** How many targets a port's or root's decoder has, and when asked for which, highest position first. */
function describeTargets(files: FileSystem, decoder: string, areTargetsShown: boolean): JsonObject {
  const ids = (attribute(files, "cxl", decoder, "target_list") ?? "").split(",").filter((id) => id !== "").map(Number);
  if (!areTargetsShown) return { nr_targets: ids.length };
  const dports = dportsOf(files, parentOf(files, decoder));
  const targets = ids.flatMap((id, position) => {
    const dport = dports.find((candidate) => candidate.id === id);
    return dport === undefined ? [] : [{ target: dport.name, alias: dport.alias, position, id }];
  });
  return { nr_targets: ids.length, targets: targets.length === 0 ? undefined : targets.toReversed() };
}

function describeRootPart(files: FileSystem, name: string): JsonObject {
  const flag = (what: string): true | undefined => (attribute(files, "cxl", name, what) === "1" ? true : undefined);
  return { max_available_extent: maximumExtent(files, name), pmem_capable: flag("cap_pmem"), volatile_capable: flag("cap_ram"), accelmem_capable: flag("cap_type2"), qos_class: read(files, name, "qos_class") };
}

/** A decoder keeps its mode when it gives its DPA back (capture 2b, after destruction). */
function describeDpa(files: FileSystem, name: string): JsonObject {
  const size = read(files, name, "dpa_size");
  const resource = read(files, name, "dpa_resource");
  const mode = attribute(files, "cxl", name, "mode") ?? "";
  // A decoder keeps its mode when its memory is given back.
  return { dpa_resource: size === 0n || resource === none ? undefined : resource, dpa_size: size === 0n ? undefined : size, mode: mode === "" || mode === "none" ? undefined : mode };
}

export function describeDecoder(files: FileSystem, name: string, options: DescribeOptions): JsonObject {
  const size = read(files, name, "size");
  const ways = read(files, name, "interleave_ways");
  const type = attribute(files, "cxl", name, "devtype");
  const region = attribute(files, "cxl", name, "region") ?? "";
  return {
    decoder: name,
    resource: size > 0n ? read(files, name, "start") : undefined,
    size: size > 0n ? size : undefined,
    interleave_ways: ways,
    interleave_granularity: ways > 1n ? read(files, name, "interleave_granularity") : undefined,
    region: region === "" ? undefined : region,
    state: size === 0n ? "disabled" : undefined,
    ...(type === "cxl_decoder_endpoint" ? describeDpa(files, name) : {}),
    ...(type === "cxl_decoder_root" ? describeRootPart(files, name) : {}),
    ...(type === "cxl_decoder_endpoint" ? {} : describeTargets(files, name, options.areTargetsShown)),
  };
}

export function regionsOf(files: FileSystem, decoder: string): string[] {
  const found = inDirectoryOrder(childrenOf(files, "cxl", decoder, "region")).map((name) => ({ name, start: regionStart(files, name) }));
  return found.toSorted((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0)).map(({ name }) => name);
}

/** Largest hole of a window between regions that have a size and are committed: what a partial region holds is not seen (S30). */
export function maximumExtent(files: FileSystem, decoder: string): bigint {
  const start = read(files, decoder, "start");
  const end = start + read(files, decoder, "size");
  const taken = regionsOf(files, decoder)
    .filter((region) => attribute(files, "cxl", region, "commit") === "1")
    .map((region) => ({ from: read(files, region, "resource"), size: read(files, region, "size") }))
    .filter((range) => range.size > 0n)
    .toSorted((a, b) => (a.from < b.from ? -1 : 1));
  let best = 0n;
  let at = start;
  for (const range of [...taken, { from: end, size: 0n }]) {
    if (range.from - at > best) best = range.from - at;
    at = range.from + range.size;
  }
  return best;
}
