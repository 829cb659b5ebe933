// What lives inside the page's worker: the module, compiled once, and one run.

import type { LiveStatus, LiveUpdate, Pace, Target } from "../src/sandbox/live/contract.ts";
import type { Live } from "../src/sandbox/live/live-run.ts";
import { createLive } from "../src/sandbox/live/live-run.ts";
import { looks } from "../src/sandbox/live/looks.ts";
import { services } from "../src/sandbox/live/services.ts";
import { loadModule } from "../src/hardware/module.ts";
import { ScenarioFileError } from "../src/scenario/problem.ts";
import { holdLock } from "./lifeline.ts";
import type { PageHost } from "./page-contract.ts";
import { loadExpressions, mayWantExpressions } from "./page-expressions.ts";
import { afterThisTurn } from "./turn.ts";

const slice = 8;

export function createPageHost(): PageHost {
  const loading = loadModule().then(({ module }) => module);
  let hear: (update: LiveUpdate) => void = () => undefined;
  let live: Live | null = null;
  let way = 0;
  const status = (): LiveStatus => {
    if (live === null) throw new Error("there is no run");
    return live.status;
  };
  return {
    lock: holdLock,
    tool: () => Promise.resolve({ version: "", moduleHash: "" }),
    listen: (listener) => {
      hear = listener;
    },
    open: async (input) => {
      const module = await loading;
      if (mayWantExpressions([input.text, ...Object.values(input.includes)])) await loadExpressions();
      way++;
      try {
        live = createLive(module, input);
      } catch (error) {
        if (error instanceof ScenarioFileError) return { kind: "problems", problems: error.problems };
        throw error;
      }
      return { kind: "open", status: status(), trace: null };
    },
    openTrace: () => Promise.resolve({ kind: "refused", reason: "traces cannot be opened yet" }),
    go: async (target: Target, _pace: Pace) => {
      if (live === null) throw new Error("there is no run");
      const own = ++way;
      const there = live.go(target);
      for (;;) {
        const end = performance.now() + slice;
        const arrival = there.goOn(() => performance.now() >= end);
        hear({ kind: "status", status: live.status });
        if (arrival !== "paused") return { arrival, status: live.status };
        await new Promise<void>(afterThisTurn);
        if (own !== way) return { arrival: "paused", status: { ...live.status, isMoving: false } };
      }
    },
    pause: () => {
      way++;
      return Promise.resolve({ ...status(), isMoving: false });
    },
    touch: () => Promise.resolve({ kind: "refused", reason: "nothing can be touched yet" }),
    complete: () => Promise.resolve([]),
    look: async (name, question) => {
      if (live === null) throw new Error("there is no run");
      return looks[name](live, question as never) as never;
    },
    ask: async (name, question) => {
      const module = await loading;
      const work = services[name](module, question as never);
      for (;;) {
        const { done, value } = work.next();
        if (done === true) return value as never;
        await new Promise<void>(afterThisTurn);
      }
    },
    traceFile: () => Promise.resolve(null),
  };
}
