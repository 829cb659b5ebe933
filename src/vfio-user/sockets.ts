// A served machine at its sockets: one for each function, in one folder, and the clock that drives it.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { ServedMachine } from "./contract.ts";
import type { Listening } from "./listen.ts";
import { listen } from "./listen.ts";
import { SocketError } from "./socket-file.ts";

/** The control channel's socket in the same folder, and that of QEMU's monitor. Sockets of devices all have an ending, so that none has such a name. */
export const controlSocket = "control";
export const monitorSocket = "qmp";
/** Milliseconds a timer can wait (31 bits) are more than anybody waits for one. */
const longestWait = 1_000_000_000;

export interface SocketsOptions {
  /** Made with mode 0700 if it is not there. */
  readonly folder: string;
  /** Nanoseconds since power-on; never falls. */
  now(): number;
  /** One line of what happened at a function's socket. */
  report(name: string, line: string): void;
  /** What was thrown while time passed by itself: a fault of this program, and nothing passes by itself any more. Absent: it ends the process. */
  failed?(error: unknown): void;
  /** How long a client may take until it has agreed on a version, in ms; absent: 10 s. */
  readonly patience?: number;
}

export interface Sockets {
  readonly all: readonly { readonly name: string; readonly listening: Listening }[];
  /** Asks the machine anew what is due: after whatever was done to it from outside its sockets. */
  poke(): void;
  /** Sends all clients away and removes the sockets; the folder stays. */
  close(): Promise<void>;
}

/** The file of a function's socket, whatever its name has in it. */
export const socketFile = (folder: string, name: string): string => join(folder, `${encodeURIComponent(name)}.sock`);

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new SocketError(folder, `the folder cannot be made (${error instanceof Error && "code" in error ? String(error.code) : String(error)})`, "choose one in a place where you may write");
  }
}

/** Lets clients come to every function of a machine. @throws SocketError, and then nothing is left behind */
export async function openSockets(machine: ServedMachine, options: SocketsOptions): Promise<Sockets> {
  let timer: NodeJS.Timeout | undefined;
  let isOpen = true;
  const advance = (): void => {
    clearTimeout(timer);
    const due = machine.advanceTo(options.now());
    if (due < 0 || !isOpen) return;
    timer = setTimeout(advanceAlone, Math.min(longestWait, Math.max(1, Math.ceil((due - options.now()) / 1e6))));
  };
  const advanceAlone = (): void => {
    try {
      advance();
    } catch (error) {
      if (options.failed === undefined) throw error;
      options.failed(error);
    }
  };
  const sockets: { name: string; listening: Listening }[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(sockets.map(({ listening }) => listening.close()));
    isOpen = false;
    clearTimeout(timer);
  };
  makeFolder(options.folder);
  try {
    for (const served of machine.functions) {
      const { name } = served;
      const listening = await listen(served, {
        path: socketFile(options.folder, name),
        beforeAccess: () => void machine.advanceTo(options.now()),
        afterMessages: advance,
        attach: (sink) => machine.attach(name, sink),
        report: (line) => options.report(name, line),
        ...(options.patience === undefined ? {} : { patience: options.patience }),
      });
      sockets.push({ name, listening });
    }
  } catch (error) {
    await close();
    throw error;
  }
  advance();
  return { all: sockets, poke: advance, close };
}
