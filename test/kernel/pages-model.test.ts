// Page runs against a model that knows single pages, written from dax-memory 5 and 6: random allocations, frees, poison, blocks going online and offline.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Kernel } from "../../src/kernel/base/kernel.ts";
import { addMemory, onlineBlock } from "../../src/kernel/mm/memory-block.ts";
import type { MemoryBlock } from "../../src/kernel/mm/memory-state.ts";
import { hotplug } from "../../src/kernel/mm/memory-state.ts";
import { offlineBlock } from "../../src/kernel/mm/offline.ts";
import type { PageRun } from "../../src/kernel/mm/page-types.ts";
import { basePage } from "../../src/kernel/mm/page-types.ts";
import { allocatePages, freePages, freeProcessPages, runsIn } from "../../src/kernel/mm/pages.ts";
import { isPoisoned, poisonPage } from "../../src/kernel/mm/poison.ts";
import { runTask } from "../../src/sandbox/drive.ts";
import type { System } from "../../src/sandbox/system.ts";
import { GiB } from "../support/machine.ts";
import { freshSystem } from "../support/system.ts";
import { errnoOf } from "../support/errno.ts";

const base = 16n * GiB;
const pagesPerBlock = 64;
const blockBytes = BigInt(pagesPerBlock) * basePage;
const blocksPerNode = 3;
const nodes = [1, 2];
const blockCount = blocksPerNode * nodes.length;
const share = 10;

/** One page: free, the kernel's, or somebody's. */
interface Page {
  owner: string | null;
  isPoisoned: boolean;
}

interface Block {
  readonly node: number;
  zone: "Movable" | "Normal" | null;
  readonly pages: Page[];
}

/** The sheet, page by page. */
class Model {
  readonly blocks: Block[] = Array.from({ length: blockCount }, (_one, index) => ({ node: nodes[Math.floor(index / blocksPerNode)] ?? 0, zone: null, pages: Array.from({ length: pagesPerBlock }, () => ({ owner: null, isPoisoned: false })) }));

  #freeIn(node: number, zones: readonly string[], except?: Block): Page[] {
    return zones.flatMap((zone) => this.blocks.filter((block) => block.node === node && block.zone === zone && block !== except).flatMap((block) => block.pages.filter((page) => page.owner === null && !page.isPoisoned)));
  }

  #populated(): number[] {
    return nodes.filter((node) => this.blocks.some((block) => block.node === node && block.zone !== null));
  }

  allocate(owner: string, count: number, isKernel: boolean, node: number, isBound: boolean): boolean {
    const order = isBound ? [node] : [node, ...this.#populated().filter((other) => other !== node)];
    const free = order.flatMap((one) => this.#freeIn(one, isKernel ? ["Normal"] : ["Movable", "Normal"]));
    if (free.length < count) return false;
    for (const page of free.slice(0, count)) page.owner = owner;
    return true;
  }

  free(isFreed: (owner: string) => boolean): void {
    for (const block of this.blocks) for (const page of block.pages) if (page.owner !== null && isFreed(page.owner)) page.owner = null;
  }

  online(index: number, isMovable: boolean): string {
    const block = this.blocks[index] as Block;
    if (block.zone !== null) return "ok";
    if (block.pages.some((page) => page.isPoisoned)) return "EHWPOISON";
    block.zone = isMovable ? "Movable" : "Normal";
    if (isMovable) return "ok";
    const half = Math.floor((pagesPerBlock * share) / 100 / 2);
    for (const from of [0, pagesPerBlock / 2]) for (let at = from; at < from + half; at++) (block.pages[at] as Page).owner = "kernel";
    return "ok";
  }

  /** "wait": no room for what has to move. */
  offline(index: number): string {
    const block = this.blocks[index] as Block;
    if (block.zone === null) return "ok";
    const isKernels = (page: Page): boolean => page.owner !== null && page.owner.startsWith("kernel") && !page.isPoisoned;
    if (block.pages.some(isKernels)) return "EBUSY";
    const others = this.#populated().filter((node) => node !== block.node);
    const targets = (others.length > 0 ? others : [block.node]).flatMap((node) => this.#freeIn(node, ["Movable", "Normal"], block));
    const leaving = block.pages.filter((page) => page.owner !== null && !page.isPoisoned);
    if (targets.length < leaving.length) return "wait";
    for (const [at, page] of leaving.entries()) (targets[at] as Page).owner = page.owner;
    for (const page of block.pages) page.owner = null;
    block.zone = null;
    return "ok";
  }
}

/** The kernel's memory as the model shows its own. */
function shownBy(kernel: Kernel): string[] {
  const shown: string[] = Array.from({ length: blockCount * pagesPerBlock }, () => "-");
  for (const run of runsIn(kernel, base, BigInt(blockCount) * blockBytes)) {
    const first = Number((run.start - base) / basePage);
    for (let at = first; at < first + Number(run.size / basePage); at++) shown[at] = run.kind === "slab" && run.owner.startsWith("memory") ? "kernel" : run.kind === "page-table" ? "kernel" : run.owner;
  }
  return shown.map((owner, index) => `${owner}${isPoisoned(kernel, base + BigInt(index) * basePage) ? "!" : ""}`);
}

/** Two nodes of blocks that are small enough to be looked at page by page, nothing else. */
function smallSystem(): System {
  const system = freshSystem({ kernelShare: share });
  const state = hotplug(system.kernel);
  state.blocks.clear();
  state.blockSize = blockBytes;
  for (const [at, node] of nodes.entries()) addMemory(system.kernel, node, base + BigInt(at * blocksPerNode) * blockBytes, BigInt(blocksPerNode) * blockBytes, "System RAM (kmem)", { type: "offline" });
  return system;
}

const operation = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("allocate" as const), pages: fc.integer({ min: 1, max: 90 }), isKernel: fc.boolean(), node: fc.constantFrom(...nodes), isBound: fc.boolean(), pid: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("free" as const), which: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("kill" as const), pid: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("online" as const), block: fc.nat(blockCount - 1), isMovable: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("offline" as const), block: fc.nat(blockCount - 1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("poison" as const), page: fc.nat(blockCount * pagesPerBlock - 1) }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

interface Pair {
  readonly system: System;
  readonly model: Model;
  readonly allocated: { readonly owner: string; readonly runs: readonly PageRun[] }[];
  next: number;
}

const blockOf = (kernel: Kernel, index: number): MemoryBlock => hotplug(kernel).blocks.get(Number(base / blockBytes) + index) as MemoryBlock;

function allocate(pair: Pair, one: Extract<Operation, { do: "allocate" }>): void {
  const { kernel } = pair.system;
  const owner = `${one.isKernel ? "kernel" : "user"}${pair.next++} of ${one.isKernel ? 0 : one.pid}`;
  const got: PageRun[] = [];
  const outcome = errnoOf(() => got.push(...allocatePages(kernel, { kind: one.isKernel ? "slab" : "anon", size: BigInt(one.pages) * basePage, pid: one.isKernel ? 0 : one.pid, owner, nodes: [one.node], isBound: one.isBound })));
  expect(outcome).toBe(pair.model.allocate(owner, one.pages, one.isKernel, one.node, one.isBound) ? "ok" : "ENOMEM");
  if (outcome === "ok") pair.allocated.push({ owner, runs: got });
}

function apply(pair: Pair, one: Operation): void {
  const { system, model, allocated } = pair;
  const { kernel } = system;
  switch (one.do) {
    case "allocate": return allocate(pair, one);
    case "free": {
      const known = allocated[one.which % Math.max(1, allocated.length)];
      if (known === undefined) return;
      freePages(kernel, known.runs);
      return model.free((owner) => owner === known.owner);
    }
    case "kill":
      freeProcessPages(kernel, one.pid);
      return model.free((owner) => owner.endsWith(` of ${one.pid}`));
    case "online": return expect(errnoOf(() => onlineBlock(kernel, blockOf(kernel, one.block), one.isMovable ? "online_movable" : "online_kernel"))).toBe(model.online(one.block, one.isMovable));
    case "offline": {
      const expected = model.offline(one.block);
      if (expected !== "wait") expect(errnoOf(() => runTask(system, "offline", offlineBlock(kernel, blockOf(kernel, one.block))))).toBe(expected);
      return;
    }
    case "poison": {
      poisonPage(kernel, base + BigInt(one.page) * basePage);
      const block = model.blocks[Math.floor(one.page / pagesPerBlock)] as Block;
      (block.pages[one.page % pagesPerBlock] as Page).isPoisoned = true;
    }
  }
}

describe("page runs", () => {
  it("(dax-memory 5, 6) are what a model of single pages has, after every step: owners, places, poison, errors", () => {
    fc.assert(
      fc.property(fc.array(operation, { minLength: 5, maxLength: 40 }), (operations) => {
        const pair: Pair = { system: smallSystem(), model: new Model(), allocated: [], next: 0 };
        for (const one of operations) {
          apply(pair, one);
          const expected = pair.model.blocks.flatMap((block) => block.pages.map(({ owner, isPoisoned: bad }) => `${owner ?? "-"}${bad ? "!" : ""}`));
          expect(shownBy(pair.system.kernel)).toEqual(expected);
        }
      }),
      { numRuns: 40, seed: 8 },
    );
  });
});
