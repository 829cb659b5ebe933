// What lives inside a worker: the module, compiled once, and one run at a time. Exposed through Comlink by node.ts and browser.ts.

import type { RunInput, RunProgress } from "../src/sandbox/contract.ts";
import type { CellInput, SeedResult, VerdictInput } from "../src/sandbox.ts";
import { loadModule } from "../src/sandbox.ts";
import type { CellFacts } from "../src/scenario/comparison.ts";
import type { FinishedRun } from "./slices.ts";
import { assessInSlices, runInSlices, scoreInSlices } from "./slices.ts";

/** Milliseconds of wall time between two looks at the messages. */
const slice = 8;

export interface WorkerHost {
  /** Who is told of progress between two slices, of every run from now on. */
  listen(onProgress: (progress: RunProgress) => void): void;
  run(input: RunInput): Promise<FinishedRun>;
  score(input: CellInput): Promise<CellFacts>;
  assess(input: VerdictInput): Promise<SeedResult>;
  cancel(): void;
}

/** `given`: the module, where whoever started the worker has it compiled. */
export function createWorkerHost(given?: WebAssembly.Module): WorkerHost {
  const loading = given === undefined ? loadModule().then(({ module }) => module) : Promise.resolve(given);
  let isCancelled = false;
  let onProgress: (progress: RunProgress) => void = () => undefined;
  return {
    listen: (listener) => {
      onProgress = listener;
    },
    run: async (input) => {
      const module = await loading;
      isCancelled = false;
      return runInSlices(module, input, { slice, isCancelled: () => isCancelled, onProgress });
    },
    score: async (input) => {
      const module = await loading;
      isCancelled = false;
      return scoreInSlices(module, input, { slice, isCancelled: () => isCancelled });
    },
    assess: async (input) => {
      const module = await loading;
      isCancelled = false;
      return assessInSlices(module, input, { slice, isCancelled: () => isCancelled });
    },
    cancel: () => {
      isCancelled = true;
    },
  };
}
