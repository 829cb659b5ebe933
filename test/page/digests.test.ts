// What the page's run says, beside what the library says in Node: they are one model.

import { describe, expect, it } from "vitest";
import { runScenario } from "../../dist/src/index.js";
import { pageUrl, sharedPage, shownDigests, showPanel, untilOpen, untilState, usePage } from "./reader.ts";

const cases = [
  { path: "isolation/a-link-down.yaml", seed: 1, schedule: "fixed" },
  { path: "isolation/h-behind-switch.yaml", seed: 7, schedule: "seeded" },
  { path: "layouts/spread.yaml", seed: 2, schedule: "fixed" },
  { path: "faults/hot-replace.yaml", seed: 3, schedule: "seeded" },
  { path: "isolation/f-not-enabled-machine-check.yaml", seed: 4_294_967_295, schedule: "fixed" },
] as const;

describe.skipIf(pageUrl === "")("a library link", () => {
  usePage();
  const [first] = cases;
  const pageOf = sharedPage({ hash: `#lib=${first.path}&seed=${first.seed}&schedule=${first.schedule}` });

  it.each(cases)("to $path with seed $seed, schedule $schedule, shows the digests and the outcome of the command", async ({ path, seed, schedule }) => {
    const { page } = await pageOf();
    // The first is what the page is opened with; to the others it is led, and shows what it was led to.
    await page.evaluate((hash) => void (location.hash = hash), `#lib=${path}&seed=${seed}&schedule=${schedule}`);
    await untilOpen(page, path.split("/").at(-1) ?? "");
    const { result } = await runScenario(new URL(`../../scenarios/${path}`, import.meta.url), { seed, schedule });
    await untilState(page, "ended");
    await expect.poll(() => shownDigests(page), { timeout: 30_000 }).toEqual({ trace: result.traceDigest, layers: result.digests });
    expect(await (await showPanel(page, "outcome")).locator(".outcome-head").textContent()).toContain(`outcome ${result.outcome}`);
  });
});
