// What the rig needs of this machine, looked at before anything is begun.

import { existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { answerOf, hasProgram } from "./process.ts";
import { RigProblem } from "./problem.ts";

/** Free bytes that the folder takes at its largest: packages, what was unpacked of them, the guest's files. */
const neededBytes = 2n << 30n;
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** The nearest folder that is there. */
function nearest(path: string): string {
  return existsSync(path) ? path : nearest(dirname(path));
}

/** Free bytes where a folder is or would be. */
function freeBytes(folder: string): bigint {
  const { bavail, bsize } = statfsSync(nearest(folder), { bigint: true });
  return bavail * bsize;
}

const gigabytes = (bytes: bigint): string => `${(Number(bytes >> 20n) / 1024).toFixed(1)} GiB`;

/** All that keeps a folder from being built here, each with its remedy; empty: nothing does. */
function missingForBuild(folder: string): string[] {
  const free = freeBytes(folder);
  const isDebian = hasProgram("apt-get") && hasProgram("dpkg-deb");
  return [
    ...(process.platform === "linux" && process.arch === "x64" ? [] : [`the folder holds programs for Linux on x86-64, and this is ${process.platform} on ${process.arch}`]),
    ...(isDebian ? [] : ["no apt-get and dpkg-deb: the packages are Debian's; run it on a Debian or Ubuntu machine or in a container of one"]),
    ...(process.getuid?.() === 0 ? [] : ["debootstrap needs root: run it as root once; afterwards cases need no root"]),
    ...(isDebian && !existsSync(keyring) ? [`${keyring} is missing: apt-get install debian-archive-keyring`] : []),
    ...(free >= neededBytes ? [] : [`${gigabytes(free)} free in ${nearest(folder)}, ${gigabytes(neededBytes)} are needed: make room, or name another place with --folder`]),
  ];
}

/** @throws RigProblem with everything that is missing */
export function checkBuild(folder: string): void {
  const missing = missingForBuild(folder);
  if (missing.length > 0) throw new RigProblem(`the folder cannot be built here:\n${missing.map((one) => `  - ${one}`).join("\n")}`);
}

/** The mirror that this machine takes Debian from, by apt's own word. @throws RigProblem there is none */
export function configuredMirror(): string {
  const listed = answerOf(["apt-get", "indextargets", "--format", "$(SITE) $(ORIGIN) $(LABEL)", "Created-By: Packages"]) ?? "";
  const found = listed.split("\n").map((line) => line.split(" ")).find(([, origin, label]) => origin === "Debian" && label === "Debian");
  const site = found?.[0] ?? "";
  if (site === "") throw new RigProblem("apt knows no Debian mirror (apt-get indextargets): run apt-get update, or name one with --mirror URL");
  return site;
}

/** @throws RigProblem debootstrap is missing and cannot be installed */
export function needDebootstrap(report: (line: string) => void): void {
  if (hasProgram("debootstrap")) return;
  report("installing debootstrap");
  if (answerOf(["apt-get", "update"], 300) === null || answerOf(["apt-get", "install", "-y", "--no-install-recommends", "debootstrap"], 300) === null) throw new RigProblem("debootstrap is not installed, and apt-get install debootstrap failed: is there network?");
}
