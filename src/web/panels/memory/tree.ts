// /proc/iomem as a tree whose branches open and close: which lines are shown, and where keys lead.

import type { IomemLine } from "../../../sandbox/live/host-look.ts";

export interface TreeLine extends IomemLine {
  /** Number in the whole list. */
  readonly index: number;
  readonly hasBelow: boolean;
  readonly isOpen: boolean;
}

/** A line by what it says: its place in the list changes with the machine. */
export const keyOf = ({ start, end, name, depth }: IomemLine): string => `${depth} ${start} ${end} ${name}`;

export function openLines(lines: readonly IomemLine[], closed: ReadonlySet<string>): TreeLine[] {
  const shown: TreeLine[] = [];
  let hiddenBelow = Number.MAX_SAFE_INTEGER;
  for (const [index, line] of lines.entries()) {
    if (line.depth > hiddenBelow) continue;
    const isOpen = !closed.has(keyOf(line));
    hiddenBelow = isOpen ? Number.MAX_SAFE_INTEGER : line.depth;
    shown.push({ ...line, index, hasBelow: (lines[index + 1]?.depth ?? -1) > line.depth, isOpen });
  }
  return shown;
}

export type TreeMove = { readonly kind: "focus"; readonly at: number } | { readonly kind: "open" | "close" | "choose" } | null;

/** What a key does on line `at` of those that are shown (the tree pattern of ARIA). */
export function treeMove(lines: readonly TreeLine[], at: number, key: string): TreeMove {
  const line = lines[at];
  if (line === undefined) return null;
  const focus = (to: number): TreeMove => ({ kind: "focus", at: Math.max(0, Math.min(lines.length - 1, to)) });
  if (key === "ArrowDown") return focus(at + 1);
  if (key === "ArrowUp") return focus(at - 1);
  if (key === "Home") return focus(0);
  if (key === "End") return focus(lines.length - 1);
  if (key === "Enter" || key === " ") return { kind: "choose" };
  if (key === "ArrowRight") return !line.hasBelow ? null : line.isOpen ? focus(at + 1) : { kind: "open" };
  if (key === "ArrowLeft") return line.hasBelow && line.isOpen ? { kind: "close" } : focus(Math.max(0, lines.slice(0, at).findLastIndex(({ depth }) => depth < line.depth)));
  return null;
}
