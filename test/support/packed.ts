// Runs once before the `package` project: packs the package and what it depends on, and installs the files in an empty project, without a network.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";

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

function npm(cwd: string, ...words: string[]): string {
  const { status, stdout, stderr } = spawnSync("npm", words, { cwd, encoding: "utf8", env: { ...process.env, npm_config_update_notifier: "false" } });
  if (status !== 0) throw new Error(`npm ${words.join(" ")} ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}

function pack(folder: string, what: string): PackReport {
  const [report] = JSON.parse(npm(root, "pack", "--json", "--ignore-scripts", "--pack-destination", folder, what)) as readonly PackReport[];
  if (report === undefined) throw new Error(`npm packed nothing of ${what}`);
  return report;
}

export default function providePacked(project: TestProject): () => void {
  // Part of `prepare`; a step whose inputs did not change is skipped.
  const built = spawnSync(process.execPath, ["tools/build.mjs"], { cwd: root, stdio: "inherit" });
  if (built.status !== 0) throw new Error("the build failed, there is nothing to pack");

  const folder = mkdtempSync(join(tmpdir(), "cxl-sandbox-package-"));
  const own = pack(folder, ".");
  const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly dependencies: Readonly<Record<string, string>> };
  for (const name of Object.keys(dependencies)) pack(folder, `./node_modules/${name}`);
  const bare = join(folder, "bare");
  mkdirSync(bare);
  npm(bare, "init", "-y");
  // An empty cache of its own: what would have to be fetched is an error here.
  npm(bare, "install", "--offline", "--cache", join(folder, "cache"), "--no-audit", "--no-fund", ...readdirSync(folder).filter((name) => name.endsWith(".tgz")).map((name) => `../${name}`));
  project.provide("packed", { folder, tarball: join(folder, own.filename), files: own.files.map((file) => file.path), bytes: own.size });
  return () => rmSync(folder, { recursive: true, force: true });
}
