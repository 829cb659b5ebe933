// A worker whose runs of some files do not come to their end: what becomes of the others?

import { parentPort } from "node:worker_threads";
import { expose } from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import { createWorkerHost } from "../../dist/workers/host.js";

const host = createWorkerHost();
const troubles = {
  dies: () => process.exit(3),
  hangs: () => {
    for (;;);
  },
  throws: () => {
    throw new RangeError("a table is full");
  },
  // Small pieces: V8 ends the whole process where one array or map outgrows the heap.
  fills: () => {
    let kept = null;
    for (let number = 0; ; number++) kept = { next: kept, numbers: Array.from({ length: 1000 }, (_, index) => number + index / 2) };
  },
};

expose({
  ...host,
  run: (input) => {
    for (const [name, trouble] of Object.entries(troubles)) if (input.file.endsWith(`${name}.yaml`)) trouble();
    return host.run(input);
  },
}, nodeEndpoint(parentPort));
