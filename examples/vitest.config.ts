// The examples of this repository run against what is built of it, as they find it where the package is installed: there they need no configuration.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const built = (path: string): string => fileURLToPath(new URL(`../dist/src/${path}`, import.meta.url));

export default defineConfig({
  resolve: { alias: [{ find: /^cxl-sandbox$/, replacement: built("index.js") }, { find: /^cxl-sandbox\/vitest$/, replacement: built("vitest/index.js") }] },
  test: { include: ["**/*.test.ts"], server: { deps: { external: [/\/dist\//] } } },
});
