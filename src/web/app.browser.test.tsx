import { render } from "preact";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { page, userEvent } from "vitest/browser";
import type { PageWorker } from "../../workers/page-client.ts";
import { startPageWorker } from "../../workers/page-client.ts";
import sample from "../../docs/examples/first.yaml?raw";
import { App, areaOf } from "./app.tsx";
import { LogPanel } from "./panels/log/log-panel.tsx";
import type { Panel } from "./panels.ts";
import type { PageStore } from "./store/contract.ts";
import { createStore } from "./store/create.ts";
import "./style/tokens.css";
import "./style/shell.css";

const note = (text: string) => () => <p>{text}</p>;
const panels: readonly Panel[] = [
  { id: "text", title: "Text", area: "left", component: () => <textarea aria-label="Some text" />, isKept: true },
  { id: "more", title: "More", area: "left", component: note("more is here") },
  { id: "log", title: "Kernel log", area: "side", component: LogPanel },
];

let place: HTMLElement;
let store: PageStore;
let workers: PageWorker[] = [];

beforeEach(async () => {
  await page.viewport(1280, 800);
  localStorage.clear();
  place = document.body.appendChild(document.createElement("div"));
  place.id = "page";
  store = createStore(() => {
    const worker = startPageWorker();
    workers.push(worker);
    return worker;
  }, (id) => panels.find((panel) => panel.id === id)?.area ?? areaOf(id));
  render(<App store={store} panels={panels} />, place);
});
afterEach(async () => {
  render(null, place);
  place.remove();
  await Promise.all(workers.map((worker) => worker.close()));
  workers = [];
});

const state = () => page.getByRole("status").filter({ hasText: /no run|running|paused|ended|power-on/ });
const openSample = (): Promise<void> => store.openScenario("first.yaml", sample);

describe("the page around its panels", () => {
  it("shows one panel of an area; arrow keys, Home and End go through its tabs, and what is kept keeps its text", async () => {
    const text = page.getByRole("textbox", { name: "Some text" });
    await userEvent.type(text, "kept");
    await userEvent.click(page.getByRole("tab", { name: "Text" }));
    await userEvent.keyboard("{ArrowRight}");
    await expect.element(page.getByRole("tab", { name: "More" })).toHaveAttribute("aria-selected", "true");
    await expect.element(page.getByRole("tab", { name: "More" })).toHaveFocus();
    await expect.element(page.getByText("more is here")).toBeVisible();
    await expect.element(text).not.toBeInTheDocument();
    await userEvent.keyboard("{Home}");
    await expect.element(page.getByText("more is here")).not.toBeInTheDocument();
    await expect.element(text).toHaveValue("kept");
  });

  it("F6 goes from area to area, also out of a text; no letter is a shortcut while one types", async () => {
    await openSample();
    await userEvent.click(page.getByRole("textbox", { name: "Some text" }));
    await userEvent.keyboard("3?n");
    await expect.element(page.getByRole("textbox", { name: "Some text" })).toHaveValue("3?n");
    expect(page.getByRole("dialog").query()).toBeNull();
    expect(store.status.peek()?.position.records).toBe(0);
    await userEvent.keyboard("{F6}");
    await expect.element(page.getByRole("tab", { name: "Kernel log" })).toHaveFocus();
    await userEvent.keyboard("{Shift>}{F6}{/Shift}");
    await expect.element(page.getByRole("tab", { name: "Text" })).toHaveFocus();
  });

  it("says where the run stands, and keys move it: to the end, back one event, a step, to power-on", async () => {
    await openSample();
    await expect.element(state()).toHaveTextContent("at power-on");
    await userEvent.click(page.getByRole("tab", { name: "Text" }));
    await userEvent.keyboard("3");
    await expect.element(state()).toHaveTextContent("ended: recovered");
    await expect.element(page.getByText("Linux version", { exact: false })).toBeVisible();
    const end = store.status.peek()?.position.records ?? 0;
    await userEvent.keyboard("b");
    await expect.poll(() => store.status.peek()?.position.records).toBeLessThan(end);
    await expect.element(state()).toHaveTextContent(/^paused at/);
    const before = store.status.peek()?.position.records ?? 0;
    await userEvent.keyboard("n");
    await expect.poll(() => store.status.peek()?.position.records).toBeGreaterThan(before);
    await userEvent.keyboard("1");
    await expect.element(state()).toHaveTextContent("at power-on");
  });

  it("the palette finds actions, panels and bundled scenarios by words, and runs what is chosen", async () => {
    await openSample();
    await userEvent.keyboard("{Control>}k{/Control}");
    const field = page.getByRole("combobox", { name: "An action, a panel or a scenario" });
    await expect.element(field).toHaveFocus();
    await userEvent.type(field, "isolation a-link-down");
    await expect.element(page.getByRole("listbox", { name: "Found" }).getByRole("option").first()).toHaveTextContent("isolation/a-link-down.yaml");
    await userEvent.fill(field, "more panel");
    await userEvent.keyboard("{Enter}");
    expect(page.getByRole("dialog").query()).toBeNull();
    await expect.element(page.getByText("more is here")).toBeVisible();
  });

  it("the palette gives way to the help that is chosen in it, and the help stays", async () => {
    await userEvent.keyboard("{Control>}k{/Control}");
    await userEvent.fill(page.getByRole("combobox", { name: "An action, a panel or a scenario" }), "keys and help");
    await userEvent.keyboard("{Enter}");
    // The palette's own end is told after the help has come.
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(page.getByRole("dialog", { name: "Keys and help" }).query()).not.toBeNull();
    await userEvent.keyboard("{Escape}");
    await expect.poll(() => page.getByRole("dialog").query()).toBeNull();
  });

  it("a problem is told as an alert, with its way out, and goes when it is dismissed", async () => {
    let isTaken = false;
    store.notice.value = { kind: "problem", text: "the file is none", action: { label: "Download", run: () => (isTaken = true) } };
    await expect.element(page.getByRole("alert").filter({ hasText: "the file is none" })).toBeVisible();
    await userEvent.click(page.getByRole("button", { name: "Download" }));
    expect(isTaken).toBe(true);
    expect(store.notice.peek()).toBeNull();
    await store.openFile("odd.bin", Uint8Array.of(0, 1, 2, 0xff));
    await expect.element(page.getByRole("alert").filter({ hasText: "odd.bin is neither" })).toBeVisible();
    await userEvent.click(page.getByRole("button", { name: "Dismiss" }));
    expect(page.getByText("odd.bin is neither", { exact: false }).query()).toBeNull();
  });

  it("when the worker ends, the page says so, and Restart opens the same text in another", async () => {
    await openSample();
    await store.go({ kind: "end" });
    await workers[0]?.lifeline.end("its memory is gone");
    const alert = page.getByRole("alert").filter({ hasText: "its memory is gone" });
    await expect.element(alert).toBeVisible();
    expect(await store.look("log", { from: 0, most: 1 })).toBeUndefined();
    expect(store.status.peek()).toBeNull();
    await userEvent.click(page.getByRole("button", { name: "Restart" }));
    await expect.element(state()).toHaveTextContent("at power-on");
    expect(store.document.peek().text).toBe(sample);
    expect(alert.query()).toBeNull();
    expect(workers).toHaveLength(2);
  });

  it("a text that is no scenario is told in its findings and in a notice that leads to its line; of the run before it nothing stays", async () => {
    await openSample();
    await store.openScenario("broken.yaml", "version: 1\nnmae: x\n");
    expect(store.findings.peek()[0]).toMatchObject({ severity: "error", file: "broken.yaml" });
    expect(store.isChanged.peek()).toBe(true);
    expect(store.status.peek()).toBeNull();
    await expect.element(page.getByRole("alert").filter({ hasText: /The scenario cannot be run\. Line \d+: / })).toBeVisible();
    await userEvent.click(page.getByRole("button", { name: "Show the line" }));
    expect(store.place.peek()?.line).toBe(store.findings.peek()[0]?.line);
  });

  it("the theme goes round and is remembered; a bar between areas moves by arrow keys and folds by Enter", async () => {
    await userEvent.click(page.getByRole("button", { name: "Theme: system" }));
    expect(document.documentElement.dataset["theme"]).toBe("light");
    expect(localStorage.getItem("cxl-sandbox theme")).toBe("light");
    store.theme.value = "system";
    expect(document.documentElement.dataset["theme"]).toBeUndefined();
    const bar = page.getByRole("separator", { name: "Width of the scenario" });
    const width = (): number => Number(bar.element().getAttribute("aria-valuenow"));
    const before = width();
    (bar.element() as HTMLElement).focus();
    await userEvent.keyboard("{ArrowRight}");
    await expect.poll(width).toBe(before + 24);
    await userEvent.keyboard("{Enter}");
    await expect.poll(width).toBe(0);
    await expect.element(page.getByRole("tab", { name: "Text" })).not.toBeInTheDocument();
    store.show("more");
    await expect.element(page.getByText("more is here")).toBeVisible();
    // What is asked for is seen, also where it was the one shown when its area was folded.
    (bar.element() as HTMLElement).focus();
    await userEvent.keyboard("{Enter}");
    await expect.poll(width).toBe(0);
    store.show("log");
    expect(width()).toBe(0);
    store.show("more");
    await expect.element(page.getByText("more is here")).toBeVisible();
    await expect.poll(width).toBeGreaterThan(0);
  });
});
