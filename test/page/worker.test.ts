// The worker's end in the midst of a run.

import { describe, expect, it } from "vitest";
import { editorText, openPage, openText, pageUrl, shownDigests, showPanel, untilOpen, untilState, usePage } from "./reader.ts";
import { storm } from "./storm.ts";

describe.skipIf(pageUrl === "")("the worker, killed in the midst of a run", () => {
  usePage();

  it("is told of in words; Restart keeps the text and the page runs again", async () => {
    const { page } = await openPage();
    const { trace } = await shownDigests(page);
    const text = await editorText(page);
    await openText(page, storm, "storm.yaml");
    await untilOpen(page, "storm.yaml");
    await untilState(page, "running");
    const [worker] = page.workers();
    // Nobody says that it has ended; the page finds out.
    await worker?.evaluate(() => void (globalThis as unknown as { close(): void }).close()).catch(() => undefined);
    const bar = page.locator(".notice.death");
    await bar.waitFor();
    expect(await bar.textContent()).toContain("Your text is still here.");
    await untilState(page, "the worker has ended");
    for (const id of ["machine", "host", "memory", "workloads", "log", "registers", "outcome", "records", "timeline", "verdict", "compare", "terminal"]) await showPanel(page, id);
    expect(await editorText(page)).toBe(storm);
    await bar.getByRole("button", { name: "Restart" }).click();
    await bar.waitFor({ state: "detached" });
    await untilState(page, "at power-on");
    expect(await editorText(page)).toBe(storm);
    await openText(page, text, "first.yaml");
    await untilOpen(page, "first.yaml");
    await untilState(page, "ended: recovered");
    expect((await shownDigests(page)).trace).toBe(trace);
  });
});
