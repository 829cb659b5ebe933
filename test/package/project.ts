// A project of a user beside the one that the packed file is installed in: its own copy, with tools of ours linked in where they would be installed.

import { spawn } from "node:child_process";
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { inject } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Project {
  readonly folder: string;
  write(files: Readonly<Record<string, string>>): void;
  /** A Node program of the project, by path. */
  node(...words: string[]): Promise<Ended>;
}

/** Runs a program to its end without holding up the event loop: a page may be served meanwhile. */
export function run(command: string, words: readonly string[], cwd: string): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { cwd, env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined } });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.once("error", reject);
    child.once("close", (status) => resolve({ status, stdout, stderr }));
  });
}

/** `tools`: packages of this repository that the user has as well. */
export function project(name: string, tools: readonly string[] = []): Project {
  const { folder: packed } = inject("packed");
  const folder = join(packed, name);
  cpSync(join(packed, "bare"), folder, { recursive: true, verbatimSymlinks: true });
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
