// What each look takes at a machine with 64 ports at the end of its run: worker's work and the way to the page and back.

import type { Page } from "playwright";
import { chooseFile, freshBrowser, openPage, serve } from "./browser.ts";
import type { Figure } from "./figures.ts";
import { medianOf } from "./figures.ts";
import { largeTrace } from "./made.ts";

const rounds = 9;
const port = "rp0-0";
const register = "timeoutIsolation.control";

const questions: readonly (readonly [name: string, question: object, about: string])[] = [
  ["machine", { most: 2000 }, "the whole machine"],
  ["outcome", {}, ""],
  ["host", { withOwners: true }, "with owners"],
  ["memory", { most: 2000 }, ""],
  ["workloads", {}, ""],
  ["registers", { of: port }, "structures of a port"],
  ["registers", { of: port, structures: ["timeoutIsolation"] }, "one structure"],
  ["registers", { of: port, structures: ["timeoutIsolation"], isBrief: true }, "its values alone"],
  ["accesses", { of: port, register, most: 50 }, "the newest of one register"],
  ["log", { from: 0, most: 5000 }, "all lines"],
  ["columns", { from: 0 }, "131072 records, classified before"],
  ["find", { filter: { text: "no such words" }, from: 0, direction: "forward", most: 1 }, "one piece, nothing found"],
  ["recordChoices", {}, ""],
];

/** In the page. */
async function lookOften({ name, question, count }: { readonly name: string; readonly question: object; readonly count: number }): Promise<{ readonly took: readonly number[]; readonly size: number }> {
  const took: number[] = [];
  let size = 0;
  for (let index = 0; index <= count; index++) {
    const { took: one, answer } = await window.bench.ask("look", [name, question]);
    took.push(one);
    size = JSON.stringify(answer, (_key, value: unknown) => (ArrayBuffer.isView(value) ? `bytes ${value.byteLength}` : value))?.length ?? 0;
  }
  return { took, size };
}

async function looksOf(page: Page): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const [name, question, about] of questions) {
    const { took, size } = await page.evaluate(lookOften, { name, question, count: rounds });
    figures.push({ name: `look ${name}${about === "" ? "" : `: ${about}`}`, value: medianOf(took.slice(1)), unit: "ms", note: `the first ${took[0]?.toFixed(1)} ms; ${(size / 1000).toFixed(1)} KB as JSON` });
  }
  return figures;
}

export async function measureLooks(): Promise<readonly Figure[]> {
  const { path, records } = await largeTrace("hundred");
  const served = await serve();
  const opened = await freshBrowser();
  try {
    const { page } = opened;
    await openPage(opened, served.address);
    await chooseFile(page, path);
    await page.waitForFunction((count) => document.querySelector(".timeline canvas")?.getAttribute("aria-label")?.includes(` ${count} records`) === true, records, { timeout: 120_000 });
    await page.evaluate(() => window.bench.ask("go", [{ kind: "end" }, null]));
    await page.waitForTimeout(1500);
    return await looksOf(page);
  } finally {
    await opened.close();
    served.end();
  }
}
