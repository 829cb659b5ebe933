// node dist/tools/conformance/compact.js FROM TO: the facts of captures, without what does not matter to a comparison, in few bytes.
// Dropped: sockets, paths and console options of command lines, keys that say again what others say, equal entries. The tool reads both forms.

import { chmodSync, copyFileSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { CaptureError } from "./capture.ts";

const repeatedKeys = new Set(["cap_off", "nonzero_after", "eniw", "arithmetic", "hbig", "region_size", "caps"]);
/** Options of an emulator's command line that say where it ran and what it showed. */
const places = /\s-(accel|append|chardev|display|initrd|kernel|monitor|qmp|qtest|qtest-log|serial|virtfs)\s+('[^']*'|"[^"]*"|\S+)/g;
const flags = /\s-(nodefaults|no-user-config|no-reboot|nographic)\b/g;

export const shorten = (line: string): string => ` ${line.trim()}`.replaceAll(places, "").replaceAll(flags, "").replaceAll(/,mem-path=[^,\s]+/g, "").replaceAll(/\s+/g, " ").trim();

interface Captured {
  readonly meta?: { readonly qemu?: string; readonly what?: string; readonly note?: string; readonly cmdline?: string | Readonly<Record<string, string>> };
  readonly entries?: readonly Readonly<Record<string, unknown>>[];
}

/** A capture in JSON, one entry a line. Undefined: it is none. Equal entries are kept once where none of them writes. */
export function compactJson(text: string): string | undefined {
  const { meta, entries } = JSON.parse(text) as Captured;
  if (meta === undefined || !Array.isArray(entries)) return undefined;
  const cmdline = typeof meta.cmdline === "object" ? Object.fromEntries(Object.entries(meta.cmdline).map(([name, line]) => [name, shorten(line)])) : shorten(meta.cmdline ?? "");
  const rows = (entries as readonly Readonly<Record<string, unknown>>[]).map((entry) => JSON.stringify(Object.fromEntries(Object.entries(entry).filter(([key]) => !repeatedKeys.has(key)))));
  const isReadOnly = (entries as readonly Readonly<Record<string, unknown>>[]).every((entry) => entry["op"] === "r");
  const kept = isReadOnly ? [...new Set(rows)] : rows;
  return `{"meta":${JSON.stringify({ qemu: meta.qemu, what: meta.what, note: meta.note, cmdline })},"entries":[\n${kept.join(",\n")}\n]}\n`;
}

const compactLines = (text: string): string => `${text.split("\n").filter((line) => line.trim() !== "").map((line) => JSON.stringify(JSON.parse(line))).join("\n")}\n`;
const isKept = /\.json$|\.ndjson$|\.hdm-regs\.txt$|(^|\/)qemu-cmdline\.txt$|(^|\/)CEDT\.bin$/;
/** Files that are worth nothing without a capture beside them. */
const isCompanion = (name: string): boolean => basename(name) === "qemu-cmdline.txt" || basename(name) === "CEDT.bin";
const needsCommandLine = (name: string): boolean => name.endsWith(".ndjson") || name.endsWith(".hdm-regs.txt");

/** Copies the captures of a folder. @throws CaptureError */
export function compactFolder(from: string, to: string): void {
  const names = readdirSync(from, { recursive: true, encoding: "utf8" }).filter((name) => isKept.test(name) && statSync(join(from, name)).isFile()).toSorted();
  const seen = new Set<string>();
  for (const name of names) {
    const path = join(from, name);
    if (isCompanion(name) && !names.some((other) => dirname(other) === dirname(name) && needsCommandLine(other))) continue;
    const content = contentOf(path, name);
    const key = `${dirname(name)}\0${content ?? ""}`;
    if (content === undefined || (name.endsWith(".hdm-regs.txt") && seen.has(key))) continue;
    seen.add(key);
    const target = join(to, relative(from, path));
    mkdirSync(dirname(target), { recursive: true });
    if (name.endsWith(".bin")) copyFileSync(path, target);
    else writeFileSync(target, content);
    chmodSync(target, 0o644);
  }
}

function contentOf(path: string, name: string): string | undefined {
  const text = readFileSync(path, "utf8");
  try {
    if (name.endsWith(".json")) return compactJson(text);
    if (name.endsWith(".ndjson")) return compactLines(text);
  } catch (error) {
    throw new CaptureError(name, "", `not JSON (${error instanceof Error ? error.message : String(error)}); is the file whole?`);
  }
  return basename(name) === "qemu-cmdline.txt" ? `${shorten(text)}\n` : text;
}

const [, program = "", from, to] = process.argv;
if (/compact\.(js|ts)$/.test(program)) {
  try {
    if (from === undefined || to === undefined) throw new CaptureError("usage", "", "compact FROM TO: both are folders");
    compactFolder(from, to);
  } catch (error) {
    console.error(error instanceof CaptureError ? `compact: ${error.message}` : error);
    process.exitCode = 2;
  }
}
