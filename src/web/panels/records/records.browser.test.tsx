// The list of records over a real run in a real browser: rows, keys, filters, finding, the stretch of time that is picked.

import { render } from "preact";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { page, userEvent } from "vitest/browser";
import { loadModule } from "../../../hardware/module.ts";
import { pageRun } from "../../../../test/support/page-store.ts";
import type { PageRun } from "../../../../test/support/page-store.ts";
import { pulledCable } from "../../../../test/support/pulled-cable.ts";
import { RecordGrid } from "./record-grid.tsx";
import { RecordsPanel } from "./records-panel.tsx";
import "../../style/tokens.css";

let module: WebAssembly.Module;
beforeAll(async () => {
  module = (await loadModule("release")).module;
});

let place: HTMLElement | null = null;
function room(): HTMLElement {
  place = document.createElement("div");
  place.style.cssText = "width:900px;height:400px;overflow:hidden";
  document.body.append(place);
  return place;
}
function show(): PageRun {
  const run = pageRun(module, pulledCable, "end");
  render(<RecordsPanel store={run.store} />, room());
  return run;
}
afterEach(() => {
  if (place !== null) render(null, place);
  place?.remove();
});

const grid = (): HTMLElement => page.getByRole("grid").element() as HTMLElement;
const texts = (): string[] => [...document.querySelectorAll(".records-text")].map(({ textContent }) => textContent ?? "");
const rowCount = (): number => Number(grid().getAttribute("aria-rowcount")) - 1;

describe("the list of records", () => {
  it("has every record, of which the rows in the window are made, in words", async () => {
    const { live } = show();
    await expect.poll(() => texts().includes("Linux version 7.2.0 (cxl-sandbox model) (notice)")).toBe(true);
    expect(rowCount()).toBe(live.trace.length);
    expect(texts().length).toBeLessThan(60);
    const [row] = page.getByRole("row").elements().slice(1);
    expect(row?.getAttribute("aria-rowindex")).toBe("2");
  });

  it("is walked through by keys, picks what every panel then shows, and goes there with Enter", async () => {
    const { store, asked, live } = show();
    await expect.poll(() => texts().length).toBeGreaterThan(5);
    grid().focus();
    await userEvent.keyboard("{ArrowDown}{ArrowDown}");
    expect(store.record.value).toBe(1);
    await userEvent.keyboard("{End}");
    expect(store.record.value).toBe(live.trace.length - 1);
    await expect.poll(() => document.querySelector(".records-picked")?.getAttribute("aria-rowindex")).toBe(String(live.trace.length + 1));
    expect(grid().getAttribute("aria-activedescendant")).toBe(`records-row-${live.trace.length - 1}`);
    await userEvent.keyboard("{Home}{Enter}");
    expect(asked).toContain('go {"kind":"record","index":0}');
  });

  it("shows what is chosen by layer, kind, part and text", async () => {
    const { live } = show();
    await expect.poll(() => texts().length).toBeGreaterThan(5);
    await userEvent.selectOptions(page.getByLabelText("Layer"), "hardware");
    await expect.poll(() => rowCount()).toBeLessThan(live.trace.length / 2);
    await userEvent.selectOptions(page.getByLabelText("Kind"), "link");
    await expect.poll(() => texts()).toEqual(["rp0: link down, it was up", "rp0: link training", "rp0: link up"]);
    await userEvent.fill(page.getByLabelText("Only records with this text"), "TRAINING");
    await expect.poll(() => texts()).toEqual(["rp0: link training"]);
    await userEvent.selectOptions(page.getByLabelText("Part"), "dev0");
    await expect.element(page.getByText(/No record is like that/)).toBeVisible();
    await userEvent.click(page.getByRole("button", { name: "All records" }));
    await expect.poll(() => rowCount()).toBe(live.trace.length);
  });

  it("shows the stretch of time that is picked, until that is given up", async () => {
    const { store, live } = show();
    await expect.poll(() => texts().length).toBeGreaterThan(5);
    store.range.value = { fromNs: 0, toNs: 0 };
    await expect.poll(() => rowCount()).toBeLessThan(20);
    await userEvent.click(page.getByRole("button", { name: /long/ }));
    expect(store.range.value).toBeNull();
    await expect.poll(() => rowCount()).toBe(live.trace.length);
  });

  it("finds a text forwards and back, and says so where there is none", async () => {
    const { store } = show();
    await expect.poll(() => texts().length).toBeGreaterThan(5);
    await userEvent.fill(page.getByLabelText("Find in the list"), "link down");
    await userEvent.keyboard("{Enter}");
    await expect.element(page.getByRole("status")).toHaveTextContent(/Found in record \d+/);
    const first = store.record.value;
    await expect.poll(() => document.querySelector(".records-picked .records-text")?.textContent?.toLowerCase()).toContain("link down");
    await userEvent.click(page.getByRole("button", { name: "Find next" }));
    await expect.poll(() => store.record.value).toBeGreaterThan(first ?? 0);
    await userEvent.click(page.getByRole("button", { name: "Find previous" }));
    await expect.poll(() => store.record.value).toBe(first);
    await userEvent.fill(page.getByLabelText("Find in the list"), "nothing of the kind");
    await userEvent.keyboard("{Enter}");
    await expect.element(page.getByRole("status")).toHaveTextContent(/Not found/);
    // What was said of finding gives way to what is shown when something else is chosen.
    await userEvent.selectOptions(page.getByLabelText("Layer"), "hardware");
    await expect.element(page.getByRole("status")).toHaveTextContent(/^\d+ of \d+ records$/);
  });
});

describe("a list of millions of rows", () => {
  it("reaches each of them: both ends by scrolling, any by picking it", async () => {
    const rows = 3_000_000;
    const grown = room();
    grown.style.display = "flex";
    const draw = (picked: number): void => render(<RecordGrid version={0} rows={rows} recordAt={(row) => row} lineAt={() => undefined} onShown={() => undefined} picked={picked} position={rows} readyAtNs={-1} label="Many" onPick={() => undefined} onGo={() => undefined} onCopy={() => undefined} reveal={0} />, grown);
    draw(-1);
    const numbers = (): string[] => [...document.querySelectorAll(".records-space .records-number")].map(({ textContent }) => textContent ?? "");
    await expect.poll(() => numbers()[0]).toBe("0");
    grid().scrollTop = 1e9;
    await expect.poll(() => numbers().at(-1)).toMatch(/2999999$/);
    draw(1_234_567);
    await expect.poll(() => numbers().includes("1234567")).toBe(true);
    const picked = document.querySelector(".records-picked")?.getBoundingClientRect();
    const window = grid().getBoundingClientRect();
    expect(picked?.top).toBeGreaterThan(window.top);
    expect(picked?.bottom).toBeLessThan(window.bottom + 1);
  });
});
