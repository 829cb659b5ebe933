// Cells of a comparison spread over workers, or done in this thread: results in order of the input, whatever was done first.

import type { CellFacts } from "../src/scenario/comparison.ts";
import type { CellInput } from "../src/sandbox.ts";
import { startWorker } from "./client.ts";
import type { WorkerClient } from "./client.ts";
import { scoreInSlices } from "./slices.ts";

export interface PoolControl {
  /** Workers; 0: this thread. */
  readonly jobs: number;
  readonly module: WebAssembly.Module;
  readonly signal: AbortSignal;
  /** Called after each cell with the number of those that are done. */
  readonly onDone: (done: number) => void;
}

/** Milliseconds between two looks at the messages. */
const slice = 8;

async function overWorkers(inputs: readonly CellInput[], control: PoolControl): Promise<CellFacts[]> {
  const facts: CellFacts[] = [];
  const workers: WorkerClient[] = Array.from({ length: Math.min(control.jobs, inputs.length) }, () => startWorker());
  let next = 0;
  let done = 0;
  control.signal.addEventListener("abort", () => {
    for (const worker of workers) void worker.cancel();
  });
  const work = async (worker: WorkerClient): Promise<void> => {
    while (next < inputs.length && !control.signal.aborted) {
      const index = next++;
      const input = inputs[index];
      if (input === undefined) return;
      facts[index] = await worker.score(input);
      control.onDone(++done);
    }
  };
  try {
    await Promise.all(workers.map(work));
  } finally {
    await Promise.all(workers.map((worker) => worker.close()));
  }
  return facts;
}

/** Facts of every cell, in order; fewer when it was cancelled. @throws WorkerDiedError, CancelledError, or what a cell threw */
export async function scoreAll(inputs: readonly CellInput[], control: PoolControl): Promise<CellFacts[]> {
  if (control.jobs > 0) return overWorkers(inputs, control);
  const facts: CellFacts[] = [];
  for (const input of inputs) {
    facts.push(await scoreInSlices(control.module, input, { slice, isCancelled: () => control.signal.aborted }));
    control.onDone(facts.length);
  }
  return facts;
}
