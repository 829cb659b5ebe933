// Breaking what is pointed at, without the pointer: the fault is written into the text, and a run of that text has it.

import { describe, expect, it } from "vitest";
import { runScenario } from "../../dist/src/index.js";
import { editorText, openPage, openText, pageUrl, shownDigests, showPanel, untilOpen, untilState, usePage } from "./reader.ts";

const quiet = `version: 1
name: nothing happens
machine:
  hostBridges:
    - rootPorts:
        - { name: rp0, device: { volatile: 256MiB } }
        - { name: rp1, device: { volatile: 256MiB } }
firmware: { windows: [{ targets: [hb0], size: 4GiB }] }
kernel: { preset: isolation-safe }
expect:
  - { outcome: unaffected }
`;

describe.skipIf(pageUrl === "")("a fault by pointing", () => {
  usePage();

  it("a root port found by keyboard is given a broken link: it stands in the text, a run of the text has it, and Undo takes it out", async () => {
    const { page } = await openPage();
    await openText(page, quiet, "quiet.yaml");
    await untilOpen(page, "quiet.yaml");
    await untilState(page, "ended: unaffected");
    const { trace } = await shownDigests(page);
    await page.getByRole("button", { name: "To ready", exact: true }).click();
    await untilState(page, "paused at 0 ns");

    // The tree has one stop of the Tab key; arrows go on from there.
    await page.locator("#panel-machine [role=treeitem][tabindex='0']").focus();
    const focused = page.locator("#panel-machine [role=treeitem]:focus");
    for (let steps = 0; steps < 8 && (await focused.getAttribute("data-id")) !== "part:rp0"; steps++) await page.keyboard.press(["ArrowDown", "ArrowRight", "ArrowDown"][steps] ?? "ArrowDown");
    expect(await focused.getAttribute("data-id")).toBe("part:rp0");
    await page.keyboard.press("Enter");
    await page.locator(".machine-open:focus").waitFor();
    await page.keyboard.press("Enter");
    const form = page.getByRole("form", { name: "Break rp0" });
    await form.waitFor();
    const what = form.getByLabel("What happens");
    await what.selectOption("linkDown");
    await form.locator("pre", { hasText: "linkDown: rp0" }).waitFor();
    await form.getByRole("button", { name: "Write into the scenario" }).focus();
    await page.keyboard.press("Enter");
    await page.locator(".notice", { hasText: /Added to the scenario, line \d+: linkDown: rp0/ }).waitFor();

    const text = await editorText(page);
    expect(text).not.toBe(quiet);
    expect(text).toMatch(/^faults:\n.*linkDown: rp0/m);
    await page.getByRole("button", { name: "To the end", exact: true }).click();
    await untilState(page, "ended");
    const shown = await shownDigests(page);
    const { result } = await runScenario({ file: "quiet.yaml", text });
    expect(shown).toEqual({ trace: result.traceDigest, layers: result.digests });
    expect(shown.trace).not.toBe(trace);
    expect(await (await showPanel(page, "outcome")).locator(".outcome-what", { hasText: "acted" }).count()).toBe(1);

    await page.getByRole("button", { name: "Undo", exact: true }).click();
    await page.locator(".notice", { hasText: "Taken out again" }).waitFor();
    expect(await editorText(page)).toBe(quiet);
    await page.getByRole("button", { name: "To the end", exact: true }).click();
    await untilState(page, "ended: unaffected");
    expect((await shownDigests(page)).trace).toBe(trace);
  });
});
