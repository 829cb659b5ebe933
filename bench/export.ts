// The tree of a large machine as entries, and written into a folder.

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prepareFolder, writeEntry } from "../src/cli/tree-writer.ts";
import { createFileSystem } from "../src/kernel/sysfs/file-system.ts";
import type { FileSystem } from "../src/kernel/sysfs/file-system.ts";
import { exportTree } from "../src/sandbox/export.ts";
import { startLarge } from "./boot.ts";
import type { Measured } from "./main.ts";

const bridges = 8;

function walk(files: FileSystem): { readonly entries: number; readonly bytes: number } {
  let [entries, bytes] = [0, 0];
  for (const entry of exportTree(files)) {
    entries++;
    if (entry.kind === "file") bytes += entry.bytes.length;
  }
  return { entries, bytes };
}

/** Where nothing but the writing itself is measured: in memory, where there is such a folder. */
const memoryFolder = "/dev/shm";

/** Seconds that writing takes; the folder's removal does not count. */
function write(files: FileSystem): number {
  const folder = mkdtempSync(join(existsSync(memoryFolder) ? memoryFolder : tmpdir(), "cxl-sandbox-bench-"));
  try {
    return secondsOf(() => {
      const root = prepareFolder(folder);
      for (const entry of exportTree(files)) writeEntry(root, entry, false);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Seconds of one go: the first is what a user waits for. */
function secondsOf(work: () => void): number {
  const start = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - start) / 1e9;
}

export function measureExport(module: WebAssembly.Module): Measured[] {
  const files = createFileSystem(startLarge(module, bridges).kernel);
  let size = { entries: 0, bytes: 0 };
  const walking = secondsOf(() => void (size = walk(files)));
  const writing = write(files);
  const note = (seconds: number): string => `${(seconds * 1000).toFixed(0)} ms; ${size.entries} entries, ${(size.bytes / 2 ** 20).toFixed(1)} MiB of content`;
  return [
    { name: `tree of ${bridges * 64} devices read whole`, perSecond: 1 / walking, note: note(walking) },
    { name: `export-sysfs of ${bridges * 64} devices, written`, perSecond: 1 / writing, note: note(writing) },
  ];
}
