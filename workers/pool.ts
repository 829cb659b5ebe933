// Cells of a comparison, or seeds of a verdict, spread over workers or done in this thread: results in order of the input, whatever was done first.

import type { CellFacts } from "../src/scenario/comparison.ts";
import type { CellInput, SeedResult, VerdictInput } from "../src/sandbox.ts";
import { startWorker } from "./client.ts";
import type { WorkerClient } from "./client.ts";
import { assessInSlices, scoreInSlices } from "./slices.ts";
import type { Control } from "./slices.ts";

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

/** The same work in a worker and in this thread. */
interface Work<Input, Output> {
  readonly there: (worker: WorkerClient, input: Input) => Promise<Output>;
  readonly here: (module: WebAssembly.Module, input: Input, control: Pick<Control, "slice" | "isCancelled">) => Promise<Output>;
}

async function overWorkers<Input, Output>(inputs: readonly Input[], control: PoolControl, { there }: Work<Input, Output>): Promise<Output[]> {
  const facts: Output[] = [];
  const workers: WorkerClient[] = Array.from({ length: Math.min(control.jobs, inputs.length) }, () => startWorker());
  let next = 0;
  let done = 0;
  const cancel = (): void => {
    for (const worker of workers) void worker.cancel();
  };
  control.signal.addEventListener("abort", cancel);
  const work = async (worker: WorkerClient): Promise<void> => {
    while (next < inputs.length && !control.signal.aborted) {
      const index = next++;
      const input = inputs[index];
      if (input === undefined) return;
      facts[index] = await there(worker, input);
      control.onDone(++done);
    }
  };
  try {
    await Promise.all(workers.map(work));
  } finally {
    control.signal.removeEventListener("abort", cancel);
    await Promise.all(workers.map((worker) => worker.close()));
  }
  return facts;
}

async function spread<Input, Output>(inputs: readonly Input[], control: PoolControl, work: Work<Input, Output>): Promise<Output[]> {
  if (control.jobs > 0) return overWorkers(inputs, control, work);
  const facts: Output[] = [];
  for (const input of inputs) {
    facts.push(await work.here(control.module, input, { slice, isCancelled: () => control.signal.aborted }));
    control.onDone(facts.length);
  }
  return facts;
}

/** Facts of every cell, in order; fewer when it was cancelled. @throws WorkerDiedError, CancelledError, or what a cell threw */
export const scoreAll = (inputs: readonly CellInput[], control: PoolControl): Promise<CellFacts[]> => spread(inputs, control, { there: (worker, input) => worker.score(input), here: scoreInSlices });

/** Both sides of every seed, in order; fewer when it was cancelled. @throws WorkerDiedError, CancelledError, or what a seed threw */
export const assessAll = (inputs: readonly VerdictInput[], control: PoolControl): Promise<SeedResult[]> => spread(inputs, control, { there: (worker, input) => worker.assess(input), here: assessInSlices });
