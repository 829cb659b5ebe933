// The page's own thread stays light: its code takes values from few places, and knows no register, no schema and no YAML (docs/decisions/0010).

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { contentPolicy } from "../../src/cli/serve/answer.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const textOf = (path: string): string => readFileSync(join(root, path), "utf8");

/** Modules outside of the page's folder that its own thread takes values from; each takes values from others of this list alone. */
const light: ReadonlySet<string> = new Set([
  "workers/page-client.ts", "workers/lifeline.ts",
  "src/scenario/time-text.ts", "src/scenario/shell-word.ts",
  "src/sandbox/live/columns.ts", "src/report/evidence.ts", "src/report/foreign.ts", "src/sim/crc32.ts",
  "docs/examples/first.yaml?raw",
]);

/** What a text imports values from: modules of the tree by their paths, packages by their names. */
function valuesOf(path: string, text: string): string[] {
  const found = text.matchAll(/(?:^|\n)\s*(?:import|export)\s+(?!type\b)[^;"']*?from\s*["']([^"']+)["']|(?:^|\n)\s*import\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']/g);
  return [...found].map(([, from, bare, dynamic]) => from ?? bare ?? dynamic ?? "").map((name) => (name.startsWith(".") ? join(path, "..", name).replaceAll("\\", "/") : name));
}

/** The page's sources, but for tests and what runs in the build. */
const sources = readdirSync(join(root, "src/web"), { recursive: true, encoding: "utf8" })
  .map((name) => `src/web/${name.replaceAll("\\", "/")}`)
  .filter((name) => /\.tsx?$/.test(name) && !/\.test\.tsx?$|\.d\.ts$/.test(name) && !name.startsWith("src/web/build/"));

const packages = /^(?:preact|@preact\/signals|@codemirror\/[\w-]+|@lezer\/[\w-]+|@xterm\/[\w-]+)(?:\/|$)|^virtual:(?:library|scenario-schema)/;
const isAllowed = (target: string): boolean => target.startsWith("src/web/") || light.has(target) || packages.test(target);
const strangersOf = (path: string, text: string): string[] => valuesOf(path, text).filter((target) => !isAllowed(target)).map((target) => `${path} -> ${target}`);

describe("the page's own thread", () => {
  it("takes values from its own folder, from the listed light modules, and from the libraries of the page", () => {
    expect(sources.length).toBeGreaterThan(40);
    expect(sources.flatMap((path) => strangersOf(path, textOf(path)))).toEqual([]);
  });

  it("what it takes from elsewhere brings nothing else along", () => {
    const code = [...light].filter((path) => path.endsWith(".ts"));
    expect(code.flatMap((path) => valuesOf(path, textOf(path)).filter((target) => !light.has(target) && target !== "comlink").map((target) => `${path} -> ${target}`))).toEqual([]);
  });

  it("a value from elsewhere is found, a type is free", () => {
    expect(strangersOf("src/web/x.ts", `import { plan } from "../scenario/plan.ts";\nimport type { Plan } from "../scenario/plan.ts";`)).toEqual(["src/web/x.ts -> src/scenario/plan.ts"]);
    expect(strangersOf("src/web/x.ts", `const yaml = await import("yaml");`)).toEqual(["src/web/x.ts -> yaml"]);
  });

  it("the server's policy is the page's own, and says who may frame it", () => {
    const own = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(textOf("src/web/index.html"))?.[1];
    expect(contentPolicy).toBe(`${own}; frame-ancestors 'self'`);
  });
});
