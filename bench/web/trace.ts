// A trace of a million records, made by the command: opened, moved and zoomed in the time line, and what it takes of memory.

import type { CDPSession } from "playwright";
import type { Opened } from "./browser.ts";
import { chooseFile, freshBrowser, openPage, processMemory, serve, workerSession } from "./browser.ts";
import type { Figure } from "./figures.ts";
import { medianOf, quantile } from "./figures.ts";
import { largeTrace } from "./made.ts";

/** Frames of each kind of movement. */
const frames = 150;

/** In the page: until all records of the trace are in the time line and drawn. Milliseconds since the file was chosen. */
async function untilDrawn(records: number): Promise<number> {
  const frame = (): Promise<number> => new Promise(requestAnimationFrame);
  const label = (): string => document.querySelector(".timeline canvas")?.getAttribute("aria-label") ?? "";
  while (!label().includes(` ${records} records`)) await frame();
  // The drawing waits for the next frame behind the change; the one after that has shown it.
  await frame();
  await frame();
  return performance.now() - window.bench.chosenAt;
}

interface Frames {
  /** Milliseconds between frames. */
  readonly between: readonly number[];
  /** Milliseconds of frames' callbacks, in which the drawing is made, for each movement. */
  readonly drawing: number;
}

/** In the page: one movement for each frame. */
async function move({ kind, count }: { readonly kind: "pan" | "zoom"; readonly count: number }): Promise<Frames> {
  const canvas = document.querySelector<HTMLCanvasElement>(".timeline canvas");
  if (canvas === null) throw new Error("there is no time line");
  const { left, top, width } = canvas.getBoundingClientRect();
  const place = { clientX: left + width / 2, clientY: top + 60, bubbles: true, cancelable: true };
  const between: number[] = [];
  window.bench.inFrames = 0;
  let last = await new Promise<number>(requestAnimationFrame);
  for (let index = 0; index < count; index++) {
    const half = index % 50 < 25;
    const wheel = kind === "zoom" ? { ctrlKey: true, deltaY: half ? -60 : 60 } : { deltaX: half ? 12 : -12 };
    canvas.dispatchEvent(new WheelEvent("wheel", { ...place, ...wheel }));
    const now = await new Promise<number>(requestAnimationFrame);
    between.push(now - last);
    last = now;
  }
  return { between, drawing: window.bench.inFrames / count };
}

/** Milliseconds that the page's thread worked so far. */
const workOf = async (session: CDPSession): Promise<number> => 1000 * ((await session.send("Performance.getMetrics")).metrics.find(({ name }) => name === "TaskDuration")?.value ?? 0);

const framesOf = async ({ page, session }: Opened, kind: "pan" | "zoom"): Promise<readonly Figure[]> => {
  await session.send("Performance.enable");
  const before = await workOf(session);
  const { between, drawing } = await page.evaluate(move, { kind, count: frames });
  const work = ((await workOf(session)) - before) / frames;
  const title = kind === "pan" ? "moving" : "zooming";
  return [
    { name: `${title}: from frame to frame`, value: medianOf(between), unit: "ms", aim: 17, note: `p95 ${quantile(between, 0.95).toFixed(1)} ms` },
    { name: "  work of the page's thread for each frame", value: work, unit: "ms", note: `of it drawing ${drawing.toFixed(2)} ms; means of ${frames}` },
  ];
};

async function memoryOf(opened: Opened): Promise<readonly Figure[]> {
  const inWorker = await workerSession(opened.session);
  const collected = async (send: (method: "HeapProfiler.collectGarbage" | "Runtime.getHeapUsage") => Promise<unknown>): Promise<number> => {
    await send("HeapProfiler.collectGarbage");
    const { usedSize, backingStorageSize = 0, embedderHeapUsedSize = 0 } = (await send("Runtime.getHeapUsage")) as { readonly usedSize: number; readonly backingStorageSize?: number; readonly embedderHeapUsedSize?: number };
    return (usedSize + backingStorageSize + embedderHeapUsedSize) / 2 ** 20;
  };
  const before = await processMemory(opened);
  const page = await collected((method) => opened.session.send(method));
  const worker = await collected((method) => inWorker(method));
  const after = await processMemory(opened);
  return [
    { name: "memory: the page's process with its worker", value: before?.now ?? 0, unit: "MB", aim: 500, note: `at most ${before?.most.toFixed(0) ?? "?"} MB while it opened; ${after?.now.toFixed(0) ?? "?"} MB after garbage is collected` },
    { name: "  heap and buffers of the page, garbage collected", value: page, unit: "MB" },
    { name: "  of the worker", value: worker, unit: "MB" },
  ];
}

export async function measureTrace(): Promise<readonly Figure[]> {
  const { path, records } = await largeTrace("million");
  const served = await serve();
  const taken: number[] = [];
  const opening: number[] = [];
  let rest: readonly Figure[] = [];
  try {
    for (let index = 0; index < 3; index++) {
      const opened = await freshBrowser();
      try {
        const { page } = opened;
        await openPage(opened, served.address);
        await chooseFile(page, path);
        taken.push(await page.evaluate(untilDrawn, records));
        opening.push(await page.evaluate(() => window.bench.calls.filter(({ name }) => name === "openTrace").map(({ from, to }) => to - from)[0] ?? -1));
        if (index < 2) continue;
        // What is on the way to be shown comes to its end.
        await page.waitForTimeout(1500);
        rest = [...(await framesOf(opened, "pan")), ...(await framesOf(opened, "zoom")), ...(await memoryOf(opened))];
      } finally {
        await opened.close();
      }
    }
  } finally {
    served.end();
  }
  return [
    { name: `trace of ${records} records, file chosen to time line drawn`, value: medianOf(taken), unit: "ms", aim: 2000, note: `median of 3; all: ${taken.map((one) => one.toFixed(0)).join(", ")} ms` },
    { name: "  of it the worker reads the file", value: medianOf(opening), unit: "ms" },
    ...rest,
  ];
}
