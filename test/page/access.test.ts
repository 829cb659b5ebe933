// Who sees little, or has no pointer: rules of axe on every panel and dialog, and the whole page by keyboard.

import { readFileSync } from "node:fs";
import type { Page } from "playwright";
import { describe, expect, it } from "vitest";
import { openPage, pageUrl, showPanel, stateOf, untilState, usePage } from "./reader.ts";

const axeSource = readFileSync(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const panels = ["editor", "library", "machine", "terminal", "memory", "host", "workloads", "outcome", "registers", "log", "verdict", "timeline", "records", "compare"] as const;

interface Axe {
  run(context: unknown, options: unknown): Promise<{ readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly target: unknown; readonly failureSummary?: string }[] }[] }>;
}

/** What breaks a rule below an element. */
async function broken(page: Page, selector: string): Promise<readonly string[]> {
  return page.evaluate(async (within) => {
    const { axe } = globalThis as unknown as { axe: Axe };
    // Colours in the midst of a change are no colours of the page.
    await Promise.all(document.getAnimations().filter((one) => one.effect?.getTiming().iterations !== Infinity).map((one) => one.finished.catch(() => undefined)));
    const { violations } = await axe.run(within, { resultTypes: ["violations"] });
    return violations.flatMap(({ id, nodes }) => nodes.slice(0, 3).map(({ target, failureSummary }) => `${within}: ${id} ${JSON.stringify(target)}: ${failureSummary ?? ""}`));
  }, selector);
}

/** Panels that have what they show: nothing is being loaded or looked at. */
async function settle(page: Page, id: string): Promise<void> {
  const panel = await showPanel(page, id);
  await panel.getByText(/^(Looking …|Loading|The .* is being loaded\.)/).waitFor({ state: "detached" });
  await panel.locator("[aria-busy=true]").waitFor({ state: "detached" });
}

describe.skipIf(pageUrl === "")("the page, for everybody", () => {
  usePage();

  it.each([["light", 1280], ["dark", 1280], ["light", 390], ["dark", 390]] as const)("%s at %i px: no panel and no dialog breaks a rule of axe, and nothing is wider than the page", async (colorScheme, width) => {
    const { page } = await openPage({ colorScheme, viewport: { width, height: 800 }, reducedMotion: "reduce" });
    await page.evaluate(axeSource);
    const found = [...(await broken(page, "body"))];
    for (const id of panels) {
      await settle(page, id);
      found.push(...(await broken(page, `#panel-${id}`)));
    }
    await page.getByRole("button", { name: "Find", exact: true }).click();
    await page.getByRole("dialog", { name: "Find" }).waitFor();
    found.push(...(await broken(page, "dialog[open]")));
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Keys and help", exact: true }).click();
    await page.getByRole("dialog", { name: "Keys and help" }).waitFor();
    found.push(...(await broken(page, "dialog[open]")));
    await page.keyboard.press("Escape");
    expect(found).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  });

  it("has one main place, one first heading, and every area and tab has a name", async () => {
    const { page } = await openPage();
    expect(await page.locator("main").count()).toBe(1);
    expect(await page.locator("header.bars").count()).toBe(1);
    expect(await page.locator("h1:visible").allTextContents()).toEqual(["cxl-sandbox"]);
    expect(await page.getByRole("tablist").evaluateAll((lists) => lists.map((list) => list.getAttribute("aria-label")))).toEqual(["Scenario", "Machine", "Details", "Time line"]);
    expect(await page.locator("html").getAttribute("lang")).toBe("en");
    const levels = await page.locator(":is(h1, h2, h3, h4):visible").evaluateAll((all) => all.map((one) => Number(one.tagName.slice(1))));
    expect(levels[0]).toBe(1);
  });

  it("by keyboard alone: every area and every tab is reached, the run is started, stepped and paused, and what has the focus is seen", async () => {
    const { page } = await openPage();
    const focusOf = () => page.evaluate(() => {
      const element = document.activeElement;
      const style = element === null ? null : getComputedStyle(element);
      return { id: element?.id ?? "", area: element?.closest("[data-area]")?.getAttribute("data-area") ?? "", outline: style === null ? "" : `${style.outlineStyle} ${style.outlineWidth}` };
    });
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
    await page.keyboard.press("n");
    await untilState(page, /^paused/);
    await page.keyboard.press("x");
    await page.keyboard.press("u");
    await page.keyboard.press("2");
    await untilState(page, "paused at 0 ns");
    await page.keyboard.press("b");
    await expect.poll(() => stateOf(page).textContent()).not.toBe("paused at 0 ns");
    await page.keyboard.press("r");
    await untilState(page, "ended: recovered");

    // From the top, the Tab key comes by every control of the bars, and each is seen.
    await page.evaluate(() => {
      (document.activeElement as HTMLElement | null)?.blur();
      getSelection()?.removeAllRanges();
    });
    const names: string[] = [];
    for (let stops = 0; stops < 18; stops++) {
      await page.keyboard.press("Tab");
      const stop = await page.evaluate(() => {
        const element = document.activeElement as HTMLElement;
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
        return { name: element.getAttribute("aria-label") ?? element.closest("label")?.textContent ?? element.textContent ?? "", isSeen: (outlineStyle !== "none" && Number.parseFloat(outlineWidth) > 0) || boxShadow !== "none" };
      });
      names.push(stop.name);
      expect(stop.isSeen, `focus is seen on ${stop.name}`).toBe(true);
    }
    for (const name of ["Share", "Find", "Keys and help", "Run", "Reset", "Step", "To ready"]) expect(names).toContain(name);
  });
});
