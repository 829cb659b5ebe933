// The process of a contained run from the outside: started, watched for time and memory, ended. A thread would not do: V8 ends the whole process where a map or an
// array grows over a thread's heap limit (docs/contained-drivers.md).

import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { WatchRecord } from "../src/sandbox/contained/watch.ts";
import type { RunProgress } from "../src/sandbox/contract.ts";
import type { DriverEnding } from "../src/scenario/result.ts";
import type { FromProcess, ToProcess } from "./driver-messages.ts";
import { recordDescriptor, recordSize, tokenName } from "./driver-messages.ts";

export interface DriverBudgets {
  /** Services and register accesses of a run. */
  readonly steps: number;
  /** Milliseconds for one stay in a hook, and for a run without progress: of its processor time, or a tenth of the wall's. */
  readonly time: number;
  /** MiB of JavaScript heap. */
  readonly heap: number;
}

/** MiB that the process may have beside its heap, in typed arrays and WebAssembly memories. */
const memoryBeside = 512;

/** How a process ended otherwise than by doing what it was told. */
export interface ProcessEnd {
  readonly kind: "process end";
  readonly ending: DriverEnding;
  readonly detail: string;
  readonly record: WatchRecord;
}
type Answer = Exclude<FromProcess, { kind: "ready" | "progress" | "ended" }> | ProcessEnd;

export interface DriverProcess {
  /** Tells it what to do and waits for how it went; once. The process is gone afterwards. */
  obey(order: ToProcess, onProgress?: (progress: RunProgress) => void): Promise<Answer>;
  /** What drivers printed, at most `mostPrinted` characters. */
  readonly printed: string;
  kill(): void;
}

/** Characters kept of what drivers print. */
const mostPrinted = 64 << 10;
/** Milliseconds between two looks. */
const watchEvery = 25;
/** Milliseconds that our own code may take before and between hooks, however small the budget of a hook is. */
const leastPatience = 10_000;
/** Milliseconds that a process which is gone is given to have its output read. */
const outputPatience = 500;
/** The entry stands beside this file, compiled. */
const entry = fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "../dist/workers/driver-node.js" : "./driver-node.js", import.meta.url));
const nothing: WatchRecord = { sequence: 0, entries: 0, place: null, virtualTimeNs: 0, services: 0, lastLog: null };

/** A file without a name that both processes have open. */
function openRecord(): number {
  const folder = mkdtempSync(join(tmpdir(), "cxl-sandbox-record-"));
  try {
    return openSync(join(folder, "record"), "w+");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readRecord(descriptor: number, before: WatchRecord): WatchRecord {
  const buffer = Buffer.alloc(recordSize);
  const size = readSync(descriptor, buffer, 0, recordSize, 0);
  try {
    return size === 0 ? before : (JSON.parse(buffer.toString("utf8", 0, size)) as WatchRecord);
  } catch {
    return before;
  }
}

/** MiB of memory that a process holds; 0 where the system does not tell (it does on Linux). */
function residentSize(pid: number | undefined): number {
  try {
    return Number(/^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** Milliseconds by the wall and of the process's own processor time; the wall's for both where the system does not tell (it does on Linux). */
interface Moment {
  readonly wall: number;
  readonly processor: number;
}

/** Milliseconds of a clock tick in /proc. */
const tick = 10;

function momentOf(pid: number | undefined): Moment {
  const wall = performance.now();
  try {
    // The name, in parentheses, may hold blanks; user and system time are the 12th and 13th word behind it.
    const words = readFileSync(`/proc/${pid}/stat`, "latin1").replace(/^.*\) /s, "").split(" ");
    return { wall, processor: (Number(words[11]) + Number(words[12])) * tick };
  } catch {
    return { wall, processor: wall };
  }
}

/**
 * How long something took: on a busy machine a process waits for its turn, which is not its doing, and processor time is what counts; what sleeps uses none, and
 * has ten times as long.
 */
const elapsed = (since: Moment, now: Moment): number => Math.max(Math.min(now.wall - since.wall, now.processor - since.processor), (now.wall - since.wall) / 10);

/** Everything that is known of a process under way. */
interface Watched {
  readonly child: ChildProcess;
  readonly descriptor: number;
  readonly budgets: DriverBudgets;
  readonly settle: (answer: Answer) => void;
  record: WatchRecord;
  printed: string;
  /** Of the last entry into a hook, and of the last sign of progress. */
  enteredAt: Moment;
  progressAt: Moment;
  progress: number;
}

function end(watched: Watched, ending: DriverEnding, detail: string): void {
  watched.record = readRecord(watched.descriptor, watched.record);
  watched.settle({ kind: "process end", ending, detail, record: watched.record });
}

const seconds = (milliseconds: number): string => `${milliseconds / 1000} s`;

/** One look: has it been in a hook too long, does nothing go on, is it too big? */
function look(watched: Watched): void {
  const { budgets, child } = watched;
  const now = momentOf(child.pid);
  const record = readRecord(watched.descriptor, watched.record);
  if (record.entries !== watched.record.entries) watched.enteredAt = now;
  if (record.entries !== watched.record.entries || record.virtualTimeNs !== watched.record.virtualTimeNs) watched.progressAt = now;
  watched.record = record;
  const resident = residentSize(child.pid);
  if (resident > budgets.heap + memoryBeside) end(watched, "out of memory", `its process grew to ${Math.round(resident)} MiB; ${budgets.heap} MiB of heap (--driver-heap) and ${memoryBeside} MiB beside it are allowed`);
  else if (record.place !== null && elapsed(watched.enteredAt, now) > budgets.time) end(watched, "hook out of time", `it did not return within ${seconds(budgets.time)} (--driver-time)`);
  else if (elapsed(watched.progressAt, now) > Math.max(budgets.time, leastPatience)) end(watched, "no progress", `nothing went on for ${seconds(Math.max(budgets.time, leastPatience))} (--driver-time)`);
}

/** The process is gone, and said nothing of why. */
function gone(watched: Watched, code: number | null, signal: NodeJS.Signals | null): void {
  const { budgets, printed } = watched;
  watched.record = readRecord(watched.descriptor, watched.record);
  if (watched.record.isCutOff === true) end(watched, "closed its channel", "it closed the channel between its process and the command");
  else if (watched.record.services > budgets.steps) end(watched, "out of steps", `it called more than ${budgets.steps} services (--driver-steps), and went on when it was told so`);
  else if (/JavaScript heap out of memory|invalid size error|Fatal process out of memory/.test(printed)) end(watched, "out of heap", `it filled the heap of ${budgets.heap} MiB (--driver-heap)`);
  else end(watched, "ended its process", signal === null ? `it called process.exit (status ${code})` : `the process was ended by ${signal}`);
}

function hear(watched: Watched, message: FromProcess, onProgress: (progress: RunProgress) => void): void {
  if (message.kind === "ready") watched.enteredAt = watched.progressAt = momentOf(watched.child.pid);
  else if (message.kind === "progress") {
    if (message.progress.virtualTimeNs !== watched.progress) watched.progressAt = momentOf(watched.child.pid);
    watched.progress = message.progress.virtualTimeNs;
    onProgress(message.progress);
  } else if (message.kind === "ended") watched.settle({ ...message, kind: "process end" });
  // Of a syntax error the place follows on standard error, with the end of the process.
  else if (message.kind !== "not-loaded" || !message.isSyntax) watched.settle(message);
}

/** Place and message of a syntax error as Node prints one that nobody caught. */
function syntaxProblem(printed: string): string | undefined {
  const match = /^(?:file:\/\/)?(\S.*):(\d+)\n.*\n( *)\^.*\n+SyntaxError: (.*)$/m.exec(printed);
  if (match === null) return undefined;
  const [, file, line, blanks = "", message = ""] = match;
  const remedy = /outside a module|Unexpected token 'export'/.test(message) ? "; to be read as a module the file is named .mjs, or a package.json above it has \"type\": \"module\"" : "";
  return `${file}:${line}:${blanks.length + 1}: ${message}${remedy}`;
}

const isOurs = (value: unknown, token: string): value is { readonly message: FromProcess } => typeof value === "object" && value !== null && "token" in value && value.token === token && "message" in value;

/** With all that it printed, unless somebody else holds on to its output: a process that the driver started, for which nobody waits. */
function whenGone(child: ChildProcess): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }> {
  return new Promise((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal }));
    child.once("exit", (code, signal) => {
      setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
        resolve({ code, signal });
      }, outputPatience).unref();
    });
  });
}

/** Starts a process that waits for what it is to do. */
export function startDriverProcess(budgets: DriverBudgets): DriverProcess {
  const token = randomBytes(16).toString("hex");
  const descriptor = openRecord();
  const stdio: ("ignore" | "pipe" | "ipc" | number)[] = ["ignore", "pipe", "pipe", "ipc"];
  stdio[recordDescriptor] = descriptor;
  const child = fork(entry, [], {
    stdio, serialization: "advanced", env: { ...process.env, [tokenName]: token },
    execArgv: [`--max-old-space-size=${budgets.heap}`, "--enable-source-maps", "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON"],
  });
  let settle: Watched["settle"] = () => undefined;
  const answered = new Promise<Answer>((resolve) => (settle = resolve));
  const watched: Watched = { child, descriptor, budgets, settle, record: nothing, printed: "", enteredAt: momentOf(child.pid), progressAt: momentOf(child.pid), progress: -1 };
  const keep = (chunk: Buffer): void => {
    if (watched.printed.length < mostPrinted) watched.printed = (watched.printed + chunk.toString("utf8")).slice(0, mostPrinted);
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  const kill = (): void => void child.kill("SIGKILL");
  const closed = whenGone(child);
  return {
    obey: async (order, onProgress = () => undefined) => {
      let syntax: Extract<FromProcess, { kind: "not-loaded" }> | null = null;
      child.on("message", (value: unknown) => {
        if (!isOurs(value, token)) return;
        if (value.message.kind === "not-loaded" && value.message.isSyntax) syntax = value.message;
        hear(watched, value.message, onProgress);
        if (value.message.kind === "ready") child.send(order);
      });
      child.once("error", (error) => watched.settle({ kind: "error", message: error.message }));
      void closed.then(({ code, signal }) => (syntax === null ? gone(watched, code, signal) : watched.settle({ ...syntax, message: syntaxProblem(watched.printed) ?? syntax.message })));
      watched.enteredAt = watched.progressAt = momentOf(watched.child.pid);
      const watching = setInterval(() => look(watched), watchEvery);
      try {
        return await answered;
      } finally {
        clearInterval(watching);
        kill();
        await closed;
        closeSync(descriptor);
      }
    },
    get printed() {
      return watched.printed;
    },
    kill,
  };
}
