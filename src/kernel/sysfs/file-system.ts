// The FileSystem over the virtual tree: path resolution with links, reads, stores.

import type { Task } from "../../sim/task.ts";
import { spawn, task } from "../../sim/task.ts";
import { SystemError } from "../base/errno.ts";
import { findDevice } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { logChannel } from "../base/kernel.ts";
import { waitInterruptibly } from "../base/signal.ts";
import { sendFromUser } from "../cxl/ioctl.ts";
import { cxlBus } from "../cxl/types.ts";
import type { FileStatus, FileSystem, FolderEntry } from "./interface.ts";
import { traceChannel } from "../trace/ring.ts";
import { readPart, readWhole, toBytes, toText, writeBytes } from "./bytes.ts";
import { clearLog } from "./log.ts";
import { deleteModule, initModule } from "./modules.ts";
import type { FileNode, Node } from "./node.ts";
import { rootNode } from "./nodes.ts";
import { appendTemporary, removeTemporary, storeTemporary, temporaryFolder } from "./temporary.ts";

const linkLimit = 40;

interface Found {
  readonly node: Node;
  /** Names on the way to it, without links. */
  readonly names: readonly string[];
}

const pathOf = ({ names }: Found): string => `/${names.join("/")}`;

const flaws = { ENOENT: "no such file or directory", ENOTDIR: "not a directory", EINVAL: "too many links" } as const;
type Flaw = keyof typeof flaws;

const isStep = (part: string): boolean => part !== "" && part !== ".";
/** The steps of a path, the first one last. */
const stepsOf = (path: string): string[] => path.split("/").filter(isStep).toReversed();

/** Walks a path; links on the way are followed, the last one when `followsLast`. Gives what is in the way where it does not come to the end. */
function walk(kernel: Kernel, path: string, followsLast: boolean): Found | Flaw {
  const pending = stepsOf(path);
  const names: string[] = [];
  const nodes: Node[] = [];
  const root = rootNode(kernel);
  let links = 0;
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    if (part === "..") {
      names.pop();
      nodes.pop();
      continue;
    }
    const here = nodes.at(-1) ?? root;
    if (here.kind !== "directory") return "ENOTDIR";
    const next = here.find(part);
    if (next === undefined) return "ENOENT";
    if (next.kind === "link" && (pending.length > 0 || followsLast)) {
      if (links++ > linkLimit) return "EINVAL";
      const { target } = next;
      if (target.startsWith("/")) names.length = nodes.length = 0;
      pending.push(...stepsOf(target));
      continue;
    }
    names.push(part);
    nodes.push(next);
  }
  return { node: nodes.at(-1) ?? root, names };
}

/** As `walk`. @throws SystemError ENOENT, ENOTDIR, EINVAL */
function resolve(kernel: Kernel, path: string, followsLast: boolean): Found {
  if (!path.startsWith("/")) throw new SystemError("ENOENT", `${path}: not an absolute path`);
  const found = walk(kernel, path, followsLast);
  if (typeof found === "string") throw new SystemError(found, `${path}: ${flaws[found]}`);
  return found;
}

/** Name of a file right below /tmp, there or not; undefined for another path. @throws SystemError of the folder's path */
function temporaryName(kernel: Kernel, path: string): string | undefined {
  const at = path.lastIndexOf("/");
  const name = path.slice(at + 1);
  if (!path.startsWith("/") || name === "" || name === "." || name === "..") return undefined;
  return pathOf(resolve(kernel, path.slice(0, at + 1), true)) === temporaryFolder ? name : undefined;
}

/** @throws SystemError EISDIR */
function fileAt(kernel: Kernel, path: string): FileNode {
  const { node } = resolve(kernel, path, true);
  if (node.kind === "file") return node;
  throw new SystemError("EISDIR", `${path}: is a directory`);
}

const writeFile = task("sysfs.write", function* (kernel: Kernel, path: string, text: string): Task<void> {
  const name = temporaryName(kernel, path);
  if (name !== undefined) return storeTemporary(kernel, name, text);
  const node = fileAt(kernel, path);
  if (node.bytes !== undefined) return writeBytes(node.bytes, path, 0n, toBytes(text));
  if (node.write === null) throw new SystemError("EACCES", `${path}: read-only`);
  yield* node.write(text);
});

const appendFile = task("sysfs.append", function* (kernel: Kernel, path: string, text: string): Task<void> {
  const name = temporaryName(kernel, path);
  if (name === undefined) yield* writeFile(kernel, path, text);
  else appendTemporary(kernel, name, text);
});

function removeFile(kernel: Kernel, path: string): void {
  const name = temporaryName(kernel, path);
  if (name !== undefined) removeTemporary(kernel, name);
  else throw new SystemError(resolve(kernel, path, false).node.kind === "directory" ? "EISDIR" : "EPERM", `${path}: not for user space to remove`);
}

/** The whole of a file. @throws SystemError */
function contentOf(node: Node, path: string, isRoot: boolean): string {
  if (node.kind !== "file") throw new SystemError("EISDIR", `${path}: is a directory`);
  if (node.bytes !== undefined) return readWhole(node.bytes, path, isRoot);
  if (node.read === null) throw new SystemError("EACCES", `${path}: write-only`);
  return isRoot ? node.read() : (node.readAsOther ?? node.read)();
}

function readBytes(kernel: Kernel, path: string, offset: bigint, length: number, isRoot: boolean): Uint8Array {
  const node = fileAt(kernel, path);
  if (node.bytes !== undefined) return readPart(node.bytes, path, offset, length, isRoot);
  return toBytes(contentOf(node, path, isRoot).slice(Number(offset), Number(offset) + length));
}

const writeBytesAt = task("sysfs.pwrite", function* (kernel: Kernel, path: string, offset: bigint, bytes: Uint8Array): Task<void> {
  const node = fileAt(kernel, path);
  if (node.bytes !== undefined) return writeBytes(node.bytes, path, offset, bytes);
  if (offset !== 0n) throw new SystemError("EINVAL", `${path}: takes a text as a whole`);
  yield* writeFile(kernel, path, toText(bytes));
});

function targetOf(node: Node, path: string): string {
  if (node.kind !== "link") throw new SystemError("EINVAL", `${path}: not a link`);
  return node.target;
}

function statusOf(node: Node): FileStatus {
  if (node.kind !== "file") return { kind: node.kind };
  return { kind: "file", isReadable: node.read !== null || node.bytes !== undefined, isWritable: node.write !== null || node.bytes !== undefined, device: node.device ?? null };
}

function entriesOf(kernel: Kernel, path: string): ReadonlyMap<string, Node> {
  const { node } = resolve(kernel, path, true);
  if (node.kind !== "directory") throw new SystemError("ENOTDIR", `${path}: not a directory`);
  return node.entries();
}

const scanDirectory = (kernel: Kernel, path: string, isRoot: boolean): FolderEntry[] => [...entriesOf(kernel, path)].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, node]) => ({
  name, status: statusOf(node), read: () => contentOf(node, `${path}/${name}`, isRoot), readlink: () => targetOf(node, `${path}/${name}`),
}));

const exists = (kernel: Kernel, path: string): boolean => path.startsWith("/") && typeof walk(kernel, path, true) !== "string";

const sendThrough = task("ioctl.send", function* (kernel: Kernel, path: string, command: string, input: Uint8Array, room: number, isRoot: boolean): Task<{ readonly returnCode: number; readonly output: Uint8Array }> {
  if (!isRoot) throw new SystemError("EACCES", `${path}: root's alone`);
  const found = pathOf(resolve(kernel, path, true));
  const memdev = found.startsWith("/dev/cxl/") ? findDevice(kernel, cxlBus, found.slice("/dev/cxl/".length)) : undefined;
  if (memdev === undefined) throw new SystemError("ENOTTY", `${path}: no memdev`);
  return yield* sendFromUser(kernel, memdev, command, input, room);
});

const pollChannels: ReadonlyMap<string, string> = new Map([["/dev/kmsg", logChannel], ["/sys/kernel/tracing/trace", traceChannel]]);

const pollFile = task("poll", function* (kernel: Kernel, path: string): Task<void> {
  const channel = pollChannels.get(pathOf(resolve(kernel, path, true)));
  if (channel === undefined) throw new SystemError("EINVAL", `${path}: does not grow`);
  yield* waitInterruptibly(kernel, channel);
});

const refuseWrite = task("sysfs.refuseWrite", function* (_kernel: Kernel, path: string): Task<void> {
  throw new SystemError("EACCES", `${path}: root's alone`);
});

/** A system call that CAP_SYS_MODULE is needed for. */
const refuseCall = task("syscall.refuse", function* (_kernel: Kernel, what: string): Task<void> {
  throw new SystemError("EPERM", `${what}: root's alone`);
});

/** The kernel's files as user space sees them. Every call reads the present state. Who is not root writes none of them, and learns no addresses. */
export function createFileSystem(kernel: Kernel, isRoot = true): FileSystem {
  return {
    read: (path) => contentOf(fileAt(kernel, path), path, isRoot),
    pread: (path, offset, length) => readBytes(kernel, path, offset, length, isRoot),
    pwrite: (path, offset, bytes) => (isRoot ? writeBytesAt(kernel, path, offset, bytes) : refuseWrite(kernel, path)),
    write: (path, text) => (isRoot ? writeFile(kernel, path, text) : refuseWrite(kernel, path)),
    append: (path, text) => (isRoot ? appendFile(kernel, path, text) : refuseWrite(kernel, path)),
    remove: (path) => {
      if (!isRoot) throw new SystemError("EACCES", `${path}: root's alone`);
      removeFile(kernel, path);
    },
    poll: (path) => pollFile(kernel, path),
    start: (name, body) => void spawn(kernel.scheduler, name, body(createFileSystem(kernel, isRoot))),
    list: (path) => [...entriesOf(kernel, path).keys()].toSorted(),
    scan: (path) => scanDirectory(kernel, path, isRoot),
    readlink: (path) => targetOf(resolve(kernel, path, false).node, path),
    realpath: (path) => pathOf(resolve(kernel, path, true)),
    exists: (path) => exists(kernel, path),
    status: (path) => statusOf(resolve(kernel, path, false).node),
    loadModule: (name) => (isRoot ? initModule(kernel, name) : refuseCall(kernel, name)),
    unloadModule: (name) => (isRoot ? deleteModule(kernel, name) : refuseCall(kernel, name)),
    clearLog: () => {
      if (!isRoot) throw new SystemError("EPERM", "the log is root's to clear");
      clearLog(kernel);
    },
    send: (path, command, input, room) => sendThrough(kernel, path, command, input, room, isRoot),
  };
}

export type { FileSystem };
