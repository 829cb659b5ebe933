// What `cxl list -vvv` printed (versions 80 and later of the tool), as objects: buses with ports, endpoints, memdevs, decoders and regions.

import { ObjectReader, isList, isObject, isRounded, parseCapture } from "./capture-json.ts";
import type { CaptureJson } from "./capture-json.ts";
import { CaptureFileError } from "./findings.ts";

export interface CapturedDport {
  /** `pci0000:0c`, `0000:0c:00.0`. */
  readonly name: string;
  readonly alias: string | undefined;
  /** Number of the port; of a host bridge its UID. */
  readonly id: number;
}

export interface CapturedDecoder {
  readonly name: string;
  /** The one after the dot. */
  readonly index: number;
  readonly base: bigint | undefined;
  readonly size: bigint | undefined;
  readonly ways: number;
  readonly granularity: number | undefined;
  readonly region: string | undefined;
  readonly dpaBase: bigint | undefined;
  readonly dpaSize: bigint | undefined;
  readonly mode: string | undefined;
  readonly isLocked: boolean;
  /** By position. */
  readonly targets: readonly { readonly name: string; readonly position: number; readonly id: number }[];
}

export interface CapturedWindow extends CapturedDecoder {
  readonly isPersistent: boolean;
  readonly isVolatile: boolean;
  readonly isAccelerator: boolean;
  readonly qosClass: number | undefined;
  readonly regions: readonly CapturedRegion[];
}

export interface CapturedDax {
  readonly name: string;
  readonly size: bigint;
  readonly mode: string | undefined;
  readonly isDisabled: boolean;
  readonly onlineBlocks: number | undefined;
  readonly totalBlocks: number | undefined;
  readonly isMovable: boolean | undefined;
}

export interface CapturedRegion {
  readonly name: string;
  readonly base: bigint;
  readonly size: bigint;
  readonly type: string;
  readonly ways: number;
  readonly granularity: number;
  readonly isCommitted: boolean;
  readonly isDisabled: boolean;
  readonly isLocked: boolean;
  readonly mappings: readonly { readonly position: number; readonly memdev: string; readonly decoder: string }[];
  readonly dax: readonly CapturedDax[];
  readonly hasDaxRegion: boolean;
}

export interface CapturedMemdev {
  readonly name: string;
  /** PCI function. */
  readonly host: string;
  readonly serial: bigint | undefined;
  readonly volatile: bigint;
  readonly persistent: bigint;
  readonly isDisabled: boolean;
  readonly firmwareVersion: string | undefined;
  readonly isPoisonInjectable: boolean | undefined;
  readonly numaNode: bigint | undefined;
  readonly hasClass: boolean;
  readonly health: ObjectReader | undefined;
  readonly alerts: ObjectReader | undefined;
  readonly partitions: ObjectReader | undefined;
  readonly firmware: ObjectReader | undefined;
  readonly errors: readonly { readonly offset: bigint; readonly length: bigint }[];
}

export interface CapturedEndpoint {
  readonly name: string;
  /** Name of the memdev. */
  readonly host: string;
  readonly parentDport: string;
  /** Decoders that are committed in hardware: the first so many. */
  readonly committed: number;
  readonly isDisabled: boolean;
  readonly memdev: CapturedMemdev | undefined;
  readonly decoders: readonly CapturedDecoder[];
}

export interface CapturedPort {
  readonly name: string;
  /** Host bridge, or upstream port of a switch. */
  readonly host: string;
  readonly parentDport: string | undefined;
  readonly committed: number;
  readonly dports: readonly CapturedDport[];
  readonly ports: readonly CapturedPort[];
  readonly endpoints: readonly CapturedEndpoint[];
  readonly decoders: readonly CapturedDecoder[];
}

export interface CapturedBus {
  readonly name: string;
  readonly provider: string;
  readonly dports: readonly CapturedDport[];
  readonly ports: readonly CapturedPort[];
  /** Below a host bridge of CXL 1.1 there is no port between. */
  readonly endpoints: readonly CapturedEndpoint[];
  readonly windows: readonly CapturedWindow[];
}

export interface CxlCapture {
  readonly json: CaptureJson;
  readonly buses: readonly CapturedBus[];
  /** Memdevs without an endpoint: their driver let them go. */
  readonly anonymous: readonly CapturedMemdev[];
  /** Sizes are for people: two decimals of a unit. */
  readonly isRounded: boolean;
  /** What devices themselves were asked (-vvv, or -H -A -I -F). */
  readonly isAsked: boolean;
  /** The command whose output this can be: of the twin, to hold against it. */
  readonly listing: string;
}

const command = "cxl list -vvv";
const mostDepth = 8;
const mostObjects = 20_000;

const trailing = (name: string): number => Number(/(\d+)$/.exec(name)?.[1] ?? "0");

function readTargets(reader: ObjectReader): CapturedDecoder["targets"] {
  const targets = reader.objects("targets").map((one) => ({ name: one.text("target") ?? "", position: one.small("position", 255) ?? 0, id: one.small("id", 0xffff_ffff) ?? 0 }));
  return targets.toSorted((a, b) => a.position - b.position);
}

function readDecoder(reader: ObjectReader): CapturedDecoder {
  const name = reader.text("decoder") ?? "";
  return {
    name, index: trailing(name), base: reader.whole("resource"), size: reader.whole("size"), ways: reader.small("interleave_ways", 16) ?? 1, granularity: reader.small("interleave_granularity", 0x4000), region: reader.text("region"),
    dpaBase: reader.whole("dpa_resource"), dpaSize: reader.whole("dpa_size"), mode: reader.text("mode"), isLocked: reader.flag("locked") === true, targets: readTargets(reader),
  };
}

function readDax(reader: ObjectReader): CapturedDax {
  return {
    name: reader.text("chardev") ?? "", size: reader.whole("size") ?? 0n, mode: reader.text("mode"), isDisabled: reader.text("state") === "disabled", onlineBlocks: reader.small("online_memblocks", 0xffff_ffff), totalBlocks: reader.small("total_memblocks", 0xffff_ffff), isMovable: reader.flag("movable"),
  };
}

function readRegion(reader: ObjectReader): CapturedRegion {
  return {
    name: reader.text("region") ?? "", base: reader.whole("resource") ?? 0n, size: reader.whole("size") ?? 0n, type: reader.text("type") ?? "ram", ways: reader.small("interleave_ways", 16) ?? 1, granularity: reader.small("interleave_granularity", 0x4000) ?? 256,
    isCommitted: reader.text("decode_state") === "commit", isDisabled: reader.text("state") === "disabled", isLocked: reader.flag("locked") === true,
    mappings: reader.objects("mappings").map((one) => ({ position: one.small("position", 255) ?? 0, memdev: one.text("memdev") ?? "", decoder: one.text("decoder") ?? "" })).toSorted((a, b) => a.position - b.position),
    dax: reader.object("daxregion")?.objects("devices").map(readDax) ?? [], hasDaxRegion: reader.has("daxregion"),
  };
}

const byIndex = <T extends CapturedDecoder>(decoders: readonly T[]): T[] => [...decoders].toSorted((a, b) => a.index - b.index);

function readWindow(reader: ObjectReader): CapturedWindow {
  const decoder = readDecoder(reader);
  return {
    ...decoder, isPersistent: reader.flag("pmem_capable") === true, isVolatile: reader.flag("volatile_capable") === true, isAccelerator: reader.flag("accelmem_capable") === true, qosClass: reader.small("qos_class", 0xffff),
    regions: reader.objects(`regions:${decoder.name}`).map(readRegion),
  };
}

function readMemdev(reader: ObjectReader): CapturedMemdev {
  return {
    name: reader.text("memdev") ?? "", host: reader.text("host") ?? "", serial: reader.whole("serial"), volatile: reader.whole("ram_size") ?? 0n, persistent: reader.whole("pmem_size") ?? 0n, isDisabled: reader.text("state") === "disabled",
    firmwareVersion: reader.text("firmware_version"), isPoisonInjectable: reader.flag("poison_injectable"), numaNode: reader.whole("numa_node"), hasClass: reader.has("ram_qos_class") || reader.has("pmem_qos_class"),
    health: reader.object("health"), alerts: reader.object("alert_config"), partitions: reader.object("partition_info"), firmware: reader.object("firmware"),
    errors: reader.objects("media_errors").map((one) => ({ offset: one.whole("offset") ?? 0n, length: one.whole("length") ?? 0n })),
  };
}

function readEndpoint(reader: ObjectReader): CapturedEndpoint {
  const name = reader.text("endpoint") ?? "";
  const memdev = reader.object("memdev") ?? reader.objects(`memdevs:${name}`)[0];
  return {
    name, host: reader.text("host") ?? "", parentDport: reader.text("parent_dport") ?? "", committed: reader.small("decoders_committed", 64) ?? 64, isDisabled: reader.text("state") === "disabled",
    memdev: memdev === undefined ? undefined : readMemdev(memdev), decoders: byIndex(reader.objects(`decoders:${name}`).map(readDecoder)),
  };
}

const readDports = (reader: ObjectReader): CapturedDport[] => reader.objects("dports").map((one) => ({ name: one.text("dport") ?? "", alias: one.text("alias"), id: one.small("id", 0xffff_ffff) ?? 0 })).toSorted((a, b) => a.id - b.id);

function readPort(file: string, reader: ObjectReader, depth: number): CapturedPort {
  const name = reader.text("port") ?? "";
  if (depth > mostDepth) throw new CaptureFileError(file, reader.path, `ports are nested ${depth} deep; a CXL hierarchy has at most ${mostDepth} levels`);
  return {
    name, host: reader.text("host") ?? "", parentDport: reader.text("parent_dport"), committed: reader.small("decoders_committed", 64) ?? 64, dports: readDports(reader),
    ports: reader.objects(`ports:${name}`).map((one) => readPort(file, one, depth + 1)), endpoints: reader.objects(`endpoints:${name}`).map(readEndpoint), decoders: byIndex(reader.objects(`decoders:${name}`).map(readDecoder)),
  };
}

function readBus(file: string, reader: ObjectReader): CapturedBus {
  const name = reader.text("bus") ?? "";
  return {
    name, provider: reader.text("provider") ?? "", dports: readDports(reader), ports: reader.objects(`ports:${name}`).map((one) => readPort(file, one, 1)), endpoints: reader.objects(`endpoints:${name}`).map(readEndpoint),
    windows: byIndex(reader.objects(`decoders:${name}`).map(readWindow)),
  };
}

/** Objects at the top: of a list of one kind, of groups by kind, or one alone (-u). */
function topObjects(file: string, json: CaptureJson): ObjectReader[] {
  const items = isList(json) ? json : [json];
  return items.flatMap((item, index): ObjectReader[] => {
    if (!isObject(item)) throw new CaptureFileError(file, `[${index}]`, `is no object; is this the output of ${command}?`);
    const reader = new ObjectReader(file, `[${index}]`, item);
    const [key, ...others] = Object.keys(item);
    if (key !== undefined && others.length === 0 && isList(item[key])) return reader.objects(key);
    return [reader];
  });
}

const identities = ["bus", "port", "endpoint", "decoder", "region", "memdev"] as const;
const flags: Readonly<Record<(typeof identities)[number], string>> = { bus: "-B", port: "-P", endpoint: "-E", decoder: "-D", region: "-R", memdev: "-M" };
const kindOf = ({ value }: ObjectReader): (typeof identities)[number] | undefined => identities.find((key) => Object.hasOwn(value, key));

/** Other tools whose JSON is easily mistaken for a listing of cxl. */
function otherTool({ value }: ObjectReader): string {
  if (Object.hasOwn(value, "chardev") || (Object.hasOwn(value, "path") && Object.hasOwn(value, "devices"))) return "; this is what daxctl list prints";
  if (Object.hasOwn(value, "dev") || Object.hasOwn(value, "namespaces")) return "; this is what ndctl list prints";
  if (Object.hasOwn(value, "blockdevices") || Object.hasOwn(value, "memory")) return "; this is what lsblk or lsmem prints";
  return "";
}

function checkKinds(file: string, objects: readonly ObjectReader[]): void {
  if (objects.length === 0) throw new CaptureFileError(file, "", `lists nothing: no CXL device was there, or its modules were not loaded; take it on a host that shows some with: ${command}`);
  const kinds = new Set(objects.map(kindOf));
  const [first] = objects;
  if (kinds.has(undefined) && first !== undefined) throw new CaptureFileError(file, first.path, `is nothing that cxl list prints${otherTool(first)}; take it with: ${command}`);
  if (!kinds.has("bus")) {
    const seen = [...kinds].flatMap((kind) => (kind === undefined ? [] : [flags[kind]]));
    throw new CaptureFileError(file, "", `holds what cxl list ${seen.join(" ")} prints: it does not say what is below which port; take all of it with: ${command}`);
  }
}

function checkParts(file: string, buses: readonly CapturedBus[]): void {
  for (const bus of buses) {
    const missing = [...(bus.ports.length === 0 && bus.endpoints.length === 0 ? ["ports (-P)"] : []), ...(bus.windows.length === 0 ? ["decoders (-D)"] : []), ...(bus.dports.length === 0 ? ["targets (-T)"] : [])];
    if (missing.length > 0) throw new CaptureFileError(file, bus.name, `is listed without its ${missing.join(", ")}; take all of it with: ${command}`);
  }
}

function countObjects(value: CaptureJson, left: number, depth: number): number {
  if (left < 0 || depth > 64) return -1;
  if (isList(value)) return value.reduce<number>((rest, item) => (rest < 0 ? rest : countObjects(item, rest, depth + 1)), left);
  if (!isObject(value)) return left;
  return Object.values(value).reduce<number>((rest, item) => (rest < 0 ? rest : countObjects(item, rest, depth + 1)), left - 1);
}

const sizeKeys = ["ram_size", "pmem_size", "size", "dpa_size"];
function hasRounded(value: CaptureJson): boolean {
  if (isList(value)) return value.some(hasRounded);
  return isObject(value) && Object.entries(value).some(([key, item]) => (sizeKeys.includes(key) ? isRounded(item) : hasRounded(item)));
}

export const endpointsBelow = (port: CapturedPort): CapturedEndpoint[] => [...port.endpoints, ...port.ports.flatMap(endpointsBelow)];
export const endpointsOf = (bus: CapturedBus): CapturedEndpoint[] => [...bus.endpoints, ...bus.ports.flatMap(endpointsBelow)];

/** Flags that a listing with less than -vvv shows to have been given. */
function listingOf(buses: readonly CapturedBus[], hasMemdevs: boolean): string {
  const ports = buses.flatMap((bus) => bus.ports);
  const endpoints = buses.flatMap(endpointsOf);
  const decoders = [...ports.flatMap((port) => port.decoders), ...endpoints.flatMap((endpoint) => endpoint.decoders)];
  const regions = buses.flatMap(({ windows }) => windows.flatMap((window) => window.regions));
  const isIdle = decoders.some(({ size }) => size === undefined) || endpoints.some(({ isDisabled }) => isDisabled) || regions.some(({ isDisabled }) => isDisabled);
  return `cxl list -BDPT${endpoints.length > 0 ? "E" : ""}${hasMemdevs ? "M" : ""}${regions.length > 0 ? "R" : ""}${regions.some(({ hasDaxRegion }) => hasDaxRegion) ? "X" : ""}${isIdle ? "i" : ""}`;
}

/** Reads a listing. @throws CaptureFileError */
export function readCxlCapture(file: string, text: string): CxlCapture {
  const json = parseCapture(file, text, command);
  if (countObjects(json, mostObjects, 0) < 0) throw new CaptureFileError(file, "", `holds more than ${mostObjects} objects, or is nested deeper than any listing; is this the right file?`);
  const objects = topObjects(file, json);
  checkKinds(file, objects);
  const of = (kind: string): ObjectReader[] => objects.filter((one) => kindOf(one) === kind);
  const buses = of("bus").map((one) => readBus(file, one));
  checkParts(file, buses);
  const anonymous = of("memdev").map(readMemdev);
  const memdevs = [...anonymous, ...buses.flatMap(endpointsOf).flatMap(({ memdev }) => (memdev === undefined ? [] : [memdev]))];
  const isAsked = memdevs.some((one) => one.partitions !== undefined || one.firmware !== undefined || one.health !== undefined);
  return { json, buses, anonymous, isRounded: hasRounded(json), isAsked, listing: isAsked ? command : listingOf(buses, memdevs.length > 0) };
}
