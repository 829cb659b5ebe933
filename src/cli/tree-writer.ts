// Writes an exported tree into a folder of its own. Everything is made anew and never through what is there, so nothing outside the folder is touched.

import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { DeviceNumbers, ExportEntry } from "../sandbox/export.ts";
import { makeFolders } from "./files.ts";

/** A folder that cannot be taken: it is said before anything runs. */
export class FolderError extends Error {}

/** Writing broke off: what was done so far is in the folder. */
export class WriteError extends Error {}

const manifestName = "export.json";
/** What an export makes at the top of its folder. */
const ownNames = ["sys", "proc", "dev", "lib", "tmp", manifestName];

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Looks whether an export may go into a folder; nothing is made or taken away. @throws FolderError */
export function checkFolder(folder: string, isForced: boolean): void {
  if (!existsSync(folder)) return;
  if (!statSync(folder).isDirectory()) throw new FolderError(`${folder} is there and no folder; choose another name`);
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    throw new FolderError(`${folder} cannot be read (${reason(error)})`);
  }
  if (names.length === 0) return;
  if (!isForced) throw new FolderError(`${folder} is not empty; choose another folder, or --force to put the tree in place of an earlier export`);
  const foreign = names.filter((name) => !ownNames.includes(name));
  if (!names.includes(manifestName)) throw new FolderError(`${folder} holds no earlier export (there is no ${manifestName}); choose another folder`);
  if (foreign.length > 0) throw new FolderError(`${folder} holds more than an export: ${foreign.slice(0, 3).join(", ")}; choose another folder`);
}

/** Makes the folder, empty of an earlier export; gives its path without links. @throws WriteError */
export function prepareFolder(folder: string): string {
  try {
    makeFolders(resolve(folder));
    const root = realpathSync(resolve(folder));
    for (const name of ownNames) rmSync(join(root, name), { recursive: true, force: true });
    return root;
  } catch (error) {
    throw new WriteError(`${folder}: cannot be made ready (${reason(error)})`);
  }
}

/** A character device's node. @throws Error mknod is not there or not allowed */
function makeNode(path: string, { major, minor }: DeviceNumbers): void {
  const { error, status, stderr } = spawnSync("mknod", ["-m", "600", path, "c", String(major), String(minor)], { encoding: "utf8" });
  if (error !== undefined || status !== 0) throw new Error(error?.message ?? stderr.trim());
}

/** Writes one entry; what is there already is an error. @throws WriteError */
export function writeEntry(root: string, entry: ExportEntry, withNodes: boolean): void {
  const path = join(root, entry.path);
  try {
    if (entry.kind === "directory") mkdirSync(path);
    else if (entry.kind === "link") symlinkSync(entry.target, path);
    else if (entry.kind === "file" && entry.device !== null && withNodes) makeNode(path, entry.device);
    else if (entry.kind === "file") {
      writeFileSync(path, entry.bytes, { flag: "wx", mode: 0o600 });
      chmodSync(path, entry.mode);
    }
  } catch (error) {
    throw new WriteError(reason(error));
  }
}

/** Says what the folder is, instead of what it said before. @throws WriteError */
export function writeManifest(root: string, manifest: { readonly tool: string; readonly isComplete: boolean }): void {
  try {
    rmSync(join(root, manifestName), { force: true });
    writeFileSync(join(root, manifestName), `${JSON.stringify(manifest, null, 2)}\n`, { flag: "wx" });
  } catch (error) {
    throw new WriteError(reason(error));
  }
}
