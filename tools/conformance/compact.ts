// node dist/tools/conformance/compact.js FROM TO: the facts of captures, without what does not matter to a comparison, in few bytes.
// Kept: entries with the keys that are compared, command lines without sockets and files. Equal readings of one place are kept once.

import { copyFileSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";

const keys = ["topo", "topology", "fn", "comp", "block", "off", "end", "w", "op", "val", "reset", "ones", "zeros", "restored", "note", "nonzero_count", "req", "rsp", "type", "uid", "base", "raw", "case", "hpa_base", "window", "cfmw", "program", "rows", "k", "dev", "bdf", "addr"];
const wanted = /(^|\/)(config_reset|component_reset|component_masks|cedt|doe_cdat|datapath_sample)\.json$|mmio\.ndjson$|qemu-cmdline\.txt$|CEDT\.bin$/;
/** Options of an emulator's command line that say where it ran. */
const places = /\s-(qtest|qtest-log|qmp|kernel|initrd|append|virtfs|serial|monitor|display|accel)\s('[^']*'|\S+)/g;

const pick = (entry: Record<string, unknown>): Record<string, unknown> => Object.fromEntries(keys.filter((key) => entry[key] !== undefined).map((key) => [key, entry[key]]));
const shorten = (line: string): string => line.replace(places, "").replaceAll(/,mem-path=[^,\s]+/g, "").trim();

function compactJson(text: string): string {
  const { meta, entries } = JSON.parse(text) as { meta: { qemu?: string; cmdline: string | Record<string, string> }; entries: Record<string, unknown>[] };
  const lines = typeof meta.cmdline === "string" ? shorten(meta.cmdline) : Object.fromEntries(Object.entries(meta.cmdline).map(([name, line]) => [name, shorten(line)]));
  const rows = [...new Set(entries.map((entry) => JSON.stringify(pick(entry))))];
  return `{"meta":${JSON.stringify({ qemu: meta.qemu, cmdline: lines })},"entries":[\n${rows.join(",\n")}\n]}\n`;
}

/** Device registers and mailbox are left out of accesses that are kept: nothing compares them yet. */
const compactLines = (text: string): string => `${text.split("\n").filter((line) => line !== "" && !line.includes('"block":"device/')).map((line) => JSON.stringify(pick(JSON.parse(line) as Record<string, unknown>))).join("\n")}\n`;

const [from, to] = process.argv.slice(2);
if (from === undefined || to === undefined) {
  console.error("usage: compact FROM TO: both are folders");
  process.exitCode = 2;
} else {
  for (const name of readdirSync(from, { recursive: true, encoding: "utf8" })) {
    const path = join(from, name);
    if (!statSync(path).isFile() || !wanted.test(path)) continue;
    const folder = dirname(path);
    if ((path.endsWith(".txt") || path.endsWith(".bin")) && !readdirSync(folder).includes("mmio.ndjson")) continue;
    const target = join(to, relative(from, path));
    mkdirSync(dirname(target), { recursive: true });
    if (path.endsWith(".json")) writeFileSync(target, compactJson(readFileSync(path, "utf8")));
    else if (path.endsWith(".ndjson")) writeFileSync(target, compactLines(readFileSync(path, "utf8")));
    else if (basename(path) === "qemu-cmdline.txt") writeFileSync(target, `${shorten(readFileSync(path, "utf8"))}\n`);
    else copyFileSync(path, target);
  }
}
