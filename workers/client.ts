// A Node worker from the outside: runs that settle even when the worker dies, and a clean end.

import { Worker } from "node:worker_threads";
import type { ResourceLimits } from "node:worker_threads";
import { proxy, releaseProxy, wrap } from "comlink";
import type { Remote } from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import type { RunInput, RunProgress } from "../src/sandbox/contract.ts";
import type { CellInput, SeedResult, VerdictInput } from "../src/sandbox.ts";
import type { CellFacts } from "../src/scenario/comparison.ts";
import type { WorkerHost } from "./host.ts";
import { lifelineOf } from "./lifeline.ts";
import type { FinishedRun } from "./slices.ts";

export { WorkerDiedError } from "./lifeline.ts";

export interface WorkerClient {
  /** It has loaded its code and listens. @throws WorkerDiedError */
  readonly ready: Promise<void>;
  /** @throws WorkerDiedError, or what the run threw */
  run(input: RunInput, onProgress?: (progress: RunProgress) => void): Promise<FinishedRun>;
  /** @throws WorkerDiedError, or what the cell threw */
  score(input: CellInput): Promise<CellFacts>;
  /** @throws WorkerDiedError, or what the seed threw */
  assess(input: VerdictInput): Promise<SeedResult>;
  /** Ends the run between two slices; its promise rejects. */
  cancel(): Promise<void>;
  close(): Promise<void>;
}

/** The entry stands beside this file, compiled. */
const entry = new URL(import.meta.url.endsWith(".ts") ? "../dist/workers/node.js" : "./node.js", import.meta.url);

/** `module`: the hardware, compiled; absent: the worker loads it itself. `resourceLimits`: of its heap, beside Node's own. */
export function startWorker(url: URL = entry, module?: WebAssembly.Module, resourceLimits: ResourceLimits = {}): WorkerClient {
  const worker = new Worker(url, { workerData: { module }, resourceLimits });
  const lifeline = lifelineOf(worker);
  const host: Remote<WorkerHost> = wrap<WorkerHost>(nodeEndpoint(worker));
  let hear: (progress: RunProgress) => void = () => undefined;
  // One channel for all runs: each that is made stays open until the garbage collector comes.
  const ready = lifeline.during<void>(host.listen(proxy((progress: RunProgress) => hear(progress))));
  // Who runs something hears of its end all the same.
  ready.catch(() => undefined);
  return {
    ready,
    run: (input, onProgress = () => undefined) => {
      hear = onProgress;
      return lifeline.during(host.run(input));
    },
    score: (input) => lifeline.during(host.score(input)),
    assess: (input) => lifeline.during<SeedResult>(host.assess(input)),
    cancel: async () => {
      await host.cancel();
    },
    close: async () => {
      host[releaseProxy]();
      await lifeline.end("it was closed");
    },
  };
}
