import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { importsOf, judge } from "./imports.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
    .filter((name) => /\.tsx?$/.test(name) && !/\.test\.tsx?$/.test(name));
}

const judged = (path: string, text: string): string[] => importsOf(path, text).map(judge).filter((problem) => problem !== undefined);

describe("imports go one way", () => {
  it("no file in the tree has an arrow that runs back", () => {
    const files = ["registers", "src", "workers"].flatMap(sources);
    expect(files.length).toBeGreaterThan(10);
    expect(files.flatMap((file) => judged(file, readFileSync(join(root, file), "utf8")))).toEqual([]);
  });

  it("[rule 3] a kernel file that reaches the hardware is found", () => {
    expect(judged("src/kernel/cxl/port.ts", `import { x } from "../../hardware/machine.ts";`)).toHaveLength(1);
    expect(judged("src/kernel/cxl/port.ts", `import type { X } from "../../firmware/cedt.ts";`)).toHaveLength(1);
    expect(judged("src/kernel/cxl/port.ts", `const x = await import("../../hardware/machine.ts");`)).toHaveLength(1);
    expect(judged("src/kernel/cxl/port.ts", `import { x } from "../../platform/platform.ts";`)).toEqual([]);
  });

  it("[rule 4] userland that reaches the hardware or the scenario is found", () => {
    expect(judged("src/userland/cxl.ts", `import { x } from "../hardware/machine.ts";`)).toHaveLength(1);
    expect(judged("src/userland/cxl.ts", `import { x } from "../scenario/runner.ts";`)).toHaveLength(1);
  });

  it("the library in this thread knows nothing of workers; the package's front has both", () => {
    expect(judged("src/sandbox.ts", `export { x } from "../workers/machine-worker.ts";`)).toHaveLength(1);
    expect(judged("src/index.ts", `export { x } from "../workers/machine-worker.ts";`)).toEqual([]);
    expect(judged("src/index.ts", `export { x } from "./kernel/boot.ts";`)).toHaveLength(1);
  });

  it("inside the kernel a lower folder may not import a higher one", () => {
    expect(judged("src/kernel/pci/scan.ts", `import { x } from "../cxl/port.ts";`)).toHaveLength(1);
    expect(judged("src/kernel/cxl/port.ts", `export { x } from "../pci/scan.ts";`)).toEqual([]);
  });

  it("the oracle of the decoder rules reads neither the module nor the declarations; the reference machine reads declarations and descriptions, and nothing that builds or runs the module", () => {
    const arrows = sources("test/oracles").flatMap((file) => importsOf(file, readFileSync(join(root, file), "utf8")));
    expect(arrows.filter(({ from, to }) => from.endsWith("/hdm-decoder.ts") && /^(assembly|registers|src)\//.test(to))).toEqual([]);
    const reference = arrows.filter(({ from }) => from.startsWith("test/oracles/reference/"));
    expect(reference.length).toBeGreaterThan(10);
    expect(reference.filter(({ to }) => /^(assembly|tools)\/|^registers\/(layout|checks)\.ts|^src\/(?!platform\/(description|platform|pci-address)\.ts)/.test(to))).toEqual([]);
  });
});
