// Drivers in C for tests, compiled with the clang that is installed. `hasClang` is false where there is none: tests are left out with a printed reason.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { headerText } from "../../tools/c-header.ts";

const runs = (command: string, ...argv: string[]): boolean => spawnSync(command, argv).status === 0;

export const hasClang = runs("clang", "--version") && runs("wasm-ld", "--version");
export const hasGcc = runs("gcc", "--version");
if (!hasClang) console.warn("drivers in C are left out: no clang with wasm-ld (install Debian's packages `clang` and `lld`)");
if (!hasGcc) console.warn("the header as native C is left out: no gcc");

export const strict = ["-std=c11", "-Wall", "-Wextra", "-Werror"] as const;
const freestanding = ["--target=wasm32", "-O2", "-ffreestanding", "-nostdlib", "-Wl,--no-entry"] as const;

/** Runs a compiler on C text in a folder of its own that holds the header; gives what `take` makes of the folder. @throws Error with what the compiler said */
function compile<T>(source: string, command: string, argv: readonly string[], take: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "cxl-sandbox-c-"));
  try {
    writeFileSync(join(folder, "cxl_sandbox.h"), headerText());
    writeFileSync(join(folder, "driver.c"), source);
    const { status, stderr } = spawnSync(command, [...argv, "-I", folder, join(folder, "driver.c")], { encoding: "utf8" });
    if (status !== 0) throw new Error(`${command} ended ${status}: ${stderr}`);
    return take(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The module that clang makes of a driver. */
export function compileDriver(source: string): Uint8Array<ArrayBuffer> {
  const output = join(tmpdir(), `cxl-sandbox-${process.pid}.wasm`);
  return compile(source, "clang", [...strict, ...freestanding, "-o", output], () => {
    const bytes = new Uint8Array(readFileSync(output));
    rmSync(output);
    return bytes;
  });
}

/** @throws Error when gcc finds fault with it */
export const checkNative = (source: string): void => compile(source, "gcc", [...strict, "-fsyntax-only"], () => undefined);

export const example = (file: string): string => readFileSync(fileURLToPath(new URL(`../../examples/08-driver-in-c/${file}`, import.meta.url)), "utf8");
