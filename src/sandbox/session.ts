// Somebody in front of a running system: lines, one after the other, each one task of the scheduler, in slices (docs/decisions/0006). Time stands
// still between lines. What a line prints is handed out as it is printed.

import type { Task } from "../sim/task.ts";
import { checkTasks, hasReady, isRunning, signal, spawn, waitOf } from "../sim/task.ts";
import type { Wait } from "../sim/task.ts";
import { formatTime } from "../report/console.ts";
import type { ScenarioPlan } from "../scenario/plan.ts";
import { countsFromBoot } from "../scenario/faults/trigger.ts";
import { readAction } from "../scenario/read-action.ts";
import { SystemError } from "../kernel/base/errno.ts";
import { isProbingAtRest } from "../kernel/base/probing.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Output } from "../userland/output.ts";
import { programs } from "../userland/programs.ts";
import type { Program } from "../userland/programs.ts";
import { exitCodes, runLine } from "../userland/run.ts";
import type { Shell } from "../userland/run.ts";
import type { OpenRun } from "./contract.ts";
import type { Injections } from "./injections.ts";
import { createInjections, inject, injectionResults, withPlaces } from "./injections.ts";
import type { Approach, Moment } from "./moment.ts";
import { approach } from "./moment.ts";
import { shellOf } from "./run-shell.ts";
import { openRun } from "./run.ts";
import { evidence, sandboxWords } from "./session-words.ts";
import type { Sandbox, SandboxWord } from "./session-words.ts";
import { isBusy } from "./steps.ts";
import type { TraceReader } from "./trace-reader.ts";
import { createTraceReader } from "./trace-reader.ts";

export interface SessionOptions {
  readonly seed: number;
  readonly schedule: "fixed" | "seeded";
  readonly at: Exclude<Moment, { readonly kind: "end" }>;
  readonly output: Output;
}

/** What a session stands over. */
export interface SessionSeat {
  readonly output: Output;
  /** Reads the run's trace for the word `trace`; absent: the session listens to the trace itself, from now on. */
  readonly trace?: TraceReader;
  /** The way to where the session begins; absent: the run stands there. */
  readonly approach?: Approach;
}

/** `paused`: as asked, call again. `idle`: the command waits and nothing is due that could end that; time stands still. `ended`: the line is over. */
export type Progress = "paused" | "idle" | "ended";

/** A line that runs. What it prints is lost from the moment on that it is left behind. */
interface Running {
  id: number;
  readonly line: string;
  interrupts: number;
  isLeft: boolean;
}

const longestShown = 60;

/** The scenario as it is at a moment: `boot` is before its steps, and before all that counts from ready. */
function planAt(plan: ScenarioPlan, at: Moment): ScenarioPlan {
  if (at.kind !== "boot") return withPlaces(plan);
  return withPlaces({ ...plan, steps: [], workloads: [], faults: plan.faults.filter((fault) => countsFromBoot(plan.faults, fault)) });
}

/** A session over a run of its own, which goes to where the session begins. */
export function openSession(module: WebAssembly.Module, plan: ScenarioPlan, { at, output, ...options }: SessionOptions): Session {
  const run = openRun(module, planAt(plan, at), { ...options, keepTrace: false, isHeld: true });
  return new Session(run, { output, approach: approach(run, at.kind === "boot" ? { kind: "ready" } : at) });
}

export class Session {
  readonly run: OpenRun;
  readonly words: ReadonlyMap<string, SandboxWord>;
  readonly #output: Output;
  readonly #injections: Injections;
  readonly #approach: Approach | null;
  readonly #programs: ReadonlyMap<string, Program>;
  #shell: Shell;
  #running: Running | null = null;
  #isOver = false;
  #isDeathSaid = false;

  constructor(run: OpenRun, seat: SessionSeat) {
    this.run = run;
    this.#output = seat.output;
    this.#approach = seat.approach ?? null;
    this.#injections = createInjections(run.plan, run.system);
    const sandbox: Sandbox = { run, injections: this.#injections, trace: seat.trace ?? createTraceReader(run.system.hardware), leave: (status) => this.#leave(status) };
    this.words = sandboxWords(sandbox);
    this.#programs = new Map([...programs, ...this.words]);
    this.#shell = this.#newShell();
  }

  /** Exit code of the last command. */
  get status(): number {
    return this.#shell.status;
  }

  /** `exit` was said. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The folder that relative paths begin at. */
  get folder(): string {
    return this.#shell.process.folder;
  }

  /** Why the machine does nothing any more; null while it does. */
  get death(): string | null {
    const { end, failure, phase, system } = this.run;
    if (phase !== "done") return null;
    const at = (time: number): string => `${formatTime(Math.max(0, time - Math.max(0, this.run.readyAt)))} after ready`;
    if (end?.kind === "panic") return `the host panicked: ${end.message}`;
    if (end?.kind === "host") return `the host ${end.state === "reset" ? "was reset" : "hangs"}, ${at(system.hardware.now)}`;
    if (end?.kind === "limit") return `the machine is out of ${end.what} (machine.limits)`;
    return failure ?? "the run is over";
  }

  get prompt(): string {
    const { end, phase } = this.run;
    if (phase !== "done") return `root@cxl-sandbox:${this.folder}# `;
    return `(${end?.kind === "panic" ? "panicked" : end?.kind === "host" ? end.state : "stopped"}) cxl-sandbox# `;
  }

  /** Brings the machine to where the session begins. */
  arrive(shouldPause: () => boolean): "there" | "missed" | "paused" {
    const arrival = this.#approach?.goOn(shouldPause) ?? "there";
    if (arrival !== "there") return arrival;
    while (!isProbingAtRest(this.run.system.kernel)) {
      if (this.run.goOn(Number.MAX_SAFE_INTEGER, () => isProbingAtRest(this.run.system.kernel) || shouldPause()) === "done") break;
      if (shouldPause()) return "paused";
    }
    return "there";
  }

  /** Starts a line; the one before it is over. */
  start(line: string): void {
    if (this.#isRunning()) throw new Error("a line is running");
    if (this.run.phase === "done") return this.#runDead(line);
    const running: Running = { id: -1, line, interrupts: 0, isLeft: false };
    const { kernel, scheduler } = this.run.system;
    const shell = this.#shell;
    const output: Output = { out: (text) => void (running.isLeft || this.#output.out(text)), err: (text) => void (running.isLeft || this.#output.err(text)) };
    const body = function* (): Task<void> {
      yield* runLine(kernel, shell, line, output);
    };
    running.id = spawn(scheduler, "shell", body());
    this.#running = running;
  }

  /** Goes on with the line until it ends, or `shouldPause` (asked between steps). */
  goOn(shouldPause: () => boolean): Progress {
    for (;;) {
      const found = this.look();
      if (found === "ended" && this.run.phase !== "done" && !hasReady(this.run.system.scheduler)) checkTasks(this.run.system.kernel.tasks);
      if (found !== "running") return found;
      let isPaused = false;
      const pause = (): boolean => !this.#isRunning() || this.#isIdle() || (isPaused = shouldPause());
      const how = this.run.goOn(Number.MAX_SAFE_INTEGER, pause);
      if (how !== "done" && isPaused && this.#isRunning()) return "paused";
    }
  }

  /** How it is with the line, for whoever drives the run. */
  look(): "running" | "idle" | "ended" {
    if (this.#running !== null && this.run.phase === "done") this.#endDead();
    if (!this.#isRunning()) return "ended";
    return this.#isIdle() ? "idle" : "running";
  }

  /** Injects a fault now, as the word `inject` does; hardware acts on its next advance. Gives the fault's id. @throws ActionError, NoPlaceError */
  inject(action: string): string {
    return inject(this.#injections, readAction(this.run.plan.machine, action));
  }

  /** What became of an injected fault, in words. */
  evidenceOf(id: string): string {
    const result = injectionResults(this.#injections).find((one) => one.id === id);
    return result === undefined ? `${id}: gone` : `${id}: ${evidence(result, this.run)}`;
  }

  /**
   * Ctrl-C. The first is a signal to the command. Where the kernel waits so that no signal reaches it, the second gives what it waits for, and the
   * third leaves the command there, as another terminal would.
   */
  interrupt(): string | null {
    const running = this.#running;
    if (running === null || !this.#isRunning()) return null;
    running.interrupts++;
    const { scheduler } = this.run.system;
    if (running.interrupts === 1) {
      signal(scheduler, running.id);
      return null;
    }
    const wait = waitOf(scheduler, running.id);
    if (running.interrupts === 2) return `the command is in the kernel, where no signal reaches it: ${describeWait(wait)}. Once more leaves it there and gives the prompt back.`;
    this.leaveBehind();
    return `left behind: ${running.line.slice(0, longestShown)}`;
  }

  /** Gives the prompt back while the command stays where it is; it ends when the kernel lets it. */
  leaveBehind(): void {
    const running = this.#running;
    if (running === null) return;
    signal(this.run.system.scheduler, running.id);
    running.isLeft = true;
    this.#running = null;
    this.#shell = this.#newShell(this.folder);
    this.#shell.status = exitCodes.interrupted;
  }

  #newShell(folder = "/"): Shell {
    const shell = shellOf(this.run, this.#programs);
    shell.process.folder = folder;
    return shell;
  }

  #leave(status: number | null): void {
    const asked = status ?? this.#shell.status;
    this.#isOver = true;
    this.#shell = this.#newShell(this.folder);
    this.#shell.status = asked;
  }

  #isRunning(): boolean {
    if (this.#running !== null && !isRunning(this.run.system.scheduler, this.#running.id)) this.#running = null;
    return this.#running !== null;
  }

  /** It waits for somebody to wake it, and nobody will: workloads alone end no wait of a program. */
  #isIdle(): boolean {
    const { system } = this.run;
    return this.#running !== null && waitOf(system.scheduler, this.#running.id)?.kind === "until" && !isBusy(system);
  }

  #endDead(): void {
    this.#running = null;
    this.#shell.status = exitCodes.failure;
    this.#sayDeath();
  }

  #sayDeath(): void {
    if (!this.#isDeathSaid) this.#output.err(`${this.death ?? ""}\nOnly the sandbox's own words still work: ${this.#deadWords().join(", ")}.\n`);
    this.#isDeathSaid = true;
  }

  #deadWords(): string[] {
    return [...this.words].filter(([, word]) => word.worksDead).map(([name]) => name);
  }

  /** A machine that has stopped runs nothing; the sandbox's words that need no time still do. */
  #runDead(line: string): void {
    this.#sayDeath();
    const refused: Program = {
      summary: "",
      // eslint-disable-next-line require-yield
      run: function* ({ output }) {
        output.err("the machine has stopped\n");
        return exitCodes.failure;
      },
    };
    const table = new Map([...this.#programs].map(([name, program]) => [name, this.words.get(name)?.worksDead === true ? program : refused]));
    const body = runLine(this.run.system.kernel, { ...this.#shell, files: stoppedFiles(this.#shell.files), programs: table }, line, this.#output);
    const step = body.next();
    if (step.done !== true) throw new Error("a word of the sandbox waits on a machine that has stopped");
    if (!this.#isOver) this.#shell.status = step.value;
  }
}

/** The files of a machine that answers no more. */
function stoppedFiles(files: FileSystem): FileSystem {
  const fail = (): never => {
    throw new SystemError("EIO");
  };
  return { ...files, exists: () => false, read: fail, list: fail, realpath: fail };
}

function describeWait(wait: Wait | undefined): string {
  if (wait === undefined || wait.kind === "point") return "it is about to go on";
  if (wait.kind === "sleep") return `it waits ${formatTime(wait.nanoseconds)} for hardware`;
  const [what = "", who = ""] = [wait.channel.slice(0, wait.channel.indexOf(":")), wait.channel.slice(wait.channel.indexOf(":") + 1)];
  const words: Readonly<Record<string, string>> = { pins: `pages of ${who} are pinned, and go when the pin is dropped`, lock: `the lock of ${who} is held`, mailbox: `the mailbox of ${who} is in use`, task: "a task of the kernel is to end" };
  return words[what] ?? `it waits for "${wait.channel}"`;
}
