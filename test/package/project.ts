// A project of a user beside the one that the packed file is installed in: its own copy, with tools of ours linked in where they would be installed.

import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "../support/programs.ts";
import type { Ended } from "../support/programs.ts";
import { packed } from "./packed.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

export interface Project {
  readonly folder: string;
  write(files: Readonly<Record<string, string>>): void;
  /** A Node program of the project, by path. */
  node(...words: string[]): Promise<Ended>;
}

/** `tools`: packages of this repository that the user has as well. */
export function project(name: string, tools: readonly string[] = []): Project {
  const folder = join(packed.folder, name);
  cpSync(join(packed.folder, "bare"), folder, { recursive: true, verbatimSymlinks: true });
  for (const tool of tools) {
    const link = join(folder, "node_modules", tool);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, "node_modules", tool), link);
  }
  return {
    folder,
    write: (files) => {
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), text);
      }
    },
    node: (...words) => run(process.execPath, words, folder),
  };
}
