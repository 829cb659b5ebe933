// The built page in memory: what is not in this list cannot be asked for, whatever a path looks like.

import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";
import { gzipSync } from "node:zlib";

const types: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".md": "text/plain; charset=utf-8",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};
/** Already compressed. */
const packed = new Set([".woff2"]);

export interface SiteFile {
  readonly type: string;
  /** Weak: it stands for both forms of the bytes. */
  readonly etag: string;
  /** Its name holds a hash of what is in it. */
  readonly isImmutable: boolean;
  readonly bytes: Buffer;
  /** Packed when first asked for; null: that makes it no smaller. */
  gzip(): Buffer | null;
}

/** By path below the page, with slashes. */
export type Site = ReadonlyMap<string, SiteFile>;

function fileOf(path: string, bytes: Buffer): SiteFile {
  const extension = extname(path);
  let zipped: Buffer | null | undefined;
  return {
    type: types[extension] ?? "application/octet-stream",
    etag: `W/"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`,
    isImmutable: /^assets\/.*-[\w-]{8}\.\w+$/.test(path),
    bytes,
    gzip: () => {
      if (zipped === undefined) {
        const smaller = packed.has(extension) ? bytes : gzipSync(bytes, { level: 9 });
        zipped = smaller.length < bytes.length ? smaller : null;
      }
      return zipped;
    },
  };
}

/** Reads every plain file below a folder; links are left out, wherever they lead. @throws Error the folder cannot be read */
export function readSite(folder: string): Site {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    entries.map((entry) => {
      const file = join(entry.parentPath, entry.name);
      const path = relative(folder, file).split(sep).join("/");
      return [path, fileOf(path, readFileSync(file))] as const;
    }),
  );
}
