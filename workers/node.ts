// Worker entry for Node's worker_threads.

import { parentPort, workerData } from "node:worker_threads";
import { expose } from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import { createWorkerHost } from "./host.ts";

if (parentPort === null) throw new Error("workers/node is a worker's entry, not a program");
const { module } = workerData as { readonly module?: WebAssembly.Module };
expose(createWorkerHost(module), nodeEndpoint(parentPort));
