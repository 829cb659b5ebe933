// What was seen, as values at places that do not depend on the order in which cards were found.

import type { Json } from "../capture.ts";
import { CaptureError, isObject } from "../capture.ts";

/** Values by place. */
export type Facts = ReadonlyMap<string, string>;

/** What tells one element of a list from the others. */
const identities = ["bus", "port", "endpoint", "memdev", "decoder", "region", "dport", "target", "chardev", "path"] as const;

function identityOf(value: Json, index: number): string {
  if (!isObject(value)) return String(index);
  if (value["position"] !== undefined && value["target"] === undefined) return `position ${String(value["position"])}`;
  // Records of poison: the order of its list is the device's own.
  if (value["source"] !== undefined && value["offset"] !== undefined) return `offset ${String(value["offset"])}`;
  const key = identities.find((one) => typeof value[one] === "string");
  if (key !== undefined) return String(value[key]);
  // A group at the top: `{"root decoders":[...]}`.
  const keys = Object.keys(value);
  return keys.length === 1 && Array.isArray(value[keys[0] ?? ""]) ? "" : String(index);
}

function flatten(value: Json, place: string, into: Map<string, string>): void {
  if (Array.isArray(value)) {
    if (value.length === 0) into.set(place, "[]");
    for (const [index, item] of (value as readonly Json[]).entries()) flatten(item, `${place}[${identityOf(item, index)}]`, into);
  } else if (isObject(value)) {
    if (Object.keys(value).length === 0) into.set(place, "{}");
    for (const [key, item] of Object.entries(value)) flatten(item, `${place}.${key}`, into);
  } else into.set(place, JSON.stringify(value));
}

/** Integers that a number of JavaScript may not hold; they are read as texts. */
const longNumber = /(":\s*)(\d{16,})(\s*[,}\n])/g;

/** @throws CaptureError the text is no JSON */
export function parseJson(file: string, text: string): Json {
  try {
    return JSON.parse(text.replaceAll(longNumber, '$1"$2"$3')) as Json;
  } catch {
    throw new CaptureError(file, "", "is no JSON; is the file whole?");
  }
}

/** Leaves of a listing; an empty text is a listing of nothing. @throws CaptureError */
export function listingFacts(file: string, title: string, text: string): Facts {
  const into = new Map<string, string>();
  if (text.trim() !== "") flatten(parseJson(file, text), title, into);
  // A listing of nothing and none at all are the same.
  if (into.get(title) === "[]") into.delete(title);
  return into;
}

/** An output's messages, and the one JSON document that may stand among them. */
function partsOf(output: string): { readonly messages: readonly string[]; readonly document: string | undefined } {
  const lines = output.split("\n");
  const first = lines.findIndex((line) => line === "[" || line === "{" || line === "[]");
  const last = lines.findLastIndex((line) => line === "]" || line === "}" || line === "[]");
  if (first < 0 || last < first) return { messages: lines, document: undefined };
  return { messages: lines.toSpliced(first, last - first + 1), document: lines.slice(first, last + 1).join("\n") };
}

/** Messages in order, and the leaves of the document. */
export function outputFacts(title: string, output: string): Facts {
  const into = new Map<string, string>();
  const { messages, document } = partsOf(output);
  for (const [index, message] of messages.filter((line) => line.trim() !== "").entries()) into.set(`${title} message ${index + 1}`, message);
  if (document !== undefined) flatten(parseJson(title, document), `${title} output`, into);
  return into;
}

/** The document of an output; an empty list where there is none. @throws CaptureError it is broken */
export function documentIn(output: string): Json {
  const { document } = partsOf(output);
  return document === undefined ? [] : parseJson("output", document);
}

interface Range {
  readonly depth: number;
  readonly start: bigint;
  readonly end: bigint;
  readonly name: string;
}

function readRanges(text: string): Range[] {
  return text.split("\n").flatMap((line): Range[] => {
    const [, blanks = "", start = "", end = "", name = ""] = /^( *)([0-9a-f]+)-([0-9a-f]+) : (.*)$/.exec(line) ?? [];
    return start === "" ? [] : [{ depth: blanks.length / 2, start: BigInt(`0x${start}`), end: BigInt(`0x${end}`), name }];
  });
}

const isFunction = (name: string): boolean => /^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/.test(name);
const hex = (value: bigint): string => `0x${value.toString(16)}`;

function addClaimed(into: Map<string, string>, where: string, { start, end, name }: Range): void {
  const place = `iomem registers of ${where}, ${hex(end - start + 1n)} bytes`;
  const before = into.get(place);
  into.set(place, before === undefined ? name : `${before}, ${name}`);
}

/**
 * CXL windows with all that lies in them, and the register ranges that CXL drivers claimed. The latter by function and size: where BARs and the
 * capabilities in them lie is the hardware's own affair.
 */
export function iomemFacts(text: string): Facts {
  const into = new Map<string, string>();
  const open: Range[] = [];
  for (const range of readRanges(text)) {
    open.length = Math.min(range.depth, open.length);
    open.push(range);
    const window = open.find((one) => one.name.startsWith("CXL Window"));
    const above = open.at(-2)?.name ?? "";
    if (window !== undefined) into.set(`iomem ${hex(range.start)}-${hex(range.end)} level ${range.depth}`, range.name);
    else if (/^(port|endpoint)/.test(range.name) || (isFunction(range.name) && isFunction(above))) addClaimed(into, isFunction(above) ? above : "host bridge", range);
  }
  return into;
}

/** Devices of the cxl, dax and nd buses: links, drivers, attributes. A list of several lines is one value. */
export function attributeFacts(text: string): Facts {
  const into = new Map<string, string>();
  let device = "";
  let last = "";
  for (const line of text.split("\n")) {
    const [, name, link] = /^## (\S+ \S+) -> (.*)$/.exec(line) ?? [];
    const [, key, value] = /^([\w/]+):(?: (.*))?$/.exec(line) ?? [];
    if (name !== undefined) {
      device = name;
      into.set((last = `attrs ${device} ->`), link ?? "");
    } else if (key !== undefined) into.set((last = `attrs ${device} ${key}`), value ?? "");
    else if (line !== "") into.set(last, `${into.get(last) ?? ""}\n${line}`);
  }
  return into;
}
