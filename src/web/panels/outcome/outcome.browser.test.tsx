// The outcome and the banner over a real run in a real browser: failure first, ways to its moment and its line, evidence, copying.

import { render } from "preact";
import { signal } from "@preact/signals";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { page, userEvent } from "vitest/browser";
import { loadModule } from "../../../hardware/module.ts";
import type { LiveStatus } from "../../../sandbox/live/contract.ts";
import type { ScenarioResult } from "../../../scenario/result.ts";
import { pageRun } from "../../../../test/support/page-store.ts";
import type { PageRun } from "../../../../test/support/page-store.ts";
import { redScenario } from "../../../../test/support/red-scenario.ts";
import type { PageStore } from "../../store/contract.ts";
import { FailureBanner } from "./failure-banner.tsx";
import { OutcomePanel, OutcomeView } from "./outcome-panel.tsx";
import "../../style/tokens.css";
import "../../style/shell.css";

const greenScenario = redScenario.replace(/expect:[^]*$/, "expect: [{ outcome: recovered }, { metric: killed, equals: 1 }]\n");
let module: WebAssembly.Module;
beforeAll(async () => {
  module = (await loadModule("release")).module;
});

let place: HTMLElement | null = null;
function mount(make: (place: HTMLElement) => void): void {
  place = document.createElement("div");
  document.body.append(place);
  make(place);
}
function show(text: string, to: "ready" | "end" = "end", change: (store: PageStore) => PageStore = (store) => store): PageRun {
  const run = pageRun(module, text, to);
  const store = change(run.store);
  mount((into) => render(<><FailureBanner store={store} /><OutcomePanel store={store} /></>, into));
  return run;
}
afterEach(() => {
  if (place !== null) render(null, place);
  place?.remove();
});

const banner = page.getByRole("status").filter({ hasText: /fail|pass|invalid/ }).first();
const resultOf = ({ store }: PageRun): ScenarioResult => store.status.value?.result as ScenarioResult;

describe("the banner", () => {
  it("says the first failed expectation, and leads to its moment and its line", async () => {
    const run = show(redScenario);
    await expect.element(banner).toHaveTextContent(/✕ fail .*killed: expected 0, got 1/);
    const look = await run.store.look("outcome", {});
    await userEvent.click(page.getByRole("button", { name: "Jump to the moment" }));
    expect(run.store.record.value).toBe(look?.expectations[1]?.decided?.record);
    expect(run.asked).toContain(`go {"kind":"record","index":${run.store.record.value}}`);
    await userEvent.click(page.getByRole("button", { name: /^Show the line \(/ }));
    expect(run.store.place.value?.line).toBe(resultOf(run).expectations[1]?.place?.line);
    expect(redScenario.split("\n")[(run.store.place.value?.line ?? 0) - 1]).toContain("metric: killed");
    expect(run.asked).toContain("show editor");
  });

  it("is one short line after a pass", async () => {
    show(greenScenario);
    await expect.element(banner).toHaveTextContent("✓ pass outcome recovered; all 2 expectations hold");
    expect(banner.getByRole("button").elements()).toHaveLength(0);
  });

  it("says first what makes a run invalid", async () => {
    show(greenScenario.replace("after: CLEARED", "after: NEVER"));
    await expect.element(banner).toHaveTextContent(/⚠ invalid fault cable-in did not act, so the run proves nothing/);
  });

  it("is not there before the end", () => {
    show(redScenario, "ready");
    expect(place?.querySelector(".outcome-banner")).toBeNull();
  });
});

describe("the outcome panel", () => {
  it("has what failed first, with what was expected, what came, and what decided it", async () => {
    const run = show(redScenario);
    const panel = page;
    const failed = resultOf(run).expectations.filter(({ pass }) => !pass).length;
    await expect.element(panel.getByRole("heading", { name: `${failed} of 6 expectations failed` })).toBeVisible();
    await expect.element(panel.getByRole("listitem").first()).toHaveTextContent(/✕ .*killed.*expected0got1decided byprocess .* killed/);
    await userEvent.click(panel.getByRole("button", { name: /: go to the moment of fault cable-out/ }));
    expect(run.asked.at(-1)).toMatch(/^(look|go)/);
    expect(run.asked.some((one) => one.startsWith("go {\"kind\":\"record\""))).toBe(true);
    await expect.element(panel.getByText(/waits for:/).first()).toBeVisible();
    await expect.element(panel.getByRole("row", { name: /^vm1/ })).toHaveTextContent(/✕ killed process .* killed/);
    await userEvent.click(panel.getByText("Commands of steps (2)"));
    await expect.element(panel.getByText(/^\$ cxl create-region/).first()).toBeVisible();
  });

  it("copies the command and the digest", async () => {
    const run = pageRun(module, greenScenario, "end");
    const result = resultOf(run);
    const copied: string[] = [];
    mount((into) => render(<OutcomeView result={result} look={null} readyAtNs={0} isTouched={false} onMoment={() => undefined} onLine={() => undefined} onCopy={(text) => Promise.resolve(copied.push(text) > 0)} />, into));
    await userEvent.click(page.getByRole("button", { name: "Copy the command" }));
    await userEvent.click(page.getByRole("button", { name: "Copy the digest of the whole trace" }));
    expect(copied).toEqual([result.reproduce, result.traceDigest]);
    await expect.element(page.getByText("copied").first()).toBeVisible();
  });

  it("offers to run to the end", async () => {
    const run = show(greenScenario, "ready");
    await userEvent.click(page.getByRole("button", { name: "Run to the end" }));
    expect(run.asked).toContain('go {"kind":"end"}');
    await expect.element(page.getByRole("heading", { name: "Digests" })).toBeVisible();
  });

  it("shows no digests of a run that was touched", async () => {
    show(greenScenario, "end", (store) => {
      const status = store.status.value as LiveStatus;
      const touches = [{ position: status.position, touch: { kind: "line" as const, line: "true" } }];
      return { ...store, status: signal({ ...status, result: null, touches }) };
    });
    await expect.element(page.getByText(/Touched by hand: this is no longer the run of the file/)).toBeVisible();
    expect(document.body.textContent).not.toMatch(/[0-9a-f]{16}/);
  });

  it("shows hostile texts as text", async () => {
    const run = pageRun(module, greenScenario, "end");
    const result: ScenarioResult = { ...resultOf(run), status: "fail", reason: "<img src=x onerror=alert(1)>\u202e", warnings: ["\u001b[31mred"] };
    mount((into) => render(<OutcomeView result={result} look={null} readyAtNs={0} isTouched={false} onMoment={() => undefined} onLine={() => undefined} onCopy={() => Promise.resolve(false)} />, into));
    await expect.element(page.getByText("<img src=x onerror=alert(1)><U+202E>")).toBeVisible();
    await expect.element(page.getByText("<U+001B>[31mred")).toBeVisible();
    expect(document.querySelector("img")).toBeNull();
  });
});
