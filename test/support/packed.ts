// Runs once before the `package` project: packs the package and what it depends on, and installs the files in an empty project, without a network.

import { mkdirSync, mkdtempSync, readFileSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { run } from "./programs.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Folder with the packed file and `bare`, a project that it is installed in. */
    readonly packed: { readonly folder: string; readonly tarball: string; readonly files: readonly string[]; readonly bytes: number };
    /** The browser's executable, empty where there is none. */
    readonly chromium: string;
  }
}

interface PackReport {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

const root = fileURLToPath(new URL("../../", import.meta.url));

async function done(cwd: string, command: string, ...words: string[]): Promise<string> {
  const { status, stdout, stderr } = await run(command, words, cwd);
  if (status !== 0) throw new Error(`${command} ${words.join(" ")} ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}

async function pack(folder: string, what: string): Promise<PackReport> {
  const [report] = JSON.parse(await done(root, "npm", "pack", "--json", "--ignore-scripts", "--pack-destination", folder, what)) as readonly PackReport[];
  if (report === undefined) throw new Error(`npm packed nothing of ${what}`);
  return report;
}

export default async function providePacked(project: TestProject): Promise<() => Promise<void>> {
  // Part of `prepare`; a step whose inputs did not change is skipped.
  await done(root, process.execPath, "tools/build.mjs");

  const folder = mkdtempSync(join(tmpdir(), "cxl-sandbox-package-"));
  const own = await pack(folder, ".");
  const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly dependencies: Readonly<Record<string, string>> };
  for (const name of Object.keys(dependencies)) await pack(folder, `./node_modules/${name}`);
  const bare = join(folder, "bare");
  mkdirSync(bare);
  await done(bare, "npm", "init", "-y");
  // An empty cache of its own: what would have to be fetched is an error here.
  const tarballs = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  await done(bare, "npm", "install", "--offline", "--cache", join(folder, "cache"), "--no-audit", "--no-fund", ...tarballs.map((name) => `../${name}`));
  project.provide("packed", { folder, tarball: join(folder, own.filename), files: own.files.map((file) => file.path), bytes: own.size });
  return () => rm(folder, { recursive: true, force: true });
}
