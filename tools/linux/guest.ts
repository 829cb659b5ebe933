// A guest: QEMU with the folder's kernel on a machine of ours, from its start to its end.

import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { MachineDescription } from "../../src/platform/description.ts";
import type { Folder } from "./folder.ts";
import type { Monitor } from "./monitor.ts";
import { openMonitor } from "./monitor.ts";
import { endProgram, keepTrack, startProgram } from "./process.ts";
import { RigProblem } from "./problem.ts";
import type { SocketOf } from "./qemu.ts";
import { qemuWords } from "./qemu.ts";
import type { Answer, Talk } from "./talk.ts";
import { listenForGuest } from "./talk.ts";

/** Limits in seconds; a busy machine is slow, so they are wide. */
export interface Limits {
  readonly boot: number;
  readonly command: number;
}

export const usualLimits: Limits = { boot: 300, command: 600 };

export interface Guest {
  /** As `uname -r` says. */
  readonly release: string;
  readonly bootSeconds: number;
  run(text: string, seconds?: number): Promise<Answer>;
  /** QEMU's, connected when it is first asked for. @throws RigProblem */
  monitor(): Promise<Monitor>;
  /** What the kernel wrote on its console so far. */
  console(): string;
  /** Powers off; kills what does not end. True: it ended by itself. */
  end(): Promise<boolean>;
}

const readIfThere = (path: string): string => (existsSync(path) ? readFileSync(path, "utf8") : "");
const secondsToPowerOff = 20;

/** Last words of a text for a message. */
const tailOf = (text: string): string => text.trimEnd().split("\n").slice(-6).map((line) => `    ${line}`).join("\n");

/**
 * Starts a guest and waits until it takes commands. `work`: a folder for sockets, with a short path.
 * @throws RigProblem it did not start, with the last that was heard
 */
export async function startGuest(folder: Folder, machine: MachineDescription, work: string, socketOf: SocketOf, limits: Limits): Promise<Guest> {
  const files = { qmp: join(work, "qmp"), talk: join(work, "talk"), console: join(work, "console.log"), complaints: join(work, "qemu.log") };
  const talk: Talk = await listenForGuest(files.talk);
  const started = Date.now();
  const log = openSync(files.complaints, "w");
  const child = startProgram(qemuWords(folder, machine, files, socketOf), log);
  closeSync(log);
  keepTrack(child);
  child.once("error", (error) => talk.lost(`QEMU cannot be started: ${error.message}`));
  child.once("exit", (code, signal) => talk.lost(`QEMU ended (${code ?? signal ?? "?"})`));
  let monitor: Promise<Monitor> | undefined;
  const stop = async (): Promise<void> => {
    await endProgram(child);
    (await monitor?.catch(() => undefined))?.close();
    talk.close();
  };
  try {
    const release = await talk.ready(limits.boot);
    return {
      release, bootSeconds: (Date.now() - started) / 1000,
      run: (text, seconds = limits.command) => talk.run(text, seconds),
      monitor: () => (monitor ??= openMonitor(files.qmp)),
      console: () => readIfThere(files.console),
      end: async () => {
        talk.off();
        const ended = new Promise<boolean>((resolve) => {
          if (child.exitCode !== null || child.signalCode !== null) resolve(true);
          child.once("exit", () => resolve(true));
          setTimeout(() => resolve(false), secondsToPowerOff * 1000).unref();
        });
        const isOff = await ended;
        await stop();
        return isOff;
      },
    };
  } catch (error) {
    await stop();
    if (!(error instanceof RigProblem)) throw error;
    throw new RigProblem(`${error.message}\n  QEMU said:\n${tailOf(readIfThere(files.complaints)) || "    nothing"}\n  the kernel's last lines:\n${tailOf(readIfThere(files.console)) || "    none"}`);
  }
}
