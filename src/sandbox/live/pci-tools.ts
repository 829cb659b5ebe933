// lspci and setpci for the page: much code that few runs use. In the page, Vite gives this file to the list of programs (vite.config.ts), and the tools themselves
// are fetched when a run or a line may call them. Elsewhere nothing comes through here.

import type { Task } from "../../sim/task.ts";
import type { Call } from "../../userland/programs.ts";

type Tools = readonly [Pick<typeof import("../../userland/lspci.ts"), "lspci">, Pick<typeof import("../../userland/setpci.ts"), "setpci">];

/** Code is loaded once for a worker; null: not yet. */
let tools: Tools | null = null;

export async function loadPciTools(): Promise<void> {
  tools ??= await Promise.all([import("../../userland/lspci.ts"), import("../../userland/setpci.ts")]);
}

function loaded(): Tools {
  if (tools === null) throw new Error("lspci and setpci were not fetched");
  return tools;
}

export const lspci = (call: Call): number => loaded()[0].lspci(call);

export function* setpci(call: Call): Task<number> {
  return yield* loaded()[1].setpci(call);
}

/** Their names, however they are quoted or broken (the shell has no variables); and escapes of YAML, which could stand for letters of them. */
const between = `["'\\\\\\s]*`;
const wanting = new RegExp(`(?:${[..."lspci"].join(between)}|${[..."setpci"].join(between)})|\\\\[xuU]|!!binary`);

/** Whether a run of a scenario, or a line, could call one of them. */
export const mayWantPciTools = (texts: readonly string[]): boolean => texts.some((text) => wanting.test(text));
