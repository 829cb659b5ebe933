// Starts the worker of a machine, in Node (worker_threads) and in browsers, and finds the port of a worker from inside.

import type { Endpoint } from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import type { AnyWorker } from "./lifeline.ts";

/** Node's own module without an import, which a bundler for browsers would stumble over; undefined elsewhere. */
const nodeWorkers = (): typeof import("node:worker_threads") | undefined => (typeof process === "undefined" ? undefined : process.getBuiltinModule?.("node:worker_threads"));

/** Events by `on` are Node's way. */
export const endpointOf = (worker: AnyWorker): Endpoint => (worker.on === undefined ? (worker as unknown as Endpoint) : nodeEndpoint(worker));

export function startMachineWorker(): AnyWorker {
  const node = nodeWorkers();
  // The one form that bundlers know as a worker of ours.
  if (node === undefined) return new Worker(new URL("./machine-entry.js", import.meta.url), { type: "module" });
  const entry = import.meta.url.endsWith(".ts") ? "../dist/workers/machine-entry.js" : "./machine-entry.js";
  // Not the flags of this process, such as `--input-type`, which are not meant for a worker.
  return new node.Worker(new URL(entry, import.meta.url), { execArgv: [] });
}

/** The port to whoever started this worker; undefined: the worker's own scope, as in browsers. @throws Error this is no worker */
export function ownPort(): Endpoint | undefined {
  const node = nodeWorkers();
  if (node === undefined) return undefined;
  if (node.parentPort === null) throw new Error("cxl-sandbox/worker is a worker's entry, not a program: call createMachineWorker");
  return nodeEndpoint(node.parentPort);
}
