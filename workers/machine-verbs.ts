// What a machine's worker does itself: calls whose results stay in the worker, and those that let time pass.

import type { Machine, MachineFault, MachineInterrupt, MachineKernel, MachineRecord, MachineSnapshot, RunUntilOptions } from "../src/sandbox/library/contract.ts";
import type { RunCondition } from "./machine-contract.ts";
import { advanceInSlices, runUntilInSlices } from "./machine-slices.ts";
import type { Things } from "./machine-things.ts";
import type { Kept, Verb } from "./machine-wire.ts";

export interface VerbContext {
  readonly things: Things;
  /** Messages delivered since the last reply. */
  readonly delivered: (readonly [number, MachineInterrupt])[];
  /** By machine: takes our listener away. */
  readonly listening: Map<number, () => void>;
}

/** A call that ends when the generator does; it yields when a slice is over. */
export type SlicedCall = (isOver: () => boolean) => Generator<void, unknown>;

/** Records of a trace in one chunk. */
const traceChunk = 2048;

function faultKept({ things }: VerbContext, machine: number, fault: MachineFault): Kept & { readonly id: string } {
  return { kept: things.keep(fault, machine), id: fault.id };
}

function listen({ things, delivered, listening }: VerbContext, machine: number, isOn: boolean): void {
  listening.get(machine)?.();
  listening.delete(machine);
  if (isOn) listening.set(machine, things.get<Machine>(machine).interrupts.on((message) => void delivered.push([machine, message])));
}

function dispose(context: VerbContext, number: number): void {
  const machine = context.things.get<Machine>(number);
  listen(context, number, false);
  context.things.dropAllOf(number);
  machine.dispose();
}

function takeTrace({ things }: VerbContext, number: number): readonly MachineRecord[] {
  const records = things.get<IterableIterator<MachineRecord>>(number);
  const chunk: MachineRecord[] = [];
  while (chunk.length < traceChunk) {
    const { done, value } = records.next();
    if (done === true) break;
    chunk.push(value);
  }
  return chunk;
}

type Arguments = readonly unknown[];
type Work = (context: VerbContext, target: number, values: Arguments) => unknown;
const machineOf = ({ things }: VerbContext, target: number): Machine => things.get<Machine>(target);

/** `target` is the number of a machine, but for what handles a thing itself (`unmap`, `release`, `takeTrace`, `log`). */
const immediate: Readonly<Record<Exclude<Verb, "advance" | "runUntil">, Work>> = {
  ioremap: (context, target, values) => {
    const handle = machineOf(context, target).ioremap(...(values as Parameters<Machine["ioremap"]>));
    return { kept: context.things.keep(handle, target), base: handle.base, size: handle.size };
  },
  unmap: ({ things }, target) => {
    things.get<ReturnType<Machine["ioremap"]>>(target).unmap();
    things.drop(target);
  },
  inject: (context, target, values) => faultKept(context, target, machineOf(context, target).inject(...(values as Parameters<Machine["inject"]>))),
  unfired: (context, target) => machineOf(context, target).unfired.map((fault) => faultKept(context, target, fault)),
  snapshot: (context, target) => {
    const snapshot = machineOf(context, target).snapshot();
    return { kept: context.things.keep(snapshot, target), at: snapshot.at };
  },
  release: ({ things }, target) => things.drop(target),
  restore: (context, target, [snapshot]) => machineOf(context, target).restore(context.things.get<MachineSnapshot>(snapshot as number)),
  fork: (context, target) => ({ kept: context.things.keep(machineOf(context, target).fork()) }),
  dispose,
  openTrace: (context, target) => ({ kept: context.things.keep(machineOf(context, target).trace(), target) }),
  takeTrace,
  attachKernel: (context, target, values) => ({ kept: context.things.keep(machineOf(context, target).attachKernel(...(values as Parameters<Machine["attachKernel"]>)), target) }),
  log: ({ things }, target, [from = 0]) => things.get<MachineKernel>(target).log.slice(from as number),
  listen: (context, target, [isOn]) => listen(context, target, isOn === true),
};

/** What a verb gives, or a call that goes on in slices. */
export function startVerb(context: VerbContext, verb: Verb, target: number, values: Arguments): { readonly value: unknown } | { readonly sliced: SlicedCall } {
  if (verb === "advance") return { sliced: (isOver) => advanceInSlices(machineOf(context, target), values[0] as number, isOver) };
  if (verb === "runUntil") return { sliced: (isOver) => runUntilInSlices(machineOf(context, target), values[0] as RunCondition, values[1] as RunUntilOptions | undefined, isOver) };
  return { value: immediate[verb](context, target, values) };
}
