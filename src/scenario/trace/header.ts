// The header of a trace file: what a run is made from. It is JSON, and what a file says is looked at before it is believed.

import { z } from "zod";
import type { TraceLayer } from "../../sim/trace.ts";
import { traceLayers } from "../../sim/trace.ts";
import { TraceFileError } from "./cursor.ts";

/** What wrote a trace. */
export interface TraceTool {
  readonly version: string;
  /** First 16 hex digits of the SHA-256 of the hardware module. */
  readonly moduleHash: string;
}

/** What a run is made from that its plan does not hold. */
export interface TraceOrigin {
  readonly tool: TraceTool;
  /** Text of the scenario. */
  readonly scenario: string;
  /** Texts of included files by the path that the scenario gives. */
  readonly includes: Readonly<Record<string, string>>;
  /** Files whose drivers run, with the first 16 hex digits of their SHA-256. */
  readonly drivers: readonly { readonly file: string; readonly digest: string }[];
}

/** What came to a served machine from outside, beside its clients' accesses (docs/trace.md). */
export interface OutsideAct {
  /** `ready`: faults that count from ready begin to; `end`: the last moment of the trace. */
  readonly kind: "inject" | "ready" | "reset" | "connected" | "disconnected" | "drop" | "end";
  /** Virtual ns. */
  readonly atNs: number;
  /** Records that were written before. */
  readonly records: number;
  /** Whose: of `reset`, `connected`, `disconnected` and `drop`. */
  readonly device?: string | undefined;
  /** Of `inject`: what was asked for, as it came. */
  readonly fault?: unknown;
}

/** A machine that was served to clients outside, without a kernel of ours. */
export interface ServedHeader {
  /** Records that it wrote until it was ready to be served. */
  readonly built: number;
  /** In order. */
  readonly acts: readonly OutsideAct[];
}

/** What a run is made from: enough to run it again. */
export interface TraceHeader extends TraceOrigin {
  /** Version of the format. */
  readonly format: 1;
  readonly file: string;
  readonly seed: number;
  /** What picked the tasks. */
  readonly schedule: "fixed" | "seeded" | "recorded";
  /** Every choice where more than one task was ready: its index. */
  readonly choices: readonly number[];
  readonly defects: readonly string[];
  /** Absent: the records are a run's. */
  readonly served?: ServedHeader | undefined;
  readonly digests: Readonly<Record<TraceLayer, string>>;
  readonly traceDigest: string;
}

const word = z.int().min(0).max(0xffff_ffff);
const whole = z.int().min(0);
const outsideAct = z.object({ kind: z.enum(["inject", "ready", "reset", "connected", "disconnected", "drop", "end"]), atNs: whole, records: whole, device: z.string().optional(), fault: z.unknown().optional() });
const served = z.object({ built: whole, acts: z.array(outsideAct) });
const digest = z.string().regex(/^[0-9a-f]{16}$/);

/** What is not named here was added by a later release and says nothing to this one. */
const headerSchema = z.object({
  format: z.literal(1),
  tool: z.object({ version: z.string(), moduleHash: z.string() }),
  file: z.string(),
  scenario: z.string(),
  includes: z.record(z.string(), z.string()),
  seed: word,
  schedule: z.enum(["fixed", "seeded", "recorded"]),
  choices: z.array(word),
  defects: z.array(z.string()),
  served: served.optional(),
  drivers: z.array(z.object({ file: z.string(), digest: z.string() })),
  digests: z.object(Object.fromEntries(traceLayers.map((layer) => [layer, digest])) as Record<TraceLayer, typeof digest>),
  traceDigest: digest,
});

/** @throws TraceFileError */
export function headerOf(bytes: Uint8Array, at: number): TraceHeader {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new TraceFileError(at, "the header is no JSON");
  }
  const { data, error } = headerSchema.safeParse(value);
  if (data !== undefined) return data;
  const [first] = error.issues;
  throw new TraceFileError(at, `the header does not fit${first === undefined || first.path.length === 0 ? "" : ` at "${first.path.map(String).join(".").slice(0, 200)}"`}: ${first?.message ?? "it is no object"}`);
}
