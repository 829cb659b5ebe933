// The packed file in an empty project, as `npm i cxl-sandbox` leaves it.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { run } from "../support/programs.ts";
import { packed } from "./packed.ts";
import { readPage } from "./pages.ts";
import { project } from "./project.ts";

describe("the packed file", () => {
  it("is smaller than 4 MB and holds what runs, what is read and no tests, tools or benchmarks", () => {
    expect(packed.bytes).toBeLessThan(4_000_000);
    for (const path of ["dist/build/hardware.wasm", "dist/src/cli/main.js", "dist/web/index.html", "README.md", "CHANGELOG.md", "LICENSE", "docs/faults.md", "scenarios/isolation/a-link-down.yaml"]) expect(packed.files).toContain(path);
    expect(packed.files.filter((path) => /^(?!examples\/).*\.test\.|\.map$|^dist\/(test|tools|bench)\/|^(src|test|tools|assembly|build)\/|node_modules/.test(path) || path.startsWith("."))).toEqual([]);
  });

  it("has every page that one of its pages links to", () => {
    const missing = packed.files
      .filter((path) => path.endsWith(".md"))
      .flatMap((page) => {
        const text = readFileSync(join(packed.folder, "bare/node_modules/cxl-sandbox", page), "utf8");
        const targets = [...text.matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)].map((match) => new URL(match[1] ?? "", `file:///${page}`).pathname.slice(1));
        return targets.filter((target) => !packed.files.some((file) => file === target || file.startsWith(target.endsWith("/") ? target : `${target}/`))).map((target) => `${page} -> ${target}`);
      });
    expect(missing).toEqual([]);
  });
});

describe("installed in an empty project", () => {
  const bare = project("command");

  it("the command is there and runs a bundled scenario, in a worker, and in this thread", async () => {
    const version = (JSON.parse(readFileSync(join(bare.folder, "node_modules/cxl-sandbox/package.json"), "utf8")) as { readonly version: string }).version;
    const command = join(bare.folder, "node_modules/.bin/cxl-sandbox");
    expect(await run(command, ["--version"], bare.folder)).toMatchObject({ status: 0, stdout: `cxl-sandbox ${version}\n` });
    for (const words of [[], ["--no-worker"]]) {
      const { status, stdout, stderr } = await run(command, ["run", "node_modules/cxl-sandbox/scenarios/isolation/a-link-down.yaml", ...words], bare.folder);
      expect([status, stderr.trim()]).toEqual([0, "1 pass"]);
      expect(stdout).toMatch(/^pass .*recovered/m);
    }
  });

  it("what no entry point names cannot be imported", async () => {
    const { status, stderr } = await bare.node("--input-type=module", "--eval", 'import "cxl-sandbox/dist/src/kernel/system.js"');
    expect(status).toBe(1);
    expect(stderr).toContain("ERR_PACKAGE_PATH_NOT_EXPORTED");
  });

  it("its examples run where they lie and print what their pages show", async () => {
    const examples = packed.files.filter((path) => /^examples\/\d\d-[^/]+\/main\.mjs$/.test(path));
    expect(examples.length).toBeGreaterThan(0);
    for (const path of examples) {
      const { status, stdout, stderr } = await bare.node(`node_modules/cxl-sandbox/${path}`);
      expect([path, status, stderr]).toEqual([path, 0, ""]);
      expect(readPage(path.replace("main.mjs", "README.md")).blocks, path).toContain(stdout);
    }
  });
});
