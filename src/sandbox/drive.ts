// Drives a system to the end of one task, or to rest: what tests, comparisons and benchmarks do between two looks at it.

import type { Scheduler, Task } from "../sim/task.ts";
import { checkTasks, hasReady, isRunning, nextWakeTime, spawn } from "../sim/task.ts";
import type { End, System } from "./system.ts";
import { step } from "./system.ts";

/** A system that cannot be driven further: it ended, or does not come to rest. */
export class DriveError extends Error {
  readonly end: End | null;
  constructor(what: string, end: End | null) {
    super(end === null ? `${what} does not end` : `${what}: the system ended: ${JSON.stringify(end)}`);
    this.name = "DriveError";
    this.end = end;
  }
}

/** More steps than the boot of the largest machine takes; what needs more goes round in circles. */
const stepLimit = 5_000_000;
/** How far one step may look ahead, virtual ns. */
const second = 1_000_000_000;

function drive(system: System, what: string, isDone: () => boolean, patience = Number.MAX_SAFE_INTEGER): void {
  const last = system.hardware.now + patience;
  for (let steps = 0; !isDone(); steps++) {
    if (steps > stepLimit || system.hardware.now >= last) throw new DriveError(what, null);
    const done = step(system, system.hardware.now + second);
    if (done.kind === "ended" && !isDone()) throw new DriveError(what, done.end);
  }
}

/** Starts a task whose end is asked for: undefined as long as it runs; what it throws is thrown. */
export function spawnGuarded<T>(scheduler: Scheduler, name: string, body: Task<T>): { readonly id: number; readonly result: () => { readonly value: T } | undefined } {
  let ended: { readonly value: T } | { readonly error: unknown } | undefined;
  const guarded = function* (): Task<void> {
    try {
      ended = { value: yield* body };
    } catch (error) {
      ended = { error };
    }
  };
  const result = (): { readonly value: T } | undefined => {
    if (ended !== undefined && "error" in ended) throw ended.error;
    return ended;
  };
  return { id: spawn(scheduler, name, guarded()), result };
}

/** Runs a task to its end and gives what it gives; what it throws is thrown. `patience`: virtual ns it may take. @throws DriveError, ForgottenTaskError */
export function runTask<T>(system: System, name: string, body: Task<T>, patience?: number): T {
  const { id, result } = spawnGuarded(system.scheduler, name, body);
  drive(system, name, () => !isRunning(system.scheduler, id), patience);
  if (!hasReady(system.scheduler)) checkTasks(system.kernel.tasks);
  const ended = result();
  if (ended === undefined) throw new DriveError(name, null);
  return ended.value;
}

/** Lets a time pass, virtual ns; ends early when the system does. */
export function runFor(system: System, nanoseconds: number): void {
  const end = system.hardware.now + nanoseconds;
  while (step(system, end).kind === "progress");
}

/** Lets everything that is ready, asleep or announced by an interrupt come to its end; timers and workloads are left alone. @throws DriveError, ForgottenTaskError */
export function settle(system: System): void {
  drive(system, "what was started", () => !hasReady(system.scheduler) && nextWakeTime(system.scheduler) < 0 && !system.platform.interrupts.pending);
  checkTasks(system.kernel.tasks);
}
