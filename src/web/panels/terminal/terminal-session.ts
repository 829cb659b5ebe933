// Somebody at the terminal: keys become lines, lines become touches of the run, and the screen shows what was said up to the position.

import { effect } from "@preact/signals";
import type { LiveStatus, LiveUpdate } from "../../../sandbox/live/contract.ts";
import { shownText } from "../../shown-text.ts";
import type { PageStore } from "../../store/contract.ts";
import { outputReader } from "./cells.ts";
import type { Drawn } from "./drawing.ts";
import { columnsOf, draw, drawnOf, erase, leave } from "./drawing.ts";
import type { Key } from "./keys.ts";
import { keysOf, pastedKeys } from "./keys.ts";
import type { Edit } from "./line-editor.ts";
import { completion, emptyEdit, insert, press, textBefore } from "./line-editor.ts";
import type { Screen } from "./screen.ts";
import type { Transcript } from "./transcript.ts";
import { asRefused, emptyTranscript, firstLines, linesOf, screenText, withLine, withOutput } from "./transcript.ts";

export type TerminalStore = Pick<PageStore, "status" | "touch" | "complete" | "hear">;

/** Keys that may wait for the prompt. */
const mostWaiting = 20_000;
const greeting = "Time stands still while nothing runs; type help.\n";
const endHint = "Ctrl-D: this terminal stays. Reset begins the machine anew; Escape, then Tab leaves the terminal.\n";

export interface SessionHooks {
  /** A line runs, or it is over; so many keys wait. */
  readonly onChange: (isRunning: boolean, waiting: number) => void;
  readonly onHistory: (lines: readonly string[]) => void;
}

export class TerminalSession {
  readonly #store: TerminalStore;
  readonly #screen: Screen;
  readonly #hooks: SessionHooks;
  readonly #undo: (() => void)[];
  #read = outputReader();
  #edit: Edit;
  #transcript: Transcript = emptyTranscript;
  /** Lines of the transcript that are on the screen. */
  #shown = 0;
  /** Lines that the run's newest status knew. */
  #known = 0;
  #drawn: Drawn | null = null;
  #isRunning = false;
  #isCompleting = false;
  #keys: Key[] = [];
  #columns: number;

  constructor(store: TerminalStore, screen: Screen, history: readonly string[], hooks: SessionHooks) {
    this.#store = store;
    this.#screen = screen;
    this.#hooks = hooks;
    this.#edit = emptyEdit(history);
    this.#columns = screen.columns;
    screen.onData = (data) => this.#take(keysOf(data));
    screen.onPaste = (text) => this.#take(pastedKeys(text));
    screen.onResize = () => this.#resize();
    this.#undo = [store.hear((update) => this.#hear(update)), effect(() => this.#follow(store.status.value))];
  }

  dispose(): void {
    for (const undo of this.#undo) undo();
  }

  /** Ctrl-C of a running line, or of what is typed. */
  interrupt(): void {
    this.#take([{ kind: "interrupt" }]);
  }

  get #prompt(): string {
    return shownText(this.#store.status.peek()?.prompt ?? "");
  }

  get #canType(): boolean {
    return !this.#isRunning && !this.#isCompleting && this.#prompt !== "";
  }

  #take(keys: readonly Key[]): void {
    for (const key of keys) {
      if (key.kind === "interrupt" && !this.#canType) {
        this.#keys = [];
        this.#print("^C\n");
        if (this.#store.status.peek() !== null) void this.#store.touch({ kind: "interrupt" }).then((result) => this.#print(result.kind === "refused" ? `${shownText(result.reason)}\n` : result.said === "" ? "" : `${shownText(result.said)}\n`));
      } else if (this.#keys.length < mostWaiting) this.#keys.push(key);
    }
    this.#pump();
  }

  /** Does what waits, as far as there is a prompt. */
  #pump(): void {
    for (let key = this.#canType ? this.#keys.shift() : undefined; key !== undefined; key = this.#canType ? this.#keys.shift() : undefined) this.#press(key);
    this.#hooks.onChange(this.#isRunning, this.#keys.length);
  }

  #press(key: Key): void {
    const before = this.#edit;
    const { edit, wish } = press(before, key);
    if (wish.kind === "line") return this.#give(edit, before, wish.line);
    if (wish.kind === "complete") return void this.#complete();
    if (wish.kind === "interrupt" || wish.kind === "end of input") {
      this.#leaveLine(before);
      this.#print(wish.kind === "interrupt" ? "" : endHint);
    }
    if (wish.kind === "clear") {
      this.#screen.reset();
      this.#drawn = null;
    }
    this.#edit = edit;
    this.#draw();
  }

  #give(edit: Edit, before: Edit, line: string): void {
    this.#edit = before;
    if (this.#edit.search !== null) this.#edit = { ...before, search: null };
    this.#draw();
    this.#leaveLine(this.#edit);
    this.#edit = edit;
    this.#hooks.onHistory(edit.history);
    if (line.trim() === "") return this.#draw();
    // What was said later is no longer to come.
    if (this.#isBehind) this.#transcript = firstLines(this.#transcript, this.#shown);
    this.#transcript = withLine(this.#transcript, this.#prompt, line);
    // On a machine that has stopped the sandbox's own words work, and are no part of the run.
    const isTouch = (this.#store.status.peek()?.death ?? null) === null;
    if (isTouch) this.#shown++;
    else this.#transcript = asRefused(this.#transcript);
    this.#known = Math.min(this.#known, this.#shown);
    this.#isRunning = true;
    void this.#store.touch({ kind: "line", line }).then((result) => {
      this.#isRunning = false;
      if (result.kind === "refused") {
        this.#transcript = asRefused(this.#transcript);
        if (isTouch) this.#shown--;
        this.#print(`${shownText(result.reason)}\n`);
      }
      this.#read = outputReader();
      this.#draw();
      this.#pump();
    });
  }

  get #isBehind(): boolean {
    return this.#shown < this.#transcript.spoken.filter(({ isTouch }) => isTouch).length;
  }

  async #complete(): Promise<void> {
    const line = textBefore(this.#edit);
    this.#isCompleting = true;
    const candidates = await this.#store.complete(line);
    this.#isCompleting = false;
    const found = completion(line, candidates);
    if (found.isListed) {
      this.#leaveLine(this.#edit);
      this.#screen.write(columnsOf(candidates.map(shownText), this.#screen.columns));
    }
    this.#edit = insert(this.#edit, shownText(found.insert));
    this.#draw();
    this.#pump();
  }

  /** Says something between the lines, above the one that is being typed. */
  #print(text: string): void {
    if (text === "") return;
    this.#erase();
    this.#transcript = withOutput(this.#transcript, text);
    this.#screen.write(text);
    this.#draw();
  }

  #hear(update: LiveUpdate): void {
    // What a line prints again while the run is on its way to a later position is known.
    if (update.kind !== "output" || this.#isBehind) return;
    const text = shownText(this.#read(update.text));
    this.#print(text);
  }

  #erase(): void {
    if (this.#drawn !== null) this.#screen.write(erase(this.#drawn, this.#columns));
    this.#drawn = null;
  }

  /** Ends the row of what is typed, which stays on the screen. */
  #leaveLine(edit: Edit): void {
    const drawn = this.#drawn ?? drawnOf(this.#prompt, edit);
    this.#screen.write(leave(drawn, this.#columns));
    this.#drawn = null;
  }

  #draw(): void {
    this.#erase();
    if (!this.#canType) return;
    const last = this.#transcript.spoken.at(-1)?.printed ?? "";
    if (last !== "" && !last.endsWith("\n") && !this.#isBehind) return this.#print("\n");
    this.#drawn = drawnOf(this.#prompt, this.#edit);
    this.#screen.write(draw(this.#drawn, this.#columns));
  }

  #resize(): void {
    this.#columns = this.#screen.columns;
    if (this.#drawn !== null) this.#draw();
  }

  #redrawAll(): void {
    this.#drawn = null;
    this.#screen.reset();
    this.#screen.write(screenText(firstLines(this.#transcript, this.#shown)));
  }

  /** The run stands elsewhere, or is another one. */
  #follow(status: LiveStatus | null): void {
    const { before, all } = status === null ? { before: 0, all: 0 } : linesOf(status);
    if (!this.#isRunning) {
      if (all < this.#known) this.#transcript = firstLines(this.#transcript, all);
      const lines = this.#transcript.spoken.filter(({ isTouch }) => isTouch).length;
      // A line that the status does not know yet is the newest one.
      const shown = Math.min(lines, before === all ? Math.max(lines, before) : before);
      if (status === null || (all < this.#known && all === 0)) this.#transcript = emptyTranscript;
      if (shown !== this.#shown || all < this.#known || status === null) {
        this.#shown = status === null ? 0 : Math.min(shown, lines);
        this.#redrawAll();
      }
      this.#known = all;
    }
    if (this.#transcript.greeting === "" && this.#canType) {
      this.#transcript = { ...this.#transcript, greeting };
      this.#screen.write(greeting);
    }
    const isFresh = this.#drawn === null || this.#drawn.prompt !== drawnOf(this.#prompt, this.#edit).prompt || !this.#canType;
    if (isFresh) this.#draw();
    this.#pump();
  }
}
