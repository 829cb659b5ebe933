// The virtual tree as a walker sees it: every path without following links.

import type { Kernel } from "../../src/kernel/base/kernel.ts";
import type { Node } from "../../src/kernel/sysfs/node.ts";
import { rootNode } from "../../src/kernel/sysfs/nodes.ts";

export interface Entry {
  readonly path: string;
  readonly node: Node;
}

function below(path: string, node: Node, found: Entry[]): void {
  found.push({ path, node });
  if (node.kind === "directory") for (const [name, child] of node.entries()) below(`${path}/${name}`, child, found);
}

/** Everything below the root, outer before inner. */
export function walkTree(kernel: Kernel): Entry[] {
  const found: Entry[] = [];
  const root = rootNode(kernel);
  if (root.kind === "directory") for (const [name, child] of root.entries()) below(`/${name}`, child, found);
  return found;
}

/** Paths of files that take a store. */
export const writableFiles = (kernel: Kernel): string[] => walkTree(kernel).filter(({ node }) => node.kind === "file" && node.write !== null).map(({ path }) => path);
