// A trace as a file: what a run was made from, and every record it wrote. docs/trace.md is the format.

import type { TraceLayer } from "../sim/trace.ts";

/** What a run is made from: enough to run it again. */
export interface TraceHeader {
  /** Version of the format. */
  readonly format: 1;
  readonly tool: { readonly version: string; readonly moduleHash: string };
  readonly file: string;
  readonly scenario: string;
  /** Texts of included files by the path that the scenario gives. */
  readonly includes: Readonly<Record<string, string>>;
  readonly seed: number;
  readonly schedule: "fixed" | "seeded" | "recorded";
  /** Every choice where more than one task was ready: its index. */
  readonly choices: readonly number[];
  readonly defects: readonly string[];
  readonly drivers: readonly { readonly file: string; readonly digest: string }[];
  readonly digests: Readonly<Record<TraceLayer, string>>;
  readonly traceDigest: string;
}

/** A trace, read. */
export interface TraceFile {
  readonly header: TraceHeader;
  /** Names of the machine's parts by their numbers in records. */
  readonly parts: ReadonlyMap<number, string>;
  /** Texts of the layers above the hardware, by number. */
  readonly strings: readonly string[];
  /** 32-byte records in order. */
  readonly records: Uint32Array;
}
