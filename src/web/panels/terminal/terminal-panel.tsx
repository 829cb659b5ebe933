// The terminal: a prompt over the machine, as `cxl-sandbox shell` has it.

import { useEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { keep, kept } from "../../shell/keep.ts";
import { shownText } from "../../shown-text.ts";
import type { PageStore } from "../../store/contract.ts";
import { mostHistory } from "./line-editor.ts";
import type { Screen } from "./screen.ts";
import { createScreen } from "./screen.ts";
import { TerminalSession } from "./terminal-session.ts";
import { terminalState } from "./terminal-state.ts";
import "./terminal.css";

const historyName = "terminal";

/** What was typed before, where the browser keeps anything. */
function readHistory(): string[] {
  try {
    const lines: unknown = JSON.parse(kept(historyName) ?? "[]");
    // Other pages of this host can write there as well: no control character comes to the screen.
    return Array.isArray(lines) ? lines.filter((line) => typeof line === "string").slice(-mostHistory).map(shownText) : [];
  } catch {
    return [];
  }
}

const writeHistory = (lines: readonly string[]): void => keep(historyName, JSON.stringify(lines));

const wayWords = { ready: "Go to ready", pause: "Pause", interrupt: "Interrupt" } as const;

export function TerminalPanel({ store }: { readonly store: PageStore }) {
  const place = useRef<HTMLDivElement>(null);
  const screen = useRef<Screen | null>(null);
  const session = useRef<TerminalSession | null>(null);
  const running = useSignal({ isRunning: false, waiting: 0 });
  useEffect(() => {
    if (place.current === null) return;
    const made = createScreen(place.current);
    const joined = new TerminalSession(store, made, readHistory(), { onChange: (isRunning, waiting) => void (running.value = { isRunning, waiting }), onHistory: writeHistory });
    screen.current = made;
    session.current = joined;
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const restyle = (): void => made.restyle();
    dark.addEventListener("change", restyle);
    return () => {
      dark.removeEventListener("change", restyle);
      joined.dispose();
      made.dispose();
    };
  }, [store, running]);
  const theme = store.theme.value;
  useEffect(() => {
    // The page's own attribute is set by an effect of the same change.
    const frame = requestAnimationFrame(() => screen.current?.restyle());
    return () => cancelAnimationFrame(frame);
  }, [theme]);
  const { text, wayOut } = terminalState(store.status.value, running.value.isRunning, running.value.waiting);
  const goOn = (): void => {
    if (wayOut === "ready") void store.go({ kind: "ready" });
    if (wayOut === "pause") void store.pause();
    if (wayOut === "interrupt") session.current?.interrupt();
    screen.current?.focus();
  };
  return (
    <div class="terminal">
      <div class="terminal-screen" ref={place} />
      <div class="terminal-bar">
        <p role="status">{text === "" ? <span class="terminal-hint">Tab completes, Up and Ctrl-R find earlier lines, Escape then Tab leaves.</span> : text}</p>
        {wayOut === null ? null : <button type="button" onClick={goOn}>{wayWords[wayOut]}</button>}
      </div>
    </div>
  );
}
