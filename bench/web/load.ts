// Cold load: a fresh profile and no cache, until the sample has been run and a click on Step was answered.

import type { Figure } from "./figures.ts";
import { least, medianOf } from "./figures.ts";
import { freshBrowser, serve, threadTimes } from "./browser.ts";

const rounds = 5;

type Moments = Readonly<Record<"painted" | "scriptRan" | "workerReady" | "opened" | "ran" | "shown" | "answered" | "editorThere", number>>;

/** In the page: clicks Step once the run has ended, and tells when what was there. */
async function firstClick(): Promise<Moments> {
  const frame = (): Promise<number> => new Promise(requestAnimationFrame);
  const answerOf = (name: string, nth = 0): number => window.bench.calls.filter((call) => call.name === name)[nth]?.to ?? -1;
  while (!(document.querySelector(".title-bar .state")?.textContent ?? "").startsWith("ended")) await frame();
  const shown = performance.now();
  const step = [...document.querySelectorAll<HTMLButtonElement>(".player-bar button")].find((button) => button.textContent?.includes("Step"));
  step?.click();
  while (answerOf("go", 1) < 0) await frame();
  await frame();
  const answered = performance.now();
  while (document.querySelector(".editor-text:not([hidden])") === null) await frame();
  const paint = performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? -1;
  return { painted: paint, scriptRan: window.bench.madeAt, workerReady: answerOf("lock"), opened: answerOf("open"), ran: answerOf("go"), shown, answered, editorThere: performance.now() };
}

interface Round extends Moments {
  /** Processor time of the page's thread and of its worker, ms. */
  readonly page: number;
  readonly worker: number;
}

async function round(address: string): Promise<Round> {
  const opened = await freshBrowser();
  try {
    await opened.page.goto(address, { waitUntil: "commit" });
    const moments = await opened.page.evaluate(firstClick);
    return { ...moments, ...(await threadTimes(opened)) };
  } finally {
    await opened.close();
  }
}

const names: readonly (readonly [keyof Moments, string])[] = [
  ["painted", "first contentful paint"], ["scriptRan", "the page's script asks for its worker"], ["workerReady", "the worker answers"], ["opened", "module compiled, the sample at power-on"], ["ran", "its run has ended"], ["shown", "that is shown"], ["editorThere", "the editor is there"],
];

export async function measureLoad(): Promise<readonly Figure[]> {
  const served = await serve();
  try {
    const all: Round[] = [];
    for (let index = 0; index < rounds; index++) all.push(await round(served.address));
    const note = (values: readonly number[]): string => `fastest of ${rounds}: ${least(values).toFixed(0)} ms`;
    const of = (key: keyof Round): number[] => all.map((moments) => moments[key]);
    return [
      { name: "cold load to a click on Step that is answered", value: medianOf(of("answered")), unit: "ms", aim: 1500, note: note(of("answered")) },
      { name: "  processor time of the page's thread", value: medianOf(of("page")), unit: "ms", note: note(of("page")) },
      { name: "  processor time of the worker's thread", value: medianOf(of("worker")), unit: "ms", note: note(of("worker")) },
      ...names.map(([key, name]): Figure => ({ name: `  ${name}`, value: medianOf(of(key)), unit: "ms", note: note(of(key)) })),
    ];
  } finally {
    served.end();
  }
}
