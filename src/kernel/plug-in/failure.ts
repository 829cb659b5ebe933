// Runs what belongs to a driver plug-in, and names it when it goes wrong: which driver, which hook, which device, when.

import type { Task, Wait } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import { textOfThrown } from "../../sim/thrown.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { KernelPanic } from "../base/kernel.ts";
import type { PlugInRecord } from "./state.ts";

/** A driver did what no driver may: threw something else than an error number, or forgot to wait. Ends the run. */
export class PlugInError extends Error {
  readonly driver: string;
  /** "probe", "interrupt" ..., or "work NAME" for scheduled work. */
  readonly hook: string;
  /** PCI name of the function; "": none. */
  readonly device: string;
  /** Virtual ns. */
  readonly at: number;
  /** What the driver's own error says. */
  readonly reason: string;
  constructor(driver: string, hook: string, device: string, at: number, reason: string, cause?: unknown) {
    super(`driver ${driver}: ${hook}${device === "" ? "" : ` of ${device}`}: ${reason}`, { cause });
    this.name = "PlugInError";
    this.driver = driver;
    this.hook = hook;
    this.device = device;
    this.at = at;
    this.reason = reason;
  }
}

/** Where a driver's code runs. */
export interface Place {
  readonly plugIn: PlugInRecord;
  readonly hook: string;
  /** PCI name; "": none. */
  readonly device: string;
}

const failure = (kernel: Kernel, { plugIn, hook, device }: Place, reason: string, cause?: unknown): PlugInError => new PlugInError(plugIn.module.name, hook, device, kernel.platform.clock.now, reason, cause);

const textOf = (thrown: unknown): string => (thrown instanceof SystemError ? `${thrown.errno}: ${thrown.message}` : textOfThrown(thrown));

/** What becomes of something thrown: the host's end and error numbers of a hook that may give one go on as they are. */
function passOn(kernel: Kernel, place: Place, thrown: unknown): unknown {
  if (thrown instanceof KernelPanic || thrown instanceof PlugInError) return thrown;
  if (thrown instanceof SystemError && mayFail.test(place.hook)) return thrown;
  return failure(kernel, place, textOf(thrown), thrown);
}

/** Hooks whose error number goes to whoever asked. */
const mayFail = /^(probe$|show |store )/;

function guard<T>(kernel: Kernel, place: Place, call: () => T): T {
  try {
    const given = call();
    const forgotten = [...place.plugIn.unstarted.values()];
    if (forgotten.length > 0) throw new Error(`service ${forgotten.join(", ")} was called and not waited for: a missing yield*`);
    return given;
  } catch (thrown) {
    throw passOn(kernel, place, thrown);
  }
}

const isTask = (value: unknown): value is Task<unknown> => typeof value === "object" && value !== null && "next" in value && typeof value.next === "function" && Symbol.iterator in value;
const isPromise = (value: unknown): boolean => typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
const waitKinds: readonly unknown[] = ["point", "sleep", "until"];
const isWait = (value: unknown): value is Wait => typeof value === "object" && value !== null && "kind" in value && waitKinds.includes(value.kind);

const asyncReason = "it is async and gave a promise; a hook is a plain function, or a generator function that waits with yield*";

/** Runs a hook that may not wait. @throws PlugInError */
export function callHook<T>(kernel: Kernel, place: Place, call: () => T): T {
  const given = guard(kernel, place, call);
  if (isTask(given)) throw failure(kernel, place, "it may not wait, being in interrupt context: make it a plain function and start work with schedule");
  if (isPromise(given)) throw failure(kernel, place, asyncReason);
  return given;
}

/** Runs a hook that may wait, or need not. @throws PlugInError; SystemError the error number of a probe or a file */
export const runHook = task("plug-in.hook", function* <T>(kernel: Kernel, place: Place, call: () => T | Task<T>): Task<T> {
  const given = guard(kernel, place, call);
  if (isPromise(given)) throw failure(kernel, place, asyncReason);
  if (!isTask(given)) return given;
  for (;;) {
    const next: IteratorResult<unknown, unknown> = guard(kernel, place, () => given.next());
    if (next.done === true) return next.value as T;
    if (!isWait(next.value)) throw failure(kernel, place, "it yields something that is no wait: services are waited for with yield*, not yield");
    yield next.value;
  }
}) as <T>(kernel: Kernel, place: Place, call: () => T | Task<T>) => Task<T>;
