// Two runs side by side, and recovery beside a reboot: what the page says is what the commands say.

import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { run } from "../support/programs.ts";
import { openPage, pageUrl, showPanel, usePage } from "./reader.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

describe.skipIf(pageUrl === "")("side by side", () => {
  usePage();

  it("two policies are run, and where they part first is marked in both time lines, and said in words", async () => {
    const { page } = await openPage({ hash: "#lib=isolation/a-link-down.yaml", viewport: { width: 1280, height: 1400 } });
    const panel = await showPanel(page, "compare");
    await panel.getByLabel("What differs").selectOption("kernel.policies.isoact");
    const comparison = panel.getByRole("region", { name: "Comparison" });
    const lines = comparison.locator(".compare-line");
    await panel.getByLabel("Second").selectOption("panic");
    await panel.getByRole("button", { name: "Compare", exact: true }).click();
    await comparison.waitFor();
    expect(await comparison.locator(".compare-head").textContent()).toMatch(/^The runs part in layer \w+, [\d.]+ [mµ]s after power-on\.$/);
    // The host that panics is over while the other goes on.
    expect(await lines.locator("h3").allTextContents()).toEqual([expect.stringMatching(/^isoact = recover: parts at record \d+$/), expect.stringMatching(/^isoact = panic: nothing more of layer \w+ comes$/)]);
    expect(await lines.locator("canvas").count()).toBe(2);
    await comparison.locator("tr.is-different", { hasText: "outcome" }).first().waitFor();
    expect(await comparison.locator(".compare-divergence").count()).toBeGreaterThan(0);
  });

  it("the verdict has the command's words for the same seeds", async () => {
    const file = "scenarios/verdict/contained.yaml";
    const { page } = await openPage({ hash: "#lib=verdict/contained.yaml" });
    const panel = await showPanel(page, "verdict");
    await panel.getByLabel("Seeds from 1 on").fill("2");
    await panel.getByLabel("look for what would flip it").uncheck();
    await panel.getByRole("button", { name: "Recovery or reboot?" }).click();
    const verdict = panel.getByRole("region", { name: "Verdict" });
    const { stdout } = await run(process.execPath, ["dist/src/cli/main.js", "verdict", file, "--seeds", "1..2", "--schedule", "fixed", "--sensitivity", "0", "--jobs", "0"], root);
    await verdict.waitFor({ timeout: 60_000 });
    const words = (await verdict.locator("tbody tr").evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent ?? ""))));
    expect(words.length).toBeGreaterThan(5);
    const flat = stdout.replaceAll(/\s+/g, " ");
    for (const row of words) expect(flat).toContain(` ${row.join(" ")} `);
    expect(flat).toContain(` ${await verdict.locator(".verdict-winner").textContent()} `);
    expect(flat.toLowerCase()).toContain(((await verdict.getByText(/^Verdict: /).textContent()) ?? "?").toLowerCase());
  });
});
