// Captures of data object exchanges (PCIe 6.30): the same requests to the same functions, answers compared by what CDAT structures say.

import { dataObjects, doeDevice } from "../../registers/doe.ts";
import { configBus, findExtended } from "../../src/platform/config-walk.ts";
import type { PciAddress } from "../../src/platform/pci-address.ts";
import type { HardwarePlatform } from "../../src/hardware/platform.ts";
import type { Capture, Entry } from "./capture.ts";
import { CaptureError, listOf, numberOf, textOf } from "./capture.ts";
import type { Difference, Pointed, Tally } from "./compare.ts";
import { count, valueDifferences } from "./compare.ts";
import type { Context } from "./registers.ts";

const { control, status, writeMailbox, readMailbox } = doeDevice.registers;
const go = (1 << control.fields.go.bits) >>> 0;
const readyBit = status.fields.ready.bits;
const longestAnswer = 1 << 18;

export const bytesOf = (text: string): number[] => (text.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
const dwordBytes = (value: number): number[] => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];

interface Answer {
  readonly bytes: readonly number[];
  readonly statusAfterGo: number;
  readonly statusAtEnd: number;
}

/** Writes a request, rings Go and reads the answer. */
function exchange(platform: HardwarePlatform, address: PciAddress, request: readonly number[]): Answer {
  const { config } = platform;
  const [at = 0] = findExtended(configBus(config, address), doeDevice.identity.id);
  const readStatus = (): number => config.read32(address, at + status.offset);
  for (const dword of request) config.write32(address, at + writeMailbox.offset, dword);
  config.write32(address, at + control.offset, go);
  const statusAfterGo = readStatus();
  const bytes: number[] = [];
  while (((readStatus() >>> readyBit) & 1) === 1 && bytes.length < longestAnswer) {
    bytes.push(...dwordBytes(config.read32(address, at + readMailbox.offset)));
    config.write32(address, at + readMailbox.offset, 0);
  }
  return { bytes, statusAfterGo, statusAtEnd: readStatus() };
}

/** Values of an answer by structure and register: what is compared. */
type Values = Map<string, number>;

const number = (bytes: readonly number[], at: number, size: number): number => Array.from({ length: size }, (_, index) => (bytes[at + index] ?? 0) * 2 ** (8 * index)).reduce((sum, part) => sum + part, 0);
const objectHeader = 8;
const tableHeader = 12;
const kinds = ["DSMAS", "DSLBIS", "DSMSCIS", "DSIS", "DSEMTS", "SSLBIS"] as const;

/** Unit and figure of DSLBIS and SSLBIS: what they come to is one value, how it is written another. */
function putFigure(values: Values, name: string, suffix: string, unit: number, figure: number): void {
  values.set(`${name}.figure${suffix}`, unit * figure);
}

type Layout = readonly (readonly [register: string, at: number, size: number])[];
const range = (fifth: string, eighth: string): Layout => [["handle", 4, 1], [fifth, 5, 1], ["reserved", 6, 2], [eighth, 8, 8], ["range length", 16, 8]];
/** Fields of the structures that are compared as they are (CDAT 2.1); the others are compared byte by byte. */
const layouts: Readonly<Record<string, Layout>> = {
  DSMAS: range("flags", "base"),
  DSEMTS: range("memory type", "offset"),
  DSLBIS: [["handle", 4, 1], ["flags", 5, 1], ["data type", 6, 1], ["reserved", 7, 1], ["unit", 8, 8], ["second figures", 18, 6]],
  SSLBIS: [["data type", 4, 1], ["reserved", 5, 3], ["unit", 8, 8]],
};
const pairBytes = 8;
const firstPair = 16;

function putEntry(values: Values, entry: readonly number[]): void {
  const kind = kinds[entry[0] ?? 0xff] ?? "entry";
  const name = `CDAT ${kind}`;
  const put = (register: string, at: number, size: number): void => {
    values.set(`${name}.${register}`, number(entry, at, size));
  };
  put("type", 0, 1);
  put("length", 2, 2);
  for (const [register, at, size] of layouts[kind] ?? []) put(register, at, size);
  const unit = number(entry, 8, 8);
  if (kind === "DSLBIS") putFigure(values, name, "", unit, number(entry, 16, 2));
  const pairs = kind === "SSLBIS" ? Math.floor((entry.length - firstPair) / pairBytes) : 0;
  for (let pair = 0; pair < pairs; pair++) {
    const at = firstPair + pairBytes * pair;
    put(`ports of pair ${pair}`, at, 4);
    put(`reserved of pair ${pair}`, at + 6, 2);
    putFigure(values, name, ` of pair ${pair}`, unit, number(entry, at + 4, 2));
  }
  if (layouts[kind] === undefined) for (let at = 4; at < entry.length; at++) put(`byte ${at}`, at, 1);
}

function valuesOf(request: readonly number[], bytes: readonly number[]): Values {
  const values: Values = new Map();
  if (bytes.length === 0) return values;
  values.set("data object.type", number(bytes, 0, 4)).set("data object.length", number(bytes, 4, 4)).set("data object.bytes", bytes.length);
  if (number(bytes, 0, 4) !== dataObjects.tableAccess) {
    for (let at = objectHeader; at < bytes.length; at += 4) values.set(`data object.dword ${at / 4}`, number(bytes, at, 4));
    return values;
  }
  values.set("table access.response code", bytes[8] ?? -1).set("table access.table type", bytes[9] ?? -1).set("table access.next handle", number(bytes, 10, 2));
  const entry = bytes.slice(tableHeader);
  if ((request[2] ?? 0) >>> 16 !== 0) putEntry(values, entry);
  else for (const [name, at, size] of [["length", 0, 4], ["revision", 4, 1], ["checksum", 5, 1], ["reserved", 6, 6], ["sequence", 12, 4]] as const) values.set(`CDAT header.${name}`, number(entry, at, size));
  return values;
}

function requestName(request: readonly number[]): string {
  const third = request[2] ?? 0;
  if (request[0] !== dataObjects.tableAccess) return "type";
  if (request[1] !== request.length) return "length";
  if (request.length !== 3) return "longer request";
  if ((third & 0xff) !== 0) return "request code";
  return (third & 0xff00) !== 0 ? "table type" : "entry";
}

/** Differences of two answers to one request. */
export function answerDifferences(place: Pointed, request: readonly number[], theirs: readonly number[], ours: readonly number[]): Difference[] {
  if ((theirs.length === 0) !== (ours.length === 0)) return [{ ...place, structure: "data object", register: "answer", field: requestName(request), theirs: theirs.length, ours: ours.length }];
  const [left, right] = [valuesOf(request, theirs), valuesOf(request, ours)];
  const missing = -1;
  return [...new Set([...left.keys(), ...right.keys()])].flatMap((key): Difference[] => {
    const [structure = "", register = ""] = key.split(".");
    const [theirValue, ourValue] = [left.get(key) ?? missing, right.get(key) ?? missing];
    return theirValue === ourValue ? [] : [{ ...place, structure, register, field: "", theirs: theirValue, ours: ourValue }];
  });
}

export function compareExchanges(capture: Capture, entries: readonly Entry[], context: Context, tally: Tally): void {
  for (const { value, place: at } of entries) {
    const bench = context.bench(textOf(value["topo"]) || "main");
    const name = textOf(value["fn"]);
    const target = bench.functions.get(name);
    if (target === undefined) throw new CaptureError(capture.file, at, `"${name}" is nowhere in its command line; there are ${[...bench.functions.keys()].join(", ")}`);
    const place: Pointed = { capture: "exchange", kind: target.kind, function: name, text: textOf(value["note"]) };
    const request = listOf(value["req"]).map((dword) => numberOf(dword));
    const ours = exchange(bench.platform, target.address, request);
    const answers = answerDifferences(place, request, bytesOf(textOf(value["rsp"])), ours.bytes);
    // The ready bit after Go says the same again where one of them does not answer.
    const differences = answers.some((one) => one.register === "answer") ? answers : [...answers, ...statusDifferences(place, value, ours)];
    count(tally, differences);
  }
}

function statusDifferences(place: Pointed, value: Entry["value"], ours: Answer): Difference[] {
  const declared = { at: 0, structure: doeDevice };
  const of = (key: string, seen: number): Difference[] => (value[key] === undefined ? [] : valueDifferences({ ...place, text: `${place.text}, ${key.replaceAll("_", " ")}` }, declared, status.offset, 4, BigInt(numberOf(value[key])), BigInt(seen)));
  return [...of("status_after_go", ours.statusAfterGo), ...of("status_end", ours.statusAtEnd)];
}
