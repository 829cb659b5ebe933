// The control channel's socket: `control` in the folder of the devices', for its owner alone; and its other end.

import { createConnection, createServer } from "node:net";
import type { Socket } from "node:net";
import { join } from "node:path";
import type { ControlAnswer } from "./control.ts";
import { LineCutter, longestLine } from "./control.ts";
import { listenPrivately } from "./socket-file.ts";
import { controlSocket } from "./sockets.ts";

/** Users at a time. */
const mostUsers = 16;

export interface ControlListening {
  readonly path: string;
  /** Sends everybody away and removes the file. */
  close(): Promise<void>;
}

/** 64-bit values of a fault's action become text. */
const textOf = (answer: ControlAnswer): string => `${JSON.stringify(answer, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value))}\n`;

/** Answers line by line, in order; who does not read his answers is not read. */
function serveUser(socket: Socket, answer: (line: string) => ControlAnswer): void {
  const cutter = new LineCutter();
  const pending: string[] = [];
  const work = (): void => {
    if (socket.writableNeedDrain) return;
    for (let line = pending.shift(); line !== undefined; line = pending.shift()) {
      if (line.trim() === "") continue;
      if (socket.write(textOf(answer(line)))) continue;
      socket.pause();
      socket.once("drain", () => {
        socket.resume();
        work();
      });
      return;
    }
  };
  socket.on("data", (bytes) => {
    const lines = cutter.push(bytes);
    if (lines === null) {
      socket.pause();
      socket.end(textOf({ ok: false, error: `a line has at most ${longestLine - 1} bytes` }), () => socket.destroy());
      return;
    }
    pending.push(...lines);
    work();
  });
  // Nothing that happens to a user's socket is an error of the process.
  socket.on("error", () => {});
}

/** Listens for users of the control channel in a folder. `report`: one line of what went wrong with it. @throws SocketError */
export async function listenControl(folder: string, answer: (line: string) => ControlAnswer, report: (line: string) => void): Promise<ControlListening> {
  /** A fault of our own is answered as well, and ends nobody. */
  const answered = (line: string): ControlAnswer => {
    try {
      return answer(line);
    } catch (error) {
      report(`fault of this program: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      return { ok: false, error: `fault of this program: ${error instanceof Error ? error.message : String(error)}` };
    }
  };
  const users = new Set<Socket>();
  const server = createServer((socket) => {
    users.add(socket);
    socket.on("close", () => users.delete(socket));
    serveUser(socket, answered);
  });
  server.maxConnections = mostUsers;
  const path = join(folder, controlSocket);
  await listenPrivately(server, path);
  server.on("error", (error) => report(`the control channel fails: ${error.message}`));
  return {
    path,
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      for (const user of users) user.destroy();
    }),
  };
}

/** Nobody answers at a control channel. */
export class NoServerError extends Error {}

const closedEarly = `nobody answered: the server has ended, or ${mostUsers} others ask already`;

function causeOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === "ENOENT" || code === "ECONNREFUSED") return "no machine is served there";
  if (code === "ECONNRESET" || code === "EPIPE") return closedEarly;
  return code === "EACCES" ? "it belongs to somebody else" : (code ?? message);
}

/** Asks the server of a folder one thing. @throws NoServerError */
export function askControl(folder: string, request: Readonly<Record<string, unknown>>, patience = 30_000): Promise<ControlAnswer> {
  const path = join(folder, controlSocket);
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path });
    const fail = (why: string): void => {
      socket.destroy();
      reject(new NoServerError(`${path}: ${why}; start cxl-sandbox vfio-user with --dir ${folder}, or name its folder`));
    };
    let text = "";
    socket.setEncoding("utf8").setTimeout(patience, () => fail(`no answer within ${patience / 1000} s`));
    socket.on("error", (error) => fail(causeOf(error)));
    socket.on("close", () => fail(closedEarly));
    socket.on("data", (piece: string) => {
      text += piece;
      const end = text.indexOf("\n");
      if (end < 0) return;
      socket.removeAllListeners("close");
      socket.destroy();
      try {
        resolve(JSON.parse(text.slice(0, end)) as ControlAnswer);
      } catch {
        fail("what answers there is no machine of cxl-sandbox");
      }
    });
    socket.write(`${JSON.stringify(request)}\n`);
  });
}
