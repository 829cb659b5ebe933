// The page: static files that work from any host and path. `vite` serves it for development, `vite build` writes dist/web.

import { defineConfig } from "vite";
import { library } from "./src/web/build/library.ts";

export default defineConfig({
  root: "src/web",
  base: "./",
  plugins: [library()],
  worker: { format: "es" },
  build: { outDir: "../../dist/web", emptyOutDir: true, assetsInlineLimit: 0, target: "es2022", cssTarget: "chrome123", modulePreload: { polyfill: false } },
});
