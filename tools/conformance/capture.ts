// The captures' formats: QEMU registers read and written from outside (JSON), every access of a real driver (one JSON object a line), and the
// HDM decoders of a moment (text). What does not fit is refused with its place and what to do.

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** A capture that cannot be read: file, place and remedy. */
export class CaptureError extends Error {
  constructor(file: string, place: string, problem: string) {
    super(`${file}${place === "" ? "" : `, ${place}`}: ${problem}`);
    this.name = "CaptureError";
  }
}

/** What an entry is compared as. */
export type CaptureKind = "config" | "component" | "device" | "mailbox" | "masks" | "exchange" | "cedt" | "datapath" | "accesses" | "decoders";

export interface Entry {
  readonly kind: CaptureKind;
  /** Where it stands in the file: `entry 12`, `line 12`. */
  readonly place: string;
  readonly value: JsonObject;
}

export interface Capture {
  readonly file: string;
  /** Command lines by topology; a capture of one topology has it under "main". */
  readonly commandLines: ReadonlyMap<string, string>;
  readonly entries: readonly Entry[];
  /** Places that the capture does not list read 0. */
  readonly leavesZerosOut: boolean;
  /** CHBCRs by UID, where a table beside the capture gives them. */
  readonly bridges?: ReadonlyMap<number, bigint>;
}

export const isObject = (value: Json | undefined): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);
export const textOf = (value: Json | undefined): string => (typeof value === "string" ? value : "");
export const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

/** Every object of a document, nested ones too. */
export const objectsIn = (value: Json): JsonObject[] => {
  if (Array.isArray(value)) return (value as readonly Json[]).flatMap(objectsIn);
  return isObject(value) ? [value, ...Object.values(value).flatMap(objectsIn)] : [];
};

const hexadecimal = /^0x[0-9a-f]+$/i;
const isNumber = (value: Json | undefined): boolean => (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) || (typeof value === "string" && hexadecimal.test(value));
/** Fields that were checked to be numbers. */
export const bigOf = (value: Json | undefined): bigint => (isNumber(value) ? BigInt(value as string | number) : 0n);
export const numberOf = (value: Json | undefined): number => Number(bigOf(value));

type Check = (value: Json | undefined) => boolean;
const isText: Check = (value) => typeof value === "string" && value !== "";
const isBytes: Check = (value) => typeof value === "string" && /^([0-9a-f]{2})*$/i.test(value);
const isWidth: Check = (value) => value === 1 || value === 2 || value === 4 || value === 8;
const isNumbers: Check = (value) => Array.isArray(value) && value.every(isNumber);
const isProgram: Check = (value) => Array.isArray(value) && value.every((step: Json) => Array.isArray(step) && isText(step[0]) && isNumber(step[1]) && isNumber(step[2]));
const isRows: Check = (value) => Array.isArray(value) && value.every((row: Json) => Array.isArray(row) && isNumber(row[0]) && (row[1] === null || (isText(row[1]) && isNumber(row[2]))));
const isWindow: Check = (value) => isObject(value) && isNumber(value["size"]) && listOf(value["targets"]).length > 0 && listOf(value["targets"]).every(isText);
const isObjects: Check = (value) => isObject(value);
const isLogEntries: Check = (value) => Array.isArray(value) && value.every((one: Json) => Array.isArray(one) && isNumber(one[0]) && isNumber(one[1]));
const isFiles: Check = (value) => isObject(value) && Object.values(value).every((one) => Array.isArray(one) && one.every((bytes: Json) => isBytes(bytes)));
const isAddress: Check = (value) => typeof value === "string" && /^(?:[0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/i.test(value);

const remedies = new Map<Check, string>([
  [isNumber, 'a number like "0x10"'], [isText, "a name"], [isBytes, "bytes as pairs of hexadecimal digits"], [isWidth, "1, 2, 4 or 8"], [isNumbers, 'a list of numbers like "0x10"'], [isProgram, 'a list of [component, "0xOFFSET", "0xVALUE"]'],
  [isRows, 'a list of ["0xOFFSET", backing file or null, "0xOFFSET", result]'], [isWindow, "an object with targets and size"], [isAddress, 'a PCI address like "0d:00.0"'],
  [isObjects, "an object"], [isLogEntries, 'a list of ["0xOPCODE", "0xEFFECTS", name]'], [isFiles, "bytes of places, as pairs of hexadecimal digits, by backing file"],
]);

const register = { fn: isText, off: isNumber, w: isWidth } as const;
/** What an entry of a kind must have. */
const needed: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  value: { ...register, val: isNumber },
  mask: { ...register, reset: isNumber, ones: isNumber, zeros: isNumber, restored: isNumber },
  range: { ...register, end: isNumber, nonzero_count: isNumber },
  exchange: { fn: isText, req: isNumbers, rsp: isBytes },
  cedt: { type: isText, raw: isBytes },
  datapath: { case: isText, hpa_base: isNumber, cfmw: isWindow, program: isProgram, rows: isRows },
  cfg: { bdf: isAddress, off: isNumber, w: isWidth, val: isNumber, dev: isText },
  mmio: { addr: isNumber, w: isWidth, val: isNumber, block: isText },
  ...Object.fromEntries(Object.entries({
    r: { off: isNumber, w: isWidth, val: isNumber }, w: { off: isNumber, w: isWidth, val: isNumber },
    cmd: { opcode: isNumber, in: isBytes, in_len: isNumber, rc: isNumber, out: isBytes, out_len: isNumber, cmd_after: isNumber, status: isNumber, bg_status: isNumber, ctrl_after: isNumber },
    cel: { entries: isLogEntries }, bg: { bg_status: isNumber, mailbox_status: isNumber }, qmp: { note: isText, result: isObjects }, seq: { note: isText, vals: isNumbers }, limit: { injected: isNumber, rc: isNumber },
    backing: { note: isText, files: isFiles }, crash: { opcode: isNumber, in: isBytes, in_len: isNumber },
  }).map(([op, fields]) => [`mailbox ${op}`, { fn: isText, ...fields }])),
};

const blocks: ReadonlyMap<string, CaptureKind> = new Map([["cfg", "config"], ["comp", "component"], ["device", "device"]]);
const tables = new Set<string>(["CHBS", "CFMWS", "CXIMS"]);

/** What an entry is, and what it must have; undefined: nothing that is known here. */
function classify(value: JsonObject): { readonly kind: CaptureKind; readonly shape: string } | undefined {
  const [op, block] = [textOf(value["op"]), textOf(value["block"])];
  const isAccess = op === "r" || op === "w";
  if (value["k"] !== undefined) return isAccess && (value["k"] === "cfg" || value["k"] === "mmio") ? { kind: "accesses", shape: value["k"] } : undefined;
  if (block === "mailbox") return needed[`mailbox ${op}`] === undefined ? undefined : { kind: "mailbox", shape: `mailbox ${op}` };
  if (op === "exchange") return { kind: "exchange", shape: "exchange" };
  const kind = blocks.get(block);
  if (kind !== undefined && (op === "mask" || op === "ones-range")) return { kind: kind === "device" ? kind : "masks", shape: op === "mask" ? "mask" : "range" };
  if (kind !== undefined && (isAccess || (op === "abort" && kind === "device"))) return { kind, shape: "value" };
  if (value["program"] !== undefined) return { kind: "datapath", shape: "datapath" };
  return tables.has(textOf(value["type"])) ? { kind: "cedt", shape: "cedt" } : undefined;
}

/** Payloads are as long as their entry says; an input may be announced that was never written. */
function checkPayloads(file: string, place: string, value: JsonObject): void {
  for (const [key, length] of [["in", "in_len"], ["out", "out_len"]] as const) {
    const [bytes, said] = [textOf(value[key]).length / 2, value[length]];
    if (said !== undefined && bytes !== numberOf(said) && !(key === "in" && bytes === 0)) throw new CaptureError(file, place, `"${key}" has ${bytes} bytes, "${length}" says ${numberOf(said)}; is the entry whole?`);
  }
}

function checked(file: string, place: string, value: Json): Entry {
  if (!isObject(value)) throw new CaptureError(file, place, 'is no object; an entry looks like {"fn":"rp0","block":"cfg","off":"0x0","w":4,"op":"r","val":"0x0"}');
  const found = classify(value);
  if (found === undefined) throw new CaptureError(file, place, `is of no kind that is known here (it has ${Object.keys(value).join(", ")}); what can be read is listed in docs/conformance.md`);
  for (const [key, check] of Object.entries(needed[found.shape] ?? {})) {
    if (!check(value[key])) throw new CaptureError(file, place, `${value[key] === undefined ? `has no "${key}"` : `"${key}" is ${JSON.stringify(value[key])}`}; give ${remedies.get(check) ?? "what the format asks for"}`);
  }
  if (found.kind === "mailbox") checkPayloads(file, place, value);
  return { kind: found.kind, place, value };
}

function commandLinesOf(meta: Json | undefined): Map<string, string> {
  const line = isObject(meta) ? meta["cmdline"] : undefined;
  if (typeof line === "string") return new Map([["main", line]]);
  return new Map(isObject(line) ? Object.entries(line).map(([name, text]) => [name, textOf(text)]) : []);
}

function parse(file: string, text: string, place: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new CaptureError(file, place, `not JSON (${error instanceof Error ? error.message : String(error)}); is the file whole?`);
  }
}

const fewestForGap = 32;
const isZero = ({ value }: Entry): boolean => ["val", "reset", "ones", "zeros", "restored"].every((key) => bigOf(value[key]) === 0n);

/** A capture that says so, or a long one that has no zero at all. */
function leavesZerosOut(meta: Json | undefined, entries: readonly Entry[]): boolean {
  const said = isObject(meta) && /zeros? left out/.test(textOf(meta["what"]));
  const values = entries.filter(({ kind, value }) => (kind === "config" || kind === "component" || kind === "masks") && value["op"] !== "ones-range");
  return said || (values.length >= fewestForGap && !values.some(isZero));
}

/** Reads a QEMU capture. Undefined: a JSON file without entries, which is something else. @throws CaptureError */
export function readCapture(file: string, text: string): Capture | undefined {
  const value = parse(file, text, "");
  if (!isObject(value) || !Array.isArray(value["entries"])) return undefined;
  const entries = (value["entries"] as readonly Json[]).map((entry, index) => checked(file, `entry ${index + 1}`, entry));
  if (entries.length === 0) throw new CaptureError(file, "", "has no entries; is the capture whole?");
  return { file, commandLines: commandLinesOf(value["meta"]), entries, leavesZerosOut: leavesZerosOut(value["meta"], entries) };
}

/** Reads a list of accesses, one object a line; the command line stands in a file beside it. @throws CaptureError */
export function readAccesses(file: string, text: string, commandLine: string, bridges: ReadonlyMap<number, bigint>): Capture {
  const entries = text.split("\n").flatMap((line, index): Entry[] => {
    if (line.trim() === "") return [];
    const place = `line ${index + 1}`;
    const entry = checked(file, place, parse(file, line, place));
    if (entry.kind !== "accesses") throw new CaptureError(file, place, 'is no access; a line looks like {"k":"cfg","op":"r","dev":"cxl-rp","bdf":"0c:00.0","off":"0x0","val":"0x8086","w":2}');
    return [entry];
  });
  if (entries.length === 0) throw new CaptureError(file, "", 'has no accesses; a line looks like {"k":"cfg","op":"r","dev":"cxl-rp","bdf":"0c:00.0","off":"0x0","val":"0x8086","w":2}');
  return { file, commandLines: new Map([["main", commandLine]]), entries, leavesZerosOut: false, bridges };
}

const componentLine = /^(\S+): cap ([0-9a-f]{8})\b.*\bglobal_ctl ([0-9a-f]{8})\s*$/i;
const decoderLine = /^\s+dec(\d+): base ([0-9a-f]{16}) size ([0-9a-f]{16}) ctrl ([0-9a-f]{8})\b.*\btl\/skip ([0-9a-f]{16}) reserved ([0-9a-f]{8})\s*$/i;

const hex = (digits: string | undefined): string => `0x${digits ?? "0"}`;

/** Reads the decoders of a moment: a line for each component, then one for each of its decoders. @throws CaptureError */
export function readDecoders(file: string, text: string, commandLine: string): Capture {
  const entries: Entry[] = [];
  let component = "";
  for (const [index, line] of text.split("\n").entries()) {
    const place = `line ${index + 1}`;
    if (line.trim() === "") continue;
    const [head, decoder] = [componentLine.exec(line), decoderLine.exec(line)];
    if (head !== null) {
      component = head[1] ?? "";
      entries.push({ kind: "decoders", place, value: { fn: component, cap: hex(head[2]), global: hex(head[3]) } });
    } else if (decoder !== null && component !== "") {
      entries.push({ kind: "decoders", place, value: { fn: component, decoder: Number(decoder[1]), base: hex(decoder[2]), size: hex(decoder[3]), control: hex(decoder[4]), targets: hex(decoder[5]), reserved: hex(decoder[6]) } });
    } else throw new CaptureError(file, place, 'is neither "NAME: cap XXXXXXXX (...) global_ctl XXXXXXXX" nor "  decN: base ... size ... ctrl ... tl/skip ... reserved ..."; is the file whole?');
  }
  if (entries.length === 0) throw new CaptureError(file, "", "has no decoders; is the file whole?");
  return { file, commandLines: new Map([["main", commandLine]]), entries, leavesZerosOut: false };
}
