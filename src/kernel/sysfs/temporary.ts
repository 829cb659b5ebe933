// /tmp: files of user space, held in memory as a tmpfs holds them. One directory, bounded; bytes are characters 0 to 255.

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { defineState } from "../base/kernel.ts";
import type { Node } from "./node.ts";
import { directory, file } from "./node.ts";

export const temporaryFolder = "/tmp";
/** Bytes of all files together. */
export const temporaryRoom = 16 * 1024 * 1024;
const longestName = 255;

interface TemporaryState {
  readonly files: Map<string, string>;
  used: number;
}

const temporaryState = defineState("tmp", (): TemporaryState => ({ files: new Map(), used: 0 }));

/** Makes a file's content this; makes the file where it is not there. @throws SystemError ENOSPC no room, and then nothing has changed; EINVAL too long a name */
export function storeTemporary(kernel: Kernel, name: string, text: string): void {
  const state = temporaryState(kernel);
  if (name.length > longestName) throw new SystemError("EINVAL", `${temporaryFolder}/${name}: more than ${longestName} characters`);
  const used = state.used - (state.files.get(name)?.length ?? 0) + text.length;
  if (used > temporaryRoom) throw new SystemError("ENOSPC", `${temporaryFolder}/${name}: ${temporaryFolder} holds ${temporaryRoom} bytes`);
  state.files.set(name, text);
  state.used = used;
}

/** @throws SystemError ENOSPC, EINVAL */
export function appendTemporary(kernel: Kernel, name: string, text: string): void {
  storeTemporary(kernel, name, (temporaryState(kernel).files.get(name) ?? "") + text);
}

/** @throws SystemError ENOENT */
export function removeTemporary(kernel: Kernel, name: string): void {
  const state = temporaryState(kernel);
  const text = state.files.get(name);
  if (text === undefined) throw new SystemError("ENOENT", `${temporaryFolder}/${name}: no such file or directory`);
  state.files.delete(name);
  state.used -= text.length;
}

const storeFile = task("tmpfs.write", function* (kernel: Kernel, name: string, text: string): Task<void> {
  storeTemporary(kernel, name, text);
});

const fileNode = (kernel: Kernel, name: string): Node => file(() => temporaryState(kernel).files.get(name) ?? "", (text) => storeFile(kernel, name, text));

export const temporaryNode = (kernel: Kernel): Node => directory(
  () => new Map([...temporaryState(kernel).files.keys()].map((name) => [name, fileNode(kernel, name)])),
  (name) => (temporaryState(kernel).files.has(name) ? fileNode(kernel, name) : undefined),
);
