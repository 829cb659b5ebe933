// Going back: to records behind the position, in the sample and in long runs.

import type { Page } from "playwright";
import { chooseFile, freshBrowser, openPage, serve } from "./browser.ts";
import type { Figure } from "./figures.ts";
import { medianOf } from "./figures.ts";
import { largeTrace } from "./made.ts";

/** Shares of the way to which the run goes back, each from the end. */
const shares = [0.9, 0.5, 0.1];

interface Way {
  readonly took: number;
  readonly records: number;
}

/** In the page: moves the run; the worker tells the page where it stands as always. */
async function go(target: object): Promise<Way> {
  const { took, answer } = await window.bench.ask("go", [target, null]);
  return { took, records: (answer as { readonly status: { readonly position: { readonly records: number } } }).status.position.records };
}

async function backIn(page: Page, name: string, isShort: boolean): Promise<readonly Figure[]> {
  const end = await page.evaluate(go, { kind: "end" });
  const figures: Figure[] = [];
  for (const share of shares) {
    const took: number[] = [];
    for (let index = 0; index < (isShort ? 7 : 2); index++) {
      await page.evaluate(go, { kind: "end" });
      took.push((await page.evaluate(go, { kind: "record", index: Math.floor(end.records * share) })).took);
    }
    figures.push({ name: `back to ${share * 100} % of ${end.records} records (${name})`, value: medianOf(took), unit: "ms" });
  }
  const again: number[] = [];
  for (let index = 0; index < (isShort ? 5 : 1); index++) {
    await page.evaluate(go, { kind: "start" });
    again.push((await page.evaluate(go, { kind: "end" })).took);
  }
  return [{ name: `from power-on to the end of ${end.records} records (${name})`, value: medianOf(again), unit: "ms" }, ...figures];
}

export async function measureBack(): Promise<readonly Figure[]> {
  const served = await serve();
  const opened = await freshBrowser();
  try {
    const { page } = opened;
    await openPage(opened, served.address);
    const figures = [...(await backIn(page, "the sample", true))];
    for (const size of ["hundred", "million"] as const) {
      const { path, records } = await largeTrace(size);
      await chooseFile(page, path);
      await page.waitForFunction((count) => document.querySelector(".timeline canvas")?.getAttribute("aria-label")?.includes(` ${count} records`) === true, records, { timeout: 120_000 });
      figures.push(...(await backIn(page, "64 ports", false)));
    }
    return figures;
  } finally {
    await opened.close();
    served.end();
  }
}
