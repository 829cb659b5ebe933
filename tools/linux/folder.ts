// Where the rig keeps what it builds: one folder outside the project's tracked files.

import { existsSync, mkdirSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { RigProblem } from "./problem.ts";

/** The nearest folder above a file that has the rig's scripts: this file may be the compiled one. */
function rootAbove(path: string): string {
  const above = dirname(path);
  return existsSync(join(above, "tools/linux/init.sh")) || above === path ? above : rootAbove(above);
}

/** The project's own folder. */
export const projectRoot = rootAbove(fileURLToPath(import.meta.url));
export const defaultFolder = join(projectRoot, "build/linux");

/** Paths of a rig folder. */
export interface Folder {
  readonly root: string;
  /** Unpacked packages: QEMU with its libraries, the kernel with its modules, the guest's tools. */
  readonly debian: string;
  readonly kernel: string;
  readonly initramfs: string;
  /** What was built, as JSON. */
  readonly stamp: string;
  readonly log: string;
  readonly results: string;
}

export function folderAt(root: string): Folder {
  return { root, debian: join(root, "debian"), kernel: join(root, "vmlinuz"), initramfs: join(root, "initramfs"), stamp: join(root, "built.json"), log: join(root, "build.log"), results: join(root, "results") };
}

/** What a folder was built of. */
export interface Stamp {
  /** Of the rig that built it: another one builds anew. */
  readonly version: number;
  readonly suite: string;
  readonly kernel: string;
  readonly qemu: string;
  readonly tools: string;
  /** Digest of what went into the initramfs beside packages. */
  readonly guest: string;
  readonly seconds: number;
}

/** Stamp of a folder; null: nothing whole is there. */
export function readStamp(folder: Folder): Stamp | null {
  if (!existsSync(folder.stamp)) return null;
  try {
    return JSON.parse(readFileSync(folder.stamp, "utf8")) as Stamp;
  } catch {
    return null;
  }
}

const librariesBelow = "usr/lib/x86_64-linux-gnu";

/** A program of the folder with its own loader and libraries: needs no root and no chroot. */
export const programOf = (folder: Folder, path: string): string[] => [join(folder.debian, "usr/lib64/ld-linux-x86-64.so.2"), "--library-path", join(folder.debian, librariesBelow), join(folder.debian, path)];

/** The only kernel that was unpacked. @throws RigProblem */
export function kernelRelease(folder: Folder): string {
  const modules = join(folder.debian, "usr/lib/modules");
  const [release, ...others] = existsSync(modules) ? readdirSync(modules) : [];
  if (release === undefined || others.length > 0) throw new RigProblem(`${modules} has ${release === undefined ? "no kernel" : "several kernels"}; build the folder anew with npm run linux -- build --anew`);
  return release;
}

export const makeFolder = (path: string): void => void mkdirSync(path, { recursive: true });
