// The store of a page: signals of its panels, and the one hand on the worker. Nothing here throws to a panel; what goes wrong is told in a notice.

import { batch, computed, effect, signal, untracked } from "@preact/signals";
import type { Arrival, LiveInput, LiveStatus, LiveUpdate, Pace, Target, Touch, TouchResult } from "../../sandbox/live/contract.ts";
import type { Finding } from "../../scenario/lint.ts";
import type { PlacedProblem } from "../../scenario/problem.ts";
import { WorkerDiedError } from "../../../workers/lifeline.ts";
import type { Opened } from "../../../workers/page-contract.ts";
import type { PageWorker } from "../../../workers/page-client.ts";
import type { Document, Notice, PageStore, PanelId, TextPlace, TimeRange } from "./contract.ts";
import { documentOf, emptyDocument, findingsOf, inputOf, isSameInput, isSameRun, isTrace, largestTrace, textOf } from "./document.ts";
import { throttled } from "./throttle.ts";

/** Milliseconds between two looks of the panels while the run moves, at least and at most. */
const momentWait = 100;
const longestMomentWait = 1000;
/** The run gets at least so many times as long as what the panels look at between. */
const runShare = 4;
/** Milliseconds of quiet in the editor before its text is checked; of a text that was just opened, whose run comes first. */
const checkWait = 250;
const openedCheckWait = 1000;
/** How often the check of such a text waits once more while its run is under way. */
const openedCheckPatience = 3;
/** Bytes of a scenario that the page takes; the loader's own limit is lower. */
const largestText = 4 * 2 ** 20;

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What the actions share. Made once for each store. */
function createState() {
  const document = signal<Document>(emptyDocument);
  const opened = signal<LiveInput | null>(null);
  return {
    document,
    opened,
    findings: signal<readonly Finding[]>([]),
    isChanged: computed(() => opened.value === null || !isSameRun(document.value, opened.value)),
    place: signal<TextPlace | null>(null),
    status: signal<LiveStatus | null>(null),
    moment: signal(0),
    pace: signal<Pace>(null),
    death: signal<string | null>(null),
    range: signal<TimeRange | null>(null),
    part: signal<string | null>(null),
    record: signal<number | null>(null),
    shown: signal<Readonly<Record<"left" | "main" | "side" | "bottom", PanelId>>>({ left: "", main: "", side: "", bottom: "" }),
    asked: signal<{ readonly panel: PanelId } | null>(null),
    theme: signal<"system" | "light" | "dark">("system"),
    notice: signal<Notice | null>(null),
  };
}

/** `startWorker`: also called again after a death. `areaOf`: where a panel stands, for `show`. */
export function createStore(startWorker: () => PageWorker, areaOf: (panel: PanelId) => "left" | "main" | "side" | "bottom" | undefined = () => undefined): PageStore {
  const state = createState();
  const listeners = new Set<(update: LiveUpdate) => void>();
  let recorded: LiveInput | null = null;
  /** Where the run is on its way to; null: it stands, or something done by hand moves it. */
  let way: { readonly target: Target } | null = null;
  /** The document is being replaced, not edited. */
  let isOpening = false;
  let newest: LiveStatus | null = null;
  /** The worker's run is of a text that is no longer there: nothing of it is shown. */
  let isLeft = false;

  /** Looks under way, and the longest of those since the last moment, in milliseconds. */
  let looking = 0;
  let lookTime = 0;
  const settle = throttled(
    () => Math.max(momentWait, Math.min(longestMomentWait, lookTime * runShare)),
    () => {
      lookTime = 0;
      batch(() => {
        state.status.value = newest;
        state.moment.value++;
      });
    },
    () => looking > 0,
  );
  const heard = (status: LiveStatus): void => {
    if (isLeft) return;
    newest = status;
    if (status.isMoving && state.status.peek()?.isMoving === true) settle.call();
    else settle.now();
  };
  const problem = (text: string): void => {
    state.notice.value = { kind: "problem", text };
  };

  let worker = startWorker();
  const join = (started: PageWorker): void => {
    started.lifeline.onDeath((error) => {
      if (started !== worker) return;
      newest = null;
      settle.now();
      state.death.value = error.message;
    });
    const listening = started.listen((update) => {
      if (started !== worker) return;
      if (update.kind === "status") heard(update.status);
      for (const listener of listeners) listener(update);
    });
    // Its death is told once, above.
    listening.catch(() => undefined);
  };
  join(worker);

  /** What a call of the worker gives; undefined: it died on the way, or the call failed, and the reader is told: by `tell`, where that has a place of its own. */
  const called = async <T>(work: (host: PageWorker["host"]) => Promise<T>, tell: (reason: string) => void = problem): Promise<T | undefined> => {
    const { lifeline, host } = worker;
    if (lifeline.death !== null) return undefined;
    try {
      return await lifeline.during(work(host));
    } catch (error) {
      if (!(error instanceof WorkerDiedError)) tell(wordsOf(error));
      return undefined;
    }
  };

  /** What hinders a run, with the way to its line where that is in the editor. */
  const tellProblems = (problems: readonly PlacedProblem[], { file }: LiveInput): void => {
    state.findings.value = findingsOf(problems);
    const [first] = problems;
    if (first === undefined) return;
    const { line, column, message } = first;
    const more = problems.length === 1 ? "" : ` (and ${problems.length - 1} more)`;
    const show = (): void => {
      store.show("editor");
      state.place.value = { line, column };
    };
    state.notice.value = { kind: "problem", text: `The scenario cannot be run. ${first.file === file ? "Line" : `${first.file}, line`} ${line}: ${message}${more}`, ...(first.file === file ? { action: { label: "Show the line", run: show } } : {}) };
  };

  const taken = (answer: Opened | undefined, input: LiveInput): boolean => {
    // Something else was opened meanwhile: that is told of, and this no more.
    if (answer === undefined || (answer.kind !== "open" && !isSameRun(state.document.peek(), input))) return false;
    if (answer.kind === "refused") problem(answer.reason);
    if (answer.kind === "problems") tellProblems(answer.problems, input);
    if (answer.kind !== "open") return false;
    isLeft = false;
    batch(() => {
      state.opened.value = answer.trace?.input ?? input;
      state.range.value = null;
      state.record.value = null;
      heard(answer.status);
    });
    return true;
  };

  /** The run that is being opened. */
  let opening: { readonly input: LiveInput; readonly isOpen: Promise<boolean> } | null = null;
  const reset = async (): Promise<boolean> => {
    const input = inputOf(state.document.peek(), recorded);
    // Asked for once more before it is there, as by Run beside a scenario that was just chosen: it is the same fresh run.
    if (opening !== null && isSameInput(opening.input, input)) return opening.isOpen;
    const own = { input, isOpen: called((host) => host.open(input)).then((answer) => taken(answer, input)) };
    opening = own;
    try {
      return await own.isOpen;
    } finally {
      if (opening === own) opening = null;
    }
  };

  /** The run before ends, and nothing of it stays on the page. */
  const leave = (): void => {
    if (state.status.peek()?.isMoving === true) void called((host) => host.pause());
    isLeft = true;
    newest = null;
    batch(() => {
      state.opened.value = null;
      state.range.value = null;
      state.record.value = null;
      settle.now();
    });
  };

  const go = async (next: Target): Promise<Arrival> => {
    if (state.status.peek() === null) return "missed";
    const own = { target: next };
    way = own;
    const moved = await called((host) => host.go(next, state.pace.peek()));
    if (way === own) way = null;
    // It broke off, and why is told: nobody is to say that there is no such place.
    if (moved === undefined) return "paused";
    heard(moved.status);
    return moved.arrival;
  };

  const touch = async (given: Touch): Promise<TouchResult> => {
    if (state.status.peek() === null) return { kind: "refused", reason: "there is no run" };
    way = null;
    let reason = "the machine's worker has ended";
    return (await called((host) => host.touch(given), (told) => (reason = told))) ?? { kind: "refused", reason };
  };

  const isReady = async (): Promise<boolean> => (state.isChanged.peek() || state.status.peek() === null ? reset() : true);

  const store: PageStore = {
    ...state,
    reset,
    run: async () => {
      if (await isReady()) await go({ kind: "end" });
    },
    pause: async () => {
      const status = await called((host) => host.pause());
      if (status !== undefined) heard(status);
    },
    go,
    touch,
    complete: async (line) => (await called((host) => host.complete(line))) ?? [],
    look: async (name, question) => {
      if (state.status.peek() === null) return undefined;
      const from = performance.now();
      looking++;
      try {
        return await called((host) => host.look(name, question));
      } finally {
        looking--;
        lookTime = Math.max(lookTime, performance.now() - from);
      }
    },
    ask: (name, question) => called((host) => host.ask(name, question)),
    openFile: async (name, bytes) => {
      if (isTrace(bytes)) return openTrace(name, bytes);
      const text = bytes.length > largestText ? undefined : textOf(bytes);
      if (text === undefined || text.includes("\0")) return problem(`${name} is neither a scenario (YAML, UTF-8, up to 4 MiB) nor a trace`);
      return store.openScenario(name, text);
    },
    openScenario: async (file, text, includes = {}) => {
      recorded = null;
      const isOther = file !== state.document.peek().file;
      isOpening = true;
      state.document.value = { ...state.document.peek(), file, text, includes };
      isOpening = false;
      if (!(await reset()) && isOther && state.document.peek().text === text) leave();
    },
    traceFile: async () => (state.status.peek() === null ? null : ((await called((host) => host.traceFile())) ?? null)),
    restart: async () => {
      const old = worker;
      worker = startWorker();
      join(worker);
      isLeft = false;
      opening = null;
      state.death.value = null;
      void old.close();
      await reset();
    },
    show: (panel) => {
      const area = areaOf(panel);
      if (area === undefined) return;
      batch(() => {
        state.shown.value = { ...state.shown.peek(), [area]: panel };
        state.asked.value = { panel };
      });
    },
    hear: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };

  const openTrace = async (name: string, bytes: Uint8Array): Promise<void> => {
    if (bytes.length > largestTrace) return problem(`${name} is larger than 512 MiB; look into it with cxl-sandbox trace`);
    const answer = await called((host) => host.openTrace(bytes));
    if (answer?.kind !== "open" || answer.trace === null) {
      if (answer?.kind === "problems") problem(`${name}: its scenario cannot be run here: ${answer.problems[0]?.message ?? ""}`);
      if (answer?.kind === "refused") problem(`${name}: ${answer.reason}`);
      return;
    }
    recorded = answer.trace.input;
    state.document.value = documentOf(recorded);
    taken(answer, recorded);
  };

  const check = async (): Promise<void> => {
    const { file, text, includes } = state.document.peek();
    const findings = await called((host) => host.ask("check", { file, text, includes }));
    if (findings !== undefined && state.document.peek().text === text) state.findings.value = findings;
  };
  let checking: ReturnType<typeof setTimeout> | undefined;
  const checkBehindRun = (patience: number): void => {
    if (patience > 0 && (way !== null || opening !== null)) checking = setTimeout(checkBehindRun, openedCheckWait, patience - 1);
    else void check();
  };
  effect(() => {
    const isNone = state.document.value === emptyDocument;
    clearTimeout(checking);
    if (!isNone) checking = isOpening ? setTimeout(checkBehindRun, openedCheckWait, openedCheckPatience) : setTimeout(() => void check(), checkWait);
  });
  // A run under way goes on at the new pace.
  effect(() => {
    void state.pace.value;
    untracked(() => {
      if (way !== null) void go(way.target);
    });
  });
  return store;
}
