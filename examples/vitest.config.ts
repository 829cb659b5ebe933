// The examples of this repository run against its source; where the package is installed they need no configuration.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string): string => fileURLToPath(new URL(`../src/${path}`, import.meta.url));

export default defineConfig({
  resolve: { alias: [{ find: /^cxl-sandbox$/, replacement: source("index.ts") }, { find: /^cxl-sandbox\/vitest$/, replacement: source("vitest/index.ts") }] },
  test: { include: ["**/*.test.ts"] },
});
