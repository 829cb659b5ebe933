// The spool of results that a collector has not taken yet: one file each, written whole or not at all, in order of arrival. The name has the result's key.

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { makeFolders } from "./files.ts";

/** What a spool holds at most. */
export interface SpoolLimits {
  readonly files: number;
  readonly bytes: number;
}

export const spoolLimits: SpoolLimits = { files: 1000, bytes: 256 << 20 };

export interface Spooled {
  /** Place in the order, then the key: `00000042-KEY.json`. */
  readonly name: string;
  readonly key: string;
}

/** A spool that cannot be read or written. */
export class SpoolError extends Error {}

const named = /^(\d{8})-([0-9a-f]{64})\.json$/;
const refusedFolder = "refused";
const lockName = "lock";
/** Milliseconds after which a lock of another host is nobody's. */
const lockTime = 15 * 60_000;

function attempt<T>(folder: string, what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new SpoolError(`the spool ${folder} cannot be ${what} (${error instanceof Error ? error.message : String(error)})`);
  }
}

/** Results that wait, the oldest first. @throws SpoolError */
export function waiting(folder: string): Spooled[] {
  if (!existsSync(folder)) return [];
  return attempt(folder, "read", () => readdirSync(folder)).toSorted().flatMap((name) => {
    const [, , key] = named.exec(name) ?? [];
    return key === undefined ? [] : [{ name, key }];
  });
}

export const textOf = (folder: string, { name }: Spooled): string => attempt(folder, "read", () => readFileSync(join(folder, name), "utf8"));

/** Writes a file so that after a crash it is there whole, or not. */
function writeWhole(path: string, text: string): void {
  const draft = `${path}.${process.pid}.part`;
  const file = openSync(draft, "w", 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
}

/** Adds a result behind the others; one that waits already is not added again. False: the spool is full. @throws SpoolError */
export function addTo(folder: string, key: string, text: string, limits: SpoolLimits = spoolLimits): boolean {
  const before = waiting(folder);
  if (before.some((one) => one.key === key)) return true;
  return attempt(folder, "written", () => {
    const bytes = before.reduce((sum, { name }) => sum + statSync(join(folder, name)).size, 0);
    if (before.length >= limits.files || bytes + Buffer.byteLength(text) > limits.bytes) return false;
    makeFolders(resolve(folder));
    const last = Number(named.exec(before.at(-1)?.name ?? "")?.[1] ?? 0);
    writeWhole(join(folder, `${String(last + 1).padStart(8, "0")}-${key}.json`), text);
    return true;
  });
}

/** Takes out what the collector has. @throws SpoolError */
export const drop = (folder: string, { name }: Spooled): void => attempt(folder, "written", () => rmSync(join(folder, name), { force: true }));

/** Puts aside what the collector does not want; gives its new place. @throws SpoolError */
export function putAside(folder: string, { name }: Spooled): string {
  return attempt(folder, "written", () => {
    const place = join(folder, refusedFolder, name);
    makeFolders(resolve(folder, refusedFolder));
    renameSync(join(folder, name), place);
    return place;
  });
}

interface Holder {
  readonly pid: number;
  readonly host: string;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Whether nobody holds a lock any more: its process has ended, or it is old. */
function isLeft(path: string, now: number): boolean {
  try {
    const { pid, host } = JSON.parse(readFileSync(path, "utf8")) as Holder;
    return host === hostname() ? !isAlive(pid) : now - statSync(path).mtimeMs > lockTime;
  } catch {
    return !existsSync(path) || now - statSync(path).mtimeMs > lockTime;
  }
}

/** Takes the spool's lock; undefined: somebody else is sending. Two senders at once would do no harm, each result has its key: it saves work. @throws SpoolError */
export function lock(folder: string, now: number): { release(): void } | undefined {
  const path = join(folder, lockName);
  return attempt(folder, "written", () => {
    makeFolders(resolve(folder));
    if (existsSync(path) && isLeft(path, now)) rmSync(path, { force: true });
    try {
      writeFileSync(path, JSON.stringify({ pid: process.pid, host: hostname() } satisfies Holder), { flag: "wx", mode: 0o600 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return undefined;
      throw error;
    }
    return { release: () => rmSync(path, { force: true }) };
  });
}
