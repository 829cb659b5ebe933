// Workers for the runs of one command: as many as runs are under way. A worker that dies, hangs or throws costs its run and is replaced.

import type { RunInput, RunProgress } from "../src/sandbox/contract.ts";
import type { WorkerClient } from "./client.ts";
import type { FinishedRun } from "./slices.ts";

/** The worker of a run said nothing for too long, and was ended. */
export class RunHungError extends Error {
  constructor(milliseconds: number) {
    super(`no progress for ${milliseconds / 1000} s, so its worker was ended (--hang-timeout)`);
    this.name = "RunHungError";
  }
}

/** Looks at a run that may go by without progress. A stopped computer that goes on has one look before the messages come. */
const looks = 4;
/** Milliseconds that a worker has to load its code, however short the runs' own patience is. */
const startTimeout = 60_000;

export class ScenarioPool {
  readonly #start: () => WorkerClient;
  /** Milliseconds by the wall without a word. */
  readonly #hangTimeout: number;
  readonly #idle: WorkerClient[] = [];
  readonly #busy = new Set<WorkerClient>();

  constructor(start: () => WorkerClient, hangTimeout: number) {
    this.#start = start;
    this.#hangTimeout = hangTimeout;
  }

  /** @throws RunHungError, WorkerDiedError, or what the run threw; its worker is gone then */
  async run(input: RunInput, onProgress: (progress: RunProgress) => void): Promise<FinishedRun> {
    const worker = this.#idle.pop() ?? this.#start();
    this.#busy.add(worker);
    try {
      const finished = await this.#watched(worker, input, onProgress);
      this.#idle.push(worker);
      return finished;
    } catch (error) {
      await worker.close();
      throw error;
    } finally {
      this.#busy.delete(worker);
    }
  }

  async #watched(worker: WorkerClient, input: RunInput, onProgress: (progress: RunProgress) => void): Promise<FinishedRun> {
    let silent = 0;
    let patience = Math.max(this.#hangTimeout, startTimeout);
    let watching: ReturnType<typeof setInterval> | undefined;
    const hung = new Promise<never>((_, reject) => {
      watching = setInterval(() => {
        silent += this.#hangTimeout / looks;
        if (silent >= patience) reject(new RunHungError(patience));
      }, this.#hangTimeout / looks);
    });
    const heard = (progress: RunProgress): void => {
      silent = 0;
      onProgress(progress);
    };
    const begin = (): void => {
      silent = 0;
      patience = this.#hangTimeout;
    };
    worker.ready.then(begin, () => undefined);
    try {
      return await Promise.race([worker.run(input, heard), hung]);
    } finally {
      clearInterval(watching);
    }
  }

  /** Ends the runs under way between two slices; they reject. */
  cancel(): void {
    for (const worker of this.#busy) void worker.cancel();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#idle, ...this.#busy].map((worker) => worker.close()));
  }
}
