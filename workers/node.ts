// Worker entry for Node's worker_threads.

import { parentPort } from "node:worker_threads";
import { expose } from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import { createWorkerHost } from "./host.ts";

if (parentPort === null) throw new Error("workers/node is a worker's entry, not a program");
expose(createWorkerHost(), nodeEndpoint(parentPort));
