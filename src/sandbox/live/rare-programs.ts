// Programs that few runs call, for the page: much code. In the page, Vite gives this file to the list of programs in their place (vite.config.ts), and they
// are fetched when a run or a line may call one of them. Elsewhere nothing comes through here.

import type { Task } from "../../sim/task.ts";
import type { Call } from "../../userland/programs.ts";

const sources = {
  devmem: () => import("../../userland/devmem.ts"),
  folders: () => import("../../userland/folders.ts"),
  lspci: () => import("../../userland/lspci.ts"),
  setpci: () => import("../../userland/setpci.ts"),
  hexdump: () => import("../../userland/hexdump.ts"),
  grep: () => import("../../userland/text-grep.ts"),
  lines: () => import("../../userland/text-lines.ts"),
  rasPageOffline: () => import("../../userland/ras-page-offline.ts"),
};
type Source = keyof typeof sources;
type Loaded = { readonly [Name in Source]: Awaited<ReturnType<(typeof sources)[Name]>> };

/** Names of the programs of each source, as they are called. */
const names: Readonly<Record<Source, readonly string[]>> = {
  devmem: ["devmem"], folders: ["find", "ls", "tree"], lspci: ["lspci"], setpci: ["setpci"], hexdump: ["hexdump", "xxd"], grep: ["grep"], lines: ["cut", "head", "sort", "tail", "tr", "uniq", "wc"], rasPageOffline: ["ras-page-offline"],
};

/** Code is loaded once for a worker. */
const loaded: Partial<Loaded> = {};

function program<Name extends Source>(name: Name): Loaded[Name] {
  const found = loaded[name];
  if (found === undefined) throw new Error(`the programs ${names[name].join(", ")} were not fetched`);
  return found;
}

export const find = (call: Call): number => program("folders").find(call);
export const ls = (call: Call): number => program("folders").ls(call);
export const tree = (call: Call): number => program("folders").tree(call);
export const lspci = (call: Call): number => program("lspci").lspci(call);
export const hexdump = (call: Call): number => program("hexdump").hexdump(call);
export const xxd = (call: Call): number => program("hexdump").xxd(call);
export const grep = (call: Call): number => program("grep").grep(call);
export const cut = (call: Call): number => program("lines").cut(call);
export const head = (call: Call): number => program("lines").head(call);
// oxlint-disable-next-line unicorn/no-array-sort -- the program
export const sort = (call: Call): number => program("lines").sort(call);
export const tail = (call: Call): number => program("lines").tail(call);
export const tr = (call: Call): number => program("lines").tr(call);
export const uniq = (call: Call): number => program("lines").uniq(call);
export const wc = (call: Call): number => program("lines").wc(call);

export function* devmem(call: Call): Task<number> {
  return yield* program("devmem").devmem(call);
}

export function* setpci(call: Call): Task<number> {
  return yield* program("setpci").setpci(call);
}

export function* rasPageOffline(call: Call): Task<number> {
  return yield* program("rasPageOffline").rasPageOffline(call);
}

/** A program's name, however it is quoted or broken (the shell has no variables). */
const nameWords = (name: string): string => `(?<![\\w.-])${[...name].join(`["'\\\\\\s]*`)}(?![\\w.-])`;
const wanted = Object.entries(names).map(([source, called]) => [source as Source, new RegExp(called.map(nameWords).join("|"))] as const);
/** Escapes of YAML, which could stand for letters of any name. */
const escapes = /\\[xuU]|!!binary/;

/** What a run of a scenario with these texts, or a line, could call. */
export const rareProgramsIn = (texts: readonly string[]): readonly Source[] =>
  texts.some((text) => escapes.test(text)) ? wanted.map(([source]) => source) : wanted.filter(([, expression]) => texts.some((text) => expression.test(text))).map(([source]) => source);

/** Fetches what is not here yet. */
export async function loadRarePrograms(texts: readonly string[]): Promise<void> {
  await Promise.all(rareProgramsIn(texts).map(async (source) => Object.assign(loaded, { [source]: loaded[source] ?? (await sources[source]()) })));
}
