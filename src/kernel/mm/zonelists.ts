// What the kernel logs when nodes gain and lose memory: fallback orders, zone lists, demotion targets (as captured).

import type { Kernel } from "../base/kernel.ts";
import { printk } from "../base/kernel.ts";
import { hotplug, memoryNodes, onlineBytes } from "./memory-state.ts";

const pageSize = 4096n;

/** A set of small numbers as %*pbl prints it: "0-1,3". */
export function formatList(numbers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(",");
}

/** Nearest first: the node itself, then the others with memory; all others are equally far. */
function announceFallback(kernel: Kernel, node: number): void {
  const withMemory = memoryNodes(kernel);
  const order = [...withMemory.filter((other) => other === node), ...withMemory.filter((other) => other !== node)];
  printk(kernel, "info", `Fallback order for Node ${node}: ${order.map((other) => `${other} `).join("")}`);
}

function announceBuilt(kernel: Kernel): void {
  const { nodes, blocks, blockSize } = hotplug(kernel);
  const pages = [...nodes].reduce((sum, node) => sum + onlineBytes(kernel, node), 0n) / pageSize;
  printk(kernel, "info", `Built ${nodes.size} zonelists, mobility grouping on.  Total pages: ${pages}`);
  const hasNormal = [...blocks.values()].some((block) => block.isOnline && (block.zone === "Normal" || (block.isBoot && BigInt(block.id + 1) * blockSize > 0x1_0000_0000n)));
  printk(kernel, "info", `Policy zone: ${hasNormal ? "Normal" : "DMA32"}`);
}

/** A node is about to be added. */
export function announceNewNode(kernel: Kernel, node: number): void {
  announceFallback(kernel, node);
  announceBuilt(kernel);
}

/** A zone got its first memory or lost its last. */
export function announceZonelists(kernel: Kernel): void {
  for (const node of [...hotplug(kernel).nodes].toSorted((a, b) => a - b)) announceFallback(kernel, node);
  announceBuilt(kernel);
}

/** A node got its first memory or lost its last: nodes with processors demote to all others, those to none. */
export function announceDemotion(kernel: Kernel): void {
  const nodes = memoryNodes(kernel);
  const targets = formatList(nodes.filter((node) => node !== 0));
  for (const node of nodes) {
    printk(kernel, "info", `Demotion targets for Node ${node}: ${node === 0 && targets !== "" ? `preferred: ${targets}, fallback: ${targets}` : "null"}`);
  }
}
