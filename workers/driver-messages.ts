// What the command and the process of a contained run say to each other. A message without the token is not ours: a driver posted it.

import type { WatchRecord } from "../src/sandbox/contained/watch.ts";
import type { RunInput, RunProgress } from "../src/sandbox/contract.ts";
import type { DriverEnding } from "../src/scenario/result.ts";
import type { FinishedRun } from "./slices.ts";

/** A driver's file, found and looked at, as the process is told of it. */
export interface DriverSource {
  /** As the scenario or the command line names it. */
  readonly file: string;
  /** What is imported, or read where it is a wasm module: the file itself, or what was made of a .ts. */
  readonly url: string;
  readonly kind: "module" | "wasm";
  /** Its text has the name of this package. */
  readonly namesUs: boolean;
  readonly digest: string;
  /** What stands at `url` is that file itself, not what was made of it. */
  readonly isFile: boolean;
  readonly parameters: Readonly<Record<string, string>>;
}

export type ToProcess =
  /** Load the drivers and nothing else: are they any? */
  | { readonly kind: "load"; readonly drivers: readonly DriverSource[] }
  | { readonly kind: "run"; readonly drivers: readonly DriverSource[]; readonly input: RunInput; readonly steps: number };

export type FromProcess =
  /** It has loaded what is ours and waits for what it is to do. */
  | { readonly kind: "ready" }
  | { readonly kind: "loaded" }
  /** Where `isSyntax`, the place follows on standard error. */
  | { readonly kind: "not-loaded"; readonly file: string; readonly message: string; readonly isSyntax: boolean }
  | { readonly kind: "progress"; readonly progress: RunProgress }
  | { readonly kind: "done"; readonly finished: FinishedRun }
  | { readonly kind: "ended"; readonly ending: DriverEnding; readonly detail: string; readonly record: WatchRecord }
  /** Not the driver's doing. */
  | { readonly kind: "error"; readonly message: string };

/** The descriptor of the file that holds the last WatchRecord, in the process and as handed to it. */
export const recordDescriptor = 4;
/** Bytes of that file: one record as JSON, filled up with blanks. */
export const recordSize = 4096;
/** Environment variable with the token. */
export const tokenName = "CXL_SANDBOX_DRIVER_TOKEN";
