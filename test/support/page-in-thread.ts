// The page's worker in this very thread, for tests of panels over a real run: the worker's own host, without a worker between.

import type { PageWorker } from "../../workers/page-client.ts";
import { createPageHost } from "../../workers/page-host.ts";

/** It never dies; deaths are the matter of tests with real workers. */
export function inThreadWorker(module: WebAssembly.Module): PageWorker {
  const host = createPageHost(Promise.resolve({ module, tool: { version: "0.0.0", moduleHash: "" } }));
  return {
    host,
    lifeline: { death: null, during: (work) => work, onDeath: () => undefined, end: () => Promise.resolve() },
    listen: (hear) => Promise.resolve(host.listen(hear)),
    close: () => Promise.resolve(),
  };
}
