// Entry of the process of a contained run (Node). What it was last at it writes into a file that outlives it, by one write per record, so that nothing is lost at any end.

import { writeSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { WatchRecord } from "../src/sandbox/contained/watch.ts";
import { createDriverHost } from "./driver-host.ts";
import type { FromProcess, ToProcess } from "./driver-messages.ts";
import { recordDescriptor, recordSize, tokenName } from "./driver-messages.ts";

const send = process.send?.bind(process);
const token = process.env[tokenName];
if (send === undefined || token === undefined) throw new Error("workers/driver-node is the entry of a contained run, not a program");
delete process.env[tokenName];

const buffer = Buffer.alloc(recordSize);
/** By a signal that no handler of the driver's can be in the way of. */
const end = (): never => {
  process.kill(process.pid, "SIGKILL");
  throw new Error("the process goes on after its end");
};

function publish(record: WatchRecord): void {
  buffer.fill(" ");
  buffer.write(JSON.stringify(record));
  writeSync(recordDescriptor, buffer, 0, recordSize, 0);
}

const tell = (message: FromProcess): void => void send({ token, message });
const host = createDriverHost({ tell, publish, end });

/** Milliseconds between two looks whether the command still lives: a hook that never returns hears of nothing. */
const orphanEvery = 500;
/** Runs in a thread of its own, beside whatever the driver does in this one. */
const guard = `const parent = process.ppid; setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, "SIGKILL"); }, ${orphanEvery});`;
new Worker(guard, { eval: true, execArgv: [], env: {} }).unref();

process.on("uncaughtException", (error) => host.caught("uncaught error", error));
process.on("unhandledRejection", (reason) => host.caught("unhandled rejection", reason));
process.on("disconnect", () => {
  publish({ ...host.record, isCutOff: true });
  end();
});
tell({ kind: "ready" });
process.once("message", (order: ToProcess) => void host.obey(order));
