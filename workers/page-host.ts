// The worker's side of the page: one live run, moved in slices, so that every other call is answered meanwhile. Wall time is known here alone.

import { transfer } from "comlink";
import { OutOfInstancesError } from "../src/hardware/machine.ts";
import type { Arrival, LiveInput, LiveStatus, LiveUpdate, Pace, Target, Touch, TouchResult } from "../src/sandbox/live/contract.ts";
import type { Live, LiveOptions } from "../src/sandbox/live/live-run.ts";
import { createLive } from "../src/sandbox/live/live-run.ts";
import type { LookAnswer, LookName, LookQuestion } from "../src/sandbox/live/looks.ts";
import { liveInputOf, openLiveTrace } from "../src/sandbox/live/opened-trace.ts";
import { loadRarePrograms } from "../src/sandbox/live/rare-programs.ts";
import type { ServiceAnswer, ServiceName, ServiceQuestion } from "../src/sandbox/live/services.ts";
import { isSameTool } from "../src/sandbox/replay.ts";
import { ScenarioFileError } from "../src/scenario/problem.ts";
import type { TraceFile, TraceTool } from "../src/scenario/trace/file.ts";
import { TraceFileError, decodeTrace, encodeTrace } from "../src/scenario/trace/file.ts";
import type { Moved, Opened, PageHost } from "./page-contract.ts";
import { loadExpressions, mayWantExpressions } from "./page-expressions.ts";
import { buffersIn } from "./page-transfer.ts";
import { afterThisTurn } from "./turn.ts";

/** Milliseconds of wall time between two looks at the messages. */
const slice = 8;
/** Milliseconds between two tellings of the status, and before the first: what is over sooner is told once, when it is. */
const tellEvery = 50;
/** Milliseconds that a paced run waits at most before it looks again. */
const longestWait = 50;

const nextTurn = (): Promise<void> => new Promise(afterThisTurn);
const later = (milliseconds: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, milliseconds));
const overAt = (end: number): (() => boolean) => () => performance.now() >= end;

/** Fetches what the programs named in these texts are made of, where that is not here from the start. */
async function toolsFor(texts: readonly string[]): Promise<void> {
  await Promise.all([mayWantExpressions(texts) ? loadExpressions() : null, loadRarePrograms(texts)]);
}

/** What the host is made of. */
export interface PageParts {
  readonly module: WebAssembly.Module;
  readonly tool: TraceTool;
}

/** What is told of a trace that was opened; null: it was a scenario. */
type OpenedAs = Extract<Opened, { readonly kind: "open" }>["trace"];
type Make = (parts: PageParts, options: LiveOptions, input: LiveInput) => { readonly live: Live; readonly trace: OpenedAs };

/** Text of bytes as characters, as programs print it; what the sandbox says itself may have others. */
const isBytes = (text: string): boolean => !/[^\0-\u00ff]/.test(text);

class Host implements Omit<PageHost, "lock"> {
  readonly #parts: Promise<PageParts>;
  /** Fetched beside the run: what is looked at first is there when the run is. */
  readonly #looks = import("../src/sandbox/live/looks-first.ts");
  #live: Live | null = null;
  #hear: (update: LiveUpdate) => unknown = () => undefined;
  /** Counts the commands that move the run: the newest one counts. */
  #command = 0;
  #opening = 0;
  #told = 0;
  /** Printed, and not told yet. */
  #printed: { readonly stream: "out" | "err"; text: string }[] = [];

  constructor(parts: Promise<PageParts>) {
    this.#parts = parts;
    // Told to who calls, each time.
    parts.catch(() => undefined);
    this.#looks.catch(() => undefined);
  }

  async tool(): Promise<TraceTool> {
    return (await this.#parts).tool;
  }

  listen(hear: (update: LiveUpdate) => void): void {
    this.#hear = hear;
  }

  open(input: LiveInput): Promise<Opened> {
    return this.#replace(() => input, ({ module }, options) => ({ live: createLive(module, input, options), trace: null }));
  }

  openTrace(bytes: Uint8Array): Promise<Opened> {
    let file: TraceFile | null = null;
    const read = ({ tool }: PageParts): LiveInput => liveInputOf((file = decodeTrace(bytes)), tool);
    return this.#replace(read, ({ module, tool }, options, input) => {
      if (file === null) throw new Error("the trace was not read");
      const live = openLiveTrace(module, file, tool, options);
      return { live, trace: { input, records: live.trace.length, tool: file.header.tool, isSameTool: isSameTool(file, tool) } };
    });
  }

  /** Above those of every run before it, also of workers that have ended: what the page keeps of records is told apart by it. */
  #nextGeneration(): number {
    return Math.max((this.#live?.status.generation ?? 0) + 1, Math.floor(performance.timeOrigin + performance.now()));
  }

  /** Another run in place of the one before; where it cannot be made, that one stays. */
  async #replace(read: (parts: PageParts) => LiveInput, make: Make): Promise<Opened> {
    const parts = await this.#parts;
    const opening = ++this.#opening;
    try {
      const input = read(parts);
      await toolsFor([input.text, ...Object.values(input.includes)]);
      if (opening !== this.#opening) return { kind: "refused", reason: "something else was asked for meanwhile" };
      const { live, trace } = make(parts, { tell: (stream, text) => this.#print(stream, text), generation: this.#nextGeneration() }, input);
      this.#command++;
      this.#live?.stop();
      this.#live = live;
      this.#printed = [];
      return { kind: "open", status: live.status, trace };
    } catch (thrown) {
      if (thrown instanceof ScenarioFileError) return { kind: "problems", problems: thrown.problems };
      if (thrown instanceof TraceFileError || thrown instanceof OutOfInstancesError) return { kind: "refused", reason: thrown.message };
      throw thrown;
    }
  }

  async go(target: Target, pace: Pace): Promise<Moved> {
    const live = this.#need();
    const command = ++this.#command;
    const way = live.go(target);
    this.#told = performance.now();
    const start = { wall: performance.now(), atNs: live.status.position.atNs };
    for (;;) {
      const until = pace === null ? Number.POSITIVE_INFINITY : start.atNs + (performance.now() - start.wall) * pace;
      const arrival: Arrival = this.#slice(live, (isOver) => way.goOn(isOver, until));
      if (arrival !== "paused") return await this.#moved(live, arrival);
      this.#tellSome(live);
      const ahead = pace === null ? 0 : (live.run.system.hardware.now - until) / pace;
      await (ahead >= 1 ? later(Math.min(ahead, longestWait)) : nextTurn());
      if (command !== this.#command) return { arrival: "paused", status: this.#need().status };
    }
  }

  async pause(): Promise<LiveStatus> {
    const live = this.#need();
    this.#command++;
    live.stop();
    return (await this.#moved(live, "paused")).status;
  }

  async touch(touch: Touch): Promise<TouchResult> {
    const live = this.#need();
    const asked = this.#command;
    if (touch.kind === "line") await toolsFor([touch.line]);
    // It was meant for where the run stood then.
    if (asked !== this.#command) return { kind: "refused", reason: "something else was asked for meanwhile" };
    const command = ++this.#command;
    const way = live.touch(touch);
    this.#told = performance.now();
    for (;;) {
      const result = this.#slice(live, (isOver) => way.goOn(isOver));
      if (result !== null) {
        await this.#moved(live, "there");
        return result;
      }
      this.#tellSome(live);
      await nextTurn();
      if (command !== this.#command) return way.goOn(() => true) ?? { kind: "done", said: "" };
    }
  }

  /** One slice of a way; what throws is not under way any more. */
  #slice<T>(live: Live, goOn: (isOver: () => boolean) => T): T {
    try {
      return goOn(overAt(performance.now() + slice));
    } catch (thrown) {
      live.stop();
      throw thrown;
    }
  }

  async complete(line: string): Promise<readonly string[]> {
    return this.#need().complete(line);
  }

  async look<N extends LookName>(name: N, question: LookQuestion<N>): Promise<LookAnswer<N>> {
    const { firstLooks } = await this.#looks;
    const looks: Readonly<Record<string, unknown>> = Object.hasOwn(firstLooks, name) ? firstLooks : (await import("../src/sandbox/live/looks-more.ts")).moreLooks;
    if (!Object.hasOwn(looks, name)) throw new TypeError(`there is no look "${name}"`);
    const look = looks[name] as (live: Live, asked: LookQuestion<N>) => LookAnswer<N>;
    const answer = look(this.#need(), question);
    return transfer(answer, buffersIn(answer)) as LookAnswer<N>;
  }

  async ask<N extends ServiceName>(name: N, question: ServiceQuestion<N>): Promise<ServiceAnswer<N>> {
    // Not needed for a run: the first screen does not wait for their code.
    const { services } = await import("../src/sandbox/live/services.ts");
    if (!Object.hasOwn(services, name)) throw new TypeError(`there is no service "${name}"`);
    const { module } = await this.#parts;
    const service = services[name] as unknown as (module: WebAssembly.Module, asked: ServiceQuestion<N>) => Generator<undefined, ServiceAnswer<N>, undefined>;
    if ("text" in question) await toolsFor([question.text, ...("includes" in question ? Object.values(question.includes) : [])]);
    const work = service(module, question);
    for (let end = performance.now() + slice; ; ) {
      const { done, value } = work.next();
      if (done === true) return transfer(value, buffersIn(value)) as ServiceAnswer<N>;
      if (performance.now() < end) continue;
      await nextTurn();
      end = performance.now() + slice;
    }
  }

  async traceFile(): Promise<Uint8Array | null> {
    const file = this.#need().traceFile((await this.#parts).tool);
    if (file === null) return null;
    const bytes = encodeTrace(file);
    return transfer(bytes, buffersIn(bytes));
  }

  /** @throws Error there is no run */
  #need(): Live {
    if (this.#live === null) throw new Error("no run is open: open a scenario or a trace first");
    return this.#live;
  }

  #print(stream: "out" | "err", text: string): void {
    const last = this.#printed.at(-1);
    if (last?.stream === stream && isBytes(last.text) === isBytes(text)) last.text += text;
    else this.#printed.push({ stream, text });
  }

  /** Tells what was printed, and the status where it is time. */
  #tellSome(live: Live): void {
    if (performance.now() - this.#told < tellEvery) return;
    this.#told = performance.now();
    this.#flush();
    this.#hear({ kind: "status", status: live.status });
  }

  #flush(): readonly unknown[] {
    return this.#printed.splice(0).map(({ stream, text }) => this.#hear({ kind: "output", stream, text }));
  }

  /** A way is over: everything is told before its answer. */
  async #moved(live: Live, arrival: Arrival): Promise<Moved> {
    const told = this.#flush();
    await Promise.allSettled([...told, this.#hear({ kind: "status", status: live.status })]);
    // Another run may have been opened meanwhile: what is told last is what holds.
    return { arrival, status: this.#need().status };
  }
}

/** @param parts the compiled module, and what it is told as in traces; while they load, calls wait */
export const createPageHost = (parts: Promise<PageParts>): Omit<PageHost, "lock"> => new Host(parts);
