// npm run bench: medians of several rounds, ratios inside one run.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadModule } from "../src/hardware/module.ts";
import { measureAccess } from "./access.ts";
import { measureBoot } from "./boot.ts";
import { measureDecode } from "./decode.ts";
import { measureExport } from "./export.ts";
import { measureForks } from "./forks.ts";
import { measureMailbox } from "./mailbox.ts";
import { measureRegisters } from "./registers.ts";
import { measureColdStart, measureScenarios } from "./scenarios.ts";
import { measureRuns } from "./runs.ts";
import { measureScale } from "./scale.ts";
import { measureSnapshots } from "./snapshots.ts";
import { measureStorm } from "./storm.ts";
import { measureVfioUser } from "./vfio-user.ts";
import { measureWorker } from "./worker.ts";

export interface Measured {
  readonly name: string;
  /** Operations per second, median of the rounds. */
  readonly perSecond: number;
  readonly note?: string;
}

/** Median operations per second of `rounds` rounds of `work`, which does `count` operations. */
export function median(name: string, count: number, work: () => void, rounds = 9): Measured {
  const rates: number[] = [];
  work();
  for (let i = 0; i < rounds; i++) {
    const start = process.hrtime.bigint();
    work();
    rates.push((count * 1e9) / Number(process.hrtime.bigint() - start));
  }
  rates.sort((a, b) => a - b);
  return { name, perSecond: rates[Math.floor(rates.length / 2)] ?? 0 };
}

/** Compiles the C peer of the decoder if a compiler is there; nanoseconds per decode, or null. */
export function nativeDecode(count: number): number | null {
  const source = fileURLToPath(new URL("../../bench/decode.c", import.meta.url));
  const folder = fileURLToPath(new URL("../../build/bench/", import.meta.url));
  if (!existsSync(source)) return null;
  try {
    mkdirSync(folder, { recursive: true });
    execFileSync("gcc", ["-O2", "-o", `${folder}decode`, source], { stdio: "ignore" });
    return Number(execFileSync(`${folder}decode`, [String(count)], { encoding: "utf8" }));
  } catch {
    return null;
  }
}

const rateText = (perSecond: number): string => (perSecond === 0 ? "-" : perSecond >= 1e5 ? `${(perSecond / 1e6).toFixed(2)} M/s` : `${perSecond.toFixed(1)} /s`);

type Part = (module: WebAssembly.Module) => Measured[] | Promise<Measured[]>;

const parts: Readonly<Record<string, { readonly about: string; readonly measure: Part }>> = {
  boot: { about: "the kernel's boot to a region, and over hundreds of devices", measure: measureBoot },
  registers: { about: "register reads by user code beside WebAssembly, plain JavaScript, C and QEMU; bytes allocated", measure: measureRegisters },
  forks: { about: "forks of a machine with 16 devices", measure: measureForks },
  access: { about: "register accesses, trace digested and stored", measure: measureAccess },
  mailbox: { about: "round trips through a mailbox", measure: measureMailbox },
  decode: { about: "HPA decode beside C", measure: measureDecode },
  snapshots: { about: "snapshots restored", measure: measureSnapshots },
  scale: { about: "a thousand devices: enumeration, cost of an access", measure: measureScale },
  export: { about: "a tree of 512 devices, read and written", measure: measureExport },
  scenarios: { about: "whole scenarios", measure: measureScenarios },
  runs: { about: "a thousand short scenarios in one call of the command", measure: measureRuns },
  storm: { about: "an hour of machine checks over 256 GB, and an idle hour", measure: measureStorm },
  start: { about: "cold start of the command", measure: measureColdStart },
  "vfio-user": { about: "an access of a vfio-user client, in the server", measure: measureVfioUser },
  worker: { about: "reads through a machine in a worker", measure: measureWorker },
};

const help = `npm run bench -- [PART...]

Measures the parts named, all without a name, and prints one line for each figure: operations per second, then what belongs to it. Progress goes to
standard error. Figures are medians of several rounds; compare only what one run has printed (docs/performance.md).

${Object.entries(parts).map(([name, { about }]) => `  ${name.padEnd(10)} ${about}`).join("\n")}

Exit status: 0 measured; 2 no such part.`;

async function main(names: readonly string[]): Promise<number> {
  if (names.includes("--help") || names.includes("-h")) {
    console.log(help);
    return 0;
  }
  const unknown = names.filter((name) => !Object.hasOwn(parts, name));
  if (unknown.length > 0) {
    console.error(`bench: no part ${unknown.map((name) => `"${name}"`).join(", ")}; there are ${Object.keys(parts).join(", ")}`);
    return 2;
  }
  const { module } = await loadModule();
  for (const [name, { measure }] of Object.entries(parts).filter(([part]) => names.length === 0 || names.includes(part))) {
    console.error(`bench: ${name} ...`);
    for (const one of await measure(module)) console.log(`${one.name.padEnd(56)} ${rateText(one.perSecond).padStart(12)}${one.note === undefined ? "" : `   ${one.note}`}`);
  }
  return 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv.slice(2));
