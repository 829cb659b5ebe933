// The html reporter's page in Chromium: nothing is asked of anybody, nothing is complained about, and what it does works with mouse and keyboard.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { AxeResults } from "axe-core";
import type { Browser, Page } from "playwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { htmlPage } from "../../src/report/html.ts";
import { hasChromium, launchChromium } from "../support/chromium.ts";
import { detailed, failingFile, hostileReport } from "../support/shown-runs.ts";
import { reportOf, resultWith } from "../support/reports.ts";

const folder = mkdtempSync(join(tmpdir(), "cxl-sandbox-page-"));
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
let browser: Browser;

interface Opened {
  readonly page: Page;
  /** What the browser complained about, and what it asked for beside the file. */
  readonly complaints: string[];
}

async function open(file: string, options: { readonly scheme?: "light" | "dark"; readonly width?: number; readonly hash?: string } = {}): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: options.width ?? 1280, height: 900 }, colorScheme: options.scheme ?? "light", permissions: ["clipboard-read", "clipboard-write"] });
  const page = await context.newPage();
  const url = pathToFileURL(join(folder, file)).href;
  const complaints: string[] = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("dialog", (dialog) => complaints.push(dialog.message()));
  page.on("request", (request) => request.url().split("#")[0] !== url && complaints.push(request.url()));
  await page.goto(`${url}${options.hash ?? ""}`);
  return { page, complaints };
}

const violations = async (page: Page): Promise<string[]> => {
  await page.evaluate(axe);
  const found = await page.evaluate<AxeResults>("axe.run()");
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
};

describe.skipIf(!hasChromium)("the page in Chromium", () => {
  beforeAll(async () => {
    browser = await launchChromium();
    const { result, details } = detailed(failingFile, ["no-link-down"]);
    const passing = ["a", "c", "b"].map((name, index) => resultWith({ file: `${name}.yaml`, name: `name ${name}`, virtualTimeNs: [5, 1000, 20][index] ?? 0 }));
    writeFileSync(join(folder, "report.html"), htmlPage(reportOf([result, ...passing], new Map([[0, details]]))));
    writeFileSync(join(folder, "hostile.html"), htmlPage(hostileReport()));
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  }, 60_000);

  it.each([["light", 1280], ["dark", 390]] as const)("%s at %i pixels: no complaint, nothing asked for, no scrolling sideways, no barrier that axe finds", async (scheme, width) => {
    const { page, complaints } = await open("report.html", { scheme, width });
    expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBe(0);
    expect(await violations(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it("hostile names do nothing: one script, no picture, no handler, and the text stands there", async () => {
    const { page, complaints } = await open("hostile.html");
    expect(await page.evaluate("[document.scripts.length, document.images.length, document.querySelectorAll('[onclick],[onerror]').length]")).toEqual([1, 0, 0]);
    expect(await page.textContent("h2")).toContain("</script><script>alert(1)</script>");
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it("arrow keys go from event to event, buttons zoom, and a log line's time leads to its moment", async () => {
    const { page } = await open("report.html");
    const picture = page.locator(".picture").first();
    await picture.focus();
    await page.keyboard.press("End");
    expect(await page.textContent(".said")).toMatch(/scenario: .*does not hold/);
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Home");
    expect(await page.textContent(".said")).toMatch(/^0 ns log: Linux version/);
    await page.click("text=Fault to failure");
    expect(await page.textContent(".tick text")).toMatch(/^40\.\d+ ms$/);
    await page.click(".log li.err .at");
    expect(await page.textContent(".said")).toContain("CXL.mem isolated by transaction timeout");
    expect(await page.getAttribute(".cursor", "visibility")).toBe("visible");
    await page.context().close();
  });

  it("the log is filtered by level and text, registers by what changed", async () => {
    const { page } = await open("report.html");
    await page.selectOption("[data-level]", "3");
    expect(await page.locator(".log li:visible .level").allTextContents()).toEqual(["err", "err", "err"]);
    await page.fill("[data-filter-log]", "sigbus");
    expect(await page.locator(".log li:visible").count()).toBe(1);
    expect(await page.locator(".registers tr.same:visible").count()).toBe(0);
    await page.uncheck("[data-only-changed]");
    expect(await page.locator(".registers tr.same:visible").count()).toBeGreaterThan(10);
    await page.context().close();
  });

  it("the table of all runs sorts by times as numbers and filters by text", async () => {
    const { page } = await open("report.html");
    const names = (): Promise<string[]> => page.locator("table.runs tbody tr:visible small").allTextContents();
    await page.click("table.runs th button:has-text('Virtual time')");
    expect(await names()).toEqual(["a.yaml", "b.yaml", "c.yaml", failingFile]);
    expect(await page.getAttribute("table.runs th:has-text('Virtual time')", "aria-sort")).toBe("ascending");
    await page.fill("[data-filter-runs]", "name b");
    expect(await names()).toEqual(["b.yaml"]);
    await page.context().close();
  });

  it("a link to a run opens it, and its command is copied", async () => {
    const id = "scenarios-defects-no-link-down.yaml-1";
    const { page } = await open("report.html", { hash: `#${id}` });
    expect(await page.getAttribute(`[id="${id}"]`, "open")).toBe("");
    await page.click(".copy");
    await page.waitForFunction("document.querySelector('.copy').textContent === 'Copied'");
    expect(await page.evaluate("navigator.clipboard.readText()")).toBe(`cxl-sandbox run ${failingFile} --seed 1 --schedule fixed --defect no-link-down`);
    await page.context().close();
  });
});
