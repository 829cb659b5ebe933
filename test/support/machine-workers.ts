// Workers of machines for tests: real ones, whose messages are counted, or that die at a certain message.

import { Worker } from "node:worker_threads";
import type { AnyWorker } from "../../workers/lifeline.ts";

const entry = new URL("../../dist/workers/machine-entry.js", import.meta.url);

export interface CountedWorker {
  readonly make: () => AnyWorker;
  /** Messages sent to it so far. */
  readonly sent: number;
}

export function countedWorker(): CountedWorker {
  let sent = 0;
  class Counted extends Worker {
    override postMessage(...message: Parameters<Worker["postMessage"]>): void {
      sent++;
      super.postMessage(...message);
    }
  }
  const make = (): AnyWorker => new Counted(entry);
  return {
    make,
    get sent() {
      return sent;
    },
  };
}

/** A machine's worker that also runs `code` when message number `message` (1 opens the machine) has been handled. */
export function spoiledWorker(message: number, code: string, heapMiB = 256): () => AnyWorker {
  const script = `
    const { parentPort } = require("node:worker_threads");
    import(${JSON.stringify(entry.href)}).then(() => {
      let seen = 0;
      parentPort.on("message", () => { if (++seen === ${message}) { ${code} } });
    });
  `;
  return () => new Worker(script, { eval: true, resourceLimits: { maxOldGenerationSizeMb: heapMiB } });
}
