// What user space sees of the kernel: files, directories and links. Paths are absolute.

import type { Task } from "../../sim/task.ts";

/** Every operation throws SystemError: ENOENT, EACCES, EISDIR, ENOTDIR, EINVAL, or what a file's store answers. */
export interface FileSystem {
  read(path: string): string;
  /** Stores may wait: probing, polling hardware, teardown. */
  write(path: string, text: string): Task<void>;
  /** Names in a directory, sorted. */
  list(path: string): string[];
  /** Target of a link, relative as the kernel gives it. */
  readlink(path: string): string;
  /** Path with every link followed. */
  realpath(path: string): string;
  exists(path: string): boolean;
  /** finit_module and delete_module of a module by its name. */
  loadModule(name: string): Task<void>;
  unloadModule(name: string): Task<void>;
  /** Waits until /dev/kmsg or the trace has more than when it was called (poll); EINTR: a signal; EINVAL: a file that does not grow. */
  poll(path: string): Task<void>;
  /** Lines of the log so far are no longer read (syslog action 5); the log itself keeps them. */
  clearLog(): void;
  /** ioctl of a memdev's character device (/dev/cxl/memN): sends a mailbox command; what the device thinks of it is in the answer's return code. */
  send(path: string, command: string, input: Uint8Array, room: number): Task<{ readonly returnCode: number; readonly output: Uint8Array }>;
}
