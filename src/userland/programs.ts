// The programs of the machine, by name. Each sees the tree, its words, what is piped into it, and its outputs.

import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Task } from "../sim/task.ts";
import { echo, overPaths, sleep } from "./basic.ts";
import { cxl } from "./cxl.ts";
import { daxctl } from "./daxctl.ts";
import { devmem } from "./devmem.ts";
import { lspci } from "./lspci.ts";
import { dmesg } from "./dmesg.ts";
import { lsmod, modprobe, rmmod } from "./modules.ts";
import type { Output } from "./output.ts";
import { setpci } from "./setpci.ts";

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
const atOnce = (summary: string, act: (call: Call) => number): Program => ({
  summary,
  // eslint-disable-next-line require-yield
  run: function* (call) {
    return act(call);
  },
});

export const programs: ReadonlyMap<string, Program> = new Map<string, Program>([
  ["cat", atOnce("print files", ({ files, argv, input, output }) => overPaths("cat", argv.length === 0 ? ["-"] : argv, output, (path) => (path === "-" ? input : files.read(path))))],
  ["cxl", { summary: "list and configure CXL objects", run: cxl }],
  ["daxctl", { summary: "list and configure dax devices", run: daxctl }],
  ["dmesg", { summary: "print, follow or clear the kernel's log", run: ({ files, argv, output }) => dmesg(files, argv, output) }],
  ["echo", atOnce("print words, or store them with > FILE", ({ argv, output }) => echo(argv, output))],
  ["false", atOnce("fail", () => 1)],
  ["ls", atOnce("list folders", ({ files, argv, output }) => overPaths("ls", argv.length === 0 ? ["."] : argv, output, (path) => files.list(path).map((name) => `${name}\n`).join("")))],
  ["devmem", { summary: "access a physical address", run: (call) => devmem(call) }],
  ["lspci", atOnce("list PCI functions", lspci)],
  ["lsmod", atOnce("list loaded modules", ({ files, output }) => lsmod(files, output))],
  ["modprobe", { summary: "load or remove modules", run: ({ files, argv, output }) => modprobe(files, argv, output) }],
  ["readlink", atOnce("print where links lead", ({ files, argv, output }) => overPaths("readlink", argv, output, (path) => `${files.readlink(path)}\n`))],
  ["rmmod", { summary: "remove modules", run: ({ files, argv, output }) => rmmod(files, argv, output) }],
  ["sleep", { summary: "let virtual seconds pass", run: sleep }],
  ["true", atOnce("do nothing", () => 0)],
  ["setpci", { summary: "access registers of PCI functions", run: (call) => setpci(call) }],
]);
