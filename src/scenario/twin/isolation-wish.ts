// What `--isolation` asks for: every root port, some of them, or none.

import type { FileNode } from "./nodes.ts";
import { entry, inLine } from "./nodes.ts";

export type IsolationWish = { readonly kind: "unsaid" | "none" | "all" } | { readonly kind: "some"; readonly ports: readonly string[] };

/** `""`: every port. */
export function parseIsolationWish(text: string | undefined): IsolationWish {
  if (text === undefined) return { kind: "unsaid" };
  const words = text.split(",").map((word) => word.trim()).filter((word) => word !== "");
  if (words.length === 0 || (words.length === 1 && words[0] === "all")) return { kind: "all" };
  return words.length === 1 && words[0] === "none" ? { kind: "none" } : { kind: "some", ports: words };
}

/** A port that isolates, takes its link down, and tells the system. */
const capability: FileNode = inLine(entry("mem", true), entry("forceLinkDown", true), entry("timeoutRanges", "ABCD"), entry("interrupt", 3));

export const unsaid = "assumed: no isolation; it is in registers that no capture has. import --isolation gives it to every root port, --isolation=rp0,rp2 to some";

/** The capability of a root port, or false. */
export const isolationOf = (wish: IsolationWish, port: string): FileNode => (wish.kind === "all" || (wish.kind === "some" && wish.ports.includes(port)) ? capability : false);
