// A trace as a file: what a run was made from, and every record it wrote. docs/trace.md is the format.

import type { PartKind } from "../../platform/register-places.ts";
import { crc32 } from "../../sim/crc32.ts";
import type { TraceLayer } from "../../sim/trace.ts";
import { layerIndex, readRecord, recordBytes, recordWords } from "../../sim/trace.ts";
import type { TraceLine } from "./divergence.ts";
import { Cursor, TraceFileError } from "./cursor.ts";
import type { TraceHeader } from "./header.ts";
import { headerOf } from "./header.ts";
import { createTraceWords } from "./words.ts";

export { TraceFileError } from "./cursor.ts";
export type { TraceHeader, TraceOrigin, TraceTool } from "./header.ts";

/** A trace, read. */
export interface TraceFile {
  readonly header: TraceHeader;
  /** Names of the machine's parts by their numbers in records. */
  readonly parts: ReadonlyMap<number, string>;
  /** What the same parts are. */
  readonly kinds: ReadonlyMap<number, PartKind>;
  /** Texts of the layers above the hardware, by number. */
  readonly strings: readonly string[];
  /** 32-byte records in order. */
  readonly records: Uint32Array;
}

/** The version of the format that this release writes, and reads. */
export const traceFormat = 1;
/** First bytes of every trace. A transfer that changes line ends or cuts off the eighth bit shows at once. */
export const traceMagic: Uint8Array = Uint8Array.of(0x89, 0x43, 0x58, 0x54, 0x0d, 0x0a, 0x1a, 0x0a);
const prologueBytes = 16;
const sectionBytes = 16;
/** Records in one section. */
const recordsEach = 1 << 16;
/** Most bytes of a header. */
const largestHeader = 64 << 20;
/** Most records of a trace that is read (1 GiB). */
const mostRecords = 1 << 25;
const partKinds: readonly PartKind[] = ["host bridge", "root port", "downstream port", "switch", "device"];
const tags = { header: "HEAD", parts: "PART", strings: "STRS", records: "RECS", end: "END " } as const;

const padded = (length: number): number => (length + 7) & ~7;

/** The bytes of one section; `payload` is filled up with zeros to a multiple of eight. */
function section(tag: string, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(sectionBytes + padded(payload.length));
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < 4; index++) bytes[index] = tag.charCodeAt(index);
  view.setUint32(8, payload.length, true);
  bytes.set(payload, sectionBytes);
  view.setUint32(4, sumOf(bytes), true);
  return bytes;
}

/** Of a section with its padding, but for the checksum itself. */
const sumOf = (bytes: Uint8Array): number => crc32(bytes.subarray(8), crc32(bytes.subarray(0, 4)));

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

const word = (value: number): Uint8Array => new Uint8Array(new Uint32Array([value]).buffer);

/** A text with its length in bytes before it. */
function textBytes(encoder: TextEncoder, text: string): Uint8Array[] {
  const bytes = encoder.encode(text);
  return [word(bytes.length), bytes];
}

/** The bytes of a trace file, piece by piece: a long trace need not be held twice. */
export function* encodedTrace({ header, parts, kinds, strings, records }: TraceFile): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  const bytes = new Uint8Array(records.buffer, records.byteOffset, records.byteLength);
  const count = records.length / recordWords;
  yield joined([traceMagic, word(traceFormat), word(0)]);
  yield section(tags.header, encoder.encode(JSON.stringify(header)));
  yield section(tags.parts, joined([word(parts.size), ...[...parts].flatMap(([id, name]) => [word(id), word(partKinds.indexOf(kinds.get(id) ?? "device")), ...textBytes(encoder, name)])]));
  yield section(tags.strings, joined([word(strings.length), ...strings.flatMap((text) => textBytes(encoder, text))]));
  for (let from = 0; from < bytes.length; from += recordsEach * recordBytes) yield section(tags.records, bytes.subarray(from, from + recordsEach * recordBytes));
  yield section(tags.end, joined([word(count), word(strings.length)]));
}

/** The bytes of a trace file. */
export const encodeTrace = (trace: TraceFile): Uint8Array => joined([...encodedTrace(trace)]);

interface Section {
  readonly tag: string;
  /** Offset of the payload in the file. */
  readonly at: number;
  readonly payload: Uint8Array;
}

/** Sections one after another, with their checksums looked at. @throws TraceFileError */
function* sectionsOf(bytes: Uint8Array): Generator<Section> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = prologueBytes;
  while (at < bytes.length) {
    if (bytes.length - at < sectionBytes) throw new TraceFileError(at, `the file ends in the head of a section: it is cut short`);
    const tag = String.fromCharCode(...bytes.subarray(at, at + 4));
    if (!/^[ -~]{4}$/.test(tag)) throw new TraceFileError(at, "no section begins here: the file is damaged");
    const length = view.getUint32(at + 8, true);
    if (view.getUint32(at + 12, true) !== 0 || padded(length) > bytes.length - at - sectionBytes) {
      throw new TraceFileError(at, `section "${tag}" goes beyond the end of the file (${bytes.length} bytes): it is cut short or damaged`);
    }
    const end = at + sectionBytes + padded(length);
    if (sumOf(bytes.subarray(at, end)) !== view.getUint32(at + 4, true)) throw new TraceFileError(at, `section "${tag}" has another checksum than it says: the file is damaged between here and byte ${end}`);
    yield { tag, at: at + sectionBytes, payload: bytes.subarray(at + sectionBytes, at + sectionBytes + length) };
    at = end;
  }
}

/** @throws TraceFileError it is no trace, or one of another format */
function checkPrologue(bytes: Uint8Array): void {
  if (bytes.length < prologueBytes || traceMagic.some((byte, index) => bytes[index] !== byte)) throw new TraceFileError(0, "this is no trace of cxl-sandbox: it does not begin as one");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const format = view.getUint32(8, true);
  if (format !== traceFormat) throw new TraceFileError(8, `format ${format}; this release reads format ${traceFormat}: use the release that wrote the file, or a newer one`);
  if (view.getUint32(12, true) !== 0) throw new TraceFileError(12, "bytes that are to be zero are not: the file is damaged");
}

function partsIn({ at, payload }: Section): Pick<TraceFile, "parts" | "kinds"> {
  const cursor = new Cursor(payload, at);
  const parts = new Map<number, string>();
  const kinds = new Map<number, PartKind>();
  for (let left = cursor.count(12, "parts"); left > 0; left--) {
    const place = cursor.at;
    const id = cursor.word();
    const kind = partKinds[cursor.word()];
    const name = cursor.text();
    if (kind === undefined) throw new TraceFileError(place, `part ${id} is of a kind that does not exist`);
    if (parts.has(id)) throw new TraceFileError(place, `there are two parts with number ${id}`);
    parts.set(id, name);
    kinds.set(id, kind);
  }
  cursor.end("parts");
  return { parts, kinds };
}

function addStrings({ at, payload }: Section, strings: string[]): void {
  const cursor = new Cursor(payload, at);
  for (let left = cursor.count(4, "strings"); left > 0; left--) strings.push(cursor.text());
  cursor.end("strings");
}

/** @throws TraceFileError */
function recordsIn(sections: readonly Section[]): Uint32Array {
  for (const { at, payload } of sections) if (payload.length % recordBytes !== 0) throw new TraceFileError(at, `${payload.length} bytes are no whole records of ${recordBytes}`);
  const count = sections.reduce((sum, { payload }) => sum + payload.length / recordBytes, 0);
  if (count > mostRecords) throw new TraceFileError(0, `the trace has ${count} records; this release reads ${mostRecords}`);
  return new Uint32Array(joined(sections.map(({ payload }) => payload)).buffer);
}

/** Every record is of a layer that exists, and its texts are there. @throws TraceFileError */
function checkRecords(records: Uint32Array, strings: number, sections: readonly Section[]): void {
  const placeOf = (index: number): number => {
    let left = index;
    for (const { at, payload } of sections) {
      const count = payload.length / recordBytes;
      if (left < count) return at + left * recordBytes;
      left -= count;
    }
    return 0;
  };
  for (let index = 0; index < records.length / recordWords; index++) {
    const at = index * recordWords;
    const layer = ((records[at + 1] ?? 0) >>> 21) & 7;
    if (layer > layerIndex.result) throw new TraceFileError(placeOf(index), `record ${index} is of layer ${layer}, which does not exist`);
    if (layer >= layerIndex.kernel && ((records[at + 2] ?? 0) >= strings || (records[at + 3] ?? 0) >= strings)) throw new TraceFileError(placeOf(index), `record ${index} names a text that is not there`);
  }
}

/** Reads a trace file. Costs no more than its length. @throws TraceFileError it is no trace, cut short, damaged, or of another format */
export function decodeTrace(bytes: Uint8Array): TraceFile {
  checkPrologue(bytes);
  const found = new Map<string, Section[]>(Object.values(tags).map((tag) => [tag, []]));
  for (const one of sectionsOf(bytes)) {
    if (found.get(tags.end)?.length === 1) throw new TraceFileError(one.at - sectionBytes, "there is something behind the end of the trace");
    if (found.get(tags.header)?.length === 0 && one.tag !== tags.header) throw new TraceFileError(one.at - sectionBytes, `the first section is "${one.tag}" and must be "${tags.header}"`);
    found.get(one.tag)?.push(one);
  }
  const only = (tag: string): Section => {
    const [first, second] = found.get(tag) ?? [];
    if (first === undefined) throw new TraceFileError(bytes.length, `the file ends without a section "${tag}": it is cut short`);
    if (second !== undefined) throw new TraceFileError(second.at - sectionBytes, `a second section "${tag}"`);
    return first;
  };
  const end = only(tags.end);
  const head = only(tags.header);
  if (head.payload.length > largestHeader) throw new TraceFileError(head.at, `the header has ${head.payload.length} bytes; this release reads ${largestHeader}`);
  const header = headerOf(head.payload, head.at);
  const strings: string[] = [];
  for (const one of found.get(tags.strings) ?? []) addStrings(one, strings);
  const chunks = found.get(tags.records) ?? [];
  const records = recordsIn(chunks);
  const cursor = new Cursor(end.payload, end.at);
  if (cursor.word() !== records.length / recordWords || cursor.word() !== strings.length) throw new TraceFileError(end.at, `the end tells of other counts than ${records.length / recordWords} records and ${strings.length} texts: sections are missing`);
  checkRecords(records, strings.length, chunks);
  return { header, ...partsIn(only(tags.parts)), strings, records };
}

/** The records of one layer in words. */
export function linesOf(trace: TraceFile, layer: TraceLayer): TraceLine[] {
  const words = createTraceWords(trace);
  const wanted = layerIndex[layer];
  const lines: TraceLine[] = [];
  for (let index = 0; index < trace.records.length / recordWords; index++) {
    if ((((trace.records[index * recordWords + 1] ?? 0) >>> 21) & 7) !== wanted) continue;
    const record = readRecord(trace.records, index);
    lines.push({ atNs: record.time, text: words(record) });
  }
  return lines;
}
