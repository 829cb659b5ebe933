// /proc/iomem as a tree.

import { useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import type { IomemLine } from "../../../sandbox/live/host-look.ts";
import { shownText } from "../../shown-text.ts";
import { sizeWords } from "../look.ts";
import { keyOf, openLines, treeMove } from "./tree.ts";

export interface IomemTreeProps {
  readonly lines: readonly IomemLine[];
  /** Name of the card that is picked. */
  readonly part: string | null;
  readonly onPart: (part: string) => void;
}

const digits = 8;
const address = (text: string): string => text.slice(2).padStart(digits, "0");

export function IomemTree({ lines, part, onPart }: IomemTreeProps) {
  const closed = useSignal<ReadonlySet<string>>(new Set());
  const at = useSignal(0);
  const list = useRef<HTMLUListElement>(null);
  const shown = openLines(lines, closed.value);
  const focused = Math.min(at.value, shown.length - 1);
  const focus = (to: number): void => {
    at.value = to;
    list.current?.querySelectorAll<HTMLElement>("[role=treeitem]")[to]?.focus();
  };
  const toggle = (line: IomemLine): void => {
    const next = new Set(closed.peek());
    if (!next.delete(keyOf(line))) next.add(keyOf(line));
    closed.value = next;
  };
  const choose = (line: IomemLine): void => {
    const [first] = line.parts;
    if (first !== undefined) onPart(first);
  };
  const press = (event: KeyboardEvent): void => {
    const move = event.ctrlKey || event.altKey || event.metaKey ? null : treeMove(shown, focused, event.key);
    const line = shown[focused];
    if (move === null || line === undefined) return;
    event.preventDefault();
    if (move.kind === "focus") focus(move.at);
    else if (move.kind === "choose") choose(line);
    else toggle(line);
  };
  if (lines.length === 0) return <p class="empty">/proc/iomem is empty: the kernel has not begun.</p>;
  return (
    <ul class="memory-tree" role="tree" aria-label="/proc/iomem" ref={list} onKeyDown={press}>
      {shown.map((line, index) => {
        const isPicked = part !== null && line.parts.includes(part);
        const cards = line.parts.length === 0 ? "" : line.parts.join(", ");
        return (
          <li key={keyOf(line)} role="treeitem" tabIndex={index === focused ? 0 : -1} aria-level={line.depth + 1} aria-selected={isPicked} {...(line.hasBelow ? { "aria-expanded": line.isOpen } : {})} style={{ paddingInlineStart: `${0.5 + line.depth * 1.1}rem` }}
            onFocus={() => void (at.value = index)} onClick={() => { at.value = index; choose(line); }}>
            <span class="memory-twist" aria-hidden="true" onClick={(event) => { event.stopPropagation(); if (line.hasBelow) toggle(line); }}>{line.hasBelow ? (line.isOpen ? "▾" : "▸") : ""}</span>
            <span class="memory-range">{address(line.start)}-{address(line.end)}</span>
            <span class="memory-name">{shownText(line.name)}</span>
            <span class="quiet"> {sizeWords(line.bytes)}{line.isBusy ? ", busy" : ""}{cards === "" ? "" : ` · ${cards}`}</span>
          </li>
        );
      })}
    </ul>
  );
}
