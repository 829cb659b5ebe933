// The captures' formats: QEMU registers read and written from outside (JSON), and every access of a real driver (one JSON object a line).

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** A capture that cannot be read: file, place and remedy. */
export class CaptureError extends Error {
  constructor(file: string, place: string, problem: string) {
    super(`${file}${place === "" ? "" : `, ${place}`}: ${problem}`);
    this.name = "CaptureError";
  }
}

export type CaptureKind = "config" | "component" | "masks" | "exchange" | "cedt" | "datapath" | "accesses" | "not modelled";

export interface Capture {
  readonly file: string;
  readonly kind: CaptureKind;
  /** Command lines by topology; a capture of one topology has it under "main". */
  readonly commandLines: ReadonlyMap<string, string>;
  readonly entries: readonly JsonObject[];
  /** CHBCRs by UID, where a table beside the capture gives them. */
  readonly bridges?: ReadonlyMap<number, bigint>;
}

const isObject = (value: Json | undefined): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);
export const textOf = (value: Json | undefined): string => (typeof value === "string" ? value : "");
/** Number of a field: hexadecimal text or a number. */
export function numberOf(value: Json | undefined): number {
  if (typeof value === "number") return value;
  return typeof value === "string" && /^(0x)?[0-9a-fA-F]+$/.test(value) ? Number(value) : Number.NaN;
}
export const bigOf = (value: Json | undefined): bigint => BigInt(typeof value === "string" || typeof value === "number" ? value : 0);
export const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

function kindOf(entries: readonly JsonObject[]): CaptureKind | undefined {
  const has = (test: (entry: JsonObject) => boolean): boolean => entries.some(test);
  if (has((entry) => entry["op"] === "cmd" || entry["block"] === "mailbox" || entry["block"] === "device")) return "not modelled";
  if (has((entry) => entry["op"] === "exchange")) return "exchange";
  if (has((entry) => entry["op"] === "mask" || entry["op"] === "ones-range")) return "masks";
  if (has((entry) => entry["program"] !== undefined)) return "datapath";
  if (has((entry) => entry["type"] === "CHBS" || entry["type"] === "CFMWS")) return "cedt";
  if (has((entry) => entry["block"] === "cfg")) return "config";
  if (has((entry) => entry["block"] === "comp")) return "component";
  if (has((entry) => entry["k"] === "cfg" || entry["k"] === "mmio")) return "accesses";
  return undefined;
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

/** Reads a QEMU capture. Undefined: a JSON file of some other kind. @throws CaptureError */
export function readCapture(file: string, text: string): Capture | undefined {
  const value = parse(file, text, "");
  if (!isObject(value) || !Array.isArray(value["entries"])) return undefined;
  const entries = (value["entries"] as readonly Json[]).filter(isObject);
  const kind = kindOf(entries);
  if (kind === undefined) return undefined;
  return { file, kind, commandLines: commandLinesOf(value["meta"]), entries };
}

/** Reads a list of accesses, one object a line; the command line stands in a file beside it. @throws CaptureError */
export function readAccesses(file: string, text: string, commandLine: string, bridges: ReadonlyMap<number, bigint>): Capture {
  const entries = text.split("\n").flatMap((line, index): JsonObject[] => {
    if (line.trim() === "") return [];
    const value = parse(file, line, `line ${index + 1}`);
    if (!isObject(value)) throw new CaptureError(file, `line ${index + 1}`, "is no object");
    return [value];
  });
  if (kindOf(entries) !== "accesses") throw new CaptureError(file, "", 'has no accesses; a line looks like {"k":"cfg","op":"r","bdf":"0d:00.0","off":"0x0","val":"0x8086","w":2}');
  return { file, kind: "accesses", commandLines: new Map([["main", commandLine]]), entries, bridges };
}
