// Tells that something in a set of folders has changed; what it was, the caller finds out. Folders that go away are no error.

import { existsSync, watch } from "node:fs";
import type { FSWatcher } from "node:fs";
import { dirname } from "node:path";

/** Milliseconds of quiet after a change: editors write a file in several steps. */
const quiet = 100;

/** The folder itself, or the nearest one above it that is there. */
function nearest(folder: string): string {
  let found = folder;
  while (!existsSync(found) && dirname(found) !== found) found = dirname(found);
  return found;
}

export class FolderWatch {
  readonly #onChange: () => void;
  readonly #watchers = new Map<string, FSWatcher>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** Watches these folders, and no others any more. Gives the reason where one cannot be watched. */
  follow(folders: Iterable<string>): string[] {
    const wanted = new Set([...folders].map(nearest));
    for (const folder of this.#watchers.keys()) if (!wanted.has(folder)) this.#drop(folder);
    return [...wanted].flatMap((folder) => (this.#watchers.has(folder) ? [] : this.#add(folder)));
  }

  #add(folder: string): string[] {
    try {
      const watcher = watch(folder, () => this.#changed());
      watcher.on("error", () => {
        this.#drop(folder);
        this.#changed();
      });
      this.#watchers.set(folder, watcher);
      return [];
    } catch (error) {
      return [`${folder} cannot be watched (${error instanceof Error ? error.message : String(error)})`];
    }
  }

  #drop(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
  }

  #changed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#onChange, quiet);
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const folder of this.#watchers.keys()) this.#drop(folder);
  }
}
