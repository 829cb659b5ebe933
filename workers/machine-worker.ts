// createMachineWorker: a machine in a worker of its own, behind promises.

import { wrap } from "comlink";
import type { Remote } from "comlink";
import { lifelineOf, watchLock } from "./lifeline.ts";
import type { MachineSource } from "../src/sandbox/library/contract.ts";
import type { MachineWorker, MachineWorkerOptions } from "./machine-contract.ts";
import type { MachineHost, Opened, WireSource } from "./machine-host.ts";
import { Line } from "./machine-line.ts";
import { MachineMirror } from "./machine-mirror.ts";
import { endpointOf, startMachineWorker } from "./machine-start.ts";
import { firstMachine } from "./machine-things.ts";
import { unpackError } from "./machine-wire.ts";

/** Milliseconds between two looks at the signals. */
const defaultSlice = 8;

class FirstMirror extends MachineMirror implements MachineWorker {
  readonly #line: Line;

  constructor(line: Line, description: MachineWorker["description"]) {
    super(line, firstMachine, description);
    this.#line = line;
  }

  close(): Promise<void> {
    return this.#line.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A relative URL is meant from where the caller is, not from the worker's script. In Node a string is a path, which both read alike. */
function wireSource(source: MachineSource, isBrowser: boolean): WireSource {
  if (source instanceof URL) return { url: source.href };
  if (typeof source === "string" && !source.includes("\n") && isBrowser && URL.canParse(source, baseUrl())) return new URL(source, baseUrl()).href;
  return source;
}

const baseUrl = (): string => globalThis.document?.baseURI ?? globalThis.location.href;

/**
 * A machine in a worker (worker_threads in Node, a module worker in browsers) whose every call answers with a promise. Takes what `createMachine` takes.
 *
 * ```ts
 * const machine = await createMachineWorker({ hostBridges: [{ rootPorts: [{ name: "rp0", device: { volatile: "256MiB" } }] }] });
 * const status = await machine.rootPort("rp0").registers.timeoutIsolation.status.read();
 * await machine.close();
 * ```
 *
 * @throws WorkerDiedError the worker could not be started; or what `createMachine` throws, by name and message
 */
export async function createMachineWorker(source: MachineSource, options: MachineWorkerOptions = {}): Promise<MachineWorker> {
  const { worker: make, slice = defaultSlice, ...machineOptions } = options;
  const worker = make === undefined ? startMachineWorker() : make();
  const lifeline = lifelineOf(worker);
  const host: Remote<MachineHost & { lock(): Promise<string | null> }> = wrap(endpointOf(worker));
  let opened: Opened;
  try {
    if (worker.on === undefined) {
      const lock = await lifeline.during(host.lock());
      if (lock !== null) watchLock(lock, lifeline);
    }
    opened = await lifeline.during<Opened>(host.open(wireSource(source, worker.on === undefined), { ...machineOptions, slice }));
  } catch (error) {
    await lifeline.end("it could not be opened");
    throw error;
  }
  if ("error" in opened) {
    await lifeline.end("it has no machine");
    throw unpackError(opened.error);
  }
  return new FirstMirror(new Line(host, lifeline), opened.description);
}
