// What user space sees of the kernel: files, directories and links. Paths are absolute.

import type { Task } from "../../sim/task.ts";

/** What a path leads to, its last link not followed. A character device's node has its numbers. */
export type FileStatus =
  | { readonly kind: "directory" | "link" }
  | { readonly kind: "file"; readonly isReadable: boolean; readonly isWritable: boolean; readonly device: { readonly major: number; readonly minor: number } | null };

/** Every operation throws SystemError: ENOENT, EACCES, EISDIR, ENOTDIR, EINVAL, or what a file's store answers. */
export interface FileSystem {
  /** The whole file; bytes of a binary one are characters 0 to 255. */
  read(path: string): string;
  /** At most `length` bytes from `offset` on; fewer at the file's end. */
  pread(path: string, offset: bigint, length: number): Uint8Array;
  /** Stores bytes at `offset`. A file of text takes them at 0 alone, as a whole. */
  pwrite(path: string, offset: bigint, bytes: Uint8Array): Task<void>;
  /** Stores may wait: probing, polling hardware, teardown. A file that is not there yet is made in /tmp; one that is there in /tmp gets this content. */
  write(path: string, text: string): Task<void>;
  /** As a write; of a file in /tmp at its end. */
  append(path: string, text: string): Task<void>;
  /** Removes a file of /tmp; anything else is the kernel's. */
  remove(path: string): void;
  /** fork(2): a process that goes on when the command that started it is over. */
  start(name: string, body: (files: FileSystem) => Task<void>): void;
  /** Names in a directory, sorted. */
  list(path: string): string[];
  /** Target of a link, relative as the kernel gives it. */
  readlink(path: string): string;
  /** Path with every link followed. */
  realpath(path: string): string;
  exists(path: string): boolean;
  /** As lstat. */
  status(path: string): FileStatus;
  /** finit_module and delete_module of a module by its name. */
  loadModule(name: string): Task<void>;
  unloadModule(name: string): Task<void>;
  /**
   * Waits until /dev/kmsg or the trace has more than when it was called (poll); EINVAL: a file that does not grow; EINTR: a signal, or (in a step) nothing
   * more can come. A program hears of the signal here, unlike elsewhere, and ends by itself.
   */
  poll(path: string): Task<void>;
  /** Lines of the log so far are no longer read (syslog action 5); the log itself keeps them. */
  clearLog(): void;
  /** ioctl of a memdev's character device (/dev/cxl/memN): sends a mailbox command; what the device thinks of it is in the answer's return code. */
  send(path: string, command: string, input: Uint8Array, room: number): Task<{ readonly returnCode: number; readonly output: Uint8Array }>;
}
