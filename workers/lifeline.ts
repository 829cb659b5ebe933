// The life of a worker seen from outside, in Node and in browsers: when it ends, whatever still waits for it rejects.

/** The worker ended, or was closed, before it answered. */
export class WorkerDiedError extends Error {
  constructor(reason: string) {
    super(`the worker died: ${reason}`);
    this.name = "WorkerDiedError";
  }
}

/** As much of a worker as both environments have: events by `addEventListener` (browsers) or by `on` (Node). */
export interface AnyWorker {
  postMessage(message: unknown): void;
  terminate(): unknown;
  addEventListener?(type: string, listener: (event: Event) => void): void;
  on?(type: string, listener: (...values: unknown[]) => void): unknown;
}

export interface Lifeline {
  /** Why it ended; null while it lives. */
  readonly death: WorkerDiedError | null;
  /** What `work` comes to, or a rejection when the worker ends first. @throws WorkerDiedError */
  during<T>(work: Promise<T>): Promise<T>;
  /** Called once, when it ends. */
  onDeath(listener: (error: WorkerDiedError) => void): void;
  /** Ends it now; what waits rejects with `reason`. */
  end(reason: string): Promise<void>;
}

const reasonOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

const messageOf = (event: Event): string => ("message" in event && typeof event.message === "string" && event.message !== "" ? event.message : "its script could not be loaded");

function listen(worker: AnyWorker, fail: (reason: string) => void): void {
  if (worker.on !== undefined) {
    worker.on("error", (error) => fail(reasonOf(error)));
    worker.on("exit", (code) => fail(`exit code ${String(code)}`));
    worker.on("messageerror", (error) => fail(reasonOf(error)));
    return;
  }
  // A browser tells of an error that nobody caught, and of a script that did not load; not of an end (see `watchLock`).
  worker.addEventListener?.("error", (event) => fail(messageOf(event)));
  worker.addEventListener?.("messageerror", () => fail("a message could not be read"));
}

export function lifelineOf(worker: AnyWorker): Lifeline {
  let death: WorkerDiedError | null = null;
  const listeners = new Set<(error: WorkerDiedError) => void>();
  const fail = (reason: string): void => {
    if (death !== null) return;
    death = new WorkerDiedError(reason);
    for (const listener of listeners) listener(death);
    listeners.clear();
  };
  listen(worker, fail);
  return {
    get death() {
      return death;
    },
    during: (work) =>
      new Promise((resolve, reject) => {
        if (death !== null) return reject(death);
        listeners.add(reject);
        work.then(resolve, reject).finally(() => listeners.delete(reject));
      }),
    onDeath: (listener) => {
      if (death === null) listeners.add(listener);
      else listener(death);
    },
    end: async (reason) => {
      fail(reason);
      await worker.terminate();
    },
  };
}

/** The part of the Web Locks API that is used here. */
interface Locks {
  request(name: string, work: () => Promise<void> | void): Promise<unknown>;
}

const locksOf = (): Locks | undefined => (globalThis.navigator as { readonly locks?: Locks } | undefined)?.locks;

/**
 * Inside a browser's worker: holds a lock for as long as the worker lives, and gives its name once it is held. The browser gives the lock on when the
 * worker ends, however it ended. Null where there are no locks (pages that are not secure contexts).
 */
export function holdLock(): Promise<string | null> {
  const locks = locksOf();
  if (locks === undefined) return Promise.resolve(null);
  const name = `cxl-sandbox worker ${crypto.randomUUID()}`;
  return new Promise((resolve) => {
    void locks.request(name, () => {
      resolve(name);
      return new Promise<void>(() => undefined);
    });
  });
}

/** Outside: getting the worker's lock means that the worker is gone. */
export function watchLock(name: string, lifeline: Lifeline): void {
  void locksOf()?.request(name, () => void lifeline.end("it ended"));
}
