// `cxl list`: which objects are shown, and how they nest: a listed parent swallows what is below it under a suffixed key.

import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Task } from "../sim/task.ts";
import type { JsonObject } from "./cxl-describe.ts";
import { describeBus, describeDecoder, describeMemdev, describePort, describeRegion, memdevOfDecoder, memdevOfEndpoint, parentOf, regionsOf } from "./cxl-describe.ts";
import type { Answers, Question } from "./cxl-questions.ts";
import { askMemdev, questionNames } from "./cxl-questions.ts";
import { readRegionErrors } from "./cxl-poison.ts";
import { inToolOrder } from "./directory-order.ts";
import { cxlUsage } from "./cxl-usage.ts";
import { humanize } from "./human.ts";
import type { Json } from "./json.ts";
import { toJson } from "./json.ts";
import { UsageProblem, parseOptions } from "./options.ts";
import type { Output } from "./output.ts";
import { attribute, childrenOf, devicesOf, driverOf, linkOf, numberAttribute, pathOf } from "./tree.ts";

type Kind = "memdevs" | "buses" | "ports" | "endpoints" | "decoders" | "regions";
const kinds: readonly Kind[] = ["memdevs", "buses", "ports", "endpoints", "decoders", "regions"];
const filterOf: Readonly<Record<Kind, string>> = { memdevs: "memdev", buses: "bus", ports: "port", endpoints: "endpoint", decoders: "decoder", regions: "region" };

interface Request {
  readonly files: FileSystem;
  readonly kinds: ReadonlySet<Kind>;
  readonly filters: ReadonlyMap<string, readonly string[]>;
  readonly isIdleShown: boolean;
  readonly areTargetsShown: boolean;
  readonly isDaxShown: boolean;
  /** A port filter means the ports themselves, not what is below them. */
  readonly isSingle: boolean;
  /** What is asked of devices themselves, and what they answered. */
  readonly questions: ReadonlySet<Question>;
  readonly answers: Answers;
  /** Devices on the way to the memdevs that are asked for. */
  readonly wayPoints: ReadonlySet<string>;
  readonly warn: (text: string) => void;
}

/** What is collected at one level until a listed parent takes it. */
type Collected = Record<Kind, JsonObject[]>;
const nothing = (): Collected => ({ memdevs: [], buses: [], ports: [], endpoints: [], decoders: [], regions: [] });

/** What a bus answers to beside its name. */
const provider = "ACPI.CXL";

const words = (text: string | undefined): string[] => (text ?? "").split(/[ ,]+/).filter((word) => word !== "");

function parseRequest(files: FileSystem, argv: readonly string[], output: Output): { readonly request: Request; readonly isHuman: boolean } {
  // "-vvv" counts, the option parser does not.
  const verbosity = argv.filter((word) => /^-[A-Za-z]*v/.test(word) && !word.startsWith("--")).reduce((count, word) => count + word.split("v").length - 1, argv.filter((word) => word === "--verbose").length);
  const options = parseOptions(cxlUsage.list.options, argv);
  if (options.words.length > 0) throw new UsageProblem(`unknown parameter "${options.words[0] ?? ""}"\n`);
  const filters = new Map([...options.values].map(([name, value]) => [name, words(value)] as const));
  if (options.flags.has("single") && !filters.has("port")) throw new UsageProblem("-S/--single expects a port filter: -p/--port=\n");
  const chosen = new Set(kinds.filter((kind) => options.flags.has(kind)));
  if (verbosity > 0) for (const kind of kinds) chosen.add(kind);
  const isImplied = chosen.size === 0;
  if (chosen.size === 0) for (const kind of kinds) if (filters.has(filterOf[kind])) chosen.add(kind);
  if (chosen.size === 0 && filters.has("serial")) chosen.add("memdevs");
  if (chosen.size === 0) for (const kind of ["memdevs", "regions"] as const) chosen.add(kind);
  const request = { files, kinds: chosen, filters, isIdleShown: options.flags.has("idle") || verbosity > 1, areTargetsShown: options.flags.has("targets") || verbosity > 0, isDaxShown: options.flags.has("dax") || verbosity > 2, isSingle: isImplied || options.flags.has("single"), warn: output.err, questions: new Set(questionNames.filter((name) => verbosity > 2 || options.flags.has(name))), answers: new Map(), wayPoints: new Set<string>() };
  return { request, isHuman: options.flags.has("human") };
}

/** Name, number, or class word. */
function matches(request: Request, filter: string, name: string, host?: string): boolean {
  const wanted = request.filters.get(filter);
  if (wanted === undefined || wanted.includes("all")) return true;
  const id = /\d+(\.\d+)?$/.exec(name)?.[0] ?? "";
  const isEndpoint = name.startsWith("endpoint");
  return wanted.some((word) => word === name || word === id || word === host || (word === "endpoint" && isEndpoint) || (word === "root" && name.startsWith("root")) || (word === "switch" && name.startsWith("port")));
}

/** CXL objects from the bus down to this one. */
const chainOf = (request: Request, name: string): string[] => pathOf(request.files, "cxl", name).filter((one) => /^(root|port|endpoint)\d+$/.test(one));
const hostOf = (request: Request, port: string): string | undefined => linkOf(request.files, "cxl", port, "uport");
const isPortMeant = (request: Request, port: string): boolean => matches(request, "port", port, hostOf(request, port));

/** The filters of buses and ports: the port is one of those meant, or below one unless only they themselves are wanted. */
function isPlaceMeant(request: Request, port: string): boolean {
  if (!request.filters.has("port") && !request.filters.has("bus")) return true;
  const chain = chainOf(request, port);
  if (!matches(request, "bus", chain[0] ?? "", provider)) return false;
  return request.isSingle ? isPortMeant(request, port) : chain.some((one) => isPortMeant(request, one));
}

const isEnabled = (request: Request, name: string): boolean => driverOf(request.files, "cxl", name) !== undefined;
const isVisible = (request: Request, name: string): boolean => request.isIdleShown || isEnabled(request, name);

function memdevMatches(request: Request, name: string): boolean {
  const serials = request.filters.get("serial");
  const serial = numberAttribute(request.files, "cxl", name, "serial");
  const hasSerial = serials === undefined || serials.some((text) => /^(0x[0-9a-fA-F]+|\d+)$/.test(text) && BigInt(text) === serial);
  return hasSerial && matches(request, "memdev", name, pathOf(request.files, "cxl", name).at(-2));
}

const hasMemdevFilter = (request: Request): boolean => request.filters.has("memdev") || request.filters.has("serial");

/** Memdevs that a region maps. */
function membersOf(request: Request, region: string): string[] {
  const ways = Number(numberAttribute(request.files, "cxl", region, "interleave_ways"));
  return Array.from({ length: ways }, (_, position) => attribute(request.files, "cxl", region, `target${position}`) ?? "").flatMap((decoder) => (decoder === "" ? [] : [memdevOfDecoder(request.files, decoder) ?? ""]));
}

/** Filters of buses and ports: the region's window belongs to the bus, and some member is below the port. */
function isRegionPlaced(request: Request, region: string, decoder: string): boolean {
  if (!matches(request, "bus", parentOf(request.files, decoder), provider)) return false;
  if (!request.filters.has("port")) return true;
  const decoders = Array.from({ length: Number(numberAttribute(request.files, "cxl", region, "interleave_ways")) }, (_, position) => attribute(request.files, "cxl", region, `target${position}`) ?? "");
  return [decoder, ...decoders].some((one) => one !== "" && chainOf(request, one).some((port) => isPortMeant(request, port)));
}

function isRegionShown(request: Request, region: string): boolean {
  if (!matches(request, "region", region) || !isVisible(request, region)) return false;
  const decoder = parentOf(request.files, region);
  if (!matches(request, "decoder", decoder) || !isRegionPlaced(request, region, decoder)) return false;
  return !hasMemdevFilter(request) || membersOf(request, region).some((memdev) => memdevMatches(request, memdev));
}

function isDecoderShown(request: Request, decoder: string): boolean {
  const { files } = request;
  const port = parentOf(files, decoder);
  const type = (attribute(files, "cxl", decoder, "devtype") ?? "").replace("cxl_decoder_", "");
  const wanted = request.filters.get("decoder");
  if (!(matches(request, "decoder", decoder) || wanted?.includes(type) === true)) return false;
  if (!isPlaceMeant(request, port)) return false;
  if (!request.isIdleShown && numberAttribute(files, "cxl", decoder, "size") === 0n) return false;
  if (request.filters.has("region")) {
    const regions = port.startsWith("root") ? regionsOf(files, decoder) : [attribute(files, "cxl", decoder, "region") ?? ""];
    if (!regions.some((region) => region !== "" && matches(request, "region", region))) return false;
  }
  if (!hasMemdevFilter(request)) return true;
  return type === "endpoint" ? memdevMatches(request, memdevOfDecoder(files, decoder) ?? "") : request.wayPoints.has(port);
}

/** Every device on the way to the memdevs that the filters name: to the endpoint, or to the memdev where it has none. */
function wayPointsOf(request: Request): ReadonlySet<string> {
  if (!hasMemdevFilter(request)) return new Set();
  const { files } = request;
  const endpoints = new Map(devicesOf(files, "cxl", "endpoint").map((endpoint) => [memdevOfEndpoint(files, endpoint) ?? "", endpoint]));
  const memdevs = devicesOf(files, "cxl", "mem").filter((memdev) => memdevMatches(request, memdev));
  return new Set(memdevs.flatMap((memdev) => pathOf(files, "cxl", endpoints.get(memdev) ?? memdev)));
}

function collectDecoders(request: Request, port: string, into: Collected): void {
  const { files } = request;
  for (const decoder of childrenOf(files, "cxl", port, "decoder")) {
    const isListed = request.kinds.has("decoders") && isDecoderShown(request, decoder);
    const regions = request.kinds.has("regions") && port.startsWith("root") ? regionsOf(files, decoder).filter((region) => isRegionShown(request, region)).map((region) => describeRegion(files, region, request)) : [];
    if (isListed) into.decoders.push({ ...describeDecoder(files, decoder, request), ...(regions.length > 0 ? { [`regions:${decoder}`]: regions } : {}) });
    else into.regions.push(...regions);
  }
}

/** What a listed object holds, in the tool's order. */
function nested(name: string, inner: Collected): JsonObject {
  const order: readonly Kind[] = ["ports", "endpoints", "decoders", "regions", "memdevs"];
  return Object.fromEntries(order.flatMap((kind) => (inner[kind].length === 0 ? [] : [[`${kind}:${name}`, inner[kind]]])));
}

function merge(into: Collected, from: Collected): void {
  for (const kind of kinds) into[kind].push(...from[kind]);
}

function collectEndpoint(request: Request, endpoint: string, into: Collected): void {
  const { files } = request;
  const memdev = memdevOfEndpoint(files, endpoint) ?? "";
  // What an endpoint filter leaves out goes with its memdev and decoders; a port filter means the ports above.
  if (!matches(request, "endpoint", endpoint, memdev)) return;
  const isMeant = isPlaceMeant(request, request.isSingle ? parentOf(files, endpoint) : endpoint);
  const isMemdevShown = isMeant && request.kinds.has("memdevs") && memdevMatches(request, memdev) && isEnabled(request, memdev);
  const isListed = isMeant && request.kinds.has("endpoints") && isVisible(request, endpoint) && (!hasMemdevFilter(request) || memdevMatches(request, memdev));
  const inner = nothing();
  collectDecoders(request, endpoint, inner);
  if (!isListed) {
    if (isMemdevShown) inner.memdevs.push(describeMemdev(files, memdev, request));
    merge(into, inner);
    return;
  }
  into.endpoints.push({ ...describePort(files, endpoint, request), ...(isMemdevShown ? { memdev: describeMemdev(files, memdev, request) } : {}), ...nested(endpoint, inner) });
}

function collectBelow(request: Request, port: string, into: Collected): void {
  for (const child of inToolOrder(childrenOf(request.files, "cxl", port, "port"))) collectPort(request, child, into);
  for (const endpoint of inToolOrder(childrenOf(request.files, "cxl", port, "endpoint"))) collectEndpoint(request, endpoint, into);
  collectDecoders(request, port, into);
}

function collectPort(request: Request, port: string, into: Collected): void {
  const isListed = request.kinds.has("ports") && isPlaceMeant(request, port) && isVisible(request, port) && (!hasMemdevFilter(request) || request.wayPoints.has(port));
  const inner = isListed ? nothing() : into;
  collectBelow(request, port, inner);
  if (isListed) into.ports.push({ ...describePort(request.files, port, request), ...nested(port, inner) });
}

function collectBus(request: Request, root: string, into: Collected): void {
  if (!matches(request, "bus", root, provider)) return;
  const hasPort = !request.filters.has("port") || devicesOf(request.files, "cxl", "port").concat(root).some((port) => chainOf(request, port)[0] === root && isPortMeant(request, port));
  const isListed = request.kinds.has("buses") && hasPort && (!hasMemdevFilter(request) || request.wayPoints.has(root));
  const inner = isListed ? nothing() : into;
  collectBelow(request, root, inner);
  if (isListed) into.buses.push({ ...describeBus(request.files, root, request), ...nested(root, inner) });
}

/** Top-level groups in the tool's order; decoders in three. */
function groups(files: FileSystem, anonymous: readonly JsonObject[], all: Collected): [string, readonly JsonObject[]][] {
  const byType = (type: string): JsonObject[] => all.decoders.filter((decoder) => attribute(files, "cxl", String(decoder["decoder"]), "devtype") === `cxl_decoder_${type}`);
  return [
    ["anon memdevs", anonymous], ["buses", all.buses], ["ports", all.ports], ["endpoints", all.endpoints], ["memdevs", all.memdevs],
    ["root decoders", byType("root")], ["port decoders", byType("switch")], ["endpoint decoders", byType("endpoint")], ["regions", all.regions],
  ];
}

/** Asks what the flags want of each memdev and region that may be shown, as the tool walks: memdevs of no port, regions, memdevs of ports. */
function* askAll(request: Request): Task<Request> {
  const { files, questions, warn } = request;
  const answers = new Map<string, JsonObject>();
  const memdevs = request.kinds.has("memdevs") ? devicesOf(files, "cxl", "mem").filter((name) => memdevMatches(request, name) && isVisible(request, name)) : [];
  for (const memdev of memdevs.filter((name) => !isEnabled(request, name))) answers.set(memdev, yield* askMemdev(files, memdev, questions, warn));
  const regions = request.kinds.has("regions") && questions.has("media-errors") ? devicesOf(files, "cxl", "region").filter((name) => isRegionShown(request, name)) : [];
  for (const region of regions) answers.set(region, { media_errors: yield* readRegionErrors(files, region, membersOf(request, region).toReversed(), warn) });
  for (const memdev of memdevs.filter((name) => isEnabled(request, name))) answers.set(memdev, yield* askMemdev(files, memdev, questions, warn));
  return { ...request, answers, wayPoints: wayPointsOf(request) };
}

/** `cxl list ...`: always 0; nothing found is a warning and an empty list. */
export function* listObjects(files: FileSystem, argv: readonly string[], output: Output): Task<number> {
  const parsed = parseRequest(files, argv, output);
  const { isHuman } = parsed;
  const request = yield* askAll(parsed.request);
  const all = nothing();
  const anonymous = request.kinds.has("memdevs") && request.isIdleShown ? inToolOrder(devicesOf(files, "cxl", "mem")).filter((name) => !isEnabled(request, name) && memdevMatches(request, name)).map((name) => describeMemdev(files, name, request)) : [];
  for (const root of devicesOf(files, "cxl", "root")) collectBus(request, root, all);
  const filled = groups(files, anonymous, all).filter(([, items]) => items.length > 0);
  if (filled.length === 0) output.err("  Warning: no matching devices found\n\n");
  let document: Json = filled.length === 1 ? (filled[0]?.[1] ?? []) : filled.map(([name, items]) => ({ [name]: items }));
  if (isHuman) {
    document = humanize(document);
    const only = Array.isArray(document) && document.length === 1 ? (document as readonly Json[])[0] : undefined;
    if (only !== undefined) document = only;
  }
  output.out(toJson(document));
  return 0;
}
