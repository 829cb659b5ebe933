// Begins before the `package` project and goes on beside the others: packs the package and what it depends on, and installs the files in an empty project, without a
// network. Its tests wait for the end of it (test/package/packed.ts).

import { mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { run } from "./programs.ts";

/** The packed file, in a folder with `bare`, a project that it is installed in. */
export interface Packed {
  readonly folder: string;
  readonly tarball: string;
  readonly files: readonly string[];
  readonly bytes: number;
}

declare module "vitest" {
  export interface ProvidedContext {
    /** Folder in which `packed.json` will stand: a `Packed`, or the text of what went wrong. */
    readonly packing: string;
    /** The browser's executable, empty where there is none. */
    readonly chromium: string;
  }
}

interface PackReport {
  readonly name: string;
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

async function packInto(folder: string): Promise<Packed> {
  const { name, dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly name: string; readonly dependencies: Readonly<Record<string, string>> };
  const what = [".", ...Object.keys(dependencies).map((one) => `./node_modules/${one}`)];
  const reports = JSON.parse(await done(root, "npm", "pack", "--json", "--ignore-scripts", "--pack-destination", folder, ...what)) as readonly PackReport[];
  const own = reports.find((one) => one.name === name);
  if (own === undefined || reports.length !== what.length) throw new Error(`npm packed ${reports.length} of ${what.length}`);
  const bare = join(folder, "bare");
  mkdirSync(bare);
  await done(bare, "npm", "init", "-y");
  // An empty cache of its own: what would have to be fetched is an error here.
  const tarballs = readdirSync(folder).filter((file) => file.endsWith(".tgz"));
  await done(bare, "npm", "install", "--offline", "--cache", join(folder, "cache"), "--no-audit", "--no-fund", ...tarballs.map((file) => `../${file}`));
  return { folder, tarball: join(folder, own.filename), files: own.files.map((file) => file.path), bytes: own.size };
}

export default async function beginPacking(project: TestProject): Promise<() => Promise<void>> {
  // Part of `prepare`; a step whose inputs did not change is skipped. Nothing else may run meanwhile: it puts dist anew.
  await done(root, process.execPath, "tools/build.mjs");
  const folder = mkdtempSync(join(tmpdir(), "cxl-sandbox-package-"));
  const packing = packInto(folder).catch(String).then((packed) => {
    writeFileSync(join(folder, "packed.part"), JSON.stringify(packed));
    renameSync(join(folder, "packed.part"), join(folder, "packed.json"));
  });
  project.provide("packing", folder);
  return async () => {
    await packing;
    await rm(folder, { recursive: true, force: true });
  };
}
