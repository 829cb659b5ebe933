// Makes offline.js, the service worker of the built page: its text with the list of built files and a version that is the hash of them all.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { transformWithOxc } from "vite";
import type { Plugin } from "vite";

const source = fileURLToPath(new URL("../offline-worker.ts", import.meta.url));

/** What the worker is told, before its text. */
function headOf(files: ReadonlyMap<string, string | Uint8Array>): string {
  const names = [...files.keys()].toSorted();
  const hash = createHash("sha256");
  for (const name of names) hash.update(`${name}\0`).update(createHash("sha256").update(files.get(name) ?? "").digest());
  return `const version = ${JSON.stringify(hash.digest("base64url").slice(0, 22))};\nconst files = ${JSON.stringify(names)};\n`;
}

export function offline(): Plugin {
  let publicFolder = "";
  return {
    name: "offline",
    apply: "build",
    configResolved: (config) => {
      publicFolder = config.publicDir;
    },
    generateBundle: {
      // Behind what makes index.html and the worker's files.
      order: "post",
      async handler(_options, bundle) {
        const own = existsSync(publicFolder) ? readdirSync(publicFolder).map((name) => [name, readFileSync(join(publicFolder, name))] as const) : [];
        const built = Object.values(bundle).map((file) => [file.fileName, file.type === "chunk" ? file.code : file.source] as const);
        const files = new Map([...own, ...built].filter(([name]) => !name.endsWith(".md")));
        const { code } = await transformWithOxc(readFileSync(source, "utf8"), source);
        this.emitFile({ type: "asset", fileName: "offline.js", source: `${headOf(files)}${code.replace(/^export \{\};?$/m, "")}` });
      },
    },
  };
}
