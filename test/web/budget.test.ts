// What the page costs before anything is seen, and what must not be in it: measured on the built files.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";

const built = fileURLToPath(new URL("../../dist/web", import.meta.url));
const names = readdirSync(built, { recursive: true, encoding: "utf8" }).map((name) => name.replaceAll("\\", "/")).filter((name) => /\.\w+$/.test(name));
const textOf = (name: string): string => readFileSync(join(built, name), "utf8");
const packed = (name: string): number => gzipSync(readFileSync(join(built, name)), { level: 9 }).length;
const KiB = 1024;

/** Scripts that are fetched with one: its own imports, not those on demand. */
function withImports(name: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(name)) return seen;
  seen.add(name);
  for (const [, from = ""] of textOf(name).matchAll(/(?:^|[;}\n])\s*(?:import|export)\b[^;"'`()]*?["'`](\.[^"'`]+\.js)["'`]/g)) withImports(join(name, "..", from).replaceAll("\\", "/"), seen);
  return seen;
}
const sizeOf = (entry: string): number => [...withImports(entry)].reduce((sum, name) => sum + packed(name), 0);
const only = (pattern: RegExp): string => {
  const [found, ...more] = names.filter((name) => pattern.test(name));
  if (found === undefined || more.length > 0) throw new Error(`${pattern} names ${more.length + 1} files of dist/web; run npm run build`);
  return found;
};

const page = textOf("index.html");
const entry = /<script type="module"[^>]* src="\.\/([^"]+)"/.exec(page)?.[1] ?? "";

/** Names that look like addresses and are none, what libraries say in messages, and the beginning of one that zod checks an address with. */
const harmless = [/^http:\/\/www\.w3\.org\/(?:1999\/xhtml|1999\/xlink|2000\/svg|2000\/xmlns\/|1998\/Math\/MathML|XML\/1998\/namespace)$/, /^http:\/\/\[\$\{/, /^https?:\/\/(?:json-schema\.org|localhost|example\.com)\b/];
const foreign = (text: string): string[] => [...text.matchAll(/https?:\/\/[^\s"'`\\)<>\]}]*/g)].map(([address]) => address).filter((address) => !harmless.some((pattern) => pattern.test(address)));

describe("the built page", () => {
  it("has less than 250 KiB of script, compressed, before editor and terminal are fetched", () => {
    expect(withImports(entry).size).toBeGreaterThan(0);
    expect(sizeOf(entry)).toBeLessThan(250 * KiB);
    expect([...withImports(entry)].filter((name) => /xterm|codemirror/i.test(textOf(name)) && /class Terminal|EditorState/.test(textOf(name)))).toEqual([]);
  });

  it("has a worker and a module of hardware of at most 400 KiB together, compressed", () => {
    expect(sizeOf(only(/^assets\/page-entry-[\w-]+\.js$/)) + packed(only(/^assets\/hardware-[\w-]+\.wasm$/))).toBeLessThanOrEqual(400 * KiB);
  });

  it("asks no other host for anything: no address of one stands in what is run or shown", () => {
    const scripts = names.filter((name) => /\.(?:html|css|js|svg|webmanifest)$/.test(name));
    expect(scripts.length).toBeGreaterThan(5);
    // The library's scenarios are text that is shown, and may name what they like.
    const found = scripts.filter((name) => !name.includes("virtual_library")).flatMap((name) => foreign(withoutComments(name)).map((address) => `${name}: ${address}`));
    expect(found).toEqual([]);
  });

  it("has no script and no style in its markup, and addresses that lead anywhere the page is put", () => {
    expect(page).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\bstyle=|\son\w+=/i);
    expect([...page.matchAll(/\b(?:src|href)="([^"]*)"/g)].map(([, address]) => address)).not.toContainEqual(expect.stringMatching(/^(?!\.\/)/));
  });

  it("names the licences of what it is built with, also of its worker", () => {
    const licences = textOf("licenses.md");
    for (const name of ["preact", "@codemirror/state", "comlink", "diff", "re2js", "yaml", "zod"]) expect(licences).toMatch(new RegExp(`^## ${name} - [\\d.]+ \\([\\w.-]+\\)$`, "m"));
  });

  it("its service worker keeps every file that it has but itself and the licences", () => {
    const files = JSON.parse(/^const files = (\[.*\]);$/m.exec(textOf("offline.js"))?.[1] ?? "[]") as readonly string[];
    expect(files.toSorted()).toEqual(names.filter((name) => name !== "offline.js" && !name.endsWith(".md")).toSorted());
  });
});

/** Comments that are kept for their licences name pages. */
function withoutComments(name: string): string {
  return textOf(name).replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/<!--[\s\S]*?-->/g, "");
}
