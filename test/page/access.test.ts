// Who sees little, or has no pointer: rules of axe on every panel and dialog, and the whole page by keyboard.

import { readFileSync } from "node:fs";
import type { Page } from "playwright";
import { describe, expect, it } from "vitest";
import { openPage, openText, pageUrl, sharedPage, showPanel, stateOf, untilState, usePage } from "./reader.ts";

const axeSource = readFileSync(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const failing = readFileSync(new URL("../../docs/examples/first.yaml", import.meta.url), "utf8").replace(/^# yaml.*\n/, "").replace("equals: 1 }", "equals: 0 }");

/** One panel of each area at a time, until all were there. */
const rounds = [
  ["editor", "machine", "outcome", "timeline"],
  ["library", "terminal", "registers", "records"],
  ["editor", "memory", "log", "compare"],
  ["editor", "host", "verdict", "timeline"],
  ["editor", "workloads", "outcome", "timeline"],
] as const;
const panels = [...new Set(rounds.flat())];

interface Axe {
  run(context: unknown, options: unknown): Promise<{ readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly target: unknown; readonly failureSummary?: string }[] }[] }>;
}

/** What breaks a rule in elements; `rules`: all, where none are named. */
async function broken(page: Page, selectors: readonly string[], rules: readonly string[] = []): Promise<readonly string[]> {
  return page.evaluate(async ({ include, values }) => {
    const { axe } = globalThis as unknown as { axe: Axe };
    // Colours in the midst of a change are no colours of the page.
    await Promise.all(document.getAnimations().filter((one) => one.effect?.getTiming().iterations !== Infinity).map((one) => one.finished.catch(() => undefined)));
    const { violations } = await axe.run({ include }, { resultTypes: ["violations"], preload: false, ...(values.length === 0 ? {} : { runOnly: { type: "rule", values } }) });
    return violations.flatMap(({ id, nodes }) => nodes.slice(0, 3).map(({ target, failureSummary }) => `${include.join(" ")}: ${id} ${JSON.stringify(target)}: ${failureSummary ?? ""}`));
  }, { include: selectors, values: rules });
}

/** A panel that has what it shows: nothing is being loaded or looked at. */
async function settle(page: Page, id: string): Promise<void> {
  const panel = await showPanel(page, id);
  await panel.getByText(/^(Looking …|Loading|The .* is being loaded\.)/).waitFor({ state: "detached" });
  await panel.locator("[aria-busy=true]").waitFor({ state: "detached" });
  // Three hundred entries are like three.
  if (id === "library") await panel.getByRole("combobox").fill("s34");
}

/** Elements whose contents are cut off or moved sideways; windows of their own below a panel may. */
const tooWide = (page: Page): Promise<readonly string[]> => page.evaluate(() => [document.documentElement, ...document.querySelectorAll("[role=tabpanel]:not([hidden])")].filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth).map(({ id, tagName, scrollWidth, clientWidth }) => `${id === "" ? tagName : id}: ${scrollWidth} of ${clientWidth} px`));

/** Presses a key; the run stands elsewhere then. */
async function step(page: Page, key: string): Promise<string> {
  const before = await stateOf(page).textContent();
  await page.keyboard.press(key);
  const elsewhere = async (): Promise<string> => (await stateOf(page).textContent()) ?? "";
  await expect.poll(async () => {
    const text = await elsewhere();
    return text !== before && text.startsWith("paused");
  }, { timeout: 30_000 }).toBe(true);
  return elsewhere();
}

describe.skipIf(pageUrl === "")("the page, for everybody", () => {
  usePage();
  const pageOf = sharedPage();

  it("light and dark, at 1280 and at 390 px: no panel and no dialog breaks a rule of axe, nothing is wider than its place, and what failed is seen first", async () => {
    const { page } = await openPage({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" });
    await openText(page, failing);
    const failure = page.locator(".outcome-banner.fail");
    await failure.getByText("metric killed: expected 0, got 1").waitFor();
    await page.evaluate(axeSource);
    const found: string[] = [];
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 800 });
      await page.evaluate(() => scrollTo(0, 0));
      expect((await failure.boundingBox())?.y).toBeLessThan(160);
      const seen = new Set<string>();
      for (const [index, round] of rounds.entries()) {
        for (const id of round) await settle(page, id);
        const shown = round.filter((id) => !seen.has(id)).map((id) => `#panel-${id}`);
        for (const id of round) seen.add(id);
        await page.emulateMedia({ colorScheme: "light" });
        // What is outside of the panels is the same in each round but for the names of headings and areas.
        found.push(...(await broken(page, index === 0 || width === 1280 ? ["body"] : shown)));
        // Roles and names have no colours.
        await page.emulateMedia({ colorScheme: "dark" });
        found.push(...(await broken(page, index === 0 ? ["body"] : shown, ["color-contrast", "link-in-text-block"])));
        found.push(...(await tooWide(page)));
      }
      for (const name of ["Find", "Keys and help"]) {
        await page.getByRole("button", { name, exact: true }).click();
        await page.getByRole("dialog", { name }).waitFor();
        found.push(...(await broken(page, ["dialog[open]"])));
        await page.keyboard.press("Escape");
      }
    }
    expect(found).toEqual([]);

    // What is asked for on a narrow screen comes into the window, below the player.
    await page.getByRole("button", { name: "Details", exact: true }).click();
    const tab = page.locator("#tab-outcome:focus");
    await tab.waitFor();
    expect((await tab.boundingBox())?.y).toBeGreaterThan(30);
    expect((await page.locator("#panel-outcome .fails").first().boundingBox())?.y).toBeLessThan(400);
  }, 240_000);

  it("has one main place, one first heading, and every area and tab has a name", async () => {
    const { page } = await pageOf();
    expect(await page.locator("main").count()).toBe(1);
    expect(await page.locator("header.bars").count()).toBe(1);
    expect(await page.locator("h1:visible").allTextContents()).toEqual(["cxl-sandbox"]);
    expect(await page.getByRole("tablist").evaluateAll((lists) => lists.map((list) => list.getAttribute("aria-label")))).toEqual(["Scenario", "Machine", "Details", "Time line"]);
    expect(await page.locator("html").getAttribute("lang")).toBe("en");
    const levels = await page.locator(":is(h1, h2, h3, h4):visible").evaluateAll((all) => all.map((one) => Number(one.tagName.slice(1))));
    expect(levels[0]).toBe(1);
  });

  it("by keyboard alone: every area and every tab is reached, the run is started, stepped and paused, and what has the focus is seen", async () => {
    const { page } = await pageOf();
    const focusOf = () => page.evaluate(() => {
      const element = document.activeElement;
      const style = element === null ? null : getComputedStyle(element);
      return { id: element?.id ?? "", area: element?.closest("[data-area]")?.getAttribute("data-area") ?? "", outline: style === null ? "" : `${style.outlineStyle} ${style.outlineWidth}` };
    });
    // From the top, the Tab key comes by every control of the bars, and each is seen.
    const names: string[] = [];
    for (let stops = 0; stops < 18; stops++) {
      await page.keyboard.press("Tab");
      const stop = await page.evaluate(() => {
        const element = document.activeElement as HTMLElement;
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
        return { name: element.getAttribute("aria-label") ?? element.closest("label")?.textContent ?? element.textContent?.slice(0, 80) ?? "", isSeen: (outlineStyle !== "none" && Number.parseFloat(outlineWidth) > 0) || boxShadow !== "none" };
      });
      names.push(stop.name);
      expect(stop.isSeen, `focus is seen on ${stop.name}`).toBe(true);
    }
    expect(names[0]).toBe("Skip to the scenario");
    for (const name of ["Share", "Find", "Keys and help", "Run", "Reset", "Step", "To ready"]) expect(names).toContain(name);

    // Areas and tabs.
    const reached = new Set<string>();
    for (const _ of [1, 2, 3, 4]) {
      await page.keyboard.press("F6");
      const { area, outline } = await focusOf();
      expect(outline).toMatch(/^(solid|auto) [1-9]/);
      await page.keyboard.press("Home");
      const count = await page.locator(`[data-area=${area}] [role=tab]`).count();
      for (let at = 0; at < count; at++) {
        reached.add((await focusOf()).id);
        await page.keyboard.press("ArrowRight");
      }
    }
    expect([...reached].toSorted()).toEqual(panels.map((id) => `tab-${id}`).toSorted());

    await page.keyboard.press("1");
    await untilState(page, "at power-on");
    // Each step is told, also one to another record of the same time.
    for (const key of ["n", "x", "u"]) expect(await step(page, key)).toMatch(/^paused at .*: .* after power-on, record /);
    expect(await step(page, "2")).toMatch(/^paused at 0 ns: 0 ns after ready, record /);
    expect(await step(page, "b")).toMatch(/^paused at /);
    await page.keyboard.press("r");
    await untilState(page, "ended: recovered");
  });
});
