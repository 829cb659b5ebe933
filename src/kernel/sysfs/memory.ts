// /sys/devices/system/memory and /sys/devices/system/node: memory blocks and nodes as user space sees and drives them (drivers/base/memory.c, node.c).

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { parseBoolean, parseUnsigned, parseWord } from "../base/parse.ts";
import { memoryFailure } from "../mce/memory-failure.ts";
import { onlineBlock } from "../mm/memory-block.ts";
import type { MemoryBlock } from "../mm/memory-state.ts";
import { autoOnlineType, blocksOfNode, hotplug, memoryNodes } from "../mm/memory-state.ts";
import { nodeRanges } from "../mm/node.ts";
import { offlineBlock } from "../mm/offline.ts";
import { zoneFor } from "../mm/zone-choice.ts";
import type { FailureCount } from "../mm/poison.ts";
import { failureResults, failuresOf } from "../mm/poison.ts";
import { softOffline } from "../mm/soft-offline.ts";
import { formatList } from "../mm/zonelists.ts";
import type { OnlineType } from "../policy.ts";
import { onlineTypes } from "../policy.ts";
import type { Entries, Node } from "./node.ts";
import { directory, file, fixed, onDemand } from "./node.ts";
import { nodeInformation } from "./proc-memory.ts";
import { emptyUevent, storedUevent } from "./uevent.ts";

const line = (read: () => bigint | number | string, write: ((text: string) => Task<void>) | null = null): Node => file(() => `${read()}\n`, write);
const linkTo = (target: string): Node => ({ kind: "link", target });

/** The kernel compares whole words, with or without a line end. @throws SystemError EINVAL */
function parseOnlineType(text: string): OnlineType {
  const word = parseWord(text);
  const type = onlineTypes.find((one) => one === word);
  if (type === undefined) throw new SystemError("EINVAL", `"${word}" is not an online type`);
  return type;
}

/** A store that finds the block in the state it asks for already fails, unlike one to `online`. */
const storeState = task("memory.state.store", function* (kernel: Kernel, block: MemoryBlock, text: string): Task<void> {
  const type = parseOnlineType(text);
  if (block.isOnline === (type !== "offline")) throw new SystemError("EINVAL", `memory${block.id} is ${block.isOnline ? "online" : "offline"} already`);
  if (type === "offline") yield* offlineBlock(kernel, block);
  else onlineBlock(kernel, block, type);
});

const storeOnline = task("memory.online.store", function* (kernel: Kernel, block: MemoryBlock, text: string): Task<void> {
  if (parseBoolean(text)) onlineBlock(kernel, block, "online");
  else yield* offlineBlock(kernel, block);
});

const storeAutoOnline = task("memory.auto_online_blocks.store", function* (kernel: Kernel, text: string): Task<void> {
  hotplug(kernel).autoOnline = parseOnlineType(text);
});

/** Both take a physical address, in hexadecimal with 0x. */
const storeSoftOffline = task("memory.soft_offline_page.store", function* (kernel: Kernel, text: string): Task<void> {
  yield* softOffline(kernel, parseUnsigned(text));
});

/** As if the page had an error that nobody has met yet. */
const storeHardOffline = task("memory.hard_offline_page.store", function* (kernel: Kernel, text: string): Task<void> {
  const errno = memoryFailure(kernel, { address: parseUnsigned(text), current: null, isActionRequired: false, mustKill: false });
  if (errno !== 0 && errno !== "EOPNOTSUPP") throw new SystemError(errno, `no page at ${parseWord(text)} that can be taken`);
});

/** The zone while online; else what each way to go online would give, the default first. */
function validZones(kernel: Kernel, block: MemoryBlock): string {
  if (block.isOnline) return block.zone ?? "none";
  const zones = (["online", "online_kernel", "online_movable"] as const).map((type) => zoneFor(kernel, block, type));
  return [...new Set(zones)].join(" ");
}

const blockFolder = "/sys/devices/system/memory";
const nodeFolder = "/sys/devices/system/node";

function blockEntries(kernel: Kernel, block: MemoryBlock): Entries {
  return new Map<string, Node>([
    [`node${block.node}`, linkTo(`../../node/node${block.node}`)],
    ["online", line(() => (block.isOnline ? 1 : 0), (text) => storeOnline(kernel, block, text))],
    ["phys_device", line(() => 0)],
    ["phys_index", line(() => block.id.toString(16).padStart(8, "0"))],
    ["removable", line(() => 1)],
    ["state", line(() => (block.isGoing ? "going-offline" : block.isOnline ? "online" : "offline"), (text) => storeState(kernel, block, text))],
    ["subsystem", linkTo("../../../../bus/memory")],
    ["uevent", emptyUevent(kernel)],
    ["valid_zones", line(() => validZones(kernel, block))],
  ]);
}

const blocksAscending = (kernel: Kernel): MemoryBlock[] => [...hotplug(kernel).blocks.values()].toSorted((a, b) => a.id - b.id);

function blockNamed(kernel: Kernel, name: string): MemoryBlock | undefined {
  const digits = /^memory(\d+)$/.exec(name)?.[1];
  return digits === undefined ? undefined : hotplug(kernel).blocks.get(Number(digits));
}

function memoryNode(kernel: Kernel): Node {
  const files: Entries = new Map([
    ["auto_online_blocks", line(() => autoOnlineType(kernel), (text) => storeAutoOnline(kernel, text))],
    ["block_size_bytes", line(() => hotplug(kernel).blockSize.toString(16))],
    ["hard_offline_page", file(null, (text) => storeHardOffline(kernel, text))],
    ["soft_offline_page", file(null, (text) => storeSoftOffline(kernel, text))],
    ["uevent", emptyUevent(kernel)],
  ]);
  const blockNode = (block: MemoryBlock): Node => directory(() => blockEntries(kernel, block));
  const find = (name: string): Node | undefined => {
    const block = blockNamed(kernel, name);
    return block === undefined ? files.get(name) : blockNode(block);
  };
  return directory(() => new Map([...files, ...blocksAscending(kernel).map((block) => [`memory${block.id}`, blockNode(block)] as const)]), find);
}

const nodesAscending = (kernel: Kernel): number[] => [...hotplug(kernel).nodes].toSorted((a, b) => a - b);

function nodeEntries(kernel: Kernel, node: number): Entries {
  const count = (result: FailureCount): Node => line(() => failuresOf(kernel, node)[result]);
  const total = (): number => failureResults.reduce((sum, result) => sum + failuresOf(kernel, node)[result], 0);
  const failures = { total: line(total), ignored: count("ignored"), failed: count("failed"), delayed: count("delayed"), recovered: count("recovered") };
  return new Map<string, Node>([
    ["cpulist", line(() => (node === 0 ? "0" : ""))],
    ["distance", line(() => nodesAscending(kernel).map((other) => (other === node ? 10 : 20)).join(" "))],
    ["meminfo", file(() => nodeInformation(kernel, node))],
    ["memory_failure", fixed(failures)],
    ...blocksOfNode(kernel, node).map((block) => [`memory${block.id}`, linkTo(`../../memory/memory${block.id}`)] as const),
    ["subsystem", linkTo("../../../../bus/node")],
    ["uevent", emptyUevent(kernel)],
  ]);
}

function nodesNode(kernel: Kernel): Node {
  const hasNormal = (node: number): boolean => blocksOfNode(kernel, node).some((block) => block.isOnline && block.zone !== "Movable");
  return directory(
    () =>
      new Map<string, Node>([
        ["has_cpu", line(() => "0")],
        ["has_memory", line(() => formatList(memoryNodes(kernel)))],
        ["has_normal_memory", line(() => formatList(memoryNodes(kernel).filter(hasNormal)))],
        ["online", line(() => formatList(nodesAscending(kernel)))],
        ["possible", line(() => formatList([...new Set([...nodesAscending(kernel), ...nodeRanges(kernel).map((range) => range.node)])].toSorted((a, b) => a - b)))],
        ["uevent", emptyUevent(kernel)],
        ...nodesAscending(kernel).map((node) => [`node${node}`, directory(() => nodeEntries(kernel, node))] as const),
      ]),
  );
}

/** /sys/devices/system */
export const systemNode = (kernel: Kernel): Node => onDemand({ memory: () => memoryNode(kernel), node: () => nodesNode(kernel) });

/** /sys/bus/memory and /sys/bus/node: links to the same. */
const systemBusNodes = {
  memory: (kernel: Kernel): Node => busOver(kernel, blockFolder, () => blocksAscending(kernel).map((block) => `memory${block.id}`)),
  node: (kernel: Kernel): Node => busOver(kernel, nodeFolder, () => nodesAscending(kernel).map((node) => `node${node}`)),
} as const;

const busOver = (kernel: Kernel, folder: string, names: () => readonly string[]): Node =>
  fixed({ uevent: storedUevent(kernel), devices: directory(() => new Map(names().map((name) => [name, linkTo(`../../../${folder.slice("/sys/".length)}/${name}`)]))), drivers: fixed({}) });

export const systemBus = (kernel: Kernel, name: string): Node | undefined => (name === "memory" || name === "node" ? systemBusNodes[name](kernel) : undefined);

export const systemBuses = (kernel: Kernel): readonly (readonly [string, Node])[] => (["memory", "node"] as const).map((name) => [name, systemBusNodes[name](kernel)]);
