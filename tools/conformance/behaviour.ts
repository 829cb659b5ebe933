// Captures of what the machine does: data object exchanges, firmware tables, which device an address reaches.

import { doeDevice } from "../../registers/doe.ts";
import { blocks } from "../../registers/blocks.ts";
import { dvsecDevice } from "../../registers/dvsec.ts";
import { cacheMemoryRange } from "../../registers/constants.ts";
import { configBus, findDvsec, findExtended } from "../../src/platform/config-walk.ts";
import type { PciAddress } from "../../src/platform/pci-address.ts";
import type { HardwarePlatform } from "../../src/hardware/platform.ts";
import { structureAt } from "../../src/platform/registers.ts";
import { buildCedt } from "../../src/firmware/tables.ts";
import type { MachineDescription } from "../../src/platform/description.ts";
import type { Bench } from "./bench.ts";
import type { Capture, JsonObject } from "./capture.ts";
import { bigOf, listOf, numberOf, textOf } from "./capture.ts";
import type { Difference, Place, Tally } from "./compare.ts";
import { count } from "./compare.ts";
import { dynamicDevices } from "./qemu-machine.ts";
import type { Context } from "./registers.ts";

const bytesOf = (text: string): number[] => (text.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));

type Pointed = Omit<Place, "register" | "field" | "structure">;

/** Writes a request, rings Go and reads the answer, as bytes. */
function exchange(platform: HardwarePlatform, address: PciAddress, request: readonly number[]): number[] {
  const bus = configBus(platform.config, address);
  const [at = 0] = findExtended(bus, doeDevice.identity.id);
  const doe = structureAt(bus, at, doeDevice);
  for (const dword of request) doe.writeMailbox.writeRaw(BigInt(dword));
  doe.control.write({ go: 1 });
  const answer: number[] = [];
  while (doe.status.get("ready") === 1) {
    const dword = doe.readMailbox.get("value");
    answer.push(dword & 0xff, (dword >>> 8) & 0xff, (dword >>> 16) & 0xff, dword >>> 24);
    doe.readMailbox.writeRaw(0n);
  }
  doe.control.write({ abort: 1 });
  return answer;
}

/** Field of a CDAT structure's byte (CDAT 2.1). */
function entryField(kind: string, at: number): string {
  if (at < 4) return at === 0 ? "type" : "length";
  if (kind === "DSLBIS") return at < 8 ? "handle and type" : at < 16 ? "unit" : "figures";
  if (kind === "SSLBIS") return at < 8 ? "type" : at < 16 ? "unit" : (at & 7) < 4 ? "ports of a pair" : "figure of a pair";
  if (kind === "DSMAS") return at === 4 ? "handle" : at === 5 ? "flags" : at < 8 ? "reserved" : at < 16 ? "base" : "length of the range";
  if (kind === "DSEMTS") return at === 4 ? "handle" : at === 5 ? "memory type" : at < 8 ? "reserved" : at < 16 ? "offset" : "length of the range";
  return `byte ${at}`;
}

/** Registers of an answer's bytes for the comparison: the object's header, the CDAT entry by its kind. */
function nameByte(request: readonly number[], answer: readonly number[], at: number): { readonly structure: string; readonly register: string } {
  if (at < 8 || request[0] !== 0x0002_1e98) return { structure: "data object", register: at < 4 ? "type" : at < 8 ? "length" : "content" };
  if (at < 12) return { structure: "table access", register: at < 10 ? "response" : "entry handle" };
  if ((request[2] ?? 0) >>> 16 === 0) return { structure: "CDAT header", register: at < 16 ? "length" : at === 16 ? "revision" : at === 17 ? "checksum" : "rest" };
  const kind = ["DSMAS", "DSLBIS", "DSMSCIS", "DSIS", "DSEMTS", "SSLBIS"][answer[12] ?? 0xff] ?? "entry";
  return { structure: `CDAT ${kind}`, register: entryField(kind, at - 12) };
}

export function compareExchanges(capture: Capture, context: Context, tally: Tally): void {
  for (const entry of capture.entries) {
    const bench = context(textOf(entry["topo"]) || "main");
    const name = textOf(entry["fn"]);
    const target = bench.functions.get(name);
    const place: Pointed = { capture: capture.kind, kind: target?.kind ?? "pxb-cxl", function: name, text: textOf(entry["note"]) };
    const request = listOf(entry["req"]).map((dword) => numberOf(dword));
    const theirs = bytesOf(textOf(entry["rsp"]));
    const ours = target === undefined ? [] : exchange(bench.platform, target.address, request);
    const differences = answerDifferences(place, request, theirs, ours);
    if (differences.some(({ register }) => register === "shape" || register === "entry handle" || register === "answer") && dynamicDevices(capture.commandLines.get(textOf(entry["topo"]) || "main") ?? "").has(name)) tally.notModelled++;
    else count(tally, differences);
  }
}

function requestName(request: readonly number[]): string {
  const third = request[2] ?? 0;
  if (request[0] !== 0x0002_1e98) return "protocol";
  if ((third & 0xff) !== 0) return "request code";
  if ((third & 0xff00) !== 0) return "table type";
  return "entry";
}

function answerDifferences(place: Pointed, request: readonly number[], theirs: readonly number[], ours: readonly number[]): Difference[] {
  if ((theirs.length === 0) !== (ours.length === 0)) return [{ ...place, structure: "data object", register: "answer", field: requestName(request), theirs: theirs.length, ours: ours.length }];
  const shape = theirs.length === ours.length && (theirs.length < 16 || theirs[12] === ours[12]) ? [] : [{ ...place, structure: nameByte(request, theirs, 12).structure, register: "shape", field: "", theirs: theirs[12] ?? 0, ours: ours[12] ?? 0 }];
  if (shape.length > 0) return shape;
  const differences = new Map<string, Difference>();
  for (const [at, byte] of theirs.entries()) {
    if (byte === ours[at]) continue;
    const named = nameByte(request, theirs, at);
    differences.set(`${named.structure}.${named.register}`, { ...place, ...named, field: "", theirs: byte, ours: ours[at] ?? 0 });
  }
  return [...differences.values()];
}

/** CEDT of a machine of ours. */
export function cedtOf(machine: MachineDescription): Uint8Array {
  const windows = machine.windows.map(({ base, size, ways, granularity, restrictions, qtg, targets }) => ({ base, size, ways, granularity, restrictions: restrictions ?? 0, qosClass: qtg ?? 0, targets: targets.map((index) => machine.hostBridges[index]?.uid ?? 0) }));
  return buildCedt(machine.hostBridges.map(({ uid, componentBase }) => ({ uid, componentBase })), windows);
}

/** Structures of a CEDT as hexadecimal text, by a key that does not depend on their order. */
function structuresOf(table: Uint8Array): Map<string, string> {
  const found = new Map<string, string>();
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  for (let at = 36; at + 4 <= table.length; ) {
    const length = view.getUint16(at + 2, true);
    if (length < 4) break;
    const key = table[at] === 0 ? `CHBS ${view.getUint32(at + 4, true)}` : `CFMWS 0x${view.getBigUint64(at + 8, true).toString(16)}`;
    found.set(key, [...table.subarray(at, at + length)].map((byte) => byte.toString(16).padStart(2, "0")).join(""));
    at += length;
  }
  return found;
}

const keyOf = (entry: JsonObject): string => (entry["type"] === "CHBS" ? `CHBS ${numberOf(entry["uid"])}` : `CFMWS 0x${bigOf(entry["base"]).toString(16)}`);

export function compareCedt(capture: Capture, context: Context, tally: Tally): void {
  for (const entry of capture.entries) {
    const topology = textOf(entry["topology"]) || "main";
    const ours = structuresOf(cedtOf(context(topology).machine)).get(keyOf(entry)) ?? "";
    const place: Pointed = { capture: capture.kind, kind: "table", function: topology, text: keyOf(entry) };
    count(tally, tableDifferences(place, textOf(entry["type"]), textOf(entry["raw"]), ours));
  }
}

function tableDifferences(place: Pointed, structure: string, theirs: string, ours: string): Difference[] {
  const left = bytesOf(theirs);
  const right = bytesOf(ours);
  if (left.length !== right.length) return [{ ...place, structure, register: "length", field: "", theirs: left.length, ours: right.length }];
  return left.flatMap((byte, at) => (byte === right[at] ? [] : [{ ...place, structure, register: `byte ${at}`, field: "", theirs: byte, ours: right[at] ?? 0 }]));
}

/** Whole tables: the file that a machine left, against ours of the same topology. */
export function compareTable(file: Uint8Array, bench: Bench, name: string, tally: Tally): void {
  const ours = structuresOf(cedtOf(bench.machine));
  for (const [key, raw] of structuresOf(file)) count(tally, tableDifferences({ capture: "cedt", kind: "table", function: name, text: key }, key.split(" ")[0] ?? "", raw, ours.get(key) ?? ""));
}

/** Where QEMU puts the HDM decoders in a component block; captures of programs name absolute places. */
const theirDecoders = 0x1128;
const ourDecoders = cacheMemoryRange.offset + blocks.hostBridgeComponent.placements.hdmDecoderPort.at;

function program(bench: Bench, steps: readonly (readonly [string, number, number])[]): void {
  for (const { kind, address } of bench.functions.values()) {
    if (kind !== "type3") continue;
    const bus = configBus(bench.platform.config, address);
    structureAt(bus, findDvsec(bus, dvsecDevice.identity.id), dvsecDevice).control.modify({ memoryEnable: 1 });
  }
  for (const [name, offset, value] of steps) bench.functions.get(name.replace(/^hb(\d+)$/, "cxl.$1"))?.block.write32(offset - theirDecoders + ourDecoders, value);
}

/** Which device and DPA a backing file and an offset in it are. */
function placeOf(machine: MachineDescription, bench: Bench, file: string, offset: bigint): { readonly device: number; readonly dpa: bigint } {
  const name = file.replace(/-(vol|pmem)$/, "");
  const device = bench.hardware.entities.devices.get(name)?.index ?? -1;
  const volatileCapacity = machine.hostBridges.flatMap((bridge) => allDevices(bridge.rootPorts)).find((one) => one.name === name)?.volatileCapacity ?? 0n;
  return { device, dpa: file.endsWith("-pmem") ? volatileCapacity + offset : offset };
}

type Ports = MachineDescription["hostBridges"][number]["rootPorts"][number]["slots"];
const allDevices = (ports: readonly { readonly slots: Ports }[]): { readonly name: string; readonly volatileCapacity: bigint }[] => ports.flatMap((port) => port.slots.flatMap((slot) => (slot.kind === "switch" ? allDevices(slot.ports) : [slot])));

const low = (value: bigint): number => Number(value & 0xffff_ffffn);
const high = (value: bigint): number => Number(value >> 32n);

export function compareDataPath(capture: Capture, context: Context, tally: Tally): void {
  for (const entry of capture.entries) {
    const bench = context(textOf(entry["case"]), entry);
    const base = bigOf(entry["hpa_base"]);
    program(bench, listOf(entry["program"]).map((step) => [textOf(listOf(step)[0]), numberOf(listOf(step)[1]), numberOf(listOf(step)[2])] as const));
    for (const [index, row] of listOf(entry["rows"]).entries()) {
      const [at, file, offset] = listOf(row);
      const hpa = base + bigOf(at);
      const place: Pointed = { capture: capture.kind, kind: "type3", function: textOf(entry["case"]), text: `HPA base + ${textOf(at)}` };
      count(tally, pointDifferences(place, bench, hpa, BigInt(index + 1), textOf(file), bigOf(offset)));
    }
  }
}

function pointDifferences(place: Pointed, bench: Bench, hpa: bigint, tag: bigint, file: string, offset: bigint): Difference[] {
  const { memory } = bench.platform;
  const status = memory.store(hpa, 8, tag);
  if (file === "") {
    const read = memory.load(hpa, 8);
    return read.status === "ok" || status === "ok" ? [{ ...place, structure: "data path", register: "unrouted", field: "reached", theirs: 0, ours: 1 }] : [{ ...place, structure: "data path", register: "unrouted", field: "value", theirs: 0, ours: low(read.value) }];
  }
  const { device, dpa } = placeOf(bench.machine, bench, file, offset);
  const found = device < 0 ? -1 : bench.hardware.exports.peekMedia(device, low(dpa), high(dpa)) >>> 0;
  return status === "ok" && BigInt(found) === tag ? [] : [{ ...place, structure: "data path", register: `${file}+0x${offset.toString(16)}`, field: status, theirs: Number(tag), ours: found }];
}

