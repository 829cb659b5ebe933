// The guest's file system: busybox, the CXL tools with their libraries, the CXL drivers, and the scripts beside this file.

import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { ArchiveEntry } from "./archive.ts";
import { archiveOf, foldersAbove } from "./archive.ts";
import type { Folder } from "./folder.ts";
import { kernelRelease, programOf, projectRoot } from "./folder.ts";
import { RigProblem } from "./problem.ts";
import { answerBytes, answerOf } from "./process.ts";

const libraryFolder = "usr/lib/x86_64-linux-gnu";
const tools = ["usr/bin/cxl", "usr/bin/daxctl"] as const;
/** In the order of loading, each after what it depends on; never kmem, which would give the memory to the page allocator. */
const wantedDrivers = ["cxl_acpi", "cxl_pci", "device_dax", "dax_cxl"] as const;
const scripts = { init: "init.sh", "bin/load": "load.sh", "bin/settle": "settle.sh" } as const;

const scriptText = (file: string): Buffer => readFileSync(join(projectRoot, "tools/linux", file));

/** Digest of what the project itself puts into the guest. */
export function guestDigest(): string {
  const hash = createHash("sha256").update([...tools, ...wantedDrivers].join(" "));
  for (const file of Object.values(scripts)) hash.update("\0").update(scriptText(file));
  return hash.digest("hex").slice(0, 16);
}

const file = (path: string, content: Uint8Array, isProgram: boolean): ArchiveEntry => ({ path, kind: "file", content, isProgram });

/** Libraries of a program as the folder's own loader finds them. @throws RigProblem */
function librariesOf(folder: Folder, program: string): string[] {
  const [loader = "", ...rest] = programOf(folder, program);
  const listed = answerOf([loader, "--list", ...rest]);
  if (listed === null) throw new RigProblem(`${program} of ${folder.debian} does not load; build the folder anew with npm run linux -- build --anew`);
  return [...listed.matchAll(/=> (.*) \(0x[0-9a-f]+\)$/gm)].map(([, path = ""]) => path);
}

function toolEntries(folder: Folder): ArchiveEntry[] {
  const libraries = new Map(tools.flatMap((tool) => librariesOf(folder, tool)).map((path) => [basename(path), path]));
  const loader = "ld-linux-x86-64.so.2";
  libraries.delete(loader);
  return [
    ...tools.map((path) => file(path, readFileSync(join(folder.debian, path)), true)),
    ...[...libraries].map(([name, path]) => file(`${libraryFolder}/${name}`, readFileSync(path), true)),
    file(`lib64/${loader}`, readFileSync(join(folder.debian, "usr/lib64", loader)), true),
    file("bin/busybox", readFileSync(join(folder.debian, "usr/bin/busybox")), true),
  ];
}

/** What a driver says that it needs, from its own section. */
function dependenciesOf(driver: Buffer): string[] {
  const [, names = ""] = /(?:^|\0)depends=([^\0]*)\0/.exec(driver.toString("latin1")) ?? [];
  return names === "" ? [] : names.split(",");
}

/** Drivers with all they depend on, in the order of loading. @throws RigProblem one is missing */
function driversOf(folder: Folder): ReadonlyMap<string, Buffer> {
  const below = join(folder.debian, "usr/lib/modules", kernelRelease(folder), "kernel");
  const files = new Map(readdirSync(below, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ko.xz")).map((path) => [basename(path, ".ko.xz").replaceAll("-", "_"), join(below, path)]));
  const loaded = new Map<string, Buffer>();
  const load = (name: string): void => {
    if (loaded.has(name)) return;
    const path = files.get(name);
    const content = path === undefined ? null : answerBytes([join(folder.debian, "usr/bin/busybox"), "xzcat", path]);
    if (content === null) throw new RigProblem(`this kernel has no driver ${name} as a module in ${below}`);
    for (const needed of dependenciesOf(content)) load(needed);
    loaded.set(name, content);
  };
  for (const name of wantedDrivers) load(name);
  return loaded;
}

/** Writes the archive. @throws RigProblem */
export function buildInitramfs(folder: Folder): void {
  const drivers = driversOf(folder);
  const files = [
    ...toolEntries(folder), ...Object.entries(scripts).map(([path, name]) => file(path, scriptText(name), true)),
    ...[...drivers].map(([name, content]) => file(`modules/${name}.ko`, content, false)),
    file("modules/order", Buffer.from(`${[...drivers.keys()].join("\n")}\n`), false),
  ];
  const empty = ["proc", "sys", "dev", "tmp", "run", "root"].map((path): ArchiveEntry => ({ path, kind: "folder" }));
  const devices: ArchiveEntry[] = [{ path: "dev/console", kind: "characterDevice", major: 5, minor: 1 }];
  const folders = foldersAbove(files.map(({ path }) => path));
  writeFileSync(folder.initramfs, archiveOf([...folders, ...empty, ...devices, ...files]));
}
