// A Linux model on a library's machine: it boots on the hardware as it stands, and from then on moves the time. Commands and files as at its prompt.

import type { Task } from "../../sim/task.ts";
import { checkTasks, hasReady, isRunning, signal, waitOf } from "../../sim/task.ts";
import { isProbingAtRest } from "../../kernel/base/probing.ts";
import type { Kernel } from "../../kernel/base/kernel.ts";
import { MachineValueError } from "../../scenario/load.ts";
import type { ScenarioPlan } from "../../scenario/plan.ts";
import { changePolicies } from "../../scenario/plan.ts";
import { policies as policyTable } from "../../scenario/policies.ts";
import type { PolicyName, PolicyValues } from "../../scenario/policies.ts";
import { exitCodes, runLine } from "../../userland/run.ts";
import type { Shell } from "../../userland/run.ts";
import type { OpenRun } from "../contract.ts";
import type { Said } from "../faults.ts";
import { spawnGuarded } from "../drive.ts";
import { shellOf } from "../run-shell.ts";
import { openRun } from "../run.ts";
import { isBusy } from "../steps.ts";
import type { Host } from "../system.ts";
import { checkSpan, describeState } from "./clock.ts";
import type { KernelOptions, MachineKernel, RunUntilOptions } from "./contract.ts";
import { checkNames } from "./options.ts";
import { KernelStoppedError, KernelWaitsError, RunUntilError } from "./errors.ts";

const defaultSettle = 1_000_000_000;
const defaultLimit = 10_000_000_000;
const never = (): boolean => false;

/** What the hardware, the platform and firmware were built with stays; only the kernel's own policies can still be chosen. */
function checkOwners(before: PolicyValues, after: PolicyValues): void {
  const built: readonly string[] = ["hardware", "platform", "firmware"];
  const wrong = (Object.keys(before) as PolicyName[]).filter((name) => before[name] !== after[name] && built.includes(policyTable[name].owner));
  if (wrong.length === 0) return;
  throw new MachineValueError(wrong.map((name) => ({ path: ["kernel", "policies", name], message: `"${after[name]}" is the ${policyTable[name].owner}'s, which is built with "${before[name]}"; say it where the machine is made: createMachine({ machine, kernel: { policies: { ${name}: "${after[name]}" } } })` })));
}

/** The machine's plan with the kernel's options; nothing of a scenario but machine, firmware and kernel counts. @throws MachineValueError */
function planWith(plan: ScenarioPlan, { preset, policies }: KernelOptions): ScenarioPlan {
  const values = changePolicies(plan.policies, { ...(preset === undefined ? {} : { preset }), ...(policies === undefined ? {} : { policies }) });
  checkOwners(plan.policies, values);
  return { ...plan, policies: values, steps: [], workloads: [], faults: [], expectations: [] };
}

const optionNames = ["preset", "policies", "drivers", "seed", "schedule"] as const satisfies readonly (keyof KernelOptions)[];
const lastSeed = 0xffff_ffff;

/** @throws RangeError */
function checkOptions(options: KernelOptions): KernelOptions {
  checkNames("attachKernel", options, optionNames);
  const { seed = 0, schedule = "fixed" } = options;
  if (!Number.isInteger(seed) || seed < 0 || seed > lastSeed) throw new RangeError(`attachKernel: a seed is a whole number from 0 to ${lastSeed}, not ${String(seed)}`);
  if (!["fixed", "seeded"].includes(schedule)) throw new RangeError(`attachKernel: schedule is "fixed" or "seeded", not "${String(schedule)}"`);
  return options;
}

export class AttachedKernel implements MachineKernel {
  readonly #run: OpenRun;
  readonly #shell: Shell;
  readonly #check: () => void;

  /** Boots to the end of probing. `check` throws once the machine is disposed. @throws MachineValueError */
  constructor(module: WebAssembly.Module, plan: ScenarioPlan, host: Host, options: KernelOptions, check: () => void) {
    this.#check = check;
    this.#run = openRun(module, planWith(plan, checkOptions(options)), { seed: options.seed ?? 1, schedule: options.schedule ?? "fixed", keepTrace: false, isHeld: true, host, drivers: options.drivers ?? [] });
    this.#run.goOn(Number.MAX_SAFE_INTEGER, () => this.#run.phase === "running" && isProbingAtRest(this.#kernel));
    this.#shell = shellOf(this.#run);
  }

  get #kernel(): Kernel {
    return this.#run.system.kernel;
  }

  /** The kernel itself, for faults in its steps. */
  get inside(): Kernel {
    return this.#kernel;
  }

  /** Texts of the layers above the hardware, for the trace. */
  get strings(): readonly string[] {
    return this.#kernel.trace.strings;
  }

  /** Hears every mark and log line, and every step that is met. */
  hear(listener: (said: Said) => void, reached: (step: string, names: readonly string[]) => void): void {
    this.#run.listeners.add((_text, said) => listener(said));
    this.#run.stepListeners.add(reached);
  }

  get stopped(): string | null {
    const { end, failure, phase } = this.#run;
    if (phase !== "done") return null;
    if (end?.kind === "panic") return `the host panicked: ${end.message}`;
    if (end?.kind === "host") return `the host ${end.state === "reset" ? "was reset" : "hangs"}`;
    if (end?.kind === "limit") return `the machine is out of ${end.what} (machine.limits)`;
    return failure ?? "the host has stopped";
  }

  /** Runs a task to its end; undefined: the host stopped before. What it throws is thrown. @throws KernelWaitsError */
  #finish<T>(name: string, body: Task<T>): { readonly value: T } | undefined {
    const { scheduler } = this.#run.system;
    const { id, result } = spawnGuarded(scheduler, name, body);
    const isIdle = (): boolean => waitOf(scheduler, id)?.kind === "until" && !isBusy(this.#run.system);
    while (isRunning(scheduler, id)) {
      if (isIdle()) {
        const wait = waitOf(scheduler, id);
        signal(scheduler, id);
        throw new KernelWaitsError(name, wait?.kind === "until" ? wait.channel : "somebody");
      }
      if (this.#run.goOn(Number.MAX_SAFE_INTEGER, () => !isRunning(scheduler, id) || isIdle()) === "done") return undefined;
    }
    if (!hasReady(scheduler)) checkTasks(this.#kernel.tasks);
    return result();
  }

  run(line: string): { readonly status: number; readonly stdout: string; readonly stderr: string } {
    this.#check();
    let stdout = "";
    let stderr = "";
    const output = { out: (text: string) => void (stdout += text), err: (text: string) => void (stderr += text) };
    const ended = this.stopped === null ? this.#finish(line, runLine(this.#kernel, this.#shell, line, output)) : undefined;
    return ended === undefined ? { status: exitCodes.failure, stdout, stderr: `${stderr}${this.stopped ?? "the command did not end"}\n` } : { status: ended.value, stdout, stderr };
  }

  read(path: string): string {
    this.#check();
    return this.#run.files.read(path);
  }

  write(path: string, text: string): void {
    this.#check();
    if (this.stopped === null && this.#finish(`write ${path}`, this.#run.files.write(path, text)) !== undefined) return;
    throw new KernelStoppedError(`write ${path}`, this.stopped ?? "");
  }

  get log() {
    return this.#kernel.log;
  }

  get panic(): string | null {
    return this.#kernel.panic?.message ?? null;
  }

  settle(limit = defaultSettle): void {
    this.#check();
    const { system } = this.#run;
    this.#run.goOn(system.hardware.now + checkSpan("settle", limit), () => !isBusy(system));
  }

  /** Lets virtual time pass; a host that has stopped has hardware still. */
  advance(nanoseconds: number): void {
    const { hardware } = this.#run.system;
    const end = hardware.now + checkSpan("advance", nanoseconds);
    if (this.#run.goOn(end, never) === "done" && hardware.now < end) hardware.advanceTo(end);
  }

  /** @throws RunUntilError */
  runUntil(condition: () => boolean, options: RunUntilOptions): number {
    const { hardware, platform } = this.#run.system;
    const start = hardware.now;
    let holds = condition();
    if (!holds) this.#run.goOn(start + checkSpan("runUntil: limit", options.limit ?? defaultLimit), () => (holds = condition()));
    if (holds || condition()) return hardware.now;
    const state = describeState({ hardware, pending: platform.interrupts.pending });
    throw new RunUntilError(options.what ?? "the condition", hardware.now - start, this.stopped === null ? state : `${state}; ${this.stopped}`);
  }
}
