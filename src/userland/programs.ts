// The programs of the machine, by name. Each sees the tree, its words, what is piped into it, and its outputs.

import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Task } from "../sim/task.ts";
import { echo, overPaths, sleep } from "./basic.ts";
import { cxl } from "./cxl.ts";
import { daxctl } from "./daxctl.ts";
import { devmem } from "./devmem.ts";
import { dmesg } from "./dmesg.ts";
import { find, ls, tree } from "./folders.ts";
import { hexdump, xxd } from "./hexdump.ts";
import { id, uname } from "./identity.ts";
import { lspci } from "./lspci.ts";
import { lsmod, modprobe, rmmod } from "./modules.ts";
import type { Output } from "./output.ts";
import { rasPageOffline } from "./ras-page-offline.ts";
import { setpci } from "./setpci.ts";
import { grep } from "./text-grep.ts";
import { cut, head, sort, tail, tr, uniq, wc } from "./text-lines.ts";
import { atOnce } from "./tool.ts";

/** One call of a program. */
export interface Call {
  readonly files: FileSystem;
  /** Words behind the program's name. */
  readonly argv: readonly string[];
  /** Standard input; empty when nothing is piped in. Bytes are characters 0 to 255. */
  readonly input: string;
  readonly output: Output;
}

export interface Program {
  /** One line for `help`. */
  readonly summary: string;
  /** Gives the exit code. */
  readonly run: (call: Call) => Task<number>;
}

/** A program that never waits. */
const simple = (summary: string, act: (call: Call) => number): Program => ({ summary, run: atOnce(act) });

export const programs: ReadonlyMap<string, Program> = new Map<string, Program>([
  ["cat", simple("print files", ({ files, argv, input, output }) => overPaths("cat", argv.length === 0 ? ["-"] : argv, output, (path) => (path === "-" ? input : files.read(path))))],
  ["cut", simple("parts of lines", cut)],
  ["cxl", { summary: "list and configure CXL objects", run: cxl }],
  ["daxctl", { summary: "list and configure dax devices", run: daxctl }],
  ["devmem", { summary: "access a physical address", run: devmem }],
  ["dmesg", { summary: "print, follow or clear the kernel's log", run: ({ files, argv, output }) => dmesg(files, argv, output) }],
  ["echo", simple("print words, or store them with > FILE", ({ argv, output }) => echo(argv, output))],
  ["false", simple("fail", () => 1)],
  ["find", simple("names below folders", find)],
  ["grep", simple("lines that match", grep)],
  ["head", simple("first lines", head)],
  ["hexdump", simple("bytes of a file (-C)", hexdump)],
  ["id", simple("who is asking", id)],
  ["ls", simple("list folders", ls)],
  ["lsmod", simple("list loaded modules", ({ files, output }) => lsmod(files, output))],
  ["lspci", simple("list PCI functions", lspci)],
  ["modprobe", { summary: "load or remove modules", run: ({ files, argv, output }) => modprobe(files, argv, output) }],
  ["ras-page-offline", { summary: "take pages offline that CXL events name", run: rasPageOffline }],
  ["readlink", simple("print where links lead", ({ files, argv, output }) => overPaths("readlink", argv, output, (path) => `${files.readlink(path)}\n`))],
  ["rmmod", { summary: "remove modules", run: ({ files, argv, output }) => rmmod(files, argv, output) }],
  ["setpci", { summary: "access registers of PCI functions", run: setpci }],
  ["sleep", { summary: "let virtual seconds pass", run: sleep }],
  ["sort", simple("lines in order", sort)],
  ["tail", simple("last lines", tail)],
  ["tr", simple("replace characters of what is piped in", tr)],
  ["tree", simple("folders as a tree", tree)],
  ["true", simple("do nothing", () => 0)],
  ["uname", simple("what system this is", uname)],
  ["uniq", simple("lines that differ from the one before", uniq)],
  ["wc", simple("count lines, words, bytes", wc)],
  ["xxd", simple("bytes of a file", xxd)],
]);
