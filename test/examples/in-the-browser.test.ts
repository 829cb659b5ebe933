// examples/07-in-the-browser: built with Vite as it stands, run in Chromium, used with the mouse and with the keyboard.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright";
import { build, preview } from "vite";
import type { PreviewServer } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasChromium, launchChromium } from "../support/chromium.ts";

const root = fileURLToPath(new URL("../../examples/07-in-the-browser", import.meta.url));

it("examples/07-in-the-browser is sound TypeScript without Node's types", () => {
  const strict = ["--strict", "--noUnusedLocals", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes"];
  const options = ["--ignoreConfig", "--noEmit", ...strict, "--module", "esnext", "--moduleResolution", "bundler", "--allowImportingTsExtensions", "--target", "es2022", "--lib", "ES2023,DOM,DOM.Iterable", "--types", ""];
  const compiler = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));
  expect(spawnSync(process.execPath, [compiler, ...options, "main.ts"], { cwd: root, encoding: "utf8" }).stdout).toBe("");
});

describe.skipIf(!hasChromium)("examples/07-in-the-browser", () => {
  const outDir = mkdtempSync(join(tmpdir(), "cxl-sandbox-page-"));
  let server: PreviewServer;
  let browser: Browser;
  const problems: string[] = [];

  beforeAll(async () => {
    await build({ root, configFile: false, logLevel: "silent", build: { outDir, emptyOutDir: true } });
    server = await preview({ root, configFile: false, logLevel: "silent", build: { outDir }, preview: { port: 4507 } });
    browser = await launchChromium();
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(outDir, { recursive: true, force: true });
  });

  async function open(colorScheme: "light" | "dark" = "light"): Promise<Page> {
    const page = await browser.newPage({ colorScheme, viewport: { width: 1000, height: 900 } });
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("console", (message) => void (["error", "warning"].includes(message.type()) && problems.push(message.text())));
    await page.goto(server.resolvedUrls?.local[0] ?? "");
    await page.locator("#verdict", { hasText: "The machine is ready" }).waitFor();
    return page;
  }
  const field = (page: Page, register: string, name: string): Promise<string | null> => page.locator(".register", { has: page.locator(`h3:has-text("${register}")`) }).locator(`dt:text-is("${name}") + dd`).textContent();

  it("shows isolation, its registers and its interrupt", async () => {
    const page = await open();
    await page.getByRole("button", { name: "Arm isolation" }).click();
    await page.locator("#verdict", { hasText: "armed" }).waitFor();
    await page.getByRole("button", { name: "Break the link" }).click();
    await page.locator("#verdict", { hasText: "rp0 is isolated" }).waitFor();
    await page.locator("#load:enabled").waitFor();
    expect(await page.locator("dt.changed").allTextContents()).toEqual(["memoryIsolation", "memoryIsolationLinkDown"]);
    expect(await page.locator("#events td:nth-child(2)").allTextContents()).toEqual([expect.stringContaining("Interrupt"), "The cable of rp0 is pulled", "Isolation enabled, with its interrupt"]);
    const folder = process.env["CXL_SANDBOX_SCREENSHOTS"];
    if (folder !== undefined) await page.screenshot({ path: join(folder, "light.png"), fullPage: true });
    if (folder !== undefined) await page.emulateMedia({ colorScheme: "dark" }).then(() => page.screenshot({ path: join(folder, "dark-isolated.png"), fullPage: true }));
    await page.locator("#load").click();
    await page.getByRole("cell", { name: "poison" }).waitFor();
    expect([await field(page, "status", "memoryIsolation"), await field(page, "status", "memoryIsolationLinkDown"), await field(page, "control", "memoryIsolationEnable")]).toEqual(["1", "1", "1"]);
    await page.close();
  }, 120_000);

  it("is used with the keyboard alone, in the dark, and starts again", async () => {
    const page = await open("dark");
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("arm");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.locator("#verdict", { hasText: "not isolated" }).waitFor();
    await page.locator("#load:enabled").waitFor();
    // The focus has gone to the first step that can be done.
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("load");
    await page.keyboard.press("Space");
    await page.locator("#verdict", { hasText: "the host is" }).waitFor();
    const folder = process.env["CXL_SANDBOX_SCREENSHOTS"];
    if (folder !== undefined) await page.screenshot({ path: join(folder, "dark.png"), fullPage: true });
    await page.locator("#again:enabled").focus();
    await page.keyboard.press("Enter");
    await page.locator("#verdict", { hasText: "The machine is ready" }).waitFor();
    expect(await page.locator("#events tr").count()).toBe(0);
    await page.close();
  }, 120_000);

  it("leaves no error or warning in the console", () => expect(problems).toEqual([]));
});
