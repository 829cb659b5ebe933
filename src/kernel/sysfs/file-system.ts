// The FileSystem over the virtual tree: path resolution with links, reads, stores.

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import { SystemError } from "../base/errno.ts";
import { findDevice } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { sendFromUser } from "../cxl/ioctl.ts";
import { formatResources, iomem } from "../resource/resource.ts";
import { cxlBus } from "../cxl/types.ts";
import type { FileStatus, FileSystem, FolderEntry } from "./interface.ts";
import { deleteModule, initModule } from "./modules.ts";
import type { Node } from "./node.ts";
import { rootNode } from "./nodes.ts";

const linkLimit = 40;

interface Found {
  readonly node: Node;
  readonly path: string;
}

/** Walks a path; links on the way are followed, the last one when `followsLast`. @throws SystemError ENOENT, ENOTDIR, EINVAL */
function resolve(kernel: Kernel, path: string, followsLast: boolean): Found {
  if (!path.startsWith("/")) throw new SystemError("ENOENT", `${path}: not an absolute path`);
  const pending = path.split("/").filter((part) => part !== "" && part !== ".");
  const walked: { readonly name: string; readonly node: Node }[] = [];
  const root = rootNode(kernel);
  let links = 0;
  for (let part = pending.shift(); part !== undefined; part = pending.shift()) {
    if (part === "..") {
      walked.pop();
      continue;
    }
    const here = walked.at(-1)?.node ?? root;
    if (here.kind !== "directory") throw new SystemError("ENOTDIR", `${path}: not a directory`);
    const next = here.find(part);
    if (next === undefined) throw new SystemError("ENOENT", `${path}: no such file or directory`);
    if (next.kind === "link" && (pending.length > 0 || followsLast)) {
      if (links++ > linkLimit) throw new SystemError("EINVAL", `${path}: too many links`);
      if (next.target.startsWith("/")) walked.length = 0;
      pending.unshift(...next.target.split("/").filter((step) => step !== "" && step !== "."));
      continue;
    }
    walked.push({ name: part, node: next });
  }
  return { node: walked.at(-1)?.node ?? root, path: `/${walked.map((step) => step.name).join("/")}` };
}

const writeFile = task("sysfs.write", function* (kernel: Kernel, path: string, text: string): Task<void> {
  const { node } = resolve(kernel, path, true);
  if (node.kind === "directory") throw new SystemError("EISDIR", `${path}: is a directory`);
  if (node.kind !== "file" || node.write === null) throw new SystemError("EACCES", `${path}: read-only`);
  yield* node.write(text);
});

function contentOf(node: Node, path: string): string {
  if (node.kind === "directory") throw new SystemError("EISDIR", `${path}: is a directory`);
  if (node.kind !== "file" || node.read === null) throw new SystemError("EACCES", `${path}: write-only`);
  return node.read();
}

function targetOf(node: Node, path: string): string {
  if (node.kind !== "link") throw new SystemError("EINVAL", `${path}: not a link`);
  return node.target;
}

function statusOf(node: Node): FileStatus {
  if (node.kind !== "file") return { kind: node.kind };
  return { kind: "file", isReadable: node.read !== null, isWritable: node.write !== null, device: node.device ?? null };
}

function entriesOf(kernel: Kernel, path: string): ReadonlyMap<string, Node> {
  const { node } = resolve(kernel, path, true);
  if (node.kind !== "directory") throw new SystemError("ENOTDIR", `${path}: not a directory`);
  return node.entries();
}

const scanDirectory = (kernel: Kernel, path: string): FolderEntry[] => [...entriesOf(kernel, path)].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, node]) => ({
  name, status: statusOf(node), read: () => contentOf(node, `${path}/${name}`), readlink: () => targetOf(node, `${path}/${name}`),
}));

function exists(kernel: Kernel, path: string): boolean {
  try {
    resolve(kernel, path, true);
    return true;
  } catch (thrown) {
    if (thrown instanceof SystemError) return false;
    throw thrown;
  }
}

const sendThrough = task("ioctl.send", function* (kernel: Kernel, path: string, command: string, input: Uint8Array, room: number): Task<{ readonly returnCode: number; readonly output: Uint8Array }> {
  const found = resolve(kernel, path, true).path;
  const memdev = found.startsWith("/dev/cxl/") ? findDevice(kernel, cxlBus, found.slice("/dev/cxl/".length)) : undefined;
  if (memdev === undefined) throw new SystemError("ENOTTY", `${path}: no memdev`);
  return yield* sendFromUser(kernel, memdev, command, input, room);
});

const refuseWrite = task("sysfs.refuseWrite", function* (_kernel: Kernel, path: string): Task<void> {
  throw new SystemError("EACCES", `${path}: root's alone`);
});

/** Who is not root reads lines without addresses. */
const hiddenAddresses = (kernel: Kernel): string => formatResources(iomem(kernel), false);

function scanAs(kernel: Kernel, path: string, isRoot: boolean): FolderEntry[] {
  const found = scanDirectory(kernel, path);
  if (isRoot || resolve(kernel, path, true).path !== "/proc") return found;
  return found.map((entry) => (entry.name === "iomem" ? { ...entry, read: () => hiddenAddresses(kernel) } : entry));
}

/** The kernel's files as user space sees them. Every call reads the present state. Who is not root writes none of them, and learns no addresses. */
export function createFileSystem(kernel: Kernel, isRoot = true): FileSystem {
  return {
    read: (path) => (isRoot || resolve(kernel, path, true).path !== "/proc/iomem" ? contentOf(resolve(kernel, path, true).node, path) : hiddenAddresses(kernel)),
    write: (path, text) => (isRoot ? writeFile(kernel, path, text) : refuseWrite(kernel, path)),
    list: (path) => [...entriesOf(kernel, path).keys()].toSorted(),
    scan: (path) => scanAs(kernel, path, isRoot),
    readlink: (path) => targetOf(resolve(kernel, path, false).node, path),
    realpath: (path) => resolve(kernel, path, true).path,
    exists: (path) => exists(kernel, path),
    status: (path) => statusOf(resolve(kernel, path, false).node),
    loadModule: (name) => initModule(kernel, name),
    unloadModule: (name) => deleteModule(kernel, name),
    send: (path, command, input, room) => sendThrough(kernel, path, command, input, room),
  };
}

export type { FileSystem };
