// What starts often is loaded from few files: the command, and the entries of its threads and processes, which came from seven hundred each. What the packages they use
// hold stays there, and so do the modules themselves, for whoever imports them.

import { readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

/** Bundles lie in dist/workers, one folder nearer to dist/build than these modules. */
const nearer = {
  name: "nearer",
  setup: (on) => void on.onLoad({ filter: /[/\\]dist[/\\]src[/\\](?:hardware[/\\]module|cli[/\\]include-path)\.js$/ }, ({ path }) => {
    const text = readFileSync(path, "utf8");
    if (!text.includes('"../../build/')) throw new Error(`${path} has no path to dist/build`);
    return { contents: text.replaceAll('"../../build/', '"../build/'), loader: "js" };
  }),
};

/** Puts bundles in the place of dist/workers/{node,driver-node}.js; dist/src/cli/main.js leads to one of the whole command. */
export async function bundleEntries() {
  await build({
    entryPoints: { command: "dist/src/cli/main.js", node: "dist/workers/node.js", "driver-node": "dist/workers/driver-node.js" },
    bundle: true, splitting: true, minify: true, format: "esm", platform: "neutral", target: "node20", packages: "external", external: ["node:*"],
    outdir: "dist/workers", chunkNames: "part-[hash]", allowOverwrite: true, plugins: [nearer], logLevel: "warning",
  });
  writeFileSync("dist/src/cli/main.js", '#!/usr/bin/env node\nimport "../../workers/command.js";\n');
}
