// The kernel's log as a list that can be filtered, copied and followed; a line leads to its moment.

import { useEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import type { LogLine } from "../../../scenario/details.ts";
import type { TimeRange } from "../../store/contract.ts";
import { afterWords, timeWords } from "../../shell/words.ts";
import type { ShownLine } from "./lines.ts";
import { filtered, levels, logText, stampOf } from "./lines.ts";
import "./log.css";

export interface LogViewProps {
  readonly lines: readonly LogLine[];
  /** Virtual ns; -1: not reached. */
  readonly readyAtNs: number;
  /** Number of the first line that was not there at the last position. */
  readonly newFrom: number;
  /** The run goes on: what comes is not read out. */
  readonly isMoving: boolean;
  readonly range: TimeRange | null;
  readonly onRange: (range: null) => void;
  /** A line was chosen. */
  readonly onGo: (line: ShownLine) => void;
  readonly onCopy: (text: string) => void;
}

/** Lines in the page at first, and more at each asking. */
const pageOfLines = 500;
const nearEnd = 24;

function Line({ line, readyAtNs, isNew, onGo }: { readonly line: ShownLine; readonly readyAtNs: number; readonly isNew: boolean; readonly onGo: (line: ShownLine) => void }) {
  const after = afterWords(line.atNs, readyAtNs);
  const stamp = stampOf(line.atNs).trimStart();
  return (
    <li class={`log-line log-${line.level}${isNew ? " log-new" : ""}`}>
      <button type="button" class="log-time" title={`Go to this line: ${after}`} aria-label={`${stamp}: go to ${after}`} onClick={() => onGo(line)}>{stamp}</button>
      <span class="log-level">{line.level}</span>
      <span class="log-text">{line.text}</span>
      {isNew ? <span class="log-mark">new</span> : null}
    </li>
  );
}

export function LogView({ lines, readyAtNs, newFrom, isMoving, range, onRange, onGo, onCopy }: LogViewProps) {
  const level = useSignal("info");
  const text = useSignal("");
  const most = useSignal(pageOfLines);
  const list = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const shown = filtered(lines, { level: level.value, text: text.value, range });
  const hidden = Math.max(0, shown.length - most.value);
  const count = shown.length;
  useEffect(() => {
    if (isAtEnd.current) list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [count, lines]);
  const fresh = shown.filter(({ index }) => index >= newFrom).length;
  const none = lines.length === 0 ? "The kernel has said nothing yet." : `None of ${lines.length} lines fits${range === null ? "" : " the chosen time"}.`;
  return (
    <div class="log">
      <div class="log-bar">
        <label>Level <select value={level.value} onChange={({ currentTarget }) => void (level.value = currentTarget.value)}>{levels.map((name) => <option key={name} value={name}>{name === "debug" ? "all" : name === "emerg" ? name : `${name} and worse`}</option>)}</select></label>
        <label class="log-search">Filter <input type="search" value={text.value} placeholder="text of a line" onInput={({ currentTarget }) => void (text.value = currentTarget.value)} /></label>
        {range === null ? null : <button type="button" onClick={() => onRange(null)} title={`${timeWords(range.fromNs)} to ${timeWords(range.toNs)} after power-on`}>All times</button>}
        <button type="button" disabled={count === 0} onClick={() => onCopy(logText(shown))}>Copy</button>
      </div>
      <p class="log-told" role="status" aria-live={isMoving ? "off" : "polite"}>{count === lines.length ? `${count} lines` : `${count} of ${lines.length} lines`}{fresh > 0 && fresh < count ? `, ${fresh} new` : ""}</p>
      <div class="log-list" ref={list} role="log" aria-live="off" aria-label="Lines" tabIndex={0} onScroll={({ currentTarget }) => void (isAtEnd.current = currentTarget.scrollHeight - currentTarget.scrollTop - currentTarget.clientHeight < nearEnd)}>
        {hidden > 0 ? <button type="button" class="log-earlier" onClick={() => { isAtEnd.current = false; most.value += 4 * pageOfLines; }}>{hidden} earlier {hidden === 1 ? "line" : "lines"}</button> : null}
        {count === 0 ? <p class="empty">{none}</p> : <ol>{shown.slice(hidden).map((line) => <Line key={line.index} line={line} readyAtNs={readyAtNs} isNew={line.index >= newFrom && newFrom > 0} onGo={onGo} />)}</ol>}
      </div>
    </div>
  );
}
