// What lives inside a worker: the module, compiled once, and one run at a time. Exposed through Comlink by node.ts and browser.ts.

import type { RunInput, RunProgress } from "../src/sandbox/contract.ts";
import { loadModule } from "../src/sandbox.ts";
import type { FinishedRun } from "./slices.ts";
import { runInSlices } from "./slices.ts";

/** Milliseconds of wall time between two looks at the messages. */
const slice = 8;

export interface WorkerHost {
  run(input: RunInput, onProgress: (progress: RunProgress) => void): Promise<FinishedRun>;
  cancel(): void;
}

export function createWorkerHost(): WorkerHost {
  const loading = loadModule();
  let isCancelled = false;
  return {
    run: async (input, onProgress) => {
      const { module } = await loading;
      isCancelled = false;
      return runInSlices(module, input, { slice, isCancelled: () => isCancelled, onProgress });
    },
    cancel: () => {
      isCancelled = true;
    },
  };
}
