// The page as it lies in the package: from any folder of any host, from `serve`, without a network, and from one version to the next.

import { spawn } from "node:child_process";
import { cpSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright";
import { chromium } from "playwright";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { Site } from "./page.ts";
import { packed } from "./packed.ts";
import { serve } from "./page.ts";

const { folder, files } = packed;
const executablePath = inject("chromium");
const installed = join(folder, "bare/node_modules/cxl-sandbox");
const site = join(folder, "site");

/** What goes wrong on a page: errors, requests that fail, what its policy refuses. */
function troublesOf(page: Page): string[] {
  const troubles: string[] = [];
  page.on("pageerror", (error) => troubles.push(String(error)));
  page.on("console", (message) => message.type() === "error" && troubles.push(`${message.text()} ${message.location().url}`));
  page.on("requestfailed", (request) => {
    const reason = request.failure()?.errorText ?? "";
    // A page that is left while its icon is still being fetched ends that; the reader misses nothing.
    if (reason !== "net::ERR_ABORTED") troubles.push(`${request.url()}: ${reason}`);
  });
  return troubles;
}

const ended = (page: Page) => page.getByRole("status").filter({ hasText: "ended: recovered" }).waitFor({ timeout: 60_000 });
/** The service worker of the newest version has all its files. */
const isKept = (page: Page) => page.evaluate(async () => void (await navigator.serviceWorker.ready));

it("is in the package, and nothing of its sources is", () => {
  expect(files).toEqual(expect.arrayContaining(["dist/web/index.html", "dist/web/offline.js", "dist/web/licenses.md", "dist/web/manifest.webmanifest"]));
  expect(files.filter((file) => file.startsWith("dist/src/web") || file.startsWith("dist/workers/page-"))).toEqual([]);
});

describe.skipIf(executablePath === "")("the packed page in Chromium", () => {
  let browser: Browser;
  let host: Site;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"] });
    cpSync(join(installed, "dist/web"), site, { recursive: true });
    host = await serve(site, "/a/b/");
  });
  afterAll(async () => {
    host.close();
    await browser.close();
    rmSync(site, { recursive: true, force: true });
  });

  it("runs its sample from a folder of a plain host, and asks for nothing outside of it", async () => {
    const page = await browser.newPage();
    const troubles = troublesOf(page);
    const hosts = new Set<string>();
    page.on("request", (request) => hosts.add(new URL(request.url()).host));
    await page.goto(host.url);
    await ended(page);
    for (const [id, shown] of [["library", "#panel-library [role=option]"], ["terminal", "#panel-terminal .xterm"], ["registers", "#panel-registers"], ["memory", "#panel-memory"]] as const) {
      await page.locator(`#tab-${id}`).click();
      await page.locator(shown).first().waitFor();
    }
    expect(troubles).toEqual([]);
    expect(host.asked.filter((path) => !path.startsWith("/a/b/"))).toEqual([]);
    expect([...hosts]).toEqual([new URL(host.url).host]);
    await page.close();
  });

  it("works without a network once it was there; a new version comes whole, at the load after the one that found it", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(host.url);
    await ended(page);
    await isKept(page);
    await context.setOffline(true);
    await page.reload();
    await ended(page);
    expect(await page.title()).toBe("cxl-sandbox");
    await context.setOffline(false);

    // Another version: its page says so, and a script of the one before has another name, and is gone from the host under the old one.
    const [, script = ""] = /src="\.\/assets\/(index-[^"]+\.js)"/.exec(readFileSync(join(site, "index.html"), "utf8")) ?? [];
    const renamed = script.replace(/index-[\w-]{8}/, "index-NewOne12");
    renameSync(join(site, "assets", script), join(site, "assets", renamed));
    for (const name of ["index.html", "offline.js", ...readdirSync(join(site, "assets")).filter((asset) => asset.endsWith(".js")).map((asset) => `assets/${asset}`)]) {
      const text = readFileSync(join(site, name), "utf8").replaceAll(script, renamed).replace("<title>cxl-sandbox</title>", "<title>newer</title>");
      writeFileSync(join(site, name), name === "offline.js" ? text.replace(/^const version = "/, 'const version = "newer') : text);
    }

    const troubles = troublesOf(page);
    await page.goto(`${host.url}#nothing`);
    await page.reload();
    await ended(page);
    // The old page, and all its own files.
    expect(await page.title()).toBe("cxl-sandbox");
    await page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready;
      if (registration.waiting === null) await new Promise<void>((resolve) => void setInterval(() => registration.waiting !== null && resolve(), 50));
    });
    await page.reload();
    await expect.poll(() => page.title(), { timeout: 30_000 }).toBe("newer");
    await ended(page);
    expect(troubles).toEqual([]);
    await expect.poll(() => page.evaluate(async () => (await caches.keys()).length), { timeout: 30_000 }).toBe(1);
    await context.close();
  });

  it("cxl-sandbox serve hands it out under its policy, and every panel opens without anything being refused", async () => {
    const child = spawn(process.execPath, [join(installed, "dist/src/cli/main.js"), "serve", "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
    const url = await new Promise<string>((resolve) => void child.stdout.once("data", (chunk: Buffer) => resolve(String(chunk).trim())));
    const page = await browser.newPage();
    const troubles = troublesOf(page);
    await page.goto(url);
    await ended(page);
    for (const tab of await page.getByRole("tab").all()) {
      await tab.click();
      await page.locator("[role=tabpanel]:not([hidden]) [aria-busy=true]").first().waitFor({ state: "detached", timeout: 60_000 });
    }
    expect(troubles).toEqual([]);
    await page.close();
    const exit = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    expect(await exit).toBe(0);
  });
});
