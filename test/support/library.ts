// The bundled scenario files, read in Node.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

export function bundledScenarios(): Record<string, string> {
  const names = readdirSync(join(root, "scenarios"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".yaml")).toSorted();
  return Object.fromEntries(names.map((name) => [`scenarios/${name}`, readFileSync(join(root, "scenarios", name), "utf8")]));
}

export const fixture = (name: string): string => readFileSync(join(root, "test/fixtures", name), "utf8");
