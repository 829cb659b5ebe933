// The mirror of one machine in a worker: parts by chains, the rest by verbs.

import { KernelAttachedError } from "../src/sandbox/library/errors.ts";
import type { FaultValue, Machine, MachineRecord, RunUntilOptions, TriggerValue, Violation } from "../src/sandbox/library/contract.ts";
import type { CallOptions, RecordedCall, RecordedResults, RemoteFault, RemoteIoHandle, RemoteKernel, RemoteKernelOptions, RemoteMachine, RemoteParts, RemoteSnapshot, RunCondition } from "./machine-contract.ts";
import { InterruptMirror } from "./machine-interrupts.ts";
import type { Line, WireCall } from "./machine-line.ts";
import { WayNode, chainsFrom } from "./machine-ways.ts";
import { verbs } from "./machine-wire.ts";
import type { Kept, Verb, Way } from "./machine-wire.ts";

const verbWays = Object.fromEntries(verbs.map((verb) => [verb, { verb }])) as unknown as Readonly<Record<Verb, Way>>;

/** Calls to one thing in the worker. */
class Caller {
  readonly line: Line;
  readonly thing: number;
  readonly root: WayNode;

  constructor(line: Line, thing: number, root: WayNode) {
    this.line = line;
    this.thing = thing;
    this.root = root;
  }

  do<T>(verb: Verb, values: readonly unknown[] = [], signal?: AbortSignal): Promise<T> {
    return this.line.call(this.thing, verbWays[verb], values, signal) as Promise<T>;
  }

  /** Calls, or reads, a member of the thing. */
  ask<T>(name: string, ...values: readonly unknown[]): Promise<T> {
    return this.line.call(this.thing, this.root.child(name).way, values) as Promise<T>;
  }

  chains<T>(): T {
    return chainsFrom<T>(this.root, (way, values) => this.line.call(this.thing, way, values));
  }

  to(thing: number): Caller {
    return new Caller(this.line, thing, this.root);
  }
}

type HandleMethods = Omit<RemoteIoHandle, "base" | "size" | "unmap">;

function handleOf(caller: Caller, base: bigint, size: bigint): RemoteIoHandle {
  const { read8, read16, read32, read64, write8, write16, write32, write64 } = caller.chains<HandleMethods>();
  return { base, size, read8, read16, read32, read64, write8, write16, write32, write64, unmap: () => caller.do("unmap") };
}

const faultOf = (caller: Caller, id: string): RemoteFault => ({ id, evidence: () => caller.ask("evidence"), cancel: () => caller.ask("cancel") });

const kernelOf = (caller: Caller): RemoteKernel => ({
  run: (line) => caller.ask("run", line),
  read: (path) => caller.ask("read", path),
  write: (path, text) => caller.ask("write", path, text),
  log: (from = 0) => caller.do("log", [from]),
  panic: () => caller.ask("panic"),
  stopped: () => caller.ask("stopped"),
  settle: (limit) => caller.ask("settle", ...(limit === undefined ? [] : [limit])),
});

/** Options without what cannot, or need not, travel. */
function withoutSignal<T extends CallOptions>(options: T): Omit<T, "signal"> {
  const { signal: _, ...rest } = options;
  return rest;
}

export class MachineMirror implements RemoteMachine {
  readonly description: Machine["description"];
  readonly interrupts: InterruptMirror;
  readonly #caller: Caller;
  readonly #parts: RemoteParts;
  #kernel: RemoteKernel | null = null;

  constructor(line: Line, thing: number, description: Machine["description"], root = new WayNode()) {
    this.description = description;
    this.#caller = new Caller(line, thing, root);
    this.#parts = this.#caller.chains();
    const ofInterrupts = root.child("interrupts");
    const ask = <T>(name: string): Promise<T> => line.call(thing, ofInterrupts.child(name).way, []) as Promise<T>;
    this.interrupts = new InterruptMirror({
      deliver: () => ask("deliver"),
      pending: () => ask("pending"),
      listen: (isOn) => void this.#caller.do("listen", [isOn]).catch((error: Error) => this.interrupts.end(error)),
      check: () => {
        if (this.#kernel !== null) throw new KernelAttachedError("interrupts", "messages are the kernel's");
      },
    });
    line.listen(thing, this.interrupts);
  }

  get bus(): RemoteMachine["bus"] {
    return this.#parts.bus;
  }
  get config(): RemoteMachine["config"] {
    return this.#parts.config;
  }
  get memory(): RemoteMachine["memory"] {
    return this.#parts.memory;
  }
  hostBridge(name: string): ReturnType<RemoteMachine["hostBridge"]> {
    return this.#parts.hostBridge(name);
  }
  rootPort(name: string): ReturnType<RemoteMachine["rootPort"]> {
    return this.#parts.rootPort(name);
  }
  upstreamPort(name: string): ReturnType<RemoteMachine["upstreamPort"]> {
    return this.#parts.upstreamPort(name);
  }
  downstreamPort(name: string): ReturnType<RemoteMachine["downstreamPort"]> {
    return this.#parts.downstreamPort(name);
  }
  device(name: string): ReturnType<RemoteMachine["device"]> {
    return this.#parts.device(name);
  }
  now(): Promise<number> {
    return this.#parts.now();
  }
  host(): ReturnType<RemoteMachine["host"]> {
    return this.#parts.host();
  }
  enumerate(): Promise<void> {
    return this.#parts.enumerate();
  }
  digest(layer: Parameters<Machine["digest"]>[0]): Promise<string> {
    return this.#parts.digest(layer);
  }
  get kernel(): RemoteKernel | null {
    return this.#kernel;
  }

  async ioremap(base: bigint, size: bigint): Promise<RemoteIoHandle> {
    const handle = await this.#caller.do<Kept & { readonly base: bigint; readonly size: bigint }>("ioremap", [base, size]);
    return handleOf(this.#caller.to(handle.kept), handle.base, handle.size);
  }

  advance(nanoseconds: number, options: CallOptions = {}): Promise<void> {
    return this.#caller.do("advance", [nanoseconds], options.signal);
  }

  runUntil(condition: RunCondition, options: RunUntilOptions & CallOptions = {}): Promise<number> {
    return this.#caller.do("runUntil", [condition, withoutSignal(options)], options.signal);
  }

  async inject(fault: FaultValue, when?: TriggerValue): Promise<RemoteFault> {
    const { kept, id } = await this.#caller.do<Kept & { readonly id: string }>("inject", when === undefined ? [fault] : [fault, when]);
    return faultOf(this.#caller.to(kept), id);
  }

  async unfired(): Promise<readonly RemoteFault[]> {
    const faults = await this.#caller.do<readonly (Kept & { readonly id: string })[]>("unfired");
    return faults.map(({ kept, id }) => faultOf(this.#caller.to(kept), id));
  }

  async snapshot(): Promise<RemoteSnapshot> {
    const { kept, at } = await this.#caller.do<Kept & { readonly at: number }>("snapshot");
    return { id: kept, at, release: () => this.#caller.to(kept).do("release") };
  }

  restore(snapshot: RemoteSnapshot): Promise<void> {
    return this.#caller.do("restore", [snapshot.id]);
  }

  async fork(): Promise<RemoteMachine> {
    const { kept } = await this.#caller.do<Kept>("fork");
    return new MachineMirror(this.#caller.line, kept, this.description, this.#caller.root);
  }

  async dispose(): Promise<void> {
    await this.#caller.do("dispose");
    this.interrupts.end(null);
    this.#caller.line.listen(this.#caller.thing, null);
  }

  async *trace(): AsyncIterableIterator<MachineRecord> {
    const { kept } = await this.#caller.do<Kept>("openTrace");
    const records = this.#caller.to(kept);
    try {
      for (;;) {
        const chunk = await records.do<readonly MachineRecord[]>("takeTrace");
        if (chunk.length === 0) return;
        yield* chunk;
      }
    } finally {
      await records.do("release").catch(() => undefined);
    }
  }

  violations(): Promise<readonly Violation[]> {
    return this.#caller.ask("violations");
  }

  isStrict(): Promise<boolean> {
    return this.#caller.ask("isStrict");
  }

  async attachKernel(options?: RemoteKernelOptions): Promise<RemoteKernel> {
    const { kept } = await this.#caller.do<Kept>("attachKernel", options === undefined ? [] : [options]);
    this.#kernel = kernelOf(this.#caller.to(kept));
    return this.#kernel;
  }

  async batch<const T extends readonly RecordedCall<unknown>[]>(record: (machine: RemoteParts<"recorded">) => T, options: CallOptions = {}): Promise<RecordedResults<T>> {
    const calls: WireCall[] = [];
    const { line, thing, root } = this.#caller;
    const wanted = record(chainsFrom(root, (way, values): RecordedCall<unknown> => ({ call: calls.push({ thing, way, values }) - 1 })));
    const results = await line.unit(calls, options.signal);
    return wanted.map(({ call }) => results[call]) as RecordedResults<T>;
  }
}
