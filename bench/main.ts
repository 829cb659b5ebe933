// npm run bench: medians of several rounds, ratios inside one run. Wall time is read here and nowhere below.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadModule } from "../src/hardware/module.ts";
import { measureAccess } from "./access.ts";
import { measureBoot } from "./boot.ts";
import { measureDecode } from "./decode.ts";
import { measureExport } from "./export.ts";
import { measureMailbox } from "./mailbox.ts";
import { measureColdStart, measureScenarios } from "./scenarios.ts";
import { measureScale } from "./scale.ts";
import { measureSnapshots } from "./snapshots.ts";
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

const rateText = (perSecond: number): string => (perSecond >= 1e5 ? `${(perSecond / 1e6).toFixed(2)} M/s` : `${perSecond.toFixed(1)} /s`);

async function main(): Promise<void> {
  const { module } = await loadModule();
  const results = [...measureBoot(module), ...measureAccess(module), ...measureMailbox(module), ...measureDecode(module), ...measureSnapshots(module), ...measureScale(module), ...measureExport(module), ...measureScenarios(module), ...measureColdStart(), ...(await measureWorker(module))];
  for (const one of results) console.log(`${one.name.padEnd(52)} ${rateText(one.perSecond).padStart(12)}${one.note === undefined ? "" : `   ${one.note}`}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
