// A page's store over a run in this very thread: real looks of a real machine, without a worker between.

import { computed, signal } from "@preact/signals";
import type { LiveStatus, Touch, TouchResult } from "../../src/sandbox/live/contract.ts";
import type { Live } from "../../src/sandbox/live/live-run.ts";
import { createLive } from "../../src/sandbox/live/live-run.ts";
import { looks } from "../../src/sandbox/live/looks.ts";
import type { Notice, PageStore, TextPlace, TimeRange } from "../../src/web/store/contract.ts";

/** A store that panels can be shown over, and what moves it. */
export interface PageRun {
  readonly store: PageStore;
  readonly live: Live;
  /** What panels asked the run for, by name. */
  readonly asked: string[];
  /** Tells panels that the run stands elsewhere. */
  moved(): void;
}

/** Opens a scenario and runs it to a place. */
export function pageRun(module: WebAssembly.Module, text: string, to: "start" | "ready" | "end", file = "page.yaml"): PageRun {
  const live = createLive(module, { file, text, includes: {}, seed: 1, schedule: "fixed" });
  live.go({ kind: to }).goOn(() => false);
  const status = signal<LiveStatus | null>(live.status);
  const moment = signal(0);
  const asked: string[] = [];
  const moved = (): void => {
    status.value = live.status;
    moment.value++;
  };
  const touch = (given: Touch): TouchResult => {
    const way = live.touch(given);
    for (;;) {
      const result = way.goOn(() => false);
      if (result !== null) return result;
    }
  };
  const store: PageStore = {
    document: signal({ file, text, includes: {}, seed: 1, schedule: "fixed" as const }), findings: signal([]), opened: signal(null), isChanged: computed(() => false), place: signal<TextPlace | null>(null),
    status, moment, pace: signal(null), death: signal(null), range: signal<TimeRange | null>(null), part: signal<string | null>(null), record: signal<number | null>(null),
    shown: signal({ left: "", main: "", side: "", bottom: "" }), asked: signal(null), theme: signal("system" as const), notice: signal<Notice | null>(null),
    reset: () => Promise.resolve(true), run: () => Promise.resolve(), pause: () => Promise.resolve(),
    go: (target) => {
      asked.push(`go ${JSON.stringify(target)}`);
      const arrival = live.go(target).goOn(() => false);
      moved();
      return Promise.resolve(arrival);
    },
    touch: (given) => {
      const result = touch(given);
      moved();
      return Promise.resolve(result);
    },
    complete: () => Promise.resolve([]),
    look: (name, question) => {
      asked.push(`look ${name}`);
      // What goes through a worker is cloned; what cannot be would fail there.
      return Promise.resolve(structuredClone((looks[name] as unknown as (live: Live, question: unknown) => never)(live, question)));
    },
    ask: () => Promise.resolve(undefined), openFile: () => Promise.resolve(), openScenario: () => Promise.resolve(), traceFile: () => Promise.resolve(null), restart: () => Promise.resolve(),
    show: (panel) => void asked.push(`show ${panel}`), hear: () => () => undefined,
  };
  return { store, live, asked, moved };
}
