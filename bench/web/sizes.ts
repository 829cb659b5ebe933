// What the first screen takes over the net: files of the built page as gzip packs them.

import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import type { Figure } from "./figures.ts";
import { built, freshBrowser, openPage, serve } from "./browser.ts";

const kilobytes = (files: Iterable<string>): number => [...files].reduce((sum, file) => sum + gzipSync(readFileSync(`${built}${file}`), { level: 9 }).length, 0) / 1000;

/** Scripts that a built file imports from the start, with itself. */
function closure(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  for (const [, name] of readFileSync(`${built}${file}`, "utf8").matchAll(/(?:^|[;}])(?:import|export)\b[^;"'(]*?from\s*["']\.\/([^"']+)["']|(?:^|[;}])import["']\.\/([^"']+)["']/g)) if (name !== undefined) closure(`assets/${name}`, found);
  return found;
}

/** Milliseconds behind the run's end: what comes later is not for the first screen. */
const settle = 3000;

/** Scripts and modules that the worker has fetched, and those of the page, until the sample was run and some time went by. */
async function fetched(): Promise<{ readonly page: Set<string>; readonly worker: Set<string> }> {
  const served = await serve();
  const opened = await freshBrowser();
  try {
    const entries = (): string[] => performance.getEntriesByType("resource").map(({ name }) => name);
    await openPage(opened, served.address);
    await opened.page.waitForTimeout(settle);
    const [worker] = opened.page.workers();
    const files = (urls: readonly string[]): Set<string> => new Set(urls.map((url) => new URL(url).pathname.slice(1)).filter((path) => /\.(js|wasm|css)$/.test(path) && path !== "offline.js"));
    const inPage = files(await opened.page.evaluate(entries));
    const inWorker = files(worker === undefined ? [] : [new URL(worker.url()).pathname, ...(await worker.evaluate(entries))].map((url) => new URL(url, served.address).href));
    return { page: new Set([...inPage].filter((file) => !inWorker.has(file))), worker: inWorker };
  } finally {
    await opened.close();
    served.end();
  }
}

export async function measureSizes(): Promise<readonly Figure[]> {
  const entry = /<script[^>]+src="\.\/([^"]+)"/.exec(readFileSync(`${built}index.html`, "utf8"))?.[1] ?? "";
  const { page, worker } = await fetched();
  const scripts = closure(entry);
  const ofWorker = new Set([...worker].flatMap((file) => (file.endsWith(".js") ? [...closure(file)] : [file])));
  const late = [...ofWorker].filter((file) => /assets\/services-/.test(file));
  const first = [...ofWorker].filter((file) => !late.includes(file));
  return [
    { name: "script of the page before editor and terminal, gzip", value: kilobytes(scripts), unit: "KB", aim: 250, note: [...scripts].join(" ") },
    { name: "script and module of the worker for the first screen, gzip", value: kilobytes(first), unit: "KB", aim: 400, note: first.join(" ") },
    ...[...ofWorker].map((file): Figure => ({ name: `  ${file}`, value: kilobytes([file]), unit: "KB" })),
    { name: "with what the page and its worker fetch in 3 s, gzip", value: kilobytes(new Set([...page, ...scripts, ...ofWorker])), unit: "KB" },
  ];
}
