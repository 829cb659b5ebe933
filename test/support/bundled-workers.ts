// Workers that tests in Chromium start, as one file each, made once: from Vite's server every one of them would fetch seven hundred modules.

import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Plugin } from "vite";
import { versionDefinition } from "../../src/web/build/version.ts";

const workers = fileURLToPath(new URL("../../workers/", import.meta.url));
/** As deep as workers/ lies, so that `../build` of what is bundled is found from there too. */
const folder = "/bundled/workers/";
/** `new URL("./page-entry.ts", import.meta.url)`, from wherever. */
const entry = /new URL\("(?:\.\.?\/)+(?:workers\/)?(\w+-entry)\.ts", import\.meta\.url\)/g;

async function bundled(name: string): Promise<string> {
  const { outputFiles } = await build({ entryPoints: [`${workers}${name}.ts`], bundle: true, write: false, format: "esm", platform: "browser", target: "es2022", define: { ...versionDefinition() }, sourcemap: "inline" });
  return outputFiles[0]?.text ?? "";
}

export function bundledWorkers(): Plugin {
  const made = new Map<string, Promise<string>>();
  const textOf = (name: string): Promise<string> => {
    const text = made.get(name) ?? bundled(name);
    made.set(name, text);
    return text;
  };
  return {
    name: "bundled-workers",
    enforce: "pre",
    transform: (code) => (code.includes('-entry.ts", import.meta.url)') ? { code: code.replaceAll(entry, (_, name: string) => `new URL("${folder}${name}.js", location.origin)`), map: null } : null),
    configureServer: ({ middlewares }) => {
      middlewares.use(folder, (request, response, next) => {
        const name = /^\/([\w-]+)\.js(?:\?|$)/.exec(request.url ?? "")?.[1];
        if (name === undefined) return next();
        textOf(name).then((text) => response.writeHead(200, { "content-type": "text/javascript", "cache-control": "max-age=600" }).end(text), next);
      });
    },
  };
}
