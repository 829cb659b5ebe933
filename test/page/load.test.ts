// The page as it comes: from the command's server, and without a net. From a folder of a plain server: test/package/web-page.test.ts.

import { describe, expect, it } from "vitest";
import { editorText, newReader, openPage, pageUrl, shownDigests, showPanel, untilOpen, untilState, usePage } from "./reader.ts";

describe.skipIf(pageUrl === "")("the page, opened", () => {
  usePage();

  it("runs the sample by itself, and shows outcome, machine, time line and log; nothing fails, nothing is refused by the policy, nobody else is asked", async () => {
    const { page, asked } = await openPage();
    expect(await page.title()).toContain("cxl-sandbox");
    expect(await page.locator(".title-bar").textContent()).toContain("ended: recovered");
    expect(await (await showPanel(page, "outcome")).textContent()).toContain("All 2 expectations hold");
    expect(await page.getByRole("treeitem", { name: /^Root port rp0|^rp0/ }).count()).toBe(1);
    await page.locator("#panel-timeline canvas").waitFor();
    expect(await page.locator("#panel-timeline [aria-label^='Time line of']").getAttribute("aria-label")).toMatch(/^Time line of \d{4} records in \d+ lanes/);
    const log = await showPanel(page, "log");
    await log.locator("li").first().waitFor();
    expect(await log.textContent()).toContain("recovery: RECOVERED");
    expect(await editorText(page)).toMatch(/^version: 1\nname: one port isolates/);
    // Every other panel as well, with the code that it fetches.
    for (const id of ["terminal", "memory", "host", "workloads", "registers", "verdict", "records", "compare", "library"]) {
      await showPanel(page, id);
      await page.locator(`#panel-${id}`).getByText("is being loaded").waitFor({ state: "detached" });
    }
    expect(asked.length).toBeGreaterThan(10);
  });

  it("once visited, it comes without a net, runs, and opens what it never opened before", async () => {
    const { page, context } = await newReader({ serviceWorkers: "allow" });
    await page.goto(pageUrl);
    await untilState(page, "ended: recovered");
    const { trace } = await shownDigests(page);
    await page.evaluate(async () => void (await navigator.serviceWorker.ready));
    // The worker of this load is there; pages of the next one are its own.
    await context.setOffline(true);
    await page.reload();
    await untilState(page, "ended: recovered");
    expect(await page.evaluate(() => [navigator.onLine, navigator.serviceWorker.controller !== null])).toEqual([false, true]);
    expect((await shownDigests(page)).trace).toBe(trace);
    await showPanel(page, "terminal");
    await page.locator("#panel-terminal .xterm").waitFor();
    await showPanel(page, "library");
    // It runs by itself.
    await page.getByRole("option", { name: /a-link-down/ }).click();
    await untilOpen(page, "a-link-down.yaml");
    await untilState(page, "ended");
  });
});
