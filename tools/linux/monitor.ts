// QEMU's monitor (QMP): devices are plugged in and unplugged by it while the guest runs.

import type { Socket } from "node:net";
import { connect } from "node:net";
import { RigProblem } from "./problem.ts";

export interface Monitor {
  /** Does a command; its answer's `return`. @throws RigProblem QEMU refuses it, or does not answer */
  run(command: string, values?: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** Waits for an event of a device, also one that came before. @throws RigProblem it does not come in time */
  event(name: string, device: string, seconds: number): Promise<void>;
  close(): void;
}

const secondsToAnswer = 60;

/** What QEMU says: its greeting, an answer by the command's id, or an event. */
interface Message {
  readonly QMP?: object;
  readonly id?: number;
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
  readonly event?: string;
  readonly data?: { readonly device?: string };
}

interface Waiting {
  readonly holds: (message: Message) => boolean;
  readonly done: (message: Message) => void;
  readonly fail: (problem: RigProblem) => void;
}

class Qmp implements Monitor {
  readonly #socket: Socket;
  readonly #waiting = new Set<Waiting>();
  readonly #events: Message[] = [];
  #rest = "";
  #id = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => this.#take(text));
    socket.on("error", (error) => this.#lost(error.message));
    socket.on("close", () => this.#lost("it is gone"));
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines.filter((one) => one.trim() !== "")) {
      const message = JSON.parse(line) as Message;
      const waiting = [...this.#waiting].find(({ holds }) => holds(message));
      if (waiting !== undefined) waiting.done(message);
      else if (message.event !== undefined) this.#events.push(message);
    }
  }

  #lost(why: string): void {
    for (const { fail } of this.#waiting) fail(new RigProblem(`QEMU's monitor: ${why}`));
  }

  /** The next message of a kind. */
  message(holds: Waiting["holds"], what: string, seconds: number): Promise<Message> {
    return new Promise((resolve, reject) => {
      const end = (work: () => void): void => {
        clearTimeout(limit);
        this.#waiting.delete(waiting);
        work();
      };
      const waiting: Waiting = { holds, done: (message) => end(() => resolve(message)), fail: (problem) => end(() => reject(problem)) };
      const limit = setTimeout(() => waiting.fail(new RigProblem(`QEMU's monitor: ${what} did not come within ${seconds} s`)), seconds * 1000);
      this.#waiting.add(waiting);
    });
  }

  async run(command: string, values?: Readonly<Record<string, unknown>>): Promise<unknown> {
    const id = ++this.#id;
    const answer = this.message((message) => message.id === id, `an answer to ${command}`, secondsToAnswer);
    this.#socket.write(`${JSON.stringify({ execute: command, id, ...(values === undefined ? {} : { arguments: values }) })}\n`);
    const { error, return: value } = await answer;
    if (error !== undefined) throw new RigProblem(`QEMU's monitor refuses ${command}: ${error.desc}`);
    return value;
  }

  async event(name: string, device: string, seconds: number): Promise<void> {
    const holds = (message: Message): boolean => message.event === name && message.data?.device === device;
    const before = this.#events.findIndex(holds);
    if (before >= 0) this.#events.splice(before, 1);
    else await this.message(holds, `${name} of ${device}`, seconds);
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Connects to a QEMU that has its monitor's socket already. @throws RigProblem nobody answers there */
export async function openMonitor(path: string): Promise<Monitor> {
  const socket = connect(path);
  const monitor = new Qmp(socket);
  try {
    await monitor.message(({ QMP }) => QMP !== undefined, "its greeting", secondsToAnswer);
    await monitor.run("qmp_capabilities");
  } catch (error) {
    monitor.close();
    throw error;
  }
  return monitor;
}
