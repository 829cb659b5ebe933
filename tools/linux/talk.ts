// The line to the guest's init.sh: commands go in, answers come out. init.sh is the other end.

import type { Server, Socket } from "node:net";
import { createServer } from "node:net";
import { RigProblem } from "./problem.ts";

/** What a command in the guest came to. */
export interface Answer {
  readonly exitCode: number;
  /** Seconds since the guest's kernel began. */
  readonly uptime: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Talk {
  /** Waits for the guest's first word: the kernel's release. @throws RigProblem */
  ready(seconds: number): Promise<string>;
  /** Runs shell text in the guest. @throws RigProblem no answer in time, or the guest is gone */
  run(text: string, seconds: number): Promise<Answer>;
  /** Powers the guest off; its end is QEMU's. */
  off(): void;
  /** The guest has ended: who waits is told. */
  lost(why: string): void;
  close(): void;
}

interface Waiting {
  readonly take: (line: string) => void;
  readonly fail: (why: string) => void;
}

const decoded = (text: string): string => Buffer.from(text, "base64").toString("utf8");

/** Lines until one answers `last`. */
function linesUntil(wait: (waiting: Waiting | null) => void, last: RegExp, what: string, seconds: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const lines: string[] = [];
    const limit = setTimeout(() => end(() => reject(new RigProblem(`${what}: no answer within ${seconds} s`))), seconds * 1000);
    const end = (work: () => void): void => {
      clearTimeout(limit);
      wait(null);
      work();
    };
    wait({
      take: (line) => {
        lines.push(line);
        if (last.test(line)) end(() => resolve(lines));
      },
      fail: (why) => end(() => reject(new RigProblem(`${what}: ${why}`))),
    });
  });
}

function answerIn(lines: readonly string[]): Answer {
  const word = (kind: string): string => lines.find((line) => line.startsWith(`@${kind}`))?.slice(kind.length + 1).trim() ?? "";
  const [status = "", uptime = ""] = word("done").split(" ");
  return { exitCode: Number(status), uptime: Number(uptime), stdout: decoded(word("out")), stderr: decoded(word("err")) };
}

/** Listens on a socket for the guest's line. */
export async function listenForGuest(path: string): Promise<Talk> {
  let socket: Socket | null = null;
  let waiting: Waiting | null = null;
  let gone: string | null = null;
  let rest = "";
  const early: string[] = [];
  const wait = (next: Waiting | null): void => {
    waiting = next;
    if (next !== null && gone !== null) next.fail(gone);
    else for (const line of early.splice(0)) next?.take(line);
  };
  const server: Server = createServer((client) => {
    socket = client;
    client.setEncoding("latin1");
    client.on("error", () => undefined);
    client.on("data", (chunk: string) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (waiting === null) early.push(line.trimEnd());
      else waiting.take(line.trimEnd());
    });
  });
  await new Promise<void>((resolve, reject) => void server.once("error", reject).listen(path, resolve));
  const send = (line: string): void => void socket?.write(`${line}\n`);
  return {
    ready: async (seconds) => (await linesUntil(wait, /@ready /, "the guest's start", seconds)).at(-1)?.replace(/^.*@ready /, "") ?? "",
    run: async (text, seconds) => {
      const lines = linesUntil(wait, /^@err/, `"${text.split("\n")[0] ?? ""}"`, seconds);
      send(Buffer.from(`${text}\n`).toString("base64"));
      return answerIn(await lines);
    },
    off: () => send("@off"),
    lost: (why) => {
      gone = why;
      waiting?.fail(why);
    },
    close: () => {
      socket?.destroy();
      server.close();
    },
  };
}
