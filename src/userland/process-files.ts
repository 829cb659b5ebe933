// The files as one process sees them: paths from its folder on, and a signal that ends it at the next return from the kernel.

import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Task } from "../sim/task.ts";

/** A program that a signal ended; no program catches it. */
export class Interrupted extends Error {}

export interface Process {
  /** Absolute. */
  folder: string;
  readonly isSignalled: () => boolean;
  /** The program has heard of the signal and does what is left to do. */
  readonly takeSignal: () => void;
}

/** An absolute path, from `folder` on when it is relative. */
export function absolutePath(folder: string, path: string): string {
  if (path.startsWith("/") || path === "") return path;
  return `${folder === "/" ? "" : folder}/${path}`;
}

export function createProcessFiles(files: FileSystem, process: Process): FileSystem {
  // A signal ends the process once: what it puts back on its way out is done as ever.
  const back = (): void => {
    if (!process.isSignalled()) return;
    process.takeSignal();
    throw new Interrupted();
  };
  const at = (path: string): string => absolutePath(process.folder, path);
  const atOnce = <T>(call: () => T): T => {
    try {
      return call();
    } finally {
      back();
    }
  };
  const inside = function* <T>(call: () => Task<T>): Task<T> {
    back();
    try {
      return yield* call();
    } finally {
      back();
    }
  };
  return {
    ...files,
    read: (path) => atOnce(() => files.read(at(path))),
    pread: (path, offset, length) => atOnce(() => files.pread(at(path), offset, length)),
    status: (path) => atOnce(() => files.status(at(path))),
    list: (path) => atOnce(() => files.list(at(path))),
    scan: (path) => atOnce(() => files.scan(at(path))),
    readlink: (path) => atOnce(() => files.readlink(at(path))),
    realpath: (path) => atOnce(() => files.realpath(at(path))),
    exists: (path) => atOnce(() => files.exists(at(path))),
    write: (path, text) => inside(() => files.write(at(path), text)),
    pwrite: (path, offset, bytes) => inside(() => files.pwrite(at(path), offset, bytes)),
    append: (path, text) => inside(() => files.append(at(path), text)),
    remove: (path) => atOnce(() => files.remove(at(path))),
    poll: function* (path) {
      back();
      try {
        yield* files.poll(at(path));
      } finally {
        process.takeSignal();
      }
    },
    send: (path, command, input, room) => inside(() => files.send(at(path), command, input, room)),
    loadModule: (name) => inside(() => files.loadModule(name)),
    unloadModule: (name) => inside(() => files.unloadModule(name)),
  };
}
