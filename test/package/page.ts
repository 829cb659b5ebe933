// A built page, served as plain files from a folder of a site, and what a browser makes of it.

import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { chromium } from "playwright";

const types: Readonly<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm" };

export interface Site {
  readonly url: string;
  readonly asked: readonly string[];
  close(): void;
}

/** `prefix`: "/" or a folder of the site, "/tools/cxl/". What is asked for elsewhere is not there. */
export async function serve(folder: string, prefix: string): Promise<Site> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
    asked.push(path);
    const file = join(folder, path.endsWith("/") ? "index.html" : "", path.slice(prefix.length));
    if (!path.startsWith(prefix) || !statSync(file, { throwIfNoEntry: false })?.isFile()) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "content-type": types[extname(file)] ?? "application/octet-stream" });
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`, asked, close: () => void server.close().closeAllConnections() };
}

/** Opens a page and waits for an element's text to end in `end`. Errors of the page reject. */
export async function textOfPage(executablePath: string, url: string, selector: string): Promise<string> {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"] });
  try {
    const page = await browser.newPage();
    const failed = new Promise<never>((_, reject) => {
      page.on("pageerror", reject);
      page.on("requestfailed", (request) => reject(new Error(`${request.url()}: ${request.failure()?.errorText ?? ""}`)));
      page.on("response", (response) => {
        if (response.status() >= 400 && !response.url().endsWith("/favicon.ico")) reject(new Error(`${response.url()}: ${response.status()}`));
      });
    });
    failed.catch(() => undefined);
    await page.goto(url);
    const found = page.locator(selector).filter({ hasText: /\S/ });
    await Promise.race([found.waitFor({ state: "visible", timeout: 60_000 }), failed]);
    return (await found.textContent()) ?? "";
  } finally {
    await browser.close();
  }
}
