// The page's worker from the outside: calls that reject when it dies, and a clean end.

import { proxy, releaseProxy, wrap } from "comlink";
import type { LiveUpdate } from "../src/sandbox/live/contract.ts";
import type { Lifeline } from "./lifeline.ts";
import { lifelineOf, watchLock } from "./lifeline.ts";
import type { PageHost } from "./page-contract.ts";

export interface PageWorker {
  /** Calls may hang when the worker dies: put them into `lifeline.during`. */
  readonly host: Omit<PageHost, "listen" | "lock">;
  readonly lifeline: Lifeline;
  /** Who is told between slices. @throws WorkerDiedError */
  listen(hear: (update: LiveUpdate) => void): Promise<void>;
  close(): Promise<void>;
}

/** Starts the worker; it loads its code and compiles the hardware meanwhile. */
export function startPageWorker(): PageWorker {
  const worker = new Worker(new URL("./page-entry.ts", import.meta.url), { type: "module" });
  const lifeline = lifelineOf(worker);
  const remote = wrap<PageHost>(worker);
  const host = remote as unknown as PageHost;
  let isReleased = false;
  lifeline.during(host.lock()).then((name) => name !== null && watchLock(name, lifeline), () => undefined);
  return {
    host,
    lifeline,
    listen: (hear) => lifeline.during(Promise.resolve(host.listen(proxy(hear)))),
    close: async () => {
      // A second time there is nothing to release.
      if (!isReleased) remote[releaseProxy]();
      isReleased = true;
      await lifeline.end("it was closed");
    },
  };
}
