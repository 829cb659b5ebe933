// Forward, back and by hand: a run is a recording, and looking at it changes nothing.

import type { Page } from "playwright";
import { describe, expect, it } from "vitest";
import { openText, pageUrl, sharedPage, shownDigests, showPanel, stateOf, untilOpen, untilState, usePage } from "./reader.ts";
import { storm } from "./storm.ts";

/** "record 12 of 345" as numbers. */
async function placeOf(page: Page): Promise<{ readonly at: number; readonly of: number }> {
  const [at = 0, of = 0] = [...((await page.locator(".title-bar .record").textContent()) ?? "").replaceAll("\u202f", "").matchAll(/\d+/g)].map(Number);
  return { at, of };
}

async function press(page: Page, name: string | RegExp, isThere: (at: number, before: number) => boolean): Promise<number> {
  const before = (await placeOf(page)).at;
  await page.getByRole("button", { name, exact: true }).first().click();
  await expect.poll(async () => isThere((await placeOf(page)).at, before), { timeout: 30_000 }).toBe(true);
  return (await placeOf(page)).at;
}

const registerOf = (page: Page, name: string) => page.locator("#panel-registers .registers-name", { has: page.locator(".registers-label").getByText(name, { exact: true }) });

/** What the machine's tree, the register panel and the log say here. */
async function seen(page: Page): Promise<{ readonly port: string; readonly status: string; readonly lines: string }> {
  await showPanel(page, "registers");
  const [part, structure] = [page.locator("#panel-registers .registers-picker select").nth(0), page.locator("#panel-registers .registers-picker select").nth(1)];
  await part.selectOption("rp0");
  await structure.selectOption("timeoutIsolation");
  const register = registerOf(page, "status");
  await register.waitFor();
  const status = (await register.locator(".registers-mono").textContent()) ?? "";
  await showPanel(page, "log");
  const lines = (await page.locator("#panel-log .log-told").textContent()) ?? "";
  const port = (await page.getByRole("treeitem", { name: /rp0/ }).first().getAttribute("aria-label")) ?? "";
  return { port, status, lines };
}

describe.skipIf(pageUrl === "")("the player", () => {
  usePage();
  // Each test leaves the sample at its end.
  const pageOf = sharedPage();

  it("goes by events, accesses and turns, and back to an earlier record, where machine, registers and log are those of then; forward again the digests are the same", async () => {
    const { page } = await pageOf();
    const digests = await shownDigests(page);
    const atEnd = await seen(page);
    const all = (await placeOf(page)).at;

    await press(page, "To power-on", (at) => at === 0);
    const event = await press(page, "Step", (at) => at > 0);
    await page.getByLabel("What one step is").selectOption("access");
    const access = await press(page, "Step", (at) => at > event);
    await page.getByLabel("What one step is").selectOption("turn");
    const turn = await press(page, "Step", (at) => at > access);
    await press(page, "Back one event", (at) => at < turn);
    expect((await placeOf(page)).of).toBe(all);

    await press(page, "To ready", (at) => at > turn && at < all);
    await untilState(page, "paused at 0 ns");
    const atReady = await seen(page);
    expect(atReady.lines).not.toBe(atEnd.lines);

    // Just behind the fault: isolated, and the log says so.
    await page.getByLabel("Run to the next mark or log line that holds").fill("isolated by link down");
    await page.getByRole("button", { name: "Run to", exact: true }).click();
    await untilState(page, "paused at 5");
    const isolated = await seen(page);
    expect(isolated.port).not.toBe(atReady.port);
    expect([atReady.status, isolated.status, atEnd.status]).toEqual(["0x00000000", expect.not.stringMatching(/^0x0{8}$/), "0x00000000"]);

    await press(page, "To ready", (at, before) => at < before);
    expect(await seen(page)).toEqual(atReady);
    await press(page, "To the end", (at) => at === all);
    await untilState(page, "ended: recovered");
    expect(await shownDigests(page)).toEqual(digests);
    expect(await seen(page)).toEqual(atEnd);
  });

  it("runs at a pace, pauses where it is told, and comes to the same end", async () => {
    const { page } = await pageOf();
    const { trace } = await shownDigests(page);
    await page.getByLabel("Speed").selectOption("10 ms/s");
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.getByRole("button", { name: "Pause", exact: true }).click();
    await untilState(page, /^paused/);
    const { at } = await placeOf(page);
    await page.waitForTimeout(300);
    expect((await placeOf(page)).at).toBe(at);
    await page.getByLabel("Speed").selectOption("full speed");
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await untilState(page, "ended: recovered");
    expect((await shownDigests(page)).trace).toBe(trace);
  });

  it("a register written by hand shows what is in it now, and marks the run as touched: no digests are shown as the file's, and a reset takes it back", async () => {
    const { page } = await pageOf();
    const { trace } = await shownDigests(page);
    await press(page, "To ready", (at, before) => at < before);
    await untilState(page, "paused at 0 ns");
    await seen(page);
    const panel = await showPanel(page, "registers");
    const control = registerOf(page, "control");
    const before = (await control.locator(".registers-mono").textContent()) ?? "";
    await control.click();
    await panel.getByRole("button", { name: "Write by hand …" }).click();
    await panel.getByLabel("memoryIsolationEnable to write").click();
    await panel.getByRole("button", { name: "Write", exact: true }).click();
    await page.locator(".title-bar .touched").waitFor();
    await expect.poll(() => control.locator(".registers-mono").textContent()).not.toBe(before);
    expect(await panel.locator(".registers-said").textContent()).not.toBe("");
    await page.getByRole("button", { name: "To the end", exact: true }).click();
    const outcome = await showPanel(page, "outcome");
    await outcome.getByText("its digests are not shown").waitFor();
    expect(await outcome.textContent()).not.toContain(trace);
    await page.getByRole("button", { name: "Reset", exact: true }).click();
    await untilState(page, "at power-on");
    expect(await page.locator(".title-bar .touched").count()).toBe(0);
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await untilState(page, "ended: recovered");
    expect((await shownDigests(page)).trace).toBe(trace);
  });

  it("a storm without end leaves the page awake: frames go on, a tab answers, and Pause holds it", async () => {
    const { page } = await pageOf();
    await openText(page, storm, "storm.yaml");
    await untilOpen(page, "storm.yaml");
    await untilState(page, "running");
    const frames = await page.evaluate(() => new Promise<number>((resolve) => {
      let count = 0;
      const end = performance.now() + 1000;
      const next = (): void => {
        if (performance.now() > end) resolve(count);
        else requestAnimationFrame(() => (count++, next()));
      };
      next();
    }));
    // How many is a matter of the machine; that they come is not.
    expect(frames).toBeGreaterThan(3);
    await showPanel(page, "log");
    await showPanel(page, "records");
    expect(await stateOf(page).textContent()).toBe("running");
    await page.getByRole("button", { name: "Pause", exact: true }).click();
    await untilState(page, /^paused/);
    const { at } = await placeOf(page);
    expect(at).toBeGreaterThan(0);
    await page.waitForTimeout(300);
    expect((await placeOf(page)).at).toBe(at);
  });
});
