// Faults that a library user injects: the scenario's actions and triggers, checked by the same rules, with evidence asked of the handle.

import { z } from "zod";
import { ProbeError } from "../../hardware/probes.ts";
import { describeIssues, formatPath } from "../../scenario/load.ts";
import type { Path } from "../../scenario/load.ts";
import { problemsOfFault } from "../../scenario/plan.ts";
import type { FaultFile, ScenarioPlan } from "../../scenario/plan.ts";
import { action as actionSchema } from "../../scenario/schema.ts";
import { when as whenSchema } from "../../scenario/faults/trigger-schema.ts";
import { triggerOf } from "../../scenario/faults/trigger.ts";
import type { Injection, InjectionTarget, Injections } from "../injections.ts";
import { NoPlaceError, createInjections, evidenceOf, idOf, injectFault, withdraw } from "../injections.ts";
import type { FaultValue, MachineFault, TriggerValue } from "./contract.ts";
import { FaultError } from "./errors.ts";

/** Where a fault stands in a scenario, so that problems are found and named as there. */
const base: Path = ["faults", 0];

function refuse(problems: readonly { readonly path: Path; readonly message: string }[]): never {
  throw new FaultError(problems.map(({ path, message }) => [formatPath(path.slice(base.length)), message].filter((part) => part !== "").join(": ")).join("\n"));
}

function parse<T>(schema: z.ZodType<T>, value: unknown, key: "do" | "when"): T {
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : refuse(describeIssues(parsed.error, [...base, key]));
}

/** Triggers that a machine without scenario or kernel cannot have. */
function refuseOf(trigger: FaultFile["when"], hasKernel: boolean): void {
  const ofKernel = (["after", "mark", "log", "step"] as const).find((key) => key in trigger);
  if (ofKernel !== undefined && !hasKernel) throw new FaultError(`when.${ofKernel}: marks, log lines and steps are the kernel's, and none is attached; use at:, access:, request: or register:`);
  if ("fault" in trigger) throw new FaultError("when.fault: faults are injected one by one and do not know each other; look at the first one's evidence, or use its trigger with a delay");
  const { delay } = triggerOf(trigger);
  if (delay.least !== delay.most) throw new FaultError(`when.${"at" in trigger ? "at" : "delay" in trigger ? "delay" : "within"}: a machine has no seed to pick a moment of a window; give the moment`);
}

/** An armed fault as one machine has it. */
class ArmedFault implements MachineFault {
  readonly id: string;
  readonly #injection: Injection;
  readonly #check: () => void;

  constructor(injection: Injection, check: () => void) {
    this.id = idOf(injection);
    this.#injection = injection;
    this.#check = check;
  }

  get evidence(): MachineFault["evidence"] {
    if (this.#injection.result === null) this.#check();
    return evidenceOf(this.#injection);
  }

  cancel(): void {
    this.#check();
    withdraw(this.#injection);
    this.isCancelled = true;
  }

  isCancelled = false;
}

/** What a snapshot remembers of the faults. */
export interface FaultMemory {
  /** Whose faults these are: the handles of another machine stay with that machine. */
  readonly of: Faults;
  readonly count: number;
  readonly open: readonly { readonly fault: ArmedFault; readonly injection: Injection; readonly armed: ReadonlyMap<number, readonly number[]>; readonly result: Injection["result"]; readonly isCancelled: boolean }[];
}

export class Faults {
  readonly injections: Injections;
  readonly #check: () => void;
  #all: { readonly fault: ArmedFault; readonly injection: Injection }[] = [];

  /** `armed`: faults of the plan that are in the hardware already; their places stay theirs. */
  constructor(plan: ScenarioPlan, target: InjectionTarget, check: () => void, armed: ScenarioPlan["faults"] = []) {
    this.injections = createInjections({ ...plan, faults: armed }, target);
    this.#check = check;
  }

  /** @throws FaultError */
  inject(value: FaultValue, when?: TriggerValue): MachineFault {
    const { plan, system } = this.injections;
    const action = parse(actionSchema, value, "do");
    const trigger = when === undefined ? undefined : (parse(whenSchema, when, "when") as FaultFile["when"]);
    const problems = problemsOfFault(plan.machine, { id: "inject", when: trigger ?? { at: 0 }, do: action }, base);
    if (problems.length > 0) refuse(problems);
    if (system.kernel === null && action.kernelStep !== undefined) throw new FaultError("kernelStep: no kernel is attached; call attachKernel() first");
    if (trigger !== undefined) refuseOf(trigger, system.kernel !== null);
    try {
      const injection = injectFault(this.injections, action, trigger === undefined ? undefined : triggerOf(trigger));
      const fault = new ArmedFault(injection, this.#check);
      this.#all.push({ fault, injection });
      return fault;
    } catch (error) {
      if (error instanceof NoPlaceError || error instanceof ProbeError) throw new FaultError(error.message);
      throw error;
    }
  }

  get unfired(): readonly MachineFault[] {
    return this.#all.filter(({ fault, injection }) => !fault.isCancelled && evidenceOf(injection).fired === 0).map(({ fault }) => fault);
  }

  remember(): FaultMemory {
    return { of: this, count: this.injections.count, open: this.#all.map(({ fault, injection }) => ({ fault, injection, armed: new Map(injection.table.armed), result: injection.result, isCancelled: fault.isCancelled })) };
  }

  /** Before the state goes back: what is armed now keeps what it came to. */
  freeze(): void {
    for (const { injection } of this.#all) injection.result ??= evidenceOf(injection);
  }

  /** The state has gone back: faults of then are armed again, those injected since are not. What another machine remembered becomes faults of this one. */
  recall(memory: FaultMemory): void {
    this.injections.count = memory.count;
    this.injections.all.splice(0);
    this.#all = [];
    for (const open of memory.open) {
      const { fault, injection, result, isCancelled, armed } = open;
      if (memory.of !== this) {
        this.#adopt(open);
        continue;
      }
      injection.result = result;
      injection.table.armed.clear();
      for (const [index, probes] of armed) injection.table.armed.set(index, probes);
      fault.isCancelled = isCancelled;
      this.#keep(fault, injection);
    }
  }

  /** The same faults on another machine that is in the same state. */
  copyTo(faults: Faults): void {
    faults.recall(this.remember());
  }

  /** A fault of another machine, as one of this machine in the same state. */
  #adopt({ injection, result, isCancelled, armed }: FaultMemory["open"][number]): void {
    const copy: Injection = { ...injection, result, table: { ...injection.table, hardware: this.injections.system.hardware, armed: new Map(armed), steps: new Map(), came: new Map(), told: new Map(), acts: new Map() } };
    const fault = new ArmedFault(copy, this.#check);
    fault.isCancelled = isCancelled;
    this.#keep(fault, copy);
  }

  #keep(fault: ArmedFault, injection: Injection): void {
    this.injections.all.push(injection);
    this.#all.push({ fault, injection });
  }
}
