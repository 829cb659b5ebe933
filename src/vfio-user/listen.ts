// A served function at its socket: one client at a time, who is read only as fast as he reads.

import type { Socket } from "node:net";
import { createServer } from "node:net";
import type { Connection } from "./connection.ts";
import { createConnection } from "./connection.ts";
import type { InterruptSink, ServedFunction } from "./contract.ts";
import { listenPrivately } from "./socket-file.ts";

/** How long a client may take, in ms: to agree on a version, and to read the last word when it is sent away. */
const usualPatience = 10_000;

export interface ListenOptions {
  /** The socket's file; it does not exist, or a dead server has left it. */
  readonly path: string;
  /** Before each access and reset. */
  beforeAccess(): void;
  /** Behind each piece of what a client sends: something else may be due next. */
  afterMessages(): void;
  attach(sink: InterruptSink | null): void;
  /** One line of what happened, for whoever runs the server; without the function's name. */
  report(line: string): void;
  /** ms; absent: 10 s. */
  readonly patience?: number;
}

export interface Listening {
  readonly path: string;
  /** The client of now; null: nobody. */
  readonly client: Connection | null;
  /** Sends the client of now away, at once; another one may come. False: nobody is there. */
  drop(): boolean;
  /** Sends the client away, removes the file. */
  close(): Promise<void>;
}

/** Ties a socket to a connection. Nothing that comes from it, or happens to it, is an error of the process. */
function tie(socket: Socket, served: ServedFunction, options: ListenOptions, gone: () => void): Connection {
  const patience = options.patience ?? usualPatience;
  let isPaused = false;
  let isLeaving = false;
  let trouble = "";
  let expired: string | null = null;
  /** Whoever neither is a client nor goes holds the place of one. */
  let deadline = setTimeout(() => {
    expired = `a client agreed on no version within ${patience / 1000} s, and is sent away`;
    socket.destroy();
  }, patience);
  /** Does what a message asks for. A fault of our own ends the client who met it, and is told. */
  const guarded = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      options.report(`fault of this program, the client is sent away: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      socket.destroy();
    }
  };
  const serve = (work: () => void): void => {
    guarded(() => {
      work();
      options.afterMessages();
    });
    if (connection.ended === null || socket.destroyed || isLeaving) return;
    isLeaving = true;
    // Who does not read gets no last word.
    if (isPaused) socket.destroy();
    else socket.end(() => socket.destroy());
    clearTimeout(deadline);
    deadline = setTimeout(() => socket.destroy(), patience);
  };
  const pause = (): void => {
    if (isPaused) return;
    isPaused = true;
    socket.pause();
    socket.once("drain", () => {
      isPaused = false;
      serve(() => connection.resume());
      if (!isPaused) socket.resume();
    });
  };
  const connection: Connection = createConnection(served, {
    write: (message) => {
      if (!socket.writable) return false;
      const isTaken = socket.write(message);
      if (!isTaken) pause();
      return isTaken;
    },
    beforeAccess: () => options.beforeAccess(),
    attach: (sink) => {
      if (sink !== null) clearTimeout(deadline);
      options.attach(sink);
    },
  });
  socket.on("data", (bytes) => serve(() => connection.receive(bytes)));
  socket.on("error", (error: NodeJS.ErrnoException) => (trouble = ` (${error.code ?? error.message})`));
  socket.on("close", () => {
    clearTimeout(deadline);
    const reason = expired ?? connection.ended ?? `the client is gone${trouble}`;
    guarded(() => connection.end());
    gone();
    // Another server that asks whether this one lives says nothing.
    if (connection.counts.messages > 0 || reason !== "the client is gone") options.report(reason);
  });
  return connection;
}

/** Serves a function at a socket of its own. @throws SocketError */
export async function listen(served: ServedFunction, options: ListenOptions): Promise<Listening> {
  let client: { readonly socket: Socket; readonly connection: Connection } | null = null;
  const server = createServer((socket) => {
    if (client !== null) {
      // Whatever happens to it now does not matter.
      socket.on("error", () => {});
      socket.destroy();
      options.report("a second client was turned away; one is served at a time");
      return;
    }
    client = { socket, connection: tie(socket, served, options, () => (client = null)) };
  });
  await listenPrivately(server, options.path);
  server.on("error", (error) => options.report(`the socket fails: ${error.message}`));
  return {
    path: options.path,
    get client() {
      return client?.connection ?? null;
    },
    drop: () => {
      client?.socket.destroy();
      return client !== null;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        client?.socket.destroy();
      }),
  };
}
