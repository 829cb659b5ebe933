// Memory blocks of a dax device in system-ram mode: which there are, and putting them on line or off (dax-memory section 6).

import type { Errno } from "../kernel/base/errno.ts";
import { errnoText } from "../kernel/base/errno.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Task } from "../sim/task.ts";
import { tryStore } from "./failure.ts";
import type { Output } from "./output.ts";
import { inNaturalOrder, numberAttribute } from "./tree.ts";

const folder = "/sys/devices/system/memory";

export interface Block {
  readonly path: string;
  readonly isOnline: boolean;
  readonly isMovable: boolean;
}

const readLine = (files: FileSystem, path: string): string => (files.exists(path) ? files.read(path).trim() : "");

/** Hex, with or without 0x, as the memory files print it. */
const parseHex = (text: string): bigint => (/^(0x)?[0-9a-f]+$/i.test(text) ? BigInt(`0x${text.replace(/^0x/i, "")}`) : 0n);

/** A block belongs to a device when it begins inside it. */
export function blocksOf(files: FileSystem, device: string): Block[] {
  if (!files.exists(folder)) return [];
  const blockSize = parseHex(readLine(files, `${folder}/block_size_bytes`));
  const start = numberAttribute(files, "dax", device, "resource");
  const end = start + numberAttribute(files, "dax", device, "size");
  const names = inNaturalOrder(files.list(folder).filter((name) => /^memory\d+$/.test(name)));
  return names.flatMap((name) => {
    const path = `${folder}/${name}`;
    const at = parseHex(readLine(files, `${path}/phys_index`)) * blockSize;
    if (at < start || at >= end) return [];
    return [{ path, isOnline: readLine(files, `${path}/state`) === "online", isMovable: readLine(files, `${path}/valid_zones`) === "Movable" }];
  });
}

/** Whether the kernel puts new memory on line by itself. */
export const isAutoOnline = (files: FileSystem): boolean => readLine(files, `${folder}/auto_online_blocks`).startsWith("online");

const isBlockOnline = (files: FileSystem, path: string): boolean => readLine(files, `${path}/state`) === "online";

/** Puts every block on line; the first that fails ends it. */
export function* onlineBlocks(files: FileSystem, device: string, isMovable: boolean): Task<Errno | undefined> {
  for (const block of blocksOf(files, device)) {
    if (block.isOnline) continue;
    const errno = yield* tryStore(files.write(`${block.path}/state`, isMovable ? "online_movable" : "online_kernel"));
    if (errno !== undefined && !isBlockOnline(files, block.path)) return errno;
  }
  return undefined;
}

/** Takes every block off line; the first that fails ends it. */
export function* offlineBlocks(files: FileSystem, device: string, output: Output): Task<Errno | undefined> {
  const node = numberAttribute(files, "dax", device, "target_node");
  for (const block of blocksOf(files, device)) {
    if (!block.isOnline) continue;
    const errno = yield* tryStore(files.write(`${block.path}/state`, "offline"));
    if (errno === undefined || !isBlockOnline(files, block.path)) continue;
    output.err(`libdaxctl: offline_one_memblock: ${device}: Failed to offline /sys/devices/system/node/node${node}/${block.path.slice(folder.length + 1)}/state: ${errnoText(errno)}\n`);
    return errno;
  }
  return undefined;
}
