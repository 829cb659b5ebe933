// A machine in a worker, as its user holds it: the library's `Machine` (src/sandbox/library/contract.ts) with promises. Calls made in one turn of the
// event loop travel in one message and run in the order in which they were made. Widths, units and errors are those of the calls that they mirror.

import type { ConfigBus, DeviceView, DownstreamPortView, FaultValue, HostBridgeView, KernelOptions, Machine, MachineFault, MachineInterrupt, MachineOptions, MachineRecord, MemoryAccess, MemoryBus, RootPortView, RunUntilOptions, TriggerValue, UpstreamPortView, Violation } from "../src/sandbox/library/contract.ts";
import type { AnyWorker } from "./lifeline.ts";

/** How a call answers: with a promise, or, inside `batch`, with a place in the batch's results. */
type Answer = "promise" | "recorded";
type Answered<A extends Answer, R> = A extends "promise" ? Promise<R> : RecordedCall<R>;

declare const resultOf: unique symbol;
/** A call that a batch will make; `R` is what it gives. */
export interface RecordedCall<R> {
  /** Its number in the batch. */
  readonly call: number;
  readonly [resultOf]?: R;
}
export type RecordedResults<T extends readonly RecordedCall<unknown>[]> = { readonly [K in keyof T]: T[K] extends RecordedCall<infer R> ? R : never };

/** One register: `read`, `get`, `readRaw`, `write`, `writeRaw`, `modify` answer later; `at(n)` is instance n. */
type RemoteRegister<Register, A extends Answer> = {
  readonly [M in keyof Register]: Register[M] extends (...values: infer P) => infer R ? (M extends "at" ? (...values: P) => RemoteRegister<Register, A> : (...values: P) => Answered<A, R>) : never;
};
/** Registers by structure and name. A structure that the machine does not have rejects with MissingStructureError when one of its registers is called. */
type RemoteBlock<Block, A extends Answer> = { readonly [S in keyof Block]: { readonly [R in keyof Block[S]]: RemoteRegister<Block[S][R], A> } };
type Blocks = "registers" | "configRegisters" | "deviceRegisters";

/** A part of the machine. What is a value there is a call here: `rootPort("rp0").state()`. */
export type Remote<Part, A extends Answer = "promise"> = {
  readonly [M in keyof Part]: Part[M] extends (...values: infer P) => infer R
    ? (...values: P) => Answered<A, R>
    : M extends Blocks
      ? RemoteBlock<Part[M], A>
      : M extends "config"
        ? Remote<Part[M], A>
        : () => Answered<A, Part[M]>;
};

/** What both the machine and a batch have. Parts cost nothing until one of their calls is made; a name that there is not rejects that call. */
export interface RemoteParts<A extends Answer = "promise"> {
  readonly bus: Remote<MemoryBus, A>;
  readonly config: Remote<ConfigBus, A>;
  readonly memory: Remote<MemoryAccess, A>;
  hostBridge(name: string): Remote<HostBridgeView, A>;
  rootPort(name: string): Remote<RootPortView, A>;
  upstreamPort(name: string): Remote<UpstreamPortView, A>;
  downstreamPort(name: string): Remote<DownstreamPortView, A>;
  device(name: string): Remote<DeviceView, A>;
  /** Virtual ns since power-on. */
  now(): Answered<A, number>;
  /** The host that the machine stands in. */
  host(): Answered<A, Machine["host"]>;
  /** Firmware numbers and places everything that is plugged in now. */
  enumerate(): Answered<A, void>;
  digest(layer: Parameters<Machine["digest"]>[0]): Answered<A, string>;
}

/** A function cannot travel; so a condition is data. */
export type RunCondition =
  /** A field (`"rp0.timeoutIsolation.status.memoryIsolation"`) or a whole register has this value. One read access each time that it is asked. Instance n of a repeated register: `control[1]`. */
  | { readonly register: string; readonly equals: number | bigint }
  /** A message was delivered since the call began; a number: one with these data. */
  | { readonly interrupt: true | number }
  /** Virtual ns since power-on. */
  | { readonly time: number };

/** What any call may be told beside its arguments. */
export interface CallOptions {
  /**
   * Ends the call between two slices: it rejects with the signal's reason (an AbortError), the machine stands where it was then and goes on being usable. Calls
   * made after it are carried out. A call that is still waiting for its turn is not begun.
   */
  readonly signal?: AbortSignal;
}

/** A mapping that lives in the worker. */
export interface RemoteIoHandle extends Remote<Omit<ReturnType<Machine["ioremap"]>, "base" | "size">> {
  readonly base: bigint;
  readonly size: bigint;
}

/** Messages of the machine, as they reach this side. */
export interface RemoteInterrupts {
  /** Calls the listener for every message from now on, before the promise of the call that delivered it settles. Gives what takes the listener away. */
  on(listener: (message: MachineInterrupt) => void): () => void;
  /** @see MachineInterrupts.deliver */
  deliver(): Promise<number>;
  pending(): Promise<boolean>;
  /** Ends when the machine is disposed or its worker closed. @throws WorkerDiedError */
  [Symbol.asyncIterator](): AsyncIterableIterator<MachineInterrupt>;
}

/** A fault in the worker's machine. */
export interface RemoteFault {
  readonly id: string;
  /** How often its trigger matched and how often it acted, with times. */
  evidence(): Promise<MachineFault["evidence"]>;
  /** Takes it back if it has not acted. */
  cancel(): Promise<void>;
}

/** A snapshot that stays in the worker. */
export interface RemoteSnapshot {
  readonly id: number;
  /** Virtual ns when it was taken. */
  readonly at: number;
  /** It will not be restored any more: its memory is free. */
  release(): Promise<void>;
}

/** Drivers are code and cannot travel; put the machine into your own worker to attach some. */
export type RemoteKernelOptions = Omit<KernelOptions, "drivers">;

/** The Linux model in the worker. */
export interface RemoteKernel {
  /** Runs a command of the sandbox's userland to its end. */
  run(line: string): Promise<{ readonly status: number; readonly stdout: string; readonly stderr: string }>;
  /** A file of sysfs, /proc or /dev. Rejects with SystemError. */
  read(path: string): Promise<string>;
  write(path: string, text: string): Promise<void>;
  /** Lines of the log from number `from` (0) on. */
  log(from?: number): Promise<readonly { readonly at: number; readonly level: string; readonly text: string }[]>;
  panic(): Promise<string | null>;
  /** Why the host goes no further; null while it does. */
  stopped(): Promise<string | null>;
  settle(limit?: number): Promise<void>;
}

/** A machine in a worker: a `Machine` whose every call answers with a promise. */
export interface RemoteMachine extends RemoteParts {
  readonly description: Machine["description"];
  /** The Linux model on this machine, once it was attached. */
  readonly kernel: RemoteKernel | null;
  readonly interrupts: RemoteInterrupts;

  /** Maps registers. The handle lives in the worker until `unmap`. */
  ioremap(base: bigint, size: bigint): Promise<RemoteIoHandle>;
  /** Lets so many virtual ns pass, in slices. */
  advance(nanoseconds: number, options?: CallOptions): Promise<void>;
  /** Lets time pass until the condition holds, in slices. Gives the time. Rejects with RunUntilError. */
  runUntil(condition: RunCondition, options?: RunUntilOptions & CallOptions): Promise<number>;

  inject(fault: FaultValue, when?: TriggerValue): Promise<RemoteFault>;
  unfired(): Promise<readonly RemoteFault[]>;

  snapshot(): Promise<RemoteSnapshot>;
  restore(snapshot: RemoteSnapshot): Promise<void>;
  /** A machine of its own in the same state, in the same worker. */
  fork(): Promise<RemoteMachine>;
  /** Gives the machine up. Of the first machine too: its worker lives on for the forks, until `close`. */
  dispose(): Promise<void>;

  /** Records kept so far (`keepTrace`), fetched in chunks. */
  trace(): AsyncIterableIterator<MachineRecord>;
  violations(): Promise<readonly Violation[]>;
  /** Whether it was made with `strict`. */
  isStrict(): Promise<boolean>;

  attachKernel(options?: RemoteKernelOptions): Promise<RemoteKernel>;

  /**
   * Calls that run one after the other with nothing between them, and one promise for all: cheaper than a promise each, and the first that throws ends the batch (the
   * promise rejects with what it threw; those after it are not made). `record` names the calls whose results are wanted, in their order.
   *
   * ```ts
   * const [status, time] = await machine.batch((m) => [m.rootPort("rp0").registers.timeoutIsolation.status.read(), m.now()]);
   * ```
   */
  batch<const T extends readonly RecordedCall<unknown>[]>(record: (machine: RemoteParts<"recorded">) => T, options?: CallOptions): Promise<RecordedResults<T>>;
}

/** The first machine of a worker. */
export interface MachineWorker extends RemoteMachine {
  /** Ends the worker, whatever it is doing. Everything pending, and every later call, rejects with WorkerDiedError. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What `createMachineWorker` may be told beside the machine. */
export interface MachineWorkerOptions extends MachineOptions {
  /** Makes the worker, for bundlers that do not find it by themselves: `() => new Worker(new URL("cxl-sandbox/worker", import.meta.url), { type: "module" })`. */
  readonly worker?: () => AnyWorker;
  /** Milliseconds of wall time between two looks at an AbortSignal; default 8, 0 looks after every step. Never shows in a trace. */
  readonly slice?: number;
}
