// Licences of what the page's worker is built with: Vite writes those of the page itself into licenses.md, and knows nothing of the worker's.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

const repository = fileURLToPath(new URL("../../../", import.meta.url));

interface Manifest {
  readonly version: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const manifestOf = (folder: string): Manifest => JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;

function licenseOf(name: string): string {
  const folder = join(repository, "node_modules", name);
  const { version, license = "" } = manifestOf(folder);
  const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
  return `## ${name} - ${version} (${license})\n\n${file === undefined ? "" : readFileSync(join(folder, file), "utf8").trim()}\n`;
}

/** Adds the package's own dependencies, which the worker has, to the built licenses.md. */
export function workerLicenses(): Plugin {
  return {
    name: "worker-licenses",
    apply: "build",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const file = bundle["licenses.md"];
        if (file?.type !== "asset") throw new Error("the build wrote no licenses.md to add the worker's to");
        const page = typeof file.source === "string" ? file.source : new TextDecoder().decode(file.source);
        const missing = Object.keys(manifestOf(repository).dependencies ?? {}).filter((name) => !page.includes(`## ${name} - `));
        file.source = [page.trim(), "", ...missing.map(licenseOf)].join("\n");
      },
    },
  };
}
