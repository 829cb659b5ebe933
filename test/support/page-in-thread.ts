// The page's worker in this very thread, for tests of panels over a real run: what they look at is what the engine gives.

import type { LiveInput } from "../../src/sandbox/live/contract.ts";
import type { Live } from "../../src/sandbox/live/live-run.ts";
import { createLive } from "../../src/sandbox/live/live-run.ts";
import { looks } from "../../src/sandbox/live/looks.ts";
import type { LookName } from "../../src/sandbox/live/looks.ts";
import { services } from "../../src/sandbox/live/services.ts";
import type { ServiceName } from "../../src/sandbox/live/services.ts";
import { ScenarioFileError } from "../../src/scenario/problem.ts";
import type { PageWorker } from "../../workers/page-client.ts";

type AnyLook = (live: Live, question: unknown) => unknown;
type AnyService = (module: WebAssembly.Module, question: unknown) => Generator<undefined, unknown, undefined>;

function toEnd<T>(work: Generator<undefined, T, undefined>): T {
  let next = work.next();
  while (next.done !== true) next = work.next();
  return next.value;
}

/** Going back, touches and traces are the engine's own tests' matter: here a run goes forward. */
export function inThreadWorker(module: WebAssembly.Module): PageWorker {
  let live: Live | null = null;
  const run = (): Live => {
    if (live === null) throw new Error("no run is open");
    return live;
  };
  const host = {
    open: (input: LiveInput) => {
      try {
        live = createLive(module, input);
        return Promise.resolve({ kind: "open", status: live.status, trace: null });
      } catch (error) {
        if (!(error instanceof ScenarioFileError)) throw error;
        return Promise.resolve({ kind: "problems", problems: error.problems });
      }
    },
    go: (target: Parameters<Live["go"]>[0]) => Promise.resolve({ arrival: run().go(target).goOn(() => false), status: run().status }),
    pause: () => Promise.resolve(run().status),
    touch: () => Promise.resolve({ kind: "refused", reason: "this run is not touched" }),
    look: (name: LookName, question: unknown) => Promise.resolve(structuredClone((looks[name] as unknown as AnyLook)(run(), question))),
    ask: (name: ServiceName, question: unknown) => Promise.resolve(structuredClone(toEnd((services[name] as unknown as AnyService)(module, question)))),
  };
  return {
    host: host as unknown as PageWorker["host"],
    lifeline: { death: null, during: (work) => work, onDeath: () => undefined, end: () => Promise.resolve() },
    listen: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}
