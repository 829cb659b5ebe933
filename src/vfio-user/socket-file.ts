// A unix socket in the file system that its owner alone may use, in place of one that a dead server has left, never of one that lives.

import { lstatSync, unlinkSync } from "node:fs";
import type { Server } from "node:net";
import { createConnection } from "node:net";
import { resolve as absolute } from "node:path";

/** Bytes of sockaddr_un's path without its NUL (Linux). */
const longestPath = 107;
/** Read and write for the owner, nothing for others. */
const privateMask = 0o177;

/** A socket that cannot be had; the message says which, why and what to do. */
export class SocketError extends Error {
  readonly path: string;

  constructor(path: string, why: string, remedy: string) {
    super(`cannot listen at ${path}: ${why}; ${remedy}`);
    this.name = "SocketError";
    this.path = path;
  }
}

const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : String(error));

/** Binds within this call, so that nothing else of the process is made with its mask; the file never has another mode. */
function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    const mask = process.umask(privateMask);
    try {
      server.listen({ path, exclusive: true }, () => {
        server.off("error", reject);
        resolve();
      });
    } finally {
      process.umask(mask);
    }
  });
}

/** Whether somebody accepts at a socket file. */
function isLive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createConnection({ path });
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    // Refused: nobody has it. Gone: nobody either. Anything else may be somebody.
    probe.once("error", (error) => resolve(!["ECONNREFUSED", "ENOENT"].includes(codeOf(error))));
  });
}

const identityOf = (path: string): string | null => {
  const status = lstatSync(path, { throwIfNoEntry: false });
  return status === undefined ? null : `${status.dev}:${status.ino}`;
};

/** Removes what a dead server left. @throws SocketError of what is no such thing */
async function removeStale(path: string): Promise<void> {
  const before = identityOf(path);
  if (before === null) return;
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === false) throw new SocketError(path, "there is a file of another kind", "remove it, or choose another folder");
  if (await isLive(path)) throw new SocketError(path, "another server is listening there", "end it, or choose another folder");
  // Another server may have been as quick: what it has made meanwhile stays.
  if (identityOf(path) !== before) throw new SocketError(path, "another server has just begun there", "end it, or choose another folder");
  unlinkSync(path);
}

/**
 * Lets `server` listen at `path` with mode 0600. A socket file of a dead server is replaced. Closing the server removes the file.
 * @throws SocketError where the path is too long, another server listens, or the file system refuses
 */
export async function listenPrivately(server: Server, path: string): Promise<void> {
  // Its other end may begin elsewhere, as QEMU does: the whole path has to be short enough.
  const length = Buffer.byteLength(absolute(path));
  if (length > longestPath) throw new SocketError(path, `its path has ${length} bytes, and a socket's has at most ${longestPath}`, "choose a folder with a shorter name");
  try {
    await bind(server, path);
  } catch (error) {
    if (codeOf(error) !== "EADDRINUSE") throw new SocketError(path, codeOf(error) === "ENOENT" ? "its folder is not there" : codeOf(error), "choose a folder in which you may write");
    try {
      await removeStale(path);
      await bind(server, path);
    } catch (second) {
      if (second instanceof SocketError) throw second;
      throw new SocketError(path, codeOf(second), "choose another folder");
    }
  }
}
