// Runs the examples against the source, each by itself. What they print is text by folder.

import { fileURLToPath } from "node:url";
import { createServer, createServerModuleRunner } from "vite";

const path = (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url));

/** What `main.mjs` of some folders of examples/ writes to standard output. */
export async function runExamples(folders) {
  const server = await createServer({
    root: path("."), configFile: false, logLevel: "error", appType: "custom", server: { middlewareMode: true, watch: null, ws: false, hmr: false },
    resolve: { alias: [{ find: /^cxl-sandbox$/, replacement: path("src/index.ts") }] },
  });
  const runner = createServerModuleRunner(server.environments.ssr, { hmr: false });
  const print = console.log;
  const outputs = {};
  for (const folder of folders) {
    const lines = [];
    console.log = (...words) => void lines.push(words.join(" "));
    try {
      await runner.import(path(`examples/${folder}/main.mjs`));
    } finally {
      console.log = print;
    }
    outputs[folder] = lines.join("\n");
  }
  await server.close();
  return outputs;
}
