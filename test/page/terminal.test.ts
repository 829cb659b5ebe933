// The prompt on the page says what the command's prompt says.

import { fileURLToPath } from "node:url";
import type { Page } from "playwright";
import { describe, expect, it } from "vitest";
import { run } from "../support/programs.ts";
import { openPage, openText, pageUrl, sharedPage, showPanel, untilOpen, untilState, usePage } from "./reader.ts";
import { storm } from "./storm.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const first = "docs/examples/first.yaml";

const shell = async (...lines: readonly string[]): Promise<string> => (await run(process.execPath, ["dist/src/cli/main.js", "shell", first, ...lines.flatMap((line) => ["-c", line])], root)).stdout;

/** What xterm shows, without blanks at the ends of rows. */
const screenOf = async (page: Page): Promise<string> => {
  const rows = await page.locator("#panel-terminal .xterm-rows > div").allTextContents();
  return rows.map((row) => row.replaceAll("\u00a0", " ").trimEnd()).join("\n").trimEnd();
};

async function atPrompt(page: Page): Promise<void> {
  await page.getByRole("button", { name: "To ready", exact: true }).click();
  await untilState(page, "paused at 0 ns");
  await showPanel(page, "terminal");
  await expect.poll(() => screenOf(page), { timeout: 30_000 }).toMatch(/[#$>] ?$/);
  await page.locator("#panel-terminal textarea").focus();
}

/** Types a line and waits until the prompt is there again. */
async function say(page: Page, line: string): Promise<void> {
  const before = await screenOf(page);
  await page.keyboard.type(line);
  await page.keyboard.press("Enter");
  await expect.poll(async () => {
    const now = await screenOf(page);
    return now !== before && /[#$>]$/.test(now) && !now.endsWith(line);
  }, { timeout: 30_000 }).toBe(true);
}

describe.skipIf(pageUrl === "")("the terminal", () => {
  usePage();
  const pageOf = sharedPage({ viewport: { width: 1280, height: 1800 } });

  // The second calls programs whose code the page fetches when a line names them.
  it.each(["cxl list -M", "lspci|sort; find /proc|tail -n 2"])("%s says what cxl-sandbox shell says", async (line) => {
    const { page } = await pageOf();
    await atPrompt(page);
    await say(page, line);
    const said = (await shell(line)).trimEnd().split("\n").map((row) => row.trimEnd());
    expect(said.length).toBeGreaterThan(3);
    const screen = await screenOf(page);
    expect(screen.slice(screen.lastIndexOf(line) + line.length + 1).split("\n").slice(0, -1)).toEqual(said);
    expect(await page.locator(".title-bar .touched").count()).toBe(1);
  });

  it("Ctrl-C ends a line that waits; going back takes later lines off the screen, going forward brings them again", async () => {
    const { page } = await openPage();
    await openText(page, storm, "storm.yaml");
    await untilOpen(page, "storm.yaml");
    await atPrompt(page);
    await say(page, "echo one");
    await page.keyboard.type("sleep 3000");
    await page.keyboard.press("Enter");
    await page.getByText("Ctrl-C interrupts it.").first().waitFor();
    await page.keyboard.press("Control+c");
    await expect.poll(() => screenOf(page)).toMatch(/\^C[^]*[#$>]$/);
    await page.getByRole("button", { name: "To ready", exact: true }).click();
    await expect.poll(() => screenOf(page)).not.toContain("sleep 3000");
    await page.getByRole("button", { name: "To power-on", exact: true }).click();
    await expect.poll(() => screenOf(page)).not.toContain("echo one");
  });

  it("on a machine that has stopped it says so, and the machine's own commands are refused", async () => {
    const { page } = await openPage({ hash: "#lib=isolation/f-not-enabled-machine-check.yaml" });
    await untilState(page, "ended");
    const panel = await showPanel(page, "terminal");
    await panel.getByText("The machine has stopped").waitFor();
    await page.locator("#panel-terminal textarea").focus();
    await page.keyboard.type("cxl list");
    await page.keyboard.press("Enter");
    await expect.poll(() => screenOf(page)).toMatch(/cxl list\n.+/);
  });
});
