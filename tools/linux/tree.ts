// The guest's device tree as references look into it: one command that lists what they need.

import type { Tree } from "../../src/sandbox/references.ts";
import type { Answer } from "./talk.ts";

/** One line for each device: path, a tab, where its link leads; for PCI functions the names below them too. */
export const treeScript = `for bus in pci cxl dax; do
  for path in /sys/bus/$bus/devices/*; do
    [ -e "$path" ] && echo "$path $(readlink "$path")"
  done
done
for path in /sys/bus/pci/devices/*; do
  echo "$path: $(ls "$path" | grep -E '^[0-9a-f]{4}:' | tr '\\n' ' ')"
done`;

/** The tree that the script printed. */
export function treeOf({ stdout }: Answer): Tree {
  const links = new Map<string, string>();
  const below = new Map<string, string[]>();
  for (const line of stdout.split("\n")) {
    const [, path, names] = /^(\S+): ?(.*)$/.exec(line) ?? [];
    const [, link = "", target = ""] = /^(\S+) (\S+)$/.exec(line) ?? [];
    if (path !== undefined) below.set(path, (names ?? "").split(" ").filter((name) => name !== ""));
    else if (link !== "") links.set(link, target);
  }
  const childrenOf = (path: string): string[] => [...links.keys()].filter((link) => link.startsWith(`${path}/`)).map((link) => link.slice(path.length + 1));
  return { list: (path) => below.get(path) ?? childrenOf(path), readlink: (path) => links.get(path) ?? "" };
}
