// Builds the rig's folder: packages of Debian's, taken by debootstrap and unpacked, never installed; the kernel and the guest's file system out of them.

import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Folder, Stamp } from "./folder.ts";
import { kernelRelease, makeFolder, programOf, readStamp } from "./folder.ts";
import { buildInitramfs, guestDigest } from "./initramfs.ts";
import { checkBuild, configuredMirror, needDebootstrap } from "./needs.ts";
import { RigProblem } from "./problem.ts";
import { answerOf, runProgram } from "./process.ts";

/** Raised when older folders would not do any more. */
const version = 1;
const packages = ["qemu-system-x86", "linux-image-amd64", "cxl", "daxctl", "busybox-static", "kmod"] as const;
const downloadSeconds = 900;
const unpackSeconds = 900;

export interface BuildOptions {
  readonly suite: string;
  /** Null: the one that apt is configured with. */
  readonly mirror: string | null;
  /** Whatever is there is thrown away. */
  readonly isAnew: boolean;
  readonly report: (line: string) => void;
}

/** What nobody needs here: it is half of the bytes. */
const leftOut = [
  "./usr/share/doc", "./usr/share/man", "./usr/share/locale", "./usr/share/info",
  ...["net", "fs", "sound", "crypto", "drivers/[e-m]*", "drivers/[q-z]*", "drivers/net", "drivers/block", "drivers/bluetooth", "drivers/android", "drivers/ata"].map((path) => `./usr/lib/modules/*/kernel/${path}`),
];

/** Unpacks the packages of $1 into $2; the other words are left out. */
const unpackScript = `packages=$1 target=$2; shift 2
for package in "$packages"/*.deb; do
  dpkg-deb --fsys-tarfile "$package" | tar -xf - --keep-directory-symlink --no-same-owner "$@" -C "$target" || exit 1
done`;

/** A new folder without blanks in its path, which debootstrap's resolver does not stand. @throws RigProblem */
function plainFolder(folder: Folder): string {
  const place = [folder.root, tmpdir(), "/var/tmp"].find((path) => !/\s/.test(path));
  if (place === undefined) throw new RigProblem("debootstrap needs a folder without blanks in its path; set TMPDIR to one");
  return mkdtempSync(join(place, "packages-"));
}

async function takePackages(folder: Folder, options: BuildOptions): Promise<void> {
  const mirror = options.mirror ?? configuredMirror();
  const work = plainFolder(folder);
  try {
    options.report(`taking packages of Debian ${options.suite}: about 250 MB`);
    await runProgram("debootstrap", ["debootstrap", "--download-only", "--variant=minbase", `--include=${packages.join(",")}`, options.suite, work, mirror], folder.log, downloadSeconds);
    options.report("unpacking them");
    rmSync(folder.debian, { recursive: true, force: true });
    makeFolder(folder.debian);
    await runProgram("unpacking", ["sh", "-c", unpackScript, "sh", join(work, "var/cache/apt/archives"), folder.debian, ...leftOut.map((path) => `--exclude=${path}`)], folder.log, unpackSeconds);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const firstLine = (text: string | null): string => text?.split("\n")[0]?.trim() ?? "unknown";

function stampOf(folder: Folder, suite: string, seconds: number): Stamp {
  return {
    version, suite, kernel: kernelRelease(folder), seconds, guest: guestDigest(),
    qemu: firstLine(answerOf([...programOf(folder, "usr/bin/qemu-system-x86_64"), "--version"])), tools: firstLine(answerOf([...programOf(folder, "usr/bin/cxl"), "version"])),
  };
}

function finish(folder: Folder, suite: string, seconds: number): Stamp {
  buildInitramfs(folder);
  const modules = join(folder.debian, "usr/lib/modules", kernelRelease(folder));
  const image = readdirSync(modules).find((name) => name === "vmlinuz") ?? "";
  if (image === "") throw new RigProblem(`${modules} has no vmlinuz`);
  copyFileSync(join(modules, image), folder.kernel);
  const stamp = stampOf(folder, suite, seconds);
  writeFileSync(folder.stamp, `${JSON.stringify(stamp, undefined, 2)}\n`);
  return stamp;
}

/** Builds what is not there yet; the second time it takes no time. @throws RigProblem */
export async function buildFolder(folder: Folder, options: BuildOptions): Promise<Stamp> {
  const before = options.isAnew ? null : readStamp(folder);
  if (before !== null && before.version === version && before.suite === options.suite) return before.guest === guestDigest() ? before : finish(folder, options.suite, before.seconds);
  checkBuild(folder.root);
  needDebootstrap(options.report);
  const started = Date.now();
  makeFolder(folder.root);
  rmSync(folder.stamp, { force: true });
  writeFileSync(folder.log, "");
  await takePackages(folder, options);
  const stamp = finish(folder, options.suite, Math.round((Date.now() - started) / 1000));
  options.report(`built in ${stamp.seconds} s: Linux ${stamp.kernel}, ${stamp.qemu}, cxl ${stamp.tools}`);
  return stamp;
}
