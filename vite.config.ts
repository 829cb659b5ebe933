// The page: static files that work from any host and path. `vite` serves it for development, `vite build` writes dist/web.

import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import type { Plugin } from "vite";
import { library } from "./src/web/build/library.ts";
import { workerLicenses } from "./src/web/build/licenses.ts";
import { versionDefinition } from "./src/web/build/version.ts";
import { offline } from "./src/web/build/offline.ts";

/** Development alone: Vite's style sheets come as elements made by script, and its news by a socket. What is built keeps the policy of index.html. */
const developmentPolicy: Plugin = {
  name: "development-policy",
  apply: "serve",
  transformIndexHtml: (html) => html.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'").replace("connect-src 'self'", "connect-src 'self' ws:"),
};

/** What the page's worker has on demand: regular expressions, and programs that few runs call. */
const onDemand = (): Plugin => {
  const expressions = fileURLToPath(new URL("workers/page-expressions.ts", import.meta.url));
  const rare = fileURLToPath(new URL("src/sandbox/live/rare-programs.ts", import.meta.url));
  const rareSources = ["./devmem.ts", "./folders.ts", "./hexdump.ts", "./lspci.ts", "./ras-page-offline.ts", "./setpci.ts", "./text-grep.ts", "./text-lines.ts"];
  const programs = fileURLToPath(new URL("src/userland/programs.ts", import.meta.url));
  return {
    name: "on-demand",
    enforce: "pre",
    resolveId: (id, importer) => {
      const from = importer?.split("?")[0];
      if (id === "re2js" && from !== undefined && from !== expressions) return expressions;
      return rareSources.includes(id) && from === programs ? rare : null;
    },
  };
};

export default defineConfig({
  root: "src/web",
  base: "./",
  define: versionDefinition(),
  cacheDir: "../../build/vite",
  plugins: [developmentPolicy, onDemand(), library(), workerLicenses(), offline()],
  worker: { format: "es", plugins: () => [onDemand()] },
  // What the worker and panels on demand need is known from the start: what is found later makes the development server load the page again.
  optimizeDeps: { include: ["comlink", "diff", "re2js", "yaml", "zod"] },
  // Sources lie above the page's own folder; node_modules may be a link.
  server: { fs: { allow: ["../..", realpathSync("node_modules")] } },
  build: { outDir: "../../dist/web", emptyOutDir: true, assetsInlineLimit: 0, target: "es2022", cssTarget: "chrome123", modulePreload: { polyfill: false }, license: { fileName: "licenses.md" }, rolldownOptions: { checks: { pluginTimings: false } } },
});
