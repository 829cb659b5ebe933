// What user space sees of the kernel: files, directories and links. Paths are absolute.

import type { Task } from "../../sim/task.ts";

/** What a path leads to, its last link not followed. A character device's node has its numbers. */
export type FileStatus =
  | { readonly kind: "directory" | "link" }
  | { readonly kind: "file"; readonly isReadable: boolean; readonly isWritable: boolean; readonly device: { readonly major: number; readonly minor: number } | null };

/** One entry of a folder, looked at without walking its path again. */
export interface FolderEntry {
  readonly name: string;
  readonly status: FileStatus;
  readonly read: () => string;
  readonly readlink: () => string;
}

/** Every operation throws SystemError: ENOENT, EACCES, EISDIR, ENOTDIR, EINVAL, or what a file's store answers. */
export interface FileSystem {
  read(path: string): string;
  /** Stores may wait: probing, polling hardware, teardown. */
  write(path: string, text: string): Task<void>;
  /** Names in a directory, sorted. */
  list(path: string): string[];
  /** The same with what each name stands for. */
  scan(path: string): FolderEntry[];
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
  /** ioctl of a memdev's character device (/dev/cxl/memN): sends a mailbox command; what the device thinks of it is in the answer's return code. */
  send(path: string, command: string, input: Uint8Array, room: number): Task<{ readonly returnCode: number; readonly output: Uint8Array }>;
}
