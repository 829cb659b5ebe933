// `cxl-sandbox run --watch`: runs everything, then again what has changed, until it is told to end.

import { exitCodes } from "../../scenario/result.ts";
import type { RunOptions } from "./arguments.ts";
import { FolderWatch } from "../watch-folders.ts";
import type { Scan } from "../watch-scan.ts";
import { changedFiles, scan } from "../watch-scan.ts";

/** What comes from outside, in order. */
type Wish = "change" | "all" | "quit" | "interrupt";

class Wishes {
  readonly #waiting: Wish[] = [];
  #wake: (() => void) | null = null;

  readonly push = (wish: Wish): void => {
    this.#waiting.push(wish);
    this.#wake?.();
  };

  async next(): Promise<Wish> {
    if (this.#waiting.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#waiting.shift() ?? "change";
  }
}

const keys: Readonly<Record<string, Wish>> = { q: "quit", a: "all", "\u0003": "interrupt" };

/** Single keys of a terminal; nothing where standard input is none. Gives what ends it. */
function listenToKeys(onWish: (wish: Wish) => void): () => void {
  const { stdin } = process;
  if (!stdin.isTTY) return () => undefined;
  const hear = (chunk: Buffer): void => {
    for (const character of chunk.toString("latin1")) {
      const wish = keys[character];
      // A pass under way hears the signal; the terminal sends none in this mode.
      if (wish === "interrupt") process.kill(process.pid, "SIGINT");
      else if (wish !== undefined) onWish(wish);
    }
  };
  stdin.setRawMode(true);
  stdin.on("data", hear);
  return () => {
    stdin.removeListener("data", hear);
    stdin.setRawMode(false);
    stdin.pause();
  };
}

const tell = (text: string): void => void process.stderr.write(`${text}\n`);
const clearScreen = (): void => {
  if (process.stdout.isTTY) process.stdout.write("\u001b[2J\u001b[3J\u001b[H");
};

/** Gives the exit status of the last pass, or 130. `pass`: one pass over files, which says itself what is wrong with them. */
export async function watchFiles(options: RunOptions, pass: (options: RunOptions) => Promise<number>): Promise<number> {
  const wishes = new Wishes();
  const folders = new FolderWatch(() => wishes.push("change"));
  const interrupt = (): void => wishes.push("interrupt");
  const stopListening = listenToKeys(wishes.push);
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  // Where no folder can be watched, nothing else keeps the process.
  const alive = setInterval(() => undefined, 1 << 30);
  let before: Scan = { states: new Map(), folders: new Set(), problems: [] };
  let status: number = exitCodes.pass;
  try {
    for (let wish: Wish = "all"; wish !== "quit"; wish = await wishes.next()) {
      if (wish === "interrupt") return exitCodes.interrupted;
      const now = scan(options);
      for (const problem of folders.follow(now.folders)) tell(`cxl-sandbox: ${problem}`);
      const files = wish === "all" ? [...now.states.keys()] : changedFiles(before, now);
      const isNews = files.length > 0 || now.problems.join() !== before.problems.join() || now.states.size !== before.states.size;
      before = now;
      if (!isNews) continue;
      clearScreen();
      for (const problem of now.problems) tell(`cxl-sandbox: ${problem}`);
      if (files.length > 0) status = await pass({ ...options, paths: files });
      if (status === exitCodes.interrupted) return status;
      tell(`watching ${now.states.size} ${now.states.size === 1 ? "file" : "files"}; q ends, a runs all`);
    }
    return status;
  } finally {
    clearInterval(alive);
    stopListening();
    folders.close();
    process.removeListener("SIGINT", interrupt).removeListener("SIGTERM", interrupt);
  }
}
