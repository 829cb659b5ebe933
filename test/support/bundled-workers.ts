// Workers that tests in Chromium start, as one file each, made once: from Vite's server every one of them would fetch seven hundred modules.

import { basename, dirname, join } from "node:path";
import { build } from "esbuild";
import type { Plugin } from "vite";
import { versionDefinition } from "../../src/web/build/version.ts";

/** As deep as workers/ lies, so that `../../build` of what is bundled is found from there too. */
const folder = "/bundled/workers/";
/** `new Worker(new URL("./page-entry.ts", import.meta.url)`, from wherever. */
const started = /new Worker\(new URL\("([^"]+)\.ts", import\.meta\.url\)/g;

async function bundled(path: string): Promise<string> {
  const { outputFiles } = await build({ entryPoints: [path], bundle: true, write: false, format: "esm", platform: "browser", target: "es2022", external: ["node:*"], define: { ...versionDefinition() }, sourcemap: "inline", ignoreAnnotations: true });
  return outputFiles[0]?.text ?? "";
}

export function bundledWorkers(): Plugin {
  const paths = new Map<string, string>();
  const made = new Map<string, Promise<string>>();
  const textOf = (path: string): Promise<string> => {
    const text = made.get(path) ?? bundled(path);
    made.set(path, text);
    return text;
  };
  return {
    name: "bundled-workers",
    enforce: "pre",
    transform: (code, id) => {
      if (!code.includes("new Worker(new URL(")) return null;
      const changed = code.replaceAll(started, (_, from: string) => {
        const name = basename(from);
        paths.set(name, join(dirname(id.split("?", 1)[0] ?? id), `${from}.ts`));
        return `new Worker(new URL("${folder}${name}.js", location.origin)`;
      });
      return { code: changed, map: null };
    },
    configureServer: ({ middlewares }) => {
      middlewares.use(folder, (request, response, next) => {
        const path = paths.get(/^\/([\w-]+)\.js(?:\?|$)/.exec(request.url ?? "")?.[1] ?? "");
        if (path === undefined) return next();
        textOf(path).then((text) => response.writeHead(200, { "content-type": "text/javascript", "cache-control": "max-age=600" }).end(text), next);
      });
    },
  };
}
