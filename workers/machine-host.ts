// The worker's side of a machine: carries out requests call by call, pauses when a slice is over, keeps what cannot travel.

import { createMachine } from "../src/sandbox.ts";
import type { Machine, MachineOptions, MachineSource } from "../src/sandbox/library/contract.ts";
import { Things } from "./machine-things.ts";
import { startVerb } from "./machine-verbs.ts";
import type { VerbContext } from "./machine-verbs.ts";
import { packError } from "./machine-wire.ts";
import type { Reply, Request, Step, Way, WireError } from "./machine-wire.ts";

/** A URL object does not travel; its text does. */
export type WireSource = Exclude<MachineSource, URL> | { readonly url: string };
export interface HostOptions extends MachineOptions {
  /** Milliseconds of wall time of a slice. */
  readonly slice: number;
}
export type Opened = { readonly description: Machine["description"] } | { readonly error: WireError };

export interface MachineHost {
  /** Makes the first machine. */
  open(source: WireSource, options: HostOptions): Promise<Opened>;
  perform(request: Request): Reply;
  /** Goes on with the request that paused. Units of these numbers end with an AbortError. */
  resume(cancelled: readonly number[]): Reply;
}

const sourceOf = (source: WireSource): MachineSource => (typeof source === "object" && "url" in source ? new URL(source.url) : source);

const cancelled: WireError = { name: "AbortError", message: "the call was cancelled", facts: {} };

/** A member of the machine's own, not what every object has. @throws TypeError there is none of this name */
function checked(owner: object, name: string): string {
  for (let level: object | null = owner; level !== null && level !== Object.prototype; level = Reflect.getPrototypeOf(level)) if (name !== "constructor" && Object.hasOwn(level, name)) return name;
  throw new TypeError(`there is nothing of the name "${name}" in the machine's worker; the names are those of Machine (docs/library-worker.md)`);
}

function member(start: object, steps: readonly Step[]): { readonly owner: object; readonly name: string } {
  let owner = start;
  const last = steps.length - 1;
  for (const step of steps.slice(0, last)) owner = typeof step === "string" ? Reflect.get(owner, checked(owner, step)) : Reflect.apply(Reflect.get(owner, checked(owner, step[0])), owner, step.slice(1));
  return { owner, name: checked(owner, steps[last] as string) };
}

/** Calls the member at the end of a way, or reads it where it is a value. */
function callMember(start: object, steps: readonly Step[], values: readonly unknown[]): unknown {
  const { owner, name } = member(start, steps);
  const found: unknown = Reflect.get(owner, name);
  return typeof found === "function" ? Reflect.apply(found, owner, values) : found;
}

/** A request on its way: which word comes next, which unit, and the call that was left half-way. */
interface Progress {
  readonly request: Request;
  word: number;
  unit: number;
  /** Results of the unit so far. */
  values: unknown[];
  half: Generator<void, unknown> | null;
}

class Host implements MachineHost {
  readonly #context: VerbContext = { things: new Things(), delivered: [], listening: new Map() };
  readonly #ways: Way[] = [];
  #slice = 0;
  /** Wall time at which the slice is over. */
  #end = 0;
  readonly #isOver = (): boolean => performance.now() >= this.#end;
  #progress: Progress | null = null;

  async open(source: WireSource, { slice, ...options }: HostOptions): Promise<Opened> {
    this.#slice = slice;
    try {
      const machine = await createMachine(sourceOf(source), options);
      this.#context.things.keep(machine);
      return { description: machine.description };
    } catch (error) {
      return { error: packError(error) };
    }
  }

  perform(request: Request): Reply {
    this.#ways.push(...request.ways);
    this.#progress = { request, word: 0, unit: 0, values: [], half: null };
    return this.#goOn(new Set());
  }

  resume(numbers: readonly number[]): Reply {
    return this.#goOn(new Set(numbers));
  }

  #goOn(numbers: ReadonlySet<number>): Reply {
    const progress = this.#progress;
    if (progress === null) throw new Error("no request is under way");
    this.#end = performance.now() + this.#slice;
    const first = progress.unit;
    const values: unknown[] = [];
    const failures: [number, WireError][] = [];
    let isPaused = false;
    while (!isPaused && progress.unit < progress.request.units.length) {
      try {
        if (numbers.has(progress.unit)) failures.push([progress.unit, cancelled]);
        else if (this.#runUnit(progress)) for (const value of progress.values) values.push(value);
        else isPaused = true;
      } catch (error) {
        failures.push([progress.unit, packError(error)]);
      }
      if (!isPaused) this.#nextUnit(progress);
    }
    if (!isPaused) this.#progress = null;
    return { ended: progress.unit - first, values, failures, interrupts: this.#context.delivered.splice(0), isPaused };
  }

  /** Passes over what is left of the unit. */
  #nextUnit(progress: Progress): void {
    const calls = progress.request.units[progress.unit++] ?? 0;
    for (let call = progress.values.length; call < calls; call++) progress.word += 3 + (progress.request.words[progress.word + 2] as number);
    progress.half?.return(undefined);
    progress.half = null;
    progress.values = [];
  }

  /** Goes on with the unit; false: a slice is over. */
  #runUnit(progress: Progress): boolean {
    const calls = progress.request.units[progress.unit] ?? 0;
    while (progress.values.length < calls) {
      const value = progress.half === null ? this.#call(progress) : this.#continue(progress, progress.half);
      if (value === paused) return false;
      progress.values.push(value);
      progress.word += 3 + (progress.request.words[progress.word + 2] as number);
    }
    return true;
  }

  #call(progress: Progress): unknown {
    const { words } = progress.request;
    const at = progress.word;
    const target = words[at] as number;
    const way = this.#ways[words[at + 1] as number];
    if (way === undefined) throw new Error(`no way ${String(words[at + 1])}: the worker and its client do not belong together`);
    const values = words.slice(at + 3, at + 3 + (words[at + 2] as number));
    if ("steps" in way) return callMember(this.#context.things.get(target), way.steps, values);
    const started = startVerb(this.#context, way.verb, target, values);
    if ("value" in started) return started.value;
    progress.half = started.sliced(this.#isOver);
    return this.#continue(progress, progress.half);
  }

  #continue(progress: Progress, half: Generator<void, unknown>): unknown {
    const { done, value } = half.next();
    if (done !== true) return paused;
    progress.half = null;
    return value;
  }
}

const paused = Symbol("paused");

export const createMachineHost = (): MachineHost => new Host();
