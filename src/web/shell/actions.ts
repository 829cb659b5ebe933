// What the reader can do with the page as a whole: one list for the buttons, the shortcuts, the help and the palette.

import type { StepUnit } from "../../sandbox/live/contract.ts";
import type { LookAnswer } from "../../sandbox/live/looks.ts";
import { toClipboard } from "../clipboard.ts";
import { linkOf } from "../opening/links.ts";
import type { PageStore } from "../store/contract.ts";
import { isOver } from "./words.ts";

export interface Action {
  readonly id: string;
  readonly title: string;
  /** As `KeyboardEvent.key` gives it, with `Shift+` for letters and `Mod+` for Ctrl or Cmd; absent: no shortcut. */
  readonly key?: string;
  readonly run: () => void;
}

/** What the shell itself shows and hides. */
export interface ShellVerbs {
  readonly openPalette: () => void;
  readonly openHelp: () => void;
  readonly focusMark: () => void;
  readonly nextArea: (step: 1 | -1) => void;
}

/** Runs on, pauses, or runs again from the start where the run is over. */
export async function runOrPause(store: PageStore): Promise<void> {
  const status = store.status.peek();
  if (status?.isMoving === true) return store.pause();
  if (status !== null && isOver(status) && !store.isChanged.peek()) await store.go({ kind: "start" });
  return store.run();
}

/** After changes of the text: with the new text, from power-on. */
export async function step(store: PageStore, unit: StepUnit): Promise<void> {
  if ((store.status.peek() === null || store.isChanged.peek()) && !(await store.reset())) return;
  if ((await store.go({ kind: "step", unit })) === "missed") store.notice.value = { kind: "info", text: "The run is over; there is nothing to step to." };
}

const eventLayers = ["hardware", "kernel", "log", "result"] as const;

/** To just behind the event before the last one: back over the accesses between. */
export async function back(store: PageStore): Promise<void> {
  const records = store.status.peek()?.position.records ?? 0;
  let from: number | null = records - 2;
  while (from !== null && from >= 0) {
    const found: LookAnswer<"find"> | undefined = await store.look("find", { filter: { layers: eventLayers }, from, direction: "back", most: 1 });
    const index = found?.indices[0];
    if (index !== undefined) {
      await store.go({ kind: "record", index });
      return;
    }
    from = found?.next ?? null;
  }
  await store.go({ kind: "start" });
}

export async function runToMark(store: PageStore, text: string): Promise<void> {
  if (text.trim() === "") return;
  if ((store.status.peek() === null || store.isChanged.peek()) && !(await store.reset())) return;
  const arrival = await store.go({ kind: "mark", text: text.trim() });
  if (arrival === "missed") store.notice.value = { kind: "info", text: `No log line or mark behind this position holds "${text.trim()}"; the run stands at its end.` };
}

/** Puts a link to what is shown on the clipboard, or before the reader where that is not allowed. */
export async function share(store: PageStore): Promise<void> {
  const link = await linkOf(store, location.href);
  if (link.kind === "refused") {
    store.notice.value = { kind: "problem", text: link.reason };
    return;
  }
  const isCopied = await toClipboard(link.url);
  store.notice.value = { kind: "info", text: isCopied ? `The link is copied. It leads to this scenario${link.without === "" ? " and position" : `, ${link.without}`}; nothing was sent anywhere.` : `The browser lets nothing be copied; copy it from here: ${link.url}` };
}

const themes = ["system", "light", "dark"] as const;

export function nextTheme(store: PageStore): void {
  store.theme.value = themes[(themes.indexOf(store.theme.peek()) + 1) % themes.length] ?? "system";
}

export function actionsOf(store: PageStore, shell: ShellVerbs): readonly Action[] {
  return [
    { id: "run", title: "Run or pause", key: "r", run: () => void runOrPause(store) },
    { id: "next", title: "Step to the next event", key: "n", run: () => void step(store, "event") },
    { id: "back", title: "Back one event", key: "b", run: () => void back(store) },
    { id: "access", title: "Step to the next access", key: "x", run: () => void step(store, "access") },
    { id: "turn", title: "Step to the next turn of a kernel task", key: "u", run: () => void step(store, "turn") },
    { id: "start", title: "Go to power-on", key: "1", run: () => void store.go({ kind: "start" }) },
    { id: "ready", title: "Go to ready", key: "2", run: () => void store.go({ kind: "ready" }) },
    { id: "end", title: "Go to the end", key: "3", run: () => void store.go({ kind: "end" }) },
    { id: "mark", title: "Run to a mark …", key: "m", run: shell.focusMark },
    { id: "reset", title: "Reset: a fresh run of the text", key: "Shift+R", run: () => void store.reset() },
    { id: "share", title: "Share: copy a link to this run", run: () => void share(store) },
    { id: "theme", title: "Change the theme: system, light, dark", key: "Shift+T", run: () => nextTheme(store) },
    { id: "palette", title: "Find an action, a panel or a scenario", key: "Mod+k", run: shell.openPalette },
    { id: "next-area", title: "Next area", key: "F6", run: () => shell.nextArea(1) },
    { id: "previous-area", title: "Previous area", key: "Shift+F6", run: () => shell.nextArea(-1) },
    { id: "help", title: "Keys and help", key: "?", run: shell.openHelp },
  ];
}

const isMac = (): boolean => /Mac|iPhone|iPad/.test(navigator.platform);

/** A key as the reader's keyboard names it. */
export const keyWords = (key: string): string => key.replace("Mod+", isMac() ? "⌘" : "Ctrl+").replace(/\b([a-z])$/, (letter) => letter.toUpperCase());
